/* Any objective by any maximizer that suits it. */
#include <math.h>
#include <winnow/mem.h>

#include "solver/single.h"
#include "solver/solver.h"

typedef struct {
    wn_search search;
    const wn_maximizer_vt *maximizer;
    void *m; /* the maximizer's own state */
    wn_selection *out;
} generic_solver;

static wn_code generic_open(void **solver, wn_greedy *g, wn_err *err) {
    generic_solver *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    *s = (generic_solver){.search = {.objective = g->objective,
                                     .constraint = &g->constraint,
                                     .progress = g->o.progress,
                                     .seed = g->o.seed,
                                     .epsilon = g->o.epsilon > 0 ? g->o.epsilon : WN_EPSILON,
                                     .refreshed = &g->out->refreshed},
                          .maximizer = g->maximizer,
                          .out = g->out};
    wn_code code = g->objective->open(&s->search.f, &g->ground, &g->o, err);
    return code == WN_OK ? s->maximizer->open(&s->m, &s->search, err) : code;
}

static wn_code generic_gain(void *solver, size_t row, double *gain, wn_err *err) {
    generic_solver *s = solver;
    return s->search.objective->gains(s->search.f, &row, 1, gain, err);
}

static wn_code generic_best(void *solver, size_t *row, double *gain, wn_err *err) {
    generic_solver *s = solver;
    return s->maximizer->best(s->m, row, gain, err);
}

static wn_code generic_single(void *solver, size_t *row, double *gain, wn_err *err) {
    const generic_solver *s = solver;
    return wn_best_single(&s->search, s->maximizer->gains_left ? s->maximizer->gains_left(s->m) : NULL, row, gain, err);
}

static wn_code generic_add(void *solver, size_t row, wn_err *err) {
    generic_solver *s = solver;
    return s->search.objective->add(s->search.f, row, err);
}

static wn_code generic_bound(void *solver, wn_finished *g, wn_err *err) {
    generic_solver *s = solver;
    const wn_objective_vt *f = s->search.objective;
    const double *gain = s->maximizer->gains_left ? s->maximizer->gains_left(s->m) : NULL;
    if (f->bound) return f->bound(s->search.f, g, gain, err);
    if (!f->off) return WN_OK;
    const wn_certificate_error off = f->off(s->search.f, g);
    if (isnan(off.relative)) return WN_OK;
    return gain ? wn_certificate_of_gains(g, gain, &off, err)
                : wn_certificate_of_gains_anew(g, f->gains, s->search.f, &off, err);
}

static wn_code generic_finish(void *solver, wn_err *err) {
    generic_solver *s = solver;
    return s->search.objective->finish ? s->search.objective->finish(s->search.f, s->out, err) : WN_OK;
}

static void generic_close(void *solver) {
    generic_solver *s = solver;
    if (!s) return;
    s->maximizer->close(s->m);
    s->search.objective->close(s->search.f);
    wn_free(s);
}

const wn_solver_vt wn_solver_generic = {.under_limits = true,
                                        .under_budget = true,
                                        .open = generic_open,
                                        .gain = generic_gain,
                                        .best = generic_best,
                                        .single = generic_single,
                                        .add = generic_add,
                                        .bound = generic_bound,
                                        .finish = generic_finish,
                                        .close = generic_close};
