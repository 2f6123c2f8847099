/* Writes and reads matrix files for test_store_python.py. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <winnow/store.h>

static int fail(const wn_err *e) {
    (void)fprintf(stderr, "%s\n", e->msg);
    return (int)e->code;
}

/* X[i][j] = (i * cols + j) / 8, exact in f32. */
static void fill(float *row, size_t i, size_t cols) {
    for (size_t j = 0; j < cols; j++) row[j] = (float)(i * cols + j) / 8;
}

/* Ring graph: row i holds i + 1 (0.5) and i + 2 (0.25). */
static wn_code ring(size_t n, wn_csr *g, wn_err *err) {
    g->rows = g->cols = n;
    g->indptr = wn_alloc(n + 1, sizeof *g->indptr, err);
    g->indices = wn_alloc(2 * n, sizeof *g->indices, err);
    g->data = wn_alloc(2 * n, sizeof *g->data, err);
    if (!g->indptr || !g->indices || !g->data) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        g->indptr[i + 1] = (long long)(2 * i + 2);
        for (size_t j = 0; j < 2; j++) {
            g->indices[2 * i + j] = (long long)((i + 1 + j) % n);
            g->data[2 * i + j] = j ? 0.25f : 0.5f;
        }
    }
    return WN_OK;
}

static void ring_free(wn_csr *g) {
    wn_free(g->indptr);
    wn_free(g->indices);
    wn_free(g->data);
}

/* `batch` rows at a time; ids "é0", "é1", ...; every kind of column, a graph and the values of /uns. */
static int write_full(const char *path, size_t n, size_t cols, size_t batch, wn_err *err) {
    static const char *const cats[] = {"noun", "verb", "élan"};
    size_t cap = 0;
    wn_store *s = NULL;
    wn_csr g = {0};
    char *base = NULL;
    float *x = wn_alloc(batch * cols, sizeof *x, err);
    unsigned long long *off = wn_alloc(n + 1, sizeof *off, err);
    int64_t *line = wn_alloc(n, sizeof *line, err);
    double *gain = wn_alloc(n, sizeof *gain, err);
    float *sim = wn_alloc(n, sizeof *sim, err);
    bool *selected = wn_alloc(n, sizeof *selected, err);
    uint32_t *code = wn_alloc(n, sizeof *code, err);
    wn_code rc = x && off && line && gain && sim && selected && code ? ring(n, &g, err) : WN_EMEMORY;
    if (rc == WN_OK) rc = wn_store_create(&s, path, cols, true, err);
    if (rc) goto out;
    for (size_t at = 0; at < n && !rc; at += batch) {
        size_t m = n - at < batch ? n - at : batch;
        for (size_t i = 0; i < m; i++) fill(x + i * cols, at + i, cols);
        rc = wn_store_append(s, x, cols, m, err);
    }
    for (size_t i = 0; i < n && !rc; i++) {
        char id[32];
        size_t len = (size_t)snprintf(id, sizeof id, "é%zu", i);
        rc = wn_reserve((void **)&base, &cap, (size_t)off[i] + len, 1, err);
        if (!rc) memcpy(base + off[i], id, len);
        off[i + 1] = off[i] + len;
        line[i] = (int64_t)i * 5000000000LL;
        gain[i] = i % 2 ? NAN : (double)i / 3;
        sim[i] = (float)i / 16;
        selected[i] = i % 3 == 0;
        code[i] = i % 4 == 3 ? UINT32_MAX : (uint32_t)(i % 4);
    }
    const wn_texts ids = {.base = base, .off = off, .n = n};
    const int64_t picks[2] = {1, 0}, seed[1] = {7};
    const double values[2] = {0.5, 0.75};
    if (!rc) rc = wn_store_obs_ids(s, &ids, err);
    if (!rc) rc = wn_store_obs_categorical(s, "label", code, cats, 3, err);
    if (!rc) rc = wn_store_obs_i64(s, "line", line, err);
    if (!rc) rc = wn_store_obs_f64(s, "gain", gain, err);
    if (!rc) rc = wn_store_obs_f32(s, "represented_sim", sim, err);
    if (!rc) rc = wn_store_obs_bool(s, "selected", selected, err);
    if (!rc) rc = wn_store_obsp(s, "similarity", &g, err);
    if (!rc) rc = wn_store_uns_string(s, "config", "{\"k\": \"10%\", \"é\": 1}", err);
    if (!rc) rc = wn_store_uns_string(s, "version", "0.1.0", err);
    if (!rc) rc = wn_store_uns_string(s, "command", "winnow embed in.jsonl", err);
    if (!rc) rc = wn_store_uns_i64(s, "seed", seed, 1, err);
    if (!rc) rc = wn_store_uns_i64(s, "selection", picks, n < 2 ? 0 : 2, err);
    if (!rc) rc = wn_store_uns_f64(s, "objective", values, n < 2 ? 0 : 2, err);
    if (!rc) rc = wn_store_commit(s, err);
    else wn_store_abort(s);
out:
    ring_free(&g);
    wn_free(base);
    wn_free(x);
    wn_free(off);
    wn_free(line);
    wn_free(gain);
    wn_free(sim);
    wn_free(selected);
    wn_free(code);
    return rc ? fail(err) : 0;
}

/* The smallest file: rows and nothing else. */
static int write_bare(const char *path, size_t n, size_t cols, wn_err *err) {
    wn_store *s = NULL;
    wn_code rc = wn_store_create(&s, path, cols, false, err);
    if (rc) return fail(err);
    float *x = wn_alloc(cols, sizeof *x, err);
    for (size_t i = 0; x && i < n && !rc; i++) {
        fill(x, i, cols);
        rc = wn_store_append(s, x, cols, 1, err);
    }
    wn_free(x);
    rc = wn_store_commit(s, err);
    return rc ? fail(err) : 0;
}

