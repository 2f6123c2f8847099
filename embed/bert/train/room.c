/* Memory of a pass, and how a batch is cut into chunks of whole texts. */
#include "bert/train/trainee.h"

#include <winnow/mem.h>
#include <winnow/threads.h>

/* Tokens of a chunk: enough for the products, few enough for the second-level cache. */
enum { CHUNK = 256 };

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t wn_trainee_stored(const wn_trainee *t, size_t i) {
    const wn_model_config *c = &t->config;
    if (c->arch != WN_ALBERT) return i;
    return i / c->inner * c->groups / c->layers * c->inner + i % c->inner;
}

/* Chunks are as equal as whole texts allow, and their number is even: the same for any number of threads. */
static wn_code cut_chunks(wn_trainee *t, wn_err *err) {
    const wn_token_batch *b = &t->batch;
    const size_t base = b->offsets[0], total = t->tokens, wanted = (total + 2 * CHUNK - 1) / (2 * CHUNK) * 2;
    wn_free(t->starts);
    if (!(t->starts = wn_alloc(wanted + 1, sizeof *t->starts, err))) return WN_EMEMORY;
    t->chunks = 0;
    t->widest = t->longest = 0;
    for (size_t text = 0, start = 0; text < b->n; text++) {
        const size_t end = b->offsets[text + 1] - base, length = b->offsets[text + 1] - b->offsets[text];
        t->longest = larger(t->longest, length);
        if (end * wanted < (t->chunks + 1) * total && text + 1 < b->n) continue;
        t->starts[++t->chunks] = text + 1;
        t->widest = larger(t->widest, end - start);
        start = end;
    }
    return WN_OK;
}

/* The next n numbers of a block; with a block that is not there yet only `used` grows. */
static wn_real *carve(wn_real *block, size_t *used, size_t n) {
    wn_real *at = block ? block + *used : NULL;
    *used += (n + 15) / 16 * 16;
    return at;
}

static void carve_layer(wn_kept_layer *l, const wn_model_config *c, size_t tokens, wn_real *block, size_t *used) {
    l->qkv = carve(block, used, tokens * 3 * c->hidden);
    l->context = carve(block, used, tokens * c->hidden);
    l->hat1 = carve(block, used, tokens * c->hidden);
    l->hat2 = carve(block, used, tokens * c->hidden);
    l->scale1 = carve(block, used, tokens);
    l->scale2 = carve(block, used, tokens);
    l->up = carve(block, used, tokens * c->intermediate);
}

/* Lays out everything in k->block, or with none only counts. Without training all layers share one place: each reads
 * what the one before has left before it leaves its own. */
static size_t carve_kept(wn_trainee *t) {
    const wn_model_config *c = &t->config;
    wn_kept *k = &t->kept;
    const size_t h = c->hidden, e = c->embedding, n = k->tokens;
    const bool mapped = t->map.mapping.n > 0;
    size_t used = 0;
    for (size_t i = 0; i < t->passed; i++) {
        if (k->train || i == 0) carve_layer(&k->layer[i], c, n, k->block, &used);
        else k->layer[i] = k->layer[0];
    }
    k->embedding_hat = carve(k->block, &used, n * e);
    k->embedding_scale = carve(k->block, &used, n);
    k->embedded = mapped ? carve(k->block, &used, n * e) : NULL;
    k->x0 = mapped ? carve(k->block, &used, n * h) : NULL;
    k->first = carve(k->block, &used, k->texts * h);
    k->dense = carve(k->block, &used, k->texts * h);
    k->hidden = carve(k->block, &used, k->texts * h);
    if (!k->train) return used;
    k->d_first = carve(k->block, &used, k->texts * h);
    k->d_hidden = carve(k->block, &used, k->texts * h);
    k->d = carve(k->block, &used, n * h);
    k->d_embedded = mapped ? carve(k->block, &used, n * e) : k->d;
    k->d_down = carve(k->block, &used, n * h);
    k->d_out = carve(k->block, &used, n * h);
    k->d_up = carve(k->block, &used, n * c->intermediate);
    k->x = carve(k->block, &used, n * h);
    k->norms = carve(k->block, &used, k->chunks * larger(4 * h, 2 * e));
    return used;
}

