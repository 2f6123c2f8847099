/* All texts through the model, window by window; finished vectors stand in the part file. */
#include "bert_encoder.h"
#include "bert_schedule.h"
#include "model_files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/cpu.h>
#include <xxhash.h>

enum {
    WINDOW_ROWS = 65536,
    WINDOW_BYTES = 48 << 20, /* of vectors */
    WINDOW_TOKENS = 6 << 20, /* 24 MiB of ids */
};

typedef struct {
    wn_bert_encoder *b;
    wn_encoder_counts *counts; /* b's */
    const wn_texts *texts;
    wn_progress *progress;
    wn_windows *windows;
    wn_schedule schedule;
    float *x; /* [window rows, width] */
    size_t x_cap;
    size_t seen_tokens, seen_bytes, pending; /* for the estimate of what is left */
} bert_run;

/* ---- the part file ---- */

static void fingerprint_texts(const wn_texts *t, char hex[33]) {
    XXH128_hash_t a = {0};
    uint64_t seed = t->n;
    for (size_t i = 0; i < t->n; i++) seed = XXH64(&(uint64_t){t->off[i + 1] - t->off[i]}, sizeof seed, seed);
    if (t->n) a = XXH3_128bits_withSeed(t->base + t->off[0], (size_t)(t->off[t->n] - t->off[0]), seed);
    (void)snprintf(hex, 33, "%016llx%016llx", (unsigned long long)a.high64, (unsigned long long)a.low64);
}

/* What vectors depend on beside model and texts, for people too. */
static void describe_settings(const wn_bert_encoder *b, char *out, size_t size) {
    const wn_model_config *m = &b->config;
    (void)snprintf(out, size, "%s by %s (%d), layer %d, %s, at most %zu tokens%s, winnow %s", b->precision,
                   wn_cpu_level(), WN_BERT_ARITHMETIC,
                   b->opts.layer < 0 ? (int)m->layers : b->opts.layer,
                   wn_pooling_name(b->opts.pooling == WN_POOL_MODEL ? m->pooling : b->opts.pooling), b->max_tokens,
                   b->base.layers ? ", all layers" : "", WINNOW_VERSION);
}

static wn_code open_part(bert_run *r, const wn_encoder_watch *w, wn_err *err) {
    wn_part_key key = {{0}, {0}, {0}};
    wn_bert_encoder *b = r->b;
    bool found = false, resume = b->base.opts.resume;
    wn_code code;
    if (!b->base.opts.part_of) return WN_OK;
    char *path = wn_part_path(b->base.opts.part_of, err);
    if (!path) return WN_EMEMORY;
    describe_settings(b, key.options, sizeof key.options);
    fingerprint_texts(r->texts, key.texts);
    if ((code = wn_model_fingerprint(b->dir, &b->config, key.model, err)) != WN_OK) goto out;
    if ((code = wn_part_open(&b->part, path, &key, r->texts->n, b->width, resume, &found, err)) != WN_OK) goto out;
    if (found && !resume)
        wn_encoder_say(w, "note: %s, the part of an unfinished job, was replaced, as -f asks", path);
    if (resume && !found) wn_encoder_say(w, "note: --resume: there is no %s; starting from the beginning", path);
    if (resume && found)
        wn_encoder_say(w, "resuming  %zu of %zu vectors are in %s", wn_part_count(b->part), r->texts->n, path);
out:
    wn_free(path);
    return code;
}

/* ---- progress ---- */

static size_t text_bytes(const bert_run *r, size_t rows) {
    return (size_t)(r->texts->off[rows] - r->texts->off[0]);
}

/* Tokens to compute in all: known for windows seen, estimated from bytes for the rest. `computed` of them are done
 * beyond those counted. */
static wn_code tick_more(void *ctx, size_t computed, wn_err *err) {
    const bert_run *r = ctx;
    size_t left = text_bytes(r, r->texts->n) - r->seen_bytes, done = r->counts->computed_tokens;
    double more = r->seen_bytes ? (double)left * (double)r->seen_tokens / (double)r->seen_bytes : 0;
    return wn_tick(r->progress, "embed", "tokens", done + computed, done + r->pending + (size_t)more, err);
}

