#ifndef WINNOW_SELECTOR_TRANSPORT_H
#define WINNOW_SELECTOR_TRANSPORT_H
/* Optimal transport from queries to rows, with a price on mass that heaps up (Liu et al. 2024, TSDS).
 *
 * With M queries, row k of query j's nearest at the distance d_jk and with the density rho_jk, gamma minimises
 *
 *     alpha sum_jk gamma_jk d_jk + (1 - alpha) M max_jk rho_jk gamma_jk,   sum_k gamma_jk = 1/M, gamma >= 0:
 *
 * the paper's equation (1) with its regulariser G_KDE, less a constant. Where the largest M rho gamma is 1/s, every
 * query fills its nearest rows up to 1/(M s rho), and what is left goes to the next. As s grows, mass moves on to
 * farther rows; it stops at the first s where that costs more than the spread gains. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

typedef struct {
    size_t queries, K;     /* M; room of a list */
    const size_t *count;   /* [M] rows of each list, 1 .. K */
    const double *distance; /* [M][K], by nearness */
    const double *density;  /* [M][K] >= 1 */
    double alpha;
} wn_transport;

/* *s as above, 1/(M s rho) being what a row takes from a query at the most; *ended: some query ran out of listed rows,
 * and mass might have gone farther. WN_EMEMORY. O(sum of the rows that are reached, times log M). */
wn_code wn_transport_spread(const wn_transport *t, double *s, bool *ended, wn_err *err);
/* mass[count[j]] of the rows of query j's list. */
void wn_transport_mass(const wn_transport *t, double s, size_t j, double *mass);

#endif
