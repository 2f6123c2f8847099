#ifndef BERT_PRIVATE_H
#define BERT_PRIVATE_H
/* The encoder's parts. H = hidden, I = intermediate, T = tokens of a chunk. */
#include <winnow/bert.h>
#include <winnow/gemm.h>
#include <winnow/weights.h>

/* y = x W^T + b with W [n, k] packed for the precision. */
typedef struct {
    size_t n, k;
    wn_packed f32;
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
wn_code wn_layer_linear_init(wn_layer_linear *l, const float *w, const float *bias, size_t n, size_t k, wn_err *err);
void wn_layer_linear_free(wn_layer_linear *l);

/* ---- ops.c: all on rows of f32, one thread ---- */
void wn_layer_linear_apply(const wn_layer_linear *l, const float *x, size_t ldx, size_t m, float *y, size_t ldy);
void wn_activate(wn_activation a, float *x, size_t n);
/* x[m, h] = norm(x + residual) in place; residual may be NULL. */
void wn_norm_rows(const wn_norm *norm, double eps, float *x, const float *residual, size_t m, size_t h);
/* out[t, H] = softmax(Q K^T / sqrt(H / heads)) V for one text; qkv [t, 3H]; scores: scratch of t * t floats. */
void wn_attention(const float *qkv, size_t t, size_t hidden, size_t heads, float *scores, float *out);
/* out[H] pooled from x [t, H]. */
void wn_pool(wn_pooling pooling, const float *x, size_t t, size_t hidden, float *out);

#endif
