#include "limiting.h"

#include "input.h"
#include "stages/numbers.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/strmap.h>

/* ---- groups ---- */

/* Codes of a field; of rows that have none WN_NO_GROUP. */
static wn_code code_groups(wn_limiting *l, const wn_texts *field, wn_err *err) {
    wn_strset names = {0};
    wn_code code = WN_EMEMORY;
    if (!(l->groups.code = wn_alloc(field->n, sizeof *l->groups.code, err))) goto out;
    for (size_t i = 0; i < field->n; i++) {
        const char *s = field->base + field->off[i];
        const size_t n = (size_t)(field->off[i + 1] - field->off[i]);
        l->groups.code[i] = WN_NO_GROUP;
        if (n == 0) continue;
        if ((code = wn_strset_add(&names, s, n, wn_string_hash(s, n), &l->groups.code[i], err)) != WN_OK) goto out;
    }
    l->limits.groups = names.n;
    l->limits.group = l->groups.code;
    code = WN_OK;
out:
    wn_strset_free(&names);
    return code;
}

static wn_code read_groups(wn_limiting *l, const wn_rows *rows, const wn_matrices *in, const wn_config *c,
                           wn_err *err) {
    const wn_texts *field = wn_input_more(&rows->corpus, in, c, "--group-field");
    wn_strings column = {0};
    l->limits.per_group = c->per_group;
    if (field) return code_groups(l, field, err);
    wn_code code = wn_column_want(in, c->group_field, "--group-field", err);
    if (code == WN_OK && (code = wn_matrices_obs_strings(in, c->group_field, &column, err)) == WN_OK)
        code = code_groups(l, &column.view, err);
    wn_strings_free(&column);
    return code;
}

/* ---- costs ---- */

static wn_code read_costs(wn_limiting *l, const wn_rows *rows, const wn_matrices *in, const wn_texts *texts,
                          const wn_config *c, wn_err *err) {
    const wn_number_field field = {c->cost_field, "--cost-field", 0, INFINITY,
                                   wn_input_more(&rows->corpus, in, c, "--cost-field")};
    const size_t n = rows->view.n;
    wn_code code = WN_EMEMORY;
    if (c->cost_field)
        code = wn_numbers_read(&l->cost, rows, in, &field, err);
    else if (texts->n == 0 && n > 0)
        code = wn_err_set(err, WN_EUSAGE,
                          "--cost %s: the rows have no texts; --cost-field names a column that says "
                          "what they cost",
                          wn_cost_name(c->cost));
    else if ((l->cost = wn_alloc(n, sizeof *l->cost, err)))
        code = wn_costs_of_texts(l->cost, texts, c, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < n; i++) l->total += l->cost[i];
    l->limits.cost = l->cost;
    l->limits.budget = c->budget.percent ? c->budget.value / 100 * l->total : c->budget.value;
    l->limits.cost_power = c->cost_power;
    return WN_OK;
}

wn_code wn_limiting_rows(size_t *wanted, const wn_limiting *l, const wn_copies *copies, wn_err *err) {
    double *cost = wn_alloc(copies->m, sizeof *cost, err), least = INFINITY;
    wn_code code = WN_OK;
    if (!cost) return WN_EMEMORY;
    for (size_t i = 0; i < copies->m; i++) {
        cost[i] = l->cost[copies->row_of[i]];
        least = fmin(least, cost[i]);
    }
    *wanted = wn_limits_rows(cost, copies->m, l->limits.budget);
    if (*wanted == SIZE_MAX)
        code = wn_err_set(err, WN_EMEMORY, "out of memory while costs were sorted");
    else if (*wanted == 0 && copies->m > 0)
        code = wn_err_set(err, WN_ECONSTRAINT, "--budget is %.6g, but the cheapest row costs %.6g", l->limits.budget,
                          least);
    wn_free(cost);
    return code;
}

/* ---- rows that one has ---- */

/* Of a selection of winnow the chosen rows alone; of other matrices all. */
static wn_code keep_chosen(wn_mat *x, const wn_matrices *in, wn_err *err) {
    double *chosen = wn_alloc(in->rows, sizeof *chosen, err);
    size_t kept = 0;
    wn_code code = chosen ? WN_OK : WN_EMEMORY;
    for (size_t i = 0, at = 0; code == WN_OK && i < in->n; at += wn_matrix_rows(in->files[i++])) {
        for (size_t r = 0; r < wn_matrix_rows(in->files[i]); r++) chosen[at + r] = 1;
        if (wn_matrix_has_obs(in->files[i], "selected"))
            code = wn_matrix_obs_f64(in->files[i], "selected", chosen + at, err);
    }
    for (size_t i = 0; code == WN_OK && i < in->rows; i++) {
        if (!(chosen[i] > 0)) continue;
        if (kept < i) memcpy(wn_mat_row(x, kept), wn_mat_row(x, i), x->cols * sizeof(float));
        kept++;
    }
    if (code == WN_OK) x->rows = kept;
    wn_free(chosen);
    return code;
}

static wn_code read_had(wn_limiting *l, const wn_config *c, size_t cols, wn_err *err) {
    wn_matrices in = {0};
    wn_code code = WN_OK;
    if (c->nagainst == 0) return WN_OK;
    if ((code = wn_matrices_open(&in, c->against, c->nagainst, NULL, err)) != WN_OK) goto out;
    if (cols && in.cols != cols) {
        code = wn_err_set(err, WN_EINPUT,
                          "%s has rows of %zu numbers, but the rows to choose from have %zu: not of one encoder",
                          c->against[0], in.cols, cols);
        goto out;
    }
    if ((code = wn_matrices_read_all(&in, &l->had, err)) != WN_OK) goto out;
    if ((code = keep_chosen(&l->had, &in, err)) != WN_OK) goto out;
    if (c->similarity != WN_DOT) (void)wn_mat_normalize(&l->had);
    l->limits.had = l->had.rows;
out:
    wn_matrices_close(&in);
    return code == WN_OK ? code : wn_err_prefix(err, "--against: ");
}

/* ---- all ---- */

wn_code wn_limiting_read(wn_limiting *l, const wn_rows *rows, const wn_matrices *in, const wn_texts *texts,
                         const wn_config *c, wn_err *err) {
    wn_code code = WN_OK;
    l->any = c->group_field || c->budget.value > 0 || c->max_similarity > 0 || c->nagainst > 0;
    if (c->group_field && (code = read_groups(l, rows, in, c, err)) != WN_OK) return code;
    if (c->budget.value > 0 && (code = read_costs(l, rows, in, texts, c, err)) != WN_OK) return code;
    l->limits.apart = c->max_similarity > 0;
    l->limits.max_similarity = l->limits.apart ? c->max_similarity : 1;
    return read_had(l, c, in->cols, err);
}

wn_outcome_limits wn_limiting_outcome(const wn_limiting *l, const size_t *chosen, size_t k) {
    const wn_choice_limits *c = &l->limits;
    wn_outcome_limits o = {.groups = c->groups, .had = c->had};
    if (c->groups) o.per_group = c->per_group;
    if (l->cost) o.budget = c->budget, o.cost_power = c->cost_power;
    if (c->apart) o.max_similarity = c->max_similarity;
    for (size_t i = 0; l->cost && i < k; i++) o.spent += l->cost[chosen[i]];
    return o;
}

void wn_limiting_free(wn_limiting *l) {
    wn_label_codes_free(&l->groups);
    wn_free(l->cost);
    wn_mat_free(&l->had);
    *l = (wn_limiting){0};
}
