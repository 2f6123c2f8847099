/* What the rows cost together is within a budget; gains count by what they cost (Lin and Bilmes, "Multi-document
 * Summarization via Budgeted Maximization of Submodular Functions", 2010, algorithm 1). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

#include "constraint/limit.h"

typedef struct {
    double cost;
    size_t row;
} costed_row;

typedef struct {
    const wn_limits *l;
    costed_row *dear; /* [n] the dearest first */
    size_t n, at;     /* rows before `at` do not fit any more */
    double spent;
} purse;

static int dearest_first(const void *a, const void *b) {
    const costed_row *x = a, *y = b;
    if (x->cost < y->cost || x->cost > y->cost) return x->cost < y->cost ? 1 : -1;
    return x->row < y->row ? -1 : x->row > y->row;
}

size_t wn_limits_rows(const double *cost, size_t n, double budget) {
    wn_err ignored = {0};
    costed_row *dear = wn_alloc(n, sizeof *dear, &ignored);
    size_t rows = 0;
    double spent = 0;
    if (!dear) return SIZE_MAX;
    for (size_t i = 0; i < n; i++) dear[i] = (costed_row){cost[i], i};
    qsort(dear, n, sizeof *dear, dearest_first);
    while (rows < n && spent + dear[n - 1 - rows].cost <= budget) spent += dear[n - 1 - rows++].cost;
    wn_free(dear);
    return rows;
}

static bool budget_asked(const wn_limits *l) {
    return l->cost != NULL;
}

static size_t budget_bytes(const wn_select_opts *o, size_t n) {
    (void)o;
    return n * (sizeof(costed_row) + sizeof(double));
}

static void close_dear(purse *s, wn_constraint *c) {
    for (; s->at < s->n && s->spent + s->dear[s->at].cost > s->l->budget; s->at++)
        wn_constraint_close(c, s->dear[s->at].row, WN_LIMIT_BUDGET);
}

static wn_code budget_check(const wn_constraint *c, const wn_limits *l, wn_err *err) {
    if (!(l->budget > 0 && isfinite(l->budget)))
        return wn_err_set(err, WN_EUSAGE, "select: the budget is %g; it must be above 0", l->budget);
    if (!(l->cost_power >= 0 && l->cost_power <= 10))
        return wn_err_set(err, WN_EUSAGE, "select: cost_power is %g; it must lie between 0 and 10", l->cost_power);
    for (size_t i = 0; i < c->pool; i++)
        if (!(l->cost[i] > 0 && isfinite(l->cost[i])))
            return wn_err_set(err, WN_EUSAGE, "select: the cost of row %zu is %g; it must be above 0", c->g->first + i,
                              l->cost[i]);
    return WN_OK;
}

static wn_code budget_open(void **state, wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    const wn_limits *l = &o->limit;
    wn_code code = budget_check(c, l, err);
    if (code != WN_OK) return code;
    purse *s = wn_alloc(1, sizeof *s, err);
    if (!(*state = s)) return WN_EMEMORY;
    *s = (purse){.l = l, .n = c->pool};
    if (!(s->dear = wn_alloc(s->n, sizeof *s->dear, err))) return WN_EMEMORY;
    if (!(c->scale = wn_alloc(c->g->n, sizeof *c->scale, err))) return WN_EMEMORY;
    for (size_t i = 0; i < c->g->n; i++) c->scale[i] = i < c->pool ? pow(l->cost[i], -l->cost_power) : 1;
    for (size_t i = 0; i < s->n; i++) s->dear[i] = (costed_row){l->cost[i], i};
    qsort(s->dear, s->n, sizeof *s->dear, dearest_first);
    close_dear(s, c);
    if (s->at == s->n)
        return wn_err_set(err, WN_ECONSTRAINT, "select: the budget is %g, but the cheapest row costs %g", l->budget,
                          s->dear[s->n - 1].cost);
    return WN_OK;
}

static void budget_take(void *state, wn_constraint *c, size_t row) {
    purse *s = state;
    if (row >= s->n) return;
    s->spent += s->l->cost[row];
    close_dear(s, c);
}

static void budget_close(void *state) {
    purse *s = state;
    if (!s) return;
    wn_free(s->dear);
    wn_free(s);
}

static bool budget_allows(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k) {
    double spent = 0;
    for (size_t i = 0; i < k; i++)
        if (rows[i] < x->rows - o->limit.had) spent += o->limit.cost[rows[i]];
    return spent <= o->limit.budget;
}

const wn_limit_vt wn_limit_budget = {.asked = budget_asked,
                                     .bytes = budget_bytes,
                                     .open = budget_open,
                                     .take = budget_take,
                                     .why = "the rows to keep, or it alone, cost more than the budget",
                                     .close = budget_close,
                                     .allows = budget_allows};
