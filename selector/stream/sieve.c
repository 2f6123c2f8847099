/* Sieve-Streaming++ (Kazemi et al. 2019, algorithm 1): a set of picks a threshold. Rows are decided in rounds: within
 * one a threshold depends on no other, so each goes through the round on a thread of its own. Sets that can no longer
 * be the best are given up between rounds. */
#include "stream/sieve.h"

#include <math.h>
#include <string.h>
#include <wn/failure.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

wn_code wn_sieve_init(wn_sieve *s, const wn_streaming_opts *o, const wn_sieve_vt *vt, wn_err *err) {
    const size_t m = vt->samples ? o->sample : 0;
    *s = (wn_sieve){.o = o, .vt = vt};
    if (!(s->w = wn_alloc(WN_ROUND, m * sizeof *s->w, err))) return WN_EMEMORY;
    s->rows = wn_alloc((size_t)wn_threads_get(), WN_TILE_ROWS * o->dims * sizeof *s->rows, err);
    if (!s->rows) return WN_EMEMORY;
    return (s->single = wn_alloc(WN_ROUND, sizeof *s->single, err)) ? WN_OK : WN_EMEMORY;
}

static void give_up(wn_sieve *s, wn_threshold *t) {
    s->vt->close(t->state);
    for (size_t i = 0; i < t->picks.n; i++) t->picks.at[i]->refs--;
    wn_free(t->picks.at);
}

void wn_sieve_free(wn_sieve *s) {
    for (size_t i = 0; i < s->n; i++) give_up(s, &s->v[i]);
    wn_free(s->v);
    if (s->none) s->vt->close(s->none);
    wn_free(s->w);
    wn_free(s->rows);
    wn_free(s->single);
    *s = (wn_sieve){0};
}

/* ---- the thresholds ---- */

static double threshold_of(const wn_sieve *s, long at) {
    return pow(1 + s->o->epsilon, (double)at);
}

/* The largest threshold that is at most v > 0. */
static long threshold_below(const wn_sieve *s, double v) {
    long at = (long)floor(log(v) / log1p(s->o->epsilon));
    while (threshold_of(s, at + 1) <= v) at++;
    while (threshold_of(s, at) > v) at--;
    return at;
}

double wn_sieve_thresholds(const wn_streaming_opts *o) {
    return log(2 * (double)o->k) / log1p(o->epsilon) + 4;
}

/* No k rows have less than k rows have already, so smaller thresholds than that over 2 k serve nobody; one step more,
 * as the best lies between two. */
static double least_threshold(const wn_sieve *s) {
    double most = s->best;
    for (size_t i = 0; i < s->n; i++) most = fmax(most, s->v[i].f);
    return most / (2 * (double)s->o->k) / (1 + s->o->epsilon);
}

static void give_up_low(wn_sieve *s) {
    const double least = least_threshold(s);
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].least < least)
            give_up(s, &s->v[i]);
        else
            s->v[kept++] = s->v[i];
    }
    s->n = kept;
}

/* Row `row` of the round has more alone than any before it: thresholds up to that. Before, no row passed them. */
static wn_code raise_thresholds(wn_sieve *s, double single, size_t row, wn_err *err) {
    s->best = single;
    give_up_low(s);
    const double least = least_threshold(s);
    long at = threshold_below(s, least), top = threshold_below(s, single);
    if (threshold_of(s, at) < least) at++;
    if (s->n && at <= s->top) at = s->top + 1;
    for (; at <= top; at++) {
        void *v = s->v;
        wn_code code = wn_reserve(&v, &s->cap, s->n + 1, sizeof *s->v, err);
        s->v = v;
        if (code != WN_OK) return code;
        wn_threshold *t = &s->v[s->n];
        *t = (wn_threshold){.at = at, .least = threshold_of(s, at), .start = row};
        code = s->vt->open(&t->state, s->sample, err);
        s->n++;
        s->top = at;
        if (code != WN_OK) return code;
    }
    if (s->n > s->most) s->most = s->n;
    return WN_OK;
}

const wn_threshold *wn_sieve_best(const wn_sieve *s) {
    const wn_threshold *best = NULL;
    for (size_t i = 0; i < s->n; i++)
        if (!best || s->v[i].f > best->f) best = &s->v[i];
    return best;
}

/* ---- a round ---- */

typedef struct {
    const wn_sieve *s;
    wn_held *const *rows;
    size_t m;
    wn_failure failure;
} round_job;

static wn_candidate candidate_of(const round_job *j, size_t i) {
    return (wn_candidate){j->rows[i]->x, j->s->w + i * j->s->sample->rows.rows};
}

static void similar_task(void *ctx, size_t begin, size_t end, int worker) {
    round_job *j = ctx;
    const wn_sieve *s = j->s;
    wn_err err = {0};
    if (wn_sample_similar(s->sample, j->rows + begin, end - begin, s->rows + (size_t)worker * WN_TILE_ROWS * s->o->dims,
                          s->w + begin * s->sample->rows.rows, &err) != WN_OK)
        wn_failure_note(&j->failure, &err);
}

wn_code wn_sieve_similar(const wn_sieve *s, wn_held *const *rows, size_t n, wn_err *err) {
    round_job j = {s, rows, n, WN_FAILURE_INIT};
    wn_parallel_for(n, WN_TILE_ROWS, similar_task, &j);
    return wn_failure_take(&j.failure, err);
}

