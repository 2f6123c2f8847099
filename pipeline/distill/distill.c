#include "distill.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/static_make.h>
#include <wn/tok_table.h>

enum { BATCH = 1024 }; /* tokens of the vocabulary that go through the model at once */

/* ---- the model ---- */

/* What a table could not repeat. */
static wn_code check_model(const wn_distilled *d, wn_err *err) {
    const wn_model_config *m = &d->config;
    if (wn_tok_size(d->tok) > m->vocab)
        return wn_err_set(err, WN_EINPUT,
                          "%s: the tokenizer has ids up to %zu, but config.json says a vocabulary of %zu", d->dir,
                          wn_tok_size(d->tok) - 1, m->vocab);
    if (m->lowercase && !wn_tok_lowercase(d->tok))
        return wn_err_set(err, WN_EUSAGE,
                          "%s: its sentence_bert_config.json lowers the case of every text, which the tokenizer of a "
                          "table cannot repeat; take a copy of the folder without that file",
                          d->dir);
    if (wn_tok_type(d->tok) == WN_BYTE_BPE && wn_tok_lowercase(d->tok))
        return wn_err_set(err, WN_EUSAGE,
                          "%s: a byte-level BPE that lowers the case of every text is not supported in a table",
                          d->dir);
    return WN_OK;
}

/* Vectors as they are before the model's own Dense and Normalize modules: those are for whole texts. */
static void leave_modules_out(wn_model_config *m) {
    m->normalize = false;
    m->dense_out = 0;
    m->dense_path[0] = 0;
}

wn_code wn_distill_open(wn_distilled *d, const wn_distill_opts *o, wn_err *err) {
    wn_code code = wn_precision_check(wn_precision_resolve(o->precision), err);
    if (code != WN_OK) return code;
    if ((code = wn_model_find(&d->dir, o->model, err)) != WN_OK) return code;
    if ((code = wn_model_config_read(&d->config, d->dir, err)) != WN_OK) return code;
    if ((code = wn_tok_open(&d->tok, d->dir, err)) != WN_OK) return code;
    if ((code = check_model(d, err)) != WN_OK) return code;
    if ((code = wn_tok_table_pieces(&d->ids, &d->n, d->tok, err)) != WN_OK) return code;
    leave_modules_out(&d->config);
    d->pooling = o->pooling == WN_POOL_MODEL ? d->config.pooling : o->pooling;
    d->precision = wn_precision_name(wn_precision_resolve(o->precision));
    d->dims = o->dims < d->config.hidden ? o->dims : d->config.hidden;
    if (d->n > d->dims + 2) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "--dims %zu: the model has %zu tokens, and a table needs more of them than that",
                      d->dims, d->n);
}

/* Weights mapped and packed; rows twice; the principal axes. */
size_t wn_distill_memory(const wn_distilled *d) {
    enum { LIBRARIES = 60 << 20, A_TOKEN = 1000 };
    const wn_model_config *m = &d->config;
    const size_t parts = m->arch == WN_ALBERT ? m->groups * m->inner : m->layers;
    const size_t weights =
        4 * (parts * (4 * m->hidden + 2 * m->intermediate) * m->hidden + (m->vocab + m->positions) * m->embedding);
    const size_t scratch = 4 * 512 * (6 * m->hidden + m->intermediate) * (size_t)wn_threads_get();
    const size_t rows = d->n * m->hidden * sizeof(float), axes = wn_static_pca_memory(d->n, m->hidden, d->dims);
    return 2 * weights + scratch + rows + axes + m->vocab * A_TOKEN + LIBRARIES;
}

/* ---- the rows ---- */

typedef struct {
    const wn_distilled *d;
    wn_bert *model;
    wn_progress *progress;
    size_t done; /* tokens of the vocabulary */
    uint32_t ids[3 * BATCH];
    size_t off[BATCH + 1];
} passing;

static wn_code tick_pass(void *ctx, size_t tokens, wn_err *err) {
    const passing *p = ctx;
    return wn_tick(p->progress, "distill", "tokens", p->done + tokens / 3, p->d->n, err);
}

