/* A checkpoint's tensors into the encoder's parts. */
#include "bert_private.h"
#include "parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const wn_weights *w;
    const char *prefix;
    char missing[400]; /* names, as many as fit */
    size_t nmissing;
    bool unbiased; /* no bias tensors: zeros */
    wn_tensor_note note; /* may be NULL */
    void *note_ctx;
    wn_err *err;
} loader;

static void note_missing(loader *l, const char *name) {
    size_t used = strlen(l->missing);
    if (l->nmissing++ < 5 && used + strlen(name) + 3 < sizeof l->missing)
        (void)snprintf(l->missing + used, sizeof l->missing - used, "%s%s", used ? ", " : "", name);
}

/* The tensor `name`, or NULL and noted as missing. */
static const wn_tensor *find(loader *l, const char *name) {
    const wn_tensor *t = wn_bert_tensor(l->w, l->prefix, name);
    if (!t) note_missing(l, name);
    if (l->note) l->note(l->note_ctx, name, l->w, t);
    return t;
}

/* The tensor `name` of the wanted shape; NULL when missing (noted, not an error yet). cols == 0: a vector. */
static wn_code want(loader *l, const char *base, const char *suffix, size_t rows, size_t cols, const wn_tensor **out) {
    char name[WN_BERT_NAME];
    (void)snprintf(name, sizeof name, "%s%s", base, suffix);
    *out = find(l, name);
    return *out ? wn_bert_tensor_check(l->w, *out, rows, cols, l->err) : WN_OK;
}

/* Shapes are checked before anything of a size that only config.json claims is allocated. */
static wn_code read_norm(loader *l, const char *base, size_t h, wn_norm *norm) {
    const wn_tensor *weight, *bias;
    wn_code code;
    if ((code = want(l, base, ".weight", h, 0, &weight)) != WN_OK) return code;
    if ((code = want(l, base, ".bias", h, 0, &bias)) != WN_OK) return code;
    if (!weight || !bias) return WN_OK;
    if (!(norm->weight = wn_alloc(h, sizeof(float), l->err))) return WN_EMEMORY;
    if (!(norm->bias = wn_alloc(h, sizeof(float), l->err))) return WN_EMEMORY;
    if ((code = wn_weights_read(l->w, weight, norm->weight, l->err)) != WN_OK) return code;
    return wn_weights_read(l->w, bias, norm->bias, l->err);
}

/* Of layers outside of the stack. */
static const wn_linear_opts alone = {.precision = WN_PREC_F32, .careful = true};

enum { FUSED_MAX = 3 };

/* `parts` tensors of [n, k] one below the other (3 for fused q, k, v; else 1). Without biases: zeros. */
static wn_code read_linear(loader *l, const char *const *bases, size_t parts, size_t n, size_t k,
                           const wn_linear_opts *o, wn_affine *out) {
    const wn_tensor *weights[FUSED_MAX], *biases[FUSED_MAX] = {0};
    float *w = NULL, *bias = NULL;
    bool whole = true;
    wn_code code = WN_OK;
    for (size_t i = 0; i < parts; i++) {
        if ((code = want(l, bases[i], ".weight", n, k, &weights[i])) != WN_OK) return code;
        if (!l->unbiased && (code = want(l, bases[i], ".bias", n, 0, &biases[i])) != WN_OK) return code;
        whole &= weights[i] && (biases[i] || l->unbiased);
    }
    if (!whole) return WN_OK;
    code = WN_EMEMORY;
    if (!(w = wn_alloc(parts * n * k, sizeof *w, l->err))) goto out;
    if (!(bias = wn_alloc(parts * n, sizeof *bias, l->err))) goto out;
    for (size_t i = 0; i < parts; i++) {
        if ((code = wn_weights_read(l->w, weights[i], w + i * n * k, l->err)) != WN_OK) goto out;
        if (!l->unbiased && (code = wn_weights_read(l->w, biases[i], bias + i * n, l->err)) != WN_OK) goto out;
    }
    code = wn_affine_init(out, o, w, bias, parts * n, k, l->err);
out:
    wn_free(w);
    wn_free(bias);
    return code;
}

static wn_code read_layer(loader *l, const wn_model_config *c, const wn_linear_opts *o, size_t layer, wn_layer *out) {
    char names[WN_PARTS][WN_BERT_NAME];
    const char *p[WN_PARTS];
    for (wn_bert_part i = WN_PART_QUERY; i <= WN_PART_NORM_2; i++) {
        wn_bert_part_name(names[i], c, i, layer);
        p[i] = names[i];
    }
    size_t h = c->hidden;
    wn_code code;
    if ((code = read_linear(l, p + WN_PART_QUERY, 3, h, h, o, &out->qkv)) != WN_OK) return code;
    if ((code = read_linear(l, p + WN_PART_OUT, 1, h, h, o, &out->out)) != WN_OK) return code;
    if ((code = read_norm(l, p[WN_PART_NORM_1], h, &out->after_attention)) != WN_OK) return code;
    if ((code = read_linear(l, p + WN_PART_UP, 1, c->intermediate, h, o, &out->up)) != WN_OK) return code;
    if ((code = read_linear(l, p + WN_PART_DOWN, 1, h, c->intermediate, o, &out->down)) != WN_OK) return code;
    return read_norm(l, p[WN_PART_NORM_2], h, &out->after_ffn);
}

