#include "ground.h"

#include <math.h>
#include <string.h>
#include <wn/failure.h>
#include <wn/paged.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "given.h"

/* Of a row sum's 53 bits. f32 kernel values leave about 24 right ones, rounding in the sum spoils the last 10 or so. */
enum { KEPT_BITS = 34 };
enum { NORM_ROWS = 1024, ROWS = 64, COLUMNS = 256, ROWS_A_TICK = 1024, LOOK = 256 };
static const double weight_max = 1e12;

wn_code wn_ground_init(wn_ground *g, const wn_mat *x, const wn_select_opts *o, wn_err *err) {
    *g = (wn_ground){.x = x, .n = x->rows, .d = x->cols, .first = o->first, .graph = o->graph, .sums = o->sums};
    g->of = o->represent ? o->represent : x;
    if (g->of->cols != g->d)
        return wn_err_set(err, WN_EUSAGE, "select: rows of %zu values cannot stand for rows of %zu", g->d, g->of->cols);
    for (size_t i = 0; i < g->n && o->value; i++)
        if (!(fabs(o->value[i]) <= weight_max))
            return wn_err_set(err, WN_EUSAGE, "select: the value of row %zu is %g; it must lie between -%g and %g",
                              g->first + i, o->value[i], weight_max, weight_max);
    double total = 0;
    for (size_t i = 0; i < g->n && o->weight; i++) {
        if (!(o->weight[i] >= 0 && o->weight[i] <= weight_max))
            return wn_err_set(err, WN_EUSAGE, "select: the weight of row %zu is %g; it must lie between 0 and %g",
                              g->first + i, o->weight[i], weight_max);
        if (o->weight[i] != 1) g->weight = o->weight;
        total += o->weight[i];
    }
    g->n_all = o->n_all ? (double)o->n_all : g->weight ? total : (double)g->n;
    return WN_OK;
}

void wn_ground_free(wn_ground *g) {
    if (!g) return;
    wn_free(g->sq);
    *g = (wn_ground){0};
}

typedef struct {
    const wn_mat *x;
    double *sq;
} squared_norms;

static void norms_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const squared_norms *n = ctx;
    for (size_t i = begin; i < end; i++) {
        const float *x = wn_mat_row(n->x, i);
        double s = 0;
        for (size_t c = 0; c < n->x->cols; c++) s += (double)x[c] * (double)x[c];
        n->sq[i] = s;
    }
}

/* sq[rows of x], which must suit the kernel; *max: the largest. Messages number the rows from `first`. */
static wn_code read_rows(const wn_mat *x, size_t first, const wn_kernel *kernel, double *sq, double *max, wn_err *err) {
    bool unit = kernel->kind != WN_DOT;
    wn_parallel_for(x->rows, NORM_ROWS, norms_task, &(squared_norms){x, sq});
    for (size_t i = 0; i < x->rows; i++) {
        double s = sq[i];
        size_t row = first + i;
        if (!isfinite(s)) return wn_err_set(err, WN_EINPUT, "select: row %zu holds NaN or infinity", row);
        if (unit && s != 0 && fabs(s - 1) > 1e-3)
            return wn_err_set(err, WN_EUSAGE, "select: row %zu has norm %g; normalise the rows, or use the dot kernel",
                              row, sqrt(s));
        if (s > 1e30)
            return wn_err_set(err, WN_EINPUT, "select: row %zu has norm %g; at most 1e15 can be handled", row, sqrt(s));
        if (s > *max) *max = s;
    }
    return WN_OK;
}

wn_code wn_ground_read(wn_ground *g, const wn_kernel *kernel, wn_err *err) {
    if (!(g->sq = wn_alloc(g->n, sizeof *g->sq, err))) return WN_EMEMORY;
    if (kernel->kind == WN_PRECOMPUTED) return wn_given_read(g, err);
    wn_code code = read_rows(g->x, g->first, kernel, g->sq, &g->sq_max, err);
    if (code == WN_OK && g->of != g->x) {
        double *sq = wn_alloc(g->of->rows, sizeof *sq, err), max = 0;
        code = sq ? read_rows(g->of, 0, kernel, sq, &max, err) : WN_EMEMORY;
        wn_free(sq);
    }
    if (code != WN_OK) return code;
    for (size_t i = 0; g->sums && i < (kernel->kind == WN_RBF ? g->n : g->d); i++)
        if (!isfinite(g->sums[i])) return wn_err_set(err, WN_EINPUT, "select: sum %zu is NaN or infinity", i);
    return WN_OK;
}

enum { SUM_COLUMNS = 64 };
typedef struct {
    const wn_mat *x;
    const double *weight; /* [rows of x]; NULL: once each */
    size_t begin, end;
    double *sums; /* [d] */
} vector_sums;

/* out[columns] += rows [begin, end) from the first to the last. */
static void add_columns(const vector_sums *v, size_t begin, size_t end, size_t column, size_t columns, double *out) {
    for (size_t i = begin; i < end; i++) {
        const float *x = wn_mat_row(v->x, i) + column;
        if (i % LOOK == 0) wn_paged_look(); /* a piece goes through all rows */
        if (v->weight) {
            for (size_t c = 0; c < columns; c++) out[c] += v->weight[i] * (double)x[c];
        } else {
            for (size_t c = 0; c < columns; c++) out[c] += (double)x[c];
        }
    }
}

