/* Rows come, are held as long as they may be chosen, and are handed to the sieve in rounds. */
#include <winnow/stream.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/rng.h>

#include "stream/sieve.h"

enum { STREAM = 0x73747265 };

struct wn_streaming {
    wn_streaming_opts o; /* as used */
    const wn_sieve_vt *vt;
    wn_rng rng;
    uint64_t seen;
    wn_held **reservoir; /* [places] an even sample of the rows so far; f is measured on its first o.sample */
    size_t places;
    wn_held **waiting; /* [room] rows that are not decided yet */
    size_t nwaiting, room;
    wn_held **held; /* decided rows that somebody refers to, rising */
    size_t nheld, held_cap, held_most;
    uint64_t *numbers; /* [nheld] theirs */
    size_t numbers_cap;
    wn_held **spare; /* [WN_ROUND] for the next rows */
    size_t nspare;
    wn_sample sample;
    bool measured;       /* there is a sample, or none is needed */
    uint64_t measure_at; /* rows at which the next one takes over */
    size_t samples;
    wn_sieve sieve;
};

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static wn_streaming_opts options_used(const wn_streaming_opts *o) {
    wn_streaming_opts used = *o;
    if (!(used.epsilon > 0)) used.epsilon = WN_EPSILON;
    if (!wn_streaming_samples(o->objective))
        used.sample = 0;
    else if (used.sample == 0)
        used.sample = WN_STREAM_SAMPLE;
    return used;
}

static wn_code check_options(const wn_streaming_opts *o, wn_err *err) {
    if (!wn_sieve_objective(o->objective))
        return wn_err_set(err, WN_EUSAGE, "stream: %s cannot be chosen by in one pass",
                          wn_objective_name(o->objective));
    if (!wn_streaming_serves(o->objective, o->kernel.kind))
        return wn_err_set(err, WN_EUSAGE, "stream: %s is not chosen by in one pass under %s",
                          wn_objective_name(o->objective), wn_kernel_name(o->kernel.kind));
    if (o->k == 0) return wn_err_set(err, WN_EUSAGE, "stream: k is 0; at least one row must be chosen");
    if (o->dims == 0) return wn_err_set(err, WN_EUSAGE, "stream: rows have no values");
    if (isnan(o->epsilon) || o->epsilon < 0 || o->epsilon >= 1 || (o->epsilon > 0 && o->epsilon < 1e-3))
        return wn_err_set(err, WN_EUSAGE, "stream: epsilon is %g; it must lie between 0.001 and 1", o->epsilon);
    return wn_kernel_check(&o->kernel, err);
}

/* A set with threshold t has at most f / t rows, and k: thresholds being a geometric row, all sets together have at
 * most k (log 2 / log(1 + epsilon) + 1 / epsilon + 3) of them, and a round's; the squares add up likewise. */
size_t wn_streaming_memory(const wn_streaming_opts *options) {
    const wn_streaming_opts o = options_used(options);
    const wn_sieve_vt *vt = wn_sieve_objective(o.objective);
    if (!vt) return SIZE_MAX;
    const double k = (double)o.k, d = (double)o.dims, m = (double)o.sample, sets = wn_sieve_thresholds(&o),
                 full = log(2) / log1p(o.epsilon) + 2, places = fmax(k, m > 0 ? m : WN_STREAM_SAMPLE),
                 threads = (double)wn_threads_get();
    const double held = k * (full + 1 / o.epsilon + 1) + WN_ROUND, rows = held + places + fmax(m, WN_ROUND) + WN_ROUND;
    const double each = 4 * d + sizeof(wn_held) + 64 + 6 * sizeof(void *);
    const double work = (m + WN_ROUND) * (4 * m + 8) + m * (4 * d + 72) + threads * WN_TILE_ROWS * 4 * (d + m);
    const size_t own = vt->bytes(&o, sets + 2, k * k * (full + 1 / (2 * o.epsilon) + 2) / 2);
    const double bytes = rows * each + (m > 0 ? work : WN_ROUND * 8.0) + 40 * held + (double)own;
    return bytes < 0x1p62 ? (size_t)bytes : SIZE_MAX;
}

wn_code wn_streaming_open(wn_streaming **out, const wn_streaming_opts *o, wn_err *err) {
    wn_streaming *s = NULL;
    wn_code code = check_options(o, err);
    if (code != WN_OK) return code;
    const size_t need = wn_streaming_memory(o);
    if (o->memory && need > o->memory)
        return wn_err_set(err, WN_EMEMORY, "stream: %zu bytes may be needed for %zu rows to choose but %zu are allowed",
                          need, o->k, o->memory);
    if (!(s = wn_alloc(1, sizeof *s, err))) return WN_EMEMORY;
    s->o = options_used(o);
    s->vt = wn_sieve_objective(o->objective);
    s->rng = wn_rng_init(o->seed, STREAM);
    s->places = larger(s->o.k, s->o.sample ? s->o.sample : WN_STREAM_SAMPLE);
    s->room = larger(s->o.sample, WN_ROUND);
    s->measure_at = s->o.sample;
    code = WN_EMEMORY;
    if (!(s->reservoir = wn_alloc_sparse(s->places, sizeof *s->reservoir, err))) goto out;
    if (!(s->waiting = wn_alloc(s->room, sizeof *s->waiting, err))) goto out;
    if (!(s->spare = wn_alloc(WN_ROUND, sizeof *s->spare, err))) goto out;
    code = wn_sieve_init(&s->sieve, &s->o, s->vt, err);
out:
    if (code != WN_OK)
        wn_streaming_close(s);
    else
        *out = s;
    return code;
}

