#ifndef WINNOW_SELECTOR_RANK_H
#define WINNOW_SELECTOR_RANK_H
/* Which row goes before which: the larger key, ties to the lowest row. */
#include <stdbool.h>
#include <stddef.h>

/* Does (key, id) go before (best, best_id)? */
static inline bool wn_rank_before(double key, size_t id, double best, size_t best_id) {
    return (key > best) | ((key == best) & (id < best_id)); /* no branch to guess: rows come in any order */
}
/* Reorders ids[n] so that the b (<= n) of largest key come first (ties: lowest id), in no order among themselves. O(n).
 */
void wn_rank_top(size_t *ids, size_t n, size_t b, const double *key);
/* For qsort and bsearch of row numbers (size_t): rising. */
int wn_rank_rising(const void *a, const void *b);

#endif
