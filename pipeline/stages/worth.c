/* What a choice is worth: a probe that learnt from rows chosen in the same way, from as many random ones and from all,
 * tested on rows that none of the three was chosen from (docs/verdict.md). */
#include "worth.h"

#include "limits.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <winnow/threads.h>
#include <wn/metrics.h>
#include <wn/paged.h>
#include <wn/probe.h>
#include <wn/rng.h>
#include <wn/stats.h>

enum { STREAM_TUNE = 0x54554E45 };

/* What is learnt from in a fold. */
typedef enum { LEARN_ALL, LEARN_CHOSEN, LEARN_RANDOM, LEARNS } learnt;

typedef struct {
    const wn_worth_folds *f;
    const wn_mat *x;
    const wn_chosen *chosen;
    double c, c_all;         /* of k rows, and of all */
    double *correct[LEARNS]; /* [folds, held_out] 1 where the row was told right */
    size_t begin;            /* of the lessons under way */
    wn_progress *progress;
    atomic_size_t done;
    pthread_mutex_t lock; /* of what follows */
    wn_err first;         /* the first failure to come; code WN_OK: none */
} lessons;

static const wn_worth_rows *rows_of(const wn_worth_fold *fold, learnt what) {
    return what == LEARN_ALL ? &fold->all : what == LEARN_CHOSEN ? &fold->chosen : &fold->random;
}

static wn_code gather(wn_mat *x, uint32_t *y, const lessons *l, const size_t *row, size_t n, wn_err *err) {
    wn_code code = wn_mat_init(x, n, l->x->cols, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < n; i++) {
        wn_paged_look();
        memcpy(wn_mat_row(x, i), wn_mat_row(l->x, row[i]), x->cols * sizeof *x->data);
        if (y) y[i] = l->f->label[row[i]];
    }
    return WN_OK;
}

static wn_probe_rows probe_rows(const wn_mat *x, const uint32_t *y, size_t classes) {
    return (wn_probe_rows){.x = x->data, .ld = x->stride, .d = x->cols, .n = x->rows, .y = y, .classes = classes};
}

/* ---- c ---- */

/* Of random rows, for the choice, too: one that balances itself is no sample, and its own folds mislead. */
static wn_code tune(double *c, const lessons *l, const wn_worth_rows *random, uint64_t seed, wn_err *err) {
    const size_t n = random->n < WN_WORTH_TUNE ? random->n : WN_WORTH_TUNE;
    size_t *row = wn_alloc(random->n, sizeof *row, err);
    uint32_t *y = wn_alloc(random->n, sizeof *y, err);
    wn_mat x = {0};
    wn_code code = row && y ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    memcpy(row, random->row, random->n * sizeof *row);
    wn_rng g = wn_rng_init(seed, STREAM_TUNE);
    wn_rng_shuffle(&g, row, random->n);
    if ((code = gather(&x, y, l, row, n, err)) != WN_OK) goto out;
    const wn_probe_rows rows = probe_rows(&x, y, l->f->classes);
    const wn_probe_opts o = {.seed = seed};
    code = wn_probe_choose_c(c, &rows, &o, err);
out:
    wn_mat_free(&x);
    wn_free(row);
    wn_free(y);
    return code;
}

/* ---- lessons ---- */

/* As rows that nobody has seen: an encoder that learned from them flatters them. */
static void forget(wn_mat *x, const lessons *l, const size_t *row) {
    const wn_copies *c = l->chosen->copies;
    const size_t *at = c->encoded ? c->encoded : c->x_row;
    if (!l->chosen->encoder) return;
    for (size_t i = 0; i < x->rows; i++) wn_encoder_unseen(l->chosen->encoder, at[c->row_of[row[i]]], wn_mat_row(x, i));
}

static wn_code test_fold(double *correct, const lessons *l, const wn_worth_fold *fold, const wn_probe *probe,
                         wn_err *err) {
    const size_t n = l->f->plan.held_out, classes = l->f->classes;
    float *probs = wn_alloc(n, classes * sizeof *probs, err);
    wn_mat x = {0};
    wn_code code = probs ? gather(&x, NULL, l, fold->held_out, n, err) : WN_EMEMORY;
    if (code == WN_OK) forget(&x, l, fold->held_out);
    if (code == WN_OK) code = wn_probe_predict(probe, x.data, x.stride, n, probs, err);
    for (size_t i = 0; code == WN_OK && i < n; i++)
        correct[i] = wn_metrics_likeliest(probs + i * classes, classes) == l->f->label[fold->held_out[i]];
    wn_mat_free(&x);
    wn_free(probs);
    return code;
}

