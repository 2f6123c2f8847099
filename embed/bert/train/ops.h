#ifndef TRAIN_OPS_H
#define TRAIN_OPS_H
/* Operations on rows, forward and backward, on one thread; the bits of a row depend on nothing but the row. m rows of h
 * values, one after another. d: the gradient of the loss with respect to what the name says. */
#include <wn/train.h>

/* Which values dropout leaves out, and what the others are multiplied by: those of row r of a place in the network at a
 * step of training are a function of (seed, stream, r). */
typedef struct {
    uint64_t seed, stream; /* stream: step and place */
    uint32_t below;        /* a value is left out where its 32 random bits are below; 0: none */
    wn_real scale;         /* 1 / (1 - p) */
} wn_dropout;

/* What AdamW does to a row of values at a step. */
typedef struct {
    wn_real keep;                 /* 1 - lr decay */
    wn_real beta1, beta2;
    wn_real rate;                 /* lr / (1 - beta1^t) */
    wn_real root;                 /* 1 / sqrt(1 - beta2^t) */
    wn_real eps, grad_scale;
} wn_adamw_factors;
typedef struct {
    wn_real *value, *first, *second;
    const wn_real *grad;
} wn_adamw_rows;

typedef struct {
    /* y[n] = a(x[n]) */
    void (*activate)(wn_activation a, wn_real *y, const wn_real *x, size_t n);
    /* d[n]: of y becomes of x; x becomes y again */
    void (*activate_backward)(wn_activation a, wn_real *x, wn_real *d, size_t n);
    /* hat[m, h] = (x - mean) scale, scale[m] = 1 / sqrt(variance + eps); hat may be x */
    void (*norm)(wn_real *hat, wn_real *scale, const wn_real *x, size_t m, size_t h, double eps);
    /* y[m, h] = hat w + b; y may be hat */
    void (*norm_affine)(wn_real *y, const wn_real *hat, const wn_real *w, const wn_real *b, size_t m, size_t h);
    /* d[m, h]: of y becomes of x; dw[h] and db[h] get what these rows add */
    void (*norm_backward)(wn_real *d, const wn_real *hat, const wn_real *scale, const wn_real *w, wn_real *dwdb,
                          size_t m, size_t h);
    /* x[m, n] = softmax(by x) */
    void (*softmax)(wn_real *x, wn_real by, size_t m, size_t n);
    /* d[m, n]: of p becomes of x, where p = softmax(by x) */
    void (*softmax_backward)(wn_real *d, const wn_real *p, wn_real by, size_t m, size_t n);
    /* x[n] with some left out: forward and backward are the same */
    void (*dropout)(wn_real *x, const wn_dropout *p, uint64_t row, size_t n);
    void (*add_bias)(wn_real *x, const wn_real *bias, size_t m, size_t n);
    void (*add)(wn_real *x, const wn_real *other, size_t n);
    /* out[n] += sums of the columns of x[m, n] */
    void (*add_rows)(wn_real *out, const wn_real *x, size_t ldx, size_t m, size_t n);
    void (*adamw)(const wn_adamw_rows *r, const wn_adamw_factors *f, size_t n);
    /* x[n] times each of by[k] in turn */
    void (*multiply)(wn_real *x, const wn_real *by, size_t k, size_t n);
} wn_train_ops;
extern const wn_train_ops wn_train_ref_ops;
extern const wn_train_ops wn_train_avx2_ops, wn_train_avx512_ops; /* float only */
const wn_train_ops *wn_train_ops_get(void); /* the fastest that this processor has */

#endif
