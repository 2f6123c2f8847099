#include "bert_job.h"

#include "bert_window.h"
#include "stages/common.h"
#include "model_files.h"
#include "part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/cpu.h>
#include <winnow/threads.h>
#include <xxhash.h>

enum {
    WINDOW_ROWS = 65536,
    WINDOW_BYTES = 48 << 20, /* of vectors */
    WINDOW_TOKENS = 6 << 20, /* 24 MiB of ids */
    GROUP_BYTES = 4 << 20,   /* vectors of a group */
    GROUP_TOKENS_MAX = 1 << 17,
    TOKENS_A_THREAD = 512, /* less in a call leaves threads without work */
    FIRST_TOKENS = 4096,   /* a thread's share of the first call */
};
static const double group_seconds = 4;    /* threads wait for one another at its end; what a kill can cost */
static const double layers_seconds = 0.4; /* with every layer's vectors, which do not look for Ctrl-C meanwhile */

struct wn_bert_job {
    const wn_config *c;
    char *dir;
    wn_tok *tok;
    wn_bert *model;
    wn_bert_opts opts;
    size_t dims, layers, hidden, width, max_tokens;
    const char *precision;
    char options[160], sha256[65];
    wn_bert_counts counts;
    wn_part *part;

    /* one run */
    const wn_texts *texts;
    wn_progress *progress;
    wn_windows *windows;
    float *x; /* [window rows, width] */
    size_t x_cap;
    struct { /* a group of texts for one call of the model */
        size_t budget;
        uint32_t *ids;
        size_t *off, *local, ids_cap, off_cap, local_cap, n;
        uint64_t *rows;
        float *out;
        unsigned char *ready; /* which vectors are there */
        size_t rows_cap, out_cap, ready_cap;
    } g;
    struct order {
        size_t tokens, local;
    } * order;
    size_t order_cap;
    size_t seen_tokens, seen_bytes, pending; /* for the estimate of what is left */
};

/* ---- opening ---- */

wn_code wn_bert_job_check(const wn_config *c, wn_err *err) {
    wn_model_config m;
    char *dir = NULL;
    wn_code code = wn_precision_check(c->precision, err);
    if (code == WN_OK) code = wn_model_find(&dir, c->model, err);
    if (code == WN_OK) code = wn_model_config_read(&m, dir, err);
    wn_free(dir);
    if (code != WN_OK) return code;
    size_t most = m.arch == WN_ROBERTA ? m.positions - m.pad - 1 : m.positions;
    if (c->max_tokens > most)
        return wn_err_set(err, WN_EUSAGE, "--max-tokens %zu: this model has positions for %zu", c->max_tokens, most);
    if (c->layer > m.layers + 1)
        return wn_err_set(err, WN_EUSAGE, "--layer %zu: the model has %zu layers (0 = the embeddings)", c->layer - 1, m.layers);
    return WN_OK;
}

static wn_code check_vocabulary(wn_bert_job *j, wn_err *err) {
    const wn_model_config *m = wn_bert_config(j->model);
    j->max_tokens = j->c->max_tokens ? j->c->max_tokens : m->max_tokens;
    if (wn_tok_size(j->tok) > m->vocab)
        return wn_err_set(err, WN_EINPUT,
                          "%s: the tokenizer has ids up to %zu, but config.json says a vocabulary of %zu", j->dir,
                          wn_tok_size(j->tok) - 1, m->vocab);
    return WN_OK;
}

wn_code wn_bert_job_open(wn_bert_job **out, const wn_config *c, wn_err *err) {
    *out = NULL;
    wn_bert_job *j = wn_alloc(1, sizeof *j, err);
    if (!j) return WN_EMEMORY;
    j->c = c;
    j->opts = (wn_bert_opts){.precision = wn_precision_resolve(c->precision),
                             .layer = c->layer ? (int)c->layer - 1 : -1,
                             .pooling = c->pooling,
                             .max_tokens = c->max_tokens,
                             .normalize = 1};
    wn_code code = wn_precision_check(j->opts.precision, err);
    j->precision = wn_precision_name(j->opts.precision);
    if (code == WN_OK) code = wn_model_find(&j->dir, c->model, err);
    if (code == WN_OK) code = wn_tok_open(&j->tok, j->dir, err);
    if (code == WN_OK) code = wn_bert_open(&j->model, j->dir, &j->opts, err);
    if (code == WN_OK) code = check_vocabulary(j, err);
    if (code != WN_OK) {
        wn_bert_job_close(j);
        return code;
    }
    const wn_model_config *m = wn_bert_config(j->model);
    wn_pooling pooling = j->opts.pooling == WN_POOL_MODEL ? m->pooling : j->opts.pooling;
    j->dims = wn_bert_dims(j->model);
    j->hidden = m->hidden;
    j->layers = c->all_layers ? m->layers + 1 : 0;
    j->width = j->dims + j->layers * j->hidden;
    (void)snprintf(j->options, sizeof j->options, "%s by %s (%d), layer %d, %s, at most %zu tokens%s, winnow %s",
                   j->precision, wn_isa_name(wn_cpu_get()->isa), WN_BERT_ARITHMETIC, j->opts.layer < 0 ? (int)m->layers : j->opts.layer,
                   wn_pooling_name(pooling), j->max_tokens, j->layers ? ", all layers" : "", WINNOW_VERSION);
    *out = j;
    return WN_OK;
}

