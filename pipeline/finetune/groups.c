#include "groups.h"

#include <fnmatch.h>
#include <stdio.h>

/* PATTERN, *.PATTERN, PATTERN.* or *.PATTERN.* */
static bool name_matches(const char *pattern, const char *name) {
    char whole[512];
    for (unsigned i = 0; i < 4; i++) {
        const char *before = i & 1 ? "*." : "", *after = i & 2 ? ".*" : "";
        if ((size_t)snprintf(whole, sizeof whole, "%s%s%s", before, pattern, after) >= sizeof whole) return false;
        if (fnmatch(whole, name, 0) == 0) return true;
    }
    return false;
}

static wn_code refuse_pattern(const wn_params *p, const char *option, const char *pattern, wn_err *err) {
    return wn_err_set(err, WN_EUSAGE, "%s %.100s matches no parameter; they are %s, ..., %s", option, pattern,
                      p->list[0].name, p->list[p->n - 1].name);
}

wn_code wn_groups_apply(wn_params *p, const wn_finetune_opts *o, wn_err *err) {
    size_t left = 0;
    for (size_t g = 0; g < o->nfreeze; g++) {
        size_t found = 0;
        for (size_t i = 0; i < p->n; i++) {
            if (!name_matches(o->freeze[g], p->list[i].name)) continue;
            p->list[i].frozen = true;
            found++;
        }
        if (!found) return refuse_pattern(p, "--freeze", o->freeze[g], err);
    }
    for (size_t g = 0; g < o->nlr_groups; g++) {
        size_t found = 0;
        for (size_t i = 0; i < p->n; i++) {
            if (!name_matches(o->lr_groups[g].pattern, p->list[i].name)) continue;
            p->list[i].lr_scale = o->lr_groups[g].lr / o->lr;
            found++;
        }
        if (!found) return refuse_pattern(p, "--lr-group", o->lr_groups[g].pattern, err);
    }
    for (size_t i = 0; i < p->n; i++) left += !p->list[i].frozen;
    return left ? WN_OK : wn_err_set(err, WN_EUSAGE, "--freeze leaves nothing to train");
}
