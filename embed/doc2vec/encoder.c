/* doc2vec as a family of encoders. The texts that it is trained on get their vectors from training alone. */
#include "encoder_guess.h"

#include <stdio.h>

typedef struct {
    wn_encoder base;
    wn_doc2vec *model;
} doc2vec_encoder;

static doc2vec_encoder *doc2vec_of(wn_encoder *e) {
    return (doc2vec_encoder *)e;
}

static wn_code doc2vec_open(wn_encoder *e, wn_err *err) {
    (void)err;
    e->dims = e->opts.doc2vec_opts.dims;
    return WN_OK;
}

static size_t doc2vec_memory(const wn_encoder *e, size_t n, size_t bytes, bool keep) {
    wn_guess g = wn_guess_corpus(e, n, bytes, keep);
    double dims = (double)e->dims;
    /* a word has two vectors and some 16 bytes in the file, and 64 more in tables */
    if (e->opts.load) return wn_guess_loaded(&g, e->opts.load, 1 + 64 / (dims * 8 + 16));
    return wn_guess_bytes(g.fixed + (g.words * 20 + g.distinct * (dims * 8 + 96) + 2 * (double)n * dims * 4));
}

static double doc2vec_seconds(const wn_encoder *e, size_t bytes) {
    return (double)bytes / 5 * (double)e->opts.doc2vec_opts.epochs / 1.5e6;
}

static void doc2vec_ready(doc2vec_encoder *d) {
    wn_encoder *e = &d->base;
    e->dims = wn_doc2vec_dims(d->model);
    e->words = wn_doc2vec_words(d->model);
    (void)snprintf(e->title, sizeof e->title, "doc2vec %s, %zu dimensions, %zu words",
                   wn_doc2vec_mode_name(e->opts.doc2vec_opts.mode), e->dims, e->words);
}

static wn_code doc2vec_load(wn_encoder *e, const wn_encoder_watch *w, wn_err *err) {
    doc2vec_encoder *d = doc2vec_of(e);
    (void)w;
    wn_code code = wn_doc2vec_load(&d->model, e->opts.load, err);
    if (code == WN_OK) doc2vec_ready(d);
    return code;
}

static wn_code doc2vec_fit(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err) {
    doc2vec_encoder *d = doc2vec_of(e);
    wn_code code = wn_doc2vec_train(&d->model, texts, &e->opts.doc2vec_opts, x, w->progress, err);
    if (code != WN_OK) return code;
    if (x) e->counts.zero = wn_mat_normalize(x);
    doc2vec_ready(d);
    return WN_OK;
}

static wn_code doc2vec_save(const wn_encoder *e, const char *path, bool overwrite, wn_err *err) {
    return wn_doc2vec_save(((const doc2vec_encoder *)e)->model, path, overwrite, err);
}

static wn_code doc2vec_transform(wn_encoder *e, wn_mat *x, const wn_texts *block, wn_err *err) {
    wn_code code = wn_doc2vec_infer(doc2vec_of(e)->model, block, 0, x, NULL, NULL, err);
    if (code == WN_OK) e->counts.zero += wn_mat_normalize(x);
    return code;
}

static void doc2vec_release(wn_encoder *e) {
    doc2vec_encoder *d = doc2vec_of(e);
    wn_doc2vec_free(d->model);
    d->model = NULL;
}

const wn_encoder_vt wn_encoder_doc2vec = {
    .name = "doc2vec",
    .article = "a",
    .magic = "WNDOC2V",
    .dims_at = 24,
    .size = sizeof(doc2vec_encoder),
    .fits_corpus = true,
    .open = doc2vec_open,
    .memory = doc2vec_memory,
    .seconds = doc2vec_seconds,
    .load = doc2vec_load,
    .fit = doc2vec_fit,
    .save = doc2vec_save,
    .transform = doc2vec_transform,
    .release = doc2vec_release,
};
