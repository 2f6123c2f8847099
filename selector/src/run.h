#ifndef WINNOW_SELECTOR_RUN_H
#define WINNOW_SELECTOR_RUN_H
/* What every maximizer of this room shares: the state of one selection and the greedy's one comparison. */
#include <pthread.h>
#include <winnow/select.h>

typedef struct {
    const wn_mat *x; /* [n, d] */
    const wn_select_opts *o;
    size_t n, d;
    double scale;  /* 2 + lambda */
    double *sq;    /* [n] squared norms, in double */
    double sq_max; /* the largest of them */
    bool *taken;   /* [n] picked or excluded */
    wn_selection *out;
    size_t t; /* picks so far */
} wn_run;

/* True where (gain, id) goes before (best, best_id): the larger gain, ties to the lowest row. */
static inline bool wn_before(double gain, size_t id, double best, size_t best_id) {
    return gain > best || (gain == best && id < best_id);
}

/* Records a pick and marks it taken. */
void wn_run_take(wn_run *r, size_t id, double gain);
/* Reports picks done; WN_EINTERRUPT when asked to stop. */
wn_code wn_run_tick(const wn_run *r, wn_err *err);
/* Are must-keep rows left? Then o->keep[t] is the next pick, whatever the gains. */
static inline bool wn_run_forced(const wn_run *r) {
    return r->t < r->o->nkeep;
}

/* x . v in double, eight lanes in a fixed order: the same bits on every processor. */
double wn_dot(const float *x, const double *v, size_t d);

/* T[n] = row sums of the rbf kernel without the diagonal, rounded to a grid that is coarser than the rounding of the
 * sum, so that equal rows have equal sums whatever the order of summation. */
wn_code wn_rbf_sums(const wn_run *r, double *T, wn_err *err);

/* Reorders ids[n] so that the b (<= n) of largest key come first (ties: lowest id), in no order among themselves. O(n).
 */
void wn_top(size_t *ids, size_t n, size_t b, const double *key);

/* The first failure among the pieces of a parallel loop. Zero-initialise. */
typedef struct {
    pthread_mutex_t lock;
    wn_err err;
} wn_failure;
#define WN_FAILURE_INIT ((wn_failure){.lock = PTHREAD_MUTEX_INITIALIZER})
void wn_failure_note(wn_failure *f, const wn_err *err);
wn_code wn_failure_take(const wn_failure *f, wn_err *err);

/* The maximizers. Each picks until r->t == r->o->k. */
wn_code wn_graph_cut_dense(wn_run *r, wn_err *err);
wn_code wn_graph_cut_linear(wn_run *r, wn_err *err);
wn_code wn_graph_cut_rbf(wn_run *r, wn_err *err);
wn_code wn_facility_dense(wn_run *r, wn_err *err);
wn_code wn_facility_free(wn_run *r, wn_err *err);
wn_code wn_facility_graph(wn_run *r, wn_err *err);

/* Bytes beyond X that each allocates. */
size_t wn_graph_cut_dense_bytes(const wn_select_opts *o, size_t n, size_t d);
size_t wn_graph_cut_linear_bytes(const wn_select_opts *o, size_t n, size_t d);
size_t wn_graph_cut_rbf_bytes(const wn_select_opts *o, size_t n, size_t d);
size_t wn_facility_dense_bytes(const wn_select_opts *o, size_t n, size_t d);
size_t wn_facility_free_bytes(const wn_select_opts *o, size_t n, size_t d);
size_t wn_facility_graph_bytes(const wn_select_opts *o, size_t n, size_t d);

#endif
