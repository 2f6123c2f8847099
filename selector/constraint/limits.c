/* The table of limits. */
#include <winnow/limits.h>

#include "constraint/limit.h"

/* A new limit is one file and one row here. */
const wn_limit_vt *const wn_limit_table[] = {[WN_LIMIT_QUOTAS] = &wn_limit_quotas,
                                             [WN_LIMIT_GROUPS] = &wn_limit_groups,
                                             [WN_LIMIT_BUDGET] = &wn_limit_budget,
                                             [WN_LIMIT_APART] = &wn_limit_apart};

const char *wn_limit_name(wn_limit l) {
    switch (l) { WN_LIMITS(WN_NAME_CASE) }
    return NULL;
}

bool wn_select_allows(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k) {
    for (size_t l = 0; l < WN_LIMIT_COUNT; l++)
        if (wn_limit_table[l]->asked(&o->limit) && !wn_limit_table[l]->allows(x, o, rows, k)) return false;
    return true;
}
