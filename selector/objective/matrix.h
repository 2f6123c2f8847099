#ifndef WINNOW_SELECTOR_MATRIX_H
#define WINNOW_SELECTOR_MATRIX_H
/* The whole similarity matrix, for the storage `dense`. */
#include "ground.h"

/* *out = W [n, n], W_ij = k(x_i, x_j) in f32, diagonal included. Release with wn_free. O(n^2 d). */
wn_code wn_matrix_fill(const wn_ground *g, const wn_kernel *kernel, wn_progress *p, float **out, wn_err *err);
/* Its bytes and `rest` of others; SIZE_MAX where they cannot be counted. */
size_t wn_matrix_bytes(size_t n, size_t rest);

#endif
