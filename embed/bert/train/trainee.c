/* Opening a model for training, and one pass forth and back. */
#include "bert/train/trainee.h"

#include <assert.h>
#include <math.h>
#include <winnow/mem.h>

static double dropout_of(const wn_trainee *t, double model) { return isnan(t->opts.dropout) ? model : t->opts.dropout; }

wn_code wn_trainee_open(wn_trainee **out, const char *dir, const wn_trainee_opts *o, wn_err *err) {
    wn_trainee *t = wn_alloc(1, sizeof *t, err);
    if (!t) return WN_EMEMORY;
    t->opts = *o;
    t->ops = wn_train_ops_get();
    wn_code code;
    if ((code = wn_model_config_read(&t->config, dir, err)) != WN_OK) goto out;
    const wn_model_config *c = &t->config;
    const bool choice_of_roberta = c->arch == WN_ROBERTA && o->head == WN_HEAD_CHOICE;
    t->hidden_dropout = dropout_of(t, c->hidden_dropout);
    t->attention_dropout = dropout_of(t, c->attention_dropout);
    t->head_dropout = dropout_of(t, choice_of_roberta ? c->hidden_dropout : c->head_dropout);
    t->passed = c->layers * (c->arch == WN_ALBERT ? c->inner : 1);
    if ((code = wn_trainee_params_init(t, dir, err)) != WN_OK) goto out;
    *out = t;
    return WN_OK;
out:
    wn_trainee_close(t);
    return code;
}

void wn_trainee_close(wn_trainee *t) {
    if (!t) return;
    wn_trainee_room_free(t);
    wn_params_free(&t->params);
    wn_free(t->map.layers);
    wn_free(t);
}

wn_params *wn_trainee_params(wn_trainee *t) { return &t->params; }
const wn_model_config *wn_trainee_config(const wn_trainee *t) { return &t->config; }

static wn_code check_batch(const wn_trainee *t, const wn_token_batch *b, wn_err *err) {
    const wn_model_config *c = &t->config;
    const size_t most = c->arch == WN_ROBERTA ? c->positions - c->pad - 1 : c->positions;
    if (b->n == 0) return wn_err_set(err, WN_EINPUT, "a batch of no texts");
    for (size_t i = 0; i < b->n; i++) {
        const size_t n = b->offsets[i + 1] - b->offsets[i];
        if (n == 0 || n > most)
            return wn_err_set(err, WN_EINPUT, "text %zu of the batch has %zu tokens; 1 to %zu are possible", i, n,
                              most);
    }
    for (size_t i = b->offsets[0]; i < b->offsets[b->n]; i++) {
        if (b->ids[i] >= c->vocab)
            return wn_err_set(err, WN_EINPUT, "token id %u is beyond the model's vocabulary of %zu", b->ids[i],
                              c->vocab);
        if (b->types && c->types && b->types[i] >= c->types)
            return wn_err_set(err, WN_EINPUT, "token type %u is beyond the model's %zu", b->types[i], c->types);
    }
    return WN_OK;
}

wn_code wn_trainee_forward(wn_trainee *t, const wn_token_batch *b, uint64_t step, bool train, wn_real *out,
                           wn_err *err) {
    t->kept_step = false;
    wn_code code = check_batch(t, b, err);
    if (code != WN_OK) return code;
    t->batch = *b;
    t->step = step;
    t->train = train;
    t->tokens = b->offsets[b->n] - b->offsets[0];
    if ((code = wn_trainee_room(t, err)) != WN_OK) return code;
    wn_train_embed(t);
    for (size_t i = 0; i < t->passed; i++) wn_train_layer_forward(t, i);
    wn_train_head_forward(t, out);
    t->kept_step = train;
    return WN_OK;
}

/* The first of the layers passed from which on something is to be trained; `passed` where it is the head alone. Below
 * it no gradient is wanted. */
static size_t lowest_trained(const wn_trainee *t) {
    const wn_params *p = &t->params;
    const size_t embeddings = t->map.layers[0].qkv.first;
    size_t i = 0;
    if (!wn_train_frozen(p, 0, embeddings)) return 0;
    for (; i < t->passed; i++) {
        const wn_train_layer *l = &t->map.layers[wn_trainee_stored(t, i)];
        if (!wn_train_frozen(p, l->qkv.first, l->after_ffn.first + 2 - l->qkv.first)) break;
    }
    return i;
}

void wn_trainee_backward(wn_trainee *t, const wn_real *dout) {
    assert(t->kept_step);
    t->kept_step = false;
    const size_t lowest = lowest_trained(t);
    wn_train_head_backward(t, dout);
    for (size_t i = t->passed; i-- > lowest;) wn_train_layer_backward(t, i);
    if (!wn_train_frozen(&t->params, 0, t->map.layers[0].qkv.first)) wn_train_embed_backward(t);
}
