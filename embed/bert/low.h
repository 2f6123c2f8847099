#ifndef BERT_LOW_H
#define BERT_LOW_H
/* Products y = x W^T in reduced precision: bf16, f16, int8. (int16 is winnow/paired.h's.)
 *
 * Numbers travel in groups of 32 bits along k: two bf16 or f16, four bytes. W is packed once in panels of 32 rows,
 * [panel][group][32]; x is converted in blocks of at most WN_LOW_ROWS rows, [row][group]. Groups are filled up with
 * zeros to a multiple of WN_LOW_GROUPS, so that vectors and matrix tiles see the same layout. Each element of a product
 * depends on its row and column alone, never on the block.
 *
 * int8: in each block of 64 values along k, w = scale * q with q in -127..127 and x = offset + scale * q with q in 0..255,
 * found from the block's own extremes. One scale for a whole row of x would follow its few large columns and leave the
 * others too coarse: on sentences that cost five times the error. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/bert.h>
#include <winnow/err.h>

enum { WN_LOW_PANEL = 32, WN_LOW_ROWS = 96, WN_LOW_GROUPS = 16 };

/* One product of a converted block of x with one panel of W. */
typedef struct {
    const uint32_t *a;              /* [m][groups] */
    const float *row_scale, *row_offset; /* [m][groups / 16]; int8 only, as below */
    size_t groups, m;
    const uint32_t *panel;          /* [groups][32] */
    const float *scale, *sum;       /* [groups / 16][32] */
} wn_low_part;

typedef struct {
    wn_precision precision;
    size_t per;  /* values in a group: 2 or 4 */
    size_t rows; /* that it likes in a block, at most WN_LOW_ROWS */
    /* One row of x [k] to `groups` groups; int8 also gives each block's scale and offset. */
    void (*row)(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset);
    /* The same for a row of W; int8 gives each block's scale, and the sum of its numbers times the scale. */
    void (*weight)(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum);
    /* c[m, 32] = a . panel. a and c have WN_LOW_ROWS rows, which a kernel may compute beyond m. */
    void (*product)(const wn_low_part *part, float *c);
} wn_low_kernel;

extern const wn_low_kernel wn_low_bf16_avx512, wn_low_bf16_amx, wn_low_f16_avx512, wn_low_int8_avx512, wn_low_int8_avx2;
/* What the matrix-tile kernel shares with the vector one. */
void wn_low_bf16_row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset);
#define wn_low_bf16_weight wn_low_bf16_row /* x and W are rounded alike */

/* Asks the system, once, to let this process use matrix tiles. */
bool wn_low_tiles_allowed(void);

/* The kernel of `p` on this processor; NULL where it has none, and for f32 and int16. */
const wn_low_kernel *wn_low_kernel_get(wn_precision p);

typedef struct {
    const wn_low_kernel *kernel; /* NULL: not packed */
    size_t n, k, groups;
    uint32_t *panels;   /* [ceil(n / 32)][groups][32] */
    float *scale, *sum; /* [ceil(n / 32)][groups / 16][32]; int8 only */
} wn_low;

wn_code wn_low_init(wn_low *l, const wn_low_kernel *kernel, const float *w, size_t n, size_t k, wn_err *err);
void wn_low_free(wn_low *l);

/* Bytes of scratch, 64-byte aligned, that wn_low_apply needs for products over at most k values. */
size_t wn_low_scratch(size_t k);
/* What becomes of the f32 tile [m, n] at rows 32 floats apart: called once for each piece of the product, whose first
 * element is y[row, column]. */
typedef void (*wn_low_finish)(void *ctx, const float *tile, size_t row, size_t column, size_t m, size_t n);
void wn_low_apply(const wn_low *l, const float *x, size_t ldx, size_t m, void *scratch, wn_low_finish finish, void *ctx);

#endif