/* Some columns at a time, so that the bits do not depend on threads. */
static void vector_sums_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const vector_sums *v = ctx;
    for (size_t at = v->begin; at < v->end; at += WN_SUM_ROWS) {
        double piece[SUM_COLUMNS] = {0};
        add_columns(v, at, v->end - at < WN_SUM_ROWS ? v->end : at + WN_SUM_ROWS, begin, end - begin, piece);
        for (size_t c = begin; c < end; c++) v->sums[c] += piece[c - begin];
    }
}

static void add_rows_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const vector_sums *v = ctx;
    add_columns(v, v->begin, v->end, begin, end - begin, v->sums + begin);
}

void wn_ground_add_rows(const wn_mat *x, size_t begin, size_t end, double *sums) {
    wn_parallel_for(x->cols, SUM_COLUMNS, add_rows_task, &(vector_sums){x, NULL, begin, end, sums});
}

void wn_ground_vector_sums(const wn_ground *g, double *sums) {
    if (g->sums) {
        memcpy(sums, g->sums, g->d * sizeof *sums);
        return;
    }
    memset(sums, 0, g->d * sizeof *sums);
    wn_parallel_for(g->d, SUM_COLUMNS, vector_sums_task, &(vector_sums){g->x, g->weight, 0, g->n, sums});
}

void wn_ground_mean(const wn_ground *g, double *mean) {
    wn_ground own = *g;
    double total = 0;
    own.sums = NULL;
    wn_ground_vector_sums(&own, mean);
    for (size_t i = 0; i < g->n; i++) total += wn_ground_weight(g, i);
    for (size_t c = 0; c < g->d && total > 0; c++) mean[c] /= total;
}

typedef struct {
    const wn_ground *g;
    const wn_kernel *kernel;
    double *sums; /* [n] */
    size_t begin; /* of the rows at hand */
    wn_failure failure;
} weighted_sums;

/* a + b, and what rounding lost of it added to *lost (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B). */
static inline double add_exactly(double a, double b, double *lost) {
    double sum = a + b, from_b = sum - a;
    *lost += (a - (sum - from_b)) + (b - from_b);
    return sum;
}

/* The row itself counts once less, so terms may cancel: what rounding loses is carried along. */
static void weighted_sums_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    weighted_sums *w = ctx;
    const wn_mat *x = w->g->x;
    float tile[ROWS * COLUMNS];
    double lost[ROWS] = {0};
    size_t row = w->begin + begin, m = end - begin;
    for (size_t c = 0; c < x->rows; c += COLUMNS) {
        size_t columns = x->rows - c < COLUMNS ? x->rows - c : COLUMNS;
        wn_err err = {0};
        if (wn_pair_tile(w->kernel, (wn_row_block){wn_mat_row(x, row), x->stride, m},
                         (wn_row_block){wn_mat_row(x, c), x->stride, columns}, x->cols, tile, COLUMNS, &err) != WN_OK) {
            wn_failure_note(&w->failure, &err);
            return;
        }
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < columns; j++) {
                double times = w->g->weight[c + j] - (c + j == row + i ? 1 : 0);
                w->sums[row + i] = add_exactly(w->sums[row + i], times * (double)tile[i * COLUMNS + j], &lost[i]);
            }
    }
    for (size_t i = 0; i < m; i++) w->sums[row + i] += lost[i];
}

static wn_code weighted_rbf_sums(const wn_ground *g, const wn_kernel *kernel, wn_progress *p, double *sums,
                                 wn_err *err) {
    weighted_sums w = {.g = g, .kernel = kernel, .sums = sums, .failure = WN_FAILURE_INIT};
    memset(sums, 0, g->n * sizeof *sums);
    for (; w.begin < g->n; w.begin += ROWS_A_TICK) {
        size_t m = g->n - w.begin < ROWS_A_TICK ? g->n - w.begin : ROWS_A_TICK;
        wn_parallel_for(m, ROWS, weighted_sums_task, &w);
        wn_code code = wn_failure_take(&w.failure, err);
        if (code != WN_OK) return code;
        if ((code = wn_tick(p, "sum similarities", "rows", w.begin + m, g->n, err)) != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_ground_rbf_sums(const wn_ground *g, const wn_kernel *kernel, wn_progress *p, double *sums, wn_err *err) {
    wn_code code = WN_OK;
    if (g->sums)
        memcpy(sums, g->sums, g->n * sizeof *sums);
    else if (g->weight)
        code = weighted_rbf_sums(g, kernel, p, sums, err);
    else
        code = wn_pair_rowsums(kernel, g->x, sums, p, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < g->n; i++) {
        int exponent = 0;
        double mantissa = frexp(sums[i], &exponent);
        sums[i] = ldexp(nearbyint(ldexp(mantissa, KEPT_BITS)), exponent - KEPT_BITS);
    }
    return WN_OK;
}

double wn_ground_dot(const float *x, const double *v, size_t d) {
    double s[WN_LANES] = {0};
    size_t i = 0;
    for (; i + WN_LANES <= d; i += WN_LANES)
        for (size_t l = 0; l < WN_LANES; l++) s[l] += (double)x[i + l] * v[i + l];
    for (size_t l = 0; i < d; i++, l++) s[l] += (double)x[i] * v[i];
    return wn_lanes_sum(s);
}

double wn_ground_square(const float *x, const double *v, size_t d) {
    double s[WN_LANES] = {0};
    size_t i = 0;
    for (; i + WN_LANES <= d; i += WN_LANES)
        for (size_t l = 0; l < WN_LANES; l++) {
            const double off = (double)x[i + l] - v[i + l];
            s[l] += off * off;
        }
    for (size_t l = 0; i < d; i++, l++) s[l] += ((double)x[i] - v[i]) * ((double)x[i] - v[i]);
    return wn_lanes_sum(s);
}
