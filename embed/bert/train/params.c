/* The parameters of a model with a head: where each is, its value from the checkpoint or drawn. */
#include "bert/train/trainee.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>

#include "bert/parts.h"

typedef struct {
    wn_trainee *t;
    size_t cap;
    wn_err *err;
} param_list;

static wn_code add_param(param_list *b, const char *name, size_t rows, size_t cols, bool decay) {
    wn_params *p = &b->t->params;
    wn_code code = wn_reserve((void **)&p->list, &b->cap, p->n + 1, sizeof *p->list, b->err);
    if (code != WN_OK) return code;
    char *copy = wn_strndup(name, strlen(name), b->err);
    if (!copy) return WN_EMEMORY;
    wn_param *q = &p->list[p->n++];
    *q = (wn_param){.name = copy, .rows = rows, .cols = cols, .at = p->total, .decay = decay, .lr_scale = 1};
    if (__builtin_add_overflow(p->total, wn_param_count(q), &p->total))
        return wn_err_set(b->err, WN_EMEMORY, "%s: too large for this machine", name);
    return WN_OK;
}

/* prefix + a part's name + suffix */
static void part_name(char out[2 * WN_BERT_NAME], const wn_trainee *t, wn_bert_part part, size_t layer,
                      const char *suffix) {
    char name[WN_BERT_NAME];
    wn_bert_part_name(name, &t->config, part, layer);
    (void)snprintf(out, (size_t)2 * WN_BERT_NAME, "%s%s%s", wn_bert_prefix(t->config.arch), name, suffix);
}

/* `parts` linear layers of one shape: their weights, then their biases. */
static wn_code add_linear(param_list *b, wn_train_linear *out, wn_bert_part part, size_t parts, size_t layer) {
    const wn_bert_part_shape shape = wn_bert_part_of(&b->t->config, part);
    char name[2 * WN_BERT_NAME];
    *out = (wn_train_linear){.w = b->t->params.total,
                             .n = parts * shape.rows,
                             .k = shape.cols,
                             .first = b->t->params.n,
                             .count = 2 * parts};
    for (size_t i = 0; i < 2 * parts; i++) {
        const bool bias = i >= parts;
        part_name(name, b->t, (wn_bert_part)((size_t)part + i % parts), layer, bias ? ".bias" : ".weight");
        const wn_code code = add_param(b, name, shape.rows, bias ? 0 : shape.cols, !bias);
        if (code != WN_OK) return code;
    }
    out->b = out->w + out->n * out->k;
    return WN_OK;
}

static wn_code add_norm(param_list *b, wn_train_norm *out, wn_bert_part part, size_t layer) {
    const wn_bert_part_shape shape = wn_bert_part_of(&b->t->config, part);
    char name[2 * WN_BERT_NAME];
    wn_code code;
    *out = (wn_train_norm){.w = b->t->params.total, .b = b->t->params.total + shape.rows, .first = b->t->params.n};
    part_name(name, b->t, part, layer, ".weight");
    if ((code = add_param(b, name, shape.rows, 0, false)) != WN_OK) return code;
    part_name(name, b->t, part, layer, ".bias");
    return add_param(b, name, shape.rows, 0, false);
}

static wn_code add_table(param_list *b, size_t *at, wn_bert_part part) {
    const wn_bert_part_shape shape = wn_bert_part_of(&b->t->config, part);
    char name[2 * WN_BERT_NAME];
    *at = b->t->params.total;
    if (shape.rows == 0) return WN_OK;
    part_name(name, b->t, part, 0, ".weight");
    return add_param(b, name, shape.rows, shape.cols, true);
}

