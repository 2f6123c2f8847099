/* Saturated coverage (Lin and Bilmes 2011), f(S) = sum over i of weight_i min(C_i(S), alpha C_i(V)), C_i(S) = sum over
 * j in S of s_ij with s >= 0: a row counts until the picks have the share alpha of all that is similar to it. Over all
 * pairs (pairs.h), or over a graph of nearest neighbours (edges.h), which then has C_i(V), too. Monotone and
 * submodular, so the lazy greedy is exact.
 *
 * What a row knows of the picks is the room that they leave: alpha C_i(V) at first, less s_ij with every pick, never
 * below 0; so it falls in floating point too, and with it every term min(s_xi, room_i). */
#include <math.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>

#include "objective/edges.h"

enum { ROWS_A_TICK = 1024 };

static double saturated_part(float w, double room) {
    const double s = w > 0 ? (double)w : 0;
    return s < room ? s : room;
}

static void saturated_gain(const float *w, const double *room, const double *weight, size_t n, double lanes[WN_LANES]) {
    if (!weight) {
        wn_pair_below(w, room, n, lanes);
        return;
    }
    for (size_t i = 0; i < n; i++) lanes[i % WN_LANES] += weight[i] * saturated_part(w[i], room[i]);
}

static void saturated_take(const float *w, double *room, size_t n) {
    for (size_t i = 0; i < n; i++) room[i] -= saturated_part(w[i], room[i]);
}

const wn_pairs_rule wn_saturated_rule = {saturated_gain, saturated_take};

/* out[n] = C_i(V): similarities are symmetric, so that is what i would gain if there were room without end. */
static wn_code whole_coverage(wn_pairs *s, double *out, wn_err *err) {
    size_t ids[ROWS_A_TICK];
    for (size_t i = 0; i < s->n; i++) s->state[i] = INFINITY;
    for (size_t first = 0; first < s->n; first += ROWS_A_TICK) {
        const size_t m = s->n - first < ROWS_A_TICK ? s->n - first : ROWS_A_TICK;
        for (size_t i = 0; i < m; i++) ids[i] = first + i;
        wn_code code = wn_pairs_gains(s, ids, m, out + first, err);
        if (code != WN_OK) return code;
        if ((code = wn_tick(s->progress, "sum similarities", "rows", first + m, s->n, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code saturated_open(void **f, const wn_ground *g, const wn_select_opts *o, bool dense, wn_err *err) {
    wn_code code = wn_pairs_open(f, g, o, &wn_saturated_rule, dense, err);
    if (code != WN_OK) return code;
    wn_pairs *s = *f;
    double *whole = wn_alloc(s->n, sizeof *whole, err);
    if (!whole) return WN_EMEMORY;
    code = whole_coverage(s, whole, err);
    for (size_t i = 0; i < s->n; i++) s->state[i] = o->saturation * whole[i];
    wn_free(whole);
    return code;
}

static wn_code saturated_free_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    return saturated_open(f, g, o, false, err);
}

static wn_code saturated_dense_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    return saturated_open(f, g, o, true, err);
}

static size_t saturated_free_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return wn_pairs_bytes(o, n, d, false) + n * sizeof(double);
}

static size_t saturated_dense_bytes(const wn_select_opts *o, size_t n, size_t d) {
    const size_t bytes = wn_pairs_bytes(o, n, d, true);
    return bytes > SIZE_MAX - n * sizeof(double) ? SIZE_MAX : bytes + n * sizeof(double);
}

static size_t saturated_graph_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)d;
    return wn_edges_bytes(o, n);
}

static wn_code saturated_graph_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    wn_edges *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    wn_code code = wn_edges_open(s, g, o, &wn_saturated_rule, err);
    for (size_t i = 0; code == WN_OK && i < g->n; i++) {
        double whole = 0;
        for (size_t e = s->start[i]; e < s->start[i + 1]; e++)
            whole += wn_ground_weight(g, s->edges[e].row) * fmax((double)s->edges[e].sim, 0);
        s->state[i] = o->saturation * whole;
    }
    return code;
}

static void saturated_graph_close(void *f) {
    if (f) wn_edges_free(f);
    wn_free(f);
}

static double saturated_work(const wn_select_opts *o, double n, double d) {
    return 2 * n * n * d + 64 * (double)o->k * n;
}

static double saturated_term(const wn_evaluation *e, size_t i) {
    double chosen = 0, all = 0;
    for (size_t c = 0; c < e->k; c++) chosen += fmax(wn_evaluate_pair(e, i, e->rows[c]), 0);
    for (size_t j = 0; j < e->g->n; j++) all += wn_ground_weight(e->g, j) * fmax(wn_evaluate_pair(e, i, j), 0);
    return wn_ground_weight(e->g, i) * fmin(chosen, e->o->saturation * all);
}

static wn_code saturated_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    return wn_evaluate_sum(e, saturated_term, value, err);
}

/* Each similarity of a pick, and each of the share of all, may be off. */
static wn_certificate_error saturated_off(const void *f, const wn_finished *g) {
    wn_certificate_error e = wn_certificate_similarity(&g->o->kernel, g->ground->d, g->ground->sq_max);
    double rows = 0;
    (void)f;
    for (size_t i = 0; i < g->ground->n; i++) rows += wn_ground_weight(g->ground, i);
    e.absolute *= rows * ((double)g->o->k + g->o->saturation * rows);
    e.relative += ((double)g->o->k + (double)g->ground->n) * 0x1p-52;
    return e;
}

enum { TRAITS = WN_GAINS_FALL | WN_USES_SATURATION | WN_USES_ROWS | WN_SEEKS_COVERAGE };
const wn_objective_vt wn_objective_saturated_dense = {.traits = TRAITS,
                                                      .bytes = saturated_dense_bytes,
                                                      .work = saturated_work,
                                                      .open = saturated_dense_open,
                                                      .gains = wn_pairs_gains,
                                                      .add = wn_pairs_add,
                                                      .off = saturated_off,
                                                      .close = wn_pairs_close,
                                                      .evaluate = saturated_evaluate};
const wn_objective_vt wn_objective_saturated_free = {.traits = TRAITS,
                                                     .bytes = saturated_free_bytes,
                                                     .work = saturated_work,
                                                     .open = saturated_free_open,
                                                     .gains = wn_pairs_gains,
                                                     .add = wn_pairs_add,
                                                     .off = saturated_off,
                                                     .close = wn_pairs_close,
                                                     .evaluate = saturated_evaluate};
const wn_objective_vt wn_objective_saturated_graph = {.traits = TRAITS,
                                                      .bytes = saturated_graph_bytes,
                                                      .work = saturated_work,
                                                      .open = saturated_graph_open,
                                                      .gains = wn_edges_gains,
                                                      .add = wn_edges_add,
                                                      .off = saturated_off,
                                                      .close = saturated_graph_close,
                                                      .evaluate = saturated_evaluate};
