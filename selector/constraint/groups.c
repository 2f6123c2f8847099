/* At most per_group rows of each group: of one document, one author. */
#include <inttypes.h>
#include <winnow/mem.h>

#include "constraint/limit.h"

static bool groups_asked(const wn_limits *l) {
    return l->group != NULL;
}

static size_t groups_bytes(const wn_select_opts *o, size_t n) {
    return wn_caps_bytes(o->limit.groups, n);
}

/* Can the groups give k rows at all? */
static wn_code groups_room(const wn_caps *s, const wn_constraint *c, const wn_limits *l, wn_err *err) {
    size_t room = 0, in_none = 0;
    for (size_t p = 0; p < s->parts; p++) {
        size_t open = 0;
        for (size_t i = s->begin[p]; i < s->begin[p + 1]; i++) open += wn_constraint_feasible(c, s->member[i]);
        room += open < l->per_group ? open : l->per_group;
    }
    for (size_t i = 0; i < c->pool; i++) in_none += l->group[i] == WN_NO_GROUP && wn_constraint_feasible(c, i);
    const size_t wanted = c->k - (c->g->n - c->pool);
    if (c->may_stop || room + in_none >= wanted) return WN_OK;
    return wn_err_set(err, WN_ECONSTRAINT,
                      "select: k is %zu, but %zu groups of which each gives %zu rows at most have %zu%s%.0zu%s", wanted,
                      s->parts, l->per_group, room, in_none ? ", and " : "", in_none, in_none ? " are in none" : "");
}

static wn_code groups_open(void **state, wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    const wn_limits *l = &o->limit;
    if (l->per_group == 0)
        return wn_err_set(err, WN_EUSAGE, "select: per_group is 0; of each group at least one row may be chosen");
    for (size_t i = 0; i < c->pool; i++)
        if (l->group[i] >= l->groups && l->group[i] != WN_NO_GROUP)
            return wn_err_set(err, WN_EUSAGE, "select: row %zu is of group %" PRIu32 ", but there are %zu",
                              c->g->first + i, l->group[i], l->groups);
    wn_caps *s = wn_alloc(1, sizeof *s, err);
    if (!(*state = s)) return WN_EMEMORY;
    const wn_code code = wn_caps_init(s, l->group, l->groups, c->pool, err);
    if (code != WN_OK) return code;
    for (size_t p = 0; p < l->groups; p++) s->cap[p] = l->per_group;
    return groups_room(s, c, l, err);
}

static void groups_take(void *state, wn_constraint *c, size_t row) {
    wn_caps_take(state, c, row, WN_LIMIT_GROUPS);
}

static void groups_close(void *state) {
    if (state) wn_caps_free(state);
    wn_free(state);
}

static bool groups_allow(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k) {
    const size_t pool = x->rows - o->limit.had;
    for (size_t i = 0; i < k; i++) {
        size_t same = 0;
        if (rows[i] >= pool || o->limit.group[rows[i]] == WN_NO_GROUP) continue;
        for (size_t j = 0; j < k; j++) same += rows[j] < pool && o->limit.group[rows[j]] == o->limit.group[rows[i]];
        if (same > o->limit.per_group) return false;
    }
    return true;
}

const wn_limit_vt wn_limit_groups = {.asked = groups_asked,
                                     .bytes = groups_bytes,
                                     .open = groups_open,
                                     .take = groups_take,
                                     .why = "its group has given as many rows as it may",
                                     .close = groups_close,
                                     .allows = groups_allow};
