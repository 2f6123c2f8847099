#ifndef TESTS_SELECTOR_NAIVE_H
#define TESTS_SELECTOR_NAIVE_H
/* The plain greedy in double, written from the definitions and sharing nothing with the library: the reference of every
 * test here. Also the data that these tests choose from. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/rng.h>
#include <winnow/select.h>

enum { NAIVE_PICKS = 512 /* at the most */ };

typedef struct {
    const wn_mat *x;
    const wn_kernel *kernel;
    size_t n;
    double *w;              /* [n, n], then [n]: 1 + all that is similar to a row, once that is known */
    const double *weight;   /* [n] how often a row is represented; NULL: once each */
    const double *value;    /* [n] what a row brings by itself; NULL: nothing */
    const wn_mix_part *mix; /* [nmix] of a mixture */
    size_t nmix;
    double lambda, saturation; /* of its parts */
} naive;

static inline double naive_weight(const naive *v, size_t i) {
    return v->weight ? v->weight[i] : 1;
}

static inline naive naive_init(const wn_mat *x, const wn_kernel *k) {
    naive v = {.x = x, .kernel = k, .n = x->rows, .w = calloc(x->rows * (x->rows + 1) + 1, sizeof(double))};
    for (size_t i = 0; i < v.n; i++)
        for (size_t j = 0; j < v.n; j++) {
            double s = 0;
            for (size_t c = 0; c < x->cols; c++) s += (double)wn_mat_row(x, i)[c] * (double)wn_mat_row(x, j)[c];
            v.w[i * v.n + j] = k->kind == WN_RBF           ? exp(k->gamma * (s - 1))
                               : k->kind == WN_BALL        ? s > 1 - k->gamma * k->gamma / 2
                               : k->kind == WN_PRECOMPUTED ? (double)wn_mat_row(x, i)[j]
                                                           : s;
        }
    return v;
}

/* ---- one definition an objective ---- */

static inline double naive_facility(const naive *v, const size_t *s, size_t m) {
    double f = 0;
    for (size_t i = 0; i < v->n; i++) {
        double best = 0;
        for (size_t c = 0; c < m; c++) best = fmax(best, v->w[i * v->n + s[c]]);
        f += naive_weight(v, i) * best;
    }
    return f;
}

static inline double naive_cut(const naive *v, double lambda, const size_t *s, size_t m) {
    double f = 0;
    for (size_t i = 0; i < v->n; i++) {
        bool in = false;
        double sum = 0;
        for (size_t c = 0; c < m; c++) {
            in = in || s[c] == i;
            sum += v->w[i * v->n + s[c]];
        }
        f += (naive_weight(v, i) - (in ? 1 : 0)) * sum;
    }
    for (size_t a = 0; a < m; a++)
        for (size_t b = a + 1; b < m; b++) f -= lambda * v->w[s[a] * v->n + s[b]];
    return f;
}

/* Each row's distance to the nearest before it, the first one's to the mean. */
static inline double naive_disparity(const naive *v, const size_t *s, size_t m) {
    double f = 0, total = 0;
    for (size_t i = 0; i < v->n; i++) total += naive_weight(v, i);
    for (size_t t = 0; t < m; t++) {
        double nearest = INFINITY, square = 0;
        for (size_t b = 0; b < t; b++) {
            double sq = 0;
            for (size_t c = 0; c < v->x->cols; c++)
                sq += pow((double)wn_mat_row(v->x, s[t])[c] - (double)wn_mat_row(v->x, s[b])[c], 2);
            nearest = fmin(nearest, sqrt(sq));
        }
        for (size_t c = 0; c < v->x->cols && t == 0; c++) {
            double mean = 0;
            for (size_t i = 0; i < v->n; i++) mean += naive_weight(v, i) * (double)wn_mat_row(v->x, i)[c];
            square += pow((double)wn_mat_row(v->x, s[0])[c] - (total > 0 ? mean / total : 0), 2);
        }
        f += t ? nearest : sqrt(square);
    }
    return f;
}

