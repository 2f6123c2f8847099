#ifndef WINNOW_D2V_KERNEL_H
#define WINNOW_D2V_KERNEL_H
/* Leaf kernels of doc2vec. Vectors are 64-byte aligned, their length n is a multiple of 16, padding is zero. */
#include <stdbool.h>
#include <stddef.h>

enum { WN_D2V_BATCH = 8, WN_D2V_SIGMOID_SIZE = 1024 };
#define WN_D2V_CLIP 6.0f

typedef struct {
    /* Logistic regression on up to WN_D2V_BATCH distinct rows: with f = in . row, |f| < 6 and bit i of `labels` as
     * y, g = (y - sigmoid(f)) alpha, then work += g row and, if `learn`, row += g in. */
    void (*step)(const float *in, float *work, float *const *rows, unsigned count, unsigned labels, size_t n,
                 float alpha, bool learn);
    /* y = scale (rows[0] + rows[1] + ...), count >= 1 */
    void (*sum)(float *y, float *const *rows, size_t count, float scale, size_t n);
    /* rows[i] += x; a row may stand in the list more than once */
    void (*add)(float *const *rows, size_t count, const float *x, size_t n);
    /* y += (copies[0] - y) + (copies[1] - y) + ...; with one copy, y becomes that copy */
    void (*merge)(float *y, float *const *copies, size_t count, size_t n);
} wn_d2v_kernels;

/* Fills the sigmoid table; called before any step. */
void wn_d2v_kernels_init(void);
/* The kernels for this processor. */
const wn_d2v_kernels *wn_d2v_kernels_get(void);

extern const wn_d2v_kernels wn_d2v_kernels_ref, wn_d2v_kernels_avx2, wn_d2v_kernels_avx512;

/* sigmoid at the middle of 1024 equal steps of [-6, 6]: within .0015 of the exact value. */
extern float wn_d2v_sigmoid_table[WN_D2V_SIGMOID_SIZE];

/* (label - sigmoid(f)) alpha, or 0 where |f| >= 6 or f is not a number. */
static inline float wn_d2v_gradient(float f, unsigned label, float alpha) {
    if (!(f > -WN_D2V_CLIP && f < WN_D2V_CLIP)) return 0.0f;
    unsigned i = (unsigned)((f + WN_D2V_CLIP) * ((float)WN_D2V_SIGMOID_SIZE / (2.0f * WN_D2V_CLIP)));
    if (i >= WN_D2V_SIGMOID_SIZE) i = WN_D2V_SIGMOID_SIZE - 1;
    return ((float)label - wn_d2v_sigmoid_table[i]) * alpha;
}

#endif
