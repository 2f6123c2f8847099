/* Facility location, f(S) = sum over i of max over j in S of s_ij with s >= 0: monotone and submodular, so the lazy
 * greedy is exact. Over a materialised W, or with rows of W computed again when needed (O(n d) a refreshed gain).
 *
 * Both add max(s_xi - best_i, 0) over i into eight lanes by i mod 8, so they agree to the last bit; each term falls as
 * best rises and rounding is monotone, so a gain computed earlier is an upper bound in floating point too. Negative
 * similarities drop out by themselves: best starts at 0. */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/pairwise.h>

#include "lazy.h"
#include "matrix.h"

enum { LANES = 8, ROWS = 32, COLUMNS = 512, ROWS_A_TICK = 1024 };

typedef struct {
    wn_run *r;
    float *W;    /* [n, n]; NULL: matrix-free */
    float *best; /* [n] similarity to the nearest pick, at least 0 */
    size_t stride;
    float *scratch; /* [threads] of rows [ROWS, stride] and tile [ROWS, COLUMNS] */
    size_t scratch_size;
    const size_t *ids; /* the batch at hand */
    double *out;
    const float *pick; /* the row just taken */
    wn_failure failure;
} state;

static void add_gain(const float *w, const float *best, size_t n, double lanes[LANES]) {
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

static double sum_lanes(const double s[LANES]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static void dense_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    state *s = ctx;
    for (size_t i = begin; i < end; i++) {
        double lanes[LANES] = {0};
        add_gain(s->W + s->ids[i] * s->r->n, s->best, s->r->n, lanes);
        s->out[i] = sum_lanes(lanes);
    }
}

static void free_task(void *ctx, size_t begin, size_t end, int worker) {
    state *s = ctx;
    const wn_mat *x = s->r->x;
    size_t m = end - begin;
    float *rows = s->scratch + (size_t)worker * s->scratch_size, *tile = rows + ROWS * s->stride;
    double lanes[ROWS][LANES] = {{0}};
    for (size_t i = 0; i < m; i++)
        memcpy(rows + i * s->stride, wn_mat_row(x, s->ids[begin + i]), x->cols * sizeof *rows);
    for (size_t c = 0; c < x->rows; c += COLUMNS) {
        size_t columns = x->rows - c < COLUMNS ? x->rows - c : COLUMNS;
        wn_err err = {0};
        if (wn_pair_tile(&s->r->o->kernel, rows, s->stride, m, wn_mat_row(x, c), x->stride, columns, x->cols, tile,
                         COLUMNS, &err) != WN_OK) {
            wn_failure_note(&s->failure, &err);
            return;
        }
        for (size_t i = 0; i < m; i++) add_gain(tile + i * COLUMNS, s->best + c, columns, lanes[i]);
    }
    for (size_t i = 0; i < m; i++) s->out[begin + i] = sum_lanes(lanes[i]);
}

static wn_code gains(void *ctx, const size_t *ids, size_t m, double *out, wn_err *err) {
    state *s = ctx;
    s->ids = ids;
    s->out = out;
    if (s->W)
        wn_parallel_for(m, 4, dense_task, s);
    else
        wn_parallel_for(m, ROWS, free_task, s);
    return wn_failure_take(&s->failure, err);
}

/* The pick stands on the right: one column a row, and no packing of X. */
static void pick_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    state *s = ctx;
    const wn_mat *x = s->r->x;
    float w[COLUMNS];
    wn_err err = {0};
    if (wn_pair_tile(&s->r->o->kernel, wn_mat_row(x, begin), x->stride, end - begin, s->pick, x->stride, 1, x->cols, w,
                     1, &err) != WN_OK)
        wn_failure_note(&s->failure, &err);
    for (size_t i = begin; i < end; i++)
        if (w[i - begin] > s->best[i]) s->best[i] = w[i - begin];
}