static inline double naive_saturated(const naive *v, double saturation, const size_t *s, size_t m) {
    double f = 0;
    for (size_t i = 0; i < v->n; i++) {
        double some = 0, *all = v->w + v->n * v->n + i;
        for (size_t c = 0; c < m; c++) some += fmax(0, v->w[i * v->n + s[c]]);
        for (size_t j = 0; j < v->n && (j > 0 || *all == 0); j++)
            *all += (j == 0 ? 1 : 0) + naive_weight(v, j) * fmax(0, v->w[i * v->n + j]);
        f += naive_weight(v, i) * fmin(some, saturation * (*all - 1));
    }
    return f;
}

/* Roots of what the rows have of each column's positive and negative part. */
static inline double naive_features(const naive *v, const size_t *s, size_t m) {
    double f = 0;
    for (size_t c = 0; c < v->x->cols; c++)
        for (int sign = -1; sign <= 1; sign += 2) {
            double sum = 0;
            for (size_t t = 0; t < m; t++) sum += fmax(0, sign * (double)wn_mat_row(v->x, s[t])[c]);
            f += sqrt(sum);
        }
    return f;
}

/* Toward the mean of all rows, less the pairs, averaged over the picks. */
static inline double naive_herding(const naive *v, const size_t *s, size_t m) {
    double f = 0, total = 0;
    for (size_t i = 0; i < v->n; i++) total += naive_weight(v, i);
    for (size_t t = 0; t < m; t++) {
        double toward = 0, pairs = 0;
        for (size_t i = 0; i < v->n; i++) toward += naive_weight(v, i) * v->w[s[t] * v->n + i];
        for (size_t b = 0; b < t; b++) pairs += v->w[s[t] * v->n + s[b]];
        f += (total > 0 ? toward / total : 0) - pairs / (double)m;
    }
    return f;
}

/* The logarithm of det(I + K) by Gaussian elimination. */
static inline double naive_log_determinant(const naive *v, const size_t *s, size_t m) {
    double f = 0, *a = malloc((m * m + 1) * sizeof *a);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++) a[i * m + j] = v->w[s[i] * v->n + s[j]] + (i == j ? 1 : 0);
    for (size_t p = 0; p < m; p++) {
        f += log(a[p * m + p]);
        for (size_t i = p + 1; i < m; i++)
            for (size_t j = m; j-- > p;) a[i * m + j] -= a[i * m + p] / a[p * m + p] * a[p * m + j];
    }
    free(a);
    return f;
}

static inline double naive_value(const naive *v, wn_objective o, double lambda, const size_t *s, size_t m);

static inline double naive_mixture(const naive *v, const size_t *s, size_t m) {
    double f = 0;
    for (size_t p = 0; p < v->nmix; p++) {
        naive part = *v;
        part.value = NULL;
        f += v->mix[p].weight * naive_value(&part, v->mix[p].objective,
                                            v->mix[p].objective == WN_SATURATED_COVERAGE ? v->saturation : v->lambda, s,
                                            m);
    }
    return f;
}

/* f of the m rows of s, from its definition; 0: it has tests of its own. */
static inline double naive_value(const naive *v, wn_objective o, double lambda, const size_t *s, size_t m) {
    naive bare = *v;
    double values = 0;
    for (size_t i = 0; i < m && v->value; i++) values += v->value[s[i]];
    bare.value = NULL;
    if (v->value) return values + naive_value(&bare, o, lambda, s, m);
    switch ((int)o) {
    case WN_MIXTURE:
        return naive_mixture(v, s, m);
    case WN_FACILITY_LOCATION:
        return naive_facility(v, s, m);
    case WN_GRAPH_CUT:
        return naive_cut(v, lambda, s, m);
    case WN_SATURATED_COVERAGE: /* has no lambda: what is passed is its own parameter */
        return naive_saturated(v, lambda, s, m);
    case WN_FEATURE_BASED:
        return naive_features(v, s, m);
    case WN_HERDING:
        return naive_herding(v, s, m);
    case WN_LOG_DETERMINANT:
        return naive_log_determinant(v, s, m);
    case WN_DISPARITY_MIN:
        return naive_disparity(v, s, m);
    default:
        return 0;
    }
}