static void end_run(wn_bert_job *j) {
    wn_windows_close(j->windows);
    wn_free(j->x);
    wn_free(j->g.ids);
    wn_free(j->g.off);
    wn_free(j->g.local);
    wn_free(j->g.rows);
    wn_free(j->g.out);
    wn_free(j->g.ready);
    wn_free(j->order);
    memset(&j->g, 0, sizeof j->g);
    j->windows = NULL;
    j->x = NULL, j->x_cap = 0;
    j->order = NULL, j->order_cap = 0;
}

void wn_bert_job_release(wn_bert_job *j) {
    wn_bert_close(j->model);
    wn_tok_close(j->tok);
    j->model = NULL;
    j->tok = NULL;
}

void wn_bert_job_close(wn_bert_job *j) {
    if (!j) return;
    end_run(j);
    wn_part_close(j->part);
    wn_bert_job_release(j);
    wn_free(j->dir);
    wn_free(j);
}

void wn_bert_job_done(wn_bert_job *j) {
    if (!j) return;
    wn_part_remove(j->part);
    j->part = NULL;
}

size_t wn_bert_job_dims(const wn_bert_job *j) {
    return j->dims;
}
size_t wn_bert_job_layers(const wn_bert_job *j) {
    return j->layers;
}
size_t wn_bert_job_hidden(const wn_bert_job *j) {
    return j->hidden;
}
const char *wn_bert_job_dir(const wn_bert_job *j) {
    return j->dir;
}
const char *wn_bert_job_precision(const wn_bert_job *j) {
    return j->precision;
}
const wn_bert_counts *wn_bert_job_counts(const wn_bert_job *j) {
    return &j->counts;
}

wn_code wn_bert_job_sha256(wn_bert_job *j, const char **hex, wn_err *err) {
    wn_code code = j->sha256[0] ? WN_OK : wn_model_sha256(j->dir, j->sha256, err);
    *hex = j->sha256;
    return code;
}

/* ---- the part file ---- */

static void fingerprint_texts(const wn_texts *t, char hex[33]) {
    XXH128_hash_t a = {0};
    uint64_t seed = t->n;
    for (size_t i = 0; i < t->n; i++) seed = XXH64(&(uint64_t){t->off[i + 1] - t->off[i]}, sizeof seed, seed);
    if (t->n) a = XXH3_128bits_withSeed(t->base + t->off[0], (size_t)(t->off[t->n] - t->off[0]), seed);
    (void)snprintf(hex, 33, "%016llx%016llx", (unsigned long long)a.high64, (unsigned long long)a.low64);
}

static wn_code open_part(wn_bert_job *j, wn_io *io, wn_err *err) {
    wn_part_key key = {{0}, {0}, {0}};
    const wn_model_config *m = wn_bert_config(j->model);
    bool found = false;
    char *path = wn_part_path(j->c->output, err);
    if (!path) return WN_EMEMORY;
    (void)snprintf(key.options, sizeof key.options, "%s", j->options);
    fingerprint_texts(j->texts, key.texts);
    wn_code code = wn_model_fingerprint(j->dir, m->dense_path, key.model, err);
    if (code == WN_OK) code = wn_part_open(&j->part, path, &key, j->texts->n, j->width, j->c->resume, &found, err);
    if (code == WN_OK) {
        if (found && !j->c->resume)
            wn_sayf(io, "note: %s, the part of an unfinished job, was replaced; --resume would have gone on with it",
                    path);
        if (j->c->resume && !found) wn_sayf(io, "note: --resume: there is no %s; starting from the beginning", path);
        if (j->c->resume && found)
            wn_sayf(io, "resuming  %zu of %zu vectors are in %s", wn_part_count(j->part), j->texts->n, path);
    }
    wn_free(path);
    return code;
}

