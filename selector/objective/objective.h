#ifndef WINNOW_SELECTOR_OBJECTIVE_H
#define WINNOW_SELECTOR_OBJECTIVE_H
/* What is maximised, seen by the generic maximizers: gains on top of the picks so far. One file an objective. */
#include "certificate.h"
#include "objective/evaluate.h"

enum {
    WN_GAINS_FALL = 1,             /* submodular: a gain never rises, in floating point too */
    WN_GAINS_FALL_NONNEGATIVE = 2, /* the same, where no similarity is negative (rbf) */
    WN_USES_LAMBDA = 4,
    WN_USES_ROWS = 8, /* looks at x, so x must be finite, and normalised where the kernel wants it */
    WN_USES_LABELS = 16,
    WN_SEEKS_COVERAGE = 32, /* that every row has something similar among the picks */
    WN_USES_SATURATION = 64,
    WN_USES_VALUE = 128
};

typedef struct {
    unsigned traits;
    unsigned (*traits_of)(const wn_select_opts *o); /* where it is `o` that decides them; NULL: `traits` */
    size_t (*bytes)(const wn_select_opts *o, size_t n, size_t d); /* beyond X; SIZE_MAX: uncountable */
    double (*work)(const wn_select_opts *o, double n, double d);  /* multiply-adds of a choice, roughly; NULL: few */
    /* *f: its own state, to be closed even on error. The ground and `o` (lambda as used) outlive it. */
    wn_code (*open)(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err);
    /* bound[n] >= the first gains, for less than they cost; *given is false where there are none. NULL: never any. */
    wn_code (*bounds)(void *f, double *bound, bool *given, wn_err *err);
    /* out[i] = gain of rows[i], i < m, in the same bits however the rows are grouped; equal rows have equal gains. */
    wn_code (*gains)(void *f, const size_t *rows, size_t m, double *out, wn_err *err);
    wn_code (*add)(void *f, size_t row, wn_err *err);
    /* After the last pick, before `finish`: lowers the bound of g->out (certificate.h). gain: [n] no less than the
     * gains of the rows that are left; NULL: nobody keeps any. NULL: there is no bound. */
    wn_code (*bound)(void *f, wn_finished *g, const double *gain, wn_err *err);
    /* Of a monotone submodular f: how far f of any set, as computed, may lie from f; relative NaN: it is not known.
     * Makes a bound where there is no other. NULL: f is no such function. */
    wn_certificate_error (*off)(const void *f, const wn_finished *g);
    /* After the last pick: what it has to say in `out`; NULL: nothing. */
    wn_code (*finish)(void *f, wn_selection *out, wn_err *err);
    void (*close)(void *f);                                                  /* NULL is fine */
    wn_code (*evaluate)(const wn_evaluation *e, double *value, wn_err *err); /* f(S) from its definition */
} wn_objective_vt;

extern const wn_objective_vt wn_objective_graph_cut;
extern const wn_objective_vt wn_objective_facility_dense, wn_objective_facility_free, wn_objective_facility_graph;
extern const wn_objective_vt wn_objective_saturated_dense, wn_objective_saturated_free, wn_objective_saturated_graph;
extern const wn_objective_vt wn_objective_disparity, wn_objective_log_determinant;
extern const wn_objective_vt wn_objective_features;
extern const wn_objective_vt wn_objective_herding, wn_objective_class_herding;
extern const wn_objective_vt wn_objective_given_cut; /* graph-cut over given similarities */
extern const wn_objective_vt wn_objective_mixture_dense, wn_objective_mixture_free, wn_objective_mixture_graph;
extern const wn_objective_vt wn_objective_by_value, wn_objective_clusters;
extern const wn_objective_vt wn_objective_random;
extern const wn_objective_vt wn_objective_target; /* rds and tsds */

#endif
