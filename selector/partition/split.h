#ifndef WINNOW_SELECTOR_PARTITION_SPLIT_H
#define WINNOW_SELECTOR_PARTITION_SPLIT_H
/* Which rows a part has. */
#include <winnow/partition.h>

/* Rows of a part: its share of an order of all rows, and the must-keep rows; numbers in the whole. */
typedef struct {
    size_t *row, n;         /* [n] rising */
    size_t *keep, *exclude; /* [nkeep], [nexclude] places in `row` */
    size_t nkeep, nexclude;
} wn_part;

/* O(n), by label O(n log n). Release with wn_part_free, whatever it returned. */
wn_code wn_part_make(wn_part *out, size_t n, const wn_select_opts *o, const wn_partition_opts *p, size_t part,
                     wn_err *err);
/* The same of m rows and the must-keep ones. */
wn_code wn_part_of_rows(wn_part *out, size_t n, const wn_select_opts *o, const size_t *rows, size_t m, wn_err *err);
void wn_part_free(wn_part *p);
/* The most rows of a part but for the must-keep ones. */
size_t wn_part_rows(size_t n, size_t parts);

#endif