static wn_code tick_tokenizing(void *ctx, size_t rows, wn_err *err) {
    bert_run *r = ctx;
    if (r->seen_bytes) return tick_more(r, 0, err);
    return wn_tick(r->progress, "tokenize", "texts", rows, r->texts->n, err);
}

/* ---- one window ---- */

/* Text i of the window has the tokens of another, whose vector is at hand: earlier windows' are in the part file. */
static bool is_copy(const bert_run *r, const wn_window *w, size_t i) {
    return w->same_as[i] != w->begin + i && (r->b->part || w->same_as[i] >= w->begin);
}

static float *window_row(const bert_run *r, size_t local) {
    return r->x + local * r->b->width;
}

/* Takes what the part file has; the rest is scheduled. */
static wn_code plan_window(bert_run *r, const wn_window *w, wn_err *err) {
    wn_code code;
    void *x = r->x;
    code = wn_reserve(&x, &r->x_cap, w->n * r->b->width, sizeof *r->x, err);
    r->x = x;
    if (code != WN_OK) return code;
    if ((code = wn_schedule_begin(&r->schedule, w->n, err)) != WN_OK) return code;
    r->pending = 0;
    for (size_t i = 0; i < w->n; i++) {
        size_t tokens = w->off[i + 1] - w->off[i], row = w->begin + i;
        if (is_copy(r, w, i)) continue;
        if (r->b->part && wn_part_has(r->b->part, row)) {
            if ((code = wn_part_read(r->b->part, row, window_row(r, i), err)) != WN_OK) return code;
            r->counts->resumed++;
            continue;
        }
        wn_schedule_add(&r->schedule, i, tokens);
        r->pending += tokens;
    }
    r->seen_tokens += r->pending;
    r->seen_bytes = text_bytes(r, w->begin + w->n);
    wn_schedule_sort(&r->schedule);
    return WN_OK;
}

/* After an interruption: the vectors that are there go into the part file. */
static void keep_ready(bert_run *r) {
    wn_group *g = &r->schedule.group;
    size_t n = 0, width = r->b->width;
    for (size_t i = 0; i < g->n; i++) {
        if (!g->ready[i]) continue;
        memmove(g->out + n * width, g->out + i * width, width * sizeof *g->out);
        g->rows[n++] = g->rows[i];
    }
    wn_err ignored; /* the interruption is what is told */
    if (n && r->b->part) (void)wn_part_append(r->b->part, g->rows, g->out, n, &ignored);
}

static wn_code compute_group(bert_run *r, wn_err *err) {
    const wn_bert_encoder *b = r->b;
    wn_group *g = &r->schedule.group;
    double start = wn_now();
    const wn_token_batch batch = {.ids = g->ids, .offsets = g->off, .n = g->n};
    const wn_bert_extras more = {.layers = b->base.layers ? g->out + b->base.dims : NULL,
                                 .layers_stride = b->width,
                                 .ready = g->ready,
                                 .watch = tick_more,
                                 .ctx = r};
    wn_code code = wn_bert_forward(b->model, &batch, g->out, b->width, &more, err);
    if (code == WN_EINTERRUPT) keep_ready(r);
    if (code != WN_OK) return code;
    if (b->part && (code = wn_part_append(b->part, g->rows, g->out, g->n, err)) != WN_OK) return code;
    for (size_t i = 0; i < g->n; i++)
        memcpy(window_row(r, g->local[i]), g->out + i * b->width, b->width * sizeof *r->x);
    double seconds = wn_now() - start;
    wn_schedule_adapt(&r->schedule, seconds);
    r->counts->seconds += seconds;
    r->counts->computed += g->n;
    r->counts->computed_tokens += g->tokens;
    r->pending -= g->tokens;
    return tick_more(r, 0, err);
}