void wn_streaming_close(wn_streaming *s) {
    if (!s) return;
    wn_sieve_free(&s->sieve);
    wn_sample_free(&s->sample);
    for (size_t i = 0; i < s->nheld; i++) wn_free(s->held[i]);
    for (size_t i = 0; i < s->nwaiting; i++) wn_free(s->waiting[i]);
    for (size_t i = 0; i < s->nspare; i++) wn_free(s->spare[i]);
    wn_free(s->reservoir);
    wn_free(s->waiting);
    wn_free(s->spare);
    wn_free(s->held);
    wn_free(s->numbers);
    wn_free(s);
}

/* ---- what is held ---- */

static void let_go(wn_streaming *s, wn_held *h) {
    if (s->nspare < WN_ROUND)
        s->spare[s->nspare++] = h;
    else
        wn_free(h);
}

/* After a round: its m rows come to those that are held; those that nobody refers to go. */
static wn_code keep_referred(wn_streaming *s, size_t m, wn_err *err) {
    size_t kept = 0;
    void *held = s->held, *numbers = s->numbers;
    wn_code code = wn_reserve(&held, &s->held_cap, s->nheld + m, sizeof *s->held, err);
    s->held = held;
    if (code != WN_OK) return code;
    code = wn_reserve(&numbers, &s->numbers_cap, s->nheld + m, sizeof *s->numbers, err);
    s->numbers = numbers;
    if (code != WN_OK) return code;
    memcpy(s->held + s->nheld, s->waiting, m * sizeof *s->held);
    s->nwaiting -= m;
    memmove(s->waiting, s->waiting + m, s->nwaiting * sizeof *s->waiting);
    for (size_t i = 0; i < s->nheld + m; i++) {
        wn_held *h = s->held[i];
        if (h->refs == 0) {
            let_go(s, h);
            continue;
        }
        s->held[kept] = h;
        s->numbers[kept++] = h->row;
    }
    s->nheld = kept;
    if (kept > s->held_most) s->held_most = kept;
    return WN_OK;
}

const uint64_t *wn_streaming_held(const wn_streaming *s, size_t *n, uint64_t *undecided) {
    *n = s->nheld;
    *undecided = s->seen - s->nwaiting;
    return s->numbers;
}

/* ---- rows come ---- */

/* The first rows of the reservoir are an even sample as all of it is. */
static wn_code measure(wn_streaming *s, wn_err *err) {
    wn_sample next;
    const size_t m = s->o.sample < s->seen ? s->o.sample : (size_t)s->seen;
    for (size_t i = 0; i < s->nheld; i++) s->held[i]->place = 0;
    for (size_t i = 0; i < s->nwaiting; i++) s->waiting[i]->place = 0;
    wn_code code = wn_sample_init(&next, &s->o, s->reservoir, m, (double)s->seen, err);
    if (code != WN_OK) return code;
    wn_sample_free(&s->sample);
    s->sample = next;
    s->measured = true;
    s->measure_at = 2 * s->seen;
    if (m) s->samples++;
    return wn_sieve_measure(&s->sieve, &s->sample, err);
}

static wn_code decide(wn_streaming *s, wn_err *err) {
    const size_t m = s->nwaiting < WN_ROUND ? s->nwaiting : WN_ROUND;
    wn_code code = s->measured ? WN_OK : measure(s, err);
    if (code != WN_OK || (code = wn_sieve_round(&s->sieve, s->waiting, m, err)) != WN_OK) return code;
    return keep_referred(s, m, err);
}

static wn_code check_row(const wn_streaming *s, const float *x, wn_err *err) {
    double sq = 0;
    for (size_t c = 0; c < s->o.dims; c++) sq += (double)x[c] * (double)x[c];
    if (!isfinite(sq)) return wn_err_set(err, WN_EINPUT, "stream: row %" PRIu64 " holds NaN or infinity", s->seen);
    if (sq > 1e30)
        return wn_err_set(err, WN_EINPUT, "stream: row %" PRIu64 " has norm %g; at most 1e15 can be handled", s->seen,
                          sqrt(sq));
    if (s->o.kernel.kind != WN_DOT && sq > 0 && fabs(sq - 1) > 1e-3)
        return wn_err_set(err, WN_EUSAGE,
                          "stream: row %" PRIu64 " has norm %g; normalise the rows, or use the dot kernel", s->seen,
                          sqrt(sq));
    return WN_OK;
}

