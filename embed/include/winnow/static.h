#ifndef WINNOW_STATIC_H
#define WINNOW_STATIC_H
/* Static token tables: a text's vector is the mean of its tokens' rows (times a weight a token), of length 1. Folders
 * of model2vec (tensors "embeddings" and perhaps "weights" and "mapping", after Tulkens and van Dongen, "Model2Vec",
 * 2024) and of sentence-transformers ("embedding.weight" of a StaticEmbedding module), each read as its own library
 * does:
 *
 *     model2vec              the first max_length tokens (config.json; 512 without it) of the first
 *                            max_length * (median characters of a token) characters; unknown tokens left out
 *     sentence-transformers  as many tokens as tokenizer.json leaves; unknown ones count as any other */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/model.h>
#include <winnow/names.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WN_TOKEN_WEIGHTS(X) X(WN_TOKENS_ALIKE, "none") X(WN_TOKENS_ZIPF, "zipf") X(WN_TOKENS_SIF, "sif")
typedef enum { WN_TOKEN_WEIGHTS(WN_NAME_VALUE) } wn_token_weights; /* how much a token counts when a table is made */
const char *wn_token_weights_name(wn_token_weights w);

typedef struct {
    size_t max_tokens; /* of one text, instead of what the folder says; 0: as it says */
} wn_static_opts;

typedef struct {
    char path[WN_MODEL_INSIDE]; /* folder of table and tokenizer inside the model's; empty: that itself */
    bool model2vec;             /* else of sentence-transformers */
    bool normalize;             /* vectors have length 1, as the folder says; wn_static_encode does it always */
    bool mapped, weighted;      /* tokens share rows; have weights */
    size_t rows, dims;          /* of the table */
    size_t max_tokens;          /* model2vec: of one text; 0: all */
    const char *type;           /* of the numbers, as they are stored: "f32" */
} wn_static_config;

/* What folder `dir` holds, without the numbers. WN_EINPUT: no table, or one of a wrong shape. */
wn_code wn_static_config_read(wn_static_config *c, const char *dir, wn_err *err);

typedef struct wn_static wn_static;
/* Table and tokenizer of folder `dir`; o may be NULL. The table is held as f32. WN_EINPUT: a tensor of a wrong shape, a
 * number that is not finite, a mapping to rows that are not there, a tokenizer with more tokens than there are rows, or
 * one that is not supported. */
wn_code wn_static_open(wn_static **out, const char *dir, const wn_static_opts *o, wn_err *err);
void wn_static_close(wn_static *s);
const wn_static_config *wn_static_config_of(const wn_static *s);
size_t wn_static_tokens(const wn_static *s); /* ids of the tokenizer */

typedef struct {
    size_t tokens;    /* that count in a vector */
    size_t truncated; /* texts that lost some */
    size_t zero;      /* texts without a token that counts: zero vectors */
} wn_static_counts;
/* x gets [texts->n, dims] rows of length 1, the caller's to free; *counts is added to. A row depends on its text alone.
 * All threads; O(tokens * dims), sums in double. */
wn_code wn_static_encode(const wn_static *s, const wn_texts *texts, wn_mat *x, wn_static_counts *counts, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
