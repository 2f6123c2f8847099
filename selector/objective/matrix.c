#include "objective/matrix.h"

#include <string.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

/* A block of columns at a time, packed once. Over x itself W is symmetric, to the last bit: the rows from the block on
 * are computed, and stand for its columns, too. */
typedef struct {
    const wn_mat *x;
    const wn_kernel *kernel;
    wn_packed columns;
    float *W;
    size_t n, begin, first; /* columns of W, the first of the block; row of the first piece */
    bool symmetric;
} matrix_job;

static void matrix_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const matrix_job *j = ctx;
    const size_t width = wn_packed_width(&j->columns), m = end - begin, columns = j->columns.n;
    const float *rows[WN_GEMM_ROWS] = {NULL};
    _Alignas(64) float tile[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    for (size_t i = 0; i < m; i++) rows[i] = wn_mat_row(j->x, j->first + begin + i);
    wn_pair_rows(j->kernel, rows, m, &j->columns, tile, width);
    for (size_t i = 0; i < m; i++)
        memcpy(j->W + (j->first + begin + i) * j->n + j->begin, tile + i * width, columns * sizeof *tile);
    for (size_t c = 0; c < columns && j->symmetric; c++) {
        float *row = j->W + (j->begin + c) * j->n + j->first + begin;
        const size_t twice = j->begin + columns > j->first + begin ? j->begin + columns - j->first - begin : 0;
        for (size_t i = twice; i < m; i++) row[i] = tile[i * width + c]; /* but within the block itself */
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
    const wn_mat *of = g->of;
    const size_t n = g->n, width = wn_packed_columns(g->d);
    matrix_job job = {.x = g->x, .kernel = kernel, .n = of->rows, .symmetric = of == g->x};
    const float *rows[WN_GEMM_COLUMNS];
    wn_code code = wn_kernel_check(kernel, err);
    if (code != WN_OK || (code = wn_packed_reserve(&job.columns, width, g->d, err)) != WN_OK) goto out;
    if (!(job.W = wn_alloc(n, of->rows * sizeof(float), err))) {
        code = WN_EMEMORY;
        goto out;
    }
    for (; job.begin < of->rows; job.begin += width) {
        const size_t columns = of->rows - job.begin < width ? of->rows - job.begin : width;
        for (size_t c = 0; c < columns; c++) rows[c] = wn_mat_row(of, job.begin + c);
        wn_packed_fill(&job.columns, rows, columns, g->d);
        job.first = job.symmetric ? job.begin : 0;
        wn_parallel_for(n - job.first, WN_GEMM_ROWS, matrix_task, &job);
        if ((code = wn_tick(p, "similarities", "columns", job.begin + columns, of->rows, err)) != WN_OK) goto out;
    }
    *out = job.W;
    job.W = NULL;
out:
    wn_packed_free(&job.columns);
    wn_free(job.W);
    return code;
}
