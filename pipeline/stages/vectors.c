#include <winnow/stages.h>

#include <winnow/mem.h>
#include <winnow/threads.h>

enum { ROWS = 256 };

static void scan_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const wn_vectors *v = ctx;
    for (size_t i = begin; i < end; i++) {
        const float *row = wn_mat_row(&v->x, i);
        size_t at = 0;
        while (at < v->x.cols && row[at] == 0) at++;
        v->zero[i] = at == v->x.cols;
    }
}

wn_code wn_vectors_scan(wn_vectors *v, const wn_copies *c, wn_err *err) {
    v->zero = wn_alloc(v->x.rows, sizeof *v->zero, err);
    if (!v->zero) return WN_EMEMORY;
    wn_parallel_for(v->x.rows, ROWS, scan_rows, v);
    v->zero_rows = 0;
    for (size_t i = 0; i < c->n; i++) v->zero_rows += v->zero[c->x_row[i]];
    return WN_OK;
}

void wn_vectors_free(wn_vectors *v) {
    wn_mat_free(&v->x);
    wn_mat_free(&v->space);
    wn_free(v->zero);
    *v = (wn_vectors){0};
}
