/* How much of a verdict can be had within a tenth of a run's time. Counted in multiply-adds rather than in seconds, so
 * that equal input gives equal bytes on every machine; docs/verdict.md has what the counts took. */
#include "worth.h"

#include <math.h>
#include <stdio.h>
#include <wn/probe.h>

enum {
    FOLDS_MOST = 10,
    HELD_OUT_MOST = 2000,
    TESTED_LEAST = 50,  /* rows, all folds together */
    ROWS_A_CLASS = 3    /* at the least, on average */
};

/* Multiply-adds that a run's other work is worth: so many a row, and those of its larger products, of which a part is
 * the verdict's; and what is had however small the run. */
static const double least_work = 5e9, work_a_row = 2e5, work_share = .05, all_share = .4;
/* Of a fit: evaluations of the gradient, each two products; what the exponential of a score takes; what a step does to
 * a weight. */
static const double evaluations = WN_WORTH_STEPS + 2, score_work = 24, weight_work = 80;

static double least(double a, double b) {
    return a < b ? a : b;
}

static double fit_work(const wn_worth_size *s, double n) {
    const double d = (double)s->d + 1, classes = (double)s->classes;
    return evaluations * classes * (n * (2 * d + score_work) + weight_work * d) + 8 * n * d;
}

/* A search for c goes over five values or so, with two thirds of the rows in each of three folds, from weights that are
 * nearly right. */
static double tune_work(const wn_worth_size *s, double n) {
    return 5 * fit_work(s, n);
}

/* Of class herding the classes are known. */
static double objective_work(const wn_worth_size *s, const wn_choice_opts *o, size_t part) {
    const size_t space = wn_space_dims(&o->space, s->d), d = space ? space : s->d;
    const wn_select_opts select = {.objective = o->objective,
                                   .kernel = o->kernel,
                                   .k = s->k,
                                   .maximizer = o->maximizer,
                                   .mix = o->mix,
                                   .nmix = o->nmix,
                                   .value = o->value};
    if (o->objective == WN_CLASS_HERDING) return (4 * (double)s->m + s->picks[part]) * (double)d;
    return wn_select_work(&select, s->m, d);
}

static double choice_work(const wn_worth_size *s, const wn_choice_opts *o, size_t part) {
    const bool toward = o->query && (o->objective >= WN_RDS || o->query_weight > 0);
    const bool apart = o->limits && o->limits->apart; /* random rows, too, are compared with all that are open */
    const double cosines = (toward ? (double)o->query->rows : 0) + (apart ? 2 * (double)s->k : 0);
    return objective_work(s, o, part) + (double)s->m * (double)s->d * cosines;
}

static bool enough(char none[WN_WORTH_NONE], const wn_worth_size *s, const wn_choice_opts *o, size_t held_out) {
    if (o->objective == WN_RANDOM)
        (void)snprintf(none, WN_WORTH_NONE, "the rows were chosen at random");
    else if (s->classes < 2)
        (void)snprintf(none, WN_WORTH_NONE, s->classes ? "all rows are of one class" : "no row has a label");
    else if (s->labelled < ROWS_A_CLASS * s->classes)
        (void)snprintf(none, WN_WORTH_NONE, "%zu classes for %zu rows are too few rows each", s->classes, s->labelled);
    else if (s->k >= s->choosable)
        (void)snprintf(none, WN_WORTH_NONE, "everything was chosen");
    else if (held_out * FOLDS_MOST < TESTED_LEAST)
        (void)snprintf(none, WN_WORTH_NONE, "too few rows with a label are left outside the choice to test on");
    else
        return true;
    return false;
}

bool wn_worth_planned(wn_worth_plan *out, char none[WN_WORTH_NONE], const wn_worth_size *s, const wn_choice_opts *o) {
    const size_t tenth = s->testable / FOLDS_MOST, room = s->choosable > s->k ? (s->choosable - s->k) / 2 : 0;
    size_t held_out = tenth < room ? tenth : room;
    if (held_out > HELD_OUT_MOST) held_out = HELD_OUT_MOST;
    none[0] = 0;
    *out = (wn_worth_plan){.held_out = held_out};
    if (!enough(none, s, o, held_out)) return false;
    const double m = (double)s->m, d = (double)s->d, k = (double)s->k;
    const double predict = (double)(held_out * s->classes) * (d + score_work), fit = 2 * (fit_work(s, k) + predict);
    const double work = least_work + work_a_row * m + work_share * (m * k * d + choice_work(s, o, 0)) -
                        tune_work(s, least(k, WN_WORTH_TUNE)) -
                        (k < WN_WORTH_TUNE ? tune_work(s, WN_WORTH_TUNE) : 0);
    double fold = 0, folds = 0;
    for (size_t part = 0; part < WN_WORTH_PARTS && folds < WN_WORTH_FOLDS; part++) {
        fold = fit + choice_work(s, o, part);
        folds = floor((1 - all_share) * work / fold);
        if (folds < WN_WORTH_FOLDS) folds = floor(least(work / fold, WN_WORTH_FOLDS));
        out->part_rows = wn_worth_part[part];
    }
    if (folds < 1) {
        (void)snprintf(none, WN_WORTH_NONE, "choosing and learning anew from %zu rows takes too much of a run's time; "
                       "winnow compare does it", s->k);
        return false;
    }
    out->folds = (size_t)least(folds, FOLDS_MOST);
    const double left = work - (double)out->folds * fold;
    const size_t rest = s->labelled - held_out; /* at the least: rows of a fold that have a label */
    const double one = fit_work(s, 1) - fit_work(s, 0), whole = fit_work(s, (double)rest) + predict;
    out->all_folds = (size_t)least((double)out->folds, floor(left / whole));
    out->all_rows = rest;
    if (out->all_folds > 0) return true;
    const double some = floor((left - fit_work(s, 0) - predict) / one);
    out->all_folds = some >= 2 * k;
    out->all_rows = out->all_folds ? (size_t)some : 0;
    return true;
}

/* The rows together; centred with a constant; their columns; both packed. Scores. Weights, and what L-BFGS keeps. */
size_t wn_worth_lesson_bytes(const wn_worth_size *s, size_t n, size_t held_out) {
    const size_t d = s->d + 16, classes = s->classes;
    return n * (5 * d * sizeof(float) + classes * sizeof(float) + 4 * sizeof(size_t)) +
           classes * d * (28 * sizeof(double) + 4 * sizeof(float)) + held_out * (d + classes) * sizeof(float);
}

size_t wn_worth_table_bytes(const wn_worth_size *s, const wn_worth_plan *p) {
    const size_t kept = p->folds * 2 * s->k + p->all_folds * p->all_rows;
    return s->m * (11 * sizeof(size_t) + 3 * sizeof(uint32_t)) + kept * sizeof(size_t);
}

size_t wn_worth_bytes(const wn_choice_opts *o, size_t m, size_t d, size_t classes, size_t choice) {
    const wn_worth_size s = {.m = m,
                             .d = d,
                             .k = o->wanted < m ? o->wanted : m,
                             .choosable = m,
                             .testable = m,
                             .labelled = m,
                             .classes = classes};
    char none[WN_WORTH_NONE];
    wn_worth_plan p;
    if (!wn_worth_planned(&p, none, &s, o)) return 0;
    const size_t n = p.all_rows > s.k ? p.all_rows : s.k, lesson = wn_worth_lesson_bytes(&s, n, p.held_out);
    return wn_worth_table_bytes(&s, &p) + (lesson > choice ? lesson : choice);
}