static wn_code learn(const lessons *l, size_t f, learnt what, wn_err *err) {
    const wn_worth_fold *fold = &l->f->fold[f];
    const wn_worth_rows *from = rows_of(fold, what);
    const wn_probe_opts o = {.c = what == LEARN_ALL ? l->c_all : l->c, .steps = WN_WORTH_STEPS};
    wn_probe probe = {0};
    wn_mat x = {0};
    uint32_t *y = wn_alloc(from->n, sizeof *y, err);
    wn_code code = y ? gather(&x, y, l, from->row, from->n, err) : WN_EMEMORY;
    if (code != WN_OK) goto out;
    const wn_probe_rows rows = probe_rows(&x, y, l->f->classes);
    if ((code = wn_probe_fit(&probe, &rows, &o, err)) != WN_OK) goto out;
    code = test_fold(l->correct[what] + f * l->f->plan.held_out, l, fold, &probe, err);
out:
    wn_probe_free(&probe);
    wn_mat_free(&x);
    wn_free(y);
    return code;
}

/* Lesson i: the dearest come first, so that nobody waits for one in the end. */
static void run_lessons(void *ctx, size_t begin, size_t end, int worker) {
    lessons *l = ctx;
    const wn_worth_plan *p = &l->f->plan;
    const size_t all = p->all_folds + 2 * p->folds;
    for (size_t i = begin; i < end; i++) {
        const size_t at = l->begin + i, later = at < p->all_folds ? 0 : at - p->all_folds;
        const learnt what = at < p->all_folds ? LEARN_ALL : later % 2 ? LEARN_RANDOM : LEARN_CHOSEN;
        wn_err err = {0};
        if (wn_tick(worker ? NULL : l->progress, "verdict", "lessons", atomic_load(&l->done), all, &err) == WN_OK &&
            learn(l, what == LEARN_ALL ? at : later / 2, what, &err) == WN_OK) {
            (void)atomic_fetch_add(&l->done, 1);
            continue;
        }
        (void)pthread_mutex_lock(&l->lock);
        if (l->first.code == WN_OK) l->first = err;
        (void)pthread_mutex_unlock(&l->lock);
        return;
    }
}

/* All of them, as many at once as memory allows. */
static wn_code run_all(lessons *l, size_t memory, wn_err *err) {
    const wn_worth_plan *p = &l->f->plan;
    const size_t most = p->all_rows > l->f->size.k ? p->all_rows : l->f->size.k, all = p->all_folds + 2 * p->folds;
    const size_t fit = memory / wn_worth_lesson_bytes(&l->f->size, most, p->held_out);
    const size_t at_once = fit < 1 ? 1 : fit, round = at_once >= (size_t)wn_threads_get() ? all : at_once;
    (void)pthread_mutex_init(&l->lock, NULL);
    for (; l->begin < all && l->first.code == WN_OK; l->begin += round) {
        const size_t n = all - l->begin < round ? all - l->begin : round;
        if (n == 1)
            run_lessons(l, 0, 1, 0);
        else
            wn_parallel_for(n, 1, run_lessons, l);
    }
    (void)pthread_mutex_destroy(&l->lock);
    if (l->first.code != WN_OK) *err = l->first;
    return l->first.code;
}

/* ---- what came out ---- */

static wn_estimate estimate(const wn_interval *v) {
    return (wn_estimate){v->mean, v->low, v->high};
}

/* Over folds; of few, over the rows that they tested. mean: room for one a fold. */
static wn_estimate accuracy(const double *correct, size_t folds, size_t held_out, double *mean) {
    if (folds == 0) return (wn_estimate){NAN, NAN, NAN};
    for (size_t f = 0; f < folds; f++) mean[f] = wn_stats_mean(correct + f * held_out, held_out, WN_VERDICT_LEVEL).mean;
    const wn_interval v = folds >= WN_WORTH_FOLDS ? wn_stats_mean(mean, folds, WN_VERDICT_LEVEL)
                                                  : wn_stats_mean(correct, folds * held_out, WN_VERDICT_LEVEL);
    return estimate(&v);
}

