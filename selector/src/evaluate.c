/* f(S) from its definition, with none of the shortcuts of the maximizers: everything in double, pair by pair. */
#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "run.h"

enum { ROWS = 64 };

typedef struct {
    const wn_mat *x;
    const wn_select_opts *o;
    const size_t *ids;
    size_t k;
    double lambda;
    bool *chosen;    /* [n] */
    double *partial; /* [ceil(n / ROWS)], added up in order: the same sum for any number of threads */
} job;

static double similarity(const job *j, size_t a, size_t b) {
    const float *x = wn_mat_row(j->x, a), *y = wn_mat_row(j->x, b);
    double s = 0;
    for (size_t c = 0; c < j->x->cols; c++) s += (double)x[c] * (double)y[c];
    return j->o->kernel.kind == WN_RBF ? exp(j->o->kernel.gamma * (s - 1)) : s;
}

/* What row i adds. Within S every pair is met twice, hence lambda / 2. */
static double contribution(const job *j, size_t i) {
    double sum = 0, nearest = 0;
    for (size_t c = 0; c < j->k; c++) {
        double s = similarity(j, i, j->ids[c]);
        if (s > nearest) nearest = s;
        if (j->ids[c] != i) sum += s;
    }
    if (j->o->objective == WN_FACILITY_LOCATION) return nearest;
    return j->chosen[i] ? -0.5 * j->lambda * sum : sum;
}

static void task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    job *j = ctx;
    for (size_t i = begin; i < end; i++) j->partial[begin / ROWS] += contribution(j, i);
}

wn_code wn_select_evaluate(const wn_mat *x, const wn_select_opts *o, const size_t *ids, size_t k, double *value,
                           wn_err *err) {
    job j = {.x = x, .o = o, .ids = ids, .k = k, .lambda = k ? wn_select_lambda(o->lambda, x->rows, k) : 0};
    size_t pieces = (x->rows + ROWS - 1) / ROWS;
    double sum = 0;
    wn_code code = WN_EMEMORY;
    if (!(j.chosen = wn_alloc(x->rows, sizeof *j.chosen, err))) goto out;
    if (!(j.partial = wn_alloc(pieces, sizeof *j.partial, err))) goto out;
    for (size_t c = 0; c < k; c++) {
        bool twice = ids[c] < x->rows && j.chosen[ids[c]];
        if (ids[c] >= x->rows || twice) {
            code =
                wn_err_set(err, WN_EUSAGE, "evaluate: row %zu %s", ids[c], twice ? "is named twice" : "does not exist");
            goto out;
        }
        j.chosen[ids[c]] = true;
    }
    if (o->objective != WN_RANDOM) wn_parallel_for(x->rows, ROWS, task, &j);
    for (size_t p = 0; p < pieces; p++) sum += j.partial[p];
    code = WN_OK;
    *value = sum;
out:
    wn_free(j.partial);
    wn_free(j.chosen);
    return code;
}
