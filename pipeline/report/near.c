#include "near.h"

#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/failure.h>
#include <wn/pairwise.h>

enum { GRAIN = 32 }; /* rows of a piece */

typedef struct {
    const wn_near_opts *o;
    uint32_t *near;
    float *sim, *scratch;
    size_t room; /* floats of scratch of a thread */
    wn_failure failure;
} near_job;

/* The first `count` of s[0 .. m) in falling order, by insertion: most of m never enter. */
static void near_best(const float *s, size_t m, size_t skip, size_t count, uint32_t *at, float *best) {
    size_t n = 0;
    for (size_t j = 0; j < m; j++) {
        if (j == skip || (n == count && !(s[j] > best[n - 1]))) continue;
        size_t i = n < count ? n++ : n - 1;
        for (; i > 0 && s[j] > best[i - 1]; i--) best[i] = best[i - 1], at[i] = at[i - 1];
        best[i] = s[j], at[i] = (uint32_t)j;
    }
}

static void near_piece(void *ctx, size_t begin, size_t end, int worker) {
    near_job *job = ctx;
    const wn_near_opts *o = job->o;
    const wn_kernel cosine = {WN_COSINE, 0};
    size_t m = o->among->rows, d = o->among->cols, n = end - begin;
    float *rows = job->scratch + (size_t)worker * job->room, *out = rows + GRAIN * o->among->stride;
    float *best = out + GRAIN * m;
    wn_err err = {0};
    for (size_t i = 0; i < n; i++)
        memcpy(rows + i * o->among->stride, wn_mat_row(o->x, o->rows[begin + i]), d * sizeof *rows);
    wn_row_block a = {rows, o->among->stride, n}, b = {o->among->data, o->among->stride, m};
    if (wn_pair_tile(&cosine, a, b, d, out, m, &err) != WN_OK) {
        wn_failure_note(&job->failure, &err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = (begin + i) * o->count;
        near_best(out + i * m, m, o->same ? begin + i : m, o->count, job->near + at, job->sim ? job->sim + at : best);
    }
}

static size_t near_room(size_t m, size_t stride) {
    return GRAIN * (stride + m) + m;
}

wn_code wn_near_find(uint32_t *near, float *sim, const wn_near_opts *o, wn_err *err) {
    near_job job = {o, near, sim, NULL, near_room(o->among->rows, o->among->stride), WN_FAILURE_INIT};
    job.scratch = wn_alloc((size_t)wn_threads_get() * job.room, sizeof *job.scratch, err);
    if (!job.scratch) return WN_EMEMORY;
    wn_parallel_for(o->n, GRAIN, near_piece, &job);
    wn_free(job.scratch);
    return wn_failure_take(&job.failure, err);
}

size_t wn_near_memory(size_t m, size_t d) {
    return (size_t)wn_threads_get() * near_room(m, d + 16) * sizeof(float);
}
