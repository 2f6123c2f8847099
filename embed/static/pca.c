/* Principal components of the vectors of a vocabulary: rows are many, columns few. */
#include "lsa/internal.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/static_make.h>

enum { PANEL = 2048, COLUMNS = 32, ROWS = 64 }; /* rows from one tick to the next; columns, and rows, of a piece */

typedef struct {
    float *x; /* [n, d] */
    size_t n, d, dims;
    size_t begin, end; /* rows of the panel */
    double *mean;      /* [d] */
    double *cov;       /* [d, d], its upper triangle */
    double *axes;      /* [d, dims] */
    double *scratch;   /* [workers, d] */
    float *scores;     /* [n, dims] */
} pca;

static void centre(pca *p) {
    memset(p->mean, 0, p->d * sizeof *p->mean);
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < p->d; j++) p->mean[j] += p->x[i * p->d + j];
    for (size_t j = 0; j < p->d; j++) p->mean[j] /= (double)p->n;
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < p->d; j++) p->x[i * p->d + j] -= (float)p->mean[j];
}

/* Adds the panel's share to rows [first, last) of the covariance. */
static void add_covariance(void *ctx, size_t first, size_t last, int worker) {
    const pca *p = ctx;
    double *row = p->scratch + (size_t)worker * p->d;
    for (size_t i = p->begin; i < p->end; i++) {
        const float *x = p->x + i * p->d;
        for (size_t j = first; j < p->d; j++) row[j] = x[j];
        for (size_t a = first; a < last; a++) {
            double *out = p->cov + a * p->d;
            const double v = row[a];
            for (size_t b = a; b < p->d; b++) out[b] += v * row[b];
        }
    }
}

/* Rows [first, last) of the panel times the axes, which stand one a column so that the inner loop is over them. */
static void project(void *ctx, size_t first, size_t last, int worker) {
    const pca *p = ctx;
    (void)worker;
    for (size_t i = p->begin + first; i < p->begin + last; i++) {
        double sum[PANEL]; /* dims may be more: so many at a time */
        for (size_t at = 0; at < p->dims; at += PANEL) {
            const size_t m = p->dims - at < PANEL ? p->dims - at : PANEL;
            memset(sum, 0, m * sizeof *sum);
            for (size_t j = 0; j < p->d; j++) {
                const double v = p->x[i * p->d + j], *axis = p->axes + j * p->dims + at;
                for (size_t k = 0; k < m; k++) sum[k] += v * axis[k];
            }
            for (size_t k = 0; k < m; k++) p->scores[i * p->dims + at + k] = (float)sum[k];
        }
    }
}

/* By panels of rows, with a word to whoever watches in between. */
static wn_code by_panels(pca *p, size_t pieces, size_t grain, wn_task task, const char *stage, wn_progress *progress,
                         wn_err *err) {
    for (p->begin = 0; p->begin < p->n; p->begin = p->end) {
        p->end = p->n - p->begin < PANEL ? p->n : p->begin + PANEL;
        wn_parallel_for(pieces ? pieces : p->end - p->begin, grain, task, p);
        wn_code code = wn_tick(progress, stage, "tokens", p->end, p->n, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static void fix_signs(pca *p) {
    for (size_t k = 0; k < p->dims; k++) {
        float most = 0;
        for (size_t i = 0; i < p->n; i++)
            if (fabsf(p->scores[i * p->dims + k]) > fabsf(most)) most = p->scores[i * p->dims + k];
        for (size_t i = 0; most < 0 && i < p->n; i++) p->scores[i * p->dims + k] *= -1;
    }
}

/* The covariance becomes axes, one a column, and the share of variance on them. */
static wn_code find_axes(pca *p, double *explained, wn_err *err) {
    const size_t d = p->d, dims = p->dims;
    double all = 0, kept = 0;
    double *value = wn_alloc(dims, sizeof *value, err), *vec = wn_alloc(dims * d, sizeof *vec, err);
    wn_code code = WN_EMEMORY;
    if (!value || !vec) goto out;
    for (size_t j = 0; j < d; j++) all += p->cov[j * d + j];
    if ((code = wn_lsa_eigen(p->cov, d, dims, value, vec, err)) != WN_OK) goto out;
    for (size_t k = 0; k < dims; k++) {
        kept += value[k];
        for (size_t j = 0; j < d; j++) p->axes[j * dims + k] = vec[k * d + j];
    }
    if (explained) *explained = all > 0 ? kept / all : 1;
out:
    wn_free(value);
    wn_free(vec);
    return code;
}

size_t wn_static_pca_memory(size_t d, size_t dims) {
    return wn_lsa_eigen_memory(d) + (d * d + 2 * d * dims + d * (size_t)(wn_threads_get() + 2)) * sizeof(double);
}

wn_code wn_static_pca(float *x, size_t n, size_t d, size_t dims, double *explained, wn_progress *progress,
                      wn_err *err) {
    pca p = {.x = x, .n = n, .d = d, .dims = dims};
    wn_code code = WN_EMEMORY;
    if (!(p.mean = wn_alloc(d, sizeof *p.mean, err))) goto out;
    if (!(p.cov = wn_alloc(d * d, sizeof *p.cov, err))) goto out;
    if (!(p.axes = wn_alloc(d * dims, sizeof *p.axes, err))) goto out;
    if (!(p.scratch = wn_alloc((size_t)wn_threads_get() * d, sizeof *p.scratch, err))) goto out;
    if (!(p.scores = wn_alloc(n * dims, sizeof *p.scores, err))) goto out;
    centre(&p);
    if ((code = by_panels(&p, d, COLUMNS, add_covariance, "covariance", progress, err)) != WN_OK) goto out;
    if ((code = find_axes(&p, explained, err)) != WN_OK) goto out;
    if ((code = by_panels(&p, 0, ROWS, project, "project", progress, err)) != WN_OK) goto out;
    fix_signs(&p);
    memcpy(x, p.scores, n * dims * sizeof *x);
out:
    wn_free(p.mean);
    wn_free(p.cov);
    wn_free(p.axes);
    wn_free(p.scratch);
    wn_free(p.scores);
    return code;
}
