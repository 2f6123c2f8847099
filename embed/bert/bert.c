/* The forward pass: chunks of whole texts go through all layers on one thread each, packed without padding. */
#include "bert_private.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <winnow/threads.h>

enum { CHUNK = 256 }; /* tokens that go through the layers together, if no single text is longer */

static void norm_free(wn_norm *n) {
    wn_free(n->weight);
    wn_free(n->bias);
}

void wn_bert_close(wn_bert *m) {
    if (!m) return;
    for (size_t i = 0; m->layers && i < m->nlayers; i++) {
        wn_layer *l = &m->layers[i];
        wn_affine_free(&l->qkv);
        wn_affine_free(&l->out);
        wn_affine_free(&l->up);
        wn_affine_free(&l->down);
        norm_free(&l->after_attention);
        norm_free(&l->after_ffn);
    }
    wn_free(m->layers);
    for (size_t i = 0; i < 3; i++) wn_free(m->owned[i]);
    norm_free(&m->embedding_norm);
    wn_affine_free(&m->mapping);
    wn_affine_free(&m->dense);
    wn_weights_close(m->weights);
    wn_free(m);
}

wn_code wn_bert_open(wn_bert **out, const char *dir, const wn_bert_opts *o, wn_err *err) {
    *out = NULL;
    wn_bert *m = wn_alloc(1, sizeof *m, err);
    if (!m) return WN_EMEMORY;
    m->opts = *o;
    m->opts.precision = wn_precision_resolve(o->precision);
    m->opts.config = NULL;
    if (o->config) m->config = *o->config;
    wn_code rc = o->config ? WN_OK : wn_model_config_read(&m->config, dir, err);
    if (!rc && o->layer > (int)m->config.layers)
        rc = wn_err_set(err, WN_EUSAGE, "layer %d: the model has %zu layers (0 = the embeddings)", o->layer, m->config.layers);
    if (!rc) rc = wn_precision_check(o->precision, err);
    if (!rc) rc = wn_bert_load(m, dir, err);
    if (rc) wn_bert_close(m);
    else *out = m;
    return rc;
}

const wn_model_config *wn_bert_config(const wn_bert *m) { return &m->config; }
size_t wn_bert_dims(const wn_bert *m) { return m->dense.w.n ? m->dense.w.n : m->config.hidden; }

/* Scratch of one worker for chunks of up to `tokens` tokens. */
typedef struct {
    float *x, *y;   /* [T, H] */
    float *qkv;     /* [T, 3H] */
    float *wide;    /* [T, wn_bert_wide]; the embedding rows [T, E] before the layers, attention's results [T, H] */
    float *attention; /* what attention of the longest text needs */
    void *product;    /* wn_bert_product_scratch */
    uint32_t *places; /* [T] positions */
    float *scales;    /* [T] of the embeddings' layer norm */
} scratch;


