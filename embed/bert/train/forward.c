/* The way forth: embeddings and layers, chunk by chunk of whole texts. */
#include "bert/train/trainee.h"

#include <string.h>
#include <winnow/threads.h>

/* A chunk's tokens and texts. */
typedef struct {
    size_t begin, n, first, last;
} chunk_range;

static chunk_range range_of(const wn_trainee *t, size_t chunk) {
    const size_t *offsets = t->batch.offsets, first = t->starts[chunk], last = t->starts[chunk + 1];
    return (chunk_range){
        .begin = offsets[first] - offsets[0], .n = offsets[last] - offsets[first], .first = first, .last = last};
}

wn_dropout wn_train_dropout(const wn_trainee *t, double p, size_t place) {
    enum { PLACES = 1 << 16 };
    const uint32_t below = (uint32_t)(p >= 1 ? UINT32_MAX : p * 0x1p32);
    return (wn_dropout){.seed = t->opts.seed,
                        .stream = t->step * PLACES + place,
                        .below = t->train ? below : 0,
                        .scale = (wn_real)(1 / (1 - (double)below * 0x1p-32))};
}

wn_dropout wn_train_layer_dropout(const wn_trainee *t, size_t layer, int place) {
    const wn_arch a = t->config.arch;
    const bool none = (place == WN_DROP_ATTENTION && a == WN_DISTILBERT) || (place == WN_DROP_FFN && a == WN_ALBERT);
    const double p = none ? 0 : place == WN_DROP_PROBABILITIES ? t->attention_dropout : t->hidden_dropout;
    return wn_train_dropout(t, p, WN_DROP_LAYERS + layer * WN_DROPS + (size_t)place);
}

void wn_train_drop_rows(const wn_trainee *t, wn_real *x, const wn_dropout *p, size_t begin, size_t n, size_t width) {
    for (size_t i = 0; p->below && i < n; i++) t->ops->dropout(x + i * width, p, begin + i, width);
}

/* y[m, n] = x W^T + b */
static void linear_rows(const wn_trainee *t, wn_real *y, const wn_real *x, const wn_train_linear *l,
                        const wn_operand *packed, size_t m) {
    wn_operand_product(y, l->n, x, l->k, m, packed, false);
    t->ops->add_bias(y, t->params.value + l->b, m, l->n);
}

static void norm_affine(const wn_trainee *t, wn_real *y, const wn_real *hat, const wn_train_norm *norm, size_t m,
                        size_t h) {
    t->ops->norm_affine(y, hat, t->params.value + norm->w, t->params.value + norm->b, m, h);
}

/* ---- embeddings ---- */

/* RoBERTa: padding ids inside a text keep the padding's position. */
static void place_tokens(wn_trainee *t) {
    const wn_token_batch *b = &t->batch;
    const bool roberta = t->config.arch == WN_ROBERTA;
    for (size_t text = 0; text < b->n; text++) {
        size_t counted = 0;
        for (size_t i = b->offsets[text]; i < b->offsets[text + 1]; i++) {
            const bool pad = b->ids[i] == t->config.pad;
            size_t place = i - b->offsets[text];
            if (roberta) place = pad ? t->config.pad : t->config.pad + ++counted;
            t->places[i - b->offsets[0]] = (uint32_t)place;
        }
    }
}

/* hat[T, E] = norm of the sums of word, position and type; ALBERT: also what the mapping makes of them */
static void embed_chunks(void *ctx, size_t begin, size_t end, int worker) {
    const wn_trainee *t = ctx;
    const wn_kept *k = &t->kept;
    const wn_real *value = t->params.value;
    const size_t e = t->config.embedding, h = t->config.hidden;
    (void)worker;
    for (size_t chunk = begin; chunk < end; chunk++) {
        const chunk_range c = range_of(t, chunk);
        const size_t base = t->batch.offsets[0] + c.begin;
        wn_real *hat = k->embedding_hat + c.begin * e;
        for (size_t i = 0; i < c.n; i++) {
            const size_t type = t->batch.types ? t->batch.types[base + i] : 0;
            wn_real *row = hat + i * e;
            memcpy(row, value + t->map.words + t->batch.ids[base + i] * e, e * sizeof *row);
            if (t->config.types) t->ops->add(row, value + t->map.types + type * e, e);
            t->ops->add(row, value + t->map.positions + t->places[c.begin + i] * e, e);
        }
        t->ops->norm(hat, k->embedding_scale + c.begin, hat, c.n, e, t->config.norm_eps);
        if (!k->x0) continue;
        const wn_dropout p = wn_train_dropout(t, t->hidden_dropout, WN_DROP_EMBEDDINGS);
        wn_real *x = k->embedded + c.begin * e;
        norm_affine(t, x, hat, &t->map.embedding_norm, c.n, e);
        wn_train_drop_rows(t, x, &p, c.begin, c.n, e);
        linear_rows(t, k->x0 + c.begin * h, x, &t->map.mapping, &t->qkv, c.n);
    }
}

