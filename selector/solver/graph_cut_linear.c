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
#include <wn/paged.h>

#include "rank.h"
#include "solver/linear_ahead.h"
#include "solver/solver.h"

/* The least pool is small, so that ten rows go through all of this as a million do. */
enum { POOL_MIN = 4, POOL_MAX = 8192, ROWS_A_PLACE = 16, AHEAD_LEAST = 8, LOOK = 16 };

typedef struct {
    wn_greedy *g;
    wn_linear_cut cut, trial; /* with the picks that were taken; with those made ahead, too */
    double *base, *along;     /* [n]; about the gain now, or a few picks ago; x.u */
    double *begin;            /* [n] the same before the picks that were made ahead */
    size_t *order;            /* [n] scratch */
    bool *inside;             /* [n] in the pool */
    size_t cap, size;         /* rows that the pool has room for, and has */
    size_t stride;
    size_t *ids;  /* [cap] */
    double *gain; /* [cap] -INFINITY: picked ahead */
    float *rows;  /* [cap, stride] */
    double *u;    /* [d] axis */
    wn_ahead ahead;
    size_t next, batch; /* the pick that comes next; how many are made ahead */
    bool passed;        /* is there a base? */
} linear_solver;

static size_t linear_pool_cap(size_t n) {
    size_t cap = n / ROWS_A_PLACE;
    cap = cap < POOL_MIN ? POOL_MIN : cap > POOL_MAX ? POOL_MAX : cap;
    return cap < n ? cap : n;
}

static size_t linear_stride(size_t d) {
    return (d + 15) / 16 * 16;
}

static size_t linear_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    return n * (3 * sizeof(double) + sizeof(size_t) + sizeof(bool)) + 6 * d * sizeof(double) + wn_ahead_bytes(d) +
           linear_pool_cap(n) * (sizeof(size_t) + sizeof(double) + linear_stride(d) * sizeof(float));
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
    *s = (linear_solver){.g = g, .cap = linear_pool_cap(n), .stride = linear_stride(d), .batch = AHEAD_LEAST};
    wn_code code = wn_linear_cut_init(&s->cut, &g->ground, g->o.lambda, err);
    if (code != WN_OK) return code;
    s->trial = s->cut;
    s->trial.P = s->trial.v = NULL;
    if ((code = wn_ahead_init(&s->ahead, d, err)) != WN_OK) return code;
    if (!(s->base = wn_alloc(n, sizeof *s->base, err)) || !(s->begin = wn_alloc(n, sizeof *s->begin, err)) ||
        !(s->along = wn_alloc(n, sizeof *s->along, err)) || !(s->order = wn_alloc(n, sizeof *s->order, err)) ||
        !(s->inside = wn_alloc(n, sizeof *s->inside, err)) || !(s->ids = wn_alloc(s->cap, sizeof *s->ids, err)) ||
        !(s->gain = wn_alloc(s->cap, sizeof *s->gain, err)) ||
        !(s->rows = wn_alloc(s->cap, s->stride * sizeof *s->rows, err)) || !(s->u = wn_alloc(d, sizeof *s->u, err)) ||
        !(s->trial.P = wn_alloc(d, sizeof *s->trial.P, err)) || !(s->trial.v = wn_alloc(d, sizeof *s->trial.v, err)))
        return WN_EMEMORY;
    for (size_t c = 0; c < d; c++) s->u[c] = s->cut.T_norm > 0 ? s->cut.T[c] / s->cut.T_norm : 0;
    wn_parallel_for(n, 512, linear_along_task, s);
    return WN_OK;
}

static void linear_close(void *solver) {
    linear_solver *s = solver;
    if (!s) return;
    void *all[] = {s->base, s->begin, s->along, s->order,   s->inside, s->ids,
                   s->gain, s->rows,  s->u,     s->trial.P, s->trial.v};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
    wn_ahead_free(&s->ahead);
    wn_linear_cut_free(&s->cut);
    wn_free(s);
}

static wn_code linear_pass(linear_solver *s, wn_err *err) {
    const wn_ahead_rows rows = {s->g, &s->cut, s->u, s->along, s->inside};
    s->g->out->passes++;
    s->g->out->refreshed += s->g->ground.n - s->size;
    return wn_ahead_check(&s->ahead, &rows, s->base, s->begin, err);
}

/* The feasible rows of largest base. */
static void linear_fill_pool(linear_solver *s) {
    const wn_ground *g = &s->g->ground;
    size_t m = 0;
    for (size_t i = 0; i < g->n; i++) {
        s->inside[i] = false;
        if (wn_constraint_feasible(&s->g->constraint, i)) s->order[m++] = i;
    }
    s->size = m < s->cap ? m : s->cap;
    wn_rank_top(s->order, m, s->size, s->base);
    for (size_t i = 0; i < s->size; i++) {
        const size_t id = s->ids[i] = s->order[i];
        s->gain[i] = 0;
        s->inside[id] = true;
        if (i % LOOK == 0) wn_paged_look(); /* they stand anywhere */
        memcpy(s->rows + i * s->stride, wn_mat_row(g->x, id), g->d * sizeof *s->rows);
    }
}

static void linear_pool_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    linear_solver *s = ctx;
    const wn_ground *g = &s->g->ground;
    for (size_t i = begin; i < end; i++) {
        const double gain = wn_ground_dot(s->rows + i * s->stride, s->trial.v, g->d) - g->sq[s->ids[i]];
        s->base[s->ids[i]] = gain;
        if (s->ahead.n == 0) s->begin[s->ids[i]] = gain;
        if (s->gain[i] > -INFINITY) s->gain[i] = gain;
    }
}

/* Of the pool, whose gains are -INFINITY where a row is gone; s->size: none is left. */
static size_t linear_pool_best(const linear_solver *s) {
    size_t best = s->size;
    for (size_t i = 0; i < s->size; i++)
        if (s->gain[i] > -INFINITY &&
            (best == s->size || wn_rank_before(s->gain[i], s->ids[i], s->gain[best], s->ids[best])))
            best = i;
    return best;
}

/* Makes up to `most` picks from the pool on top of those taken. */
static void linear_go_ahead(linear_solver *s, size_t most) {
    wn_ahead *a = &s->ahead;
    const size_t d = s->g->ground.d;
    memcpy(s->trial.P, s->cut.P, d * sizeof *s->trial.P);
    memcpy(s->trial.v, s->cut.v, d * sizeof *s->trial.v);
    for (a->n = 0; a->n < most; a->n++) {
        wn_parallel_for(s->size, 256, linear_pool_task, s);
        s->g->out->refreshed += s->size;
        const size_t best = linear_pool_best(s);
        if (best == s->size) break;
        memcpy(a->v + a->n * d, s->trial.v, d * sizeof *a->v);
        a->id[a->n] = s->ids[best];
        a->gain[a->n] = s->gain[best];
        s->gain[best] = -INFINITY;
        wn_linear_cut_add(&s->trial, s->ids[best]);
    }
    memcpy(a->v + a->n * d, s->trial.v, d * sizeof *a->v);
    wn_parallel_for(s->size, 256, linear_pool_task, s); /* base, of rows that may not be picked in the end, too */
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
    linear_fill_pool(s);
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
