#ifndef WINNOW_SELECTOR_QUERY_LISTS_H
#define WINNOW_SELECTOR_QUERY_LISTS_H
/* For queries, the rows nearest to each that may still be chosen. */
#include <wn/best.h>

#include "constraint/constraint.h"
#include "objective/target.h"

/* *lists gets, for the m live queries which[0 .. m) (places in t->live; NULL: the first m), the K nearest feasible rows
 * of each by cosine in f32, ties to the lowest row; fewer where there are fewer. One pass over the rows, O(n m d), all
 * threads, O(m K) memory. wn_best_free *lists whatever the outcome. */
wn_code wn_query_lists(wn_best *lists, const wn_target *t, const wn_constraint *c, const size_t *which, size_t m,
                       size_t K, wn_progress *p, wn_err *err);
/* Bytes that it takes for q queries of d values. */
size_t wn_query_lists_bytes(size_t q, size_t d, size_t K);

#endif
