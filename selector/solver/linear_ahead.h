#ifndef WINNOW_SELECTOR_LINEAR_AHEAD_H
#define WINNOW_SELECTOR_LINEAR_AHEAD_H
/* Picks of graph-cut over an inner product that are made from a pool ahead of time, and the pass over all other rows
 * that shows which of them stand. */
#include "greedy.h"
#include "objective/linear_cut.h"
#include "solver/linear_codes.h"

enum { WN_AHEAD_MOST = 127 }; /* picks; with the gains after the last one four panels of a product */

/* The first `n` of them. Zero-initialise. */
typedef struct {
    size_t n, most;
    size_t *id;   /* [most] */
    double *gain; /* [most] */
    double *v;    /* [most + 1, d] v of wn_linear_cut before each, and after the last */
    size_t close; /* rows that their codes did not tell from the first pick */
} wn_ahead;

wn_code wn_ahead_init(wn_ahead *a, size_t d, wn_err *err);
void wn_ahead_free(wn_ahead *a);
size_t wn_ahead_bytes(size_t d, bool codes);

/* What a pass is over. */
typedef struct {
    const wn_greedy *g;
    const wn_linear_cut *cut;     /* before the first of the picks */
    const double *u, *along;      /* [d] an axis; [n] x.u */
    const bool *inside;           /* [n] was the row in the pool? */
    const wn_linear_codes *codes; /* of all rows; maybe empty */
} wn_ahead_rows;

/* Cuts `a` after the first pick to which a feasible row outside the pool would go before, and puts that row in its
 * place: what is left is what the greedy picks, at least one where there was one. base, begin [n], of such rows: about
 * the gain after the last pick that was made ahead, and before the first. O(n d a->n) in bytes, or without codes in
 * f32; whatever comes near a pick is computed in double. Equal results for any number of threads. */
wn_code wn_ahead_check(wn_ahead *a, const wn_ahead_rows *r, double *base, double *begin, wn_err *err);

#endif
