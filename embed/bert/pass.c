/* Chunks of whole texts go through all layers on one thread, packed without padding. */
#include "pass.h"

#include <string.h>

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t wn_bert_product_scratch(const wn_bert *m, size_t rows) {
    size_t most = larger(wn_linear_layer_scratch(&m->mapping.w, rows), wn_linear_layer_scratch(&m->dense.w, 1));
    for (size_t i = 0; i < m->nlayers; i++) {
        const wn_layer *l = &m->layers[i];
        most = larger(most, wn_linear_layer_scratch(&l->qkv.w, rows));
        most = larger(most, wn_linear_layer_scratch(&l->out.w, rows));
        most = larger(most, wn_linear_layer_scratch(&l->up.w, rows));
        most = larger(most, wn_linear_layer_scratch(&l->down.w, rows));
    }
    return most;
}

void wn_bert_scratch_free(wn_bert_scratch *s) {
    wn_free(s->x);
    wn_free(s->y);
    wn_free(s->qkv);
    wn_free(s->wide);
    wn_free(s->attention);
    wn_free(s->product);
    wn_free(s->places);
    wn_free(s->scales);
    for (size_t i = 0; i < 3; i++) wn_free(s->few[i]);
    *s = (wn_bert_scratch){0};
}

wn_code wn_bert_scratch_init(wn_bert_scratch *s, const wn_bert *m, const wn_bert_plan *plan, size_t tokens,
                             size_t longest, wn_err *err) {
    const wn_model_config *c = &m->config;
    /* attention's results too: ALBERT's feed-forward part may be narrower */
    const size_t wide = larger(larger(wn_bert_wide(c), c->embedding), c->hidden), f = sizeof(float);
    const size_t attention = wn_bert_ops_get()->attention_scratch(longest, c->hidden, c->heads);
    *s = (wn_bert_scratch){0};
    if (!(s->x = wn_alloc(tokens * c->hidden, f, err))) goto out;
    if (!(s->y = wn_alloc(tokens * c->hidden, f, err))) goto out;
    if (!(s->qkv = wn_alloc(tokens * 3 * c->hidden, f, err))) goto out;
    if (!(s->wide = wn_alloc(tokens * wide, f, err))) goto out;
    if (!(s->attention = wn_alloc(attention, f, err))) goto out;
    if (!(s->product = wn_alloc(1, wn_bert_product_scratch(m, tokens), err))) goto out;
    if (!(s->places = wn_alloc(tokens, sizeof *s->places, err))) goto out;
    if (!(s->scales = wn_alloc(tokens, f, err))) goto out;
    for (size_t i = 0; plan->firsts && plan->every && i < 3; i++)
        if (!(s->few[i] = wn_alloc(tokens * (i == 2 ? wide : c->hidden), f, err))) goto out;
    return WN_OK;
out:
    wn_bert_scratch_free(s);
    return WN_EMEMORY;
}

/* The hidden states of the chunk as rows of its texts. */
static wn_linear_rows rows_of(const wn_bert_chunk *c, const float *x, size_t stride) {
    return (wn_linear_rows){
        .x = x, .stride = stride, .offsets = c->batch.offsets + c->first, .texts = c->last - c->first};
}

/* Sums of word, position and type vectors, normalised, and the first layer's q, k and v from their shares; ALBERT's go
 * on to the hidden width. */
static void embed_tokens(const wn_bert_chunk *c, wn_bert_scratch *s) {
    const wn_bert *m = c->m;
    const wn_token_batch *b = &c->batch;
    size_t e = m->config.embedding, base = b->offsets[c->first], total = b->offsets[c->last] - base;
    float *x = m->mapping.w.n ? s->wide : s->x;
    for (size_t text = c->first; text < c->last; text++) {
        size_t counted = 0;
        for (size_t t = b->offsets[text]; t < b->offsets[text + 1]; t++) {
            size_t position = t - b->offsets[text];
            if (m->config.arch == WN_ROBERTA) /* padding ids inside a text keep the padding's position */
                position = b->ids[t] == m->config.pad ? m->config.pad : m->config.pad + ++counted;
            s->places[t - base] = (uint32_t)position;
            const float *word = m->words + b->ids[t] * e, *place = m->positions + position * e;
            const float *type = m->types ? m->types + (b->types ? b->types[t] : 0) * e : NULL;
            float *row = x + (t - base) * e;
            for (size_t j = 0; j < e; j++) row[j] = word[j] + (type ? type[j] : 0) + place[j];
        }
    }
    const wn_bert_ops *ops = wn_bert_ops_get();
    ops->norm_rows(&m->embedding_norm, m->config.norm_eps, NULL, x, NULL, total, e, s->scales);
    for (size_t t = 0; c->shares->rows && t < total; t++)
        wn_bert_shares_add(c->shares, b->ids[base + t], s->places[t], b->types ? b->types[base + t] : 0, s->scales[t],
                           s->qkv + t * c->shares->width);
    if (!m->mapping.w.n) return;
    const wn_linear_rows rows = rows_of(c, x, e);
    wn_affine_apply(&m->mapping, WN_ACT_IDENTITY, &rows, s->x, m->config.hidden, s->product);
}