/* ---- one window ---- */

static size_t text_bytes(const wn_bert_job *j, size_t rows) {
    return (size_t)(j->texts->off[rows] - j->texts->off[0]);
}

/* Tokens to compute in all: known for windows seen, estimated from bytes for the rest. `computed` of them are done
 * beyond those counted. */
static wn_code tick_more(void *ctx, size_t computed, wn_err *err) {
    const wn_bert_job *j = ctx;
    size_t left = text_bytes(j, j->texts->n) - j->seen_bytes;
    double more = j->seen_bytes ? (double)left * (double)j->seen_tokens / (double)j->seen_bytes : 0;
    size_t done = j->counts.computed_tokens;
    return wn_tick(j->progress, "embed", "tokens", done + computed, done + j->pending + (size_t)more, err);
}

static wn_code tick(wn_bert_job *j, wn_err *err) { return tick_more(j, 0, err); }

static wn_code tokenize_tick(void *ctx, size_t rows, wn_err *err) {
    wn_bert_job *j = ctx;
    if (j->seen_bytes) return tick(j, err);
    return wn_tick(j->progress, "tokenize", "texts", rows, j->texts->n, err);
}

static int longest_first(const void *a, const void *b) {
    const struct order *x = a, *y = b;
    if (x->tokens != y->tokens) return x->tokens > y->tokens ? -1 : 1;
    return x->local < y->local ? -1 : x->local > y->local;
}

static wn_code reserve(void **p, size_t *cap, size_t want, size_t size, wn_err *err) {
    void *v = *p;
    wn_code code = wn_reserve(&v, cap, want, size, err);
    *p = v;
    return code;
}
#define RESERVE(field, cap, want, err) reserve((void **)&(field), &(cap), (want), sizeof *(field), (err))

/* Takes what the part file has; the rest goes into `order`. */
static wn_code sort_window(wn_bert_job *j, const wn_window *w, size_t *todo, wn_err *err) {
    wn_code code = RESERVE(j->x, j->x_cap, w->n * j->width, err);
    if (code == WN_OK) code = RESERVE(j->order, j->order_cap, w->n, err);
    *todo = j->pending = 0;
    for (size_t i = 0; code == WN_OK && i < w->n; i++) {
        if (w->same_as[i] != w->begin + i) continue;
        size_t tokens = w->off[i + 1] - w->off[i];
        if (wn_part_has(j->part, w->begin + i)) {
            code = wn_part_read(j->part, w->begin + i, j->x + i * j->width, err);
            j->counts.resumed++;
            continue;
        }
        j->order[(*todo)++] = (struct order){tokens, i};
        j->pending += tokens;
    }
    j->seen_tokens += j->pending;
    j->seen_bytes = text_bytes(j, w->begin + w->n);
    if (code == WN_OK) qsort(j->order, *todo, sizeof *j->order, longest_first);
    return code;
}

/* The next texts of `order`, packed; at least one. */
static wn_code fill_group(wn_bert_job *j, const wn_window *w, size_t at, size_t todo, wn_err *err) {
    size_t limit = GROUP_BYTES / (j->width * sizeof(float)), tokens = 0, n = 0;
    while (at + n < todo && (n == 0 || (n < limit && tokens + j->order[at + n].tokens <= j->g.budget)))
        tokens += j->order[at + n++].tokens;
    wn_code code = RESERVE(j->g.ids, j->g.ids_cap, tokens, err);
    if (code == WN_OK) code = RESERVE(j->g.off, j->g.off_cap, n + 1, err);
    if (code == WN_OK) code = RESERVE(j->g.local, j->g.local_cap, n, err);
    if (code == WN_OK) code = RESERVE(j->g.rows, j->g.rows_cap, n, err);
    if (code == WN_OK) code = RESERVE(j->g.out, j->g.out_cap, n * j->width, err);
    if (code == WN_OK) code = RESERVE(j->g.ready, j->g.ready_cap, n, err);
    if (code != WN_OK) return code;
    j->g.n = n;
    j->g.off[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t local = j->order[at + i].local, t = j->order[at + i].tokens;
        memcpy(j->g.ids + j->g.off[i], w->ids + w->off[local], t * sizeof *w->ids);
        j->g.off[i + 1] = j->g.off[i] + t;
        j->g.local[i] = local;
        j->g.rows[i] = w->begin + local;
    }
    return WN_OK;
}

