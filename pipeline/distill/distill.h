#ifndef WN_PIPELINE_DISTILL_H
#define WN_PIPELINE_DISTILL_H
/* A static token table made of an encoder with layers, after Tulkens and van Dongen, "Model2Vec" (2024): one forward
 * pass a token of the vocabulary, [CLS] token [SEP], its vector pooled, the principal axes of these vectors, a weight a
 * token.
 *
 *     distill.c      the model, the rows
 *     save_table.c   the folder that model2vec, sentence-transformers and winnow open */
#include <cjson/cJSON.h>
#include <winnow/bert.h>
#include <winnow/static.h>
#include <winnow/tokenizer.h>
#include <wn/timings.h>

typedef struct {
    const char *model;  /* folder or name */
    size_t dims;        /* wanted; no more than the model's vectors have */
    wn_token_weights weights;
    wn_pooling pooling; /* MODEL: the mean, unless the model's files say otherwise */
    wn_precision precision;
} wn_distill_opts;

/* Zero-initialise; wn_distilled_free in the end. */
typedef struct {
    char *dir;
    wn_model_config config;
    wn_pooling pooling; /* as resolved */
    const char *precision;
    wn_tok *tok;
    uint32_t *ids;    /* [n] the pieces that are kept, by their ids in the model */
    size_t n, dims;   /* dims: of the table */
    float *rows;      /* [n, dims]; zeros for padding and what is unknown */
    double explained; /* share of the variance that the axes hold */
} wn_distilled;

/* Model and tokenizer, sizes known, nothing computed. WN_EUSAGE: no such model, or fewer tokens than dims. */
wn_code wn_distill_open(wn_distilled *d, const wn_distill_opts *o, wn_err *err);
size_t wn_distill_memory(const wn_distilled *d);
/* The rows: all threads, the same bits for any number of them. */
wn_code wn_distill_rows(wn_distilled *d, const wn_distill_opts *o, wn_progress *p, wn_err *err);
void wn_distilled_free(wn_distilled *d);

/* What else the folder says of itself. */
typedef struct {
    const wn_distill_opts *opts;
    const char *sha256;           /* of the model's weights */
    const char *command, *config; /* as manifests have them */
    uint64_t seed;
    const wn_timings *timings;
} wn_distill_origin;
/* config.json, model.safetensors, tokenizer.json, modules.json, README.md,
 * SHA256SUMS, manifest.json in the folder `path`, which appears whole or not at all. overwrite: as
 * wn_outdir_create. */
wn_code wn_distill_save(const wn_distilled *d, const wn_distill_origin *o, const char *path, bool overwrite,
                        wn_err *err);

#endif
