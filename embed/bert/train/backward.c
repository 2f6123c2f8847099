/* The way back: what forward.c does, last first. */
#include "bert/train/trainee.h"

#include <string.h>
#include <winnow/threads.h>

/* ---- a layer ---- */

typedef struct {
    const wn_trainee *t;
    size_t layer;
} layer_pass;

/* The chunk's part of the gradients of a layer's two normalisations: of weights and biases, [4H]. */
static wn_real *chunk_norms(const wn_trainee *t, size_t chunk, size_t width) { return t->kept.norms + chunk * width; }

static void attend_backward(const wn_trainee *t, size_t layer, size_t chunk, const wn_real *d_context,
                            wn_real *scratch) {
    const size_t h = t->config.hidden, *offsets = t->batch.offsets, first = t->starts[chunk];
    for (size_t text = first; text < t->starts[chunk + 1]; text++) {
        const wn_attention a = wn_train_attention(t, layer, text);
        const size_t at = offsets[text] - offsets[0], within = offsets[text] - offsets[first];
        wn_attention_backward(t->kept.layer[layer].qkv + at * 3 * h, d_context + within * h, &a, t->ops, scratch);
    }
}

/* d[C, H] of what leaves the layer becomes that of what enters it. On the way what the weights' gradients need is laid
 * down: of each layer what entered it and the gradient of its result. */
static void backward_chunks(void *ctx, size_t begin, size_t end, int worker) {
    const layer_pass *pass = ctx;
    const wn_trainee *t = pass->t;
    const wn_kept *kept = &t->kept;
    const wn_kept_layer *k = &kept->layer[pass->layer];
    const wn_train_layer *l = &t->map.layers[wn_trainee_stored(t, pass->layer)];
    const wn_real *value = t->params.value;
    const size_t h = t->config.hidden, wide = t->config.intermediate, *offsets = t->batch.offsets;
    const wn_dropout after_attention = wn_train_layer_dropout(t, pass->layer, WN_DROP_ATTENTION),
                     after_ffn = wn_train_layer_dropout(t, pass->layer, WN_DROP_FFN);
    wn_train_worker *w = &t->workers[worker];
    for (size_t chunk = begin; chunk < end; chunk++) {
        const size_t at = offsets[t->starts[chunk]] - offsets[0], n = offsets[t->starts[chunk + 1]] - offsets[0] - at;
        wn_real *d = kept->d + at * h, *d_down = kept->d_down + at * h, *d_out = kept->d_out + at * h,
                *d_up = kept->d_up + at * wide, *hat1 = k->hat1 + at * h, *norms = chunk_norms(t, chunk, 4 * h);
        t->ops->norm_backward(d, k->hat2 + at * h, k->scale2 + at, value + l->after_ffn.w, norms + 2 * h, n, h);
        memcpy(d_down, d, n * h * sizeof *d);
        wn_train_drop_rows(t, d_down, &after_ffn, at, n, h);
        wn_operand_product(d_up, wide, d_down, h, n, &t->down, false);
        t->ops->activate_backward(t->config.activation, k->up + at * wide, d_up, n * wide);
        wn_operand_product(d, h, d_up, wide, n, &t->up, true);
        t->ops->norm_backward(d, hat1, k->scale1 + at, value + l->after_attention.w, norms, n, h);
        t->ops->norm_affine(hat1, hat1, value + l->after_attention.w, value + l->after_attention.b, n, h);
        memcpy(d_out, d, n * h * sizeof *d);
        wn_train_drop_rows(t, d_out, &after_attention, at, n, h);
        wn_operand_product(w->x, h, d_out, h, n, &t->out, false);
        attend_backward(t, pass->layer, chunk, w->x, w->attention);
        wn_operand_product(d, h, k->qkv + at * 3 * h, 3 * h, n, &t->qkv, true);
        wn_train_layer_input(t, pass->layer, at, n, kept->x + at * h);
    }
}

/* Adds the chunks' parts in their order. */
static void add_norm(wn_trainee *t, const wn_train_norm *norm, size_t at, size_t width, size_t h) {
    for (size_t chunk = 0; chunk < t->chunks; chunk++)
        t->ops->add(t->params.grad + norm->w, chunk_norms(t, chunk, width) + at, 2 * h);
}

