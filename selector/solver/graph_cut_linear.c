/* Graph-cut over an inner product, without W: exact, O(nd) a pass, O(d) a gain (linear_cut.h has the formula).
 *
 * Similarities may be negative, so an old gain is no bound, and what rows have done to one another's gains since is
 * known only by computing it. That takes n d multiply-adds a pick in any case, but not one pass over the rows a pick:
 * picks are made ahead from a pool of the rows with the largest gains, as if there were no others, and then one pass
 * computes the gains of all others before every one of these picks, as one product of matrices (linear_ahead.h). The
 * picks stand up to the first to which another row would go before; that row takes its place. The more of them stand,
 * the more are made ahead the next time. */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "solver/linear_ahead.h"
#include "solver/linear_pool.h"
#include "solver/solver.h"

enum { AHEAD_LEAST = 8, CLOSE_SHARE = 4, REFER_SHARE = 3 };

typedef struct {
    wn_greedy *g;
    wn_linear_cut cut, trial; /* with the picks that were taken; with those made ahead, too */
    double *base, *along;     /* [n]; about the gain now, or a few picks ago; x.u */
    double *begin;            /* [n] the same before the picks that were made ahead */
    double *u;                /* [d] axis */
    wn_linear_codes codes;    /* empty where memory is short */
    wn_linear_pool pool;
    wn_ahead ahead;
    size_t next, batch; /* the pick that comes next; how many are made ahead */
    bool passed;        /* is there a base? */
    size_t close;       /* rows that came near a pick since codes refer to an earlier v, those of the pool too */
    bool referred;      /* just now */
} linear_solver;

static size_t bytes_with(size_t n, size_t d, bool codes) {
    return n * 3 * sizeof(double) + 6 * d * sizeof(double) + wn_ahead_bytes(d, codes) +
           wn_linear_pool_bytes(n, d, codes) + (codes ? wn_linear_codes_bytes(n, d) : 0);
}

/* Codes are for speed alone. */
static bool has_codes(const wn_select_opts *o, size_t n, size_t d) {
    return wn_linear_codes_bytes(n, d) > 0 && (!o->memory || bytes_with(n, d, true) <= o->memory);
}

static size_t linear_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return bytes_with(n, d, has_codes(o, n, d));
}

static void linear_along_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    linear_solver *s = ctx;
    const wn_ground *g = &s->g->ground;
    for (size_t i = begin; i < end; i++) s->along[i] = wn_ground_dot(wn_mat_row(g->x, i), s->u, g->d);
}

static wn_code linear_open(void **solver, wn_greedy *g, wn_err *err) {
    size_t n = g->ground.n, d = g->ground.d;
    linear_solver *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    *s = (linear_solver){.g = g, .batch = AHEAD_LEAST};
    wn_code code = wn_linear_cut_init(&s->cut, &g->ground, g->o.lambda, err);
    if (code != WN_OK) return code;
    s->trial = s->cut;
    s->trial.P = s->trial.v = NULL;
    if ((code = wn_ahead_init(&s->ahead, d, err)) != WN_OK) return code;
    if (!(s->base = wn_alloc(n, sizeof *s->base, err)) || !(s->begin = wn_alloc(n, sizeof *s->begin, err)) ||
        !(s->along = wn_alloc(n, sizeof *s->along, err)) || !(s->u = wn_alloc(d, sizeof *s->u, err)) ||
        !(s->trial.P = wn_alloc(d, sizeof *s->trial.P, err)) || !(s->trial.v = wn_alloc(d, sizeof *s->trial.v, err)))
        return WN_EMEMORY;
    wn_linear_cut_axis(&s->cut, s->u);
    wn_parallel_for(n, 512, linear_along_task, s);
    if (has_codes(&g->o, n, d) && (code = wn_linear_codes_init(&s->codes, &g->ground, s->u, s->along, err)) != WN_OK)
        return code;
    return wn_linear_pool_init(&s->pool, g, &s->codes, err);
}

static void linear_close(void *solver) {
    linear_solver *s = solver;
    if (!s) return;
    void *all[] = {s->base, s->begin, s->along, s->u, s->trial.P, s->trial.v};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
    wn_linear_pool_free(&s->pool);
    wn_linear_codes_free(&s->codes);
    wn_ahead_free(&s->ahead);
    wn_linear_cut_free(&s->cut);
    wn_free(s);
}

static wn_code linear_pass(linear_solver *s, wn_err *err) {
    const wn_ahead_rows rows = {s->g, &s->cut, s->u, s->along, s->pool.inside, &s->codes};
    s->g->out->passes++;
    s->g->out->refreshed += s->g->ground.n - s->pool.size;
    return wn_ahead_check(&s->ahead, &rows, s->base, s->begin, err);
}

