#include "greedy.h"

static void take_row(wn_greedy *g, size_t row, double gain) {
    wn_selection *s = g->out;
    size_t t = g->constraint.picked;
    s->ids[t] = g->ground.first + row;
    s->gain[t] = gain;
    s->objective[t] = gain + (t ? s->objective[t - 1] : 0.0);
    if (gain < 0 && s->negative_from == s->k) s->negative_from = t;
    wn_constraint_take(&g->constraint, row);
}

wn_code wn_greedy_tick(const wn_greedy *g, wn_err *err) {
    return wn_tick(g->o.progress, "select", "picks", g->constraint.picked, g->constraint.k, err);
}

/* The best row alone, with those that must come, and what they have together. */
typedef struct {
    size_t row;
    double value;
    bool known;
} best_single;

static wn_code find_single(best_single *b, const wn_greedy *g, const wn_solver_vt *vt, void *solver, wn_err *err) {
    const wn_constraint *c = &g->constraint;
    double gain = 0;
    if (b->known || !c->may_stop || !vt->single || c->picked < wn_constraint_forced(c)) return WN_OK;
    const wn_code code = vt->single(solver, &b->row, &gain, err);
    b->value = gain + (c->picked ? g->out->objective[c->picked - 1] : 0);
    b->known = true;
    return code;
}

/* Fewer than k rows were enough. */
static void cut_short(wn_greedy *g, const best_single *b) {
    wn_selection *s = g->out;
    s->k = g->constraint.picked;
    if (s->negative_from > s->k) s->negative_from = s->k;
    if (b->known && b->value > s->objective[s->k - 1]) g->single = b->row;
}

/* Under a budget rows that take from f are left out; one there is, whatever it adds. */
static bool may_end(const wn_constraint *c) {
    return c->may_stop && c->picked > c->g->n - c->pool;
}

static wn_code pick_all(wn_greedy *g, const wn_solver_vt *vt, void *solver, best_single *single, wn_err *err) {
    wn_code code = WN_OK;
    while (!wn_constraint_full(&g->constraint)) {
        size_t row = 0;
        double gain = 0;
        if ((code = find_single(single, g, vt, solver, err)) != WN_OK) return code;
        const bool forced = wn_constraint_forces(&g->constraint, &row);
        code = forced ? vt->gain(solver, row, &gain, err) : vt->best(solver, &row, &gain, err);
        if (code != WN_OK) return code;
        if (!forced && gain < 0 && may_end(&g->constraint)) break;
        take_row(g, row, gain);
        if ((code = vt->add(solver, row, err)) != WN_OK) return code;
        if ((code = wn_greedy_tick(g, err)) != WN_OK) return code;
    }
    return wn_constraint_check(&g->constraint, err);
}

wn_code wn_greedy_run(wn_greedy *g, const wn_solver_vt *vt, wn_err *err) {
    void *solver = NULL; /* the solver's own state */
    best_single single = {0};
    g->single = g->ground.n;
    wn_code code = vt->open(&solver, g, err);
    if (code != WN_OK) goto out;
    if ((code = pick_all(g, vt, solver, &single, err)) != WN_OK) goto out;
    cut_short(g, &single);
    wn_finished done = {&g->ground, &g->o, &g->constraint, g->out};
    if (g->o.certify && vt->bound && (code = vt->bound(solver, &done, err)) != WN_OK) goto out;
    if (vt->finish) code = vt->finish(solver, err);
out:
    vt->close(solver);
    return code;
}
