/* The width of the rbf kernel from the data. */
#include <winnow/similarity.h>

#include <math.h>
#include <stdlib.h>
#include <winnow/mem.h>
#include <wn/rng.h>

enum { DEFAULT_PAIRS = 10000 };
static const double no_distance = 1e-7; /* what rounding leaves of equal rows */

static double dot_in_double(const float *a, const float *b, size_t d) {
    double s = 0;
    for (size_t k = 0; k < d; k++) s += (double)a[k] * (double)b[k];
    return s;
}

static int distance_by_value(const void *a, const void *b) {
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
        out[i] = 1 - dot_in_double(a, b, x->cols) / sqrt(dot_in_double(a, a, x->cols) * dot_in_double(b, b, x->cols));
    }
}

wn_code wn_sim_gamma_auto(const wn_mat *x, uint64_t seed, size_t pairs, double *gamma, double *median, wn_err *err) {
    wn_code code = WN_EMEMORY;
    size_t m = 0, *rows = NULL;
    double *distance = NULL;
    if (pairs == 0) pairs = DEFAULT_PAIRS;
    if (!(distance = wn_alloc(pairs, sizeof *distance, err))) goto out;
    if (!(rows = wn_alloc(x->rows, sizeof *rows, err))) goto out;
    for (size_t i = 0; i < x->rows; i++) {
        const float *row = wn_mat_row(x, i);
        if (dot_in_double(row, row, x->cols) > 0) rows[m++] = i;
    }
    if (m < 2) {
        code = wn_err_set(err, WN_EINPUT,
                          "gamma auto: %zu of %zu rows are not zero; at least 2 are needed (give gamma as a number)", m,
                          x->rows);
        goto out;
    }
    sample_distances(x, rows, m, seed, pairs, distance);
    qsort(distance, pairs, sizeof *distance, distance_by_value);
    const double middle = 0.5 * (distance[(pairs - 1) / 2] + distance[pairs / 2]);
    if (!(middle > no_distance)) {
        code = wn_err_set(err, WN_EINPUT,
                          "gamma auto: the median of 1 - cos over %zu pairs of rows is 0: most rows are equal; remove "
                          "duplicates first or give gamma as a number",
                          pairs);
        goto out;
    }
    *median = middle;
    *gamma = WN_GAMMA_TIMES_MEDIAN / middle;
    code = WN_OK;
out:
    wn_free(distance);
    wn_free(rows);
    return code;
}
