#ifndef WINNOW_SELECTOR_GREEDY_H
#define WINNOW_SELECTOR_GREEDY_H
/* The greedy selection, one loop for all: a solver names the next row, the loop knows keep, exclude, k and progress. */
#include "maximizer/maximizer.h"

typedef struct {
    wn_ground ground;
    wn_select_opts o; /* as asked, with lambda as used */
    wn_constraint constraint;
    const wn_objective_vt *objective;
    const wn_maximizer_vt *maximizer; /* for the generic solver */
    wn_selection *out;
    size_t single; /* under a budget: a row that with those that must come has more f than the picks; else n */
} wn_greedy;

/* Finds the picks. For one cell of objective, kernel and storage, or for every objective (solver/generic.c). */
typedef struct {
    bool under_limits; /* does it know rows that are closed without being picked? */
    bool under_budget; /* does it take gains by what they cost? */
    /* Beyond X; SIZE_MAX: it cannot be counted. NULL for the generic solver, which takes what its parts take. */
    size_t (*bytes)(const wn_select_opts *o, size_t n, size_t d);
    /* *solver: its own state, to be closed even on error. */
    wn_code (*open)(void **solver, wn_greedy *g, wn_err *err);
    /* The gain of a row that must come next. */
    wn_code (*gain)(void *solver, size_t row, double *gain, wn_err *err);
    /* The feasible row of largest gain, ties to the lowest, or the next of an order that the objective has; there is
     * one. */
    wn_code (*best)(void *solver, size_t *row, double *gain, wn_err *err);
    /* Under a budget, when the rows that must come are taken: the feasible row that adds most, whatever it costs. NULL:
     * all add nothing. */
    wn_code (*single)(void *solver, size_t *row, double *gain, wn_err *err);
    /* The row that was taken. */
    wn_code (*add)(void *solver, size_t row, wn_err *err);
    /* A row that another process holds was taken, x[d]; NULL: all rows must be at hand. */
    wn_code (*take)(void *solver, const float *x, wn_err *err);
    /* After the last pick, where a bound is asked for (certificate.h); NULL: there is none. */
    wn_code (*bound)(void *solver, wn_finished *g, wn_err *err);
    /* After the last pick; NULL: nothing. */
    wn_code (*finish)(void *solver, wn_err *err);
    void (*close)(void *solver); /* NULL is fine */
} wn_solver_vt;

/* Picks until the constraint is full. */
wn_code wn_greedy_run(wn_greedy *g, const wn_solver_vt *vt, wn_err *err);
/* Reports picks done; WN_EINTERRUPT when asked to stop. For solvers that work long between two picks. */
wn_code wn_greedy_tick(const wn_greedy *g, wn_err *err);

#endif