static wn_code read_table(loader *l, const wn_model_config *c, wn_bert_part part, float **out) {
    char base[WN_BERT_NAME];
    const wn_bert_part_shape shape = wn_bert_part_of(c, part);
    const wn_tensor *t;
    if (shape.rows == 0) return WN_OK; /* a model without types */
    wn_bert_part_name(base, c, part, 0);
    const wn_code code = want(l, base, ".weight", shape.rows, shape.cols, &t);
    if (code != WN_OK || !t) return code;
    if (!(*out = wn_alloc(t->count, sizeof(float), l->err))) return WN_EMEMORY;
    return wn_weights_read(l->w, t, *out, l->err);
}

static wn_code read_embeddings(loader *l, wn_bert *m) {
    const wn_model_config *c = &m->config;
    char name[WN_BERT_NAME];
    const char *mapping = name;
    wn_code code;
    if ((code = read_table(l, c, WN_PART_WORDS, &m->words)) != WN_OK) return code;
    if ((code = read_table(l, c, WN_PART_POSITIONS, &m->positions)) != WN_OK) return code;
    if ((code = read_table(l, c, WN_PART_TYPES, &m->types)) != WN_OK) return code;
    wn_bert_part_name(name, c, WN_PART_EMBEDDING_NORM, 0);
    if ((code = read_norm(l, name, c->embedding, &m->embedding_norm)) != WN_OK) return code;
    if (c->arch != WN_ALBERT) return WN_OK;
    wn_bert_part_name(name, c, WN_PART_MAPPING, 0);
    return read_linear(l, &mapping, 1, c->hidden, c->embedding, &alone, &m->mapping);
}

static wn_code read_layers(loader *l, wn_bert *m) {
    const wn_model_config *c = &m->config;
    /* the same layer many times over multiplies its rounding errors */
    const wn_linear_opts o = {.precision = m->opts.precision, .careful = c->arch == WN_ALBERT};
    m->nlayers = wn_bert_layers_stored(c);
    m->layers = wn_alloc(m->nlayers, sizeof *m->layers, l->err);
    if (!m->layers) return WN_EMEMORY;
    for (size_t i = 0; i < m->nlayers; i++) {
        const wn_code code = read_layer(l, c, &o, i, &m->layers[i]);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* The Dense module has a checkpoint of its own: linear.weight and linear.bias. */
static wn_code read_dense(wn_bert *m, const char *dir, wn_err *err) {
    static const char *const name[] = {"linear"};
    char *path = NULL;
    wn_weights *w = NULL;
    wn_code code = wn_model_folder(&path, dir, m->config.dense_path, err);
    if (code != WN_OK) return code;
    if ((code = wn_weights_open(&w, path, err)) != WN_OK) goto out;
    loader l = {.w = w, .prefix = "", .unbiased = !m->config.dense_bias, .err = err};
    code = read_linear(&l, name, 1, m->config.dense_out, m->config.hidden, &alone, &m->dense);
    if (code == WN_OK && l.nmissing)
        code = wn_err_set(err, WN_EINPUT, "%s: missing tensors: %s", path, l.missing);
out:
    wn_weights_close(w);
    wn_free(path);
    return code;
}

wn_code wn_bert_load(wn_bert *m, const char *dir, wn_err *err) {
    char *encoder = NULL;
    wn_code code = wn_model_folder(&encoder, dir, m->config.path, err);
    if (code != WN_OK) return code;
    if ((code = wn_weights_open(&m->weights, encoder, err)) != WN_OK) goto out;
    code = wn_bert_load_noted(m, dir, NULL, NULL, err);
out:
    wn_weights_close(m->weights);
    m->weights = NULL;
    wn_free(encoder);
    return code;
}

wn_code wn_bert_load_noted(wn_bert *m, const char *dir, wn_tensor_note note, void *ctx, wn_err *err) {
    loader l = {.w = m->weights, .prefix = wn_bert_prefix_in(m->weights), .note = note, .note_ctx = ctx, .err = err};
    wn_code code;
    if ((code = read_embeddings(&l, m)) != WN_OK) return code;
    if ((code = read_layers(&l, m)) != WN_OK) return code;
    if (l.nmissing)
        return wn_err_set(err, WN_EINPUT, "%s: %zu tensors that config.json (%s) wants are missing: %s%s",
                          wn_weights_path(m->weights), l.nmissing, wn_arch_name(m->config.arch), l.missing,
                          l.nmissing > 5 ? ", ..." : "");
    return m->config.dense_out ? read_dense(m, dir, err) : WN_OK;
}
