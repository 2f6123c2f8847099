#include "compare/logistic.h"

#include <lbfgs.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

enum {
    BLOCK = 64,       /* rows whose scores are worked on at once */
    CORRECTIONS = 10, /* pairs that L-BFGS remembers */
    VECTOR = 16       /* liblbfgs rounds the number of variables up to this */
};

wn_code wn_logistic_open(wn_logistic *l, const wn_logistic_rows *rows, wn_err *err) {
    const size_t n = rows->n, d = rows->d, classes = rows->classes;
    *l = (wn_logistic){.rows = *rows};
    wn_code code = WN_EMEMORY;
    float *columns = wn_alloc(n, d * sizeof *columns, err);
    if (!columns) goto out;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) columns[j * n + i] = rows->x[i][j];
    if ((code = wn_packed_init(&l->by_column, columns, n, d, n, err)) != WN_OK) goto out;
    if ((code = wn_packed_reserve(&l->by_row, n, d, err)) != WN_OK) goto out;
    wn_packed_fill(&l->by_row, rows->x, n, d);
    code = WN_EMEMORY;
    if (!(l->w = wn_alloc(classes, d * sizeof *l->w, err))) goto out;
    if (!(l->g = wn_alloc(classes, d * sizeof *l->g, err))) goto out;
    if (!(l->scores = wn_alloc(classes, n * sizeof *l->scores, err))) goto out;
    code = WN_OK;
out:
    wn_free(columns);
    if (code != WN_OK) wn_logistic_close(l);
    return code;
}

void wn_logistic_close(wn_logistic *l) {
    wn_packed_free(&l->by_row);
    wn_packed_free(&l->by_column);
    wn_free(l->w);
    wn_free(l->scores);
    wn_free(l->g);
    wn_free(l->anchor);
    wn_free(l->anchored);
    *l = (wn_logistic){0};
}

double *wn_logistic_weights(size_t classes, size_t d, wn_err *err) {
    size_t cells;
    if (__builtin_mul_overflow(classes, d, &cells) || cells > INT_MAX - VECTOR) {
        (void)wn_err_set(err, WN_EMEMORY, "the probe's %zu classes x %zu columns are more than it can hold", classes,
                         d);
        return NULL;
    }
    return wn_alloc(cells + VECTOR, sizeof(double), err);
}

/* scores [classes, n] = w x^T, less what is anchored. */
static void logistic_scores(wn_logistic *l, const double *w) {
    const size_t cells = l->rows.classes * l->rows.d;
    for (size_t i = 0; i < cells; i++) l->w[i] = (float)(l->anchor ? w[i] - l->anchor[i] : w[i]);
    wn_gemm_packed(l->w, l->rows.d, l->rows.classes, &l->by_row, l->scores, l->rows.n, 0);
}

/* Scores of rows [begin, begin + m) become p - 1{y}; returns the sum of their log losses, log sum exp(s) - s_y. */
static double softmax_block(wn_logistic *l, size_t begin, size_t m) {
    const size_t n = l->rows.n, classes = l->rows.classes;
    const uint32_t *y = l->rows.y + begin;
    double top[BLOCK], sum[BLOCK] = {0}, loss = 0;
    for (size_t i = 0; i < m; i++) top[i] = -INFINITY;
    for (size_t c = 0; c < classes; c++) {
        const float *z = l->scores + c * n + begin;
        const double *at = l->anchored ? l->anchored + c * n + begin : NULL;
        for (size_t i = 0; i < m; i++) {
            const double s = at ? at[i] + (double)z[i] : (double)z[i];
            if (s > top[i]) top[i] = s;
            if (y[i] == c) loss -= s;
        }
    }
    for (size_t c = 0; c < classes; c++) {
        float *z = l->scores + c * n + begin;
        const double *at = l->anchored ? l->anchored + c * n + begin : NULL;
        for (size_t i = 0; i < m; i++) {
            const double e = exp((at ? at[i] + (double)z[i] : (double)z[i]) - top[i]);
            sum[i] += e;
            z[i] = (float)e;
        }
    }
    for (size_t i = 0; i < m; i++) {
        loss += top[i] + log(sum[i]);
        sum[i] = 1 / sum[i];
    }
    for (size_t c = 0; c < classes; c++) {
        float *z = l->scores + c * n + begin;
        for (size_t i = 0; i < m; i++) z[i] = (float)((double)z[i] * sum[i]) - (y[i] == c ? 1.0f : 0.0f);
    }
    return loss;
}

static double logistic_softmax(wn_logistic *l) {
    const size_t n = l->rows.n;
    double loss = 0;
    for (size_t i = 0; i < n; i += BLOCK) loss += softmax_block(l, i, n - i < BLOCK ? n - i : BLOCK);
    return loss;
}

