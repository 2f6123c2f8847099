#ifndef WN_PIPELINE_RANKS_H
#define WN_PIPELINE_RANKS_H
/* What rank 0 asks of the others. After an error of any of these, which all ranks share, nothing more can be asked but
 * wn_ranks_end. */
#include <winnow/rows.h>
#include <winnow/stages.h>
#include <wn/spread.h>

struct wn_ranks {
    wn_comm comm;
    bool over; /* the others have ended, or are about to */
    size_t n;  /* rows that are shared */
    double assign_seconds;
    uint64_t assign_bytes; /* received at rank 0 */
    bool exact;            /* they chose by one greedy, which cost: */
    wn_spread_cost cost;
    size_t k;     /* picks of it */
    size_t parts; /* parts that they went through */
    double parts_seconds;
};

/* The ranks that mpirun started, or this process alone. */
wn_code wn_ranks_open(wn_ranks *r, wn_err *err);
static inline bool wn_ranks_many(const wn_ranks *r) {
    return r && r->comm.size > 1 && !r->over;
}
/* WN_OK where all have it; with one process nothing happens. */
wn_code wn_ranks_agree(wn_ranks *r, wn_code code, wn_err *err);
/* Tells the others that the work is over, and lets go of MPI. */
void wn_ranks_end(wn_ranks *r);

/* Which rows are read: all n of the files, or those named. */
typedef struct {
    size_t n;
    const size_t *rows; /* [n] rising; NULL: all */
    bool whole;         /* each rank reads all of them, not its share */
    bool as_they_are;   /* not normalised */
} wn_ranks_rows;
/* They read; rank 0 reads meanwhile, and calls wn_ranks_agree. */
wn_code wn_ranks_read(wn_ranks *r, const wn_ranks_rows *rows, wn_err *err);
/* Their rows, where the choice compares them: v->space. */
wn_code wn_ranks_space(wn_ranks *r, const wn_vectors *v, const wn_copies *c, const wn_space_opts *o, wn_io *io,
                       wn_err *err);

/* wn_select(x, o): the exact greedy of all ranks. */
wn_code wn_ranks_select(wn_ranks *r, const wn_mat *x, const wn_select_opts *o, wn_selection *out, wn_err *err);
/* The first round of some parts, a part a rank at a time. */
wn_code wn_ranks_parts(wn_ranks *r, const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                       const wn_choice_todo *todo, wn_err *err);
/* wn_sim_nearest(x, chosen, k, nearest, sim), each rank for its share of x. */
wn_code wn_ranks_nearest(wn_ranks *r, const wn_mat *x, const size_t *chosen, size_t k, size_t *nearest, float *sim,
                         wn_progress *p, wn_err *err);

/* The other ranks: does what it is told. `in` is open. */
wn_code wn_ranks_serve(wn_ranks *r, const wn_matrices *in, wn_err *err);

#endif
