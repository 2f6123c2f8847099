#include <wn/stats.h>

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <winnow/mem.h>
#include <wn/rng.h>

/* ---- Student's t ---- */

/* log Gamma(x), x > 0; lgamma would write a global sign. */
static double log_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

static double not_zero(double x) {
    return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

/* 1 + d_1/(1 + d_2/(1 + ...)) of the incomplete beta function, evaluated forwards by Lentz's method (Thompson and
 * Barnett 1986):
 *   d_2m = m (b-m) x / ((a+2m-1)(a+2m)),  d_2m+1 = -(a+m)(a+b+m) x / ((a+2m)(a+2m+1))
 * Abramowitz and Stegun 26.5.8; DLMF 8.17.22. Converges fast for x < (a+1)/(a+b+2), in O(sqrt(max(a,b))) terms. */
static double beta_fraction(double a, double b, double x) {
    double f = 1, c = 1, d = 0;
    for (int i = 1; i < 100000; i++) {
        const double m = i / 2;
        const double term = i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                       : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / not_zero(1 + term * d);
        c = not_zero(1 + term / c);
        f *= c * d;
        if (fabs(c * d - 1) < DBL_EPSILON) break;
    }
    return f;
}

/* Regularised incomplete beta function, for 0 <= x <= 1, y = 1 - x (given, since 1 - x would lose what is small):
 *   I_x(a,b) = x^a y^b / (a B(a,b)) / fraction(a,b,x) = 1 - I_y(b,a)
 * DLMF 8.17.4 (reflection), 8.17.22. B(a,b) = Gamma(a) Gamma(b) / Gamma(a+b). */
static double beta_regularised(double a, double b, double x, double y) {
    if (x <= 0) return 0;
    if (y <= 0) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - beta_regularised(b, a, y, x);
    const double log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b);
    return exp(a * log(x) + b * log(y) - log_beta) / (a * beta_fraction(a, b, x));
}

/* P(|T| >= |t|) = I_x(df/2, 1/2), x = df / (df + t^2): Abramowitz and Stegun 26.7.1, 26.5.27. */
double wn_stats_t_tail(double t, double df) {
    if (isnan(t)) return NAN;
    if (isinf(t)) return 0;
    const double s = t * t / df;
    return beta_regularised(df / 2, 0.5, 1 / (1 + s), s / (1 + s));
}

/* The tail falls in t: halving until the doubles are next to one another. */
double wn_stats_t_quantile(double p, double df) {
    assert(p > 0 && p < 1 && df > 0);
    const double tail = 2 * fmin(p, 1 - p);
    double low = 0, high = 1;
    while (wn_stats_t_tail(high, df) > tail) low = high, high *= 2;
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        if (wn_stats_t_tail(middle, df) > tail)
            low = middle;
        else
            high = middle;
    }
    return p < 0.5 ? -high : p > 0.5 ? high : 0;
}

/* ---- intervals ---- */

/* Of a - b; b NULL: of a. Mean and deviation in two passes. */
static wn_interval student_interval(const double *a, const double *b, size_t n, double level) {
    wn_interval out = {.mean = NAN, .sd = NAN, .low = NAN, .high = NAN, .p = NAN, .n = n};
    if (n == 0) return out;
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] - (b ? b[i] : 0);
    out.mean = sum / (double)n;
    if (n < 2) return out;
    for (size_t i = 0; i < n; i++) {
        const double off = a[i] - (b ? b[i] : 0) - out.mean;
        square += off * off;
    }
    const double df = (double)n - 1, error = sqrt(square / df / (double)n);
    const double half = wn_stats_t_quantile((1 + level) / 2, df) * error;
    out.sd = sqrt(square / df);
    out.low = out.mean - half;
    out.high = out.mean + half;
    out.p = out.mean == 0 ? 1 : wn_stats_t_tail(out.mean / error, df);
    return out;
}

wn_interval wn_stats_mean(const double *a, size_t n, double level) {
    return student_interval(a, NULL, n, level);
}

wn_interval wn_stats_paired(const double *a, const double *b, size_t n, double level) {
    return student_interval(a, b, n, level);
}

/* ---- bootstrap (Efron 1979) ---- */

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which the share q of v [n], rising, lies: between neighbours by straight lines (Hyndman and Fan's
 * definition 7). */