double wn_logistic_loss(wn_logistic *l, const double *w) {
    logistic_scores(l, w);
    return logistic_softmax(l);
}

/* liblbfgs's callback: instance is the wn_logistic; g = gradient at w, returns the objective. */
static double logistic_evaluate(void *instance, const double *w, double *g, const int cells, const double step) {
    (void)cells, (void)step;
    wn_logistic *l = instance;
    const size_t n = l->rows.n, d = l->rows.d, classes = l->rows.classes;
    if (wn_interrupted()) { /* flat and below all: no step follows */
        memset(g, 0, classes * d * sizeof *g);
        return 0;
    }
    const double scale = 1 / (double)n, loss = wn_logistic_loss(l, w);
    wn_gemm_packed(l->scores, n, classes, &l->by_column, l->g, d, 0);
    double square = 0;
    for (size_t c = 0, i = 0; c < classes; c++)
        for (size_t j = 0; j < d; j++, i++) {
            const double shrunk = l->rows.shrink[j] * w[i];
            square += shrunk * w[i];
            g[i] = scale * (double)l->g[i] + l->penalty * shrunk;
        }
    const double objective = scale * loss + l->penalty / 2 * square;
    l->broken |= !isfinite(objective);
    return objective;
}

static wn_code logistic_steps(wn_logistic *l, const wn_logistic_effort *effort, double *w, wn_err *err) {
    const int cells = (int)(l->rows.classes * l->rows.d);
    const size_t held = (2 * CORRECTIONS + 5) * ((size_t)cells + VECTOR) * sizeof(double);
    lbfgs_parameter_t p;
    lbfgs_parameter_init(&p);
    p.m = CORRECTIONS;
    p.epsilon = 1e-9;
    p.past = 3;
    p.delta = effort->fall;
    p.max_iterations = (int)effort->steps;
    wn_code code = wn_mem_hold(held, err);
    if (code != WN_OK) return code;
    const int rc = lbfgs(cells, w, NULL, logistic_evaluate, NULL, l, &p);
    wn_mem_unhold(held);
    if ((code = wn_tick(NULL, "logistic regression", "rows", 0, l->rows.n, err)) != WN_OK) return code;
    if (rc == LBFGSERR_OUTOFMEMORY)
        return wn_err_set(err, WN_EMEMORY, "no memory for the steps of the probe, %zu bytes", held);
    if (l->broken)
        return wn_err_set(err, WN_EINPUT,
                          "the probe's objective is not a finite number, the penalty being %g: normalise "
                          "the rows, or choose another c",
                          l->penalty);
    /* From LBFGSERR_OUTOFINTERVAL on: no step leads lower that rounding could tell, or the last step was reached. The
     * weights are the best ones seen. */
    if (rc < 0 && rc < LBFGSERR_OUTOFINTERVAL) return wn_err_set(err, WN_EINTERNAL, "liblbfgs: error %d", rc);
    return WN_OK;
}

static double dot_lanes(const double *w, const float *x, size_t d) {
    double lane[4] = {0};
    size_t j = 0;
    for (; j + 4 <= d; j += 4)
        for (size_t k = 0; k < 4; k++) lane[k] += w[j + k] * (double)x[j + k];
    for (; j < d; j++) lane[0] += w[j] * (double)x[j];
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

static wn_code logistic_anchor(wn_logistic *l, const double *w, wn_err *err) {
    const size_t n = l->rows.n, d = l->rows.d, classes = l->rows.classes;
    if (!l->anchored && !(l->anchored = wn_alloc(classes, n * sizeof *l->anchored, err))) return WN_EMEMORY;
    if (!l->anchor && !(l->anchor = wn_alloc(classes, d * sizeof *l->anchor, err))) return WN_EMEMORY;
    memcpy(l->anchor, w, classes * d * sizeof *w);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < classes; c++) l->anchored[c * n + i] = dot_lanes(w + c * d, l->rows.x[i], d);
    return WN_OK;
}

wn_code wn_logistic_minimise(wn_logistic *l, double penalty, const wn_logistic_effort *effort, double *w, wn_err *err) {
    const wn_logistic_effort near = {1e-4, effort->steps}, last = {1e-10, effort->steps};
    l->penalty = penalty;
    if (effort->fall > 0) return logistic_steps(l, effort, w, err);
    wn_code code = logistic_steps(l, &near, w, err);
    if (code != WN_OK || (code = logistic_anchor(l, w, err)) != WN_OK) return code;
    return logistic_steps(l, &last, w, err);
}
