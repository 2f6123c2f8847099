/* Graph-cut over a materialised W: row sums, then one vector update a pick (Downie, eqs. 15-17). */
#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/linear_cut.h"
#include "objective/matrix.h"
#include "solver/solver.h"

typedef struct {
    wn_greedy *g;
    float *W;      /* [n, n] */
    double *gain;  /* [n] rbf: the gains. Cosine and dot: the same in f32 products, near enough to narrow the field */
    double *T, *C; /* [n] rbf */
    wn_linear_cut linear; /* cosine and dot */
    double scale;
} dense_solver;

static size_t dense_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    return wn_matrix_bytes(n, n, 4 * n * sizeof(double) + 3 * d * sizeof(double));
}

/* Row sums of W without the diagonal, eq. 17; from the formula where W does not have the terms that count. */
static void dense_first_gains(dense_solver *s) {
    const wn_ground *g = &s->g->ground;
    for (size_t i = 0; i < g->n; i++) {
        double sum = 0;
        for (size_t j = 0; j < g->n; j++) sum += j == i ? 0.0 : (double)s->W[i * g->n + j];
        s->gain[i] = g->sums || g->weight ? wn_linear_cut_gain(&s->linear, i) : sum;
    }
}

static wn_code dense_open(void **solver, wn_greedy *g, wn_err *err) {
    size_t n = g->ground.n;
    dense_solver *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    *s = (dense_solver){.g = g, .scale = 2 + g->o.lambda};
    wn_code code = wn_matrix_fill(&g->ground, &g->o.kernel, g->o.progress, &s->W, err);
    if (code != WN_OK) return code;
    if (!(s->gain = wn_alloc(n, sizeof *s->gain, err))) return WN_EMEMORY;
    if (g->o.kernel.kind != WN_RBF) {
        if ((code = wn_linear_cut_init(&s->linear, &g->ground, g->o.lambda, err)) != WN_OK) return code;
        dense_first_gains(s);
        return WN_OK;
    }
    if (!(s->T = wn_alloc(n, sizeof *s->T, err))) return WN_EMEMORY;
    if (!(s->C = wn_alloc(n, sizeof *s->C, err))) return WN_EMEMORY;
    if ((code = wn_ground_rbf_sums(&g->ground, &g->o.kernel, g->o.progress, s->T, err)) != WN_OK) return code;
    for (size_t i = 0; i < n; i++) s->gain[i] = s->T[i];
    return WN_OK;
}

static wn_code dense_gain(void *solver, size_t row, double *gain, wn_err *err) {
    (void)err;
    dense_solver *s = solver;
    *gain = s->T ? s->gain[row] : wn_linear_cut_gain(&s->linear, row);
    return WN_OK;
}

/* How far a gain built from f32 products may lie from the one in double: each product of d terms is off by at most
 * d 2^-24 |x||y| (whatever the order of its sum), there are n + scale t of them, and the double sums add their own. */
static double dense_gain_error(const dense_solver *s) {
    const wn_ground *g = &s->g->ground;
    size_t picks = s->g->constraint.picked;
    double n = (double)g->n, d = (double)g->d + 4, products = n + s->scale * (double)(picks + 1);
    double each = d * (0x1p-24 * 1.01 * g->sq_max + 0x1p-126) + (2 * n + d) * 0x1p-52 * g->sq_max;
    return 2 * products * each + wn_linear_cut_slack(&s->linear, picks);
}

static size_t dense_best_rbf(const dense_solver *s) {
    size_t n = s->g->ground.n, best = n;
    for (size_t i = 0; i < n; i++)
        if (wn_constraint_feasible(&s->g->constraint, i) && (best == n || s->gain[i] > s->gain[best])) best = i;
    return best;
}

/* The vector update of eq. 16 in f32 narrows the field, the formula of linear_cut.h decides. */
static size_t dense_best_linear(const dense_solver *s, double *gain) {
    const wn_constraint *c = &s->g->constraint;
    size_t n = s->g->ground.n, best = n;
    double top = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (wn_constraint_feasible(c, i) && s->gain[i] > top) top = s->gain[i];
    double floor = top - 2 * dense_gain_error(s);
    for (size_t i = 0; i < n; i++) {
        if (!wn_constraint_feasible(c, i) || s->gain[i] < floor) continue;
        double exact = wn_linear_cut_gain(&s->linear, i);
        if (best == n || exact > *gain) best = i, *gain = exact;
    }
    return best;
}

static wn_code dense_best(void *solver, size_t *row, double *gain, wn_err *err) {
    (void)err;
    dense_solver *s = solver;
    if (s->T) {
        *row = dense_best_rbf(s);
        *gain = s->gain[*row];
    } else {
        *row = dense_best_linear(s, gain);
    }
    return WN_OK;
}

/* rbf: gain = T - scale C, C added up pick by pick: the very numbers of the matrix-free solver. */
static wn_code dense_add(void *solver, size_t row, wn_err *err) {
    (void)err;
    dense_solver *s = solver;
    size_t n = s->g->ground.n;
    const float *w = s->W + row * n;
    if (s->T) {
        for (size_t i = 0; i < n; i++) {
            s->C[i] += (double)w[i];
            s->gain[i] = s->T[i] - s->scale * s->C[i];
        }
    } else {
        wn_linear_cut_add(&s->linear, row);
        for (size_t i = 0; i < n; i++) s->gain[i] -= s->scale * (double)w[i];
    }
    return WN_OK;
}

static void dense_close(void *solver) {
    dense_solver *s = solver;
    if (!s) return;
    wn_linear_cut_free(&s->linear);
    wn_free(s->T);
    wn_free(s->C);
    wn_free(s->gain);
    wn_free(s->W);
    wn_free(s);
}

static wn_code dense_bound(void *solver, wn_finished *g, wn_err *err) {
    return wn_certificate_of_cut(g, ((dense_solver *)solver)->T, err);
}

const wn_solver_vt wn_solver_graph_cut_dense = {.under_limits = true,
                                                .bytes = dense_bytes,
                                                .open = dense_open,
                                                .gain = dense_gain,
                                                .best = dense_best,
                                                .add = dense_add,
                                                .bound = dense_bound,
                                                .close = dense_close};
