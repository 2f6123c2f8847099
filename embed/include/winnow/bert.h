#ifndef WINNOW_BERT_H
#define WINNOW_BERT_H
/* Forward pass of BERT, RoBERTa, DistilBERT and ALBERT: packed without padding, the same bits whatever the batch and
 * the number of threads. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/mem.h>
#include <winnow/model.h>
#include <winnow/progress.h>
#include <winnow/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* AUTO is f32: the others trade accuracy for speed and are for the user to choose. */
#define WN_PRECISIONS(X)                                                                                        \
    X(WN_PREC_AUTO, "auto") X(WN_PREC_F32, "f32") X(WN_PREC_BF16, "bf16") X(WN_PREC_F16, "f16")                   \
    X(WN_PREC_INT16, "int16") X(WN_PREC_INT8, "int8")
typedef enum { WN_PRECISIONS(WN_NAME_VALUE) } wn_precision;
/* WN_EUSAGE for a precision that this processor lacks, naming what it needs and what there is; wn_bert_open asks too.
 * */
wn_code wn_precision_check(wn_precision p, wn_err *err);
wn_precision wn_precision_resolve(wn_precision p); /* what AUTO stands for, or p itself */
const char *wn_precision_name(wn_precision p);

enum { WN_BERT_LAST_LAYER = -1 };
typedef struct {
    wn_precision precision; /* AUTO = f32 */
    int layer;       /* which layer's output is pooled: 0 = embeddings, 1 .. layers, or WN_BERT_LAST_LAYER */
    wn_pooling pooling;
    size_t max_tokens; /* 0 = the model's own */
    int normalize;   /* 1 = L2-normalise the result; 0 = as the model's modules say */
    const wn_model_config *config; /* the folder's, where it was read before; NULL: opening reads it */
} wn_bert_opts;

typedef struct wn_bert wn_bert;
/* Raised whenever the bits of a vector change. */
enum { WN_BERT_ARITHMETIC = 5 };
/* Opens model folder `dir` (weights, config, modules; the tokenizer apart). Packs the weights once for the precision:
 * in f32 into 7/4 or 5/3 of their size (ALBERT 1), in int16 7/8, in bf16 and f16 1/2, in int8 a little over 1/4.
 * WN_EINPUT names every missing tensor and every tensor of a wrong shape. */
wn_code wn_bert_open(wn_bert **out, const char *dir, const wn_bert_opts *o, wn_err *err);
void wn_bert_close(wn_bert *m);
const wn_model_config *wn_bert_config(const wn_bert *m);
size_t wn_bert_dims(const wn_bert *m); /* width of a pooled vector */

/* n texts as packed ids: text i has ids[offsets[i] .. offsets[i + 1]), and types likewise (NULL: all 0). Borrowed. */
typedef struct {
    const uint32_t *ids;
    const uint8_t *types;
    const size_t *offsets; /* [n + 1] */
    size_t n;
} wn_token_batch;

/* Told now and then, on the calling thread, how many tokens are done (not if that is itself a piece of a
 * wn_parallel_for); a code other than WN_OK, with `err` filled, ends the call with it. */
typedef wn_code (*wn_bert_watch)(void *ctx, size_t tokens, wn_err *err);
/* What else a forward pass gives; each may be left out. */
typedef struct {
    float *layers; /* [n, (layers + 1) hidden], rows layers_stride floats apart: pooled vectors of length 1 of every
                      layer, embeddings first. A Dense module is left out: it belongs to the last layer alone. */
    size_t layers_stride;
    unsigned char *ready; /* [n] 1 where a text's rows are there, which after an end by `watch` not all are */
    wn_bert_watch watch;
    void *ctx; /* of `watch` */
} wn_bert_extras;

/* Pooled vectors of a batch: out row i [wn_bert_dims], rows `stride` floats apart, gets that of text i. Each text has
 * at least one and at most config.positions tokens. more: NULL for nothing. One pass, all threads. */
wn_code wn_bert_forward(const wn_bert *m, const wn_token_batch *b, float *out, size_t stride,
                        const wn_bert_extras *more, wn_err *err);
/* Hidden states of every layer of a batch of one text: out [layers + 1, tokens, hidden], embeddings first. */
wn_code wn_bert_hidden(const wn_bert *m, const wn_token_batch *text, float *out, wn_err *err);

/* One line per tensor that the checkpoint has and the encoder does not use, and per tensor it wants and lacks.
 * `config`: the folder's, as wn_model_config_read gave it. wn_free *text. */
wn_code wn_bert_describe(const char *dir, const wn_model_config *config, char **text, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
