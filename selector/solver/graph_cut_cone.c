/* Graph-cut over an inner product for rows that are a rank's share (partition/spread.c): picks of others come in
 * between, so none can be made ahead as in graph_cut_linear.c. O(nd) a pass, O(d) a gain (linear_cut.h).
 *
 * Similarities may be negative, so an old gain is no bound by itself. What holds instead: let W be the sum of the picks
 * since the last pass over all rows. The gain of x has changed by -scale x.W, and with a unit vector u, a = x.u,
 * r = |x - a u|:  x.W >= a (u.W) - r |W - (u.W) u|  (Cauchy-Schwarz off the axis). With u along T, where most rows of a
 * corpus point, that bound is close. A pool of the rows with the largest gains is computed exactly at every step; the
 * others are bounded, first all at once, then one by one; a row whose bound reaches the best gain joins the pool. Every
 * bound is widened by more than the rounding errors on both sides, so no row that could win, or tie, is passed over. */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/linear_cut.h"
#include "rank.h"
#include "solver/solver.h"

enum { POOL_MIN = 8, POOL_MAX = 2048, ROWS_A_PLACE = 32 };

typedef struct {
    wn_greedy *g;
    wn_linear_cut lin;
    double *base, *along, *off;                /* [n]; gain at the last pass, a, upper bound of r */
    size_t *order;                             /* [n] scratch */
    bool *inside;                              /* [n] in the pool */
    size_t fill, cap, size;                    /* rows after a pass, room, rows now */
    size_t *ids;                               /* [cap] */
    double *gain;                              /* [cap] */
    double *u, *P0;                            /* [d] axis; P at the last pass */
    double top, along_min, along_max, off_max; /* over the rows outside the pool at the last pass */
    size_t picked;                             /* place in the pool of the row that was named last */
    bool filled;                               /* has there been a pass? */
} cone_solver;

static size_t cone_pool_fill(size_t n) {
    size_t fill = n / ROWS_A_PLACE;
    fill = fill < POOL_MIN ? POOL_MIN : fill > POOL_MAX ? POOL_MAX : fill;
    return fill < n ? fill : n;
}

static size_t cone_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    return n * (3 * sizeof(double) + sizeof(size_t) + sizeof(bool)) + 5 * d * sizeof(double) +
           2 * cone_pool_fill(n) * (sizeof(size_t) + sizeof(double));
}

static void cone_split_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    cone_solver *s = ctx;
    const wn_ground *g = &s->g->ground;
    double loose = 64 * ((double)g->d + 16) * 0x1p-53 * g->sq_max; /* sq - a^2 cancels */
    for (size_t i = begin; i < end; i++) {
        double a = wn_ground_dot(wn_mat_row(g->x, i), s->u, g->d), rest = g->sq[i] - a * a;
        s->along[i] = a;
        s->off[i] = sqrt((rest > 0 ? rest : 0) + loose);
    }
}

static wn_code cone_open(void **solver, wn_greedy *g, wn_err *err) {
    size_t n = g->ground.n, d = g->ground.d;
    cone_solver *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    *s = (cone_solver){.g = g, .fill = cone_pool_fill(n), .cap = 2 * cone_pool_fill(n)};
    wn_code code = wn_linear_cut_init(&s->lin, &g->ground, g->o.lambda, err);
    if (code != WN_OK) return code;
    if (!(s->base = wn_alloc(n, sizeof *s->base, err)) || !(s->along = wn_alloc(n, sizeof *s->along, err)) ||
        !(s->off = wn_alloc(n, sizeof *s->off, err)) || !(s->order = wn_alloc(n, sizeof *s->order, err)) ||
        !(s->inside = wn_alloc(n, sizeof *s->inside, err)) || !(s->ids = wn_alloc(s->cap, sizeof *s->ids, err)) ||
        !(s->gain = wn_alloc(s->cap, sizeof *s->gain, err)) || !(s->u = wn_alloc(d, sizeof *s->u, err)) ||
        !(s->P0 = wn_alloc(d, sizeof *s->P0, err)))
        return WN_EMEMORY;
    wn_linear_cut_axis(&s->lin, s->u);
    wn_parallel_for(n, 512, cone_split_task, s);
    return WN_OK;
}

static void cone_close(void *solver) {
    cone_solver *s = solver;
    if (!s) return;
    void *all[] = {s->base, s->along, s->off, s->order, s->inside, s->ids, s->gain, s->u, s->P0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
    wn_linear_cut_free(&s->lin);
    wn_free(s);
}

static void cone_pass_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    cone_solver *s = ctx;
    for (size_t i = begin; i < end; i++)
        if (wn_constraint_feasible(&s->g->constraint, i)) s->base[i] = wn_linear_cut_gain(&s->lin, i);
}

static void cone_pool_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    cone_solver *s = ctx;
    for (size_t i = begin; i < end; i++) s->gain[i] = wn_linear_cut_gain(&s->lin, s->ids[i]);
}

