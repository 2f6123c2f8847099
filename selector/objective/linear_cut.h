#ifndef WINNOW_SELECTOR_LINEAR_CUT_H
#define WINNOW_SELECTOR_LINEAR_CUT_H
/* Graph-cut gains under an inner product, where the sums over rows are vectors: T = sum of V, P = sum of S, and
 * gain(x|S) = x . (T - (2 + lambda) P) - |x|^2. This one formula, evaluated in double in one order, decides every pick
 * of cosine and dot. */
#include "ground.h"

typedef struct {
    const wn_ground *g;
    double scale;      /* 2 + lambda */
    double *T, *P, *v; /* [d]; v = T - scale P */
    double T_norm;
} wn_linear_cut;

wn_code wn_linear_cut_init(wn_linear_cut *l, const wn_ground *g, double lambda, wn_err *err);
void wn_linear_cut_free(wn_linear_cut *l);
void wn_linear_cut_add(wn_linear_cut *l, size_t row); /* P += x, and v anew */
void wn_linear_cut_take(wn_linear_cut *l, const float *x); /* the same of a row that is not at hand, [d] */
static inline double wn_linear_cut_gain(const wn_linear_cut *l, size_t row) {
    return wn_ground_dot(wn_mat_row(l->g->x, row), l->v, l->g->d) - l->g->sq[row];
}
/* u[d]: of length 1 along T; 0 where T is so short that its length is not known. */
void wn_linear_cut_axis(const wn_linear_cut *l, double *u);
/* More than what rounding may do to a gain when `picks` rows are in P, and to a sum of like terms. */
double wn_linear_cut_slack(const wn_linear_cut *l, size_t picks);

#endif
