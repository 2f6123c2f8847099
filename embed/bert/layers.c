/* Pooled vectors of every layer. */
#include "bert_private.h"

#include <math.h>
#include <winnow/threads.h>

typedef struct {
    const wn_bert *m;
    const uint32_t *ids;
    const uint8_t *types;
    const size_t *offsets;
    size_t longest, stride;
    float *out, *states; /* states: (layers + 1) * longest * hidden floats a worker */
    wn_err *errors;      /* one a text: the first one counts, whichever thread met it */
} job;

static void normalize(float *x, size_t n) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += (double)x[i] * (double)x[i];
    double norm = sqrt(squares);
    if (norm < 1e-12) norm = 1e-12;
    for (size_t i = 0; i < n; i++) x[i] = (float)((double)x[i] / norm);
}

static void pool_layers(void *ctx, size_t begin, size_t end, int worker) {
    job *j = ctx;
    const wn_model_config *c = &j->m->config;
    const wn_pooling pooling = wn_bert_pooling(j->m);
    float *states = j->states + (size_t)worker * (c->layers + 1) * j->longest * c->hidden;
    for (size_t i = begin; i < end; i++) {
        size_t at = j->offsets[i], t = j->offsets[i + 1] - at;
        if (wn_bert_hidden(j->m, j->ids + at, j->types ? j->types + at : NULL, t, states, &j->errors[i]) != WN_OK)
            continue;
        for (size_t l = 0; l <= c->layers; l++) {
            float *row = j->out + i * j->stride + l * c->hidden;
            wn_pool(pooling, states + l * t * c->hidden, t, c->hidden, row);
            normalize(row, c->hidden);
        }
    }
}

wn_code wn_bert_layers(const wn_bert *m, const uint32_t *ids, const uint8_t *types, const size_t *offsets, size_t n,
                       float *out, size_t stride, wn_err *err) {
    const wn_model_config *c = &m->config;
    job j = {.m = m, .ids = ids, .types = types, .offsets = offsets, .out = out, .stride = stride};
    for (size_t i = 0; i < n; i++)
        if (offsets[i + 1] - offsets[i] > j.longest) j.longest = offsets[i + 1] - offsets[i];
    wn_code code = WN_OK;
    j.states = wn_alloc((size_t)wn_threads_get() * (c->layers + 1) * j.longest * c->hidden, sizeof(float), err);
    j.errors = j.states ? wn_alloc(n, sizeof *j.errors, err) : NULL;
    if (!j.errors) code = WN_EMEMORY;
    if (code == WN_OK) wn_parallel_for(n, 1, pool_layers, &j);
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        if (j.errors[i].code == WN_OK) continue;
        code = j.errors[i].code;
        if (err) *err = j.errors[i];
    }
    wn_free(j.states);
    wn_free(j.errors);
    return code;
}
