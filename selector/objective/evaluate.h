#ifndef WINNOW_SELECTOR_EVALUATE_H
#define WINNOW_SELECTOR_EVALUATE_H
/* f(S) from its definition, with none of the shortcuts of the maximizers: in double, pair by pair. */
#include "ground.h"

typedef struct {
    const wn_ground *g;
    const wn_select_opts *o; /* lambda as used */
    const size_t *rows;      /* [k] the set */
    size_t k;
    const bool *chosen; /* [n] the same set */
} wn_evaluation;

/* k(a, b) in double, a a row of what is represented, b of x. */
double wn_evaluate_pair(const wn_evaluation *e, size_t a, size_t b);
/* *value = the sum of what the rows that are represented contribute: the same for any number of threads. */
wn_code wn_evaluate_sum(const wn_evaluation *e, double (*contribution)(const wn_evaluation *e, size_t row),
                        double *value, wn_err *err);

#endif