static wn_code add_encoder(param_list *b) {
    wn_trainee *t = b->t;
    wn_train_map *m = &t->map;
    wn_code code;
    if ((code = add_table(b, &m->words, WN_PART_WORDS)) != WN_OK) return code;
    t->params.list[0].lazy = true;
    if ((code = add_table(b, &m->positions, WN_PART_POSITIONS)) != WN_OK) return code;
    if ((code = add_table(b, &m->types, WN_PART_TYPES)) != WN_OK) return code;
    if ((code = add_norm(b, &m->embedding_norm, WN_PART_EMBEDDING_NORM, 0)) != WN_OK) return code;
    if (t->config.arch == WN_ALBERT && (code = add_linear(b, &m->mapping, WN_PART_MAPPING, 1, 0)) != WN_OK)
        return code;
    m->nlayers = wn_bert_layers_stored(&t->config);
    if (!(m->layers = wn_alloc(m->nlayers, sizeof *m->layers, b->err))) return WN_EMEMORY;
    for (size_t i = 0; i < m->nlayers; i++) {
        wn_train_layer *l = &m->layers[i];
        if ((code = add_linear(b, &l->qkv, WN_PART_QUERY, 3, i)) != WN_OK) return code;
        if ((code = add_linear(b, &l->out, WN_PART_OUT, 1, i)) != WN_OK) return code;
        if ((code = add_norm(b, &l->after_attention, WN_PART_NORM_1, i)) != WN_OK) return code;
        if ((code = add_linear(b, &l->up, WN_PART_UP, 1, i)) != WN_OK) return code;
        if ((code = add_linear(b, &l->down, WN_PART_DOWN, 1, i)) != WN_OK) return code;
        if ((code = add_norm(b, &l->after_ffn, WN_PART_NORM_2, i)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code add_named_linear(param_list *b, wn_train_linear *out, const char *name, size_t n, size_t k) {
    char full[WN_BERT_NAME];
    wn_code code;
    *out = (wn_train_linear){
        .w = b->t->params.total, .b = b->t->params.total + n * k, .n = n, .k = k, .first = b->t->params.n, .count = 2};
    (void)snprintf(full, sizeof full, "%s.weight", name);
    if ((code = add_param(b, full, n, k, true)) != WN_OK) return code;
    (void)snprintf(full, sizeof full, "%s.bias", name);
    return add_param(b, full, n, 0, false);
}

/* The dense layer and the classifier, as the reference library's classes call them. */
static wn_code add_head(param_list *b) {
    wn_trainee *t = b->t;
    const wn_model_config *c = &t->config;
    const bool roberta = c->arch == WN_ROBERTA && t->opts.head != WN_HEAD_CHOICE;
    wn_code code;
    if (roberta) code = add_named_linear(b, &t->map.dense, "classifier.dense", c->hidden, c->hidden);
    else if (c->arch == WN_DISTILBERT)
        code = add_named_linear(b, &t->map.dense, "pre_classifier", c->hidden, c->hidden);
    else code = add_linear(b, &t->map.dense, WN_PART_POOLER, 1, 0);
    if (code != WN_OK) return code;
    return add_named_linear(b, &t->map.classifier, roberta ? "classifier.out_proj" : "classifier", t->opts.outputs,
                            c->hidden);
}

/* ---- values ---- */

static wn_code read_values(wn_real *out, const wn_weights *w, const wn_tensor *tensor, wn_err *err) {
    if (sizeof *out == sizeof(float)) return wn_weights_read(w, tensor, (float *)(void *)out, err);
    float *values = wn_alloc(tensor->count, sizeof *values, err);
    if (!values) return WN_EMEMORY;
    const wn_code code = wn_weights_read(w, tensor, values, err);
    for (size_t i = 0; i < tensor->count; i++) out[i] = (wn_real)values[i];
    wn_free(values);
    return code;
}

static void draw_values(const wn_trainee *t, size_t i, wn_real *out) {
    const wn_param *p = &t->params.list[i];
    enum { DRAWN = 0x77 }; /* a stream apart from those of dropout, whose upper halves are steps */
    wn_rng r = wn_rng_init(t->opts.seed, ~((uint64_t)DRAWN << 32 | i));
    for (size_t j = 0; p->cols && j < wn_param_count(p); j++)
        out[j] = (wn_real)(float)(wn_rng_normal(&r) * t->config.initializer_range);
}

/* The tensor of parameter i; NULL: none that fits. Parameters of the head, from `head` on, may be missing. */
static wn_code find_tensor(const wn_tensor **out, const wn_trainee *t, const wn_weights *w, size_t i, wn_err *err) {
    const wn_param *p = &t->params.list[i];
    const char *own = wn_bert_prefix(t->config.arch);
    const size_t n = strlen(own);
    const bool encoder = strncmp(p->name, own, n) == 0, head = i >= t->map.dense.first;
    *out = encoder ? wn_bert_tensor(w, wn_bert_prefix_in(w), p->name + n) : wn_bert_tensor(w, "", p->name);
    if (!*out) return WN_OK;
    if (head) {
        wn_err other;
        if (wn_bert_tensor_check(w, *out, p->rows, p->cols, &other) != WN_OK) *out = NULL;
        return WN_OK;
    }
    return wn_bert_tensor_check(w, *out, p->rows, p->cols, err);
}

/* Shapes are checked before anything of a size that only config.json claims is allocated. */
static wn_code check_tensors(const wn_trainee *t, const wn_weights *w, wn_err *err) {
    const wn_params *p = &t->params;
    char missing[300] = "";
    size_t count = 0;
    for (size_t i = 0; i < t->map.dense.first; i++) {
        const wn_tensor *tensor;
        const size_t used = strlen(missing);
        const wn_code code = find_tensor(&tensor, t, w, i, err);
        if (code != WN_OK) return code;
        if (!tensor && count++ < 3)
            (void)snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "", p->list[i].name);
    }
    if (!count) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: %zu tensors that config.json (%s) wants are missing: %s%s",
                      wn_weights_path(w), count, wn_arch_name(t->config.arch), missing, count > 3 ? ", ..." : "");
}

static wn_code fill_values(wn_trainee *t, const wn_weights *w, wn_err *err) {
    wn_params *p = &t->params;
    const size_t classifier = t->map.classifier.first;
    for (size_t i = 0; i < p->n; i++) {
        const wn_tensor *tensor = NULL;
        const bool drawn = t->opts.fresh_head && i >= classifier;
        wn_code code = drawn ? WN_OK : find_tensor(&tensor, t, w, i, err);
        if (code != WN_OK) return code;
        p->list[i].fresh = !tensor;
        if (!tensor) draw_values(t, i, p->value + p->list[i].at);
        else if ((code = read_values(p->value + p->list[i].at, w, tensor, err)) != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_trainee_params_init(wn_trainee *t, const char *dir, wn_err *err) {
    wn_params *p = &t->params;
    param_list b = {.t = t, .err = err};
    char *folder = NULL;
    wn_weights *w = NULL;
    wn_code code;
    if ((code = add_encoder(&b)) != WN_OK) goto out;
    if ((code = add_head(&b)) != WN_OK) goto out;
    if ((code = wn_model_folder(&folder, dir, t->config.path, err)) != WN_OK) goto out;
    if ((code = wn_weights_open(&w, folder, err)) != WN_OK) goto out;
    if ((code = check_tensors(t, w, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(p->value = wn_alloc(p->total, sizeof *p->value, err))) goto out;
    if (!(p->grad = wn_alloc_sparse(p->total, sizeof *p->grad, err))) goto out;
    if (!(p->live = wn_alloc(p->list[0].rows, sizeof *p->live, err))) goto out;
    code = fill_values(t, w, err);
out:
    wn_weights_close(w);
    wn_free(folder);
    return code;
}

#ifndef WN_TRAIN_IN_DOUBLE
wn_code wn_params_save(wn_params *p, const char *path, wn_err *err) {
    wn_weights_item *items = wn_alloc(p->n, sizeof *items, err);
    if (!items) return WN_EMEMORY;
    wn_params_settle(p);
    for (size_t i = 0; i < p->n; i++) {
        const wn_param *q = &p->list[i];
        items[i] = (wn_weights_item){
            .name = q->name, .rank = q->cols ? 2 : 1, .shape = {q->rows, q->cols}, .data = p->value + q->at};
    }
    const wn_code code = wn_weights_write(path, items, p->n, err);
    wn_free(items);
    return code;
}
#endif

void wn_params_free(wn_params *p) {
    for (size_t i = 0; i < p->n; i++) wn_free(p->list[i].name);
    wn_free(p->list);
    wn_free(p->value);
    wn_free(p->grad);
    wn_free(p->live);
    *p = (wn_params){0};
}
