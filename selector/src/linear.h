#ifndef WINNOW_SELECTOR_LINEAR_H
#define WINNOW_SELECTOR_LINEAR_H
/* Graph-cut gains under an inner product, where the sums over rows are vectors: T = sum of V, P = sum of S, and
 * gain(x|S) = x . (T - (2 + lambda) P) - |x|^2. This one formula, evaluated in double in one order, decides every pick
 * of cosine and dot in both maximizers. */
#include "run.h"

typedef struct {
    const wn_run *r;
    double *T, *P, *v; /* [d]; v = T - scale P */
} wn_linear;

wn_code wn_linear_init(wn_linear *l, const wn_run *r, wn_err *err);
void wn_linear_free(wn_linear *l);
void wn_linear_pick(wn_linear *l, size_t id); /* P += x, and v anew */
static inline double wn_linear_gain(const wn_linear *l, size_t id) {
    return wn_dot(wn_mat_row(l->r->x, id), l->v, l->r->d) - l->r->sq[id];
}

#endif
