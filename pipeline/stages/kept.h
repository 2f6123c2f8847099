#ifndef WN_PIPELINE_KEPT_H
#define WN_PIPELINE_KEPT_H
/* Rows of the matrix of vectors: the kept ones, which are what is chosen from, and how near two are. */
#include <winnow/stages.h>

static inline wn_mat wn_kept_rows(const wn_vectors *v, const wn_copies *c) {
    wn_mat x = v->x;
    x.rows = c->m;
    return x;
}

/* The same rows where the choice compares them. */
static inline wn_mat wn_space_rows(const wn_vectors *v, const wn_copies *c) {
    wn_mat x = v->space.data ? v->space : v->x;
    x.rows = c->m;
    return x;
}

/* The row of the matrix that stands for input row i: its own or, of a copy, that of the kept row. */
static inline size_t wn_kept_row(const wn_copies *c, size_t i) { return c->x_row[c->copy_of ? c->copy_of[i] : i]; }

/* Inner product of rows i and j, in double: the cosine of normalised ones. */
static inline double wn_row_cosine(const wn_mat *x, size_t i, size_t j) {
    const float *a = wn_mat_row(x, i), *b = wn_mat_row(x, j);
    double dot = 0;
    for (size_t d = 0; d < x->cols; d++) dot += (double)a[d] * (double)b[d];
    return dot;
}

#endif
