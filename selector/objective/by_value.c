/* Values alone: f(S) = sum over S of value_i. Their order is known beforehand, so there is a solver only. */
#include "objective/objective.h"

static wn_code by_value_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    (void)err;
    *value = 0;
    for (size_t i = 0; i < e->k; i++) *value += e->o->value[e->rows[i]];
    return WN_OK;
}

/* Picks are compared with rows that come up, not with all. */
static double by_value_work(const wn_select_opts *o, double n, double d) {
    const double k = (double)o->k;
    (void)n;
    return o->apart > 0 ? k * k * d : 0;
}

const wn_objective_vt wn_objective_by_value = {
    .traits = WN_USES_ROWS | WN_USES_VALUE, .work = by_value_work, .evaluate = by_value_evaluate};
