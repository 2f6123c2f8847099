/* LSA as a family of encoders. */
#include "encoder_guess.h"

#include <stdio.h>

typedef struct {
    wn_encoder base;
    wn_lsa *model;
    wn_lsa_learnt *learnt; /* of the texts of fit; stays until close */
} lsa_encoder;

static lsa_encoder *lsa_of(wn_encoder *e) {
    return (lsa_encoder *)e;
}

static wn_code lsa_open(wn_encoder *e, wn_err *err) {
    (void)err;
    e->dims = e->opts.lsa_opts.dims;
    return WN_OK;
}

/* Words alone, of all texts. */
static double words_memory(const wn_encoder *e, const wn_guess *g, size_t n) {
    /* the Krylov space is gone before the vectors come */
    double krylov = g->distinct * ((double)e->dims + 10) * 22, counting = (double)n * 800;
    double most = g->vectors > krylov ? g->vectors : krylov;
    return g->words * 16 + g->distinct * 64 + (most > counting ? most : counting);
}

/* Pairs and pieces as well, of the texts that are learned from. A byte of text makes two entries; the features that are
 * kept grow with the root of the text (90 to 105 times it on glosses and reviews), and are a third of those counted. */
static double chars_memory(const wn_encoder *e, const wn_guess *g, size_t n, size_t bytes) {
    const wn_lsa_opts *o = &e->opts.lsa_opts;
    double rows = (double)n, text = (double)bytes, most = (double)(o->sample ? o->sample : WN_LSA_SAMPLE_ROWS);
    if (rows > most) {
        text *= most / rows;
        rows = most;
    }
    if (!o->sample && text > WN_LSA_SAMPLE_BYTES) {
        rows *= WN_LSA_SAMPLE_BYTES / text;
        text = WN_LSA_SAMPLE_BYTES;
    }
    double kept = 1, dims = (double)e->dims, blocks = dims / 9 > 14 ? dims / 9 : 14;
    while (kept * kept < 120.0 * 120 * text) kept *= 1.05;
    double counting = kept * 3 * 200 + text * 2 * 24, krylov = text * 2 * 16 + rows * ((blocks + 18) * 128 + dims * 4);
    double fitting = kept * dims * 4 + (krylov > g->vectors ? krylov : g->vectors);
    return text + kept * 80 + (fitting > counting ? fitting : counting);
}

static size_t lsa_memory(const wn_encoder *e, size_t n, size_t bytes, bool keep) {
    wn_guess g = wn_guess_corpus(e, n, bytes, keep);
    /* a word has one vector and some 24 bytes in the file, which is held beside what is made of it */
    if (e->opts.load) return wn_guess_loaded(&g, e->opts.load, 1.5 + 80 / ((double)e->dims * 4 + 24));
    bool words = e->opts.lsa_opts.features == WN_LSA_WORDS;
    return wn_guess_bytes(g.fixed + (words ? words_memory(e, &g, n) : chars_memory(e, &g, n, bytes)));
}

static double lsa_seconds(const wn_encoder *e, size_t bytes) {
    (void)e;
    return (double)bytes / 12e6;
}

static void lsa_ready(lsa_encoder *l) {
    wn_encoder *e = &l->base;
    e->dims = wn_lsa_dims(l->model);
    e->words = wn_lsa_words(l->model);
    (void)snprintf(e->title, sizeof e->title, "lsa, %zu dimensions, %zu words", e->dims, e->words);
}

static wn_code lsa_load(wn_encoder *e, const wn_encoder_watch *w, wn_err *err) {
    lsa_encoder *l = lsa_of(e);
    (void)w;
    wn_code code = wn_lsa_load(&l->model, e->opts.load, err);
    if (code == WN_OK) lsa_ready(l);
    return code;
}

static wn_code lsa_fit(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err) {
    lsa_encoder *l = lsa_of(e);
    wn_code code = wn_lsa_fit(&l->model, texts, &e->opts.lsa_opts, x, &e->counts.zero, w->progress, err);
    if (code != WN_OK) return code;
    lsa_ready(l);
    l->learnt = wn_lsa_learnt_take(l->model);
    return WN_OK;
}

static void lsa_unseen(const wn_encoder *e, size_t row, float *x) {
    const lsa_encoder *l = (const lsa_encoder *)e;
    if (l->learnt) wn_lsa_unseen(l->learnt, row, x);
}

static wn_code lsa_save(const wn_encoder *e, const char *path, bool overwrite, wn_err *err) {
    return wn_lsa_save(((const lsa_encoder *)e)->model, path, overwrite, err);
}

static wn_code lsa_transform(wn_encoder *e, wn_mat *x, const wn_texts *block, wn_err *err) {
    size_t zero = 0;
    wn_code code = wn_lsa_transform(lsa_of(e)->model, block, x, &zero, NULL, err);
    e->counts.zero += zero;
    return code;
}

static void lsa_release(wn_encoder *e) {
    lsa_encoder *l = lsa_of(e);
    wn_lsa_free(l->model);
    l->model = NULL;
}

static void lsa_close(wn_encoder *e) {
    wn_lsa_learnt_free(lsa_of(e)->learnt);
}

const wn_encoder_vt wn_encoder_lsa = {
    .name = "lsa",
    .article = "an",
    .magic = "WNLSA\n",
    .dims_at = 24,
    .size = sizeof(lsa_encoder),
    .fits_corpus = true,
    .encodes_fitted = true,
    .open = lsa_open,
    .memory = lsa_memory,
    .seconds = lsa_seconds,
    .load = lsa_load,
    .fit = lsa_fit,
    .save = lsa_save,
    .transform = lsa_transform,
    .unseen = lsa_unseen,
    .release = lsa_release,
    .close = lsa_close,
};