/* Gains of x without the sums that cancel in a difference of two f(S). */
static inline double naive_cut_gain(const naive *v, double lambda, const size_t *s, size_t m, size_t x) {
    double g = 0;
    for (size_t i = 0; i < v->n; i++) g += (naive_weight(v, i) - (i == x ? 1 : 0)) * v->w[x * v->n + i];
    for (size_t c = 0; c < m; c++) g -= (2 + lambda) * v->w[x * v->n + s[c]];
    return g;
}

static inline double naive_facility_gain(const naive *v, const size_t *s, size_t m, size_t x) {
    double g = 0;
    for (size_t i = 0; i < v->n; i++) {
        double best = 0;
        for (size_t c = 0; c < m; c++) best = fmax(best, v->w[i * v->n + s[c]]);
        g += naive_weight(v, i) * fmax(v->w[x * v->n + i] - best, 0);
    }
    return g;
}

/* The gain of x on top of s[m], and in *scale the sum of the absolute values that went into it: weights may cancel. */
static inline double naive_gain(const naive *v, wn_objective o, double lambda, const size_t *s, size_t m, size_t x,
                                double *scale) {
    double a = 0;
    for (size_t i = 0; i < v->n; i++) a += (naive_weight(v, i) + (i == x ? 1 : 0)) * fabs(v->w[x * v->n + i]);
    for (size_t c = 0; c < m && o == WN_GRAPH_CUT; c++) a += (2 + lambda) * fabs(v->w[x * v->n + s[c]]);
    if (scale) *scale = a;
    if (v->value || o == WN_MIXTURE) {
        naive bare = *v;
        double sum = v->value ? v->value[x] : 0, part_scale = 0;
        bare.value = NULL;
        if (o != WN_MIXTURE) return sum + naive_gain(&bare, o, lambda, s, m, x, NULL);
        for (size_t p = 0; p < v->nmix; p++) {
            const wn_objective part = v->mix[p].objective;
            sum += v->mix[p].weight * naive_gain(&bare, part, part == WN_SATURATED_COVERAGE ? v->saturation : v->lambda,
                                                 s, m, x, &part_scale);
            if (scale) *scale += v->mix[p].weight * part_scale;
        }
        return sum;
    }
    if (o == WN_GRAPH_CUT) return naive_cut_gain(v, lambda, s, m, x);
    if (o == WN_FACILITY_LOCATION) return naive_facility_gain(v, s, m, x);
    size_t with[NAIVE_PICKS];
    if (m >= NAIVE_PICKS) abort();
    memcpy(with, s, m * sizeof *with);
    with[m] = x;
    return naive_value(v, o, lambda, with, m + 1) - naive_value(v, o, lambda, s, m);
}

static inline bool same_row(const wn_mat *x, size_t a, size_t b) {
    return memcmp(wn_mat_row(x, a), wn_mat_row(x, b), x->cols * sizeof(float)) == 0;
}

/* What the objective of `s` was told: lambda or saturation. */
static inline double naive_told(const wn_selection *s) {
    return s->saturation > 0 ? s->saturation : s->lambda;
}

/* Follows the picks of `s`: each must have the largest gain within `tolerance` of the terms it is made of, come before
 * every equal row, and report its gain to that tolerance; the objective must be the running sum and the definition.
 * Forced and excluded rows as in `o`. Returns NULL or what is wrong (a static buffer). */
