/* A model is found, checked, opened, described. */
#include "bert_encoder.h"
#include "model_files.h"

#include <stdio.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

static wn_bert_encoder *bert_of(wn_encoder *e) {
    return (wn_bert_encoder *)e;
}

static wn_code check_sizes(const wn_bert_encoder *b, wn_err *err) {
    const wn_model_config *m = &b->config;
    size_t most = m->arch == WN_ROBERTA ? m->positions - m->pad - 1 : m->positions;
    if (b->opts.max_tokens > most)
        return wn_err_set(err, WN_EUSAGE, "--max-tokens %zu: this model has positions for %zu", b->opts.max_tokens,
                          most);
    if (b->opts.layer > (int)m->layers)
        return wn_err_set(err, WN_EUSAGE, "--layer %d: the model has %zu layers (0 = the embeddings)", b->opts.layer,
                          m->layers);
    return WN_OK;
}

static wn_code bert_open(wn_encoder *e, wn_err *err) {
    wn_bert_encoder *b = bert_of(e);
    const wn_model_config *m = &b->config;
    wn_code code;
    b->opts = e->opts.bert_opts.model;
    b->opts.precision = wn_precision_resolve(b->opts.precision);
    b->precision = wn_precision_name(b->opts.precision);
    if ((code = wn_precision_check(b->opts.precision, err)) != WN_OK) return code;
    if ((code = wn_model_find(&b->dir, e->opts.model, err)) != WN_OK) return code;
    if ((code = wn_model_config_read(&b->config, b->dir, err)) != WN_OK) return code;
    if ((code = check_sizes(b, err)) != WN_OK) return code;
    b->opts.config = m; /* whatever opens the model again, for --verify too */
    e->dims = m->dense_out ? m->dense_out : m->hidden;
    e->layer_width = m->hidden;
    e->layers = e->opts.bert_opts.all_layers ? m->layers + 1 : 0;
    b->max_tokens = b->opts.max_tokens ? b->opts.max_tokens : m->max_tokens;
    b->width = e->dims + e->layers * e->layer_width;
    return WN_OK;
}

/* Bytes of the weights: by the model's sizes, or its file where that is larger. */
static size_t weights_bytes(const wn_bert_encoder *b) {
    const wn_model_config *m = &b->config;
    size_t parts = m->arch == WN_ALBERT ? m->groups * m->inner : m->layers;
    size_t bytes =
        4 * (parts * (4 * m->hidden + 2 * m->intermediate) * m->hidden + (m->vocab + m->positions) * m->embedding);
    char path[4096];
    struct stat file;
    if ((size_t)snprintf(path, sizeof path, "%s/%s/model.safetensors", b->dir, m->path) < sizeof path &&
        stat(path, &file) == 0 && (size_t)file.st_size > bytes)
        bytes = (size_t)file.st_size;
    return bytes;
}

/* Weights mapped and packed; a window of ids and vectors; what finds equal texts. */
static size_t bert_memory(const wn_encoder *e, size_t n, size_t bytes, bool keep) {
    enum { MOST_WINDOW = 110 << 20, A_ROW = 2048, LIBRARIES = 60 << 20 };
    const wn_bert_encoder *b = (const wn_bert_encoder *)e;
    const wn_model_config *m = &b->config;
    size_t workers = (size_t)wn_threads_get(), row = b->width * sizeof(float);
    size_t scratch = 4 * 512 * (6 * m->hidden + m->intermediate) * workers;
    size_t window = n * (row + A_ROW) < MOST_WINDOW ? n * (row + A_ROW) : MOST_WINDOW;
    return 2 * weights_bytes(b) + scratch + window + n * 56 + bytes + (keep ? n * row : 0) + LIBRARIES;
}

static double bert_seconds(const wn_encoder *e, size_t bytes) {
    const wn_model_config *m = &((const wn_bert_encoder *)e)->config;
    double tokens = (double)bytes / 4.4, h = (double)m->hidden; /* English prose */
    return 2 * tokens * (double)m->layers * h * (4 * h + 2 * (double)m->intermediate) / 130e9;
}

static wn_code bert_load(wn_encoder *e, const wn_encoder_watch *w, wn_err *err) {
    wn_bert_encoder *b = bert_of(e);
    double start = wn_now();
    wn_code code;
    if ((code = wn_tok_open(&b->tok, b->dir, err)) != WN_OK) return code;
    if ((code = wn_bert_open(&b->model, b->dir, &b->opts, err)) != WN_OK) return code;
    if (wn_tok_size(b->tok) > b->config.vocab)
        return wn_err_set(err, WN_EINPUT,
                          "%s: the tokenizer has ids up to %zu, but config.json says a vocabulary of %zu", b->dir,
                          wn_tok_size(b->tok) - 1, b->config.vocab);
    const char *unknown[] = {b->config.unknown, wn_tok_unknown(b->tok)};
    for (size_t i = 0; i < 2; i++)
        if (*unknown[i])
            wn_encoder_say(w, "note: %s has settings that winnow does not know and leaves aside: %s", b->dir,
                           unknown[i]);
    if (b->config.prompt[0])
        wn_encoder_say(w, "note: \"%s\" is put before every text: the model's default prompt", b->config.prompt);
    if (w->verbose) wn_encoder_say(w, "model     %s, ready in %.3f s", b->dir, wn_now() - start);
    (void)snprintf(e->title, sizeof e->title, "%.80s, %zu dimensions, %s", e->opts.model, e->dims, b->precision);
    return WN_OK;
}

static wn_code bert_describe(wn_encoder *e, wn_encoder_origin *out, wn_err *err) {
    wn_bert_encoder *b = bert_of(e);
    wn_code code = b->sha256[0] ? WN_OK : wn_model_sha256(b->dir, b->config.path, b->sha256, err);
    if (code != WN_OK) return code;
    *out = (wn_encoder_origin){.dir = b->dir, .precision = b->precision, .sha256 = b->sha256};
    return WN_OK;
}

static void bert_commit(wn_encoder *e) {
    wn_bert_encoder *b = bert_of(e);
    wn_part_remove(b->part);
    b->part = NULL;
}

static void bert_release(wn_encoder *e) {
    wn_bert_encoder *b = bert_of(e);
    wn_bert_close(b->model);
    wn_tok_close(b->tok);
    b->model = NULL;
    b->tok = NULL;
}

static void bert_close(wn_encoder *e) {
    wn_bert_encoder *b = bert_of(e);
    wn_part_close(b->part);
    wn_free(b->dir);
}

const wn_encoder_vt wn_encoder_bert = {
    .name = "bert",
    .article = "a",
    .size = sizeof(wn_bert_encoder),
    .resumes = true,
    .open = bert_open,
    .memory = bert_memory,
    .seconds = bert_seconds,
    .load = bert_load,
    .encode = wn_bert_encoder_run,
    .verify = wn_bert_encoder_verify,
    .describe = bert_describe,
    .commit = bert_commit,
    .release = bert_release,
    .close = bert_close,
};
