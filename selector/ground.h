#ifndef WINNOW_SELECTOR_GROUND_H
#define WINNOW_SELECTOR_GROUND_H
/* The ground set: the rows that may be picked, and what is to be represented, which may be more than they. */
#include <math.h>
#include <winnow/select.h>

typedef struct {
    const wn_mat *x; /* [n, d] */
    const wn_mat *of; /* [m, d] what is represented: mostly x */
    size_t n, d;
    size_t first;         /* number of x's first row in the whole */
    double n_all;         /* rows of the whole; of x alone: the sum of weights */
    const wn_csr *graph;  /* [n, n], between rows of x; NULL: all pairs */
    const double *sums;   /* over the whole, [d] or [n]; NULL: over x */
    const double *weight; /* [n] how often a row is represented; NULL: once each */
    double *sq;           /* [n] squared norms in double, or the diagonal of given similarities; NULL where nobody reads
                           * rows */
    double sq_max;        /* the largest of them */
} wn_ground;

/* Looks at x and `o`, both of which must outlive it. Release with wn_ground_free. Weights that are all 1 are none.
 * WN_EUSAGE: a weight out of range. */
wn_code wn_ground_init(wn_ground *g, const wn_mat *x, const wn_select_opts *o, wn_err *err);
void wn_ground_free(wn_ground *g);
/* Checks rows and sums and fills sq. WN_EINPUT: not finite, or too large; WN_EUSAGE: not normalised. */
wn_code wn_ground_read(wn_ground *g, const wn_kernel *kernel, wn_err *err);

static inline double wn_ground_weight(const wn_ground *g, size_t row) {
    return g->weight ? g->weight[row] : 1.0;
}

/* lambda as used: NaN is auto. rows: of the ground set, by weight. */
static inline double wn_ground_lambda(double lambda, double rows, size_t k) {
    return isnan(lambda) ? fmax(0.0, rows / (double)k - 2.0) : lambda;
}

/* Long sums go into eight lanes by place modulo 8, added up in this order: the same bits on every processor. */
enum { WN_LANES = 8 };
static inline double wn_lanes_sum(const double s[WN_LANES]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* sums[d] = the rows of the whole, added up: g->sums, else those of x, piece by piece of WN_SUM_ROWS rows, each from
 * its first row to its last. */
void wn_ground_vector_sums(const wn_ground *g, double *sums);
enum { WN_SUM_ROWS = 65536 };
/* sums[d] goes on with rows [begin, end) of x: of one piece, whose rows stand in several processes. */
void wn_ground_add_rows(const wn_mat *x, size_t begin, size_t end, double *sums);
/* mean[d] of the rows of x by their weights; zeros where these are all 0. */
void wn_ground_mean(const wn_ground *g, double *mean);
/* sums[n] of rbf values over the whole, without the row itself: g->sums, else over x. Rounded to a grid that is coarser
 * than the rounding of the sum, so that equal rows have equal sums whatever the order of summation. O(n^2 d). */
wn_code wn_ground_rbf_sums(const wn_ground *g, const wn_kernel *kernel, wn_progress *p, double *sums, wn_err *err);

/* x . v in double, in lanes. */
double wn_ground_dot(const float *x, const double *v, size_t d);
/* |x - v|^2 in the same way: 0 where they are equal. */
double wn_ground_square(const float *x, const double *v, size_t d);

#endif
