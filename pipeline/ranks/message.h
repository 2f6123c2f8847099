#ifndef WN_PIPELINE_RANKS_MESSAGE_H
#define WN_PIPELINE_RANKS_MESSAGE_H
/* What rank 0 broadcasts before the arrays that go with it; all ranks run the same program on the same kind of machine.
 * Each order goes: message; all agree, with room made; arrays; work; all agree. */
#include "ranks.h"

typedef enum {
    WN_RANKS_READ = 1,
    WN_RANKS_SPACE,
    WN_RANKS_SELECT,
    WN_RANKS_PARTS,
    WN_RANKS_NEAREST,
    WN_RANKS_END
} wn_ranks_order;

typedef struct {
    uint32_t order;
    wn_ranks_rows rows;  /* its list is an array */
    size_t dims;         /* of the space */
    wn_select_opts o;    /* keep, exclude are arrays; what else points is NULL */
    wn_partition_opts p; /* label is an array */
    size_t count;        /* parts to do, or rows to be near to */
} wn_ranks_message;

/* ---- share.c: what all ranks do alike ---- */

/* The rows of x of a rank's share of n. */
wn_mat wn_ranks_share(const wn_mat *x, const wn_comm *comm);

/* One round of parts: rank i does todo[at + i], if there is such a one. picks [size] at rank 0, of which it gets the
 * first ntodo - at; ids are wn_free'd by who takes them. */
typedef struct {
    const wn_mat *x;
    const wn_select_opts *o;
    const wn_partition_opts *p;
    const size_t *todo;
    size_t ntodo, at;
} wn_ranks_round;
wn_code wn_ranks_do_round(wn_part_picks *picks, const wn_ranks_round *round, wn_comm *comm, wn_err *err);

/* near [n], sim [n] at rank 0: for the rows of each share their nearest of `to`. */
wn_code wn_ranks_do_nearest(size_t *nearest, float *sim, const wn_mat *share, size_t n, const wn_mat *to, wn_comm *comm,
                            wn_progress *p, wn_err *err);

#endif