static double sorted_quantile(const double *v, size_t n, double q) {
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;
    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

/* Mean of as many items as there are, drawn with replacement. A 32-bit draw times `items` shifts down to an item, whose
 * chance is off by less than items / 2^32 of itself. */
static double bootstrap_mean(const double *d, size_t items, uint64_t seed, uint64_t draw) {
    double sum = 0;
    for (size_t i = 0; i < items; i += 4) {
        uint32_t r[4];
        wn_rng_block(seed, draw, i / 4, r);
        for (size_t k = 0; k < 4 && i + k < items; k++) sum += d[(uint64_t)r[k] * items >> 32];
    }
    return sum / (double)items;
}

/* p = twice the smaller of the shares of draws at or below 0, and at or above, the sample itself counted with them. */
static double bootstrap_p(const double *v, size_t draws) {
    size_t below = 1, above = 1;
    for (size_t i = 0; i < draws; i++) {
        below += v[i] <= 0;
        above += v[i] >= 0;
    }
    return fmin(1, 2 * (double)(below < above ? below : above) / (double)(draws + 1));
}

wn_code wn_stats_bootstrap_items(wn_interval *out, const float *a, const float *b, size_t seeds, size_t items,
                                 const wn_bootstrap_opts *o, wn_err *err) {
    const size_t draws = o->draws ? o->draws : WN_STATS_DRAWS;
    if (seeds == 0 || items == 0 || items > UINT32_MAX)
        return wn_err_set(err, WN_EINPUT, "a bootstrap over %zu items of %zu seeds", items, seeds);
    wn_code code = WN_EMEMORY;
    double *v = NULL, *d = wn_alloc(items, sizeof *d, err);
    if (!d || !(v = wn_alloc(draws, sizeof *v, err))) goto out;
    for (size_t s = 0; s < seeds; s++)
        for (size_t i = 0; i < items; i++)
            d[i] += ((double)a[s * items + i] - (double)b[s * items + i]) / (double)seeds;
    double mean = 0;
    for (size_t i = 0; i < items; i++) mean += d[i] / (double)items;
    for (size_t i = 0; i < draws; i++) v[i] = bootstrap_mean(d, items, o->seed, i);
    qsort(v, draws, sizeof *v, by_value);
    *out = (wn_interval){.mean = mean,
                         .sd = wn_stats_mean(v, draws, o->level).sd,
                         .low = sorted_quantile(v, draws, (1 - o->level) / 2),
                         .high = sorted_quantile(v, draws, (1 + o->level) / 2),
                         .p = bootstrap_p(v, draws),
                         .n = items};
    code = WN_OK;
out:
    wn_free(d);
    wn_free(v);
    return code;
}

/* ---- several comparisons ---- */

/* Adjusted p_i = max over p_j <= p_i of (n - number below p_j) p_j, at most 1: Holm, "A simple sequentially rejective
 * multiple test procedure", 1979. */
void wn_stats_holm(double *adjusted, const double *p, size_t n) {
    size_t counted = 0;
    for (size_t i = 0; i < n; i++) {
        counted += isnan(p[i]) ? 0 : 1;
        adjusted[i] = isnan(p[i]) ? NAN : 0;
    }
    for (size_t j = 0; j < n; j++) {
        size_t below = 0;
        for (size_t i = 0; i < n; i++) below += p[i] < p[j];
        const double least = fmin(1, (double)(counted - below) * p[j]);
        for (size_t i = 0; i < n; i++)
            if (p[j] <= p[i] && adjusted[i] < least) adjusted[i] = least;
    }
}

wn_wins wn_stats_wins(const double *a, const double *b, size_t n) {
    wn_wins w = {0};
    for (size_t i = 0; i < n; i++) {
        w.wins += a[i] > b[i];
        w.ties += a[i] == b[i];
        w.losses += a[i] < b[i];
    }
    return w;
}

const char *wn_verdict_word(wn_verdict v) {
    switch (v) { WN_VERDICTS(WN_NAME_CASE) }
    return NULL;
}

wn_verdict wn_stats_verdict(double p, const wn_interval *items) {
    if (!(p <= 1 - WN_VERDICT_LEVEL + 1e-12)) return WN_VERDICT_NONE;
    if (items->low > 0 && items->mean > 0) return WN_VERDICT_BETTER;
    if (items->high < 0 && items->mean < 0) return WN_VERDICT_WORSE;
    return WN_VERDICT_NONE;
}
