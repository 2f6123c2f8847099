#ifndef WINNOW_SELECTOR_CERTIFICATE_H
#define WINNOW_SELECTOR_CERTIFICATE_H
/* Upper bounds on what any k rows can reach under the same must-keep and excluded rows: `bound` of wn_selection, the
 * least of those that are found. docs/certificate.md derives them. Each is widened by what rounding may have done, to
 * itself and to f as it is computed. Called by who has the numbers, when the last pick is made and a bound is asked
 * for. */
#include "constraint/constraint.h"

/* A selection whose last pick is made. */
typedef struct {
    const wn_ground *ground;
    const wn_select_opts *o; /* lambda as used */
    const wn_constraint *constraint;
    wn_selection *out;
} wn_finished;

typedef struct {
    double worth; /* key by cost */
    size_t row;
} wn_certificate_worth;

/* What may be chosen: the rows that must come, and `count` of the others, or under a budget as many as fit. Other
 * limits are left out of account: fewer sets do not reach more. */
typedef struct {
    const wn_finished *g;
    size_t *rows; /* [free] the others that are not excluded, reordered at will */
    size_t free, count;
    double left;                 /* of a budget, beside the rows that must come */
    wn_certificate_worth *worth; /* [n] scratch under a budget */
    double *key;                 /* [n] by row, for wn_certificate_most */
} wn_certificate;

/* Release with wn_certificate_free whatever it returned. */
wn_code wn_certificate_init(wn_certificate *c, const wn_finished *g, wn_err *err);
void wn_certificate_free(wn_certificate *c);
/* At least the largest sum of keys over a set that may be chosen: those of the rows that must come and the `count`
 * largest others, whose rows come first then. O(n). Under a budget `count` becomes as many as are taken by key and
 * cost, the last of them maybe in part (Dantzig's bound of the knapsack). O(n log n). */
double wn_certificate_most(wn_certificate *c);
/* Is there only one set that may be chosen? */
bool wn_certificate_one_set(const wn_certificate *c);
/* The least bound so far. */
void wn_certificate_lower(wn_finished *g, double bound);

/* How far what was computed may lie from what is meant, v: |v' - v| <= relative |v| + absolute. */
typedef struct {
    double relative, absolute;
} wn_certificate_error;
/* Of similarities, for rows of d values whose squared norms are `sq` at most. */
wn_certificate_error wn_certificate_similarity(const wn_kernel *k, size_t d, double sq);

/* Bytes that a bound takes at most, for k of n rows of d values. */
size_t wn_certificate_bytes(size_t n, size_t d, size_t k);

/* Monotone submodular f, to which values may be added (wn_select_opts.value): f(S) and the largest gains that are left
 * (Minoux 1978). gain[n] >= those of the rows that are not chosen. f of any set, as computed, lies within |f| relative
 * + absolute of f. */
wn_code wn_certificate_of_gains(wn_finished *g, const double *gain, const wn_certificate_error *off, wn_err *err);
/* The same with gains as `gains` finds them now, of a maximizer that keeps none. */
wn_code wn_certificate_of_gains_anew(wn_finished *g,
                                     wn_code (*gains)(void *f, const size_t *rows, size_t m, double *out, wn_err *err),
                                     void *f, const wn_certificate_error *off, wn_err *err);

/* Graph-cut. T: [n] rbf, the sums as wn_ground_rbf_sums has them, overwritten; NULL: an inner product. O(n), and one
 * pass O(n d) over the rows of an inner product. */
wn_code wn_certificate_of_cut(wn_finished *g, double *T, wn_err *err);

#endif