/* Makes up to `most` picks from the pool on top of those taken. */
static void linear_go_ahead(linear_solver *s, size_t most) {
    wn_ahead *a = &s->ahead;
    const size_t d = s->g->ground.d;
    const double loose = wn_linear_cut_slack(&s->cut, s->g->constraint.picked + most);
    memcpy(s->trial.P, s->cut.P, d * sizeof *s->trial.P);
    memcpy(s->trial.v, s->cut.v, d * sizeof *s->trial.v);
    for (a->n = 0; a->n < most; a->n++) {
        wn_linear_pool_move(&s->pool, s->trial.v, loose, a->n == 0 ? s->begin : NULL);
        s->g->out->refreshed += s->pool.size;
        const size_t best = wn_linear_pool_best(&s->pool, s->trial.v, &a->gain[a->n]);
        if (best == s->pool.size) break;
        memcpy(a->v + a->n * d, s->trial.v, d * sizeof *a->v);
        a->id[a->n] = s->pool.ids[best];
        wn_linear_pool_take(&s->pool, best);
        wn_linear_cut_add(&s->trial, a->id[a->n]);
    }
    memcpy(a->v + a->n * d, s->trial.v, d * sizeof *a->v);
    wn_linear_pool_move(&s->pool, s->trial.v, loose, s->base); /* of rows that may not be picked in the end, too */
}

/* Where too many rows came too near the picks codes refer to v as it is now. Where that does not help they are of no
 * use: what they took is better spent on the pool. */
static wn_code keep_codes_close(linear_solver *s, wn_err *err) {
    const size_t n = s->g->ground.n, close = s->ahead.close;
    if (s->referred && CLOSE_SHARE * close > n) {
        wn_linear_codes_free(&s->codes);
        wn_linear_pool_free(&s->pool);
        return wn_linear_pool_init(&s->pool, s->g, &s->codes, err);
    }
    s->close += close + s->pool.computed;
    s->pool.computed = 0;
    s->referred = REFER_SHARE * s->close > n;
    if (!s->referred) return WN_OK;
    s->close = 0;
    s->g->out->passes++;
    wn_linear_codes_refer(&s->codes, s->cut.v);
    return WN_OK;
}

static wn_code linear_plan(linear_solver *s, wn_err *err) {
    const wn_constraint *c = &s->g->constraint;
    wn_code code = WN_OK;
    s->next = 0;
    if (!s->passed) { /* gains before the first pick */
        linear_go_ahead(s, 0);
        if ((code = linear_pass(s, err)) != WN_OK) return code;
        s->passed = true;
    }
    if (s->codes.q && (code = keep_codes_close(s, err)) != WN_OK) return code;
    wn_linear_pool_fill(&s->pool, s->base);
    const size_t left = c->k - c->picked, most = s->batch < left ? s->batch : left;
    linear_go_ahead(s, most);
    const size_t made = s->ahead.n;
    if ((code = linear_pass(s, err)) != WN_OK) return code;
    if (s->ahead.n < made) { /* rows near the picks that do not stand seem too small at the end of them */
        double *begin = s->begin;
        s->begin = s->base, s->base = begin;
    }
    s->batch = s->ahead.n < made ? 2 * s->ahead.n : 2 * s->batch;
    if (s->batch < AHEAD_LEAST) s->batch = AHEAD_LEAST;
    if (s->batch > s->ahead.most) s->batch = s->ahead.most;
    return WN_OK;
}

static wn_code linear_gain(void *solver, size_t row, double *gain, wn_err *err) {
    (void)err;
    linear_solver *s = solver;
    *gain = wn_linear_cut_gain(&s->cut, row);
    return WN_OK;
}

static wn_code linear_best(void *solver, size_t *row, double *gain, wn_err *err) {
    linear_solver *s = solver;
    const wn_ahead *a = &s->ahead;
    /* a constraint may have closed what was to come next */
    if (s->next == a->n || !wn_constraint_feasible(&s->g->constraint, a->id[s->next])) {
        const wn_code code = linear_plan(s, err);
        if (code != WN_OK) return code;
    }
    *row = a->id[s->next];
    *gain = a->gain[s->next];
    return WN_OK;
}

static wn_code linear_add(void *solver, size_t row, wn_err *err) {
    (void)err;
    linear_solver *s = solver;
    wn_linear_cut_add(&s->cut, row);
    if (s->next < s->ahead.n && s->ahead.id[s->next] == row)
        s->next++;
    else
        s->next = s->ahead.n = 0;
    return WN_OK;
}

static wn_code linear_bound(void *solver, wn_finished *g, wn_err *err) {
    (void)solver;
    return wn_certificate_of_cut(g, NULL, err);
}

const wn_solver_vt wn_solver_graph_cut_linear = {.under_limits = true,
                                                 .bytes = linear_bytes,
                                                 .open = linear_open,
                                                 .gain = linear_gain,
                                                 .best = linear_best,
                                                 .add = linear_add,
                                                 .bound = linear_bound,
                                                 .close = linear_close};