static void singles_task(void *ctx, size_t begin, size_t end, int worker) {
    const round_job *j = ctx;
    const wn_picks none = {0};
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const wn_candidate x = candidate_of(j, i);
        j->s->single[i] = j->s->vt->gain(j->s->none, &x, &none, -INFINITY);
    }
}

static wn_code put_pick(const wn_sieve *s, wn_threshold *t, wn_held *row, const wn_candidate *x, double gain,
                        wn_err *err) {
    void *at = t->picks.at;
    wn_code code = wn_reserve(&at, &t->picks.cap, t->picks.n + 1, sizeof *t->picks.at, err);
    t->picks.at = at;
    if (code != WN_OK || (code = s->vt->add(t->state, x, &t->picks, err)) != WN_OK) return code;
    t->picks.at[t->picks.n++] = row;
    t->f += gain;
    return WN_OK;
}

/* A row whose f alone is below the threshold cannot pass it on top of others. */
static void thresholds_task(void *ctx, size_t begin, size_t end, int worker) {
    round_job *j = ctx;
    const wn_sieve *s = j->s;
    (void)worker;
    for (size_t k = begin; k < end; k++) {
        wn_threshold *t = &s->v[k];
        t->fresh = t->picks.n;
        for (size_t i = t->start; i < j->m && t->picks.n < s->o->k; i++) {
            if (s->single[i] < t->least) continue;
            const wn_candidate x = candidate_of(j, i);
            const double gain = s->vt->gain(t->state, &x, &t->picks, t->least);
            wn_err err = {0};
            if (gain >= t->least && put_pick(s, t, j->rows[i], &x, gain, &err) != WN_OK) {
                wn_failure_note(&j->failure, &err);
                return;
            }
        }
        t->start = 0;
    }
}

wn_code wn_sieve_round(wn_sieve *s, wn_held *const *rows, size_t m, wn_err *err) {
    round_job j = {s, rows, m, WN_FAILURE_INIT};
    wn_code code = wn_sieve_similar(s, rows, m, err);
    if (code != WN_OK) return code;
    wn_parallel_for(m, WN_TILE_ROWS, singles_task, &j);
    for (size_t i = 0; i < m && code == WN_OK; i++)
        if (s->single[i] > s->best) code = raise_thresholds(s, s->single[i], i, err);
    if (code != WN_OK) return code;
    for (size_t k = 0; k < s->n; k++) s->v[k].fresh = s->v[k].picks.n;
    wn_parallel_for(s->n, 1, thresholds_task, &j);
    for (size_t k = 0; k < s->n; k++)
        for (size_t i = s->v[k].fresh; i < s->v[k].picks.n; i++) s->v[k].picks.at[i]->refs++;
    if ((code = wn_failure_take(&j.failure, err)) != WN_OK) return code;
    give_up_low(s);
    return WN_OK;
}

/* ---- another sample ---- */

typedef struct {
    wn_sieve *s;
    float *w; /* [threads, WN_TILE_ROWS, m] */
    wn_failure failure;
} measure_job;

static wn_code measure_threshold(measure_job *j, wn_threshold *t, int worker, wn_err *err) {
    wn_sieve *s = j->s;
    const size_t m = s->sample->rows.rows, n = t->picks.n;
    float *w = j->w + (size_t)worker * WN_TILE_ROWS * m, *rows = s->rows + (size_t)worker * WN_TILE_ROWS * s->o->dims;
    s->vt->close(t->state);
    t->state = NULL;
    t->f = 0;
    wn_code code = s->vt->open(&t->state, s->sample, err);
    for (size_t i = 0; i < n && code == WN_OK; i++) {
        const size_t left = n - i < WN_TILE_ROWS ? n - i : WN_TILE_ROWS, place = i % WN_TILE_ROWS;
        if (place == 0 && (code = wn_sample_similar(s->sample, t->picks.at + i, left, rows, w, err)) != WN_OK) break;
        const wn_candidate x = {t->picks.at[i]->x, w + place * m};
        const wn_picks before = {.at = t->picks.at, .n = i};
        t->f += s->vt->gain(t->state, &x, &before, -INFINITY);
        code = s->vt->add(t->state, &x, &before, err);
    }
    return code;
}

static void measure_task(void *ctx, size_t begin, size_t end, int worker) {
    measure_job *j = ctx;
    for (size_t k = begin; k < end; k++) {
        wn_err err = {0};
        if (measure_threshold(j, &j->s->v[k], worker, &err) != WN_OK) wn_failure_note(&j->failure, &err);
    }
}

wn_code wn_sieve_measure(wn_sieve *s, const wn_sample *sample, wn_err *err) {
    const size_t m = sample->rows.rows;
    measure_job j = {.s = s, .failure = WN_FAILURE_INIT};
    s->sample = sample;
    if (s->none) s->vt->close(s->none);
    s->none = NULL;
    wn_code code = s->vt->open(&s->none, sample, err);
    if (code != WN_OK || s->n == 0) return code;
    if (!(j.w = wn_alloc((size_t)wn_threads_get(), WN_TILE_ROWS * m * sizeof *j.w, err))) return WN_EMEMORY;
    wn_parallel_for(s->n, 1, measure_task, &j);
    wn_free(j.w);
    return wn_failure_take(&j.failure, err);
}
