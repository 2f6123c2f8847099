/* A checkpoint's tensors into the encoder's parts: names of four architectures, old and new. */
#include "bert_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256 };

/* The parts of one layer, as each architecture calls them. */
enum { QUERY, KEY, VALUE, OUT, NORM_1, UP, DOWN, NORM_2, PARTS };
static const char *const bert_parts[PARTS] = {
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"};
static const char *const distil_parts[PARTS] = {"attention.q_lin",   "attention.k_lin",  "attention.v_lin",
                                                "attention.out_lin", "sa_layer_norm",    "ffn.lin1",
                                                "ffn.lin2",          "output_layer_norm"};
static const char *const albert_parts[PARTS] = {"attention.query", "attention.key",        "attention.value",
                                                "attention.dense", "attention.LayerNorm",  "ffn",
                                                "ffn_output",      "full_layer_layer_norm"};

static const char *const prefixes[] = {"", "bert.", "roberta.", "distilbert.", "albert.", "model.", "0.auto_model."};

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

/* The tensor `name` (old LayerNorm names tried too), or NULL and noted as missing. */
static const wn_tensor *find(loader *l, const char *name) {
    char full[NAME_SIZE];
    (void)snprintf(full, sizeof full, "%s%s", l->prefix, name);
    const wn_tensor *t = wn_weights_find(l->w, full);
    size_t n = strlen(full);
    if (!t && n > 16 && strcmp(full + n - 16, "LayerNorm.weight") == 0) {
        memcpy(full + n - 6, "gamma", 6);
        t = wn_weights_find(l->w, full);
    } else if (!t && n > 14 && strcmp(full + n - 14, "LayerNorm.bias") == 0) {
        memcpy(full + n - 4, "beta", 5);
        t = wn_weights_find(l->w, full);
    }
    if (!t) note_missing(l, name);
    if (l->note) l->note(l->note_ctx, name, l->w, t);
    return t;
}

static wn_code check_shape(loader *l, const wn_tensor *t, size_t rows, size_t cols) {
    bool good = cols ? t->rank == 2 && t->shape[0] == rows && t->shape[1] == cols : t->rank == 1 && t->shape[0] == rows;
    if (good) return WN_OK;
    char got[64] = "";
    for (size_t i = 0; i < t->rank && i < 4; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%zu", i ? " x " : "", t->shape[i]);
    return cols ? wn_err_set(l->err, WN_EINPUT, "%s: tensor \"%s\" is %s; config.json wants %zu x %zu",
                             wn_weights_path(l->w), t->name, t->rank ? got : "a scalar", rows, cols)
                : wn_err_set(l->err, WN_EINPUT, "%s: tensor \"%s\" is %s; config.json wants %zu", wn_weights_path(l->w),
                             t->name, t->rank ? got : "a scalar", rows);
}

/* The tensor `name` of the wanted shape; NULL when missing (noted, not an error yet). cols == 0: a vector. */
static wn_code want(loader *l, const char *base, const char *suffix, size_t rows, size_t cols, const wn_tensor **out) {
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%s%s", base, suffix);
    *out = find(l, name);
    return *out ? check_shape(l, *out, rows, cols) : WN_OK;
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

static wn_code read_layer(loader *l, const wn_model_config *c, const wn_linear_opts *o, const char *base,
                          const char *const *parts, wn_layer *out) {
    char names[PARTS][NAME_SIZE];
    const char *p[PARTS];
    for (size_t i = 0; i < PARTS; i++) {
        (void)snprintf(names[i], NAME_SIZE, "%s.%s", base, parts[i]);
        p[i] = names[i];
    }
    size_t h = c->hidden;
    wn_code code;
    if ((code = read_linear(l, p + QUERY, 3, h, h, o, &out->qkv)) != WN_OK) return code;
    if ((code = read_linear(l, p + OUT, 1, h, h, o, &out->out)) != WN_OK) return code;
    if ((code = read_norm(l, p[NORM_1], h, &out->after_attention)) != WN_OK) return code;
    if ((code = read_linear(l, p + UP, 1, c->intermediate, h, o, &out->up)) != WN_OK) return code;
    if ((code = read_linear(l, p + DOWN, 1, h, c->intermediate, o, &out->down)) != WN_OK) return code;
    return read_norm(l, p[NORM_2], h, &out->after_ffn);
}

static wn_code read_table(loader *l, const char *name, size_t rows, size_t cols, float **out) {
    const wn_tensor *t = find(l, name);
    if (!t) return WN_OK;
    wn_code code = check_shape(l, t, rows, cols);
    if (code != WN_OK) return code;
    if (!(*out = wn_alloc(t->count, sizeof(float), l->err))) return WN_EMEMORY;
    return wn_weights_read(l->w, t, *out, l->err);
}

static wn_code read_embeddings(loader *l, wn_bert *m) {
    static const char *const mapping[] = {"encoder.embedding_hidden_mapping_in"};
    const wn_model_config *c = &m->config;
    const size_t e = c->embedding;
    const struct {
        const char *name;
        size_t rows;
        float **out;
    } tables[] = {{"embeddings.word_embeddings.weight", c->vocab, &m->words},
                  {"embeddings.position_embeddings.weight", c->positions, &m->positions},
                  {"embeddings.token_type_embeddings.weight", c->types, &m->types}};
    wn_code code;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (tables[i].rows == 0) continue; /* a model without types */
        code = read_table(l, tables[i].name, tables[i].rows, e, tables[i].out);
        if (code != WN_OK) return code;
    }
    if ((code = read_norm(l, "embeddings.LayerNorm", e, &m->embedding_norm)) != WN_OK) return code;
    return c->arch == WN_ALBERT ? read_linear(l, mapping, 1, c->hidden, e, &alone, &m->mapping) : WN_OK;
}

static wn_code read_layers(loader *l, wn_bert *m) {
    const wn_model_config *c = &m->config;
    bool albert = c->arch == WN_ALBERT, distil = c->arch == WN_DISTILBERT;
    const char *const *parts = albert ? albert_parts : distil ? distil_parts : bert_parts;
    /* the same layer many times over multiplies its rounding errors */
    const wn_linear_opts o = {.precision = m->opts.precision, .careful = albert};
    m->nlayers = albert ? c->groups * c->inner : c->layers;
    m->layers = wn_alloc(m->nlayers, sizeof *m->layers, l->err);
    if (!m->layers) return WN_EMEMORY;
    for (size_t i = 0; i < m->nlayers; i++) {
        char base[NAME_SIZE / 2];
        if (albert)
            (void)snprintf(base, sizeof base, "encoder.albert_layer_groups.%zu.albert_layers.%zu", i / c->inner,
                           i % c->inner);
        else (void)snprintf(base, sizeof base, "%s.layer.%zu", distil ? "transformer" : "encoder", i);
        wn_code code = read_layer(l, c, &o, base, parts, &m->layers[i]);
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

/* What stands before the names: that of a tensor which every encoder has. */
static const char *prefix_of(const wn_weights *w) {
    static const char *const names[] = {"embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
            char name[NAME_SIZE];
            (void)snprintf(name, sizeof name, "%s%s", prefixes[i], names[k]);
            if (wn_weights_find(w, name)) return prefixes[i];
        }
    return "";
}

wn_code wn_bert_load_noted(wn_bert *m, const char *dir, wn_tensor_note note, void *ctx, wn_err *err) {
    loader l = {.w = m->weights, .prefix = prefix_of(m->weights), .note = note, .note_ctx = ctx, .err = err};
    wn_code code;
    if ((code = read_embeddings(&l, m)) != WN_OK) return code;
    if ((code = read_layers(&l, m)) != WN_OK) return code;
    if (l.nmissing)
        return wn_err_set(err, WN_EINPUT, "%s: %zu tensors that config.json (%s) wants are missing: %s%s",
                          wn_weights_path(m->weights), l.nmissing, wn_arch_name(m->config.arch), l.missing,
                          l.nmissing > 5 ? ", ..." : "");
    return m->config.dense_out ? read_dense(m, dir, err) : WN_OK;
}
