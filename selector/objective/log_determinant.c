/* Log-determinant: f(S) = log det(I + K_S), K_S [k, k] the similarities of the picks: what a Gaussian process with
 * noise of variance 1 learns from them, and the greedy search for the likeliest set of a determinantal point process.
 * Monotone and submodular where the kernel is positive semidefinite: for all but given similarities that are not.
 *
 * Cholesky, one column a pick (Chen, Zhang and Zhou 2018, algorithm 1). With c_i the row of i in the factor so far and
 * s_i = k(i, i) - |c_i|^2 what the picks leave unexplained of it,
 *     gain(i | S) = log(1 + s_i);   a pick j adds   e_i = (k(j, i) - c_j . c_i) / sqrt(1 + s_j)   to c_i, s_i -= e_i^2.
 * s is a running difference of squares, so it only falls, in floating point too. Under an inner product c_j . c_i needs
 * no c: e_i = x_i . v with v = (x_j - sum over earlier picks u of v_u (v_u . x_j)) / sqrt(1 + s_j).
 *
 *     rbf            c [n, k] in f32: O(t + d) a row and pick t; 4 n k bytes, of which the rows touched take memory
 *     precomputed    the same, k(j, i) from the matrix
 *     cosine, dot    v [k, d] alone: O(d) a row and pick
 *
 * A row catches up with the picks when its gain is asked for: the lazy maximizer asks few. */
#include <math.h>
#include <stdint.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/matrix.h"
#include "objective/objective.h"

enum { ROWS = 4 };

typedef struct {
    const wn_ground *g;
    const wn_kernel *kernel;
    bool given; /* similarities, not vectors */
    size_t k, picks;
    size_t *pick;      /* [k] */
    double *deviation; /* [k] sqrt(1 + s_j) when pick j came */
    double *v;         /* [k, d] cosine, dot: above; rbf: the picks' rows */
    double *s;         /* [n] */
    size_t *seen;      /* [n] picks that s_i and c_i know of */
    float *c;          /* [n, k] rbf */
    const size_t *ids; /* the batch at hand */
    double *out;
} log_determinant;

static double factor_dot(const float *a, const float *b, size_t n) {
    double s[WN_LANES] = {0};
    size_t i = 0;
    for (; i + WN_LANES <= n; i += WN_LANES)
        for (size_t l = 0; l < WN_LANES; l++) s[l] += (double)a[i + l] * (double)b[i + l];
    for (size_t l = 0; i < n; i++, l++) s[l] += (double)a[i] * (double)b[i];
    return wn_lanes_sum(s);
}

static void catch_up(const log_determinant *f, size_t row) {
    const size_t d = f->g->d;
    const float *x = wn_mat_row(f->g->x, row);
    for (size_t t = f->seen[row]; t < f->picks; t++) {
        double e = f->given ? (double)x[f->pick[t]] : wn_ground_dot(x, f->v + t * d, d);
        if (f->c) {
            const double w = f->given ? e : exp(f->kernel->gamma * (e - 1));
            float *c = f->c + row * f->k;
            const float *of_pick = f->c + f->pick[t] * f->k;
            c[t] = (float)((w - factor_dot(c, of_pick, t)) / f->deviation[t]);
            e = (double)c[t];
        }
        f->s[row] -= e * e;
    }
    f->seen[row] = f->picks;
}

static void gains_task(void *ctx, size_t begin, size_t end, int worker) {
    const log_determinant *f = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        catch_up(f, f->ids[i]);
        f->out[i] = log1p(fmax(f->s[f->ids[i]], 0));
    }
}

static wn_code log_determinant_gains(void *state, const size_t *rows, size_t m, double *out, wn_err *err) {
    log_determinant *f = state;
    (void)err;
    f->ids = rows;
    f->out = out;
    wn_parallel_for(m, ROWS, gains_task, f);
    return WN_OK;
}

static wn_code log_determinant_add(void *state, size_t row, wn_err *err) {
    log_determinant *f = state;
    const size_t d = f->g->d, t = f->picks;
    const float *x = wn_mat_row(f->g->x, row);
    catch_up(f, row);
    if (f->given && f->s[row] < -0x1p-20 * pow(1 + sqrt((double)t), 2) * f->g->sq_max)
        return wn_err_set(err, WN_EINPUT,
                          "log-determinant: row %zu is more like the rows chosen before it than any "
                          "vector could be (the matrix is not positive semidefinite); use facility-location or "
                          "graph-cut, which take any similarities",
                          f->g->first + row);
    f->pick[t] = row;
    f->deviation[t] = sqrt(1 + fmax(f->s[row], 0));
    f->picks++;
    if (f->given) return WN_OK;
    double *v = f->v + t * d;
    for (size_t c = 0; c < d; c++) v[c] = (double)x[c];
    for (size_t u = 0; u < t && !f->c; u++) {
        const double *other = f->v + u * d, part = wn_ground_dot(x, other, d);
        for (size_t c = 0; c < d; c++) v[c] -= part * other[c];
    }
    for (size_t c = 0; c < d && !f->c; c++) v[c] /= f->deviation[t];
    return WN_OK;
}

