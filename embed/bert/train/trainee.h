#ifndef TRAIN_TRAINEE_H
#define TRAIN_TRAINEE_H
/* What forward and backward share. T = tokens of the batch, C = tokens of a chunk, H = hidden, I = intermediate,
 * E = embedding. */
#include <wn/train.h>

#include "bert/train/ops.h"
#include "bert/train/product.h"

/* y = x W^T + b. Where W [n, k] and b [n] are in wn_params.value, and which rows of wn_params.list they come from: q, k
 * and v are three weights one after another, then three biases. */
typedef struct {
    size_t w, b, n, k, first, count; /* n 0: there is none */
} wn_train_linear;
typedef struct {
    size_t w, b, first; /* [H] each, b behind w */
} wn_train_norm;
typedef struct {
    wn_train_linear qkv, out, up, down;
    wn_train_norm after_attention, after_ffn;
} wn_train_layer;

/* Where everything is in wn_params. */
typedef struct {
    size_t words, positions, types; /* types: only where the model has some */
    size_t first_table;             /* their row in the list; they follow one another */
    wn_train_norm embedding_norm;
    wn_train_linear mapping; /* ALBERT */
    wn_train_layer *layers;  /* [nlayers] as stored */
    size_t nlayers;
    wn_train_linear dense;      /* of the head: H to H before the classifier */
    wn_train_linear classifier; /* H to outputs */
} wn_train_map;

/* The places of dropout. */
typedef enum { WN_DROP_EMBEDDINGS, WN_DROP_HEAD, WN_DROP_OUTPUT, WN_DROP_LAYERS } wn_drop_place;
enum { WN_DROP_PROBABILITIES, WN_DROP_ATTENTION, WN_DROP_FFN, WN_DROPS }; /* in a layer */

/* What a layer keeps for the way back. */
typedef struct {
    wn_real *qkv;          /* [T, 3H]; on the way back their gradient */
    wn_real *context;      /* [T, H] attention's results */
    wn_real *hat1, *hat2;  /* [T, H] after the normalisations, before their weights; hat1 becomes what follows them */
    wn_real *scale1, *scale2; /* [T] */
    wn_real *up;           /* [T, I] before the activation; on the way back after it */
} wn_kept_layer;

typedef struct {
    size_t tokens, texts, chunks; /* of the batch */
    bool train;           /* a layer each; else one for all */
    wn_real *block;       /* [room] what the pointers below point into */
    size_t room;
    wn_kept_layer *layer; /* [layers passed] */
    wn_real *embedding_hat, *embedding_scale; /* [T, E], [T] */
    wn_real *embedded;    /* [T, E] ALBERT: what the mapping is applied to; else NULL */
    wn_real *x0;          /* [T, H] what enters the first layer; NULL without ALBERT's mapping: from embedding_hat */
    wn_real *first, *dense, *hidden; /* [texts, H] the head's input, its dense layer before and after activation */
    /* on the way back */
    wn_real *d_first, *d_hidden; /* [texts, H] of the head's input, and of what enters its classifier */
    wn_real *d_embedded; /* [T, E] of the embeddings: ALBERT; else d */
    wn_real *d;        /* [T, H] of what leaves a layer, then of what enters it */
    wn_real *d_down, *d_out; /* [T, H] of the two projections' results */
    wn_real *d_up;     /* [T, I] */
    wn_real *x;        /* [T, H] what enters the layer */
    wn_real *norms;    /* [chunks, 4H or 2E]: a chunk's part of the normalisations' gradients */
} wn_kept;

/* Scratch of one worker. */
typedef struct {
    wn_real *x, *y, *z; /* [C, H] */
    wn_real *wide;      /* [C, I], [C, E] */
    wn_real *attention; /* of the longest text; and what a piece of a weight's gradient takes */
} wn_train_worker;

struct wn_trainee {
    wn_model_config config;
    wn_trainee_opts opts;
    wn_params params;
    wn_train_map map;
    double hidden_dropout, attention_dropout, head_dropout;
    const wn_train_ops *ops;
    size_t passed; /* layers that a text passes: ALBERT's stored ones many times over */
    /* of the last forward pass */
    wn_token_batch batch;
    uint64_t step;
    bool train, kept_step; /* kept_step: there is something to go back from */
    uint32_t *places; /* [T] positions */
    size_t *starts;   /* [chunks + 1] chunks of whole texts: their first */
    size_t chunks, tokens, longest, widest /* tokens of the longest chunk */;
    wn_kept kept;
    wn_real *packed;    /* the products' right sides of a layer, packed */
    wn_operand qkv, out, up, down;
    wn_train_worker *workers; /* [nworkers] */
    size_t nworkers, worker_tokens, worker_longest;
};

