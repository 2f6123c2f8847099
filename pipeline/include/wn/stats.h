#ifndef WINNOW_STATS_H
#define WINNOW_STATS_H
/* Means, differences and what may be said of them. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/stages.h>

double wn_stats_t_quantile(double p, double df); /* t with P(T <= t) = p, of Student's t; 0 < p < 1, df > 0 */
double wn_stats_t_tail(double t, double df);     /* P(|T| >= |t|) */

typedef struct {
    double mean, sd;  /* sd of the sample, n - 1; of a bootstrap: of the resampled means */
    double low, high; /* the interval; NaN where n < 2 */
    double p;         /* two-sided, of mean 0; NaN where n < 2 */
    size_t n;
} wn_interval;

/* Student's interval of a mean; 0 < level < 1. Values without spread: the interval is the mean; p is 0, of mean 0 1. */
wn_interval wn_stats_mean(const double *a, size_t n, double level);
/* Of a - b, pair by pair: over seeds. */
wn_interval wn_stats_paired(const double *a, const double *b, size_t n, double level);

typedef struct {
    size_t draws; /* 0: WN_STATS_DRAWS */
    uint64_t seed;
    double level;
} wn_bootstrap_opts;

enum { WN_STATS_DRAWS = 2000 };

/* Of mean(a) - mean(b) over items drawn with replacement, both at once: what other test items would have shown.
 * a, b [seeds, items]: 1 where the item was right, or any score of it. Percentile interval; p = twice the smaller share
 * of draws beyond 0, at least 2 / (draws + 1). O(items * (seeds + draws)). */
wn_code wn_stats_bootstrap_items(wn_interval *out, const float *a, const float *b, size_t seeds, size_t items,
                                 const wn_bootstrap_opts *o, wn_err *err);

/* p [n] adjusted for n comparisons (Holm 1979), to an array of its own. NaN stays NaN and does not count. O(n^2). */
void wn_stats_holm(double *adjusted, const double *p, size_t n);

typedef struct {
    size_t wins, ties, losses; /* cells where a > b, a == b, a < b; a NaN counts nowhere */
} wn_wins;
wn_wins wn_stats_wins(const double *a, const double *b, size_t n);

/* Better or worse where both agree: p over seeds is at most 1 - WN_VERDICT_LEVEL, and the interval over test items
 * leaves 0 out on the same side. */
wn_verdict wn_stats_verdict(double p, const wn_interval *items);

#endif