/* 1 for every row tested that is of the largest class: what one needs no records for. */
static wn_code guess_largest(double *correct, const lessons *l, wn_err *err) {
    const wn_worth_folds *f = l->f;
    size_t *count = wn_alloc(f->classes, sizeof *count, err), largest = 0, h = f->plan.held_out;
    if (!count) return WN_EMEMORY;
    for (size_t i = 0; i < f->size.m; i++)
        if (f->label[i] < f->classes && ++count[f->label[i]] > count[largest]) largest = f->label[i];
    for (size_t i = 0; i < f->plan.folds * h; i++) correct[i] = f->label[f->fold[i / h].held_out[i % h]] == largest;
    wn_free(count);
    return WN_OK;
}

static wn_code judge(wn_worth *out, const lessons *l, wn_err *err) {
    const wn_worth_plan *p = &l->f->plan;
    const size_t tested = p->folds * p->held_out;
    double *a = wn_alloc(p->folds, sizeof *a, err), *b = wn_alloc(p->folds, sizeof *b, err);
    double *guess = wn_alloc(tested, sizeof *guess, err);
    wn_code code = a && b && guess ? WN_OK : WN_EMEMORY;
    if (code != WN_OK || (code = guess_largest(guess, l, err)) != WN_OK) goto out;
    out->all = accuracy(l->correct[LEARN_ALL], p->all_folds, p->held_out, a);
    out->chosen = accuracy(l->correct[LEARN_CHOSEN], p->folds, p->held_out, a);
    out->random = accuracy(l->correct[LEARN_RANDOM], p->folds, p->held_out, b);
    const wn_interval items =
        wn_stats_paired(l->correct[LEARN_CHOSEN], l->correct[LEARN_RANDOM], tested, WN_VERDICT_LEVEL);
    const wn_interval gain = p->folds >= WN_WORTH_FOLDS ? wn_stats_paired(a, b, p->folds, WN_VERDICT_LEVEL) : items;
    out->gain = estimate(&gain);
    out->p = gain.p;
    out->verdict = wn_stats_verdict(gain.p, &items);
    out->guess = wn_stats_mean(guess, tested, WN_VERDICT_LEVEL).mean;
    const wn_interval above = wn_stats_paired(l->correct[LEARN_CHOSEN], guess, tested, WN_VERDICT_LEVEL);
    if (out->verdict == WN_VERDICT_BETTER && !(above.low > 0)) out->verdict = WN_VERDICT_NONE;
    out->folds = p->folds, out->held_out = p->held_out, out->rows = l->f->size.k;
    out->all_folds = p->all_folds, out->all_rows = p->all_rows, out->of = l->f->size.labelled - p->held_out;
    out->c = l->c;
out:
    wn_free(a);
    wn_free(b);
    wn_free(guess);
    return code;
}

static wn_code teach(wn_worth *out, const wn_worth_folds *f, const wn_mat *x, const wn_chosen *chosen, wn_io *io,
                     wn_err *err) {
    const wn_choice_opts *o = chosen->opts;
    lessons l = {.f = f, .x = x, .chosen = chosen, .progress = io->progress};
    wn_code code = WN_OK;
    for (size_t i = 0; i < LEARNS && code == WN_OK; i++)
        if (!(l.correct[i] = wn_alloc(f->plan.folds * f->plan.held_out, sizeof *l.correct[i], err))) code = WN_EMEMORY;
    if (code == WN_OK) code = tune(&l.c, &l, &f->fold[0].random, o->seed, err);
    l.c_all = l.c; /* what suits few rows is too loose for many */
    if (code == WN_OK && f->plan.all_folds && f->size.k < WN_WORTH_TUNE)
        code = tune(&l.c_all, &l, &f->fold[0].all, o->seed, err);
    if (code == WN_OK) code = run_all(&l, o->memory, err);
    if (code == WN_OK) code = judge(out, &l, err);
    for (size_t i = 0; i < LEARNS; i++) wn_free(l.correct[i]);
    return code;
}