/* Texts with the tokens of another get its vector. */
static wn_code copy_equal(bert_run *r, const wn_window *w, wn_err *err) {
    for (size_t i = 0; i < w->n; i++) {
        size_t first = w->same_as[i];
        wn_code code = WN_OK;
        if (!is_copy(r, w, i)) continue;
        r->counts->equal++;
        if (first < w->begin)
            code = wn_part_read(r->b->part, first, window_row(r, i), err);
        else
            memcpy(window_row(r, i), window_row(r, first - w->begin), r->b->width * sizeof *r->x);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code run_window(bert_run *r, const wn_window *w, wn_err *err) {
    wn_code code;
    r->counts->texts += w->n;
    r->counts->tokens += w->off[w->n];
    r->counts->truncated += w->truncated;
    if ((code = plan_window(r, w, err)) != WN_OK) return code;
    if ((code = tick_more(r, 0, err)) != WN_OK) return code;
    for (;;) {
        if ((code = wn_schedule_next(&r->schedule, w, err)) != WN_OK) return code;
        if (r->schedule.group.n == 0) return copy_equal(r, w, err);
        if ((code = compute_group(r, err)) != WN_OK) return code;
    }
}

/* ---- all windows ---- */

static wn_code run_windows(bert_run *r, wn_rows_sink sink, void *ctx, wn_err *err) {
    const wn_bert_encoder *b = r->b;
    size_t rows = WINDOW_BYTES / (b->width * sizeof(float));
    wn_window w;
    wn_code code;
    if (rows > WINDOW_ROWS) rows = WINDOW_ROWS;
    if (rows == 0) rows = 1;
    if ((code = wn_windows_open(&r->windows, b->tok, r->texts, b->max_tokens, rows, WINDOW_TOKENS, err)) != WN_OK)
        return code;
    for (;;) {
        if ((code = wn_windows_next(r->windows, &w, tick_tokenizing, r, err)) != WN_OK || w.n == 0) return code;
        if ((code = run_window(r, &w, err)) != WN_OK) return code;
        if ((code = sink(ctx, r->x, b->width, w.begin, w.n, err)) != WN_OK) return code;
    }
}

/* Rate; truncated texts. */
static void say_counts(const bert_run *r, const wn_encoder_watch *w) {
    const wn_encoder_counts *n = r->counts;
    char more[96] = "";
    if (n->equal) (void)snprintf(more, sizeof more, "; %zu equal to another text", n->equal);
    if (n->computed)
        wn_encoder_say(w, "embedded  %zu texts, %zu tokens in %.1f s: %.0f tokens/s%s", n->computed, n->computed_tokens,
                       n->seconds, (double)n->computed_tokens / fmax(n->seconds, 1e-6), more);
    if (n->truncated)
        wn_encoder_say(w, "note: %zu of %zu texts have more than %zu tokens and were cut there", n->truncated, n->texts,
                       r->b->max_tokens);
}

wn_code wn_bert_encoder_run(wn_encoder *e, wn_rows_sink sink, void *ctx, const wn_texts *texts,
                            const wn_encoder_watch *w, wn_err *err) {
    wn_bert_encoder *b = (wn_bert_encoder *)e;
    bert_run r = {.b = b, .counts = &e->counts, .texts = texts, .progress = w->progress};
    e->counts = (wn_encoder_counts){0};
    wn_schedule_init(&r.schedule, b->width);
    wn_code code = open_part(&r, w, err);
    if (code == WN_OK) code = run_windows(&r, sink, ctx, err);
    if (code == WN_OK) say_counts(&r, w);
    if (code == WN_EINTERRUPT && b->part && wn_part_count(b->part))
        code = wn_err_set(err, WN_EINTERRUPT,
                          "interrupted; %zu of %zu vectors are kept: the same command with --resume goes on from there",
                          wn_part_count(b->part), texts->n);
    wn_windows_close(r.windows);
    wn_schedule_free(&r.schedule);
    wn_free(r.x);
    return code;
}
