/* Feature-based (Wei, Liu, Kirchhoff and Bilmes 2014): f(S) = sum over features u of sqrt(sum over S of m_u(x)), with
 * m_u >= 0 what x has of the feature. Features are the columns, each as two, its positive and its negative part: m has
 * 2 d numbers, so that opposite rows do not cancel. Monotone and submodular: a feature is worth less the more of it is
 * there.
 *
 * x gains, in a column where it has v, v / (sqrt(h + v) + sqrt(h)), h what S has of that part: as h only grows, and all
 * of these roundings are monotone, gains fall in floating point too, which a difference of roots would not. O(d) a
 * gain, O(d) memory; rows are taken as they are, similarities do not matter. */
#include "objective/features.h"

#include <math.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/objective.h"

enum { ROWS = 8 };

typedef struct {
    const wn_ground *g;
    double *has, *root; /* [2, d] of each column the positive and the negative part; roots of these */
    const size_t *ids;  /* the batch at hand */
    double *out;
} features;

static size_t features_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    (void)n;
    return 4 * d * sizeof(double);
}

static double features_work(const wn_select_opts *o, double n, double d) {
    return 8 * n * d + 512 * (double)o->k * d;
}

static wn_code features_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    features *s = wn_alloc(1, sizeof *s, err);
    (void)o;
    if (!(*f = s)) return WN_EMEMORY;
    s->g = g;
    if (!(s->has = wn_alloc(2 * g->d, sizeof *s->has, err))) return WN_EMEMORY;
    return (s->root = wn_alloc(2 * g->d, sizeof *s->root, err)) ? WN_OK : WN_EMEMORY;
}

double wn_features_gain(const float *x, const double *has, const double *root, size_t d) {
    double lanes[WN_LANES] = {0};
    wn_pair_roots(x, has, root, d, lanes);
    return wn_lanes_sum(lanes);
}

void wn_features_take(const float *x, double *has, double *root, size_t d) {
    for (size_t c = 0; c < d; c++) {
        const size_t part = x[c] < 0 ? d + c : c;
        has[part] += fabs((double)x[c]);
        root[part] = sqrt(has[part]);
    }
}

static void features_task(void *ctx, size_t begin, size_t end, int worker) {
    const features *s = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++)
        s->out[i] = wn_features_gain(wn_mat_row(s->g->x, s->ids[i]), s->has, s->root, s->g->d);
}

static wn_code features_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    features *s = f;
    (void)err;
    s->ids = rows;
    s->out = out;
    wn_parallel_for(m, ROWS, features_task, s);
    return WN_OK;
}

static wn_code features_add(void *f, size_t row, wn_err *err) {
    features *s = f;
    (void)err;
    wn_features_take(wn_mat_row(s->g->x, row), s->has, s->root, s->g->d);
    return WN_OK;
}

static void features_close(void *f) {
    features *s = f;
    if (!s) return;
    wn_free(s->has);
    wn_free(s->root);
    wn_free(s);
}

static wn_code features_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    (void)err;
    *value = 0;
    for (size_t c = 0; c < e->g->d; c++) {
        double positive = 0, negative = 0;
        for (size_t i = 0; i < e->k; i++) {
            const double x = (double)wn_mat_row(e->g->x, e->rows[i])[c];
            positive += fmax(x, 0);
            negative += fmax(-x, 0);
        }
        *value += sqrt(positive) + sqrt(negative);
    }
    return WN_OK;
}

/* In double throughout. */
static wn_certificate_error features_off(const void *f, const wn_finished *g) {
    (void)f;
    return (wn_certificate_error){.relative = ((double)g->ground->d + (double)g->o->k + 8) * 0x1p-50};
}

const wn_objective_vt wn_objective_features = {.traits = WN_GAINS_FALL | WN_USES_ROWS,
                                               .bytes = features_bytes,
                                               .work = features_work,
                                               .open = features_open,
                                               .gains = features_gains,
                                               .add = features_add,
                                               .off = features_off,
                                               .close = features_close,
                                               .evaluate = features_evaluate};