void wn_train_embed(wn_trainee *t) {
    wn_real *at = t->packed;
    place_tokens(t);
    for (size_t i = t->batch.offsets[0]; i < t->batch.offsets[t->batch.n]; i++)
        wn_params_touch(&t->params, t->ops, t->batch.ids[i], t->config.embedding);
    if (t->kept.x0) wn_train_pack(t, &t->qkv, &t->map.mapping, false, &at);
    wn_parallel_for(t->chunks, 1, embed_chunks, t);
}

void wn_train_layer_input(const wn_trainee *t, size_t layer, size_t begin, size_t n, wn_real *x) {
    const wn_kept *k = &t->kept;
    const size_t h = t->config.hidden;
    if (layer > 0)
        norm_affine(t, x, k->layer[layer - 1].hat2 + begin * h,
                    &t->map.layers[wn_trainee_stored(t, layer - 1)].after_ffn, n, h);
    else if (k->x0) memcpy(x, k->x0 + begin * h, n * h * sizeof *x);
    else {
        const wn_dropout p = wn_train_dropout(t, t->hidden_dropout, WN_DROP_EMBEDDINGS);
        norm_affine(t, x, k->embedding_hat + begin * h, &t->map.embedding_norm, n, h);
        wn_train_drop_rows(t, x, &p, begin, n, h);
    }
}

/* ---- a layer ---- */

typedef struct {
    const wn_trainee *t;
    size_t layer;
} layer_pass;

wn_attention wn_train_attention(const wn_trainee *t, size_t layer, size_t text) {
    const size_t *offsets = t->batch.offsets;
    return (wn_attention){.t = offsets[text + 1] - offsets[text],
                          .hidden = t->config.hidden,
                          .heads = t->config.heads,
                          .dropout = wn_train_layer_dropout(t, layer, WN_DROP_PROBABILITIES),
                          .row = text * t->config.heads};
}

static void attend(const wn_trainee *t, size_t layer, const chunk_range *c, wn_real *scratch) {
    const wn_kept_layer *k = &t->kept.layer[layer];
    const size_t h = t->config.hidden;
    for (size_t text = c->first; text < c->last; text++) {
        const wn_attention a = wn_train_attention(t, layer, text);
        const size_t at = t->batch.offsets[text] - t->batch.offsets[0];
        wn_attention_forward(k->context + at * h, k->qkv + at * 3 * h, &a, t->ops, scratch);
    }
}

/* hat[n, H] = norm(dropout(y) + residual), tokens from `begin` on; y is scratch */
static void join_residual(const wn_trainee *t, wn_real *hat, wn_real *scale, wn_real *y, const wn_real *residual,
                          const wn_dropout *p, const chunk_range *c) {
    const size_t h = t->config.hidden;
    wn_train_drop_rows(t, y, p, c->begin, c->n, h);
    t->ops->add(y, residual, c->n * h);
    t->ops->norm(hat + c->begin * h, scale + c->begin, y, c->n, h, t->config.norm_eps);
}

static void forward_chunks(void *ctx, size_t begin, size_t end, int worker) {
    const layer_pass *pass = ctx;
    const wn_trainee *t = pass->t;
    const wn_kept_layer *k = &t->kept.layer[pass->layer];
    const wn_train_layer *l = &t->map.layers[wn_trainee_stored(t, pass->layer)];
    const size_t h = t->config.hidden, wide = t->config.intermediate;
    const wn_dropout after_attention = wn_train_layer_dropout(t, pass->layer, WN_DROP_ATTENTION),
                     after_ffn = wn_train_layer_dropout(t, pass->layer, WN_DROP_FFN);
    wn_train_worker *w = &t->workers[worker];
    for (size_t chunk = begin; chunk < end; chunk++) {
        const chunk_range c = range_of(t, chunk);
        wn_real *up = k->up + c.begin * wide;
        wn_train_layer_input(t, pass->layer, c.begin, c.n, w->x);
        linear_rows(t, k->qkv + c.begin * 3 * h, w->x, &l->qkv, &t->qkv, c.n);
        attend(t, pass->layer, &c, w->attention);
        linear_rows(t, w->y, k->context + c.begin * h, &l->out, &t->out, c.n);
        join_residual(t, k->hat1, k->scale1, w->y, w->x, &after_attention, &c);
        norm_affine(t, w->y, k->hat1 + c.begin * h, &l->after_attention, c.n, h);
        linear_rows(t, up, w->y, &l->up, &t->up, c.n);
        t->ops->activate(t->config.activation, w->wide, up, c.n * wide);
        linear_rows(t, w->z, w->wide, &l->down, &t->down, c.n);
        join_residual(t, k->hat2, k->scale2, w->z, w->y, &after_ffn, &c);
    }
}

void wn_train_layer_forward(wn_trainee *t, size_t layer) {
    const wn_train_layer *l = &t->map.layers[wn_trainee_stored(t, layer)];
    layer_pass pass = {.t = t, .layer = layer};
    wn_real *at = t->packed;
    wn_train_pack(t, &t->qkv, &l->qkv, false, &at);
    wn_train_pack(t, &t->out, &l->out, false, &at);
    wn_train_pack(t, &t->up, &l->up, false, &at);
    wn_train_pack(t, &t->down, &l->down, false, &at);
    wn_parallel_for(t->chunks, 1, forward_chunks, &pass);
}
