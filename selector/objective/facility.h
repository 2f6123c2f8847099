#ifndef WINNOW_SELECTOR_FACILITY_H
#define WINNOW_SELECTOR_FACILITY_H
#include "objective/pairs.h"

/* Facility location, f(S) = sum over i of weight_i max over j in S of s_ij, s >= 0, over all pairs. */
double wn_facility_work(const wn_select_opts *o, double n, double d);
wn_code wn_facility_evaluate(const wn_evaluation *e, double *value, wn_err *err);

/* What its certificate asks of it. */
typedef struct {
    void *state; /* of the objective */
    wn_code (*gains)(void *state, const size_t *rows, size_t m, double *out, wn_err *err);
    /* Where similarities are at hand; NULL: they are computed when needed. count[i] += how many of rows[m] have s_xi
     * above best[i]. */
    void (*above)(void *state, const size_t *rows, size_t m, uint32_t *count);
    double *best; /* [n] of the state, that gains and `above` look at */
    size_t pairs; /* similarities that all gains look at */
} wn_facility;

/* As in wn_objective_vt: of a mixture with facility location in it. */
wn_certificate_error wn_facility_off(const void *f, const wn_finished *g);

/* After the last pick; gain as in wn_objective_vt. */
wn_code wn_facility_bound(const wn_facility *f, wn_finished *g, const double *gain, wn_err *err);

#endif
