#ifndef WINNOW_SELECTOR_FACILITY_H
#define WINNOW_SELECTOR_FACILITY_H
#include "objective/objective.h"

/* Facility location, f(S) = sum over i of weight_i max over j in S of s_ij, s >= 0, over all pairs. */
wn_code wn_facility_evaluate(const wn_evaluation *e, double *value, wn_err *err);

#endif
