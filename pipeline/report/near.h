#ifndef WN_REPORT_NEAR_H
#define WN_REPORT_NEAR_H
/* The rows of a small matrix that are nearest to each of some rows. */
#include <stdbool.h>
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>

typedef struct {
    const wn_mat *x;
    const size_t *rows; /* [n] of x */
    size_t n;
    const wn_mat *among; /* [m, d] */
    size_t count;        /* how many are wanted, <= m - same */
    bool same;           /* rows[i] is row i of `among`, which is none of its own neighbours */
} wn_near_opts;

/* near [n, count]: rows of `among` by falling inner product, ties to the lowest; sim [n, count] (may be NULL): those
 * products. O(n m d), all threads; the bits do not depend on how many. */
wn_code wn_near_find(uint32_t *near, float *sim, const wn_near_opts *o, wn_err *err);
size_t wn_near_memory(size_t m, size_t d); /* bytes while it runs */

#endif
