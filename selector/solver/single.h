#ifndef WINNOW_SELECTOR_SINGLE_H
#define WINNOW_SELECTOR_SINGLE_H
#include "maximizer/maximizer.h"

/* The feasible row of largest gain, whatever it costs, ties to the lowest; there is one. bound: [n] no less than the
 * gains; NULL: none is known, and all are computed. */
wn_code wn_best_single(const wn_search *s, const double *bound, size_t *row, double *gain, wn_err *err);

#endif