/* Has every lesson something to learn from? */
static bool can_learn(const wn_worth_folds *f) {
    for (size_t i = 0; i < f->plan.folds; i++) {
        const wn_worth_fold *fold = &f->fold[i];
        if (!fold->chosen.n || !fold->random.n || (i < f->plan.all_folds && !fold->all.n)) return false;
    }
    return true;
}

wn_code wn_worth_measure(wn_worth *out, wn_vectors *v, const wn_chosen *chosen, wn_io *io, wn_err *err) {
    wn_choice_opts own = *chosen->opts;
    wn_chosen again = *chosen;
    wn_worth_folds f = {0};
    wn_worth made = {.chosen = {NAN, NAN, NAN}, .guess = NAN, .p = NAN, .c = NAN};
    made.random = made.all = made.gain = made.chosen;
    again.opts = &own;
    own.partition = (wn_choice_parts){0}; /* a fold is small enough to choose from at once, and alone */
    own.ranks = NULL;
    const wn_choice_limits *limits = own.limits;
    if (limits && (limits->cost || limits->had)) { /* for a budget chance gives other numbers of rows */
        (void)snprintf(made.none, sizeof made.none, "what is chosen %s is not chosen anew to be measured",
                       limits->cost ? "under a budget" : "beside rows that one has");
        *out = made;
        return WN_OK;
    }
    made.limited = wn_limits_any(&own);
    wn_code code = wn_worth_count(&f, v, chosen, err);
    if (code != WN_OK) goto out;
    if (!wn_worth_planned(&f.plan, made.none, &f.size, chosen->opts)) goto done;
    const size_t tables = wn_worth_table_bytes(&f.size, &f.plan);
    if (own.memory) own.memory = own.memory > tables ? own.memory - tables : 1;
    code = wn_worth_choose(&f, v, &again, io, err);
    if (code == WN_ECONSTRAINT) { /* the rest of a fold cannot give what the whole can */
        *err = (wn_err){0};
        (void)snprintf(made.none, sizeof made.none,
                       made.limited ? "without the rows to be held out the limits leave too few, or too few by chance"
                                    : "the classes that share in the choice have no rows to hold out");
        code = WN_OK;
        goto done;
    }
    if (code != WN_OK) goto out;
    if (!can_learn(&f)) {
        (void)snprintf(made.none, sizeof made.none, "too few rows have a label: none of a fold's random ones has");
        goto done;
    }
    if ((code = teach(&made, &f, &v->x, &again, io, err)) != WN_OK) goto out;
done:
    *out = made;
out:
    wn_worth_folds_free(&f);
    return code;
}

/* ---- words ---- */

/* "0.712 ± 0.010" */
static int put_accuracy(char *out, size_t size, const wn_estimate *e) {
    const double half = (e->high - e->low) / 2;
    return isfinite(half) ? snprintf(out, size, "%.3f ± %.3f", e->mean, half) : snprintf(out, size, "%.3f", e->mean);
}

void wn_worth_text(char out[WN_WORTH_TEXT], const wn_worth *w) {
    static const char *const begin[] = {[WN_VERDICT_NONE] = "no difference shown: a random subset would do; ",
                                        [WN_VERDICT_BETTER] = "better than a random choice: ",
                                        [WN_VERDICT_WORSE] = "worse than a random choice: "};
    if (w->none[0]) {
        (void)snprintf(out, WN_WORTH_TEXT, "no verdict: %s", w->none);
        return;
    }
    size_t at = (size_t)snprintf(out, WN_WORTH_TEXT, "%sexpected accuracy with these rows ", begin[w->verdict]);
    at += (size_t)put_accuracy(out + at, WN_WORTH_TEXT - at, &w->chosen);
    at += (size_t)snprintf(out + at, WN_WORTH_TEXT - at, ", with as many random ones%s %.3f",
                           w->limited ? " under the same limits" : "", w->random.mean);
    if (w->all_folds && w->all_rows >= w->of)
        at += (size_t)snprintf(out + at, WN_WORTH_TEXT - at, ", with all %.3f", w->all.mean);
    else if (w->all_folds)
        at += (size_t)snprintf(out + at, WN_WORTH_TEXT - at, ", with %zu of all %.3f", w->all_rows, w->all.mean);
    if (isfinite(w->guess) && !(w->chosen.low > w->guess))
        (void)snprintf(out + at, WN_WORTH_TEXT - at, ", by always answering the largest class %.3f", w->guess);
}
