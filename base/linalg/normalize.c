/* Rows of length 1. */
#include <winnow/data.h>

#include <math.h>
#include <stdatomic.h>
#include <winnow/threads.h>

enum { NORMALIZE_GRAIN = 256 }; /* rows of a piece */

/* What rounding leaves of a square of 1: such a row stays as it is, so that normalising twice is normalising once. */
static const double unit_tolerance = 0x1p-23;

typedef struct {
    wn_mat *x;
    atomic_size_t zero;
} normalizing;

static void normalize_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    normalizing *t = ctx;
    size_t zero = 0;
    for (size_t i = begin; i < end; i++) {
        float *row = wn_mat_row(t->x, i);
        double squares = 0;
        for (size_t k = 0; k < t->x->cols; k++) squares += (double)row[k] * (double)row[k];
        if (fabs(squares - 1) <= unit_tolerance) continue;
        const double norm = sqrt(squares);
        zero += norm == 0;
        for (size_t k = 0; norm > 0 && k < t->x->cols; k++) row[k] = (float)((double)row[k] / norm);
    }
    atomic_fetch_add(&t->zero, zero);
}

size_t wn_mat_normalize(wn_mat *x) {
    normalizing t = {.x = x};
    wn_parallel_for(x->rows, NORMALIZE_GRAIN, normalize_rows, &t);
    return atomic_load(&t.zero);
}
