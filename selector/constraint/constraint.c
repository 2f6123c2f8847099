#include "constraint/constraint.h"

#include <stdio.h>
#include <winnow/mem.h>

static bool ground_has(const wn_ground *g, size_t number) {
    return number >= g->first && number - g->first < g->n;
}

/* The end of a message about a row that is not there. */
static const char *ground_rows(const wn_ground *g, char out[80]) {
    (void)(g->first ? snprintf(out, 80, "the rows are %zu to %zu", g->first, g->first + g->n - 1)
                    : snprintf(out, 80, "there are %zu rows", g->n));
    return out;
}

static wn_code close_excluded(wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    const wn_ground *g = c->g;
    size_t available = g->n;
    char rows[80];
    for (size_t i = 0; i < o->nexclude; i++) {
        if (!ground_has(g, o->exclude[i]))
            return wn_err_set(err, WN_EUSAGE, "select: excluded row %zu, but %s", o->exclude[i], ground_rows(g, rows));
        size_t row = o->exclude[i] - g->first;
        if (!c->closed[row]) available--;
        c->closed[row] = true;
    }
    if (o->k > available)
        return wn_err_set(err, WN_ECONSTRAINT, "select: k is %zu but only %zu of %zu rows may be chosen (%zu excluded)",
                          o->k, available, g->n, g->n - available);
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
        if (!ground_has(g, o->keep[i]))
            return wn_err_set(err, WN_EUSAGE, "select: row %zu must be kept, but %s", o->keep[i], ground_rows(g, rows));
        if (c->closed[o->keep[i] - g->first]) return closed_already(o, o->keep[i], err);
        c->closed[o->keep[i] - g->first] = true;
    }
    for (size_t i = 0; i < o->nkeep; i++) c->closed[o->keep[i] - g->first] = false;
    return WN_OK;
}

wn_code wn_constraint_init(wn_constraint *c, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    wn_code code = WN_EMEMORY;
    *c = (wn_constraint){.g = g, .keep = o->keep, .nkeep = o->nkeep, .k = o->k};
    if (!(c->closed = wn_alloc(g->n, sizeof *c->closed, err))) return WN_EMEMORY;
    if ((code = close_excluded(c, o, err)) != WN_OK) return code;
    return check_kept(c, o, err);
}

void wn_constraint_free(wn_constraint *c) {
    if (!c) return;
    wn_free(c->closed);
    *c = (wn_constraint){0};
}
