/* One vector of a text's hidden states, forth and back. */
#include "bert/train/trainee.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <winnow/threads.h>

/* What token i of t counts for; of max nothing is said here. */
static double token_weight(wn_pooling p, size_t i, size_t t) {
    switch (p) {
    case WN_POOL_MODEL: /* a head stands on the first token */
    case WN_POOL_CLS: return i == 0;
    case WN_POOL_MEAN: return 1 / (double)t;
    case WN_POOL_MEAN_SQRT: return 1 / sqrt((double)t);
    case WN_POOL_WEIGHTED: return (double)(i + 1) / ((double)t * ((double)t + 1) / 2);
    case WN_POOL_LAST: return i + 1 == t;
    case WN_POOL_MAX: break;
    }
    assert(false);
    return NAN;
}

/* The first token whose column j is largest. */
static size_t token_of_max(const wn_real *x, size_t t, size_t h, size_t j) {
    size_t top = 0;
    for (size_t i = 1; i < t; i++)
        if (x[i * h + j] > x[top * h + j]) top = i;
    return top;
}

void wn_pool_forward(wn_real *out, const wn_real *x, wn_pooling p, size_t t, size_t h) {
    for (size_t j = 0; j < h; j++) out[j] = p == WN_POOL_MAX ? x[token_of_max(x, t, h, j) * h + j] : 0;
    for (size_t i = 0; p != WN_POOL_MAX && i < t; i++) {
        const wn_real w = (wn_real)token_weight(p, i, t);
        for (size_t j = 0; w != 0 && j < h; j++) out[j] += w * x[i * h + j];
    }
}

void wn_pool_backward(wn_real *d, const wn_real *dout, const wn_real *x, wn_pooling p, size_t t, size_t h) {
    for (size_t i = 0; i < t; i++) {
        const wn_real w = p == WN_POOL_MAX ? 0 : (wn_real)token_weight(p, i, t);
        for (size_t j = 0; j < h; j++) d[i * h + j] = w * dout[j];
    }
    for (size_t j = 0; p == WN_POOL_MAX && j < h; j++) d[token_of_max(x, t, h, j) * h + j] = dout[j];
}

/* ---- of a batch ---- */

typedef struct {
    wn_trainee *t;
    bool back;
} pool_pass;

static void pool_texts(void *ctx, size_t begin, size_t end, int worker) {
    const pool_pass *pass = ctx;
    const wn_trainee *t = pass->t;
    const size_t h = t->config.hidden, *offsets = t->batch.offsets;
    const wn_pooling p = t->opts.pooling;
    const bool firsts = p == WN_POOL_MODEL || p == WN_POOL_CLS;
    wn_real *x = t->workers[worker].x;
    for (size_t i = begin; i < end; i++) {
        const size_t at = offsets[i] - offsets[0], n = offsets[i + 1] - offsets[i];
        if (!firsts || !pass->back) wn_train_layer_input(t, t->passed, at, firsts ? 1 : n, x);
        if (pass->back) wn_pool_backward(t->kept.d + at * h, t->kept.d_first + i * h, x, p, n, h);
        else wn_pool_forward(t->kept.first + i * h, x, p, firsts ? 1 : n, h);
    }
}

void wn_train_pool(wn_trainee *t, bool back) {
    pool_pass pass = {.t = t, .back = back};
    wn_parallel_for(t->batch.n, 1, pool_texts, &pass);
}
