#ifndef BERT_PRIVATE_H
#define BERT_PRIVATE_H
/* The encoder's parts. H = hidden, I = intermediate, T = tokens of a chunk. */
#include <winnow/bert.h>
#include <wn/weights.h>

#include "linear/linear.h"

/* y = x W^T + b with W [n, k]. */
typedef struct {
    wn_linear_layer w;
    float *bias; /* [n] */
} wn_affine;

typedef struct {
    float *weight, *bias; /* [H] */
} wn_norm;

typedef struct {
    wn_affine qkv; /* [3H, H] */
    wn_affine out; /* [H, H] */
    wn_norm after_attention;
    wn_affine up, down; /* [I, H], [H, I] */
    wn_norm after_ffn;
} wn_layer;

struct wn_bert {
    wn_model_config config;
    wn_bert_opts opts;
    wn_weights *weights;             /* while tensors are read */
    float *words, *positions, *types; /* [vocab, E], [positions, E], [types, E] or NULL */
    wn_norm embedding_norm;          /* [E] */
    wn_affine mapping;               /* ALBERT: [H, E]; W of no size elsewhere */
    wn_layer *layers;                /* [nlayers] as stored: ALBERT groups * inner */
    size_t nlayers;
    wn_affine dense;                 /* sentence-transformers Dense module; else W of no size */
};

/* ---- load.c ---- */
wn_code wn_bert_load(wn_bert *m, const char *dir, wn_err *err);
/* The same with m->weights open, telling of every tensor that is wanted: t is NULL where it is missing. */
typedef void (*wn_tensor_note)(void *ctx, const char *name, const wn_weights *w, const wn_tensor *t);
wn_code wn_bert_load_noted(wn_bert *m, const char *dir, wn_tensor_note note, void *ctx, wn_err *err);

/* ---- affine.c ---- */
/* Packs W [n, k] and copies the bias [n]. */
wn_code wn_affine_init(wn_affine *l, const wn_linear_opts *o, const float *w, const float *bias, size_t n, size_t k,
                       wn_err *err);
void wn_affine_free(wn_affine *l); /* empties *l */
/* y[m, n] = activation(x W^T + b) for the given rows of x. scratch: wn_linear_layer_scratch of l->w, 64-byte aligned.
 * */
void wn_affine_apply(const wn_affine *l, wn_activation a, const wn_linear_rows *x, float *y, size_t ldy, void *scratch);
/* Only x W^T: the bias comes later. */
void wn_affine_product(const wn_affine *l, const wn_linear_rows *x, float *y, size_t ldy, void *scratch);

/* ---- ops.c, ops_avx2.c, ops_avx512.c: on rows of f32, one thread; the bits of a row depend on nothing but the row (of
 * a text: the text) ---- */
typedef struct {
    wn_activate_rows bias_activate;
    /* x[m, h] = norm(x + bias + residual) in place; bias [h] and residual [m, h] may be NULL. scales [m], or NULL,
     * gets one over each row's standard deviation */
    void (*norm_rows)(const wn_norm *norm, double eps, const float *bias, float *x, const float *residual, size_t m,
                      size_t h, float *scales);
    /* out[t, H] = softmax(Q K^T / sqrt(H / heads)) V for one text; qkv [t, 3H]; scratch: attention_scratch floats */
    size_t (*attention_scratch)(size_t t, size_t hidden, size_t heads);
    void (*attention)(const float *qkv, size_t t, size_t hidden, size_t heads, float *scratch, float *out);
} wn_bert_ops;
extern const wn_bert_ops wn_bert_ref_ops, wn_bert_avx2_ops, wn_bert_avx512_ops;
const wn_bert_ops *wn_bert_ops_get(void); /* the fastest that this processor has */

/* ---- pass.c ---- */
/* Bytes of scratch that the products of so many rows need. */
size_t wn_bert_product_scratch(const wn_bert *m, size_t rows);

/* ---- shares.c ---- */
typedef struct {
    size_t width;             /* 3H */
    float *rows;              /* [rows, 3H]: what every token has; the types', positions' and words' shares */
    size_t positions, words;  /* the first rows of each */
    uint32_t *of_word;        /* [vocab] the row of each word of the call */
} wn_bert_shares;
/* Of the words of n texts and the positions that they reach. rows is NULL where the first layer is not to be had so
 * (ALBERT). */
wn_code wn_bert_shares_init(wn_bert_shares *s, const wn_bert *m, const wn_token_batch *b, wn_err *err);
void wn_bert_shares_free(wn_bert_shares *s);
/* out[3H] of a token whose embedding's layer norm multiplies by `scale`. */
void wn_bert_shares_add(const wn_bert_shares *s, uint32_t word, size_t position, size_t type, float scale, float *out);

/* Distance of the rows of [T, I]: one that does not bring the same columns of all rows into one set of the cache. */
static inline size_t wn_bert_wide(const wn_model_config *c) { return c->intermediate + 16; }
/* The caller's choice, or else the model's. */
static inline wn_pooling wn_bert_pooling(const wn_bert *m) {
    return m->opts.pooling == WN_POOL_MODEL ? m->config.pooling : m->opts.pooling;
}

/* ---- pool.c ---- */
/* out [wn_bert_dims] of a text with hidden states x [t, H], as the caller and the model want it. row: [H] of scratch;
 * product: wn_bert_product_scratch. */
void wn_bert_pool(const wn_bert *m, const float *x, size_t t, float *row, void *product, float *out);
/* out[H] pooled from x [t, H] and of length 1: for layers in between. */
void wn_bert_pool_layer(const wn_bert *m, const float *x, size_t t, float *out);

#endif
