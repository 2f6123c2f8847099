/* Normalising, the width of the rbf kernel, and the nearest of a chosen few. */
#include <winnow/similarity.h>

#include <math.h>
#include <stdlib.h>
#include <winnow/mem.h>
#include <wn/gemm.h>
#include <wn/rng.h>
#include <winnow/threads.h>

enum { ROW_PIECE = 168, DEFAULT_PAIRS = 10000 };

static double dot(const float *a, const float *b, size_t d) {
    double s = 0;
    for (size_t k = 0; k < d; k++) s += (double)a[k] * (double)b[k];
    return s;
}

size_t wn_sim_normalize(wn_mat *x) { return wn_mat_normalize(x); }

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* 1 - cos of `pairs` random pairs of the m rows named in `rows`. */
static void sample_distances(const wn_mat *x, const size_t *rows, size_t m, uint64_t seed, size_t pairs, double *out) {
    enum { STREAM = 0x67616d61 }; /* apart from the other uses of a seed */
    wn_rng r = wn_rng_init(seed, STREAM);
    for (size_t i = 0; i < pairs; i++) {
        const size_t first = (size_t)wn_rng_below(&r, m), other = (size_t)wn_rng_below(&r, m - 1);
        const float *a = wn_mat_row(x, rows[first]), *b = wn_mat_row(x, rows[other + (other >= first)]);
        out[i] = 1 - dot(a, b, x->cols) / sqrt(dot(a, a, x->cols) * dot(b, b, x->cols));
    }
}

wn_code wn_sim_gamma_auto(const wn_mat *x, uint64_t seed, size_t pairs, double *gamma, double *median, wn_err *err) {
    wn_code code = WN_EMEMORY;
    size_t m = 0;
    if (pairs == 0) pairs = DEFAULT_PAIRS;
    double *distance = wn_alloc(pairs, sizeof *distance, err);
    size_t *rows = wn_alloc(x->rows, sizeof *rows, err);
    if (!distance || !rows) goto out;
    for (size_t i = 0; i < x->rows; i++) {
        const float *row = wn_mat_row(x, i);
        if (dot(row, row, x->cols) > 0) rows[m++] = i;
    }
    if (m < 2) {
        code = wn_err_set(err, WN_EINPUT,
                          "gamma auto: %zu of %zu rows are not zero; at least 2 are needed (give gamma as a number)", m,
                          x->rows);
        goto out;
    }
    sample_distances(x, rows, m, seed, pairs, distance);
    qsort(distance, pairs, sizeof *distance, by_value);
    const double middle = 0.5 * (distance[(pairs - 1) / 2] + distance[pairs / 2]);
    if (!(middle > 1e-7)) { /* what rounding leaves of equal rows */
        code = wn_err_set(err, WN_EINPUT,
                          "gamma auto: the median of 1 - cos over %zu pairs of rows is 0: most rows are equal; remove "
                          "duplicates first or give gamma as a number",
                          pairs);
        goto out;
    }
    *median = middle;
    *gamma = 7.5 / middle;
    code = WN_OK;
out:
    wn_free(distance);
    wn_free(rows);
    return code;
}

typedef struct {
    const wn_mat *x;
    const wn_packed *chosen; /* a block of the chosen rows, from position `first` on */
    size_t first;
    size_t *nearest;
    float *sim;
} nearest_task;

static void nearest_row(const nearest_task *t, size_t row, const float *v, size_t width) {
    enum { STEP = 2 * WN_GEMM_PANEL }; /* a short step soon raises the bar for the rest */
    uint32_t hits[STEP];
    for (size_t j = 0; j < width; j += STEP) {
        const size_t n = width - j < STEP ? width - j : STEP;
        const size_t count = wn_scan_above(v + j, n, t->sim[row], NULL, hits);
        for (size_t h = 0; h < count && j + hits[h] < t->chosen->n; h++) {
            if (!(v[j + hits[h]] > t->sim[row])) continue;
            t->sim[row] = v[j + hits[h]];
            t->nearest[row] = t->first + j + hits[h];
        }
    }
}

static void nearest_piece(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const nearest_task *t = ctx;
    const size_t width = wn_packed_width(t->chosen);
    _Alignas(64) float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_ROWS];
    for (size_t i = begin; i < end; i += WN_GEMM_ROWS) {
        const size_t m = end - i < WN_GEMM_ROWS ? end - i : WN_GEMM_ROWS;
        for (size_t r = 0; r < m; r++) rows[r] = wn_mat_row(t->x, i + r);
        wn_gemm_rows(rows, m, t->chosen, c, width);
        for (size_t r = 0; r < m; r++) nearest_row(t, i + r, c + r * width, width);
    }
}

wn_code wn_sim_nearest(const wn_mat *x, const size_t *chosen, size_t k, size_t *nearest, float *sim, wn_progress *p,
                       wn_err *err) {
    const size_t columns = wn_packed_columns(x->cols), width = k < columns ? k : columns;
    const float *rows[WN_GEMM_COLUMNS];
    wn_packed panels = {0};
    if (k == 0) return wn_err_set(err, WN_EUSAGE, "nearest chosen rows: none is chosen");
    nearest_task t = {.x = x, .chosen = &panels, .nearest = nearest, .sim = sim};
    wn_code code = wn_packed_reserve(&panels, width, x->cols, err);
    for (size_t i = 0; code == WN_OK && i < x->rows; i++) {
        nearest[i] = 0;
        sim[i] = -INFINITY;
    }
    for (; code == WN_OK && t.first < k; t.first += width) {
        const size_t n = k - t.first < width ? k - t.first : width;
        for (size_t j = 0; j < n; j++) rows[j] = wn_mat_row(x, chosen[t.first + j]);
        wn_packed_fill(&panels, rows, n, x->cols);
        wn_parallel_for(x->rows, ROW_PIECE, nearest_piece, &t);
        code = wn_tick(p, "assign", "chosen", t.first + n, k, err);
    }
    wn_packed_free(&panels);
    return code;
}
