#ifndef WINNOW_BERT_PASS_H
#define WINNOW_BERT_PASS_H
/* One pass of some texts through the layers, on one thread. */
#include "bert_private.h"

/* Scratch of one worker for chunks of up to T tokens. */
typedef struct {
    float *x, *y;     /* [T, H] */
    float *qkv;       /* [T, 3H] */
    float *wide;      /* [T, wn_bert_wide]; the embedding rows [T, E] before the layers, attention's results [T, H] */
    float *attention; /* what attention of the longest text needs */
    void *product;    /* wn_bert_product_scratch bytes */
    uint32_t *places; /* [T] positions */
    float *scales;    /* [T] of the embeddings' layer norm */
    float *few[3];    /* x, y and wide of the texts' first tokens, where all tokens go on too; else NULL */
} wn_bert_scratch;

/* Texts [first, last) of a batch: their tokens are contiguous. */
typedef struct {
    const wn_bert *m;
    wn_token_batch batch;
    const wn_bert_shares *shares;
    size_t first, last;
} wn_bert_chunk;

/* What a pass is for. */
typedef struct {
    size_t upto;   /* layers to run */
    size_t pooled; /* after which of them (0: the embeddings) the texts' vectors are pooled */
    bool firsts;   /* of `pooled` only the texts' first tokens are wanted, and they are wanted as rows on their own */
    bool every;    /* the hidden states after every layer are wanted too */
} wn_bert_plan;

/* Told of hidden states x: after the embeddings (layer 0) and after each layer. With `firsts` they are a row a text,
 * else [T, H]. Where plan->firsts and plan->every, `pooled` is told of twice, its rows on their own first. */
typedef void (*wn_bert_visit)(void *ctx, size_t layer, bool firsts, const float *x);

wn_code wn_bert_scratch_init(wn_bert_scratch *s, const wn_bert *m, const wn_bert_plan *plan, size_t tokens,
                             size_t longest, wn_err *err);
void wn_bert_scratch_free(wn_bert_scratch *s);
void wn_bert_pass(const wn_bert_chunk *c, const wn_bert_plan *plan, wn_bert_scratch *s, wn_bert_visit visit, void *ctx);

#endif