static void scratch_free(scratch *s) {
    wn_free(s->x);
    wn_free(s->y);
    wn_free(s->qkv);
    wn_free(s->wide);
    wn_free(s->attention);
    wn_free(s->product);
    wn_free(s->places);
    wn_free(s->scales);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t wn_bert_product_scratch(const wn_bert *m, size_t rows) {
    size_t most = larger(wn_linear_layer_scratch(&m->mapping.w, rows), wn_linear_layer_scratch(&m->dense.w, 1));
    for (size_t i = 0; i < m->nlayers; i++) {
        const wn_layer *l = &m->layers[i];
        most = larger(most, larger(wn_linear_layer_scratch(&l->qkv.w, rows), wn_linear_layer_scratch(&l->out.w, rows)));
        most = larger(most, larger(wn_linear_layer_scratch(&l->up.w, rows), wn_linear_layer_scratch(&l->down.w, rows)));
    }
    return most;
}

static wn_code scratch_init(scratch *s, const wn_bert *m, size_t tokens, size_t longest, wn_err *err) {
    const wn_model_config *c = &m->config;
    size_t wide = wn_bert_wide(c) > c->embedding ? wn_bert_wide(c) : c->embedding;
    if (wide < c->hidden) wide = c->hidden; /* attention's results: ALBERT's feed-forward part may be narrower */
    *s = (scratch){.x = wn_alloc(tokens * c->hidden, sizeof(float), err),
                   .y = wn_alloc(tokens * c->hidden, sizeof(float), err),
                   .qkv = wn_alloc(tokens * 3 * c->hidden, sizeof(float), err),
                   .wide = wn_alloc(tokens * wide, sizeof(float), err),
                   .attention = wn_alloc(wn_bert_ops_get()->attention_scratch(longest, c->hidden, c->heads), sizeof(float), err),
                   .product = wn_alloc(1, wn_bert_product_scratch(m, tokens), err),
                   .places = wn_alloc(tokens, sizeof(uint32_t), err),
                   .scales = wn_alloc(tokens, sizeof(float), err)};
    if (s->x && s->y && s->qkv && s->wide && s->attention && s->product && s->places && s->scales) return WN_OK;
    scratch_free(s);
    *s = (scratch){0};
    return WN_EMEMORY;
}

/* Texts [first, last) of the call: their tokens are contiguous. */
typedef struct {
    const wn_bert *m;
    const uint32_t *ids;
    const uint8_t *types;
    const size_t *offsets;
    const wn_bert_shares *shares;
    size_t first, last;
} chunk;

/* The hidden states of the chunk as rows of its texts. */
static wn_linear_rows rows_of(const chunk *c, const float *x, size_t stride) {
    return (wn_linear_rows){.x = x, .stride = stride, .offsets = c->offsets + c->first, .texts = c->last - c->first};
}

/* Sums of word, position and type vectors, normalised, and the first layer's q, k and v from their shares; ALBERT's go on to
 * the hidden width. */
static void embed_tokens(const chunk *c, scratch *s) {
    const wn_bert *m = c->m;
    size_t e = m->config.embedding, base = c->offsets[c->first], total = c->offsets[c->last] - base;
    float *x = m->mapping.w.n ? s->wide : s->x;
    for (size_t text = c->first; text < c->last; text++) {
        size_t counted = 0;
        for (size_t t = c->offsets[text]; t < c->offsets[text + 1]; t++) {
            size_t position = t - c->offsets[text];
            if (m->config.arch == WN_ROBERTA) /* padding ids inside a text keep the padding's position */
                position = c->ids[t] == m->config.pad ? m->config.pad : m->config.pad + ++counted;
            s->places[t - base] = (uint32_t)position;
            const float *word = m->words + c->ids[t] * e, *place = m->positions + position * e;
            const float *type = m->types ? m->types + (c->types ? c->types[t] : 0) * e : NULL;
            float *row = x + (t - base) * e;
            for (size_t j = 0; j < e; j++) row[j] = word[j] + (type ? type[j] : 0) + place[j];
        }
    }
    const wn_bert_ops *ops = wn_bert_ops_get();
    ops->norm_rows(&m->embedding_norm, m->config.norm_eps, NULL, x, NULL, total, e, s->scales);
    for (size_t t = 0; c->shares->rows && t < total; t++)
        wn_bert_shares_add(c->shares, c->ids[base + t], s->places[t], c->types ? c->types[base + t] : 0, s->scales[t],
                           s->qkv + t * c->shares->width);
    if (!m->mapping.w.n) return;
    const wn_linear_rows rows = rows_of(c, x, e);
    wn_affine_apply(&m->mapping, WN_ACT_IDENTITY, &rows, s->x, m->config.hidden, s->product);
}

/* Moves each text's first row of `wide` and x to the place of its number, and leaves the others out. */
static size_t keep_first_tokens(const chunk *c, scratch *s) {
    const size_t h = c->m->config.hidden, texts = c->last - c->first;
    for (size_t i = 0; i < texts; i++) {
        const size_t at = c->offsets[c->first + i] - c->offsets[c->first];
        memmove(s->wide + i * h, s->wide + at * h, h * sizeof *s->wide);
        memmove(s->x + i * h, s->x + at * h, h * sizeof *s->x);
    }
    return texts;
}

/* Layer i of the forward pass; with `first_only` x ends with a row a text, that of its first token. */
static void run_layer(const chunk *c, size_t i, const wn_layer *l, bool first_only, scratch *s) {
    const wn_model_config *g = &c->m->config;
    size_t h = g->hidden, ld = wn_bert_wide(g), base = c->offsets[c->first], total = c->offsets[c->last] - base;
    const wn_bert_ops *ops = wn_bert_ops_get();
    wn_linear_rows rows = rows_of(c, s->x, h);
    if (i > 0 || !c->shares->rows) /* else they are there */
        wn_affine_apply(&l->qkv, WN_ACT_IDENTITY, &rows, s->qkv, 3 * h, s->product);
    for (size_t text = c->first; text < c->last; text++) {
        size_t at = c->offsets[text] - base, t = c->offsets[text + 1] - c->offsets[text];
        ops->attention(s->qkv + at * 3 * h, t, h, g->heads, s->attention, s->wide + at * h);
    }
    if (first_only) {
        total = keep_first_tokens(c, s);
        rows.offsets = NULL;
    }
    rows.x = s->wide;
    wn_affine_product(&l->out, &rows, s->y, h, s->product);
    ops->norm_rows(&l->after_attention, g->norm_eps, l->out.bias, s->y, s->x, total, h, NULL);
    rows.x = s->y;
    wn_affine_apply(&l->up, g->activation, &rows, s->wide, ld, s->product);
    rows.x = s->wide;
    rows.stride = ld;
    wn_affine_product(&l->down, &rows, s->x, h, s->product);
    ops->norm_rows(&l->after_ffn, g->norm_eps, l->down.bias, s->x, s->y, total, h, NULL);
}

/* Calls `seen` with the hidden states after the embeddings (0) and after each layer, up to `upto`. With `first_only` the last of
 * them, if there is one, leaves x with a row a text. */
static void run_layers(const chunk *c, scratch *s, size_t upto, bool first_only, void (*seen)(void *ctx, size_t layer, const float *x), void *ctx) {
    const wn_model_config *g = &c->m->config;
    embed_tokens(c, s);
    if (seen) seen(ctx, 0, s->x);
    for (size_t i = 0; i < upto; i++) {
        const bool few = first_only && i + 1 == upto;
        if (g->arch == WN_ALBERT) {
            size_t group = i * g->groups / g->layers;
            for (size_t j = 0; j < g->inner; j++)
                run_layer(c, i, &c->m->layers[group * g->inner + j], few && j + 1 == g->inner, s);
        } else {
            run_layer(c, i, &c->m->layers[i], few, s);
        }
        if (seen) seen(ctx, i + 1, s->x);
    }
}

static void finish(const wn_bert *m, const float *x, size_t t, const scratch *s, float *out) {
    size_t h = m->config.hidden, d = wn_bert_dims(m);
    wn_pool(wn_bert_pooling(m), x, t, h, m->dense.w.n ? s->y : out);
    if (m->dense.w.n) {
        const wn_linear_rows one = {.x = s->y, .stride = h, .texts = 1};
        wn_affine_apply(&m->dense, m->config.dense_activation, &one, out, d, s->product);
    }
    if (!m->config.normalize && !m->opts.normalize) return;
    double squares = 0;
    for (size_t j = 0; j < d; j++) squares += (double)out[j] * (double)out[j];
    double norm = sqrt(squares);
    if (norm < 1e-12) norm = 1e-12;
    for (size_t j = 0; j < d; j++) out[j] = (float)((double)out[j] / norm);
}

typedef struct {
    chunk all;
    const size_t *starts; /* [chunks + 1] first text of each chunk */
    size_t tokens, longest;
    float *out;
    size_t stride;
    scratch *scratch; /* one a worker */
    wn_bert_watch watch; /* may be NULL */
    void *ctx;
    unsigned char *ready; /* may be NULL */
    wn_err *err;
    atomic_size_t done; /* tokens */
    atomic_int code;    /* what the watch said */
} job;

static void run_chunks(void *ctx, size_t begin, size_t end, int worker) {
    job *j = ctx;
    const wn_bert *m = j->all.m;
    scratch *s = &j->scratch[worker];
    size_t upto = m->opts.layer < 0 ? m->config.layers : (size_t)m->opts.layer;
    for (size_t i = begin; i < end && atomic_load(&j->code) == WN_OK; i++) {
        chunk c = j->all;
        c.first = j->starts[i];
        c.last = j->starts[i + 1];
        const bool first_only = wn_bert_pooling(m) == WN_POOL_CLS && upto > 0;
        run_layers(&c, s, upto, first_only, NULL, NULL);
        for (size_t text = c.first; text < c.last; text++) {
            const size_t row = first_only ? text - c.first : c.offsets[text] - c.offsets[c.first];
            finish(m, s->x + row * m->config.hidden,
                   c.offsets[text + 1] - c.offsets[text], s, j->out + text * j->stride);
            if (j->ready) j->ready[text] = 1;
        }
        size_t tokens = c.offsets[c.last] - c.offsets[c.first], done = atomic_fetch_add(&j->done, tokens) + tokens;
        if (worker == 0 && j->watch) atomic_store(&j->code, (int)j->watch(j->ctx, done, j->err)); /* the caller's thread */
    }
}

static wn_code check_inputs(const wn_bert *m, const uint32_t *ids, const uint8_t *types, const size_t *offsets, size_t n,
                            wn_err *err) {
    const wn_model_config *c = &m->config;
    size_t longest = c->arch == WN_ROBERTA ? c->positions - c->pad - 1 : c->positions;
    for (size_t i = 0; i < n; i++)
        if (offsets[i + 1] <= offsets[i] || offsets[i + 1] - offsets[i] > longest)
            return wn_err_set(err, WN_EUSAGE, "text %zu has %zu tokens; the model takes 1 to %zu", i, offsets[i + 1] - offsets[i], longest);
    for (size_t t = offsets[0]; t < offsets[n]; t++) {
        if (ids[t] >= c->vocab)
            return wn_err_set(err, WN_EINPUT, "token id %u: the model's vocabulary has %zu (is it this model's tokenizer?)", ids[t], c->vocab);
        if (types && c->types && types[t] >= c->types)
            return wn_err_set(err, WN_EINPUT, "token type %u: the model has %zu types", types[t], c->types);
    }
    return WN_OK;
}

/* Chunk starts: whole texts, about CHUNK tokens, as equal as they can be and as many as keep all workers busy to the end. */
static size_t plan_chunks(const size_t *offsets, size_t n, size_t workers, size_t *starts, size_t *tokens, size_t *longest) {
    size_t total = offsets[n] - offsets[0], chunks = 0, first = 0;
    size_t wanted = (total - 1) / CHUNK + 1;
    wanted = (wanted + workers - 1) / workers * workers;
    double share = (double)total / (double)wanted;
    *tokens = *longest = 0;
    for (size_t i = 0; i < n; i++) {
        size_t t = offsets[i + 1] - offsets[i], reached = offsets[i + 1] - offsets[0];
        if (t > *longest) *longest = t;
        /* the next text would go further beyond the end of this share than this one stays short of it */
        size_t next = i + 1 < n ? offsets[i + 2] - offsets[i + 1] : 0;
        if (i + 1 < n && (double)reached + (double)next / 2 < share * (double)(chunks + 1)) continue;
        if (offsets[i + 1] - offsets[first] > *tokens) *tokens = offsets[i + 1] - offsets[first];
        starts[chunks++] = first;
        first = i + 1;
    }
    starts[chunks] = n;
    return chunks;
}

wn_code wn_bert_forward(const wn_bert *m, const uint32_t *ids, const uint8_t *types, const size_t *offsets, size_t n,
                        float *out, size_t stride, wn_err *err) {
    return wn_bert_forward_watched(m, ids, types, offsets, n, out, stride, NULL, NULL, NULL, err);
}

wn_code wn_bert_forward_watched(const wn_bert *m, const uint32_t *ids, const uint8_t *types, const size_t *offsets, size_t n,
                                float *out, size_t stride, wn_bert_watch watch, void *ctx, unsigned char *ready, wn_err *err) {
    if (ready) memset(ready, 0, n);
    if (n == 0) return WN_OK;
    wn_code rc = check_inputs(m, ids, types, offsets, n, err);
    if (rc) return rc;
    int workers = wn_threads_get();
    size_t *starts = wn_alloc(n + 1, sizeof *starts, err);
    scratch *s = wn_alloc((size_t)workers, sizeof *s, err);
    if (!starts || !s) rc = WN_EMEMORY;
    if (!rc) {
        wn_bert_shares shares = {0};
        if (m->opts.layer != 0) rc = wn_bert_shares_init(&shares, m, ids, offsets, n, err);
        job j = {.all = {.m = m, .ids = ids, .types = types, .offsets = offsets, .shares = &shares}, .starts = starts, .out = out, .stride = stride, .scratch = s,
                 .watch = watch, .ctx = ctx, .ready = ready, .err = err};
        size_t chunks = plan_chunks(offsets, n, (size_t)workers, starts, &j.tokens, &j.longest);
        for (int i = 0; !rc && i < workers && (size_t)i < chunks; i++) rc = scratch_init(&s[i], m, j.tokens, j.longest, err);
        if (!rc) wn_parallel_for(chunks, 1, run_chunks, &j);
        if (!rc) rc = (wn_code)atomic_load(&j.code);
        wn_bert_shares_free(&shares);
    }
    for (int i = 0; s && i < workers; i++) scratch_free(&s[i]);
    wn_free(s);
    wn_free(starts);
    return rc;
}

typedef struct {
    float *out;
    size_t cells;
} states;

static void keep_state(void *ctx, size_t layer, const float *x) {
    states *s = ctx;
    memcpy(s->out + layer * s->cells, x, s->cells * sizeof *x);
}

wn_code wn_bert_hidden(const wn_bert *m, const uint32_t *ids, const uint8_t *types, size_t tokens, float *out, wn_err *err) {
    size_t offsets[2] = {0, tokens};
    scratch s;
    wn_code rc = check_inputs(m, ids, types, offsets, 1, err);
    wn_bert_shares shares;
    if (!rc) rc = wn_bert_shares_init(&shares, m, ids, offsets, 1, err);
    if (rc) return rc;
    rc = scratch_init(&s, m, tokens, tokens, err);
    if (rc) {
        wn_bert_shares_free(&shares);
        return rc;
    }
    chunk c = {.m = m, .ids = ids, .types = types, .offsets = offsets, .shares = &shares, .first = 0, .last = 1};
    states keep = {.out = out, .cells = tokens * m->config.hidden};
    run_layers(&c, &s, m->config.layers, false, keep_state, &keep);
    scratch_free(&s);
    wn_bert_shares_free(&shares);
    return WN_OK;
}
