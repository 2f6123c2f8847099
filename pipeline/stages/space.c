/* The space in which a choice by rbf compares rows: their leading principal components. */
#include "axes.h"

#include "kept.h"

#include <string.h>
#include <winnow/mem.h>
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
    for (size_t i = 0; i < v->had.rows && code == WN_OK; i++)
        if (wn_mat_row_zero(&v->had, i)) memset(wn_mat_row(&v->had_space, i), 0, v->had_space.cols * sizeof(float));
    if (code == WN_OK) (void)wn_mat_normalize(&v->had_space);
    return code;
}

wn_code wn_axes_fit(wn_pca *out, const wn_vectors *v, const wn_copies *c, const wn_space_opts *o, wn_io *io,
                    wn_err *err) {
    const wn_mat x = wn_kept_rows(v, c);
    size_t n = 0, *rows = wn_alloc(SAMPLE, sizeof *rows, err);
    if (!rows) return WN_EMEMORY;
    draw_rows(rows, &n, v, c->m, o->seed);
    const wn_code code = wn_pca_fit(out, &x, rows, n, wn_space_dims(o, x.cols), io->progress, err);
    wn_free(rows);
    return code;
}

wn_code wn_axes_apply(wn_vectors *v, const wn_copies *c, const wn_pca *axes, wn_err *err) {
    const wn_mat x = wn_kept_rows(v, c);
    wn_mat_free(&v->space);
    wn_code code = wn_pca_project(axes, &x, &v->space, err);
    if (code != WN_OK) return code;
    v->explained = axes->explained;
    wn_mat_free(&v->had_space);
    if (v->had.rows > 0 && (code = project_had(v, axes, err)) != WN_OK) return code;
    for (size_t i = 0; i < c->m; i++)
        if (v->zero[i]) memset(wn_mat_row(&v->space, i), 0, v->space.cols * sizeof(float));
    (void)wn_mat_normalize(&v->space);
    return WN_OK;
}

wn_code wn_space_make(wn_vectors *v, const wn_copies *c, const wn_space_opts *o, wn_io *io, wn_err *err) {
    wn_pca axes = {0};
    if (wn_space_dims(o, v->x.cols) == 0) return WN_OK;
    wn_code code = wn_axes_fit(&axes, v, c, o, io, err);
    if (code == WN_OK) code = wn_axes_apply(v, c, &axes, err);
    wn_pca_free(&axes);
    return code;
}
