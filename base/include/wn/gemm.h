#ifndef WINNOW_GEMM_H
#define WINNOW_GEMM_H
/* Matrix product with a packed right side; the tool of similarity, LSA and the encoders' layers. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

/* B [n, k] (rows = output columns) packed in panels of WN_GEMM_PANEL rows, the last one filled up with zeros. */
enum { WN_GEMM_PANEL = 32 };
typedef struct {
    size_t n, k;
    float *data; /* [wn_packed_width][k] */
    size_t room; /* floats that data can hold */
} wn_packed;

wn_code wn_packed_init(wn_packed *p, const float *b, size_t ldb, size_t n, size_t k, wn_err *err);
/* An empty matrix with room for n rows of k, to be filled without further allocation. */
wn_code wn_packed_reserve(wn_packed *p, size_t n, size_t k, wn_err *err);
/* Packs n rows of k given by pointer; n and k within what was reserved. */
void wn_packed_fill(wn_packed *p, const float *const *rows, size_t n, size_t k);
void wn_packed_free(wn_packed *p); /* empties *p; NULL is fine */
/* panel[k][width] = the transposed rows[0 .. n) of k floats, missing ones zero; width a multiple of 4, at least n. */
void wn_pack_panel(const float *const *rows, size_t n, size_t k, size_t width, float *panel);
/* n rounded up to whole panels. */
static inline size_t wn_packed_width(const wn_packed *p) {
    return (p->n + WN_GEMM_PANEL - 1) / WN_GEMM_PANEL * WN_GEMM_PANEL;
}

/* c[m, n] = a[m, k] . b^T (+ c when accumulate). One thread, no allocation; each element is one chain of multiply-adds
 * over k (fused, and the same bits, on AVX-512 and AVX2), so its bits depend on nothing but its row and column. */
void wn_gemm_packed(const float *a, size_t lda, size_t m, const wn_packed *b, float *c, size_t ldc, int accumulate);

/* The same for rows given by pointer: c[m, wn_packed_width(b)], the columns beyond n zero. Does not block over b, which
 * should fit the second-level cache (wn_packed_columns), and c the first-level one (m = WN_GEMM_ROWS is good). */
enum { WN_GEMM_ROWS = 42, WN_GEMM_COLUMNS = 512 };
void wn_gemm_rows(const float *const *rows, size_t m, const wn_packed *b, float *c, size_t ldc);
/* How many columns of a product over k make a good block: a multiple of 32 in 64 .. WN_GEMM_COLUMNS. */
size_t wn_packed_columns(size_t k);

/* Writes to hits the positions i < n, rising, where v[i] >= t or, with tv, v[i] >= tv[i]. n a multiple of 32.
 * Returns their number; room for n in hits. */
size_t wn_scan_above(const float *v, size_t n, float t, const float *tv, uint32_t *hits);

#endif