/* Computes every gain and fills the pool with the largest. */
static void cone_full_pass(cone_solver *s) {
    const wn_ground *g = &s->g->ground;
    size_t m = 0;
    wn_parallel_for(g->n, 512, cone_pass_task, s);
    memcpy(s->P0, s->lin.P, g->d * sizeof *s->P0);
    for (size_t i = 0; i < g->n; i++) {
        s->inside[i] = false;
        if (wn_constraint_feasible(&s->g->constraint, i)) s->order[m++] = i;
    }
    s->size = m < s->fill ? m : s->fill;
    wn_rank_top(s->order, m, s->size, s->base);
    for (size_t i = 0; i < s->size; i++) {
        size_t id = s->ids[i] = s->order[i];
        s->gain[i] = s->base[id];
        s->inside[id] = true;
    }
    s->top = s->along_max = -INFINITY;
    s->along_min = INFINITY;
    s->off_max = 0;
    for (size_t i = s->size; i < m; i++) {
        size_t id = s->order[i];
        s->top = fmax(s->top, s->base[id]);
        s->along_min = fmin(s->along_min, s->along[id]);
        s->along_max = fmax(s->along_max, s->along[id]);
        s->off_max = fmax(s->off_max, s->off[id]);
    }
    s->g->out->passes++;
    s->g->out->refreshed += m;
}

/* The picks since the last pass, split along the axis; *slack = what rounding may have done to a gain and its bound. */
static void cone_since_pass(const cone_solver *s, double *axial, double *across, double *slack) {
    size_t d = s->g->ground.d;
    double a = 0, sq = 0;
    for (size_t c = 0; c < d; c++) a += (s->lin.P[c] - s->P0[c]) * s->u[c];
    for (size_t c = 0; c < d; c++) {
        double w = s->lin.P[c] - s->P0[c] - a * s->u[c];
        sq += w * w;
    }
    *axial = a;
    *across = sqrt(sq);
    *slack = wn_linear_cut_slack(&s->lin, s->g->constraint.picked);
}

static size_t cone_pool_best(const cone_solver *s) {
    size_t best = s->size;
    for (size_t i = 0; i < s->size; i++)
        if (best == s->size || wn_rank_before(s->gain[i], s->ids[i], s->gain[best], s->ids[best])) best = i;
    return best;
}

/* Lets every outside row in whose bound reaches `floor`. False when the pool has no room for them. */
static bool cone_admit(cone_solver *s, double floor) {
    double axial, across, slack;
    cone_since_pass(s, &axial, &across, &slack);
    double scale = s->lin.scale;
    double least = fmin(s->along_min * axial, s->along_max * axial) - s->off_max * across;
    if (s->top == -INFINITY || s->top - scale * least + slack < floor) return true;
    for (size_t i = 0; i < s->g->ground.n; i++) {
        double bound = s->base[i] - scale * (s->along[i] * axial - s->off[i] * across) + slack;
        if (bound < floor || s->inside[i] || !wn_constraint_feasible(&s->g->constraint, i)) continue;
        if (s->size == s->cap) return false;
        s->inside[i] = true;
        s->gain[s->size] = wn_linear_cut_gain(&s->lin, i);
        s->ids[s->size++] = i;
        s->g->out->refreshed++;
    }
    return true;
}

static wn_code cone_gain(void *solver, size_t row, double *gain, wn_err *err) {
    (void)err;
    cone_solver *s = solver;
    *gain = wn_linear_cut_gain(&s->lin, row);
    return WN_OK;
}

static wn_code cone_best(void *solver, size_t *row, double *gain, wn_err *err) {
    (void)err;
    cone_solver *s = solver;
    if (!s->filled) cone_full_pass(s);
    s->filled = true;
    size_t best = cone_pool_best(s);
    if (best == s->size || !cone_admit(s, s->gain[best])) cone_full_pass(s);
    s->picked = cone_pool_best(s);
    *row = s->ids[s->picked];
    *gain = s->gain[s->picked];
    return WN_OK;
}

static wn_code cone_add(void *solver, size_t row, wn_err *err) {
    (void)err;
    cone_solver *s = solver;
    wn_linear_cut_add(&s->lin, row);
    if (!s->filled) return WN_OK;
    s->ids[s->picked] = s->ids[--s->size];
    wn_parallel_for(s->size, 256, cone_pool_task, s);
    s->g->out->refreshed += s->size;
    return WN_OK;
}

static wn_code cone_take(void *solver, const float *x, wn_err *err) {
    (void)err;
    cone_solver *s = solver;
    wn_linear_cut_take(&s->lin, x);
    if (!s->filled) return WN_OK;
    wn_parallel_for(s->size, 256, cone_pool_task, s);
    s->g->out->refreshed += s->size;
    return WN_OK;
}

static wn_code cone_bound(void *solver, wn_finished *g, wn_err *err) {
    (void)solver;
    return wn_certificate_of_cut(g, NULL, err);
}

const wn_solver_vt wn_solver_graph_cut_cone = {.bytes = cone_bytes,
                                               .open = cone_open,
                                               .gain = cone_gain,
                                               .best = cone_best,
                                               .add = cone_add,
                                               .take = cone_take,
                                               .bound = cone_bound,
                                               .close = cone_close};
