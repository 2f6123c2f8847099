/* Facility location's certificate (docs/certificate.md). For any prices u >= 0 no k rows reach more than
 *     L(u) = sum over i of weight_i u_i + the k largest of  sum over i of weight_i max(s_ij - u_i, 0)
 * (Cornuejols, Fisher and Nemhauser 1977). With u the similarities to the nearest pick these are the gains that are
 * left. Where similarities are at hand u descends by subgradients, with Polyak's steps toward f(S). */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>

#include "objective/facility.h"

/* As many steps as look at so many similarities, until little is left to gain or a round brings little. A step is
 * shortened when two in a row do not help. */
enum { STEPS = 100, ROUND = 10, GAINS = 1024, PATIENCE = 2 };
static const double looks = 0x1p28, first_step = .5, shorter = .7, enough = .005, little = .002;

/* How far f as computed may lie from its definition: the error of a similarity for each row, as often as it counts.
 * Edges of a graph are what they are, but for the rounding of their rbf. */
wn_certificate_error wn_facility_off(const void *f, const wn_finished *g) {
    (void)f;
    wn_certificate_error e = wn_certificate_similarity(&g->o->kernel, g->ground->d, g->ground->sq_max);
    double rows = 0;
    for (size_t i = 0; i < g->ground->n; i++) rows += wn_ground_weight(g->ground, i);
    e.absolute *= rows;
    return e;
}

typedef struct {
    const wn_facility *f;
    wn_finished *g;
    wn_certificate c;
    wn_certificate_error off;
    size_t *chosen;  /* [nchosen] rows of the largest sums, k or what a budget buys */
    size_t nchosen;
    uint32_t *above; /* [n] how many of them have more than u_i */
    double *saved;   /* [n] best as it was */
} facility_dual;

static wn_code dual_gains(facility_dual *t, wn_err *err) {
    const size_t n = t->g->ground->n;
    size_t rows[GAINS];
    for (size_t first = 0; first < n; first += GAINS) {
        const size_t m = n - first < GAINS ? n - first : GAINS;
        for (size_t i = 0; i < m; i++) rows[i] = first + i;
        const wn_code code = t->f->gains(t->f->state, rows, m, t->c.key + first, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* *value = L(u), and which rows it counts. */
static wn_code dual_value(facility_dual *t, double *value, wn_err *err) {
    const wn_finished *g = t->g;
    const wn_code code = dual_gains(t, err);
    double sum = 0;
    if (code != WN_OK) return code;
    for (size_t i = 0; i < g->ground->n; i++) sum += wn_ground_weight(g->ground, i) * t->f->best[i];
    *value = sum + wn_certificate_most(&t->c);
    t->nchosen = wn_constraint_forced(g->constraint);
    for (size_t i = 0; i < t->nchosen; i++) t->chosen[i] = wn_constraint_forced_row(g->constraint, i);
    memcpy(t->chosen + t->nchosen, t->c.rows, t->c.count * sizeof *t->chosen);
    t->nchosen += t->c.count;
    return WN_OK;
}

/* u less `step` of what L(u) exceeds f(S) by, along the subgradient weight_i (1 - above_i). False: there is none. */
static bool dual_descend(facility_dual *t, double excess, double step) {
    const wn_ground *g = t->g->ground;
    double square = 0;
    memset(t->above, 0, g->n * sizeof *t->above);
    t->f->above(t->f->state, t->chosen, t->nchosen, t->above);
    for (size_t i = 0; i < g->n; i++) {
        const double slope = wn_ground_weight(g, i) * (1 - (double)t->above[i]);
        square += slope * slope;
    }
    if (!(square > 0)) return false;
    for (size_t i = 0; i < g->n; i++) {
        const double slope = wn_ground_weight(g, i) * (1 - (double)t->above[i]);
        t->f->best[i] = fmax(t->f->best[i] - step * excess / square * slope, 0);
    }
    return true;
}

static wn_code dual_run(facility_dual *t, wn_err *err) {
    wn_finished *g = t->g;
    const double reached = g->out->objective[g->out->k - 1], rounding = (double)(g->ground->n + g->o->k) * 0x1p-52;
    const double most = floor(looks / (double)(t->f->pairs + 1)), widened = 1 + 2 * t->off.relative + rounding;
    const size_t steps = most < 1 ? 1 : most < STEPS ? (size_t)most : STEPS;
    double best = INFINITY, before = INFINITY, step = first_step, value = 0;
    size_t missed = 0;
    for (size_t i = 0; i < steps; i++) {
        wn_code code = dual_value(t, &value, err);
        if (code != WN_OK) return code;
        wn_certificate_lower(g, value * widened + t->off.absolute);
        missed = value < best * (1 - 1e-4) ? 0 : missed + 1;
        best = fmin(best, value);
        if (missed == PATIENCE) step *= shorter, missed = 0;
        if (best - reached <= enough * best || !dual_descend(t, value - reached, step)) return WN_OK;
        if ((i + 1) % ROUND == 0) {
            if (i > 2 * ROUND && best > before * (1 - little)) return WN_OK;
            before = best;
        }
        if ((code = wn_tick(g->o->progress, "certificate", "steps", i + 1, steps, err)) != WN_OK) return code;
    }
    return WN_OK;
}

/* best is as it was in the end. */
static wn_code facility_descend(const wn_facility *f, wn_finished *g, const wn_certificate_error *off, wn_err *err) {
    const size_t n = g->ground->n;
    facility_dual t = {.f = f, .g = g, .off = *off};
    wn_code code = wn_certificate_init(&t.c, g, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(t.chosen = wn_alloc(n, sizeof *t.chosen, err))) goto out;
    if (!(t.above = wn_alloc(n, sizeof *t.above, err))) goto out;
    if (!(t.saved = wn_alloc(n, sizeof *t.saved, err))) goto out;
    memcpy(t.saved, f->best, n * sizeof *t.saved);
    code = dual_run(&t, err);
    memcpy(f->best, t.saved, n * sizeof *t.saved);
out:
    wn_certificate_free(&t.c);
    wn_free(t.chosen);
    wn_free(t.above);
    wn_free(t.saved);
    return code;
}

wn_code wn_facility_bound(const wn_facility *f, wn_finished *g, const double *gain, wn_err *err) {
    if (g->ground->of != g->ground->x) return WN_OK;
    const wn_certificate_error off = wn_facility_off(NULL, g);
    if (f->above) return facility_descend(f, g, &off, err);
    return gain ? wn_certificate_of_gains(g, gain, &off, err)
                : wn_certificate_of_gains_anew(g, f->gains, f->state, &off, err);
}
