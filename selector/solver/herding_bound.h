#ifndef WINNOW_SELECTOR_HERDING_BOUND_H
#define WINNOW_SELECTOR_HERDING_BOUND_H
#include "certificate.h"
#include "objective/herding.h"

/* After the last pick: what no k rows exceed that give each class as many as it has in h, which knows all picks. A few
 * passes over the rows, O(n d) each. */
wn_code wn_herding_bound(wn_finished *g, const wn_herding *h, wn_err *err);

#endif