/* Groups grow or shrink towards those seconds a call; the vectors do not depend on it. */
static void adapt(wn_bert_job *j, size_t tokens, double seconds) {
    double least = (double)TOKENS_A_THREAD * wn_threads_get(), wanted = j->layers ? layers_seconds : group_seconds;
    double want = (double)tokens * wanted / (seconds + 1e-6);
    double now = (double)j->g.budget;
    want = fmin(fmax(want, now / 2), now * 2);
    j->g.budget = (size_t)fmin(fmax(want, least), GROUP_TOKENS_MAX);
}

/* After an interruption: the vectors that are there go into the part file. */
static void keep_ready(wn_bert_job *j) {
    size_t n = 0;
    for (size_t i = 0; i < j->g.n; i++) {
        if (!j->g.ready[i]) continue;
        memmove(j->g.out + n * j->width, j->g.out + i * j->width, j->width * sizeof *j->g.out);
        j->g.rows[n++] = j->g.rows[i];
    }
    wn_err ignored; /* the interruption is what is told */
    if (n && !j->layers) (void)wn_part_append(j->part, j->g.rows, j->g.out, n, &ignored);
}

static wn_code compute_group(wn_bert_job *j, wn_err *err) {
    double start = wn_now();
    size_t tokens = j->g.off[j->g.n];
    wn_code code = wn_bert_forward_watched(j->model, j->g.ids, NULL, j->g.off, j->g.n, j->g.out, j->width, tick_more, j, j->g.ready, err);
    if (code == WN_EINTERRUPT) keep_ready(j);
    if (code == WN_OK && j->layers)
        code = wn_bert_layers(j->model, j->g.ids, NULL, j->g.off, j->g.n, j->g.out + j->dims, j->width, err);
    if (code == WN_OK) code = wn_part_append(j->part, j->g.rows, j->g.out, j->g.n, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < j->g.n; i++)
        memcpy(j->x + j->g.local[i] * j->width, j->g.out + i * j->width, j->width * sizeof *j->x);
    double seconds = wn_now() - start;
    adapt(j, tokens, seconds);
    j->counts.seconds += seconds;
    j->counts.computed += j->g.n;
    j->counts.computed_tokens += tokens;
    j->pending -= tokens;
    return tick(j, err);
}

/* Texts with the tokens of another get its vector. */
static wn_code copy_equal(wn_bert_job *j, const wn_window *w, wn_err *err) {
    wn_code code = WN_OK;
    for (size_t i = 0; code == WN_OK && i < w->n; i++) {
        size_t first = w->same_as[i];
        float *to = j->x + i * j->width;
        if (first == w->begin + i) continue;
        j->counts.equal++;
        if (first < w->begin)
            code = wn_part_read(j->part, first, to, err);
        else
            memcpy(to, j->x + (first - w->begin) * j->width, j->width * sizeof *to);
    }
    return code;
}

static wn_code run_window(wn_bert_job *j, const wn_window *w, wn_err *err) {
    size_t todo = 0;
    j->counts.texts += w->n;
    j->counts.tokens += w->off[w->n];
    j->counts.truncated += w->truncated;
    wn_code code = sort_window(j, w, &todo, err);
    if (code == WN_OK) code = tick(j, err);
    for (size_t at = 0; code == WN_OK && at < todo; at += j->g.n) {
        code = fill_group(j, w, at, todo, err);
        if (code == WN_OK) code = compute_group(j, err);
    }
    return code == WN_OK ? copy_equal(j, w, err) : code;
}

/* ---- all windows ---- */

static wn_code explain_interrupt(const wn_bert_job *j, wn_err *err) {
    return wn_err_set(err, WN_EINTERRUPT,
                      "interrupted; %zu of %zu vectors are kept: the same command with --resume goes on "
                      "from there",
                      wn_part_count(j->part), j->texts->n);
}

wn_code wn_bert_job_run(wn_bert_job *j, const wn_texts *texts, wn_bert_sink sink, void *ctx, wn_io *io, wn_err *err) {
    size_t rows = WINDOW_BYTES / (j->width * sizeof(float));
    wn_window w;
    j->texts = texts;
    j->progress = io ? io->progress : NULL;
    j->counts = (wn_bert_counts){0};
    j->seen_tokens = j->seen_bytes = j->pending = 0;
    j->g.budget = (size_t)(j->layers ? TOKENS_A_THREAD : FIRST_TOKENS) * (size_t)wn_threads_get();
    if (rows > WINDOW_ROWS) rows = WINDOW_ROWS;
    wn_code code = open_part(j, io, err);
    if (code == WN_OK)
        code = wn_windows_open(&j->windows, j->tok, texts, j->max_tokens, rows ? rows : 1, WINDOW_TOKENS, err);
    while (code == WN_OK) {
        code = wn_windows_next(j->windows, &w, tokenize_tick, j, err);
        if (code != WN_OK || w.n == 0) break;
        code = run_window(j, &w, err);
        if (code == WN_OK) code = sink(ctx, j->x, j->width, w.begin, w.n, err);
    }
    if (code == WN_EINTERRUPT && j->part && wn_part_count(j->part)) code = explain_interrupt(j, err);
    end_run(j);
    return code;
}

