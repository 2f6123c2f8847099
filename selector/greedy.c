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
    if (vt->finish) code = vt->finish(solver, err);
out:
    vt->close(solver);
    return code;
}

static inline void swap_ids(size_t *a, size_t *b) {
    size_t t = *a;
    *a = *b;
    *b = t;
}

/* Of three ids the one that goes between the others. */
static size_t middle_id(size_t a, size_t b, size_t c, const double *key) {
    bool ab = wn_greedy_before(key[a], a, key[b], b), bc = wn_greedy_before(key[b], b, key[c], c),
         ac = wn_greedy_before(key[a], a, key[c], c);
    return ab == bc ? b : ab == ac ? c : a;
}

void wn_greedy_top(size_t *ids, size_t n, size_t b, const double *key) {
    size_t lo = 0, hi = n;
    while (hi - lo > 1 && b > lo && b < hi) { /* everything before lo belongs to the top, nothing from hi on does */
        size_t pivot = middle_id(ids[lo], ids[lo + (hi - lo) / 2], ids[hi - 1], key), i = lo, end = hi;
        while (i < end) { /* ids are distinct, so the pivot alone is on neither side */
            if (wn_greedy_before(key[ids[i]], ids[i], key[pivot], pivot))
                i++;
            else
                swap_ids(&ids[i], &ids[--end]);
        }
        for (size_t j = i; j < hi; j++)
            if (ids[j] == pivot) swap_ids(&ids[j], &ids[i]);
        if (b <= i)
            hi = i;
        else
            lo = i + 1;
    }
}
