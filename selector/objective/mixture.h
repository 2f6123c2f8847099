#ifndef WINNOW_SELECTOR_MIXTURE_H
#define WINNOW_SELECTOR_MIXTURE_H
/* Mixtures: f(S) = sum over parts of weight_p f_p(S), and of value_i over S. Where values are given any other objective
 * is a mixture of one part. The parts are not normalised: f is the sum that the weights say, whatever n and k, and each
 * part stays what docs/selection.md has. */
#include "objective/objective.h"

/* How many parts f has, and part i: of another objective one, itself. */
size_t wn_mixture_size(const wn_select_opts *o);
wn_mix_part wn_mixture_part(const wn_select_opts *o, size_t i);
/* Can it be a part? */
bool wn_mixture_has(wn_objective o);
/* WN_EUSAGE: parts or weights that make no mixture, or values that cannot be added to the objective. */
wn_code wn_mixture_check(const wn_select_opts *o, wn_err *err);

#endif