static wn_code pick(void *ctx, size_t id, wn_err *err) {
    state *s = ctx;
    if (!s->W) {
        s->pick = wn_mat_row(s->r->x, id);
        wn_parallel_for(s->r->n, COLUMNS, pick_task, s);
        return wn_failure_take(&s->failure, err);
    }
    const float *w = s->W + id * s->r->n;
    for (size_t i = 0; i < s->r->n; i++)
        if (w[i] > s->best[i]) s->best[i] = w[i];
    return WN_OK;
}

/* bound[n] = first gains. Matrix-free rbf: the row sums cost half as much and are bounds nearly as good. They lack the
 * row's own similarity, whose f32 product lies within d 2^-24 |x|^2 of |x|^2: much, to a narrow kernel. */
static wn_code first_bounds(state *s, double *bound, wn_err *err) {
    wn_run *r = s->r;
    if (!s->W && r->o->kernel.kind == WN_RBF) {
        wn_code code = wn_pair_rowsums(&r->o->kernel, r->x, bound, r->o->progress, err);
        double off = ((double)r->d + 4) * 0x1p-23 * r->sq_max;
        for (size_t i = 0; i < r->n && code == WN_OK; i++)
            bound[i] = (bound[i] + exp(r->o->kernel.gamma * (r->sq[i] - 1 + off)) * 1.001) * (1 + 1e-9);
        return code;
    }
    size_t ids[ROWS_A_TICK];
    wn_code code = WN_OK;
    for (size_t first = 0; first < r->n && code == WN_OK; first += ROWS_A_TICK) {
        size_t m = r->n - first < ROWS_A_TICK ? r->n - first : ROWS_A_TICK;
        for (size_t i = 0; i < m; i++) ids[i] = first + i;
        code = gains(s, ids, m, bound + first, err);
        if (code == WN_OK) code = wn_tick(r->o->progress, "first gains", "rows", first + m, r->n, err);
    }
    return code;
}

static size_t row_floats(size_t d) {
    return (d + 15) / 16 * 16;
}
static size_t scratch_floats(size_t d) {
    return ROWS * row_floats(d) + ROWS * COLUMNS;
}

size_t wn_facility_free_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    return n * (sizeof(float) + sizeof(double)) + wn_lazy_bytes(n) +
           (size_t)wn_threads_get() * scratch_floats(d) * sizeof(float);
}

size_t wn_facility_dense_bytes(const wn_select_opts *o, size_t n, size_t d) {
    size_t rest = wn_facility_free_bytes(o, n, d), w = wn_matrix_bytes(n);
    return w > SIZE_MAX - rest ? SIZE_MAX : w + rest;
}

static wn_code run(wn_run *r, bool dense, wn_err *err) {
    state s = {.r = r, .stride = row_floats(r->d), .scratch_size = scratch_floats(r->d), .failure = WN_FAILURE_INIT};
    double *bound = NULL;
    wn_code code = WN_EMEMORY;
    if (!(s.best = wn_alloc(r->n, sizeof *s.best, err)) || !(bound = wn_alloc(r->n, sizeof *bound, err)) ||
        !(s.scratch = wn_alloc((size_t)wn_threads_get(), s.scratch_size * sizeof *s.scratch, err)))
        goto out;
    if (dense && (code = wn_matrix_fill(r, &s.W, err)) != WN_OK) goto out;
    code = first_bounds(&s, bound, err);
    wn_lazy_ops ops = {.gains = gains, .pick = pick, .ctx = &s};
    if (code == WN_OK) code = wn_lazy_run(r, &ops, bound, err);
out:
    wn_free(s.W);
    wn_free(s.scratch);
    wn_free(bound);
    wn_free(s.best);
    return code;
}

wn_code wn_facility_dense(wn_run *r, wn_err *err) {
    return run(r, true, err);
}
wn_code wn_facility_free(wn_run *r, wn_err *err) {
    return run(r, false, err);
}
