/* Facility location, f(S) = sum over i of weight_i max over j in S of s_ij with s >= 0, over all pairs (pairs.h):
 * monotone and submodular, so the lazy greedy is exact. What a row knows of the picks is its similarity to the nearest;
 * negative similarities drop out by themselves, since that starts at 0. */
#include <math.h>
#include <wn/pairwise.h>
#include <winnow/threads.h>

#include "objective/facility.h"

static void facility_gain(const float *w, const double *best, const double *weight, size_t n, double lanes[WN_LANES]) {
    if (!weight) {
        wn_pair_above(w, best, n, lanes);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double more = (double)w[i] - best[i];
        lanes[i % WN_LANES] += more > 0 ? weight[i] * more : 0.0;
    }
}

static void facility_take(const float *w, double *best, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((double)w[i] > best[i]) best[i] = (double)w[i];
}

const wn_pairs_rule wn_facility_rule = {facility_gain, facility_take};

/* rbf: the row sums cost half as much as the first gains and are bounds nearly as good. They lack the row's own
 * similarity, whose f32 product lies within d 2^-24 |x|^2 of |x|^2: much, to a narrow kernel. */
static wn_code facility_free_bounds(void *f, double *bound, bool *given, wn_err *err) {
    wn_pairs *s = f;
    const wn_ground *g = s->g;
    *given = s->kernel->kind == WN_RBF && !g->weight && g->of == g->x;
    if (!*given) return WN_OK;
    wn_code code = wn_pair_rowsums(s->kernel, g->x, bound, s->progress, err);
    if (code != WN_OK) return code;
    double off = ((double)g->d + 4) * 0x1p-23 * g->sq_max;
    for (size_t i = 0; i < g->n; i++)
        bound[i] = (bound[i] + exp(s->kernel->gamma * (g->sq[i] - 1 + off)) * 1.001) * (1 + 1e-9);
    return WN_OK;
}

static size_t facility_free_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return wn_pairs_bytes(o, n, d, false);
}

static size_t facility_dense_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return wn_pairs_bytes(o, n, d, true);
}

/* The graph of nearest neighbours takes as much as the first gains over all pairs. */
double wn_facility_work(const wn_select_opts *o, double n, double d) {
    return n * n * d + 64 * (double)o->k * n;
}

static wn_code facility_free_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    return wn_pairs_open(f, g, o, &wn_facility_rule, false, err);
}

static wn_code facility_dense_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    return wn_pairs_open(f, g, o, &wn_facility_rule, true, err);
}

static double facility_term(const wn_evaluation *e, size_t i) {
    double nearest = 0;
    for (size_t c = 0; c < e->k; c++) {
        double s = wn_evaluate_pair(e, i, e->rows[c]);
        if (s > nearest) nearest = s;
    }
    return wn_ground_weight(e->g, i) * nearest;
}

wn_code wn_facility_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    return wn_evaluate_sum(e, facility_term, value, err);
}

typedef struct {
    const wn_pairs *s;
    const size_t *rows;
    size_t m;
    uint32_t *count;
} above_job;

static void facility_above_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const above_job *j = ctx;
    for (size_t r = 0; r < j->m; r++) {
        const float *w = j->s->W + j->rows[r] * j->s->width;
        for (size_t i = begin; i < end; i++) j->count[i] += (double)w[i] > j->s->state[i];
    }
}

static void facility_dense_above(void *f, const size_t *rows, size_t m, uint32_t *count) {
    wn_pairs *s = f;
    wn_parallel_for(s->n, 512, facility_above_task, &(above_job){s, rows, m, count});
}

static wn_code facility_pairs_bound(void *f, wn_finished *g, const double *gain, wn_err *err) {
    wn_pairs *s = f;
    const wn_facility at_hand = {s, wn_pairs_gains, s->W ? facility_dense_above : NULL, s->state, s->g->n * s->n};
    return wn_facility_bound(&at_hand, g, gain, err);
}

const wn_objective_vt wn_objective_facility_dense = {.traits = WN_GAINS_FALL | WN_USES_ROWS | WN_SEEKS_COVERAGE,
                                                     .bytes = facility_dense_bytes,
                                                     .work = wn_facility_work,
                                                     .open = facility_dense_open,
                                                     .gains = wn_pairs_gains,
                                                     .add = wn_pairs_add,
                                                     .bound = facility_pairs_bound,
                                                     .off = wn_facility_off,
                                                     .close = wn_pairs_close,
                                                     .evaluate = wn_facility_evaluate};
const wn_objective_vt wn_objective_facility_free = {.traits = WN_GAINS_FALL | WN_USES_ROWS | WN_SEEKS_COVERAGE,
                                                    .bytes = facility_free_bytes,
                                                    .work = wn_facility_work,
                                                    .open = facility_free_open,
                                                    .bounds = facility_free_bounds,
                                                    .gains = wn_pairs_gains,
                                                    .add = wn_pairs_add,
                                                    .bound = facility_pairs_bound,
                                                    .off = wn_facility_off,
                                                    .close = wn_pairs_close,
                                                    .evaluate = wn_facility_evaluate};
