#include <winnow/rows.h>

#include "shards.h"

#include <string.h>
#include <winnow/mem.h>

wn_code wn_matrices_open(wn_matrices *m, const char *const *paths, size_t n, const char *dataset, wn_err *err) {
    wn_matrices all = {.files = wn_alloc(n, sizeof *all.files, err), .paths = paths};
    wn_code code = all.files ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(paths[i], "-") == 0) {
            code = wn_err_set(err, WN_EUSAGE, "matrices are not read from standard input; name a file");
            goto out;
        }
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
    if ((code = wn_shards_read(&all, err)) != WN_OK) goto out;
    if ((code = wn_shards_check(&all, err)) != WN_OK) goto out;
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

/* All rows are looked at, so that a bad one is found whether or not it is wanted. */
wn_code wn_matrices_read_into(const wn_matrices *m, const size_t *rows, size_t n, bool normalize, wn_mat *out,
                              wn_err *err) {
    enum { BLOCK = 4096 };
    wn_mat block = {0};
    wn_code code = wn_mat_init(&block, BLOCK, m->cols, err);
    if (code != WN_OK) goto out;
    for (size_t file = 0, before = 0, at = 0; file < m->n; before += wn_matrix_rows(m->files[file++])) {
        size_t there = wn_matrix_rows(m->files[file]);
        for (size_t begin = 0; begin < there; begin += BLOCK) {
            size_t count = there - begin < BLOCK ? there - begin : BLOCK;
            code = wn_matrix_read(m->files[file], begin, count, block.data, block.stride, err);
            if (code != WN_OK) goto out;
            if (normalize) (void)wn_mat_normalize(&(wn_mat){block.data, count, block.cols, block.stride});
            for (; at < n && rows[at] < before + begin + count; at++)
                memcpy(wn_mat_row(out, at), wn_mat_row(&block, rows[at] - before - begin),
                       m->cols * sizeof *block.data);
        }
    }
out:
    wn_mat_free(&block);
    return code;
}

wn_code wn_matrices_read_some(const wn_matrices *m, const size_t *rows, size_t n, wn_mat *out, wn_err *err) {
    wn_mat some = {0};
    if (n == m->rows) return wn_matrices_read_all(m, out, err);
    wn_code code = wn_mat_init(&some, n, m->cols, err);
    if (code == WN_OK) code = wn_matrices_read_into(m, rows, n, false, &some, err);
    if (code == WN_OK)
        *out = some;
    else
        wn_mat_free(&some);
    return code;
}
