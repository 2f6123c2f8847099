#ifndef STATIC_OWN_H
#define STATIC_OWN_H
/* A static table of a few tokens, written by hand: of model2vec or of sentence-transformers. */
#include "formats/weights_build.h"

#include <math.h>
#include <winnow/mem.h>
#include <winnow/static.h>

enum { OWN_TOKENS = 8, OWN_DIMS = 5, OWN_ROWS = 3 };
/* characters of a token, sorted: 1 1 3 3 4 5 5 5; the median is 3.5, and counts as 3 */
static const char own_vocab[] =
    "{\"[PAD]\": 0, \"[UNK]\": 1, \"red\": 2, \"bird\": 3, \"##s\": 4, \",\": 5, \"a\": 6, \"stone\": 7}";

static char *own;

static inline void own_begin(void) {
    own = new_folder();
}
static inline void own_end(void) {
    remove_folder(own);
}

/* Entry of the table: f32, exact also as f16. */
static inline float own_value(size_t row, size_t column) {
    return (float)((int)((row * 7 + column * 5 + row * column) % 11) - 4) / 4;
}

static inline void own_tokenizer(const char *model_type, const char *truncation) {
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"version\": \"1.0\", \"truncation\": %s, \"padding\": null, \"added_tokens\": [{\"id\": 1, "
                   "\"content\": \"[UNK]\", \"special\": true, \"normalized\": false}], \"normalizer\": {\"type\": "
                   "\"BertNormalizer\", \"lowercase\": true}, \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, "
                   "\"post_processor\": null, \"decoder\": null, \"model\": {\"type\": \"%s\", \"unk_token\": "
                   "\"[UNK]\", \"continuing_subword_prefix\": \"##\", \"max_input_chars_per_word\": 100, \"vocab\": "
                   "%s}}",
                   truncation, model_type, own_vocab);
    write_below(own, "tokenizer.json", text);
}

/* One safetensors file of a header and numbers. */
static inline void own_weights(const char *header, const void *data, size_t n) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/model.safetensors", own);
    bytes b = safetensors(header, data, n);
    write_file(path, b.p, b.n);
    drop(&b);
}

/* A whole table [rows, OWN_DIMS] of f32 under a name. */
static inline void own_table(const char *name, size_t rows) {
    float *v = malloc(rows * OWN_DIMS * sizeof *v);
    char header[200];
    cr_assert(v);
    for (size_t i = 0; i < rows * OWN_DIMS; i++) v[i] = own_value(i / OWN_DIMS, i % OWN_DIMS);
    (void)snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu,%d],\"data_offsets\":[0,%zu]}}",
                   name, rows, OWN_DIMS, rows * OWN_DIMS * 4);
    own_weights(header, v, rows * OWN_DIMS * 4);
    free(v);
}

static inline void own_model2vec(const char *settings) {
    write_below(own, "config.json", settings);
    own_tokenizer("WordPiece", "null");
    own_table("embeddings", OWN_TOKENS);
}

static inline void own_sentence_transformers(const char *truncation) {
    write_below(own, "modules.json",
                "[{\"path\": \"\", \"type\": \"sentence_transformers.models.StaticEmbedding\"}, {\"path\": "
                "\"1_Normalize\", \"type\": \"sentence_transformers.models.Normalize\"}]");
    own_tokenizer("WordPiece", truncation);
    own_table("embedding.weight", OWN_TOKENS);
}

/* A text and the tokens that count in it. */
typedef struct {
    const char *text;
    size_t n;
    int ids[24];
} own_text;

/* The vectors of n texts against sums in double: row of a token `row` (NULL: its id), weight `weight` (NULL: 1). */
static inline void own_compare(const own_text *t, size_t n, const int *row, const double *weight, wn_mat *x) {
    for (size_t i = 0; i < n; i++) {
        double sum[OWN_DIMS] = {0}, square = 0;
        for (size_t k = 0; k < t[i].n; k++)
            for (size_t j = 0; j < OWN_DIMS; j++) {
                const int id = t[i].ids[k];
                sum[j] += (weight ? weight[id] : 1) * (double)own_value((size_t)(row ? row[id] : id), j);
            }
        for (size_t j = 0; j < OWN_DIMS; j++) square += sum[j] * sum[j];
        for (size_t j = 0; j < OWN_DIMS; j++)
            cr_expect_float_eq(wn_mat_row(x, i)[j], square > 0 ? sum[j] / sqrt(square) : 0, 1e-7,
                               "\"%s\", component %zu: %g", t[i].text, j, (double)wn_mat_row(x, i)[j]);
    }
}

/* All texts as one block. */
static inline wn_code own_encode(const wn_static *s, const own_text *t, size_t n, wn_mat *x, wn_static_counts *counts,
                                 wn_err *err) {
    unsigned long long off[64] = {0};
    char base[4096];
    size_t at = 0;
    cr_assert_lt(n, 64);
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(t[i].text);
        cr_assert_lt(at + len, sizeof base);
        memcpy(base + at, t[i].text, len);
        off[i + 1] = at += len;
    }
    const wn_texts texts = {.base = base, .off = off, .n = n};
    return wn_static_encode(s, &texts, x, counts, err);
}

#endif
