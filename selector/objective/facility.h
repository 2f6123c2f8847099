#ifndef WINNOW_SELECTOR_FACILITY_H
#define WINNOW_SELECTOR_FACILITY_H
#include "objective/pairs.h"

/* Facility location, f(S) = sum over i of weight_i max over j in S of s_ij, s >= 0, over all pairs. */
extern const wn_pairs_rule wn_facility_rule;
wn_code wn_facility_evaluate(const wn_evaluation *e, double *value, wn_err *err);

#endif
