#ifndef WINNOW_SELECTOR_MAXIMIZER_H
#define WINNOW_SELECTOR_MAXIMIZER_H
/* Finding the feasible row of largest gain, for any objective. */
#include "constraint/constraint.h"
#include "objective/objective.h"

/* What is searched: an open objective over the rows that the constraint leaves. */
typedef struct {
    const wn_objective_vt *objective;
    void *f; /* the objective's own state */
    const wn_constraint *constraint;
    wn_progress *progress;
    uint64_t seed;  /* for those that draw */
    double epsilon; /* stochastic, threshold: above 0, below 1 */
    size_t *refreshed; /* gains computed anew after the first are counted here */
} wn_search;

typedef struct {
    unsigned needs;            /* of the objective's traits one that holds, or 0: right for every objective */
    size_t (*bytes)(size_t n); /* beyond X */
    wn_code (*open)(void **m, const wn_search *s, wn_err *err); /* *m: its own state, to be closed even on error */
    wn_code (*best)(void *m, size_t *row, double *gain, wn_err *err); /* ties to the lowest row; there is one */
    /* [n] no less than the gains of the feasible rows after the last pick; NULL: it keeps none. */
    const double *(*gains_left)(const void *m);
    void (*close)(void *m); /* NULL is fine */
} wn_maximizer_vt;

extern const wn_maximizer_vt wn_maximizer_naive, wn_maximizer_lazy; /* exact: the same picks */
extern const wn_maximizer_vt wn_maximizer_stochastic, wn_maximizer_random_greedy; /* they draw */
extern const wn_maximizer_vt wn_maximizer_threshold;

#endif
