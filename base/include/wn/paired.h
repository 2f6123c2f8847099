#ifndef WINNOW_PAIRED_H
#define WINNOW_PAIRED_H
/* y = x W^T with fewer multiplications than the plain product has.
 *
 * Two rows of x, two or three parts of k and as many of the columns are blocks of a small matrix product: 7 products
 * for 8 with halves (V. Strassen, Gaussian elimination is not optimal, 1969), 15 for 18 with thirds, where W is wide
 * enough (J. E. Hopcroft and L. R. Kerr, On minimizing the number of multiplications necessary for matrix
 * multiplication, 1971). Which rows are partners is the caller's choice, and a row's bits depend on itself and its
 * partner alone: who pairs rows within a text gets the same bits for it in any batch, on any number of threads. A row
 * without a partner costs what a plain product costs. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

/* Rows 0 .. m-1, each once: first[0 .. pairs) are rows whose partner is the next row, first[pairs .. pairs + singles)
 * rows on their own. Borrowed. */
typedef struct {
    const uint32_t *first;
    size_t pairs, singles;
} wn_row_pairs;

static inline size_t wn_row_pairs_rows(const wn_row_pairs *r) {
    return 2 * r->pairs + r->singles;
}

typedef struct {
    size_t n, k;
    bool integers;      /* of 16 bits */
    void *data;         /* the combinations of W's blocks in panels: 7/4 of W, 5/3 with thirds */
    float *scale;       /* [2][n] each row's size, and its negative; for integers in each block of k */
    uint32_t *start;    /* [blocks of k][7][n / 2] integers only, which take halves: where the sums of a column begin */
    const void *kern;   /* whose panels they are */
    const void *scheme; /* which combinations */
} wn_paired;

/* Whether W [n, k] can be taken: n a multiple of 64, k even, neither 0. */
bool wn_paired_fits(size_t n, size_t k);
/* Packs W [n, k], rows k apart. */
wn_code wn_paired_init(wn_paired *p, const float *w, size_t n, size_t k, wn_err *err);
/* The same in 16-bit integers, faster and less exact: within each block of 2 * 192 values of k, rows of W are rounded
 * to integers of at most 1182 times the row's size there, rows of x of at most 2364; the sums are exact. What is not
 * finite makes its row of x, or its column of y, NaN. k a multiple of 8; only where wn_paired_has16. */
bool wn_paired_has16(void); /* whether this processor has kernels for it */
bool wn_paired_fits16(size_t n, size_t k);
wn_code wn_paired_init16(wn_paired *p, const float *w, size_t n, size_t k, wn_err *err);
void wn_paired_free(wn_paired *p); /* empties *p; NULL is fine */

/* Floats of scratch that wn_paired_apply needs for up to n columns, 64-byte aligned. */
size_t wn_paired_scratch(size_t n);
/* Told of finished elements while they are in a cache: `rows` rows of y, `stride` floats apart, columns column ..
 * column + columns - 1, the first of them at y. Every element is told of once. */
typedef void (*wn_paired_finish)(void *ctx, float *y, size_t rows, size_t stride, size_t column, size_t columns);
/* y[m, n] = x[m, k] W^T + bias[n], rows ldx and ldy apart; x, y and scratch do not overlap. One thread, no allocation;
 * bias and finish may be NULL. */
void wn_paired_apply(const wn_paired *p, const float *x, size_t ldx, const wn_row_pairs *rows, const float *bias,
                     float *y, size_t ldy, float *scratch, wn_paired_finish finish, void *ctx);

#endif
