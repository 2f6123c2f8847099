/* Graph-cut over given similarities, as graph_cut.c has it over vectors. They may be of any sign, so gains may rise,
 * and lazy will not do: O(n) a pick, once O(n^2) for the sums. */
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "given.h"
#include "objective/evaluate.h"
#include "objective/graph_cut.h"
#include "objective/objective.h"

enum { ROWS = 64 };

typedef struct {
    const wn_ground *g;
    double scale;  /* 2 + lambda */
    double *T, *C; /* [n] */
} given_cut;

static size_t given_cut_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    (void)d;
    return 2 * n * sizeof(double);
}

static double given_cut_work(const wn_select_opts *o, double n, double d) {
    (void)d;
    return n * n + 2 * (double)o->k * n;
}

static void given_sums_task(void *ctx, size_t begin, size_t end, int worker) {
    const given_cut *s = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float *w = wn_mat_row(s->g->x, i);
        double lanes[WN_LANES] = {0};
        for (size_t j = 0; j < s->g->n; j++)
            lanes[j % WN_LANES] += (wn_ground_weight(s->g, j) - (j == i ? 1 : 0)) * (double)w[j];
        s->T[i] = wn_lanes_sum(lanes);
    }
}

static wn_code given_cut_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    given_cut *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    *s = (given_cut){.g = g, .scale = 2 + o->lambda};
    if (!(s->T = wn_alloc(g->n, sizeof *s->T, err))) return WN_EMEMORY;
    if (!(s->C = wn_alloc(g->n, sizeof *s->C, err))) return WN_EMEMORY;
    wn_parallel_for(g->n, ROWS, given_sums_task, s);
    return WN_OK;
}

static wn_code given_cut_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    const given_cut *s = f;
    (void)err;
    for (size_t i = 0; i < m; i++) out[i] = s->T[rows[i]] - s->scale * s->C[rows[i]];
    return WN_OK;
}

static wn_code given_cut_add(void *f, size_t row, wn_err *err) {
    const given_cut *s = f;
    const float *w = wn_mat_row(s->g->x, row);
    (void)err;
    for (size_t i = 0; i < s->g->n; i++) s->C[i] += (double)w[i];
    return WN_OK;
}

static void given_cut_close(void *f) {
    given_cut *s = f;
    if (!s) return;
    wn_free(s->T);
    wn_free(s->C);
    wn_free(s);
}

const wn_objective_vt wn_objective_given_cut = {.traits = WN_USES_LAMBDA | WN_USES_ROWS | WN_SEEKS_COVERAGE,
                                                .bytes = given_cut_bytes,
                                                .work = given_cut_work,
                                                .open = given_cut_open,
                                                .gains = given_cut_gains,
                                                .add = given_cut_add,
                                                .close = given_cut_close,
                                                .evaluate = wn_graph_cut_evaluate};