/* The pooled vectors of the pieces [at, at + n) of the list: out [n, hidden]. */
static wn_code pass_batch(passing *p, const uint32_t *pieces, size_t n, float *out, wn_err *err) {
    const wn_tok_specials special = wn_tok_special_ids(p->d->tok);
    for (size_t i = 0; i < n; i++) {
        uint32_t *ids = p->ids + 3 * i;
        ids[0] = special.cls, ids[1] = pieces[i], ids[2] = special.sep;
        p->off[i + 1] = 3 * (i + 1);
    }
    const wn_token_batch batch = {.ids = p->ids, .offsets = p->off, .n = n};
    const wn_bert_extras more = {.watch = tick_pass, .ctx = p};
    wn_code code = wn_bert_forward(p->model, &batch, out, p->d->config.hidden, &more, err);
    p->done += n;
    return code;
}

/* pieces [n]: those that a row stands for; x [n, hidden]. */
static wn_code pass_all(const wn_distilled *d, const wn_bert_opts *o, const uint32_t *pieces, size_t n, float *x,
                        wn_progress *progress, wn_err *err) {
    passing *p = wn_alloc(1, sizeof *p, err);
    if (!p) return WN_EMEMORY;
    *p = (passing){.d = d, .progress = progress};
    wn_code code = wn_bert_open(&p->model, d->dir, o, err);
    for (size_t at = 0; code == WN_OK && at < n; at += BATCH)
        code = pass_batch(p, pieces + at, n - at < BATCH ? n - at : BATCH, x + at * d->config.hidden, err);
    wn_bert_close(p->model);
    wn_free(p);
    return code;
}

/* Scores [m, dims] of the pieces that have some, times their weights, to their places among all n. */
static wn_code place_rows(wn_distilled *d, const float *scores, wn_token_weights kind, wn_err *err) {
    double *weight = wn_alloc(d->n, sizeof *weight, err);
    d->rows = weight ? wn_alloc(d->n * d->dims, sizeof *d->rows, err) : NULL;
    if (d->rows) wn_static_weights(weight, d->n, kind);
    for (size_t i = 0, from = 0; d->rows && i < d->n; i++) {
        if (wn_tok_table_empty(d->tok, d->ids[i])) continue;
        for (size_t j = 0; j < d->dims; j++)
            d->rows[i * d->dims + j] = (float)(weight[i] * (double)scores[from * d->dims + j]);
        from++;
    }
    wn_free(weight);
    return d->rows ? WN_OK : WN_EMEMORY;
}

static wn_code check_finite(const wn_distilled *d, const float *x, size_t n, wn_err *err) {
    for (size_t i = 0; i < n * d->config.hidden; i++)
        if (!isfinite(x[i]))
            return wn_err_set(err, WN_EINPUT, "%s: the model gives a token a vector that is not finite", d->dir);
    return WN_OK;
}

wn_code wn_distill_rows(wn_distilled *d, const wn_distill_opts *o, wn_progress *p, wn_err *err) {
    const wn_bert_opts opts = {.precision = o->precision,
                               .layer = WN_BERT_LAST_LAYER,
                               .pooling = d->pooling,
                               .config = &d->config};
    size_t m = 0;
    float *x = NULL;
    uint32_t *pieces = wn_alloc(d->n, sizeof *pieces, err);
    wn_code code = WN_EMEMORY;
    if (!pieces) goto out;
    for (size_t i = 0; i < d->n; i++)
        if (!wn_tok_table_empty(d->tok, d->ids[i])) pieces[m++] = d->ids[i];
    if (!(x = wn_alloc(m * d->config.hidden, sizeof *x, err))) goto out;
    if ((code = pass_all(d, &opts, pieces, m, x, p, err)) != WN_OK) goto out;
    if ((code = check_finite(d, x, m, err)) != WN_OK) goto out;
    if ((code = wn_static_pca(x, m, d->config.hidden, d->dims, &d->explained, p, err)) != WN_OK) goto out;
    code = place_rows(d, x, o->weights, err);
out:
    wn_free(pieces);
    wn_free(x);
    return code;
}

void wn_distilled_free(wn_distilled *d) {
    wn_tok_close(d->tok);
    wn_free(d->dir);
    wn_free(d->ids);
    wn_free(d->rows);
    *d = (wn_distilled){0};
}
