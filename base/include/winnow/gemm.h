#ifndef WINNOW_GEMM_H
#define WINNOW_GEMM_H
/* Matrix product with a packed right side; the tool of similarity, LSA and the encoders' layers. */
#include <stddef.h>
#include <winnow/err.h>

/* B [n, k] (rows = output columns) packed in panels for the kernels of this processor. */
typedef struct {
    size_t n, k;
    float *data;
} wn_packed;

wn_code wn_packed_init(wn_packed *p, const float *b, size_t ldb, size_t n, size_t k, wn_err *err);
void wn_packed_free(wn_packed *p);

/* c[m, n] = a[m, k] . b^T (+ c when accumulate). One thread; the bits of a row of c do not depend on m.
 * AVX-512 and AVX2: one fused multiply-add chain over k an element. Portable: OpenBLAS. */
void wn_gemm_packed(const float *a, size_t lda, size_t m, const wn_packed *b, float *c, size_t ldc, int accumulate);

#endif
