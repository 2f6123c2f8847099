#ifndef WINNOW_MODEL_H
#define WINNOW_MODEL_H
/* A model folder as people have it: where it is, its config.json, its sentence-transformers modules, its tensors by
 * role. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>
#include <winnow/names.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum { WN_BERT, WN_ROBERTA, WN_DISTILBERT, WN_ALBERT } wn_arch;
typedef enum { WN_ACT_GELU, WN_ACT_GELU_TANH, WN_ACT_RELU, WN_ACT_TANH, WN_ACT_IDENTITY } wn_activation;
/* MODEL: as the model's own files say, which name one of the others. */
#define WN_POOLINGS(X)                                                                                      \
    X(WN_POOL_MODEL, "model") X(WN_POOL_MEAN, "mean") X(WN_POOL_CLS, "cls") X(WN_POOL_MAX, "max")             \
    X(WN_POOL_MEAN_SQRT, "mean_sqrt_len") X(WN_POOL_WEIGHTED, "weightedmean") X(WN_POOL_LAST, "lasttoken")
typedef enum { WN_POOLINGS(WN_NAME_VALUE) } wn_pooling;
const char *wn_pooling_name(wn_pooling p);

/* The folder of `name`: a path, or "org/name" in the Hugging Face cache (HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE,
 * SENTENCE_TRANSFORMERS_HOME, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub) or in winnow's own
 * (WINNOW_MODELS, XDG_CACHE_HOME/winnow/models, ~/.cache/winnow/models). Not found: WN_EUSAGE with the places searched,
 * the models that are there and how to get it; WN_EINPUT for an incomplete folder or snapshot says what is missing.
 * wn_free the result. */
wn_code wn_model_find(char **dir, const char *name, wn_err *err);

/* Bytes of: a folder inside the model's; a prompt; a list of unknown keys. */
enum { WN_MODEL_INSIDE = 64, WN_MODEL_PROMPT = 512, WN_MODEL_UNKNOWN = 400 };

typedef struct {
    wn_arch arch;
    size_t vocab, hidden, layers, heads, intermediate, positions, types;
    size_t embedding;  /* ALBERT: factorised embedding size; else = hidden */
    size_t groups, inner; /* ALBERT: hidden groups and layers in a group; else 0 */
    wn_activation activation;
    double norm_eps, hidden_dropout, attention_dropout;
    double head_dropout; /* before a classifier */
    double initializer_range; /* standard deviation of weights that are drawn */
    size_t pad;        /* pad_token_id; RoBERTa's positions start at pad + 1 */
    size_t max_tokens; /* what the tokens of one text may number: positions, max_seq_length, whichever is less */
    wn_pooling pooling;
    bool normalize;    /* a Normalize module */
    size_t dense_out;  /* a Dense module's width; 0 = none */
    bool dense_bias;
    wn_activation dense_activation;
    char dense_path[WN_MODEL_INSIDE]; /* its folder inside the model's */
    char path[WN_MODEL_INSIDE]; /* that of the encoder, its weights and its tokenizer; empty: the model's own */
    bool sentence_transformer; /* modules.json was there */
    bool lowercase;    /* do_lower_case of sentence_bert_config.json */
    char prompt[WN_MODEL_PROMPT]; /* what stands before every text; empty: nothing */
    char unknown[WN_MODEL_UNKNOWN]; /* "FILE: key; FILE: key": keys that winnow does not know; empty: none */
} wn_model_config;

/* Reads config.json, modules.json and what they name. WN_EINPUT names the field; what is not supported is refused by
 * file, key and value, with what is. */
wn_code wn_model_config_read(wn_model_config *c, const char *dir, wn_err *err);
/* dir/inside, or dir where `inside` is empty. wn_free the result. */
wn_code wn_model_folder(char **out, const char *dir, const char *inside, wn_err *err);
const char *wn_arch_name(wn_arch a);
/* Is it a table of token vectors (winnow/static.h) rather than an encoder with layers? By modules.json, or else by the
 * model_type of config.json. */
wn_code wn_model_is_static(bool *is, const char *dir, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
