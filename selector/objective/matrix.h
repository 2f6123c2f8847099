#ifndef WINNOW_SELECTOR_MATRIX_H
#define WINNOW_SELECTOR_MATRIX_H
/* The whole similarity matrix, for the storage `dense`. */
#include "ground.h"

/* *out = W [n, m], W_ij = k(x_i, y_j) in f32, y what is represented: mostly x. Release with wn_free. O(n m d). */
wn_code wn_matrix_fill(const wn_ground *g, const wn_kernel *kernel, wn_progress *p, float **out, wn_err *err);
/* Its bytes and `rest` of others; SIZE_MAX where they cannot be counted. */
size_t wn_matrix_bytes(size_t n, size_t m, size_t rest);

#endif
