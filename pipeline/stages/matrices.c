#include <winnow/rows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

/* Where shards that embed --shard wrote stand in the whole: file i holds [first[i], first[i] + count]. */
typedef struct {
    int64_t first;
    size_t rows, file;
} shard_span;

static int by_first(const void *a, const void *b) {
    const shard_span *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* The rows of one shard, which must follow each other. */
static wn_code shard_read(shard_span *s, const wn_matrices *m, size_t file, wn_err *err) {
    size_t n = wn_matrix_rows(m->files[file]);
    int64_t *row = wn_alloc(n, sizeof *row, err);
    wn_code code = row ? wn_matrix_obs_i64(m->files[file], "row", row, err) : WN_EMEMORY;
    *s = (shard_span){.first = code == WN_OK && n ? row[0] : 0, .rows = n, .file = file};
    for (size_t i = 1; i < n && code == WN_OK; i++)
        if (row[i] != row[i - 1] + 1) s->first = -1; /* not a shard, but rows that were chosen */
    wn_free(row);
    return code;
}

/* All rows of an embedding in their order, where the files are its shards. */
static wn_code check_shards(const wn_matrices *m, wn_err *err) {
    size_t numbered = 0;
    for (size_t i = 0; i < m->n; i++) numbered += wn_matrix_has_obs(m->files[i], "row") && wn_matrix_rows(m->files[i]);
    if (numbered != m->n || m->n < 2) return WN_OK;
    char order[300] = "";
    shard_span *s = wn_alloc(m->n, sizeof *s, err);
    wn_code code = s ? WN_OK : WN_EMEMORY;
    bool spans = true, sorted = true;
    for (size_t i = 0; i < m->n && code == WN_OK; i++) {
        code = shard_read(&s[i], m, i, err);
        spans = spans && code == WN_OK && s[i].first >= 0;
        sorted = sorted && (i == 0 || s[i].first > s[i - 1].first);
    }
    if (code != WN_OK || !spans) goto out;
    qsort(s, m->n, sizeof *s, by_first);
    for (size_t i = 0, next = 0; i < m->n; i++) {
        size_t used = strlen(order), first = (size_t)s[i].first;
        const char *path = m->paths[s[i].file];
        if (first > next)
            code = wn_err_set(err, WN_EINPUT, "rows %zu to %zu are missing before those of %s: a shard was left out",
                              next, first - 1, path);
        if (first < next)
            code = wn_err_set(err, WN_EINPUT, "%s begins with row %zu, which is in %s too: a shard is there twice",
                              path, first, m->paths[s[i - 1].file]);
        if (code != WN_OK) goto out;
        (void)snprintf(order + used, sizeof order - used, " %s", path);
        next = first + s[i].rows;
    }
    if (!sorted) code = wn_err_set(err, WN_EINPUT, "the shards are out of order; the right one is:%s", order);
out:
    wn_free(s);
    return code;
}

wn_code wn_matrices_open(wn_matrices *m, const char *const *paths, size_t n, const char *dataset, wn_err *err) {
    wn_matrices all = {.files = wn_alloc(n, sizeof *all.files, err), .paths = paths};
    wn_code code = all.files ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        if ((code = wn_matrix_open_apart(&all.files[i], paths[i], dataset, err)) != WN_OK) goto out;
        size_t cols = wn_matrix_cols(all.files[i]);
        all.n++;
        all.rows += wn_matrix_rows(all.files[i]);
        if (i == 0) all.cols = cols;
        if (cols == all.cols) continue;
        code =
            wn_err_set(err, WN_EINPUT, "%s has rows of %zu numbers, but %s of %zu", paths[i], cols, paths[0], all.cols);
        goto out;
    }
    if ((code = check_shards(&all, err)) != WN_OK) goto out;
    *m = all;
    all = (wn_matrices){0};
out:
    wn_matrices_close(&all);
    return code;
}

void wn_matrices_close(wn_matrices *m) {
    for (size_t i = 0; i < m->n; i++) wn_matrix_close(m->files[i]);
    wn_free(m->files);
    *m = (wn_matrices){0};
}

bool wn_matrices_have_obs(const wn_matrices *m, const char *name, wn_code *code, wn_err *err) {
    size_t with = 0, lacks = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (wn_matrix_has_obs(m->files[i], name))
            with++;
        else
            lacks = i;
    }
    if (with && with < m->n)
        *code = wn_err_set(err, WN_EINPUT, "%s has no column \"%s\", which others of the files have", m->paths[lacks],
                           name);
    return with > 0 && with == m->n;
}

wn_code wn_matrices_obs_strings(const wn_matrices *m, const char *name, wn_strings *out, wn_err *err) {
    if (m->n == 1) return wn_matrix_obs_strings(m->files[0], name, out, err);
    size_t rows = 0, cap = 0;
    wn_strings all = {.off = wn_alloc(m->rows + 1, sizeof *all.off, err)}, one = {0};
    wn_code code = all.off ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < m->n; i++) {
        if ((code = wn_matrix_obs_strings(m->files[i], name, &one, err)) != WN_OK) goto out;
        const wn_texts *t = &one.view;
        size_t bytes = (size_t)all.off[rows], more = t->n ? (size_t)(t->off[t->n] - t->off[0]) : 0;
        void *base = all.base;
        code = wn_reserve(&base, &cap, bytes + more + 1, 1, err);
        all.base = base;
        if (code != WN_OK) goto out;
        if (more) memcpy(all.base + bytes, t->base + t->off[0], more);
        for (size_t r = 0; r < t->n; r++) all.off[rows + r + 1] = bytes + (t->off[r + 1] - t->off[0]);
        rows += t->n;
        wn_strings_free(&one);
    }
    all.view = (wn_texts){.base = all.base, .off = all.off, .n = rows};
    *out = all;
    all = (wn_strings){0};
out:
    wn_strings_free(&all);
    wn_strings_free(&one);
    return code;
}

wn_code wn_matrices_read_all(const wn_matrices *m, wn_mat *out, wn_err *err) {
    if (m->n == 1) return wn_matrix_read_all(m->files[0], out, err);
    size_t at = 0;
    wn_mat all = {0};
    wn_code code = wn_mat_init(&all, m->rows, m->cols, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < m->n; i++) {
        size_t rows = wn_matrix_rows(m->files[i]);
        if (rows && (code = wn_matrix_read(m->files[i], 0, rows, wn_mat_row(&all, at), all.stride, err)) != WN_OK)
            goto out;
        at += rows;
    }
    *out = all;
    all = (wn_mat){0};
out:
    wn_mat_free(&all);
    return code;
}