/* Laid out anew for every batch; memory only grows. */
static wn_code room_kept(wn_trainee *t, wn_err *err) {
    wn_kept *k = &t->kept;
    wn_real *block = k->block;
    k->tokens = t->tokens;
    k->texts = t->batch.n;
    k->chunks = t->chunks;
    k->train = t->train;
    k->block = NULL;
    if (!k->layer && !(k->layer = wn_alloc(t->passed, sizeof *k->layer, err))) goto out;
    const size_t wanted = carve_kept(t);
    if (wanted > k->room) {
        wn_free(block);
        k->room = 0;
        if (!(block = wn_alloc(wanted, sizeof *block, err))) goto out;
        k->room = wanted;
    }
    wn_free(t->places);
    if (!(t->places = wn_alloc(t->tokens, sizeof *t->places, err))) goto out;
    k->block = block;
    (void)carve_kept(t);
    return WN_OK;
out:
    wn_free(block);
    k->room = 0;
    return WN_EMEMORY;
}

/* The larger of the ways forth and back. */
static size_t operand_room(const wn_train_linear *l) {
    return larger(wn_operand_size(l->n, l->k), wn_operand_size(l->k, l->n));
}

static wn_code room_packed(wn_trainee *t, wn_err *err) {
    const wn_train_map *m = &t->map;
    const wn_train_layer *l = &m->layers[0];
    const size_t layer = operand_room(&l->qkv) + operand_room(&l->out) + operand_room(&l->up) + operand_room(&l->down);
    const size_t others = operand_room(&m->mapping) + operand_room(&m->dense) + operand_room(&m->classifier);
    if (!t->packed) t->packed = wn_alloc(larger(layer, others), sizeof *t->packed, err);
    return t->packed ? WN_OK : WN_EMEMORY;
}

static void workers_free(wn_trainee *t) {
    for (size_t i = 0; t->workers && i < t->nworkers; i++) {
        wn_free(t->workers[i].x);
        wn_free(t->workers[i].attention);
    }
    wn_free(t->workers);
    t->workers = NULL;
    t->nworkers = 0;
}

static wn_code room_workers(wn_trainee *t, wn_err *err) {
    const wn_model_config *c = &t->config;
    const size_t n = (size_t)wn_threads_get(), h = c->hidden;
    if (n <= t->nworkers && t->widest <= t->worker_tokens && t->longest <= t->worker_longest) return WN_OK;
    workers_free(t);
    t->worker_tokens = larger(t->worker_tokens, t->widest);
    t->worker_longest = larger(t->worker_longest, t->longest);
    const size_t rows = t->worker_tokens * h, wide = larger(c->intermediate, larger(c->embedding, h));
    const size_t attention = larger(wn_attention_scratch(t->worker_longest, h, c->heads), wn_train_gradient_scratch());
    if (!(t->workers = wn_alloc(n, sizeof *t->workers, err))) return WN_EMEMORY;
    t->nworkers = n;
    for (size_t i = 0; i < n; i++) {
        wn_train_worker *w = &t->workers[i];
        if (!(w->x = wn_alloc(3 * rows + t->worker_tokens * wide, sizeof *w->x, err))) return WN_EMEMORY;
        if (!(w->attention = wn_alloc(attention, sizeof *w->attention, err))) return WN_EMEMORY;
        w->y = w->x + rows;
        w->z = w->y + rows;
        w->wide = w->z + rows;
    }
    return WN_OK;
}

wn_code wn_trainee_room(wn_trainee *t, wn_err *err) {
    wn_code code;
    if ((code = cut_chunks(t, err)) != WN_OK) goto out;
    if ((code = room_kept(t, err)) != WN_OK) goto out;
    if ((code = room_packed(t, err)) != WN_OK) goto out;
    if ((code = room_workers(t, err)) != WN_OK) goto out;
    return WN_OK;
out:
    wn_trainee_room_free(t);
    return code;
}

void wn_trainee_room_free(wn_trainee *t) {
    wn_free(t->starts);
    wn_free(t->places);
    wn_free(t->kept.block);
    wn_free(t->kept.layer);
    wn_free(t->packed);
    workers_free(t);
    t->starts = NULL;
    t->places = NULL;
    t->packed = NULL;
    t->kept = (wn_kept){0};
}
