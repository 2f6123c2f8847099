/* k-means nearest and TypiClust: nothing is maximised, they have solvers only (solver/clusters.c). */
#include "objective/objective.h"

static wn_code clusters_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    (void)e;
    (void)err;
    *value = 0;
    return WN_OK;
}

/* Seeds and some ten rounds, of as many clusters as rows are chosen. */
static double clusters_work(const wn_select_opts *o, double n, double d) {
    return 12 * n * fmin((double)o->k, n) * d;
}

const wn_objective_vt wn_objective_clusters = {
    .traits = WN_USES_ROWS | WN_SEEKS_COVERAGE, .work = clusters_work, .evaluate = clusters_evaluate};
