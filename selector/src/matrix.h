#ifndef WINNOW_SELECTOR_MATRIX_H
#define WINNOW_SELECTOR_MATRIX_H
/* The whole similarity matrix, for the dense maximizers. */
#include "run.h"

/* *out = W [n, n], W_ij = k(x_i, x_j) in f32, diagonal included. Release with wn_free. O(n^2 d). */
wn_code wn_matrix_fill(const wn_run *r, float **out, wn_err *err);
size_t wn_matrix_bytes(size_t n);

#endif
