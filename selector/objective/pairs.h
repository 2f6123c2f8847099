#ifndef WINNOW_SELECTOR_PAIRS_H
#define WINNOW_SELECTOR_PAIRS_H
/* Objectives over all pairs: each row that is to be represented has a number, which is all that it knows of the picks,
 * and x gains the sum over i of weight_i times a function of that number and of the similarity of x and i. Over a
 * materialised W, or with rows of W computed again when needed (O(n d) a refreshed gain).
 *
 * Both add over i into eight lanes by i mod 8, so they agree to the last bit. Where a term only falls as picks come,
 * the gain falls in floating point too, since rounding is monotone: a gain computed earlier is an upper bound. */
#include <wn/failure.h>

#include "objective/objective.h"

/* What is done with n similarities w of one row and the numbers `state` of as many rows. */
typedef struct {
    /* lanes[i mod 8] += weight[i] times what i adds to the gain; weight NULL: once each. */
    void (*gain)(const float *w, const double *state, const double *weight, size_t n, double lanes[WN_LANES]);
    /* The row is picked. */
    void (*take)(const float *w, double *state, size_t n);
} wn_pairs_rule;
extern const wn_pairs_rule wn_facility_rule, wn_saturated_rule;

typedef struct {
    const wn_ground *g;
    const wn_kernel *kernel;
    const wn_pairs_rule *rule;
    wn_progress *progress;
    size_t n;      /* rows to be represented, mostly those of x */
    double *state; /* [n] 0 at first */
    const float *W; /* [rows of x, n], `width` floats apart; NULL: matrix-free */
    size_t width;
    float *own; /* W where it was made here; else it is x, of given similarities */
    size_t stride;
    float *scratch; /* [threads] of some rows of x and a tile of similarities */
    size_t scratch_size;
    const size_t *ids; /* the batch at hand */
    double *out;
    const float *pick; /* the row just taken */
    wn_failure failure;
} wn_pairs;

/* Parts of a wn_objective_vt, whose state is a wn_pairs. Bytes: n floats a row of x when dense. */
size_t wn_pairs_bytes(const wn_select_opts *o, size_t n, size_t d, bool dense);
/* *f must be closed even on error. */
wn_code wn_pairs_open(void **f, const wn_ground *g, const wn_select_opts *o, const wn_pairs_rule *rule, bool dense,
                      wn_err *err);
wn_code wn_pairs_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err);
wn_code wn_pairs_add(void *f, size_t row, wn_err *err);
void wn_pairs_close(void *f);

#endif
