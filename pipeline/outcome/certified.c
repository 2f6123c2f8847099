/* What the certificate of a choice says. */
#include <wn/outcome.h>

#include <math.h>
#include <stdio.h>

double wn_outcome_certified(const wn_outcome *o) {
    const double value = o->k && o->value ? o->value[o->k - 1] : 0;
    if (!(o->bound > 0 && value > 0)) return NAN;
    return floor(1000 * fmin(value / o->bound, 1)) / 1000; /* never more than was shown */
}

bool wn_outcome_certified_text(char out[WN_CERTIFIED_TEXT], const wn_outcome *o) {
    const double share = wn_outcome_certified(o);
    const bool served = o->query && o->query->chosen, keep = o->nkeep || served;
    if (isnan(share)) return false;
    char who[40] = "this budget";
    if (!(o->limits.budget > 0)) (void)snprintf(who, sizeof who, "%zu row%s", o->k, o->k == 1 ? "" : "s");
    (void)snprintf(out, WN_CERTIFIED_TEXT, "at least %.1f%% of the best that %s can %s%s%s%s", 100 * share, who,
                   o->limits.had ? "add" : "reach", o->objective == WN_CLASS_HERDING ? ", as many of each class" : "",
                   keep ? served ? ", those for the queries among them" : ", those to keep among them" : "",
                   isfinite(o->cut_off) && o->cut_off > 0 ? ", as the neighbour graph has it" : "");
    return true;
}