/* ---- attention.c ---- */
typedef struct {
    size_t t, hidden, heads;
    wn_dropout dropout;
    uint64_t row; /* of its first head, for dropout; the others follow */
} wn_attention;
size_t wn_attention_scratch(size_t t, size_t hidden, size_t heads);
/* context[t, H] = dropout(softmax(Q K^T / sqrt(H / heads))) V of one text; qkv [t, 3H] */
void wn_attention_forward(wn_real *context, const wn_real *qkv, const wn_attention *a, const wn_train_ops *ops,
                          wn_real *scratch);
/* qkv becomes its gradient, given that of context */
void wn_attention_backward(wn_real *qkv, const wn_real *d_context, const wn_attention *a, const wn_train_ops *ops,
                           wn_real *scratch);

/* ---- params.c ---- */
wn_code wn_trainee_params_init(wn_trainee *t, const char *dir, wn_err *err);
void wn_params_free(wn_params *p);
/* Brings a row of the table of words up to date and notes that it has been read. */
void wn_params_touch(wn_params *p, const wn_train_ops *ops, size_t row, size_t width);

/* ---- room.c ---- */
/* Room for batch t->batch: chunks, kept, workers. */
wn_code wn_trainee_room(wn_trainee *t, wn_err *err);
void wn_trainee_room_free(wn_trainee *t);
/* Which stored layer is the i-th that a text passes. */
size_t wn_trainee_stored(const wn_trainee *t, size_t i);

/* ---- forward.c ---- */
void wn_train_embed(wn_trainee *t);
void wn_train_layer_forward(wn_trainee *t, size_t layer);
/* x[C, H] that enters a layer (layers passed: what leaves the last), tokens [begin, begin + n) */
void wn_train_layer_input(const wn_trainee *t, size_t layer, size_t begin, size_t n, wn_real *x);
wn_dropout wn_train_dropout(const wn_trainee *t, double p, size_t place);
/* Drops of x [n, width], rows `begin` on of their place. */
void wn_train_drop_rows(const wn_trainee *t, wn_real *x, const wn_dropout *p, size_t begin, size_t n, size_t width);
wn_dropout wn_train_layer_dropout(const wn_trainee *t, size_t layer, int place);

wn_attention wn_train_attention(const wn_trainee *t, size_t layer, size_t text);

/* ---- backward.c ---- */
void wn_train_layer_backward(wn_trainee *t, size_t layer);
void wn_train_embed_backward(wn_trainee *t);

/* ---- linear.c ---- */
/* A weight's gradient: dW [n, k] += dy^T x and db [n] += sums of dy, of rows dy [m, n] and x [m, k]. */
typedef struct {
    const wn_train_linear *layer;
    const wn_real *dy, *x; /* one row after another */
} wn_train_gradient;
/* Several of them, all threads; those whose parameters are all frozen are passed over. */
void wn_train_gradients(wn_trainee *t, const wn_train_gradient *g, size_t n, size_t rows);
/* Packs for y = x W^T, or for dx = dy W; all threads. `at` moves behind what was packed. */
void wn_train_pack(wn_trainee *t, wn_operand *o, const wn_train_linear *l, bool back, wn_real **at);
bool wn_train_frozen(const wn_params *p, size_t first, size_t count);
size_t wn_train_gradient_scratch(void);

/* ---- pool.c ---- */
/* out[H] of x [t, H] */
void wn_pool_forward(wn_real *out, const wn_real *x, wn_pooling p, size_t t, size_t h);
/* d[t, H] of x, given that of out; x as it was */
void wn_pool_backward(wn_real *d, const wn_real *dout, const wn_real *x, wn_pooling p, size_t t, size_t h);
/* kept.first from the last layer's states; back: kept.d from kept.d_first. All threads. */
void wn_train_pool(wn_trainee *t, bool back);

/* ---- heads.c ---- */
void wn_train_head_forward(wn_trainee *t, wn_real *out);
void wn_train_head_backward(wn_trainee *t, const wn_real *dout); /* into kept.d */

#endif
