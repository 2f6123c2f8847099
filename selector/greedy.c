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

wn_code wn_greedy_run(wn_greedy *g, const wn_solver_vt *vt, wn_err *err) {
    void *solver = NULL; /* the solver's own state */
    wn_code code = vt->open(&solver, g, err);
    if (code != WN_OK) goto out;
    while (!wn_constraint_full(&g->constraint)) {
        size_t row = 0;
        double gain = 0;
        code = wn_constraint_forces(&g->constraint, &row) ? vt->gain(solver, row, &gain, err)
                                                          : vt->best(solver, &row, &gain, err);
        if (code != WN_OK) goto out;
        take_row(g, row, gain);
        if ((code = vt->add(solver, row, err)) != WN_OK) goto out;
        if ((code = wn_greedy_tick(g, err)) != WN_OK) goto out;
    }
    wn_finished done = {&g->ground, &g->o, &g->constraint, g->out};
    if (g->o.certify && vt->bound && (code = vt->bound(solver, &done, err)) != WN_OK) goto out;
    if (vt->finish) code = vt->finish(solver, err);
out:
    vt->close(solver);
    return code;
}
