/* Random: nothing is maximised. Gains are 0; a seeded shuffle of the rows, from first to last, is the choice. */
#include <winnow/mem.h>
#include <wn/rng.h>

#include "solver/solver.h"

enum { STREAM = 0x73656c }; /* apart from other uses of the same seed */

typedef struct {
    const wn_greedy *g;
    size_t *order; /* [n] */
    size_t at;
} random_order;

static size_t random_order_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    (void)d;
    return n * sizeof(size_t);
}

static wn_code random_order_open(void **solver, wn_greedy *g, wn_err *err) {
    random_order *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    s->g = g;
    if (!(s->order = wn_alloc(g->ground.n, sizeof *s->order, err))) return WN_EMEMORY;
    for (size_t i = 0; i < g->ground.n; i++) s->order[i] = i;
    wn_rng rng = wn_rng_init(g->o.seed, STREAM);
    wn_rng_shuffle(&rng, s->order, g->ground.n);
    return WN_OK;
}

static wn_code random_order_gain(void *solver, size_t row, double *gain, wn_err *err) {
    (void)solver;
    (void)row;
    (void)err;
    *gain = 0;
    return WN_OK;
}

static wn_code random_order_best(void *solver, size_t *row, double *gain, wn_err *err) {
    random_order *s = solver;
    while (!wn_constraint_feasible(&s->g->constraint, s->order[s->at])) s->at++;
    *row = s->order[s->at];
    return random_order_gain(s, *row, gain, err);
}

static wn_code random_order_add(void *solver, size_t row, wn_err *err) {
    (void)solver;
    (void)row;
    (void)err;
    return WN_OK;
}

static void random_order_close(void *solver) {
    random_order *s = solver;
    if (!s) return;
    wn_free(s->order);
    wn_free(s);
}

static wn_code random_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    (void)e;
    (void)err;
    *value = 0;
    return WN_OK;
}

/* No gains to search through: it has a solver only. */
const wn_objective_vt wn_objective_random = {.evaluate = random_evaluate};
const wn_solver_vt wn_solver_random_order = {.under_limits = true,
                                             .under_budget = true,
                                             .bytes = random_order_bytes,
                                             .open = random_order_open,
                                             .gain = random_order_gain,
                                             .best = random_order_best,
                                             .add = random_order_add,
                                             .close = random_order_close};
