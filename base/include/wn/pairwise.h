#ifndef WINNOW_PAIRWISE_H
#define WINNOW_PAIRWISE_H
/* Similarities of rows, in blocks: never an n x n matrix. The numeric heart that similarity and selector share.
 *
 * Every inner product is one chain of fused multiply-adds over k = 0 .. d-1 in f32, so its bits do not depend on
 * block sizes, threads or the side a row stands on. AVX-512 and AVX2 give the same bits; elsewhere the chain
 * multiplies and adds in two roundings. Sums over rows are in double, in a fixed order. */
#include <stdbool.h>
#include <stddef.h>
#include <wn/gemm.h>
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/kernel.h>
#include <winnow/progress.h>

/* n rows of floats, `stride` floats apart. */
typedef struct {
    const float *rows;
    size_t stride, n;
} wn_row_block;

/* out[a.n, b.n] = k(a_i, b_j) for rows of d floats; rows of out are ldo apart. O(a.n b.n d), one thread. */
wn_code wn_pair_tile(const wn_kernel *k, wn_row_block a, wn_row_block b, size_t d, float *out, size_t ldo, wn_err *err);

/* out[m, whole panels of b] = k(rows[i], b_j) for m <= WN_GEMM_ROWS rows given by pointer; columns beyond b->n are of
 * no use. Fast where b fits the second-level cache (wn_packed_columns). One thread, no allocation. */
void wn_pair_rows(const wn_kernel *k, const float *const *rows, size_t m, const wn_packed *b, float *out,
                  size_t ldo);

/* sums[i] = sum over j != i of k(x_i, x_j), i < n. One symmetric pass: n^2 d / 2 multiply-adds, exp fused into the
 * tile, all threads, O(threads * tile) memory beyond x. Not of the kernel ball. */
wn_code wn_pair_rowsums(const wn_kernel *k, const wn_mat *x, double *sums, wn_progress *p, wn_err *err);

/* sums[i] += sum over j < ny of k(x_rows[i], x_cols[j]), for nx rows and ny columns given by index into x
 * (rows == NULL: 0 .. nx-1). All threads; the bits depend neither on threads nor on how `rows` is split into calls. */
wn_code wn_pair_sums(const wn_kernel *k, const wn_mat *x, const size_t *rows, size_t nx, const size_t *cols, size_t ny,
                     double *sums, wn_err *err);

/* lanes[i mod 8] += max(v[i] - low[i], 0), and += min(max(v[i], 0), high[i]), i < n: the same bits everywhere. */
void wn_pair_above(const float *v, const double *low, size_t n, double lanes[8]);
void wn_pair_below(const float *v, const double *high, size_t n, double lanes[8]);

/* lanes[i mod 8] += what |v[i]| adds to a root: |v| / (sqrt(has + |v|) + sqrt(has)), 0 where v is 0. has: [2, n] for
 * values above and below 0, root: [2, n] its roots. The same bits everywhere. */
void wn_pair_roots(const float *v, const double *has, const double *root, size_t n, double lanes[8]);

/* The pairs column < row of n rows in pieces: rows [r0, r1) against a block of columns [c0, c1), down the rows of a
 * block and then on to the next block. Start from zeros; false after the last piece. */
typedef struct {
    size_t c0, c1, r0, r1;
} wn_pair_piece;
bool wn_pair_next(wn_pair_piece *p, size_t n, size_t columns, size_t rows);

#endif
