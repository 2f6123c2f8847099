#ifndef BERT_PRIVATE_H
#define BERT_PRIVATE_H
/* The encoder's parts. H = hidden, I = intermediate, T = tokens of a chunk. */
#include <winnow/bert.h>
#include <wn/gemm.h>
#include <wn/paired.h>
#include <wn/weights.h>

#include "low.h"

/* y = x W^T + b with W [n, k] packed for one precision. */
typedef struct {
    size_t n, k;
    wn_paired paired; /* f32 or int16 where the shape allows it */
    wn_packed *plain; /* f32 elsewhere: the columns of W, `block` at a time */
    size_t block;
    wn_low low;       /* with a kernel: the other precisions */
    float *bias; /* [n] */
} wn_layer_linear;

typedef struct {
    float *weight, *bias; /* [H] */
} wn_norm;

typedef struct {
    wn_layer_linear qkv;      /* [3H, H] */
    wn_layer_linear out;      /* [H, H] */
    wn_norm after_attention;
    wn_layer_linear up, down; /* [I, H], [H, I] */
    wn_norm after_ffn;
} wn_layer;

struct wn_bert {
    wn_model_config config;
    wn_bert_opts opts;
    wn_weights *weights;             /* kept open: the embedding tables stay in the file */
    const float *words, *positions, *types; /* [vocab, E], [positions, E], [types, E] or NULL */
    float *owned[3];                 /* copies where the file cannot be used in place */
    wn_norm embedding_norm;          /* [E] */
    wn_layer_linear mapping;               /* ALBERT: [H, E]; n = 0 elsewhere */
    wn_layer *layers;                /* [nlayers] as stored: ALBERT groups * inner */
    size_t nlayers;
    wn_layer_linear dense;                 /* sentence-transformers Dense module; n = 0: none */
};

/* ---- load.c ---- */
wn_code wn_bert_load(wn_bert *m, const char *dir, wn_err *err);
/* The same with m->weights open, telling of every tensor that is wanted: t is NULL where it is missing. */
typedef void (*wn_tensor_note)(void *ctx, const char *name, const wn_weights *w, const wn_tensor *t);
wn_code wn_bert_load_noted(wn_bert *m, const char *dir, wn_tensor_note note, void *ctx, wn_err *err);
/* f32 by the paired product where `paired` and the shape allow it; it rounds about twice as much as the plain one. Without
 * `paired` a plain one whose sums of 32 values of k are added up, rather than one chain: less than half of its error, 4/5
 * of its speed. int16 where the shape allows it, else f32. */
wn_code wn_layer_linear_init(wn_layer_linear *l, wn_precision p, bool paired, const float *w, const float *bias, size_t n, size_t k, wn_err *err);
void wn_layer_linear_free(wn_layer_linear *l);

/* ---- ops.c, ops_avx2.c, ops_avx512.c: on rows of f32, one thread; the bits of a row depend on nothing but the row (of
 * a text: the text) ---- */
typedef struct {
    /* y[i, j] = activation(x[i, j] + bias[j]) for x [m, n], rows ldx and ldy apart; y may be x; bias may be NULL */
    void (*bias_activate)(const float *bias, wn_activation a, const float *x, size_t ldx, size_t m, size_t n, float *y, size_t ldy);
    /* x[m, h] = norm(x + bias + residual) in place; bias [h] and residual [m, h] may be NULL. scales [m], or NULL, gets one
     * over each row's standard deviation */
    void (*norm_rows)(const wn_norm *norm, double eps, const float *bias, float *x, const float *residual, size_t m, size_t h,
                      float *scales);
    /* out[t, H] = softmax(Q K^T / sqrt(H / heads)) V for one text; qkv [t, 3H]; scratch: attention_scratch floats */
    size_t (*attention_scratch)(size_t t, size_t hidden, size_t heads);
    void (*attention)(const float *qkv, size_t t, size_t hidden, size_t heads, float *scratch, float *out);
} wn_bert_ops;
extern const wn_bert_ops wn_bert_ref_ops, wn_bert_avx2_ops, wn_bert_avx512_ops;
const wn_bert_ops *wn_bert_ops_get(void); /* the fastest that this processor has */

/* y[m, n] = activation(x W^T + b) for the given rows of x; with WN_BIAS_LATER only x W^T. scratch:
 * wn_layer_linear_scratch(k) bytes, 64-byte aligned, for products with l->k <= k and l->n <= 3 k. */
enum { WN_BIAS_LATER = -1 };
size_t wn_layer_linear_scratch(size_t k);
void wn_layer_linear_apply(const wn_layer_linear *l, int activation, const float *x, size_t ldx, const wn_row_pairs *rows, float *y,
                           size_t ldy, void *scratch);
/* Rows of n texts that lie one behind the other: neighbours within a text are partners in products, so that a text's bits
 * depend on nothing but the text. first: [tokens]. */
wn_row_pairs wn_bert_pair_rows(const size_t *offsets, size_t n, uint32_t *first);

/* ---- shares.c ---- */
typedef struct {
    size_t width;             /* 3H */
    float *rows;              /* [rows, 3H]: what every token has; the types', positions' and words' shares */
    size_t positions, words;  /* the first rows of each */
    uint32_t *of_word;        /* [vocab] the row of each word of the call */
} wn_bert_shares;
/* Of the words of n texts and the positions that they reach. rows is NULL where the first layer is not to be had so (ALBERT). */
wn_code wn_bert_shares_init(wn_bert_shares *s, const wn_bert *m, const uint32_t *ids, const size_t *offsets, size_t n, wn_err *err);
void wn_bert_shares_free(wn_bert_shares *s);
/* out[3H] of a token whose embedding's layer norm multiplies by `scale`. */
void wn_bert_shares_add(const wn_bert_shares *s, uint32_t word, size_t position, size_t type, float scale, float *out);

/* Distance of the rows of [T, I]: one that does not bring the same columns of all rows into one set of the cache. */
static inline size_t wn_bert_wide(const wn_model_config *c) { return c->intermediate + 16; }
/* The caller's choice, or else the model's. */
static inline wn_pooling wn_bert_pooling(const wn_bert *m) {
    return m->opts.pooling == WN_POOL_MODEL ? m->config.pooling : m->opts.pooling;
}
/* out[H] pooled from x [t, H]. */
void wn_pool(wn_pooling pooling, const float *x, size_t t, size_t hidden, float *out);

#endif
