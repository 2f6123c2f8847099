#ifndef BERT_LOW_H
#define BERT_LOW_H
/* Products y = x W^T in reduced precision: bf16, f16, int8.
 *
 * Numbers travel in groups of 32 bits along k: two bf16 or f16, four bytes. W is packed once in panels of 32 rows,
 * [panel][group][32]; x is converted in blocks of at most WN_LOW_ROWS rows, [row][group]. Groups are filled up with
 * zeros to a multiple of WN_LOW_GROUPS, so that vectors and matrix tiles see the same layout. Each element of a product
 * depends on its row and column alone, never on the block.
 *
 * int8: w = scale[column] * q, q in -127..127; x = offset[row] + scale[row] * q, q in 0..255, both found from the row. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/bert.h>
#include <winnow/err.h>

enum { WN_LOW_PANEL = 32, WN_LOW_ROWS = 96, WN_LOW_GROUPS = 16 };

typedef struct {
    wn_precision precision;
    size_t per;  /* values in a group: 2 or 4 */
    size_t rows; /* that it likes in a block, at most WN_LOW_ROWS */
    /* One row of k floats to `groups` groups. int8: scale and offset (of a weight: its scale and the sum of its numbers
     * times scale); untouched by the others. */
    void (*row)(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset);
    void (*weight)(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum);
    /* c[m, 32] = a [m, groups] . panel; c holds floats, or int32 for int8. a and c have WN_LOW_ROWS rows, which a
     * kernel may compute beyond m. */
    void (*product)(const uint32_t *a, size_t groups, size_t m, const uint32_t *panel, float *c);
    /* int8 only: int32 c[m, 32] to floats in place, from the rows' and the columns' numbers. */
    void (*dequantise)(float *c, size_t m, const float *row_scale, const float *row_offset, const float *scale, const float *sum);
} wn_low_kernel;

extern const wn_low_kernel wn_low_bf16_avx512, wn_low_bf16_amx, wn_low_f16_avx512, wn_low_int8_avx512, wn_low_int8_amx;
/* What the matrix-tile kernels share with the vector ones. */
void wn_low_bf16_row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset);
void wn_low_int8_row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset);
void wn_low_int8_weight(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum);
void wn_low_int8_dequantise(float *c, size_t m, const float *row_scale, const float *row_offset, const float *scale, const float *sum);

/* Asks the system, once, to let this process use matrix tiles. */
bool wn_low_tiles_allowed(void);

/* The kernel of `p` on this processor; NULL where it has none. */
const wn_low_kernel *wn_low_kernel_get(wn_precision p);

typedef struct {
    const wn_low_kernel *kernel; /* NULL: not packed */
    size_t n, k, groups;
    uint32_t *panels;   /* [ceil(n / 32)][groups][32] */
    float *scale, *sum; /* [n rounded up to 32]; int8 only */
} wn_low;

wn_code wn_low_init(wn_low *l, const wn_low_kernel *kernel, const float *w, size_t n, size_t k, wn_err *err);
void wn_low_free(wn_low *l);

/* Bytes of scratch that wn_low_apply needs for products over at most k values. */
size_t wn_low_scratch(size_t k);
/* What becomes of the f32 tile [m, n] at rows 32 floats apart: called once for each piece of the product, whose first
 * element is y[row, column]. */
typedef void (*wn_low_finish)(void *ctx, const float *tile, size_t row, size_t column, size_t m, size_t n);
void wn_low_apply(const wn_low *l, const float *x, size_t ldx, size_t m, void *scratch, wn_low_finish finish, void *ctx);

#endif
