#ifndef WN_PIPELINE_KEPT_H
#define WN_PIPELINE_KEPT_H
/* The kept rows, which are what is chosen from. */
#include <winnow/stages.h>

static inline wn_mat wn_kept_rows(const wn_vectors *v, const wn_copies *c) {
    wn_mat x = v->x;
    x.rows = c->m;
    return x;
}

/* The row of the matrix that stands for input row i: its own or, of a copy, that of the kept row. */
static inline size_t wn_kept_row(const wn_copies *c, size_t i) { return c->x_row[c->copy_of ? c->copy_of[i] : i]; }

#endif
