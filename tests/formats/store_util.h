#ifndef TESTS_STORE_UTIL_H
#define TESTS_STORE_UTIL_H
/* Folders and files for the tests of the matrix store. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wn/rng.h>
#include <winnow/store.h>

typedef struct {
    char dir[64];
    char path[128]; /* the last one named */
} scratch;

static inline scratch scratch_new(void) {
    scratch s = {.dir = "/tmp/winnow-store-XXXXXX"};
    cr_assert_not_null(mkdtemp(s.dir));
    return s;
}

static inline const char *scratch_path(scratch *s, const char *name) {
    (void)snprintf(s->path, sizeof s->path, "%s/%s", s->dir, name);
    return s->path;
}

/* Number of entries of the folder, "." and ".." aside. */
static inline size_t scratch_count(const scratch *s) {
    size_t n = 0;
    DIR *d = opendir(s->dir);
    cr_assert_not_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    (void)closedir(d);
    return n;
}

static inline void scratch_free(scratch *s) {
    char path[512];
    DIR *d = opendir(s->dir);
    cr_assert_not_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        (void)snprintf(path, sizeof path, "%s/%s", s->dir, e->d_name);
        (void)unlink(path);
    }
    (void)closedir(d);
    (void)rmdir(s->dir);
}

typedef struct {
    char *data;
    size_t size;
} bytes;

static inline bytes slurp(const char *path) {
    struct stat st;
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    cr_assert_eq(fstat(fileno(f), &st), 0);
    bytes b = {.data = malloc((size_t)st.st_size + 1), .size = (size_t)st.st_size};
    cr_assert_not_null(b.data);
    cr_assert_eq(fread(b.data, 1, b.size, f), b.size);
    (void)fclose(f);
    return b;
}

static inline void spill(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f, "%s", path);
    cr_assert_eq(fwrite(data, 1, n, f), n);
    cr_assert_eq(fclose(f), 0);
}

/* Value (i, j) of the test matrices: different everywhere, exact in f32. */
static inline float cell(size_t i, size_t j) { return (float)((i * 31 + j * 7) % 4096) / 64 - 20; }

/* A file with ids, one column of each kind, a graph and values of our own; rows come in batches. */
static inline wn_code write_sample(const char *path, size_t n, size_t cols, size_t batch, bool overwrite, wn_err *err) {
    static const char *const cats[] = {"a", "b"};
    wn_store *s = NULL;
    wn_code rc = wn_store_create(&s, path, cols, overwrite, err);
    if (rc) return rc;
    float *x = calloc(batch * (cols + 5), sizeof *x);
    int64_t *line = calloc(n + 1, sizeof *line);
    uint32_t *code = calloc(n + 1, sizeof *code);
    bool *chosen = calloc(n + 1, sizeof *chosen);
    long long *indptr = calloc(n + 1, sizeof *indptr), *indices = calloc(n + 1, sizeof *indices);
    float *sim = calloc(n + 1, sizeof *sim);
    unsigned long long *off = calloc(n + 1, sizeof *off);
    char *base = calloc(n + 1, 12);
    for (size_t at = 0; at < n && !rc; at += batch) {
        size_t m = n - at < batch ? n - at : batch;
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < cols; j++) x[i * (cols + 5) + j] = cell(at + i, j);
        rc = wn_store_append(s, x, cols + 5, m, err);
    }
    for (size_t i = 0; i < n; i++) {
        line[i] = (int64_t)i + 1;
        code[i] = i % 3 == 2 ? UINT32_MAX : (uint32_t)(i % 3);
        chosen[i] = i % 2;
        indptr[i + 1] = (long long)i + 1;
        indices[i] = (long long)((i + 1) % n);
        sim[i] = (float)i / 8;
        off[i + 1] = off[i] + (unsigned long long)snprintf(base + off[i], 12, "id-%zu", i);
    }
    const wn_texts ids = {.base = base, .off = off, .n = n};
    const wn_csr g = {.rows = n, .cols = n, .indptr = indptr, .indices = indices, .data = sim};
    if (!rc) rc = wn_store_obs_ids(s, &ids, err);
    if (!rc) rc = wn_store_obs_i64(s, "line", line, err);
    if (!rc) rc = wn_store_obs_f32(s, "sim", sim, err);
    if (!rc) rc = wn_store_obs_bool(s, "selected", chosen, err);
    if (!rc) rc = wn_store_obs_categorical(s, "label", code, cats, 2, err);
    if (!rc) rc = wn_store_obsp(s, "similarity", &g, err);
    if (!rc) rc = wn_store_uns_string(s, "command", "winnow embed x.jsonl", err);
    if (!rc) rc = wn_store_uns_i64(s, "selection", line, n < 2 ? n : 2, err);
    if (!rc) rc = wn_store_commit(s, err);
    else wn_store_abort(s);
    free(x);
    free(line);
    free(code);
    free(chosen);
    free(indptr);
    free(indices);
    free(sim);
    free(off);
    free(base);
    return rc;
}

#endif
