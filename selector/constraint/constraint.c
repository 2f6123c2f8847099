#include "constraint/constraint.h"

#include <math.h>
#include <stdio.h>
#include <winnow/mem.h>

#include "constraint/limit.h"

/* ---- keep and exclude ---- */

static bool ground_has(const wn_constraint *c, size_t number) {
    return number >= c->g->first && number - c->g->first < c->pool;
}

/* The end of a message about a row that is not there. */
static const char *ground_rows(const wn_constraint *c, char out[80]) {
    const wn_ground *g = c->g;
    (void)(g->first ? snprintf(out, 80, "the rows are %zu to %zu", g->first, g->first + c->pool - 1)
                    : snprintf(out, 80, "there are %zu rows", c->pool));
    return out;
}

static wn_code close_excluded(wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    const wn_ground *g = c->g;
    const size_t had = g->n - c->pool;
    char rows[80];
    for (size_t i = 0; i < o->nexclude; i++) {
        if (!ground_has(c, o->exclude[i]))
            return wn_err_set(err, WN_EUSAGE, "select: excluded row %zu, but %s", o->exclude[i], ground_rows(c, rows));
        size_t row = o->exclude[i] - g->first;
        if (c->closed[row] == WN_OPEN) c->open--;
        c->closed[row] = WN_EXCLUDED;
    }
    const size_t available = c->open - had;
    if (o->k > available && c->may_stop && available > 0)
        c->k = c->open;
    else if (o->k > available)
        return wn_err_set(err, WN_ECONSTRAINT, "select: k is %zu but only %zu of %zu rows may be chosen (%zu excluded)",
                          o->k, available, c->pool, c->pool - available);
    return WN_OK;
}

static wn_code closed_already(const wn_select_opts *o, size_t number, wn_err *err) {
    for (size_t i = 0; i < o->nexclude; i++)
        if (o->exclude[i] == number)
            return wn_err_set(err, WN_ECONSTRAINT, "select: row %zu is both to be kept and excluded", number);
    return wn_err_set(err, WN_EUSAGE, "select: row %zu is named twice among the rows to keep", number);
}

/* Closes each must-keep row while it looks at the others, and opens them all again. */
static wn_code check_kept(wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    const wn_ground *g = c->g;
    char rows[80];
    for (size_t i = 0; i < o->nkeep; i++) {
        if (!ground_has(c, o->keep[i]))
            return wn_err_set(err, WN_EUSAGE, "select: row %zu must be kept, but %s", o->keep[i], ground_rows(c, rows));
        if (c->closed[o->keep[i] - g->first]) return closed_already(o, o->keep[i], err);
        c->closed[o->keep[i] - g->first] = WN_PICKED;
    }
    for (size_t i = 0; i < o->nkeep; i++) c->closed[o->keep[i] - g->first] = WN_OPEN;
    return WN_OK;
}

/* ---- limits ---- */

/* Limits hear of the rows that must come before anything is computed, so that what cannot be is told at once. */
static wn_code take_forced(wn_constraint *c, wn_err *err) {
    for (size_t i = 0; i < wn_constraint_forced(c); i++) {
        const size_t row = wn_constraint_forced_row(c, i);
        if (c->closed[row] >= WN_CLOSED_BY)
            return wn_err_set(err, WN_ECONSTRAINT, "select: row %zu must be kept, but %s", c->g->first + row,
                              wn_limit_table[c->closed[row] - WN_CLOSED_BY]->why);
        for (size_t l = 0; l < WN_LIMIT_COUNT; l++)
            if (c->limit[l]) wn_limit_table[l]->take(c->limit[l], c, row);
    }
    return WN_OK;
}

/* A row that is forced stays open until it is picked, whatever others have closed. */
static wn_code open_limits(wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    if (!(c->limit = wn_alloc(WN_LIMIT_COUNT, sizeof *c->limit, err))) return WN_EMEMORY;
    for (size_t l = 0; l < WN_LIMIT_COUNT; l++) {
        if (!wn_limit_table[l]->asked(&o->limit)) continue;
        const wn_code code = wn_limit_table[l]->open(&c->limit[l], c, o, err);
        if (code != WN_OK) return code;
    }
    return take_forced(c, err);
}

