#ifndef WINNOW_PROBE_H
#define WINNOW_PROBE_H
/* Multinomial logistic regression on vectors: what a subset teaches the simplest classifier. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

typedef struct {
    const float *x;    /* [n, d], row i at x + i * ld; rows of length 1 suit the grid of c */
    size_t ld, d, n;   /* d, n > 0 */
    const uint32_t *y; /* [n], < classes */
    size_t classes;    /* > 0; not all need occur */
} wn_probe_rows;

typedef struct {
    double c;      /* of a fit: inverse regularisation */
    size_t folds;  /* of wn_probe_choose_c; 0: WN_PROBE_FOLDS */
    uint64_t seed; /* which row falls into which fold */
    size_t steps;  /* of a fit: at most so many steps of L-BFGS, which need not lead to the minimum; 0: to it */
} wn_probe_opts;

enum { WN_PROBE_FOLDS = 3 }; /* 5 cost half as much again, for the same accuracy */

typedef struct {
    size_t classes, d;
    double *w; /* [classes, d + 1], the intercept last; a class that no row has: zeros and -INFINITY */
    double c;  /* used */
} wn_probe;

/* The c of the least log loss by cross-validation within the rows, of 10^(i/2), 0.01 to 10^4, found by going from 10
 * while the loss falls. Errors as wn_probe_fit. */
wn_code wn_probe_choose_c(double *c, const wn_probe_rows *rows, const wn_probe_opts *o, wn_err *err);

/* Minimises c * sum of log losses + |W|^2 / 2, the intercept free, as scikit-learn's LogisticRegression does; of two
 * classes, too, its W: one vector, the difference of the two rows here. One thread; several may run at once; same bits
 * for any number of threads. WN_EINPUT: a class out of range, a value that is not finite, a c that is not positive.
 * O(n d classes) a step. */
wn_code wn_probe_fit(wn_probe *out, const wn_probe_rows *rows, const wn_probe_opts *o, wn_err *err);
void wn_probe_free(wn_probe *p); /* empties *p; NULL is fine */

/* probs [n, classes] of x [n, p->d], row i at x + i * ld; a class that no row of the fit had has probability 0. */
wn_code wn_probe_predict(const wn_probe *p, const float *x, size_t ld, size_t n, float *probs, wn_err *err);

#endif
