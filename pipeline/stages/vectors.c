#include "axes.h"

#include <winnow/mem.h>
#include <winnow/threads.h>

enum { ROWS = 256 };

typedef struct {
    bool *zero;
    const wn_mat *x;
} zero_rows;

static void zero_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const zero_rows *z = ctx;
    for (size_t i = begin; i < end; i++) z->zero[i] = wn_mat_row_zero(z->x, i);
}

void wn_vectors_zero(bool *zero, const wn_mat *x) {
    zero_rows z = {zero, x};
    wn_parallel_for(x->rows, ROWS, zero_task, &z);
}

wn_code wn_vectors_scan(wn_vectors *v, const wn_copies *c, wn_err *err) {
    v->zero = wn_alloc(v->x.rows, sizeof *v->zero, err);
    if (!v->zero) return WN_EMEMORY;
    wn_vectors_zero(v->zero, &v->x);
    v->zero_rows = 0;
    for (size_t i = 0; i < c->n; i++) v->zero_rows += v->zero[c->x_row[i]];
    return WN_OK;
}

void wn_vectors_free(wn_vectors *v) {
    wn_mat_free(&v->x);
    wn_mat_free(&v->space);
    wn_mat_free(&v->had);
    wn_mat_free(&v->had_space);
    wn_free(v->zero);
    *v = (wn_vectors){0};
}
