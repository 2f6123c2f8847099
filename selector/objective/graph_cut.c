/* Graph-cut: f(S) = sum over i of (weight_i - [i in S]) times the sum over j in S of w_ij, less lambda times the sum
 * over pairs of S; with weights of 1 that is the cut between S and the rest. gain(x|S) = T_x - (2 + lambda) C_x, T_x =
 * sum over j of weight_j w_xj less one w_xx, C_x = sum over S of w_xj (Downie, eqs. 9, 15-17).
 *
 * Plain and short: T from the ground set, C brought up to date for every row after every pick, O(nd). The solvers for
 * graph-cut (selector/solver) are faster and give the same bits. */
#include <math.h>
#include <wn/failure.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/graph_cut.h"
#include "objective/linear_cut.h"
#include "objective/objective.h"

enum { ROWS = 512 };

typedef struct {
    const wn_ground *g;
    const wn_kernel *kernel;
    double scale;         /* 2 + lambda */
    wn_linear_cut linear; /* cosine, dot */
    double *T, *C;        /* [n] rbf */
    size_t pick;
    wn_failure failure;
} graph_cut;

static size_t graph_cut_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return o->kernel.kind == WN_RBF ? 2 * n * sizeof(double) : 3 * d * sizeof(double);
}

static double graph_cut_work(const wn_select_opts *o, double n, double d) {
    const double k = (double)o->k;
    if (o->kernel.kind != WN_RBF) return n * d * (k + 2);
    const bool estimated = o->sum_rows && (double)o->sum_rows < n;
    /* without the solver every pick meets all rows, one column at a time */
    const bool plain = o->objective != WN_GRAPH_CUT || o->value || o->maximizer != WN_MAXIMIZER_AUTO;
    return (estimated ? n * ((double)o->sum_rows + k) * d : n * n * d / 2) + (plain ? 1250 + 28 * d : 16) * k * n;
}

static wn_code graph_cut_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    graph_cut *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    *s = (graph_cut){.g = g, .kernel = &o->kernel, .scale = 2 + o->lambda, .failure = WN_FAILURE_INIT};
    if (o->kernel.kind != WN_RBF) return wn_linear_cut_init(&s->linear, g, o->lambda, err);
    if (!(s->T = wn_alloc(g->n, sizeof *s->T, err))) return WN_EMEMORY;
    if (!(s->C = wn_alloc(g->n, sizeof *s->C, err))) return WN_EMEMORY;
    return wn_ground_rbf_sums(g, s->kernel, o->progress, s->T, err);
}

static wn_code graph_cut_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    (void)err;
    const graph_cut *s = f;
    for (size_t i = 0; i < m; i++)
        out[i] = s->T ? s->T[rows[i]] - s->scale * s->C[rows[i]] : wn_linear_cut_gain(&s->linear, rows[i]);
    return WN_OK;
}

static void graph_cut_add_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    graph_cut *s = ctx;
    const wn_mat *x = s->g->x;
    float w[ROWS];
    wn_err err = {0};
    if (wn_pair_tile(s->kernel, (wn_row_block){wn_mat_row(x, begin), x->stride, end - begin},
                     (wn_row_block){wn_mat_row(x, s->pick), x->stride, 1}, x->cols, w, 1, &err) != WN_OK) {
        wn_failure_note(&s->failure, &err);
        return;
    }
    for (size_t i = begin; i < end; i++) s->C[i] += (double)w[i - begin];
}

static wn_code graph_cut_add(void *f, size_t row, wn_err *err) {
    graph_cut *s = f;
    if (!s->T) {
        wn_linear_cut_add(&s->linear, row);
        return WN_OK;
    }
    s->pick = row;
    wn_parallel_for(s->g->n, ROWS, graph_cut_add_task, s);
    return wn_failure_take(&s->failure, err);
}

static wn_code graph_cut_bound(void *f, wn_finished *g, const double *gain, wn_err *err) {
    (void)gain;
    return wn_certificate_of_cut(g, ((graph_cut *)f)->T, err);
}

static void graph_cut_close(void *f) {
    graph_cut *s = f;
    if (!s) return;
    wn_linear_cut_free(&s->linear);
    wn_free(s->T);
    wn_free(s->C);
    wn_free(s);
}

/* What row i adds over x alone. Within S every pair is met twice, hence lambda / 2. */
static double graph_cut_term(const wn_evaluation *e, size_t i) {
    double sum = 0, self = 0, weight = wn_ground_weight(e->g, i);
    for (size_t c = 0; c < e->k; c++) {
        double s = wn_evaluate_pair(e, i, e->rows[c]);
        if (e->rows[c] == i)
            self = s;
        else
            sum += s;
    }
    return e->chosen[i] ? (weight - 1) * (sum + self) - 0.5 * e->o->lambda * sum : weight * sum;
}

/* The same where the sums come from outside: f(S) = sum over S of T_x - (2 + lambda) times the pairs of S. */
static double graph_cut_term_of_sums(const wn_evaluation *e, size_t i) {
    double pairs = 0, T = 0;
    if (!e->chosen[i]) return 0;
    for (size_t c = 0; c < e->k; c++)
        if (e->rows[c] != i) pairs += wn_evaluate_pair(e, i, e->rows[c]);
    if (e->o->kernel.kind == WN_RBF)
        T = e->g->sums[i];
    else
        for (size_t c = 0; c < e->g->d; c++) {
            double x = (double)wn_mat_row(e->g->x, i)[c];
            T += x * (e->g->sums[c] - x);
        }
    return T - 0.5 * (2 + e->o->lambda) * pairs;
}

wn_code wn_graph_cut_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    return wn_evaluate_sum(e, e->g->sums ? graph_cut_term_of_sums : graph_cut_term, value, err);
}

const wn_objective_vt wn_objective_graph_cut = {.traits = WN_GAINS_FALL_NONNEGATIVE | WN_USES_LAMBDA | WN_USES_ROWS |
                                                          WN_SEEKS_COVERAGE,
                                                .bytes = graph_cut_bytes,
                                                .work = graph_cut_work,
                                                .open = graph_cut_open,
                                                .gains = graph_cut_gains,
                                                .add = graph_cut_add,
                                                .bound = graph_cut_bound,
                                                .close = graph_cut_close,
                                                .evaluate = wn_graph_cut_evaluate};
