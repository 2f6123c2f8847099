#ifndef TRAIN_PRODUCT_H
#define TRAIN_PRODUCT_H
/* Products of matrices with a right side that is packed first, as base/linalg wants it. */
#include <wn/train.h>

/* B [n, k] in panels of WN_GEMM_PANEL rows, [panel][k][panel's rows], missing rows zero. */
typedef struct {
    size_t n, k;
    wn_real *data;
} wn_operand;
/* Numbers of one. */
size_t wn_operand_size(size_t n, size_t k);
/* B's rows [n, k], ldb apart. */
void wn_operand_rows(wn_operand *o, const wn_real *b, size_t ldb, size_t n, size_t k);
/* B's columns: given is its transpose [k, n], rows ldb apart. */
void wn_operand_columns(wn_operand *o, const wn_real *b, size_t ldb, size_t n, size_t k);
/* Panels [first, last) alone, of an operand whose n and k are set. */
void wn_operand_rows_part(const wn_operand *o, const wn_real *b, size_t ldb, size_t first, size_t last);
void wn_operand_columns_part(const wn_operand *o, const wn_real *b, size_t ldb, size_t first, size_t last);
size_t wn_operand_panels(size_t n);

/* c[m, n] = a[m, k] B^T (+ c with `more`). One thread. */
void wn_operand_product(wn_real *c, size_t ldc, const wn_real *a, size_t lda, size_t m, const wn_operand *b,
                        bool more);
/* to[n, m] = the transposed from[m, n]. */
void wn_transpose(wn_real *to, size_t ldt, const wn_real *from, size_t ldf, size_t m, size_t n);

#endif
