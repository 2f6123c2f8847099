#include "limits.h"

#include "kept.h"

#include <string.h>
#include <winnow/mem.h>

static wn_code stack_rows(wn_mat *out, const wn_mat *above, const wn_mat *below, wn_err *err) {
    const wn_code code = wn_mat_init(out, above->rows + below->rows, above->cols, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < out->rows; i++) {
        const float *row = i < above->rows ? wn_mat_row(above, i) : wn_mat_row(below, i - above->rows);
        memcpy(wn_mat_row(out, i), row, out->cols * sizeof *row);
    }
    return WN_OK;
}

static bool has_quotas(const wn_choice_opts *o) {
    return o->classes && o->objective != WN_CLASS_HERDING;
}

bool wn_limits_any(const wn_choice_opts *o) {
    return has_quotas(o) || o->limits;
}

size_t wn_limits_bytes(const wn_choice_opts *o, size_t m, size_t d) {
    const size_t row = (d + 15) / 16 * 16 * sizeof(float), had = o->limits ? o->limits->had : 0;
    const size_t copies = had ? (o->limits->apart ? 2 : 1) * (m + had) * row : 0;
    return wn_limits_any(o) ? copies + m * (12 * sizeof(size_t)) : 0;
}

static wn_code set_quotas(wn_limited_rows *own, wn_select_opts *s, const wn_class_labels *c, wn_err *err) {
    if (!(own->names = wn_alloc(c->n, sizeof *own->names, err))) return WN_EMEMORY;
    for (size_t i = 0; i < c->n; i++) own->names[i] = i + (c->unlabelled > 0) < c->n ? c->names[i] : "no label";
    s->label = c->label, s->classes = c->n, s->share = c->share, s->quota_power = c->power;
    s->limit.quotas = true;
    s->limit.class_names = own->names;
    return WN_OK;
}

static wn_code set_by_row(wn_limited_rows *own, wn_limits *s, const wn_copies *c, const wn_choice_limits *l,
                          wn_err *err) {
    if (l->group && !(own->group = wn_alloc(c->m, sizeof *own->group, err))) return WN_EMEMORY;
    if (l->cost && !(own->cost = wn_alloc(c->m, sizeof *own->cost, err))) return WN_EMEMORY;
    for (size_t i = 0; i < c->m; i++) {
        if (l->group) own->group[i] = l->group[c->row_of[i]];
        if (l->cost) own->cost[i] = l->cost[c->row_of[i]];
    }
    s->group = own->group, s->groups = l->groups, s->per_group = l->per_group, s->group_names = l->group_names;
    s->cost = own->cost, s->budget = l->budget, s->cost_power = l->cost_power;
    s->apart = l->apart, s->max_similarity = l->max_similarity;
    return WN_OK;
}

/* [m], and behind them `had` times the same. */
static wn_code extend(double **out, const double **numbers, size_t m, size_t had, double same, wn_err *err) {
    if (!*numbers) return WN_OK;
    if (!(*out = wn_alloc(m + had, sizeof **out, err))) return WN_EMEMORY;
    memcpy(*out, *numbers, m * sizeof **out);
    for (size_t i = m; i < m + had; i++) (*out)[i] = same;
    *numbers = *out;
    return WN_OK;
}

/* The rows that one has stand below x; they count once each, and bring nothing. */
static wn_code add_had(wn_limited_rows *own, wn_select_opts *s, wn_mat *x, const wn_mat *had, wn_err *err) {
    wn_code code = stack_rows(&own->x, x, had, err);
    if (code == WN_OK) code = extend(&own->value, &s->value, x->rows, had->rows, 0, err);
    if (code == WN_OK) code = extend(&own->weight, &s->weight, x->rows, had->rows, 1, err);
    if (code == WN_OK) *x = own->x;
    return code;
}

wn_code wn_limits_set(wn_limited_rows *own, wn_select_opts *s, wn_mat *x, const wn_vectors *v, const wn_copies *c,
                      const wn_choice_opts *o, wn_err *err) {
    const wn_choice_limits *l = o->limits;
    const wn_mat whole = wn_kept_rows(v, c), *had = v->space.data ? &v->had_space : &v->had;
    wn_code code = has_quotas(o) ? set_quotas(own, s, o->classes, err) : WN_OK;
    if (code != WN_OK || !l) return code;
    if ((code = set_by_row(own, &s->limit, c, l, err)) != WN_OK) return code;
    s->limit.had = v->had.rows;
    if (v->had.rows > 0 && (code = add_had(own, s, x, had, err)) != WN_OK) return code;
    if (!l->apart || !v->space.data) return WN_OK; /* the rows that the choice compares are the vectors themselves */
    own->compared = whole;
    if (v->had.rows > 0 && (code = stack_rows(&own->compared, &whole, &v->had, err)) != WN_OK) {
        own->compared = (wn_mat){0};
        return code;
    }
    s->limit.compared = &own->compared;
    return WN_OK;
}

void wn_limited_rows_free(wn_limited_rows *r) {
    wn_free(r->group);
    wn_free(r->cost);
    wn_free(r->names);
    wn_free(r->value);
    wn_free(r->weight);
    if (r->x.data) wn_mat_free(&r->compared); /* else a view */
    wn_mat_free(&r->x);
    *r = (wn_limited_rows){0};
}