/* Queries, keys and values of layer i from x, and attention's results in `wide`. */
static void attend(const wn_bert_chunk *c, size_t i, const wn_layer *l, wn_bert_scratch *s) {
    const size_t h = c->m->config.hidden, heads = c->m->config.heads, *offsets = c->batch.offsets;
    const wn_linear_rows rows = rows_of(c, s->x, h);
    if (i > 0 || !c->shares->rows) /* else they are there */
        wn_affine_apply(&l->qkv, WN_ACT_IDENTITY, &rows, s->qkv, 3 * h, s->product);
    for (size_t text = c->first; text < c->last; text++) {
        const size_t at = offsets[text] - offsets[c->first], t = offsets[text + 1] - offsets[text];
        wn_bert_ops_get()->attention(s->qkv + at * 3 * h, t, h, heads, s->attention, s->wide + at * h);
    }
}

/* Rows that go through the rest of a layer. */
typedef struct {
    float *x, *y, *wide;   /* x becomes the layer's result */
    const size_t *offsets; /* of texts; NULL: a row a text */
    size_t texts;
} layer_rows;

static void feed_forward(const wn_bert_chunk *c, const wn_layer *l, const layer_rows *r, void *scratch) {
    const wn_model_config *g = &c->m->config;
    const wn_bert_ops *ops = wn_bert_ops_get();
    const size_t h = g->hidden, ld = wn_bert_wide(g);
    wn_linear_rows rows = {.x = r->wide, .stride = h, .offsets = r->offsets, .texts = r->texts};
    const size_t total = wn_linear_rows_count(&rows);
    wn_affine_product(&l->out, &rows, r->y, h, scratch);
    ops->norm_rows(&l->after_attention, g->norm_eps, l->out.bias, r->y, r->x, total, h, NULL);
    rows.x = r->y;
    wn_affine_apply(&l->up, g->activation, &rows, r->wide, ld, scratch);
    rows.x = r->wide;
    rows.stride = ld;
    wn_affine_product(&l->down, &rows, r->x, h, scratch);
    ops->norm_rows(&l->after_ffn, g->norm_eps, l->down.bias, r->x, r->y, total, h, NULL);
}

/* The first token of each text through the rest of the layer, as rows on their own: in `few`, or, where no other token
 * goes on, in place. */
static const float *finish_firsts(const wn_bert_chunk *c, const wn_layer *l, wn_bert_scratch *s) {
    const size_t h = c->m->config.hidden, *offsets = c->batch.offsets + c->first, texts = c->last - c->first;
    const layer_rows to = {.x = s->few[0] ? s->few[0] : s->x,
                           .y = s->few[1] ? s->few[1] : s->y,
                           .wide = s->few[2] ? s->few[2] : s->wide,
                           .texts = texts};
    for (size_t i = 0; i < texts; i++) {
        const size_t at = offsets[i] - offsets[0];
        memmove(to.wide + i * h, s->wide + at * h, h * sizeof *s->wide);
        memmove(to.x + i * h, s->x + at * h, h * sizeof *s->x);
    }
    feed_forward(c, l, &to, s->product);
    return to.x;
}

/* The layers that stand for layer i: ALBERT has groups of some, each group many times over. */
static const wn_layer *layers_of(const wn_bert *m, size_t i, size_t *count) {
    const wn_model_config *g = &m->config;
    const bool albert = g->arch == WN_ALBERT;
    *count = albert ? g->inner : 1;
    return &m->layers[albert ? i * g->groups / g->layers * g->inner : i];
}

void wn_bert_pass(const wn_bert_chunk *c, const wn_bert_plan *plan, wn_bert_scratch *s, wn_bert_visit visit,
                  void *ctx) {
    const layer_rows all = {.x = s->x,
                            .y = s->y,
                            .wide = s->wide,
                            .offsets = c->batch.offsets + c->first,
                            .texts = c->last - c->first};
    embed_tokens(c, s);
    if (plan->every || plan->pooled == 0) visit(ctx, 0, false, s->x);
    for (size_t i = 0, inner; i < plan->upto; i++) {
        const wn_layer *l = layers_of(c->m, i, &inner);
        const bool pooled = i + 1 == plan->pooled;
        for (size_t j = 0; j < inner; j++) {
            attend(c, i, &l[j], s);
            if (pooled && plan->firsts && j + 1 == inner) visit(ctx, i + 1, true, finish_firsts(c, &l[j], s));
            if (!pooled || !plan->firsts || plan->every || j + 1 < inner) feed_forward(c, &l[j], &all, s->product);
        }
        if (plan->every || (pooled && !plan->firsts)) visit(ctx, i + 1, false, s->x);
    }
}