void wn_train_layer_backward(wn_trainee *t, size_t layer) {
    const wn_train_layer *l = &t->map.layers[wn_trainee_stored(t, layer)];
    const wn_kept *k = &t->kept;
    const wn_kept_layer *kept = &k->layer[layer];
    const size_t h = t->config.hidden;
    layer_pass pass = {.t = t, .layer = layer};
    wn_real *at = t->packed;
    wn_train_pack(t, &t->qkv, &l->qkv, true, &at);
    wn_train_pack(t, &t->out, &l->out, true, &at);
    wn_train_pack(t, &t->up, &l->up, true, &at);
    wn_train_pack(t, &t->down, &l->down, true, &at);
    memset(k->norms, 0, t->chunks * 4 * h * sizeof *k->norms);
    wn_parallel_for(t->chunks, 1, backward_chunks, &pass);
    add_norm(t, &l->after_attention, 0, 4 * h, h);
    add_norm(t, &l->after_ffn, 2 * h, 4 * h, h);
    const wn_train_gradient g[] = {{&l->down, k->d_down, kept->up},
                                   {&l->up, k->d_up, kept->hat1},
                                   {&l->qkv, kept->qkv, k->x},
                                   {&l->out, k->d_out, kept->context}};
    wn_train_gradients(t, g, sizeof g / sizeof *g, t->tokens);
}

/* ---- embeddings ---- */

static void embed_chunks_backward(void *ctx, size_t begin, size_t end, int worker) {
    const wn_trainee *t = ctx;
    const wn_kept *k = &t->kept;
    const size_t e = t->config.embedding, h = t->config.hidden, *offsets = t->batch.offsets;
    const wn_dropout p = wn_train_dropout(t, t->hidden_dropout, WN_DROP_EMBEDDINGS);
    (void)worker;
    for (size_t chunk = begin; chunk < end; chunk++) {
        const size_t at = offsets[t->starts[chunk]] - offsets[0], n = offsets[t->starts[chunk + 1]] - offsets[0] - at;
        wn_real *d = k->d_embedded + at * e;
        if (k->x0) wn_operand_product(d, e, k->d + at * h, h, n, &t->qkv, false);
        wn_train_drop_rows(t, d, &p, at, n, e);
        t->ops->norm_backward(d, k->embedding_hat + at * e, k->embedding_scale + at,
                              t->params.value + t->map.embedding_norm.w, chunk_norms(t, chunk, 2 * e), n, e);
    }
}

/* The reference library leaves the padding's word (RoBERTa: and position) as it is. */
static void add_to_tables(wn_trainee *t) {
    const size_t e = t->config.embedding, base = t->batch.offsets[0], pad = t->config.pad;
    const bool roberta = t->config.arch == WN_ROBERTA, words = !t->params.list[0].frozen;
    wn_real *grad = t->params.grad;
    for (size_t i = 0; i < t->tokens; i++) {
        const wn_real *d = t->kept.d_embedded + i * e;
        const size_t id = t->batch.ids[base + i], type = t->batch.types ? t->batch.types[base + i] : 0;
        if (id != pad && words) t->ops->add(grad + t->map.words + id * e, d, e);
        if (t->places[i] != pad || !roberta) t->ops->add(grad + t->map.positions + t->places[i] * e, d, e);
        if (t->config.types) t->ops->add(grad + t->map.types + type * e, d, e);
    }
}

void wn_train_embed_backward(wn_trainee *t) {
    const wn_kept *k = &t->kept;
    const size_t e = t->config.embedding;
    wn_real *at = t->packed;
    if (k->x0) wn_train_pack(t, &t->qkv, &t->map.mapping, true, &at);
    memset(k->norms, 0, t->chunks * 2 * e * sizeof *k->norms);
    wn_parallel_for(t->chunks, 1, embed_chunks_backward, t);
    add_norm(t, &t->map.embedding_norm, 0, 2 * e, e);
    const wn_train_gradient g = {&t->map.mapping, k->d, k->embedded};
    if (k->x0) wn_train_gradients(t, &g, 1, t->tokens);
    add_to_tables(t);
}