/* "rows cols", then every value, `block` rows at a time. */
static int print_matrix(const char *path, const char *dataset, size_t block, wn_err *err) {
    wn_matrix_file *m = NULL;
    if (wn_matrix_open(&m, path, *dataset ? dataset : NULL, err)) return fail(err);
    size_t n = wn_matrix_rows(m), d = wn_matrix_cols(m), stride = d + 3;
    float *x = wn_alloc(block * stride, sizeof *x, err);
    wn_code rc = x ? WN_OK : WN_EMEMORY;
    (void)printf("%zu %zu\n", n, d);
    for (size_t at = 0; at < n && !rc; at += block) {
        size_t rows = n - at < block ? n - at : block;
        rc = wn_matrix_read(m, at, rows, x, stride, err);
        for (size_t i = 0; i < rows && !rc; i++)
            for (size_t j = 0; j < d; j++) (void)printf("%.9g%c", (double)x[i * stride + j], j + 1 < d ? ' ' : '\n');
    }
    wn_free(x);
    wn_matrix_close(m);
    return rc ? fail(err) : 0;
}

static int print_column(const char *path, const char *name, const char *kind, wn_err *err) {
    wn_matrix_file *m = NULL;
    if (wn_matrix_open(&m, path, NULL, err)) return fail(err);
    size_t n = wn_matrix_rows(m);
    wn_strings text = {0};
    int64_t *whole = wn_alloc(n, sizeof *whole, err);
    double *real = wn_alloc(n, sizeof *real, err);
    wn_code rc = whole && real ? WN_OK : WN_EMEMORY;
    if (!rc && strcmp(kind, "s") == 0) rc = wn_matrix_obs_strings(m, name, &text, err);
    if (!rc && strcmp(kind, "i") == 0) rc = wn_matrix_obs_i64(m, name, whole, err);
    if (!rc && strcmp(kind, "f") == 0) rc = wn_matrix_obs_f64(m, name, real, err);
    for (size_t i = 0; i < n && !rc; i++) {
        if (*kind == 's')
            (void)printf("%.*s\n", (int)(text.off[i + 1] - text.off[i]), text.base + text.off[i]);
        else if (*kind == 'i') (void)printf("%lld\n", (long long)whole[i]);
        else (void)printf("%.17g\n", real[i]);
    }
    wn_strings_free(&text);
    wn_free(whole);
    wn_free(real);
    wn_matrix_close(m);
    return rc ? fail(err) : 0;
}

static int print_graph(const char *path, const char *name, wn_err *err) {
    wn_matrix_file *m = NULL;
    wn_csr g = {0};
    if (wn_matrix_open(&m, path, NULL, err)) return fail(err);
    wn_code rc = wn_matrix_obsp(m, name, &g, err);
    for (size_t i = 0; i < g.rows && !rc; i++)
        for (long long k = g.indptr[i]; k < g.indptr[i + 1]; k++)
            (void)printf("%zu %lld %.9g\n", i, g.indices[k], (double)g.data[k]);
    ring_free(&g);
    wn_matrix_close(m);
    return rc ? fail(err) : 0;
}

static int print_uns(const char *path, const char *name, wn_err *err) {
    wn_matrix_file *m = NULL;
    char *v = NULL;
    if (wn_matrix_open(&m, path, NULL, err)) return fail(err);
    wn_code rc = wn_matrix_uns_string(m, name, &v, err);
    if (!rc) (void)printf("%s\n", v);
    wn_free(v);
    wn_matrix_close(m);
    return rc ? fail(err) : 0;
}

static int export_ann(const char *path, size_t n, size_t cols, wn_err *err) {
    wn_mat x = {0};
    wn_csr g = {0};
    wn_code rc = wn_mat_init(&x, n, cols, err);
    if (!rc) rc = ring(n, &g, err);
    for (size_t i = 0; i < n && !rc; i++) fill(wn_mat_row(&x, i), i, cols);
    if (!rc) rc = wn_store_export_ann(path, &x, &g, true, err);
    wn_mat_free(&x);
    ring_free(&g);
    return rc ? fail(err) : 0;
}

static int check(const char *path, wn_err *err) {
    char summary[2000] = "";
    if (wn_store_check(path, summary, sizeof summary, err)) return fail(err);
    (void)fputs(summary, stdout);
    return 0;
}

int main(int argc, char **argv) {
    wn_err e = {0};
    const char *verb = argc > 2 ? argv[1] : "";
    size_t a = argc > 3 ? strtoul(argv[3], NULL, 10) : 0, b = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
    int rc = 2;
    if (strcmp(verb, "write") == 0 && argc == 6) rc = write_full(argv[2], a, b, strtoul(argv[5], NULL, 10), &e);
    else if (strcmp(verb, "bare") == 0 && argc == 5) rc = write_bare(argv[2], a, b, &e);
    else if (strcmp(verb, "matrix") == 0 && argc == 5) rc = print_matrix(argv[2], argv[3], b, &e);
    else if (strcmp(verb, "column") == 0 && argc == 5) rc = print_column(argv[2], argv[3], argv[4], &e);
    else if (strcmp(verb, "graph") == 0 && argc == 4) rc = print_graph(argv[2], argv[3], &e);
    else if (strcmp(verb, "uns") == 0 && argc == 4) rc = print_uns(argv[2], argv[3], &e);
    else if (strcmp(verb, "ann") == 0 && argc == 5) rc = export_ann(argv[2], a, b, &e);
    else if (strcmp(verb, "check") == 0) rc = check(argv[2], &e);
    else (void)fprintf(stderr, "usage: store_driver VERB FILE ...\n");
    return fflush(stdout) ? 1 : rc;
}
