/* Objectives whose gain depends on the picks alone: no sample, so f is what it is over all rows. */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>

#include "ground.h"
#include "objective/features.h"
#include "stream/sieve.h"

enum { RBF = 1 << WN_RBF, LINEAR = 1 << WN_COSINE | 1 << WN_DOT };

/* ---- feature-based (objective/features.h) ---- */

typedef struct {
    size_t d;
    double *has, *root; /* [2 d] */
} features;

static size_t features_bytes(const wn_streaming_opts *o, double sets, double squares) {
    (void)squares;
    return (size_t)(sets * (double)(sizeof(features) + 4 * o->dims * sizeof(double)));
}

static wn_code features_open(void **state, const wn_sample *s, wn_err *err) {
    features *f = wn_alloc(1, sizeof *f, err);
    if (!(*state = f)) return WN_EMEMORY;
    f->d = s->o->dims;
    if (!(f->has = wn_alloc(2 * f->d, sizeof *f->has, err))) return WN_EMEMORY;
    return (f->root = wn_alloc(2 * f->d, sizeof *f->root, err)) ? WN_OK : WN_EMEMORY;
}

static double features_gain(void *state, const wn_candidate *x, const wn_picks *picks, double least) {
    const features *f = state;
    (void)picks;
    (void)least;
    return wn_features_gain(x->x, f->has, f->root, f->d);
}

static wn_code features_add(void *state, const wn_candidate *x, const wn_picks *picks, wn_err *err) {
    features *f = state;
    (void)picks;
    (void)err;
    wn_features_take(x->x, f->has, f->root, f->d);
    return WN_OK;
}

static void features_close(void *state) {
    features *f = state;
    if (!f) return;
    wn_free(f->has);
    wn_free(f->root);
    wn_free(f);
}

const wn_sieve_vt wn_sieve_features = {.what = WN_FEATURE_BASED,
                                       .kernels = LINEAR,
                                       .monotone = true,
                                       .bytes = features_bytes,
                                       .open = features_open,
                                       .gain = features_gain,
                                       .add = features_add,
                                       .close = features_close};

/* ---- log-determinant: gain log(1 + s), s = k(x, x) - |c|^2 what the picks leave unexplained of x ----
 *
 *     rbf            c_t = (k(x, pick t) - c . (row t of the factor)) / deviation t, the factor [k, k] by its rows
 *     cosine, dot    s = x M x with M = (I + sum of p p')^-1 [d, d], which each pick changes by one rank
 *
 * s is at most what any beginning of the sum leaves, so it may stop there. */

typedef struct {
    const wn_streaming_opts *o;
    double *M, *v;             /* [d, d], [d] linear */
    float *factor;             /* [n (n - 1) / 2] rbf: row t has t values */
    double *deviation, *c;     /* [n] */
    size_t factor_cap, n, cap; /* room for n picks */
    bool some;                 /* linear: a pick is there */
} log_determinant;

static size_t log_bytes(const wn_streaming_opts *o, double sets, double squares) {
    const double d = (double)o->dims, own = sizeof(log_determinant);
    const double linear = sets * (own + 8 * d * (d + 1)), rbf = sets * own + 4 * squares + 32 * sets * (double)o->k;
    const double bytes = o->kernel.kind == WN_RBF ? rbf : linear;
    return bytes < 0x1p62 ? (size_t)bytes : SIZE_MAX / 2;
}

static wn_code log_open(void **state, const wn_sample *s, wn_err *err) {
    log_determinant *f = wn_alloc(1, sizeof *f, err);
    if (!(*state = f)) return WN_EMEMORY;
    f->o = s->o;
    return WN_OK;
}

/* s of x under an inner product; v = M x. */
static double linear_left(const log_determinant *f, const float *x) {
    const size_t d = f->o->dims;
    double s = 0;
    if (!f->some) return wn_sieve_dot(x, x, d);
    for (size_t i = 0; i < d; i++) {
        f->v[i] = wn_ground_dot(x, f->M + i * d, d);
        s += f->v[i] * (double)x[i];
    }
    return s;
}

/* The same under rbf, and c; stops where log(1 + s) is below least. */
static double rbf_left(const log_determinant *f, const float *x, const wn_picks *picks, double least) {
    double s = wn_sieve_pair(f->o, x, x);
    const double enough = expm1(least);
    const float *row = f->factor;
    for (size_t t = 0; t < f->n && s >= enough; row += t++) {
        double e = wn_sieve_pair(f->o, x, picks->at[t]->x), lanes[WN_LANES] = {0};
        for (size_t u = 0; u < t; u++) lanes[u % WN_LANES] += f->c[u] * (double)row[u];
        f->c[t] = (double)(float)((e - wn_lanes_sum(lanes)) / f->deviation[t]);
        s -= f->c[t] * f->c[t];
    }
    return s;
}

static double log_gain(void *state, const wn_candidate *x, const wn_picks *picks, double least) {
    const log_determinant *f = state;
    const bool rbf = f->o->kernel.kind == WN_RBF;
    return log1p(fmax(rbf ? rbf_left(f, x->x, picks, least) : linear_left(f, x->x), 0));
}

static wn_code linear_add(log_determinant *f, const float *x, wn_err *err) {
    const size_t d = f->o->dims;
    if (!f->some) {
        if (!(f->M = wn_alloc(d, d * sizeof *f->M, err)) || !(f->v = wn_alloc(d, sizeof *f->v, err))) return WN_EMEMORY;
        for (size_t i = 0; i < d; i++) f->M[i * d + i] = 1;
        f->some = true;
    }
    const double down = 1 / (1 + fmax(linear_left(f, x), 0));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) f->M[i * d + j] -= down * f->v[i] * f->v[j];
    return WN_OK;
}

static wn_code rbf_add(log_determinant *f, const float *x, const wn_picks *picks, wn_err *err) {
    const size_t n = f->n, cap = n + n / 2 + 16;
    wn_code code;
    if (n == f->cap) {
        double *more = wn_realloc(f->deviation, n, cap, sizeof *more, err);
        if (!more) return WN_EMEMORY;
        f->deviation = more;
        if (!(more = wn_realloc(f->c, n, cap, sizeof *more, err))) return WN_EMEMORY;
        f->c = more;
        f->cap = cap;
    }
    void *factor = f->factor;
    code = wn_reserve(&factor, &f->factor_cap, n * (n + 1) / 2 + 1, sizeof *f->factor, err);
    f->factor = factor;
    if (code != WN_OK) return code;
    const double s = rbf_left(f, x, picks, -INFINITY);
    for (size_t t = 0; t < n; t++) f->factor[n * (n - 1) / 2 + t] = (float)f->c[t];
    f->deviation[f->n++] = sqrt(1 + fmax(s, 0));
    return WN_OK;
}

static wn_code log_add(void *state, const wn_candidate *x, const wn_picks *picks, wn_err *err) {
    log_determinant *f = state;
    return f->o->kernel.kind == WN_RBF ? rbf_add(f, x->x, picks, err) : linear_add(f, x->x, err);
}

static void log_close(void *state) {
    log_determinant *f = state;
    if (!f) return;
    wn_free(f->M);
    wn_free(f->v);
    wn_free(f->factor);
    wn_free(f->deviation);
    wn_free(f->c);
    wn_free(f);
}

const wn_sieve_vt wn_sieve_log_determinant = {.what = WN_LOG_DETERMINANT,
                                              .kernels = RBF | LINEAR,
                                              .monotone = true,
                                              .bytes = log_bytes,
                                              .open = log_open,
                                              .gain = log_gain,
                                              .add = log_add,
                                              .close = log_close};
