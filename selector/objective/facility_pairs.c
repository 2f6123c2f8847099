/* Facility location, f(S) = sum over i of weight_i max over j in S of s_ij with s >= 0: monotone and submodular, so the
 * lazy greedy is exact. Over a materialised W, or with rows of W computed again when needed (O(n d) a refreshed gain).
 *
 * Both add weight_i max(s_xi - best_i, 0) over i into eight lanes by i mod 8, so they agree to the last bit; each term
 * falls as best rises and rounding is monotone, so a gain computed earlier is an upper bound in floating point too.
 * Negative similarities drop out by themselves: best starts at 0.
 *
 * n rows are to be represented, mostly those of x. */
#include <math.h>
#include <string.h>
#include <wn/failure.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/facility.h"
#include "objective/matrix.h"

enum { LANES = 8, ROWS = 32, COLUMNS = 512 };

typedef struct {
    const wn_ground *g;
    size_t n; /* rows to be represented */
    const wn_kernel *kernel;
    wn_progress *progress;
    float *W;    /* [n, n]; NULL: matrix-free */
    float *best; /* [n] similarity to the nearest pick, at least 0 */
    size_t stride;
    float *scratch; /* [threads] of rows [ROWS, stride] and tile [ROWS, COLUMNS] */
    size_t scratch_size;
    const size_t *ids; /* the batch at hand */
    double *out;
    const float *pick; /* the row just taken */
    wn_failure failure;
} facility_pairs;

/* Columns [begin, begin + n) of one row's similarities w, into lane i mod LANES. `begin` is a multiple of LANES. */
static void facility_add_gain(const facility_pairs *s, const float *w, size_t begin, size_t n, double lanes[LANES]) {
    const float *best = s->best + begin;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            double more = (double)w[i + l] - (double)best[i + l];
            lanes[l] += more > 0 ? more : 0.0;
        }
    for (size_t l = 0; i < n; i++, l++) {
        double more = (double)w[i] - (double)best[i];
        lanes[l] += more > 0 ? more : 0.0;
    }
}

static void facility_add_weighted(const facility_pairs *s, const float *w, size_t begin, size_t n,
                                  double lanes[LANES]) {
    const float *best = s->best + begin;
    const double *weight = s->g->weight + begin;
    for (size_t i = 0; i < n; i++) {
        double more = (double)w[i] - (double)best[i];
        lanes[i % LANES] += more > 0 ? weight[i] * more : 0.0;
    }
}

static void facility_add(const facility_pairs *s, const float *w, size_t begin, size_t n, double lanes[LANES]) {
    if (s->g->weight)
        facility_add_weighted(s, w, begin, n, lanes);
    else
        facility_add_gain(s, w, begin, n, lanes);
}

static double facility_sum_lanes(const double s[LANES]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static void facility_dense_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    facility_pairs *s = ctx;
    for (size_t i = begin; i < end; i++) {
        double lanes[LANES] = {0};
        facility_add(s, s->W + s->ids[i] * s->n, 0, s->n, lanes);
        s->out[i] = facility_sum_lanes(lanes);
    }
}

static void facility_free_task(void *ctx, size_t begin, size_t end, int worker) {
    facility_pairs *s = ctx;
    const wn_mat *x = s->g->x, *of = s->g->of;
    size_t m = end - begin;
    float *rows = s->scratch + (size_t)worker * s->scratch_size, *tile = rows + ROWS * s->stride;
    double lanes[ROWS][LANES] = {{0}};
    for (size_t i = 0; i < m; i++)
        memcpy(rows + i * s->stride, wn_mat_row(x, s->ids[begin + i]), x->cols * sizeof *rows);
    for (size_t c = 0; c < s->n; c += COLUMNS) {
        size_t columns = s->n - c < COLUMNS ? s->n - c : COLUMNS;
        wn_err err = {0};
        if (wn_pair_tile(s->kernel, (wn_row_block){rows, s->stride, m},
                         (wn_row_block){wn_mat_row(of, c), of->stride, columns}, x->cols, tile, COLUMNS,
                         &err) != WN_OK) {
            wn_failure_note(&s->failure, &err);
            return;
        }
        for (size_t i = 0; i < m; i++) facility_add(s, tile + i * COLUMNS, c, columns, lanes[i]);
    }
    for (size_t i = 0; i < m; i++) s->out[begin + i] = facility_sum_lanes(lanes[i]);
}

