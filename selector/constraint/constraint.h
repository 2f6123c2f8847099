#ifndef WINNOW_SELECTOR_CONSTRAINT_H
#define WINNOW_SELECTOR_CONSTRAINT_H
/* Which rows may be picked next, and when to stop: k rows, must-keep rows first, excluded ones never, and what the
 * limits of winnow/limits.h leave. What is closed stays closed, so a solver may forget a row that is not feasible. A
 * pick may close other rows than the one picked. */
#include "ground.h"

/* Why a row may not be picked; from WN_CLOSED_BY on the number of a limit is added. */
typedef enum { WN_OPEN, WN_PICKED, WN_EXCLUDED, WN_CLOSED_BY } wn_closed;

typedef struct {
    unsigned char *closed; /* [n] wn_closed */
    const wn_ground *g;
    const wn_select_opts *o;
    const size_t *keep; /* [nkeep] picked first, in this order; numbers in the whole */
    size_t nkeep, k;
    size_t pool;   /* rows from this one on one has already: they come before those to keep, and count in k here */
    size_t picked; /* rows so far */
    size_t open;   /* rows that may be picked */
    bool may_stop; /* fewer than k rows will do: there is a budget */
    double *scale; /* [n] a gain counts so many times; NULL: as it is */
    void **limit;  /* their states, by number; NULL: none is asked for */
} wn_constraint;

/* WN_EUSAGE: a row that does not exist, or is named twice, a limit out of range; WN_ECONSTRAINT: k, keep, exclude and
 * limits cannot be met together. Looks at the lists of `o`, whose k is without those that one has; they must outlive
 * it. Release with wn_constraint_free. */
wn_code wn_constraint_init(wn_constraint *c, const wn_ground *g, const wn_select_opts *o, wn_err *err);
void wn_constraint_free(wn_constraint *c);
/* Bytes beyond one a row. */
size_t wn_constraint_bytes(const wn_select_opts *o, size_t n);
/* Is there any limit? */
bool wn_constraint_limits(const wn_select_opts *o);
/* Rows that a choice has, about: k, or as many of mean cost as the budget buys. */
size_t wn_constraint_expected(const wn_select_opts *o, size_t n);

static inline bool wn_constraint_feasible(const wn_constraint *c, size_t row) {
    return c->closed[row] == WN_OPEN;
}
/* A gain, as it counts beside others. */
static inline double wn_constraint_key(const wn_constraint *c, size_t row, double gain) {
    return c->scale ? gain * c->scale[row] : gain;
}
/* Rows that come first, whatever the gains, and the i-th of them. */
static inline size_t wn_constraint_forced(const wn_constraint *c) {
    return c->g->n - c->pool + c->nkeep;
}
static inline size_t wn_constraint_forced_row(const wn_constraint *c, size_t i) {
    const size_t had = c->g->n - c->pool;
    return i < had ? c->pool + i : c->keep[i - had] - c->g->first;
}
static inline bool wn_constraint_full(const wn_constraint *c) {
    return c->picked == c->k || (c->picked >= wn_constraint_forced(c) && c->open == 0);
}
/* Must one row come next, whatever the gains? Then *row is that one. */
static inline bool wn_constraint_forces(const wn_constraint *c, size_t *row) {
    if (c->picked >= wn_constraint_forced(c)) return false;
    *row = wn_constraint_forced_row(c, c->picked);
    return true;
}
void wn_constraint_take(wn_constraint *c, size_t row);
/* For limits: the row may not be picked from here on. */
static inline void wn_constraint_close(wn_constraint *c, size_t row, wn_limit by) {
    if (c->closed[row] != WN_OPEN) return;
    c->closed[row] = (unsigned char)(WN_CLOSED_BY + (int)by);
    c->open--;
}
/* WN_ECONSTRAINT where fewer than k rows were found and have to be: what is lacking, and what closed the others. */
wn_code wn_constraint_check(const wn_constraint *c, wn_err *err);

#endif
