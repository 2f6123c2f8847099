#ifndef WINNOW_SPREAD_H
#define WINNOW_SPREAD_H
/* One greedy selection over rows that several processes hold, each a share of its own (wn/comm.h): graph-cut over rbf,
 * cosine or dot, exact. Rank r names its best row; the best of those is taken, and its vector goes to all. Picks, gains
 * and objective have the bits of wn_select over all rows, whatever the number of ranks: a gain depends on the row, the
 * picks in their order and the sum T of the row over all rows, and T is added up in the order of one process.
 *
 * What travels to each rank: for a pick a bid of 24 bytes a doubling of ranks, and the vector, 4 d bytes. T over an
 * inner product: d numbers a piece of WN_SUM_ROWS rows, and a rank. T over rbf: all rows once to all ranks, 4 n d bytes
 * to each, and n sums a block of columns (wn/rowsums.h), 4 n^2 / wn_packed_columns(d) bytes in all. */
#include <winnow/select.h>
#include <wn/comm.h>

/* The first row of a rank's share; that of rank `size` is n. */
static inline size_t wn_spread_first(size_t n, int rank, int size) {
    return n / (size_t)size * (size_t)rank + n % (size_t)size * (size_t)rank / (size_t)size;
}

/* The rank that has row `row`. */
static inline int wn_spread_owner(size_t n, size_t row, int size) {
    int low = 0, high = size; /* it is in low .. high - 1 */
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (wn_spread_first(n, middle, size) <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* What it took, at this rank. */
typedef struct {
    double sums_seconds, picks_seconds;
    uint64_t sums_bytes, picks_bytes; /* received from other ranks */
} wn_spread_cost;

/* Can these options be served? All pairs of rbf, cosine or dot; no values, weights and limits; storage
 * and maximizer left to auto. */
bool wn_spread_serves(const wn_select_opts *o);

/* Collective: all ranks call it with the same options, which are those of the whole (keep and exclude name its rows,
 * `first`, `n_all` and `sums` are unset), and their share of its n rows, `mine`, from wn_spread_first on. Every rank
 * gets *out, without a bound. *T (wn_free it; NULL: not wanted) becomes the sums over all rows, [n] or [d]. After an
 * error at one rank all return it; only an error of the transport is a rank's own. Errors as wn_select. Memory beyond
 * `mine` as wn_select for such a share, and for rbf n numbers and another share. */
wn_code wn_spread_select(const wn_mat *mine, size_t n, const wn_select_opts *o, wn_comm *comm, wn_selection *out,
                         double **T, wn_spread_cost *cost, wn_err *err);

/* Where one process has all rows after all: the bound that wn_select would have found for `s`, by T of
 * wn_spread_select. */
wn_code wn_spread_bound(wn_selection *s, const wn_mat *x, const wn_select_opts *o, const double *T, wn_err *err);

#endif
