/* Of each class as many rows as its share of k (wn_select_quotas), for objectives that know of no classes. */
#include <inttypes.h>
#include <winnow/mem.h>

#include "constraint/limit.h"

typedef struct {
    wn_caps caps;
    const wn_select_opts *o;
} quotas;

enum { NAMED = 4 /* classes in a message */ };

static bool quotas_asked(const wn_limits *l) {
    return l->quotas;
}

static size_t quotas_bytes(const wn_select_opts *o, size_t n) {
    return wn_caps_bytes(o->classes, n);
}

static wn_code quotas_open(void **state, wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    quotas *s = wn_alloc(1, sizeof *s, err);
    if (!(*state = s)) return WN_EMEMORY;
    s->o = o;
    wn_code code = wn_caps_init(&s->caps, o->label, o->classes, c->pool, err);
    if (code != WN_OK) return code;
    if ((code = wn_select_quotas(o, c->pool, s->caps.cap, err)) != WN_OK) return code;
    for (size_t p = 0; p < o->classes; p++)
        if (s->caps.cap[p] == 0) wn_caps_close_part(&s->caps, c, p, WN_LIMIT_QUOTAS);
    return WN_OK;
}

static void quotas_take(void *state, wn_constraint *c, size_t row) {
    wn_caps_take(&((quotas *)state)->caps, c, row, WN_LIMIT_QUOTAS);
}

static void quotas_lacking(const void *state, char *out, size_t size) {
    const quotas *s = state;
    size_t more = 0, named = 0;
    for (size_t p = 0; p < s->caps.parts; p++) {
        const size_t lacks = s->caps.cap[p] - s->caps.count[p];
        if (lacks == 0) continue;
        if (named == NAMED) {
            more++;
            continue;
        }
        wn_limit_say(out, size, named ? ", " : "of ");
        if (s->o->limit.class_names)
            wn_limit_say(out, size, "\"%.40s\"", s->o->limit.class_names[p]);
        else
            wn_limit_say(out, size, "class %zu", p);
        wn_limit_say(out, size, " %zu of %zu are lacking", lacks, s->caps.cap[p]);
        named++;
    }
    if (more) wn_limit_say(out, size, ", and so on in %zu other classes", more);
}

static void quotas_close(void *state) {
    quotas *s = state;
    if (!s) return;
    wn_caps_free(&s->caps);
    wn_free(s);
}

static bool quotas_allow(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k) {
    wn_err ignored = {0};
    const size_t pool = x->rows - o->limit.had;
    size_t *quota = wn_alloc(o->classes, sizeof *quota, &ignored);
    bool allowed = quota && wn_select_quotas(o, pool, quota, &ignored) == WN_OK;
    for (size_t i = 0; i < k && allowed; i++)
        if (rows[i] < pool) allowed = quota[o->label[rows[i]]]-- > 0;
    wn_free(quota);
    return allowed;
}

const wn_limit_vt wn_limit_quotas = {.asked = quotas_asked,
                                     .bytes = quotas_bytes,
                                     .open = quotas_open,
                                     .take = quotas_take,
                                     .why = "its class has its share of the choice",
                                     .lacking = quotas_lacking,
                                     .close = quotas_close,
                                     .allows = quotas_allow};