void wn_bert_job_say(const wn_bert_job *j, wn_io *io) {
    const wn_bert_counts *n = &j->counts;
    char more[96] = "";
    if (n->equal) (void)snprintf(more, sizeof more, "; %zu equal to another text", n->equal);
    if (n->computed)
        wn_sayf(io, "embedded  %zu texts, %zu tokens in %.1f s: %.0f tokens/s%s", n->computed, n->computed_tokens,
                n->seconds, (double)n->computed_tokens / fmax(n->seconds, 1e-6), more);
    if (n->truncated)
        wn_sayf(io, "note: %zu of %zu texts have more than %zu tokens and were cut there", n->truncated, n->texts,
                j->max_tokens);
}

/* ---- --verify ---- */

/* The least cosine that a precision may have to f32. */
static double least_cosine(wn_precision p) {
    switch (p) {
    case WN_PREC_AUTO:
    case WN_PREC_F32: return 0.999999;
    case WN_PREC_BF16:
    case WN_PREC_F16:
    case WN_PREC_INT16: return 0.9995;
    case WN_PREC_INT8: return 0.995;
    }
    return 1;
}

static wn_code sample_ids(const wn_bert_job *j, const wn_texts *texts, const size_t *rows, size_t n, uint32_t **ids,
                          size_t *off, wn_err *err) {
    wn_ids one = {0};
    size_t cap = 0;
    wn_code code = WN_OK;
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        code =
            wn_tok_encode(j->tok, texts->base + texts->off[rows[i]],
                          (size_t)(texts->off[rows[i] + 1] - texts->off[rows[i]]), NULL, 0, j->max_tokens, &one, err);
        if (code == WN_OK) code = reserve((void **)ids, &cap, off[i] + one.n, sizeof **ids, err);
        if (code == WN_OK) memcpy(*ids + off[i], one.ids, one.n * sizeof **ids);
        off[i + 1] = off[i] + one.n;
    }
    wn_ids_free(&one);
    return code;
}

wn_code wn_bert_job_verify(const wn_bert_job *j, const wn_texts *texts, const size_t *rows, size_t n, const float *x,
                           size_t stride, wn_io *io, wn_err *err) {
    wn_bert_opts plain = j->opts;
    wn_bert *reference = NULL;
    uint32_t *ids = NULL;
    double least = 1, sum = 0;
    plain.precision = WN_PREC_F32;
    size_t *off = wn_alloc(n + 1, sizeof *off, err);
    float *want = wn_alloc(n * j->dims, sizeof *want, err);
    wn_code code = off && want ? sample_ids(j, texts, rows, n, &ids, off, err) : WN_EMEMORY;
    if (code == WN_OK) code = wn_bert_open(&reference, j->dir, &plain, err);
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        size_t one[2] = {0, off[i + 1] - off[i]};
        double dot = 0, a = 0, b = 0;
        const float *v = want + i * j->dims, *u = x + i * stride;
        code = wn_bert_forward(reference, ids + off[i], NULL, one, 1, want + i * j->dims, j->dims, err);
        for (size_t d = 0; code == WN_OK && d < j->dims; d++)
            dot += (double)v[d] * (double)u[d], a += (double)v[d] * (double)v[d], b += (double)u[d] * (double)u[d];
        double cosine = dot / sqrt(a * b);
        least = fmin(least, cosine), sum += cosine;
        if (code == WN_OK) code = wn_tick(j->progress, "verify", "texts", i + 1, n, err);
    }
    if (code == WN_OK) {
        double bound = least_cosine(j->opts.precision);
        wn_sayf(io, "verified  %zu texts against f32: cosine at least %.7f, mean %.7f (%s: %g is asked for)", n, least,
                sum / (double)n, j->precision, bound);
        if (!(least >= bound))
            code = wn_err_set(err, WN_EINTERNAL,
                              "--verify: a cosine of %.7f to f32, where %s should give at least %g; nothing was "
                              "written",
                              least, j->precision, bound);
    }
    wn_bert_close(reference);
    wn_free(ids);
    wn_free(off);
    wn_free(want);
    return code;
}
