/* A static token table as an encoder. It stands here rather than beside embed/static because it says whose weights its
 * vectors come from, by the sum of a folder's files (model_files.h). */
#include "model_files.h"

#include <stdio.h>
#include <winnow/encoder.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

typedef struct {
    wn_encoder base;
    char *dir;
    wn_static_config config;
    char sha256[65];  /* of the table; empty until it is asked for */
    wn_static *table; /* between prepare and release */
} static_encoder;

static static_encoder *static_of(wn_encoder *e) {
    return (static_encoder *)e;
}

static wn_code static_open(wn_encoder *e, wn_err *err) {
    static_encoder *s = static_of(e);
    wn_code code = wn_model_find(&s->dir, e->opts.model, err);
    if (code != WN_OK) return code;
    if ((code = wn_static_config_read(&s->config, s->dir, err)) != WN_OK) return code;
    e->dims = s->config.dims;
    return WN_OK;
}

/* The table, beside the bytes that it is read from; the tokenizer; rows that are held at once. */
static size_t static_memory(const wn_encoder *e, size_t n, size_t bytes, bool keep) {
    enum { BLOCK = 4096, A_TOKEN = 400, LIBRARIES = 40 << 20, A_WORKER = 1 << 20 };
    const wn_static_config *c = &((const static_encoder *)e)->config;
    const size_t row = c->dims * sizeof(float), rows = n < BLOCK ? n : BLOCK;
    return 2 * c->rows * row + c->rows * A_TOKEN + (size_t)wn_threads_get() * A_WORKER +
           2 * rows * row + (keep ? n * row : 0) + n * 64 + bytes + LIBRARIES;
}

static double static_seconds(const wn_encoder *e, size_t bytes) {
    (void)e;
    return (double)bytes / 10e6;
}

static wn_code static_load(wn_encoder *e, const wn_encoder_watch *w, wn_err *err) {
    static_encoder *s = static_of(e);
    const double start = wn_now();
    wn_code code = wn_static_open(&s->table, s->dir, &e->opts.static_opts, err);
    if (code != WN_OK) return code;
    if (w->verbose) wn_encoder_say(w, "model     %s, ready in %.3f s", s->dir, wn_now() - start);
    (void)snprintf(e->title, sizeof e->title, "%.80s, %zu dimensions, a table of %zu tokens", e->opts.model, e->dims,
                   wn_static_tokens(s->table));
    return WN_OK;
}

static wn_code static_transform(wn_encoder *e, wn_mat *x, const wn_texts *block, wn_err *err) {
    const double start = wn_now();
    wn_static_counts c = {0};
    wn_code code = wn_static_encode(static_of(e)->table, block, x, &c, err);
    if (code != WN_OK) return code;
    e->counts.zero += c.zero;
    e->counts.texts += block->n;
    e->counts.computed += block->n;
    e->counts.tokens += c.tokens;
    e->counts.computed_tokens += c.tokens;
    e->counts.truncated += c.truncated;
    e->counts.seconds += wn_now() - start;
    return WN_OK;
}

static wn_code static_describe(wn_encoder *e, wn_encoder_origin *out, wn_err *err) {
    static_encoder *s = static_of(e);
    wn_code code = s->sha256[0] ? WN_OK : wn_model_sha256(s->dir, s->config.path, s->sha256, err);
    if (code != WN_OK) return code;
    *out = (wn_encoder_origin){.dir = s->dir, .precision = s->config.type, .sha256 = s->sha256};
    return WN_OK;
}

static void static_release(wn_encoder *e) {
    wn_static_close(static_of(e)->table);
    static_of(e)->table = NULL;
}

static void static_close(wn_encoder *e) {
    wn_free(static_of(e)->dir);
}

const wn_encoder_vt wn_encoder_static = {
    .name = "static",
    .article = "a",
    .size = sizeof(static_encoder),
    .open = static_open,
    .memory = static_memory,
    .seconds = static_seconds,
    .load = static_load,
    .transform = static_transform,
    .describe = static_describe,
    .release = static_release,
    .close = static_close,
};
