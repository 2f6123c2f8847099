#ifndef WINNOW_SELECTOR_GIVEN_H
#define WINNOW_SELECTOR_GIVEN_H
/* Similarities that are given: x [n, n] is the matrix itself, and nobody looks at vectors. */
#include "ground.h"

/* Checks the matrix and fills sq with its diagonal. WN_EUSAGE: not square; WN_EINPUT: not finite, beyond 1e30, or not
 * symmetric to 1e-5 of the larger of two. O(n^2). */
wn_code wn_given_read(wn_ground *g, wn_err *err);

/* How row a and row b are alike. */
static inline double wn_given(const wn_ground *g, size_t a, size_t b) {
    return (double)wn_mat_row(g->x, a)[b];
}

#endif
