#ifndef WINNOW_SELECTOR_CONSTRAINT_H
#define WINNOW_SELECTOR_CONSTRAINT_H
/* Which rows may be picked next, and when to stop: k rows, must-keep rows first, excluded ones never. What is closed
 * stays closed, so a solver may forget a row that is not feasible. */
#include "ground.h"

typedef struct {
    bool *closed; /* [n] picked or excluded */
    const wn_ground *g;
    const size_t *keep; /* [nkeep] picked first, in this order; numbers in the whole */
    size_t nkeep, k;
    size_t picked; /* rows so far */
} wn_constraint;

/* WN_EUSAGE: a row that does not exist, or is named twice; WN_ECONSTRAINT: k, keep and exclude cannot be met together.
 * Looks at the lists of `o`, which must outlive it. Release with wn_constraint_free. */
wn_code wn_constraint_init(wn_constraint *c, const wn_ground *g, const wn_select_opts *o, wn_err *err);
void wn_constraint_free(wn_constraint *c);

static inline bool wn_constraint_feasible(const wn_constraint *c, size_t row) {
    return !c->closed[row];
}
static inline bool wn_constraint_full(const wn_constraint *c) {
    return c->picked == c->k;
}
/* Must one row come next, whatever the gains? Then *row is that one. */
static inline bool wn_constraint_forces(const wn_constraint *c, size_t *row) {
    if (c->picked >= c->nkeep) return false;
    *row = c->keep[c->picked] - c->g->first;
    return true;
}
static inline void wn_constraint_take(wn_constraint *c, size_t row) {
    c->closed[row] = true;
    c->picked++;
}

#endif
