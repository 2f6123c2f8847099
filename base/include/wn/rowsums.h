#ifndef WINNOW_ROWSUMS_H
#define WINNOW_ROWSUMS_H
/* The pieces that wn_pair_rowsums over rbf is made of, for rows that stand in several processes. Its sums are, to the
 * last bit, those of this order: the columns are cut into blocks of wn_packed_columns(d); the sum of row i takes, block
 * by block from the first one up to its own, the sum over those columns of the block that come before i; then, as a
 * column of its own block, the sums over pieces of WN_PIECE_ROWS rows, counted from the block's first row on. The piece
 * that has row i itself is added before the sum of row i over its own block. */
#include <winnow/data.h>
#include <winnow/kernel.h>
#include <wn/gemm.h>

enum { WN_PIECE_ROWS = 2016 }; /* whole strips of every kernel */

/* Columns [first, first + n) of the whole; room in `panels` is the caller's to make (wn_packed_reserve) and to free. */
typedef struct {
    size_t first, n;
    wn_packed panels;
} wn_column_block;

/* The n <= wn_packed_columns(x->cols) rows of x become columns from `first` on. */
void wn_column_block_fill(wn_column_block *b, const wn_mat *x, size_t first);
/* Rows of x, whose row 0 is row `first` of the whole, none before the block's own: row_sums[x->rows] over the columns
 * before each row; column_sums[n] += the same values, row by row. One thread, no allocation; column_sums has room for
 * wn_packed_width(&b->panels). rbf. */
void wn_column_block_sums(const wn_column_block *b, const wn_kernel *k, const wn_mat *x, size_t first, double *row_sums,
                          double *column_sums);

#endif
