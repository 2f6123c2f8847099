#include "objective/evaluate.h"

#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { ROWS = 64 };

typedef struct {
    const wn_evaluation *e;
    double (*contribution)(const wn_evaluation *e, size_t row);
    double *partial; /* [ceil(n / ROWS)], added up in order */
} evaluate_job;

double wn_evaluate_pair(const wn_evaluation *e, size_t a, size_t b) {
    const wn_kernel *kernel = &e->o->kernel;
    const float *x = wn_mat_row(e->g->of, a), *y = wn_mat_row(e->g->x, b);
    double s = 0;
    if (kernel->kind == WN_PRECOMPUTED) return (double)y[a];
    for (size_t c = 0; c < e->g->d; c++) s += (double)x[c] * (double)y[c];
    if (kernel->kind == WN_BALL) return s > 1 - kernel->gamma * kernel->gamma / 2;
    return kernel->kind == WN_RBF ? exp(kernel->gamma * (s - 1)) : s;
}

static void evaluate_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const evaluate_job *j = ctx;
    for (size_t i = begin; i < end; i++) j->partial[begin / ROWS] += j->contribution(j->e, i);
}

wn_code wn_evaluate_sum(const wn_evaluation *e, double (*contribution)(const wn_evaluation *e, size_t row),
                        double *value, wn_err *err) {
    size_t n = e->g->of->rows, pieces = (n + ROWS - 1) / ROWS;
    evaluate_job j = {e, contribution, wn_alloc(pieces, sizeof(double), err)};
    if (!j.partial) return WN_EMEMORY;
    wn_parallel_for(n, ROWS, evaluate_task, &j);
    *value = 0;
    for (size_t p = 0; p < pieces; p++) *value += j.partial[p];
    wn_free(j.partial);
    return WN_OK;
}
