#ifndef WINNOW_QUANT_H
#define WINNOW_QUANT_H
/* Products y = x W^T in reduced precision: bf16, f16, int8. A new one is a file with its kernel and a row in
 * quant.c's table.
 *
 * Numbers travel in groups of 32 bits along k: two bf16 or f16, four bytes. W is packed once in panels of 32 rows,
 * [panel][group][32]; x is converted in blocks of at most WN_QUANT_ROWS rows, [row][group]. Groups are filled up with
 * zeros to a multiple of WN_QUANT_GROUPS, so that vectors and matrix tiles see the same layout. Each element of a
 * product depends on its row and column alone, never on the block.
 *
 * int8: in each block of 64 values along k, w = scale * q with q in -127..127 and x = offset + scale * q with q in
 * 0..255, found from the block's own extremes. One scale for a whole row of x would follow its few large columns and
 * leave the others too coarse: on sentences that cost five times the error. */
#include "linear.h"

enum { WN_QUANT_PANEL = 32, WN_QUANT_ROWS = 96, WN_QUANT_GROUPS = 16 };

/* One product of a converted block of x with one panel of W. */
typedef struct {
    const uint32_t *a;              /* [m][groups] */
    const float *row_scale, *row_offset; /* [m][groups / 16]; int8 only, as below */
    size_t groups, m;
    const uint32_t *panel;          /* [groups][32] */
    const float *scale, *sum;       /* [groups / 16][32] */
} wn_quant_part;

typedef struct {
    wn_precision precision;
    bool scaled; /* a scale for each block of 16 groups, and an offset: int8 */
    size_t per;  /* values in a group: 2 or 4 */
    size_t rows; /* that it likes in a block, at most WN_QUANT_ROWS */
    /* One row of x [k] to `groups` groups; int8 also gives each block's scale and offset. */
    void (*row)(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset);
    /* The same for a row of W; int8 gives each block's scale, and the sum of its numbers times the scale. */
    void (*weight)(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum);
    /* c[m, 32] = a . panel. a and c have WN_QUANT_ROWS rows, which a kernel may compute beyond m. */
    void (*product)(const wn_quant_part *part, float *c);
} wn_quant_kernel;

extern const wn_quant_kernel wn_quant_bf16_avx512, wn_quant_bf16_amx, wn_quant_f16_avx512, wn_quant_int8_avx512,
    wn_quant_int8_avx2;
/* What the matrix-tile kernel shares with the vector one. */
void wn_quant_bf16_row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset);
#define wn_quant_bf16_weight wn_quant_bf16_row /* x and W are rounded alike */

/* Asks the system, once, to let this process use matrix tiles. */
bool wn_quant_tiles_allowed(void);

/* The kernel of `p` on this processor; NULL where it has none. */
const wn_quant_kernel *wn_quant_kernel_get(wn_precision p);

typedef struct {
    const wn_quant_kernel *kernel;
    size_t n, k, groups;
    uint32_t *panels;   /* [ceil(n / 32)][groups][32] */
    float *scale, *sum; /* [ceil(n / 32)][groups / 16][32]; int8 only */
} wn_quant;

wn_code wn_quant_pack(wn_quant **out, const wn_quant_kernel *kernel, const float *w, size_t n, size_t k, wn_err *err);
void wn_quant_free(void *state); /* a wn_quant; NULL is fine */
size_t wn_quant_scratch(size_t n, size_t k, size_t rows);
void wn_quant_apply(const void *state, const wn_linear_rows *x, const wn_epilogue *e, float *y, size_t ldy,
                    void *scratch);

#endif
