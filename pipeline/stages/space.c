/* The space in which a choice by rbf compares rows: their leading principal components. */
#include <winnow/stages.h>

#include "kept.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/pca.h>
#include <wn/rng.h>

/* Rows that the components are taken from, drawn by seed where there are more. */
enum { SAMPLE = 8192, STREAM_SPACE = 0x53504143 };

size_t wn_space_dims(const wn_space_opts *o, size_t cols) {
    return o->components < cols ? o->components : 0;
}

size_t wn_space_bytes(const wn_space_opts *o, size_t rows, size_t cols) {
    const size_t dims = wn_space_dims(o, cols);
    if (dims == 0) return 0;
    return rows * ((dims + 15) / 16 * 16) * sizeof(float) + wn_pca_memory(cols, dims) +
           2 * dims * cols * sizeof(float) + SAMPLE * sizeof(size_t);
}

/* Up to SAMPLE kept rows that are not zero, rising; *n of them. */
static void draw_rows(size_t *rows, size_t *n, const wn_vectors *v, size_t m, uint64_t seed) {
    size_t left = 0;
    for (size_t i = 0; i < m; i++) left += !v->zero[i];
    wn_rng g = wn_rng_init(seed, STREAM_SPACE);
    *n = 0;
    for (size_t i = 0; i < m && *n < SAMPLE; i++) {
        if (v->zero[i]) continue;
        const size_t wanted = SAMPLE - *n;
        if (left <= wanted || wn_rng_below(&g, left) < wanted) rows[(*n)++] = i;
        left--;
    }
}

/* Rows that one has, by the same components. */
static wn_code project_had(wn_vectors *v, const wn_pca *pca, wn_err *err) {
    const wn_code code = wn_pca_project(pca, &v->had, &v->had_space, err);
    for (size_t i = 0; i < v->had.rows && code == WN_OK; i++) {
        bool zero = true;
        for (size_t c = 0; c < v->had.cols; c++) zero = zero && !(wn_mat_row(&v->had, i)[c] != 0);
        if (zero) memset(wn_mat_row(&v->had_space, i), 0, v->had_space.cols * sizeof(float));
    }
    if (code == WN_OK) (void)wn_mat_normalize(&v->had_space);
    return code;
}

wn_code wn_space_make(wn_vectors *v, const wn_copies *c, const wn_space_opts *o, wn_io *io, wn_err *err) {
    const wn_mat x = wn_kept_rows(v, c);
    const size_t dims = wn_space_dims(o, x.cols);
    size_t n = 0;
    if (dims == 0) return WN_OK;
    wn_pca pca = {0};
    size_t *rows = wn_alloc(SAMPLE, sizeof *rows, err);
    wn_code code = WN_EMEMORY;
    if (!rows) goto out;
    draw_rows(rows, &n, v, c->m, o->seed);
    if ((code = wn_pca_fit(&pca, &x, rows, n, dims, io->progress, err)) != WN_OK) goto out;
    wn_mat_free(&v->space);
    if ((code = wn_pca_project(&pca, &x, &v->space, err)) != WN_OK) goto out;
    wn_mat_free(&v->had_space);
    if (v->had.rows > 0 && (code = project_had(v, &pca, err)) != WN_OK) goto out;
    v->explained = pca.explained;
    for (size_t i = 0; i < c->m; i++)
        if (v->zero[i]) memset(wn_mat_row(&v->space, i), 0, dims * sizeof(float));
    (void)wn_mat_normalize(&v->space);
out:
    wn_free(rows);
    wn_pca_free(&pca);
    return code;
}
