/* Models opened, batches checked and cut into chunks: one chunk a thread at a time. */
#include "pass.h"

#include <stdatomic.h>
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
    wn_free(m->words);
    wn_free(m->positions);
    wn_free(m->types);
    norm_free(&m->embedding_norm);
    wn_affine_free(&m->mapping);
    wn_affine_free(&m->dense);
    wn_weights_close(m->weights);
    wn_free(m);
}

wn_code wn_bert_open(wn_bert **out, const char *dir, const wn_bert_opts *o, wn_err *err) {
    wn_code code = WN_OK;
    *out = NULL;
    wn_bert *m = wn_alloc(1, sizeof *m, err);
    if (!m) return WN_EMEMORY;
    m->opts = *o;
    m->opts.precision = wn_precision_resolve(o->precision);
    m->opts.config = NULL;
    if (o->config) m->config = *o->config;
    else if ((code = wn_model_config_read(&m->config, dir, err)) != WN_OK) goto out;
    if (o->layer > (int)m->config.layers) {
        code = wn_err_set(err, WN_EUSAGE, "layer %d: the model has %zu layers (0 = the embeddings)", o->layer,
                          m->config.layers);
        goto out;
    }
    if ((code = wn_precision_check(o->precision, err)) != WN_OK) goto out;
    if ((code = wn_bert_load(m, dir, err)) != WN_OK) goto out;
    *out = m;
    m = NULL;
out:
    wn_bert_close(m);
    return code;
}

const wn_model_config *wn_bert_config(const wn_bert *m) { return &m->config; }

static wn_code check_batch(const wn_bert *m, const wn_token_batch *b, wn_err *err) {
    const uint32_t *ids = b->ids;
    const uint8_t *types = b->types;
    const size_t *offsets = b->offsets, n = b->n;
    const wn_model_config *c = &m->config;
    size_t longest = c->arch == WN_ROBERTA ? c->positions - c->pad - 1 : c->positions;
    for (size_t i = 0; i < n; i++)
        if (offsets[i + 1] <= offsets[i] || offsets[i + 1] - offsets[i] > longest)
            return wn_err_set(err, WN_EUSAGE, "text %zu has %zu tokens; the model takes 1 to %zu", i,
                              offsets[i + 1] - offsets[i], longest);
    for (size_t t = offsets[0]; t < offsets[n]; t++) {
        if (ids[t] >= c->vocab)
            return wn_err_set(err, WN_EINPUT,
                              "token id %u: the model's vocabulary has %zu (is it this model's tokenizer?)", ids[t],
                              c->vocab);
        if (types && c->types && types[t] >= c->types)
            return wn_err_set(err, WN_EINPUT, "token type %u: the model has %zu types", types[t], c->types);
    }
    return WN_OK;
}

/* Chunk starts: whole texts, about CHUNK tokens, as equal as they can be and as many as keep all workers busy to the
 * end. Returns their number, the most tokens of a chunk and the longest text. */
