/* Principal components, from the covariance of the columns. */
#include <wn/pca.h>

#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/eigen.h>
#include <wn/gemm.h>
#include <wn/paged.h>

/* Rows from one look at the progress to the next; columns of a piece of the covariance; rows of a piece of scores. */
enum { PANEL = 1024, COLUMNS = 32, ROWS = 256 };

/* ---- axes ---- */

typedef struct {
    const wn_mat *x;
    const size_t *rows;
    size_t begin, end; /* of rows, at work */
    const double *mean;
    double *cov;     /* [d, d], its upper triangle */
    double *centred; /* [workers, d] */
} covariance;

/* Adds the share of rows [begin, end) to rows [first, last) of the covariance. */
static void add_share(void *ctx, size_t first, size_t last, int worker) {
    const covariance *c = ctx;
    const size_t d = c->x->cols;
    double *row = c->centred + (size_t)worker * d;
    for (size_t i = c->begin; i < c->end; i++) {
        const float *x = wn_mat_row(c->x, c->rows[i]);
        for (size_t j = first; j < d; j++) row[j] = (double)x[j] - c->mean[j];
        for (size_t a = first; a < last; a++) {
            double *out = c->cov + a * d;
            const double v = row[a];
            for (size_t b = a; b < d; b++) out[b] += v * row[b];
        }
    }
}

static wn_code fill_covariance(covariance *c, size_t n, wn_progress *p, wn_err *err) {
    for (size_t i = 0; i < n; i = c->end) {
        wn_code code = wn_tick(p, "components", "rows", i, n, err);
        if (code != WN_OK) return code;
        c->begin = i, c->end = n - i < PANEL ? n : i + PANEL;
        wn_parallel_for(c->x->cols, COLUMNS, add_share, c);
    }
    return WN_OK;
}

static void fix_sign(double *axis, size_t d) {
    double most = 0;
    for (size_t j = 0; j < d; j++)
        if (fabs(axis[j]) > fabs(most)) most = axis[j];
    for (size_t j = 0; most < 0 && j < d; j++) axis[j] = -axis[j];
}

size_t wn_pca_memory(size_t d, size_t dims) {
    return wn_eigen_memory(d) + (d * d + d * ((size_t)wn_threads_get() + 1 + dims)) * sizeof(double);
}

static void mean_of(double *mean, const wn_mat *x, const size_t *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        wn_paged_look();
        for (size_t j = 0; j < x->cols; j++) mean[j] += (double)wn_mat_row(x, rows[i])[j];
    }
    for (size_t j = 0; j < x->cols; j++) mean[j] /= (double)(n ? n : 1);
}

wn_code wn_pca_fit(wn_pca *out, const wn_mat *x, const size_t *rows, size_t n, size_t dims, wn_progress *p,
                   wn_err *err) {
    const size_t d = x->cols;
    if (dims == 0 || dims > d) return wn_err_set(err, WN_EUSAGE, "%zu components of %zu columns", dims, d);
    wn_pca made = {.d = d, .dims = dims};
    covariance c = {.x = x, .rows = rows};
    double all = 0, held = 0, *value = wn_alloc(dims, sizeof *value, err);
    wn_code code = WN_EMEMORY;
    if (!value || !(made.mean = wn_alloc(d, sizeof *made.mean, err))) goto out;
    if (!(made.axes = wn_alloc(dims * d, sizeof *made.axes, err))) goto out;
    if (!(c.cov = wn_alloc(d * d, sizeof *c.cov, err))) goto out;
    if (!(c.centred = wn_alloc((size_t)wn_threads_get() * d, sizeof *c.centred, err))) goto out;
    mean_of(made.mean, x, rows, n);
    c.mean = made.mean;
    if ((code = fill_covariance(&c, n, p, err)) != WN_OK) goto out;
    for (size_t j = 0; j < d; j++) all += c.cov[j * d + j];
    if ((code = wn_eigen(c.cov, d, dims, value, made.axes, err)) != WN_OK) goto out;
    for (size_t a = 0; a < dims; a++) {
        held += value[a];
        fix_sign(made.axes + a * d, d);
    }
    made.explained = all > 0 ? fmin(held / all, 1) : 1;
    *out = made;
    made = (wn_pca){0};
out:
    wn_pca_free(&made);
    wn_free(value);
    wn_free(c.cov);
    wn_free(c.centred);
    return code;
}

void wn_pca_free(wn_pca *p) {
    if (!p) return;
    wn_free(p->mean);
    wn_free(p->axes);
    *p = (wn_pca){0};
}

/* ---- scores ---- */

typedef struct {
    const wn_mat *x;
    wn_mat *out;
    const wn_packed *axes;
    const float *origin; /* [dims] where the mean lies */
} projection;

static void project_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const projection *p = ctx;
    wn_gemm_packed(wn_mat_row(p->x, begin), p->x->stride, end - begin, p->axes, wn_mat_row(p->out, begin),
                   p->out->stride, 0);
    for (size_t i = begin; i < end; i++)
        for (size_t a = 0; a < p->out->cols; a++) wn_mat_row(p->out, i)[a] -= p->origin[a];
}

wn_code wn_pca_project(const wn_pca *p, const wn_mat *x, wn_mat *out, wn_err *err) {
    const size_t d = p->d, dims = p->dims;
    wn_packed packed = {0};
    float *flat = wn_alloc(dims * d, sizeof *flat, err), *origin = wn_alloc(dims, sizeof *origin, err);
    wn_code code = WN_EMEMORY;
    if (!flat || !origin) goto out;
    for (size_t a = 0; a < dims; a++) {
        double at = 0;
        for (size_t j = 0; j < d; j++) at += p->mean[j] * p->axes[a * d + j];
        origin[a] = (float)at;
    }
    for (size_t i = 0; i < dims * d; i++) flat[i] = (float)p->axes[i];
    if ((code = wn_packed_init(&packed, flat, d, dims, d, err)) != WN_OK) goto out;
    if ((code = wn_mat_init(out, x->rows, dims, err)) != WN_OK) goto out;
    projection job = {x, out, &packed, origin};
    wn_parallel_for(x->rows, ROWS, project_rows, &job);
out:
    wn_packed_free(&packed);
    wn_free(flat);
    wn_free(origin);
    return code;
}