/* An inner product needs no row of the factor. */
static bool keeps_factor(const wn_select_opts *o) {
    return o->kernel.kind == WN_RBF || o->kernel.kind == WN_PRECOMPUTED;
}

static size_t log_determinant_bytes(const wn_select_opts *o, size_t n, size_t d) {
    const size_t small = n * (sizeof(double) + sizeof(size_t)) + o->k * (sizeof(size_t) + sizeof(double)),
                 row = o->kernel.kind == WN_PRECOMPUTED ? 0 : 2 * d;
    return wn_matrix_bytes(o->k, row, keeps_factor(o) ? wn_matrix_bytes(n, o->k, small) : small);
}

static double log_determinant_work(const wn_select_opts *o, double n, double d) {
    const double k = (double)o->k; /* lazily a tenth of it or less */
    return n * k * ((o->kernel.kind == WN_PRECOMPUTED ? 1 : d) + (keeps_factor(o) ? k / 2 : 0));
}

static wn_code log_determinant_open(void **state, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    log_determinant *f = wn_alloc(1, sizeof *f, err);
    const bool rbf = o->kernel.kind == WN_RBF;
    if (!(*state = f)) return WN_EMEMORY;
    *f = (log_determinant){.g = g, .kernel = &o->kernel, .given = o->kernel.kind == WN_PRECOMPUTED, .k = o->k};
    if (!(f->pick = wn_alloc(o->k, sizeof *f->pick, err))) return WN_EMEMORY;
    if (!(f->deviation = wn_alloc(o->k, sizeof *f->deviation, err))) return WN_EMEMORY;
    if (!f->given && !(f->v = wn_alloc_sparse(o->k, g->d * sizeof *f->v, err))) return WN_EMEMORY;
    if (!(f->s = wn_alloc(g->n, sizeof *f->s, err))) return WN_EMEMORY;
    if (!(f->seen = wn_alloc(g->n, sizeof *f->seen, err))) return WN_EMEMORY;
    if (keeps_factor(o) && !(f->c = wn_alloc_sparse(g->n, o->k * sizeof *f->c, err))) return WN_EMEMORY;
    for (size_t i = 0; i < g->n; i++) f->s[i] = rbf ? exp(o->kernel.gamma * (g->sq[i] - 1)) : g->sq[i];
    return WN_OK;
}

static void log_determinant_close(void *state) {
    log_determinant *f = state;
    if (!f) return;
    wn_free(f->pick);
    wn_free(f->deviation);
    wn_free(f->v);
    wn_free(f->s);
    wn_free(f->seen);
    wn_free(f->c);
    wn_free(f);
}

/* Twice the logarithms on the diagonal of a Cholesky factor that is made at once, in double. O(k^2 (k + d)). */
static wn_code log_determinant_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    const size_t k = e->k;
    double *L = wn_alloc(k, k * sizeof *L, err);
    if (!L) return WN_EMEMORY;
    *value = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = wn_evaluate_pair(e, e->rows[i], e->rows[j]) + (i == j ? 1 : 0);
            for (size_t c = 0; c < j; c++) sum -= L[i * k + c] * L[j * k + c];
            L[i * k + j] = i == j ? sqrt(sum) : sum / L[j * k + j];
            if (i == j) *value += 2 * log(L[i * k + i]);
        }
    wn_free(L);
    return WN_OK;
}

/* docs/certificate.md. A gain is off by what k(x, x) less its share is: an element of the factor in f32 moves I + K by
 * 2^-23 k(x, x) at most, an inner product by its rounding in double. Given similarities may be those of no vectors. */
static wn_certificate_error log_determinant_off(const void *state, const wn_finished *g) {
    const log_determinant *f = state;
    const double k = (double)f->k, each = f->c ? 0x1p-22 : ((double)g->ground->d + k + 8) * 0x1p-50;
    const double sq = f->kernel->kind == WN_RBF ? 1.01 : 1 + g->ground->sq_max;
    return (wn_certificate_error){.relative = f->given ? (double)NAN : 0, .absolute = 2 * each * sq * sq * k * (1 + k)};
}

const wn_objective_vt wn_objective_log_determinant = {.traits = WN_GAINS_FALL | WN_USES_ROWS,
                                                      .bytes = log_determinant_bytes,
                                                      .work = log_determinant_work,
                                                      .open = log_determinant_open,
                                                      .gains = log_determinant_gains,
                                                      .add = log_determinant_add,
                                                      .off = log_determinant_off,
                                                      .close = log_determinant_close,
                                                      .evaluate = log_determinant_evaluate};
