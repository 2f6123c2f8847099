#ifndef WINNOW_NEAREST_H
#define WINNOW_NEAREST_H
/* For every row the nearest of some others. */
#include <stddef.h>
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/progress.h>

/* n rows of a matrix: rows[i], or the first n. A view. */
typedef struct {
    const wn_mat *m;
    const size_t *rows; /* NULL: 0 .. n-1 */
    size_t n;
} wn_some_rows;

/* For each of x->n rows the one of `to` (at least one, of as many columns) with the largest inner product, ties to the
 * first: its place in `to`, and that product. O(x.n to.n d), blocked, all threads. WN_EMEMORY, WN_EINTERRUPT; `phase`
 * names the work for progress. After an error the arrays hold nothing of use. */
wn_code wn_nearest(const wn_some_rows *x, const wn_some_rows *to, size_t *nearest, float *sim, const char *phase,
                   wn_progress *p, wn_err *err);

#endif
