/* Names and shapes of a checkpoint's tensors: four architectures, old names and new. */
#include "parts.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_BERT, NAMES_DISTIL, NAMES_ALBERT, NAMES };

static const char *const part_names[WN_PARTS][NAMES] = {
#define NAMED(part, rows, cols, bert, distil, albert) [WN_PART_##part] = {bert, distil, albert},
    WN_BERT_TABLES(NAMED) WN_BERT_LAYER(NAMED, NAMED) WN_BERT_OTHERS(NAMED)
#undef NAMED
};

static int names_of(wn_arch a) {
    switch (a) {
    case WN_BERT:
    case WN_ROBERTA: break;
    case WN_DISTILBERT: return NAMES_DISTIL;
    case WN_ALBERT: return NAMES_ALBERT;
    }
    return NAMES_BERT;
}

wn_bert_part_shape wn_bert_part_of(const wn_model_config *c, wn_bert_part part) {
    const size_t hidden = c->hidden, embedding = c->embedding, intermediate = c->intermediate, vocab = c->vocab,
                 positions = c->positions, types = c->types;
    if (!part_names[part][names_of(c->arch)]) return (wn_bert_part_shape){0};
    switch (part) {
#define SHAPED(part, rows, cols, bert, distil, albert)                                                                 \
    case WN_PART_##part: return (wn_bert_part_shape){rows, cols, (cols) == 0};
        WN_BERT_TABLES(SHAPED) WN_BERT_LAYER(SHAPED, SHAPED) WN_BERT_OTHERS(SHAPED)
#undef SHAPED
    case WN_PARTS: break;
    }
    return (wn_bert_part_shape){0};
}

static bool in_layer(wn_bert_part part) {
    switch (part) {
#define LAYERED(part, rows, cols, bert, distil, albert) case WN_PART_##part:
        WN_BERT_LAYER(LAYERED, LAYERED) return true;
        WN_BERT_TABLES(LAYERED) WN_BERT_OTHERS(LAYERED)
#undef LAYERED
    case WN_PARTS: break;
    }
    return false;
}

void wn_bert_part_name(char out[WN_BERT_NAME], const wn_model_config *c, wn_bert_part part, size_t layer) {
    const char *name = part_names[part][names_of(c->arch)];
    if (!in_layer(part)) (void)snprintf(out, WN_BERT_NAME, "%s", name);
    else if (c->arch == WN_ALBERT)
        (void)snprintf(out, WN_BERT_NAME, "encoder.albert_layer_groups.%zu.albert_layers.%zu.%s", layer / c->inner,
                       layer % c->inner, name);
    else
        (void)snprintf(out, WN_BERT_NAME, "%s.layer.%zu.%s", c->arch == WN_DISTILBERT ? "transformer" : "encoder",
                       layer, name);
}

size_t wn_bert_layers_stored(const wn_model_config *c) {
    return c->arch == WN_ALBERT ? c->groups * c->inner : c->layers;
}

const char *wn_bert_prefix(wn_arch a) {
    switch (a) {
    case WN_BERT: break;
    case WN_ROBERTA: return "roberta.";
    case WN_DISTILBERT: return "distilbert.";
    case WN_ALBERT: return "albert.";
    }
    return "bert.";
}

const char *wn_bert_prefix_in(const wn_weights *w) {
    static const char *const prefixes[] = {"",        "bert.",  "roberta.",     "distilbert.",
                                           "albert.", "model.", "0.auto_model."};
    /* a tensor that every encoder has */
    static const char *const names[] = {"embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
            char name[WN_BERT_NAME];
            (void)snprintf(name, sizeof name, "%s%s", prefixes[i], names[k]);
            if (wn_weights_find(w, name)) return prefixes[i];
        }
    return "";
}

const wn_tensor *wn_bert_tensor(const wn_weights *w, const char *prefix, const char *name) {
    char full[WN_BERT_NAME];
    (void)snprintf(full, sizeof full, "%s%s", prefix, name);
    const wn_tensor *t = wn_weights_find(w, full);
    const size_t n = strlen(full);
    if (!t && n > 16 && strcmp(full + n - 16, "LayerNorm.weight") == 0) {
        memcpy(full + n - 6, "gamma", 6);
        t = wn_weights_find(w, full);
    } else if (!t && n > 14 && strcmp(full + n - 14, "LayerNorm.bias") == 0) {
        memcpy(full + n - 4, "beta", 5);
        t = wn_weights_find(w, full);
    }
    return t;
}

wn_code wn_bert_tensor_check(const wn_weights *w, const wn_tensor *t, size_t rows, size_t cols, wn_err *err) {
    const bool good =
        cols ? t->rank == 2 && t->shape[0] == rows && t->shape[1] == cols : t->rank == 1 && t->shape[0] == rows;
    if (good) return WN_OK;
    char got[64] = "";
    for (size_t i = 0; i < t->rank && i < 4; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%zu", i ? " x " : "", t->shape[i]);
    return cols ? wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" is %s; config.json wants %zu x %zu",
                             wn_weights_path(w), t->name, t->rank ? got : "a scalar", rows, cols)
                : wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" is %s; config.json wants %zu", wn_weights_path(w),
                             t->name, t->rank ? got : "a scalar", rows);
}