/* Algorithm R (Vitter 1985): after `seen` rows each stands in the reservoir with the same probability. */
static void draw(wn_streaming *s, wn_held *h) {
    const uint64_t place = s->seen <= s->places ? s->seen - 1 : wn_rng_below(&s->rng, s->seen);
    if (place >= s->places) return;
    if (s->reservoir[place]) s->reservoir[place]->refs--;
    s->reservoir[place] = h;
    h->refs++;
}

static wn_code offer_row(wn_streaming *s, const float *x, wn_err *err) {
    wn_code code = check_row(s, x, err);
    if (code != WN_OK) return code;
    wn_held *h = s->nspare ? s->spare[--s->nspare] : wn_alloc(1, sizeof *h + s->o.dims * sizeof *h->x, err);
    if (!h) return WN_EMEMORY;
    h->row = s->seen++;
    h->refs = h->place = 0;
    memcpy(h->x, x, s->o.dims * sizeof *x);
    s->waiting[s->nwaiting++] = h;
    draw(s, h);
    if (!s->measured && s->seen < s->o.sample) return WN_OK;
    while (s->nwaiting >= WN_ROUND)
        if ((code = decide(s, err)) != WN_OK) return code;
    if (!s->measured || !s->o.sample || s->seen < s->measure_at) return WN_OK;
    return measure(s, err);
}

wn_code wn_streaming_offer(wn_streaming *s, const float *rows, size_t stride, size_t n, wn_err *err) {
    for (size_t i = 0; i < n; i++) {
        wn_code code = offer_row(s, rows + i * stride, err);
        if (code != WN_OK) return code;
        if (s->seen % WN_ROUND == 0 && (code = wn_tick(NULL, "stream", "rows", 0, 0, err)) != WN_OK) return code;
    }
    return WN_OK;
}

/* ---- the end ---- */

static wn_code put_selection(const wn_streaming *s, const wn_sieve_choice *c, wn_selection *out, wn_err *err) {
    const double scale = s->sample.rows.rows ? (double)s->seen / (double)s->sample.rows.rows : 1;
    *out = (wn_selection){.k = c->n, .negative_from = c->n, .bound = NAN, .storage = WN_MATRIX_FREE};
    if (s->o.objective == WN_GRAPH_CUT) out->lambda = wn_select_lambda(NAN, s->seen, s->o.k);
    if (s->o.objective == WN_SATURATED_COVERAGE && s->seen) out->saturation = fmin(1, (double)s->o.k / (double)s->seen);
    if (!(out->ids = wn_alloc(c->n, sizeof *out->ids, err)) || !(out->gain = wn_alloc(c->n, sizeof *out->gain, err)) ||
        !(out->objective = wn_alloc(c->n, sizeof *out->objective, err))) {
        wn_selection_free(out);
        return WN_EMEMORY;
    }
    for (size_t i = 0; i < c->n; i++) {
        out->ids[i] = (size_t)c->pick[i]->row;
        out->gain[i] = scale * c->gain[i];
        out->objective[i] = out->gain[i] + (i ? out->objective[i - 1] : 0);
        if (out->gain[i] < 0 && out->negative_from == c->n) out->negative_from = i;
    }
    return WN_OK;
}

/* What is known of the best: a threshold lies between OPT / 2k and that over 1 + epsilon. Where more rows came than the
 * sample holds, f changed on the way. */
static double share_known(const wn_streaming *s) {
    return s->vt->monotone && s->samples <= 1 ? .5 / (1 + s->o.epsilon) : NAN;
}

wn_code wn_streaming_finish(wn_streaming *s, wn_selection *out, wn_streaming_counts *counts, wn_err *err) {
    wn_sieve_choice all = {0}, best = {0};
    wn_code code = WN_OK;
    while (s->nwaiting && code == WN_OK) code = decide(s, err);
    if (code == WN_OK && (!s->measured || (s->o.sample && s->measure_at != 2 * s->seen))) code = measure(s, err);
    const wn_threshold *t = wn_sieve_best(&s->sieve);
    if (code != WN_OK || (code = wn_sieve_greedy(&s->sieve, NULL, s->held, s->nheld, &all, err)) != WN_OK) goto out;
    if (t && (code = wn_sieve_greedy(&s->sieve, &t->picks, s->held, s->nheld, &best, err)) != WN_OK) goto out;
    code = put_selection(s, t && best.f > all.f ? &best : &all, out, err);
    if (code != WN_OK || !counts) goto out;
    *counts = (wn_streaming_counts){.rows = s->seen,
                                    .thresholds = s->sieve.n,
                                    .thresholds_most = s->sieve.most,
                                    .held_most = s->held_most,
                                    .sample = s->sample.rows.rows,
                                    .samples = s->samples,
                                    .from_sieve = t ? t->picks.n : 0,
                                    .share = share_known(s)};
out:
    wn_sieve_choice_free(&all);
    wn_sieve_choice_free(&best);
    return code;
}