static inline const char *naive_disagrees(const naive *v, const wn_mat *x, const wn_select_opts *o,
                                          const wn_selection *s, double tolerance) {
    static char why[256];
    double sum = 0;
    bool *taken = calloc(v->n, sizeof *taken);
    why[0] = 0;
    for (size_t i = 0; i < o->nexclude; i++) taken[o->exclude[i]] = true;
    for (size_t t = 0; t < s->k && !why[0]; t++) {
        double scale = 0, mine = naive_gain(v, o->objective, naive_told(s), s->ids, t, s->ids[t], &scale);
        double floor = 1e-36 * (2 + s->lambda) * (double)v->n; /* f32 ends there */
        double room = tolerance * scale + floor;
        if (fabs(mine - s->gain[t]) > room)
            (void)snprintf(why, sizeof why, "step %zu: gain %.17g, reference %.17g", t, s->gain[t], mine);
        if (taken[s->ids[t]]) (void)snprintf(why, sizeof why, "step %zu: row %zu is not free", t, s->ids[t]);
        taken[s->ids[t]] = true;
        sum += s->gain[t];
        if (sum != s->objective[t]) (void)snprintf(why, sizeof why, "step %zu: objective is not the sum of gains", t);
        if (t < o->nkeep && s->ids[t] != o->keep[t]) (void)snprintf(why, sizeof why, "step %zu: kept row missing", t);
        for (size_t i = 0; i < v->n && t >= o->nkeep && !why[0]; i++) {
            if (taken[i]) continue;
            double other = naive_gain(v, o->objective, naive_told(s), s->ids, t, i, &scale);
            if (other > mine + room + tolerance * scale + floor)
                (void)snprintf(why, sizeof why, "step %zu: row %zu has %.17g, better than %zu with %.17g", t, i, other,
                               s->ids[t], mine);
            if (i < s->ids[t] && same_row(x, i, s->ids[t]) && (!v->value || v->value[i] >= v->value[s->ids[t]]))
                (void)snprintf(why, sizeof why, "step %zu: row %zu before the equal row %zu", t, s->ids[t], i);
        }
    }
    double value = naive_value(v, o->objective, naive_told(s), s->ids, s->k);
    double reach = 0, scale = 0;
    for (size_t t = 0; t < s->k; t++) {
        (void)naive_gain(v, o->objective, naive_told(s), s->ids, t, s->ids[t], &scale);
        reach += scale;
    }
    if (!why[0] && fabs(value - sum) > tolerance * reach + 1e-35 * (2 + s->lambda) * (double)(v->n * v->n))
        (void)snprintf(why, sizeof why, "sum of gains %.17g, f(S) %.17g", sum, value);
    free(taken);
    return why[0] ? why : NULL;
}

/* The same picks, gains and objective, to the last bit. */
static inline bool same_selection(const wn_selection *a, const wn_selection *b) {
    return a->k == b->k && memcmp(a->ids, b->ids, a->k * sizeof *a->ids) == 0 &&
           memcmp(a->gain, b->gain, a->k * sizeof *a->gain) == 0 &&
           memcmp(a->objective, b->objective, a->k * sizeof *a->objective) == 0 && a->negative_from == b->negative_from;
}

static inline void unit_rows(wn_mat *x) {
    for (size_t i = 0; i < x->rows; i++) {
        double s = 0;
        for (size_t c = 0; c < x->cols; c++) s += (double)wn_mat_row(x, i)[c] * (double)wn_mat_row(x, i)[c];
        for (size_t c = 0; c < x->cols && s > 0; c++)
            wn_mat_row(x, i)[c] = (float)((double)wn_mat_row(x, i)[c] / sqrt(s));
    }
}

