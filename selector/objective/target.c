/* Queries, how near rows are to them, and what rds and tsds are valued by: the cosine of each row to the query that it
 * serves. */
#include "objective/target.h"

#include <math.h>
#include <winnow/mem.h>
#include <wn/nearest.h>
#include <wn/rng.h>

#include "objective/objective.h"

enum { STREAM = 0x726473 }; /* apart from other uses of the same seed */

static double dot(const float *a, const float *b, size_t d) {
    double sum = 0;
    for (size_t c = 0; c < d; c++) sum += (double)a[c] * (double)b[c];
    return sum;
}

static wn_code find_live(wn_target *t, bool rds, uint64_t seed, wn_err *err) {
    if (!(t->live = wn_alloc(t->q->rows, sizeof *t->live, err))) return WN_EMEMORY;
    for (size_t i = 0; i < t->q->rows; i++) {
        const float *q = wn_mat_row(t->q, i);
        const double s = dot(q, q, t->g->d);
        if (!isfinite(s)) return wn_err_set(err, WN_EINPUT, "select: query %zu holds NaN or infinity", i);
        if (s != 0 && fabs(s - 1) > 1e-3)
            return wn_err_set(err, WN_EUSAGE, "select: query %zu has norm %g; normalise the queries", i, sqrt(s));
        if (s != 0) t->live[t->nlive++] = i;
    }
    if (t->nlive == 0)
        return wn_err_set(err, WN_EUSAGE, "select: all %zu queries are zero vectors, which nothing is near to",
                          t->q->rows);
    /* whose turn it is: where there are fewer rows to choose than queries, and these stand in the file by their kinds,
     * every kind has its share */
    if (rds) {
        wn_rng rng = wn_rng_init(seed, STREAM);
        wn_rng_shuffle(&rng, t->live, t->nlive);
    }
    return WN_OK;
}

wn_code wn_target_init(wn_target *t, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    *t = (wn_target){.g = g, .q = o->query};
    if (!o->query || o->query->rows == 0)
        return wn_err_set(err, WN_EUSAGE, "select: rows are to be chosen toward queries, but there are none");
    if (o->query->cols != g->d)
        return wn_err_set(err, WN_EUSAGE, "select: queries have %zu columns, but the rows %zu", o->query->cols, g->d);
    if (o->objective == WN_TSDS && !(o->alpha > 0 && o->alpha <= 1))
        return wn_err_set(err, WN_EUSAGE, "select: alpha is %g; it must be above 0 and at most 1", o->alpha);
    return find_live(t, o->objective == WN_RDS, o->seed, err);
}

void wn_target_free(wn_target *t) {
    wn_free(t->live);
    *t = (wn_target){0};
}

size_t wn_target_bytes(const wn_select_opts *o) {
    return o->query ? o->query->rows * sizeof(size_t) : 0;
}

double wn_target_cosine(const wn_target *t, size_t row, size_t query) {
    return dot(wn_mat_row(t->g->x, row), wn_mat_row(t->q, query), t->g->d);
}

wn_code wn_target_nearest(const wn_target *t, const size_t *rows, size_t m, size_t *query, double *cosine,
                          wn_progress *p, wn_err *err) {
    const wn_some_rows some = {.m = t->g->x, .rows = rows, .n = m}, to = {.m = t->q, .rows = t->live, .n = t->nlive};
    float *sim = wn_alloc(m, sizeof *sim, err);
    if (!sim) return WN_EMEMORY;
    const wn_code code = wn_nearest(&some, &to, query, sim, "select", p, err);
    for (size_t i = 0; i < m && code == WN_OK; i++) {
        query[i] = t->live[query[i]];
        cosine[i] = wn_target_cosine(t, rows[i], query[i]);
    }
    wn_free(sim);
    return code;
}

/* The query that the row at place i of the choice serves; WN_TSDS and must-keep rows: the nearest. */
static double served_cosine(const wn_evaluation *e, const wn_target *t, size_t i) {
    double best = -INFINITY;
    if (e->o->objective == WN_RDS && i >= e->o->nkeep)
        return wn_target_cosine(t, e->rows[i], t->live[(i - e->o->nkeep) % t->nlive]);
    for (size_t q = 0; q < t->nlive; q++) best = fmax(best, wn_target_cosine(t, e->rows[i], t->live[q]));
    return best;
}

static wn_code target_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    wn_target t;
    wn_code code = wn_target_init(&t, e->g, e->o, err);
    *value = 0;
    for (size_t i = 0; i < e->k && code == WN_OK; i++) *value += served_cosine(e, &t, i);
    wn_target_free(&t);
    return code;
}

/* No gains to search through: they have solvers only. */
const wn_objective_vt wn_objective_target = {.traits = WN_USES_ROWS, .evaluate = target_evaluate};
