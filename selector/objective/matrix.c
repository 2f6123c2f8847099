#include "objective/matrix.h"

#include <wn/failure.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { BLOCK = 64, BLOCKS_A_TICK = 16, COLUMNS = 1024 };

typedef struct {
    const wn_mat *x, *of;
    const wn_kernel *kernel;
    float *W;
    size_t first;
    wn_failure failure;
} matrix_job;

static void matrix_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    matrix_job *j = ctx;
    const wn_mat *x = j->x, *of = j->of;
    size_t i = j->first + begin, n = of->rows;
    wn_err err = {0};
    for (size_t c = 0; c < n; c += COLUMNS) {
        size_t columns = n - c < COLUMNS ? n - c : COLUMNS;
        if (wn_pair_tile(j->kernel, (wn_row_block){wn_mat_row(x, i), x->stride, end - begin},
                         (wn_row_block){wn_mat_row(of, c), of->stride, columns}, x->cols, j->W + i * n + c, n,
                         &err) != WN_OK)
            wn_failure_note(&j->failure, &err);
    }
}

size_t wn_matrix_bytes(size_t n, size_t m, size_t rest) {
    size_t cells = 0, bytes = 0;
    return __builtin_mul_overflow(n, m, &cells) || __builtin_mul_overflow(cells, sizeof(float), &bytes) ||
                   __builtin_add_overflow(bytes, rest, &bytes)
               ? SIZE_MAX
               : bytes;
}

wn_code wn_matrix_fill(const wn_ground *g, const wn_kernel *kernel, wn_progress *p, float **out, wn_err *err) {
    size_t n = g->n;
    matrix_job job = {.x = g->x, .of = g->of, .kernel = kernel, .failure = WN_FAILURE_INIT};
    wn_code code = WN_OK;
    if (!(job.W = wn_alloc(n, g->of->rows * sizeof(float), err))) return WN_EMEMORY;
    for (; job.first < n; job.first += BLOCK * BLOCKS_A_TICK) {
        size_t rows = n - job.first < BLOCK * BLOCKS_A_TICK ? n - job.first : BLOCK * BLOCKS_A_TICK;
        wn_parallel_for(rows, BLOCK, matrix_task, &job);
        if ((code = wn_failure_take(&job.failure, err)) != WN_OK) goto out;
        if ((code = wn_tick(p, "similarities", "rows", job.first + rows, n, err)) != WN_OK) goto out;
    }
    *out = job.W;
    job.W = NULL;
out:
    wn_free(job.W);
    return code;
}