static wn_code facility_pairs_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    facility_pairs *s = f;
    s->ids = rows;
    s->out = out;
    if (s->W)
        wn_parallel_for(m, 4, facility_dense_task, s);
    else
        wn_parallel_for(m, ROWS, facility_free_task, s);
    return wn_failure_take(&s->failure, err);
}

/* The pick stands on the right: one column a row, and no packing of X. */
static void facility_best_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    facility_pairs *s = ctx;
    const wn_mat *of = s->g->of;
    float w[COLUMNS];
    wn_err err = {0};
    if (wn_pair_tile(s->kernel, (wn_row_block){wn_mat_row(of, begin), of->stride, end - begin},
                     (wn_row_block){s->pick, s->g->x->stride, 1}, of->cols, w, 1, &err) != WN_OK)
        wn_failure_note(&s->failure, &err);
    for (size_t i = begin; i < end; i++)
        if (w[i - begin] > s->best[i]) s->best[i] = w[i - begin];
}

static wn_code facility_pairs_add(void *f, size_t row, wn_err *err) {
    facility_pairs *s = f;
    if (!s->W) {
        s->pick = wn_mat_row(s->g->x, row);
        wn_parallel_for(s->n, COLUMNS, facility_best_task, s);
        return wn_failure_take(&s->failure, err);
    }
    const float *w = s->W + row * s->n;
    for (size_t i = 0; i < s->n; i++)
        if (w[i] > s->best[i]) s->best[i] = w[i];
    return WN_OK;
}

/* rbf: the row sums cost half as much as the first gains and are bounds nearly as good. They lack the row's own
 * similarity, whose f32 product lies within d 2^-24 |x|^2 of |x|^2: much, to a narrow kernel. */
static wn_code facility_free_bounds(void *f, double *bound, bool *given, wn_err *err) {
    facility_pairs *s = f;
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

static size_t pairs_row_floats(size_t d) {
    return (d + 15) / 16 * 16;
}
static size_t pairs_scratch_floats(size_t d) {
    return ROWS * pairs_row_floats(d) + ROWS * COLUMNS;
}

static size_t facility_free_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return (o->represent ? o->represent->rows : n) * sizeof(float) +
           (size_t)wn_threads_get() * pairs_scratch_floats(d) * sizeof(float);
}

static size_t facility_dense_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return wn_matrix_bytes(n, o->represent ? o->represent->rows : n, facility_free_bytes(o, n, d));
}

static wn_code facility_free_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    facility_pairs *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    *s = (facility_pairs){
        .g = g, .n = g->of->rows, .kernel = &o->kernel, .progress = o->progress, .failure = WN_FAILURE_INIT};
    s->stride = pairs_row_floats(g->d);
    s->scratch_size = pairs_scratch_floats(g->d);
    if (!(s->best = wn_alloc(s->n, sizeof *s->best, err))) return WN_EMEMORY;
    s->scratch = wn_alloc((size_t)wn_threads_get(), s->scratch_size * sizeof *s->scratch, err);
    return s->scratch ? WN_OK : WN_EMEMORY;
}

static wn_code facility_dense_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    wn_code code = facility_free_open(f, g, o, err);
    return code == WN_OK ? wn_matrix_fill(g, &o->kernel, o->progress, &((facility_pairs *)*f)->W, err) : code;
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

static void facility_pairs_close(void *f) {
    facility_pairs *s = f;
    if (!s) return;
    wn_free(s->W);
    wn_free(s->scratch);
    wn_free(s->best);
    wn_free(s);
}

const wn_objective_vt wn_objective_facility_dense = {.traits = WN_GAINS_FALL | WN_USES_ROWS | WN_SEEKS_COVERAGE,
                                                     .bytes = facility_dense_bytes,
                                                     .open = facility_dense_open,
                                                     .gains = facility_pairs_gains,
                                                     .add = facility_pairs_add,
                                                     .close = facility_pairs_close,
                                                     .evaluate = wn_facility_evaluate};
const wn_objective_vt wn_objective_facility_free = {.traits = WN_GAINS_FALL | WN_USES_ROWS | WN_SEEKS_COVERAGE,
                                                    .bytes = facility_free_bytes,
                                                    .open = facility_free_open,
                                                    .bounds = facility_free_bounds,
                                                    .gains = facility_pairs_gains,
                                                    .add = facility_pairs_add,
                                                    .close = facility_pairs_close,
                                                    .evaluate = wn_facility_evaluate};