bool wn_constraint_limits(const wn_select_opts *o) {
    for (size_t l = 0; l < WN_LIMIT_COUNT; l++)
        if (wn_limit_table[l]->asked(&o->limit)) return true;
    return false;
}

size_t wn_constraint_bytes(const wn_select_opts *o, size_t n) {
    size_t bytes = 0;
    for (size_t l = 0; l < WN_LIMIT_COUNT; l++)
        if (wn_limit_table[l]->asked(&o->limit)) bytes += wn_limit_table[l]->bytes(o, n);
    return bytes;
}

size_t wn_constraint_expected(const wn_select_opts *o, size_t n) {
    const wn_limits *l = &o->limit;
    double total = 0;
    for (size_t i = 0; l->cost && i + l->had < n; i++) total += l->cost[i];
    const double rows = total > 0 ? round(l->budget * (double)(n - l->had) / total) : (double)o->k;
    return (rows < 1 ? 1 : rows < (double)o->k ? (size_t)rows : o->k) + l->had;
}

/* ---- all ---- */

wn_code wn_constraint_init(wn_constraint *c, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    const size_t had = o->limit.had;
    wn_code code = WN_EMEMORY;
    *c =
        (wn_constraint){.g = g, .o = o, .keep = o->keep, .nkeep = o->nkeep, .k = o->k + had, .may_stop = o->limit.cost};
    c->pool = g->n - had;
    c->open = g->n;
    if (!(c->closed = wn_alloc(g->n, sizeof *c->closed, err))) return WN_EMEMORY;
    if ((code = close_excluded(c, o, err)) != WN_OK) return code;
    if ((code = check_kept(c, o, err)) != WN_OK) return code;
    return wn_constraint_limits(o) ? open_limits(c, o, err) : WN_OK;
}

void wn_constraint_free(wn_constraint *c) {
    if (!c) return;
    for (size_t l = 0; c->limit && l < WN_LIMIT_COUNT; l++) wn_limit_table[l]->close(c->limit[l]);
    wn_free(c->limit);
    wn_free(c->closed);
    wn_free(c->scale);
    *c = (wn_constraint){0};
}

void wn_constraint_take(wn_constraint *c, size_t row) {
    const bool told = c->picked < wn_constraint_forced(c); /* in take_forced */
    if (c->closed[row] == WN_OPEN) c->open--;
    c->closed[row] = WN_PICKED;
    c->picked++;
    for (size_t l = 0; c->limit && !told && l < WN_LIMIT_COUNT; l++)
        if (c->limit[l]) wn_limit_table[l]->take(c->limit[l], c, row);
}

wn_code wn_constraint_check(const wn_constraint *c, wn_err *err) {
    const size_t had = c->g->n - c->pool;
    size_t count[WN_LIMIT_COUNT] = {0};
    char lacking[300] = "", closed[160] = "";
    if (c->picked == c->k || (c->may_stop && c->picked > had)) return WN_OK;
    for (size_t i = 0; i < c->pool; i++)
        if (c->closed[i] >= WN_CLOSED_BY) count[c->closed[i] - WN_CLOSED_BY]++;
    for (size_t l = 0; c->limit && l < WN_LIMIT_COUNT; l++) {
        if (c->limit[l] && wn_limit_table[l]->lacking) wn_limit_table[l]->lacking(c->limit[l], lacking, sizeof lacking);
        if (count[l])
            wn_limit_say(closed, sizeof closed, "%s%zu by %s", closed[0] ? ", " : "", count[l],
                         wn_limit_name((wn_limit)l));
    }
    return wn_err_set(err, WN_ECONSTRAINT, "select: only %zu of %zu rows can be chosen: %s%sclosed are %s",
                      c->picked - had, c->k - had, lacking, lacking[0] ? "; " : "", closed[0] ? closed : "none");
}
