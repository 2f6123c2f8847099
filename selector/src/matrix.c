#include "matrix.h"

#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/pairwise.h>

enum { BLOCK = 64, BLOCKS_A_TICK = 16, COLUMNS = 1024 };

typedef struct {
    const wn_run *r;
    float *W;
    size_t first;
    wn_failure failure;
} fill_job;

static void fill_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    fill_job *j = ctx;
    const wn_mat *x = j->r->x;
    size_t i = j->first + begin, n = x->rows;
    wn_err err = {0};
    for (size_t c = 0; c < n; c += COLUMNS) {
        size_t columns = n - c < COLUMNS ? n - c : COLUMNS;
        if (wn_pair_tile(&j->r->o->kernel, wn_mat_row(x, i), x->stride, end - begin, wn_mat_row(x, c), x->stride,
                         columns, x->cols, j->W + i * n + c, n, &err) != WN_OK)
            wn_failure_note(&j->failure, &err);
    }
}

size_t wn_matrix_bytes(size_t n) {
    size_t cells = 0, bytes = 0;
    return __builtin_mul_overflow(n, n, &cells) || __builtin_mul_overflow(cells, sizeof(float), &bytes) ? SIZE_MAX
                                                                                                        : bytes;
}

wn_code wn_matrix_fill(const wn_run *r, float **out, wn_err *err) {
    size_t n = r->n;
    fill_job job = {.r = r, .failure = WN_FAILURE_INIT};
    wn_code code = WN_OK;
    if (!(job.W = wn_alloc(n, n * sizeof(float), err))) return WN_EMEMORY;
    for (; job.first < n && code == WN_OK; job.first += BLOCK * BLOCKS_A_TICK) {
        size_t rows = n - job.first < BLOCK * BLOCKS_A_TICK ? n - job.first : BLOCK * BLOCKS_A_TICK;
        wn_parallel_for(rows, BLOCK, fill_task, &job);
        code = wn_failure_take(&job.failure, err);
        if (code == WN_OK) code = wn_tick(r->o->progress, "similarities", "rows", job.first + rows, n, err);
    }
    if (code != WN_OK)
        wn_free(job.W);
    else
        *out = job.W;
    return code;
}
