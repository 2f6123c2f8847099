#ifndef WINNOW_LINEAR_H
#define WINNOW_LINEAR_H
/* y = activation(x W^T + b): one layer, whatever is behind it. Who encodes speaks of rows and of texts; pairs of rows,
 * packing and precision are this folder's business alone.
 *
 * There are four kinds of products, each a wn_linear_vt in a file of its own, and one table in linear.c that picks by
 * precision and shape: plain.c (f32), strassen_f32.c (f32 with fewer multiplications), strassen_int16.c (the same in
 * 16-bit integers), quant.c (bf16, f16 and int8). A row of y has the same bits whatever else is multiplied with it, as
 * long as its text is the same. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/bert.h>

/* Rows of x [m, k] at `x`, `stride` floats apart: those of `texts` texts, one behind the other. Text i has offsets[i +
 * 1] - offsets[i] of them; where offsets is NULL, each text has one row. Borrowed. */
typedef struct {
    const float *x;
    size_t stride;
    const size_t *offsets;
    size_t texts;
} wn_linear_rows;
static inline size_t wn_linear_rows_count(const wn_linear_rows *r) {
    return r->offsets ? r->offsets[r->texts] - r->offsets[0] : r->texts;
}

/* y[i, j] = activation(x[i, j] + bias[j]) for x [m, n], rows ldx and ldy apart; y may be x; bias may be NULL. */
typedef void (*wn_activate_rows)(const float *bias, wn_activation a, const float *x, size_t ldx, size_t m, size_t n,
                                 float *y, size_t ldy);
/* What becomes of a product: done on pieces of it while they are in a cache. */
typedef struct {
    const float *bias; /* [n], or NULL */
    wn_activation activation;
    wn_activate_rows activate;
} wn_epilogue;

typedef struct {
    wn_precision precision;
    /* A layer that is applied many times over (ALBERT), or whose result is a vector itself: f32 sums of 32 values of k
     * are added up, rather than one chain, and never by Strassen's algorithm: half of the rounding error, 4/5 of the
     * speed. */
    bool careful;
} wn_linear_opts;

/* One kind. `state` is the packed W, of the kind's own type. */
typedef struct {
    const char *name;
    bool (*has)(wn_precision p);       /* whether this processor can */
    bool (*fits)(size_t n, size_t k);  /* whether W may have this shape */
    /* Bytes that apply needs for so many rows. */
    size_t (*scratch)(size_t n, size_t k, size_t rows);
    /* Packs W [n, k], rows k apart, into a new state. */
    wn_code (*pack)(void **state, const wn_linear_opts *o, const float *w, size_t n, size_t k, wn_err *err);
    /* y [m, n], rows ldy apart; x, y and scratch (64-byte aligned) do not overlap. One thread, no allocation. */
    void (*apply)(const void *state, const wn_linear_rows *x, const wn_epilogue *e, float *y, size_t ldy,
                  void *scratch);
    void (*free)(void *state); /* NULL is fine */
} wn_linear_vt;
extern const wn_linear_vt wn_linear_plain, wn_linear_strassen, wn_linear_strassen16, wn_linear_quant;

typedef struct {
    size_t n, k; /* 0: none */
    const wn_linear_vt *kind;
    void *state; /* of the kind's own type */
} wn_linear_layer;

/* Packs W [n, k] as the best kind for the precision and the shape. Shapes that a precision cannot take stay in f32. */
wn_code wn_linear_layer_init(wn_linear_layer *l, const wn_linear_opts *o, const float *w, size_t n, size_t k,
                             wn_err *err);
void wn_linear_layer_free(wn_linear_layer *l); /* empties *l */
/* Bytes, to be 64-byte aligned; 0 where there is no W. */
size_t wn_linear_layer_scratch(const wn_linear_layer *l, size_t rows);
void wn_linear_layer_apply(const wn_linear_layer *l, const wn_linear_rows *x, const wn_epilogue *e, float *y,
                           size_t ldy, void *scratch);

#endif
