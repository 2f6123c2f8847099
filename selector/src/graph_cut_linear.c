/* Graph-cut over an inner product, without W: exact, O(nd) a pass, O(d) a gain (linear.h has the formula).
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

#include "linear.h"

enum { POOL_MIN = 8, POOL_MAX = 2048, ROWS_A_PLACE = 32 };

typedef struct {
    wn_run *r;
    wn_linear lin;
    double *base, *along, *off;                /* [n]; gain at the last pass, a, upper bound of r */
    size_t *order;                             /* [n] scratch */
    bool *inside;                              /* [n] in the pool */
    size_t fill, cap, size;                    /* rows after a pass, room, rows now */
    size_t *ids;                               /* [cap] */
    double *gain;                              /* [cap] */
    double *u, *P0;                            /* [d] axis; P at the last pass */
    double top, along_min, along_max, off_max; /* over the rows outside the pool at the last pass */
    double T_norm;
} state;

static size_t pool_fill(size_t n) {
    size_t fill = n / ROWS_A_PLACE;
    fill = fill < POOL_MIN ? POOL_MIN : fill > POOL_MAX ? POOL_MAX : fill;
    return fill < n ? fill : n;
}

size_t wn_graph_cut_linear_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    return n * (3 * sizeof(double) + sizeof(size_t) + sizeof(bool)) + 5 * d * sizeof(double) +
           2 * pool_fill(n) * (sizeof(size_t) + sizeof(double));
}

static void cone_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    state *s = ctx;
    const wn_run *r = s->r;
    double loose = 64 * ((double)r->d + 16) * 0x1p-53 * r->sq_max; /* sq - a^2 cancels */
    for (size_t i = begin; i < end; i++) {
        double a = wn_dot(wn_mat_row(r->x, i), s->u, r->d), rest = r->sq[i] - a * a;
        s->along[i] = a;
        s->off[i] = sqrt((rest > 0 ? rest : 0) + loose);
    }
}

static wn_code init(state *s, wn_run *r, wn_err *err) {
    size_t n = r->n;
    *s = (state){.r = r, .fill = pool_fill(n), .cap = 2 * pool_fill(n)};
    wn_code code = wn_linear_init(&s->lin, r, err);
    if (code != WN_OK) return code;
    if (!(s->base = wn_alloc(n, sizeof *s->base, err)) || !(s->along = wn_alloc(n, sizeof *s->along, err)) ||
        !(s->off = wn_alloc(n, sizeof *s->off, err)) || !(s->order = wn_alloc(n, sizeof *s->order, err)) ||
        !(s->inside = wn_alloc(n, sizeof *s->inside, err)) || !(s->ids = wn_alloc(s->cap, sizeof *s->ids, err)) ||
        !(s->gain = wn_alloc(s->cap, sizeof *s->gain, err)) || !(s->u = wn_alloc(r->d, sizeof *s->u, err)) ||
        !(s->P0 = wn_alloc(r->d, sizeof *s->P0, err)))
        return WN_EMEMORY;
    double sq = 0;
    for (size_t c = 0; c < r->d; c++) sq += s->lin.T[c] * s->lin.T[c];
    s->T_norm = sqrt(sq);
    for (size_t c = 0; c < r->d; c++) s->u[c] = s->T_norm > 0 ? s->lin.T[c] / s->T_norm : 0;
    wn_parallel_for(n, 512, cone_task, s);
    return WN_OK;
}

static void fini(state *s) {
    void *all[] = {s->base, s->along, s->off, s->order, s->inside, s->ids, s->gain, s->u, s->P0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
    wn_linear_free(&s->lin);
}

static void pass_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    state *s = ctx;
    for (size_t i = begin; i < end; i++)
        if (!s->r->taken[i]) s->base[i] = wn_linear_gain(&s->lin, i);
}

static void pool_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    state *s = ctx;
    for (size_t i = begin; i < end; i++) s->gain[i] = wn_linear_gain(&s->lin, s->ids[i]);
}

/* Computes every gain and fills the pool with the largest. */
static void full_pass(state *s) {
    wn_run *r = s->r;
    size_t m = 0;
    wn_parallel_for(r->n, 512, pass_task, s);
    memcpy(s->P0, s->lin.P, r->d * sizeof *s->P0);
    for (size_t i = 0; i < r->n; i++) {
        s->inside[i] = false;
        if (!r->taken[i]) s->order[m++] = i;
    }
    s->size = m < s->fill ? m : s->fill;
    wn_top(s->order, m, s->size, s->base);
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
    r->out->passes++;
    r->out->refreshed += m;
}

/* The picks since the last pass, split along the axis; *slack = what rounding may have done to a gain and its bound. */
static void since_pass(const state *s, double *axial, double *across, double *slack) {
    const wn_run *r = s->r;
    double a = 0, sq = 0;
    for (size_t c = 0; c < r->d; c++) a += (s->lin.P[c] - s->P0[c]) * s->u[c];
    for (size_t c = 0; c < r->d; c++) {
        double w = s->lin.P[c] - s->P0[c] - a * s->u[c];
        sq += w * w;
    }
    double x = sqrt(r->sq_max), reach = s->T_norm + x * (1 + 4 * r->scale * (double)(r->t + 1));
    *axial = a;
    *across = sqrt(sq);
    *slack = 64 * ((double)r->d + 16) * 0x1p-53 * x * reach;
}

static size_t pool_best(const state *s) {
    size_t best = s->size;
    for (size_t i = 0; i < s->size; i++)
        if (best == s->size || wn_before(s->gain[i], s->ids[i], s->gain[best], s->ids[best])) best = i;
    return best;
}

/* Lets every outside row in whose bound reaches `floor`. False when the pool has no room for them. */
static bool admit(state *s, double floor) {
    double axial, across, slack;
    since_pass(s, &axial, &across, &slack);
    const wn_run *r = s->r;
    double least = fmin(s->along_min * axial, s->along_max * axial) - s->off_max * across;
    if (s->top == -INFINITY || s->top - r->scale * least + slack < floor) return true;
    for (size_t i = 0; i < r->n; i++) {
        double bound = s->base[i] - r->scale * (s->along[i] * axial - s->off[i] * across) + slack;
        if (bound < floor || s->inside[i] || r->taken[i]) continue;
        if (s->size == s->cap) return false;
        s->inside[i] = true;
        s->gain[s->size] = wn_linear_gain(&s->lin, i);
        s->ids[s->size++] = i;
        s->r->out->refreshed++;
    }
    return true;
}

static void take(state *s, size_t id, double gain) {
    wn_run_take(s->r, id, gain);
    wn_linear_pick(&s->lin, id);
}

wn_code wn_graph_cut_linear(wn_run *r, wn_err *err) {
    state s;
    wn_code code = init(&s, r, err);
    while (wn_run_forced(r) && code == WN_OK) {
        size_t id = r->o->keep[r->t];
        take(&s, id, wn_linear_gain(&s.lin, id));
        code = wn_run_tick(r, err);
    }
    if (code == WN_OK && r->t < r->o->k) full_pass(&s);
    while (r->t < r->o->k && code == WN_OK) {
        size_t best = pool_best(&s);
        if (best == s.size || !admit(&s, s.gain[best])) full_pass(&s);
        best = pool_best(&s);
        take(&s, s.ids[best], s.gain[best]);
        s.ids[best] = s.ids[--s.size];
        wn_parallel_for(s.size, 256, pool_task, &s);
        r->out->refreshed += s.size;
        code = wn_run_tick(r, err);
    }
    fini(&s);
    return code;
}
