#include "linear.h"

#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

/* Columns [begin, end) of T: rows are added from first to last, so the bits do not depend on threads. */
static void sum_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    wn_linear *l = ctx;
    for (size_t i = 0; i < l->r->n; i++) {
        const float *x = wn_mat_row(l->r->x, i);
        for (size_t c = begin; c < end; c++) l->T[c] += (double)x[c];
    }
}

wn_code wn_linear_init(wn_linear *l, const wn_run *r, wn_err *err) {
    *l = (wn_linear){.r = r};
    double *all = wn_alloc(3, r->d * sizeof *all, err);
    if (!all) return WN_EMEMORY;
    l->T = all;
    l->P = all + r->d;
    l->v = all + 2 * r->d;
    wn_parallel_for(r->d, 64, sum_task, l);
    memcpy(l->v, l->T, r->d * sizeof *l->v);
    return WN_OK;
}

void wn_linear_free(wn_linear *l) {
    if (!l) return;
    wn_free(l->T);
    *l = (wn_linear){0};
}

void wn_linear_pick(wn_linear *l, size_t id) {
    const float *x = wn_mat_row(l->r->x, id);
    for (size_t c = 0; c < l->r->d; c++) {
        l->P[c] += (double)x[c];
        l->v[c] = l->T[c] - l->r->scale * l->P[c];
    }
}
