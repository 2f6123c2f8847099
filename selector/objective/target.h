#ifndef WINNOW_SELECTOR_TARGET_H
#define WINNOW_SELECTOR_TARGET_H
/* The queries that rds and tsds choose toward, and how near rows are to them. */
#include "ground.h"

typedef struct {
    const wn_ground *g;
    const wn_mat *q;     /* [., d] */
    size_t *live, nlive; /* rows of q that are no zero vectors, rising; for rds in the order of their turns */
} wn_target;

/* WN_EUSAGE: no queries, of another width, not normalised, or none but zero vectors; alpha out of range. WN_EINPUT: not
 * finite. Looks at x and `o`, which must outlive it. Release with wn_target_free, whatever the outcome. */
wn_code wn_target_init(wn_target *t, const wn_ground *g, const wn_select_opts *o, wn_err *err);
void wn_target_free(wn_target *t);
size_t wn_target_bytes(const wn_select_opts *o);

/* Cosine of a row and a query, in double. */
double wn_target_cosine(const wn_target *t, size_t row, size_t query);
/* For each of m rows the nearest live query, ties to the first, by products in f32; and the cosine to it, in double.
 * O(m q d). */
wn_code wn_target_nearest(const wn_target *t, const size_t *rows, size_t m, size_t *query, double *cosine,
                          wn_progress *p, wn_err *err);

#endif