/* n rows around `centres` points, unit length when `unit`; spread 0 makes copies of the centres. */
static inline wn_mat clustered_rows(size_t n, size_t d, size_t centres, double spread, bool unit, uint64_t seed) {
    wn_mat x;
    wn_rng r = wn_rng_init(seed, 11);
    float *c = malloc(centres * d * sizeof *c + 1);
    if (wn_mat_init(&x, n, d, &(wn_err){0}) != WN_OK || !c) abort();
    for (size_t i = 0; i < centres * d; i++) c[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < n; i++) {
        size_t from = (size_t)wn_rng_below(&r, centres) * d;
        for (size_t j = 0; j < d; j++) wn_mat_row(&x, i)[j] = c[from + j] + (float)(spread * wn_rng_normal(&r));
    }
    free(c);
    if (unit) unit_rows(&x);
    return x;
}

/* Must-keep and excluded rows now and then, and a k that they leave possible; scratch keep and exclude [n each]. */
static inline void draw_lists(wn_select_opts *o, size_t *keep, size_t *exclude, size_t n, wn_rng *r) {
    size_t *order = malloc(n * sizeof *order);
    for (size_t i = 0; i < n; i++) order[i] = i;
    wn_rng_shuffle(r, order, n);
    if (wn_rng_below(r, 3) == 0) o->nkeep = (size_t)wn_rng_below(r, n / 2 + 1);
    if (wn_rng_below(r, 3) == 0) o->nexclude = (size_t)wn_rng_below(r, n / 2);
    memcpy(keep, order, o->nkeep * sizeof *order);
    memcpy(exclude, order + o->nkeep, o->nexclude * sizeof *order);
    const size_t low = o->nkeep ? o->nkeep : 1;
    o->k = low + (size_t)wn_rng_below(r, n - o->nexclude - low + 1);
    o->keep = keep, o->exclude = exclude;
    free(order);
}

/* x becomes the matrix [n, n] of its inner products: similarities that are given. */
static inline void given_rows(wn_mat *x) {
    wn_mat w;
    if (wn_mat_init(&w, x->rows, x->rows, &(wn_err){0}) != WN_OK) abort();
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = 0;
            for (size_t c = 0; c < x->cols; c++) s += (double)wn_mat_row(x, i)[c] * (double)wn_mat_row(x, j)[c];
            wn_mat_row(&w, i)[j] = wn_mat_row(&w, j)[i] = (float)s;
        }
    wn_mat_free(x);
    *x = w;
}

/* A mixture of up to four parts whose gains only fall under this kernel; room for four. */
static inline size_t draw_mix(wn_mix_part *mix, wn_kernel_kind kernel, wn_rng *r) {
    static const wn_objective parts[] = {WN_FACILITY_LOCATION, WN_SATURATED_COVERAGE, WN_LOG_DETERMINANT,
                                         WN_FEATURE_BASED, WN_GRAPH_CUT};
    size_t n = 0;
    for (size_t i = 0; i < 5; i++) {
        const bool falls = parts[i] != WN_GRAPH_CUT || kernel == WN_RBF;
        if (!falls || n == 4 || !wn_objective_serves(parts[i], kernel, WN_STORAGE_AUTO, WN_MAXIMIZER_AUTO)) continue;
        if (n == 0 || wn_rng_below(r, 2)) mix[n++] = (wn_mix_part){parts[i], (double[]){.1, 1, 3}[wn_rng_below(r, 3)]};
    }
    return n;
}

/* Now and then some rows become zero, opposites of others, or copies. */
static inline void spoil_rows(wn_mat *x, wn_rng *r) {
    const size_t n = x->rows;
    for (size_t m = (size_t)wn_rng_below(r, 3) * (size_t)wn_rng_below(r, n); m > 0; m--) {
        size_t to = (size_t)wn_rng_below(r, n), from = (size_t)wn_rng_below(r, n), how = (size_t)wn_rng_below(r, 4);
        for (size_t c = 0; c < x->cols; c++)
            wn_mat_row(x, to)[c] = how == 0 ? 0.0f : how == 1 ? -wn_mat_row(x, from)[c] : wn_mat_row(x, from)[c];
    }
}

#endif
