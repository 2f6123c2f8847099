#ifndef WN_SELECTOR_FIRST_ROUND_H
#define WN_SELECTOR_FIRST_ROUND_H
/* k rows of a part. */
#include "partition/split.h"
#include "partition/sums.h"

/* What all parts have in common. x, o and p must outlive it. */
typedef struct {
    const wn_mat *x;
    const wn_select_opts *o; /* with lambda as used */
    const wn_partition_opts *p;
    double *sums;            /* [d] graph-cut over cosine and dot: the sum of all rows; NULL: none */
    wn_part_picks stand_ins; /* by label: k rows of a sample, for those that other parts will pick; else empty */
} wn_first_round;

wn_code wn_first_round_open(wn_first_round *r, const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                            wn_err *err);
wn_code wn_first_round_pick(wn_part_picks *out, const wn_first_round *r, size_t part, wn_err *err);
void wn_first_round_close(wn_first_round *r);
size_t wn_first_round_bytes(size_t rows, size_t d); /* of a part's own copy */

/* Rows that the first round's sums are over; and what is left of the memory allowed (0: no bound) beside `held`. */
size_t wn_partition_sample(const wn_partition_opts *p);
size_t wn_partition_left(size_t memory, size_t held);
/* Rows of the ground set, by weight. */
double wn_partition_ground(const wn_mat *x, const wn_select_opts *o);

#endif
