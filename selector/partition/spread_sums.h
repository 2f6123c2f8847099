#ifndef WN_SELECTOR_SPREAD_SUMS_H
#define WN_SELECTOR_SPREAD_SUMS_H
/* T of graph-cut over rows that stand in several processes, to the bits of one. */
#include <wn/spread.h>

typedef struct {
    const wn_mat *mine; /* rows [first, first + mine->rows) of n */
    size_t n, first;
    wn_comm *comm;
    wn_progress *progress;
} wn_spread_rows;

/* sums[d] of the rows; sums[n] of rbf values without the row itself, not rounded yet. Collective: an error of one rank
 * is returned by all. */
wn_code wn_spread_vector_sums(double *sums, const wn_spread_rows *r, wn_err *err);
wn_code wn_spread_rbf_sums(double *sums, const wn_spread_rows *r, const wn_kernel *kernel, wn_err *err);

#endif