static size_t plan_chunks(const wn_token_batch *b, size_t workers, size_t *starts, size_t *tokens, size_t *longest) {
    const size_t *offsets = b->offsets, n = b->n;
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

/* ---- vectors ---- */

typedef struct {
    wn_bert_chunk all;
    wn_bert_plan plan;
    const size_t *starts; /* [chunks + 1] first text of each chunk */
    float *out;
    size_t stride;
    const wn_bert_extras *more;
    wn_bert_scratch *scratch; /* one a worker */
    wn_err *err;
    atomic_size_t done; /* tokens */
    atomic_int code;    /* what the watch said */
} batch_run;

/* A chunk on its way. */
typedef struct {
    const batch_run *run;
    const wn_bert_chunk *chunk;
    wn_bert_scratch *scratch;
} chunk_run;

static void pool_texts(void *ctx, size_t layer, bool firsts, const float *x) {
    const chunk_run *r = ctx;
    const wn_bert_chunk *c = r->chunk;
    const batch_run *j = r->run;
    const size_t h = c->m->config.hidden, *offsets = c->batch.offsets;
    const bool pooled = layer == j->plan.pooled && firsts == j->plan.firsts;
    for (size_t text = c->first; text < c->last; text++) {
        const size_t row = firsts ? text - c->first : offsets[text] - offsets[c->first];
        const size_t t = offsets[text + 1] - offsets[text];
        if (pooled) wn_bert_pool(c->m, x + row * h, t, r->scratch->y, r->scratch->product, j->out + text * j->stride);
        if (j->plan.every && !firsts)
            wn_bert_pool_layer(c->m, x + row * h, t, j->more->layers + text * j->more->layers_stride + layer * h);
    }
}

static void run_chunks(void *ctx, size_t begin, size_t end, int worker) {
    batch_run *j = ctx;
    const wn_bert_extras *more = j->more;
    for (size_t i = begin; i < end && atomic_load(&j->code) == WN_OK; i++) {
        wn_bert_chunk c = j->all;
        c.first = j->starts[i];
        c.last = j->starts[i + 1];
        chunk_run r = {.run = j, .chunk = &c, .scratch = &j->scratch[worker]};
        wn_bert_pass(&c, &j->plan, r.scratch, pool_texts, &r);
        if (more->ready) memset(more->ready + c.first, 1, c.last - c.first);
        const size_t tokens = c.batch.offsets[c.last] - c.batch.offsets[c.first];
        const size_t done = atomic_fetch_add(&j->done, tokens) + tokens;
        if (worker == 0 && more->watch) /* the caller's thread */
            atomic_store(&j->code, (int)more->watch(more->ctx, done, j->err));
    }
}

static wn_bert_plan plan_for(const wn_bert *m, bool every) {
    const size_t layers = m->config.layers,
                 pooled = m->opts.layer == WN_BERT_LAST_LAYER ? layers : (size_t)m->opts.layer;
    return (wn_bert_plan){.upto = every ? layers : pooled,
                          .pooled = pooled,
                          .firsts = wn_bert_pooling(m) == WN_POOL_CLS && pooled > 0,
                          .every = every};
}

wn_code wn_bert_forward(const wn_bert *m, const wn_token_batch *b, float *out, size_t stride,
                        const wn_bert_extras *more, wn_err *err) {
    static const wn_bert_extras nothing = {0};
    const size_t workers = (size_t)wn_threads_get();
    if (!more) more = &nothing;
    if (more->ready) memset(more->ready, 0, b->n);
    if (b->n == 0) return WN_OK;
    size_t *starts = NULL, tokens, longest;
    wn_bert_scratch *scratch = NULL;
    wn_bert_shares shares = {0};
    wn_code code = check_batch(m, b, err);
    if (code != WN_OK) return code;
    batch_run j = {.all = {.m = m, .batch = *b, .shares = &shares},
                   .plan = plan_for(m, more->layers != NULL),
                   .out = out,
                   .stride = stride,
                   .more = more,
                   .err = err};
    code = WN_EMEMORY;
    if (!(starts = wn_alloc(b->n + 1, sizeof *starts, err))) goto out;
    if (!(scratch = wn_alloc(workers, sizeof *scratch, err))) goto out;
    if (j.plan.upto > 0 && (code = wn_bert_shares_init(&shares, m, b, err)) != WN_OK) goto out;
    const size_t chunks = plan_chunks(b, workers, starts, &tokens, &longest);
    for (size_t i = 0; i < workers && i < chunks; i++)
        if ((code = wn_bert_scratch_init(&scratch[i], m, &j.plan, tokens, longest, err)) != WN_OK) goto out;
    j.starts = starts;
    j.scratch = scratch;
    wn_parallel_for(chunks, 1, run_chunks, &j);
    code = (wn_code)atomic_load(&j.code);
out:
    wn_bert_shares_free(&shares);
    for (size_t i = 0; scratch && i < workers; i++) wn_bert_scratch_free(&scratch[i]);
    wn_free(scratch);
    wn_free(starts);
    return code;
}

/* ---- hidden states ---- */

typedef struct {
    float *out;
    size_t cells;
} states;

static void keep_state(void *ctx, size_t layer, bool firsts, const float *x) {
    const states *s = ctx;
    (void)firsts;
    memcpy(s->out + layer * s->cells, x, s->cells * sizeof *x);
}

wn_code wn_bert_hidden(const wn_bert *m, const wn_token_batch *text, float *out, wn_err *err) {
    const wn_bert_plan plan = {.upto = m->config.layers, .pooled = m->config.layers, .every = true};
    wn_bert_scratch scratch = {0};
    wn_bert_shares shares = {0};
    wn_code code = check_batch(m, text, err);
    if (code != WN_OK) goto out;
    const size_t tokens = text->offsets[1] - text->offsets[0];
    if ((code = wn_bert_shares_init(&shares, m, text, err)) != WN_OK) goto out;
    if ((code = wn_bert_scratch_init(&scratch, m, &plan, tokens, tokens, err)) != WN_OK) goto out;
    const wn_bert_chunk c = {.m = m, .batch = *text, .shares = &shares, .last = 1};
    states keep = {.out = out, .cells = tokens * m->config.hidden};
    wn_bert_pass(&c, &plan, &scratch, keep_state, &keep);
out:
    wn_bert_scratch_free(&scratch);
    wn_bert_shares_free(&shares);
    return code;
}
