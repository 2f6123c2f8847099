#ifndef WINNOW_LOGISTIC_H
#define WINNOW_LOGISTIC_H
/* One problem of multinomial logistic regression and its minimum by L-BFGS (Liu, Nocedal 1989; liblbfgs).
 *
 * objective(W) = mean log loss + penalty / 2 |W|^2, the weights of the last column, which is constant, not penalised.
 *
 * Products run in float, sums over rows in double. That is enough for the gradient, whose error costs the minimum only
 * its square; but the value of the objective must be good to 1e-10 where steps get small. So the last steps start from
 * an anchor: weights whose scores were computed in double, to which float adds the scores of the small rest. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <wn/gemm.h>

typedef struct {
    const float *const *x; /* [n] rows of d, the last value the constant */
    const uint32_t *y;     /* [n] < classes */
    size_t n, d, classes;  /* > 0 */
    const double *shrink;  /* [d] what the penalty of a column's weights is multiplied by; 0 for the constant */
} wn_logistic_rows;

typedef struct {
    wn_logistic_rows rows;
    double penalty;
    wn_packed by_row, by_column; /* x [n, d] and its transpose [d, n] */
    float *w, *scores, *g;       /* [classes, d], [classes, n], [classes, d]: one evaluation */
    double *anchor, *anchored;   /* [classes, d] and its scores [classes, n]; NULL: zero */
    bool broken;                 /* the objective was not finite somewhere */
} wn_logistic;

/* x and y stay the caller's and must outlive *l. */
wn_code wn_logistic_open(wn_logistic *l, const wn_logistic_rows *rows, wn_err *err);
void wn_logistic_close(wn_logistic *l); /* empties *l */

/* Room for weights [classes, d], zero: liblbfgs wants whole vectors of the processor, aligned. */
double *wn_logistic_weights(size_t classes, size_t d, wn_err *err);

/* How far to go. */
typedef struct {
    double fall;  /* stop where three steps let the objective fall by less than this share; 0: go on to rounding */
    size_t steps; /* at the most */
} wn_logistic_effort;

/* w: in the start, out the minimum, as near as the effort leads. WN_EINPUT: the objective is not finite.
 * O(n d classes) an evaluation, of which a step needs one, the first two, and few more. */
wn_code wn_logistic_minimise(wn_logistic *l, double penalty, const wn_logistic_effort *effort, double *w, wn_err *err);
/* Sum of the log losses of the rows under w. */
double wn_logistic_loss(wn_logistic *l, const double *w);

#endif
