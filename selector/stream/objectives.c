/* Which objectives a stream has, and those that look at the sample: coverage and graph-cut. */
#include <math.h>
#include <winnow/mem.h>

#include "objective/facility.h"
#include "stream/sieve.h"

enum { RBF = 1 << WN_RBF, LINEAR = 1 << WN_COSINE | 1 << WN_DOT };

static const wn_sieve_vt *const objectives[] = {&wn_sieve_facility, &wn_sieve_saturated, &wn_sieve_graph_cut,
                                                &wn_sieve_log_determinant, &wn_sieve_features};

const wn_sieve_vt *wn_sieve_objective(wn_objective o) {
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++)
        if (objectives[i]->what == o) return objectives[i];
    return NULL;
}

bool wn_streaming_serves(wn_objective o, wn_kernel_kind kernel) {
    const wn_sieve_vt *vt = wn_sieve_objective(o);
    return vt && (vt->kernels >> kernel & 1) != 0;
}

bool wn_streaming_samples(wn_objective o) {
    const wn_sieve_vt *vt = wn_sieve_objective(o);
    return vt && vt->samples;
}

/* ---- facility location, saturated coverage: a number for each row of the sample (objective/pairs.h) ---- */

typedef struct {
    const wn_pairs_rule *rule;
    size_t m;
    double state[];
} coverage;

static size_t coverage_bytes(const wn_streaming_opts *o, double sets, double squares) {
    (void)squares;
    return (size_t)(sets * (double)(sizeof(coverage) + o->sample * sizeof(double)));
}

static wn_code coverage_open(void **state, const wn_sample *s, const wn_pairs_rule *rule, wn_err *err) {
    coverage *c = wn_alloc(1, sizeof *c + s->rows.rows * sizeof *c->state, err);
    if (!(*state = c)) return WN_EMEMORY;
    c->rule = rule;
    c->m = s->rows.rows;
    for (size_t i = 0; i < c->m && s->room; i++) c->state[i] = s->room[i];
    return WN_OK;
}

static wn_code facility_open(void **state, const wn_sample *s, wn_err *err) {
    return coverage_open(state, s, &wn_facility_rule, err);
}

static wn_code saturated_open(void **state, const wn_sample *s, wn_err *err) {
    return coverage_open(state, s, &wn_saturated_rule, err);
}

static double coverage_gain(void *state, const wn_candidate *x, const wn_picks *picks, double least) {
    const coverage *c = state;
    double lanes[WN_LANES] = {0};
    (void)picks;
    (void)least;
    c->rule->gain(x->w, c->state, NULL, c->m, lanes);
    return wn_lanes_sum(lanes);
}

static wn_code coverage_add(void *state, const wn_candidate *x, const wn_picks *picks, wn_err *err) {
    coverage *c = state;
    (void)picks;
    (void)err;
    c->rule->take(x->w, c->state, c->m);
    return WN_OK;
}

static void coverage_close(void *state) {
    wn_free(state);
}

const wn_sieve_vt wn_sieve_facility = {.what = WN_FACILITY_LOCATION,
                                       .kernels = RBF | LINEAR,
                                       .samples = true,
                                       .monotone = true,
                                       .bytes = coverage_bytes,
                                       .open = facility_open,
                                       .gain = coverage_gain,
                                       .add = coverage_add,
                                       .close = coverage_close};
const wn_sieve_vt wn_sieve_saturated = {.what = WN_SATURATED_COVERAGE,
                                        .kernels = RBF | LINEAR,
                                        .samples = true,
                                        .monotone = true,
                                        .bytes = coverage_bytes,
                                        .open = saturated_open,
                                        .gain = coverage_gain,
                                        .add = coverage_add,
                                        .close = coverage_close};

/* ---- graph-cut: T_x - (2 + lambda) C_x over rbf, in units of the sample ---- */

static size_t cut_bytes(const wn_streaming_opts *o, double sets, double squares) {
    (void)o;
    (void)squares;
    return (size_t)(sets * sizeof(void *));
}

static wn_code cut_open(void **state, const wn_sample *s, wn_err *err) {
    const wn_sample **own = wn_alloc(1, sizeof *own, err);
    if (own) *own = s;
    *state = own;
    return own ? WN_OK : WN_EMEMORY;
}

/* It only falls as picks are looked at. */
static double cut_gain(void *state, const wn_candidate *x, const wn_picks *picks, double least) {
    const wn_sample *s = *(const wn_sample **)state;
    double gain, lanes[WN_LANES] = {0};
    for (size_t i = 0; i < s->rows.rows; i++) lanes[i % WN_LANES] += (double)x->w[i];
    gain = wn_lanes_sum(lanes);
    for (size_t i = 0; i < picks->n && gain >= least; i++) gain -= s->pair * wn_sieve_pair(s->o, x->x, picks->at[i]->x);
    return gain;
}

static wn_code cut_add(void *state, const wn_candidate *x, const wn_picks *picks, wn_err *err) {
    (void)state;
    (void)x;
    (void)picks;
    (void)err;
    return WN_OK;
}

const wn_sieve_vt wn_sieve_graph_cut = {.what = WN_GRAPH_CUT,
                                        .kernels = RBF,
                                        .samples = true,
                                        .bytes = cut_bytes,
                                        .open = cut_open,
                                        .gain = cut_gain,
                                        .add = cut_add,
                                        .close = coverage_close};
