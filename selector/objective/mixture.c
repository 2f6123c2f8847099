#include "objective/mixture.h"

#include <math.h>
#include <winnow/mem.h>

static const double weight_max = 1e12;

typedef enum { OVER_VECTORS, OVER_MATRIX, OVER_GRAPH, BASES } mixture_base;

/* What can be a part: over vectors, over a matrix, over a graph. Any objective with gains; one row each. */
static const struct {
    wn_objective what;
    const wn_objective_vt *over[BASES];
} summands[] = {
    {WN_GRAPH_CUT, {&wn_objective_graph_cut, &wn_objective_graph_cut, &wn_objective_graph_cut}},
    {WN_FACILITY_LOCATION, {&wn_objective_facility_free, &wn_objective_facility_dense, &wn_objective_facility_graph}},
    {WN_SATURATED_COVERAGE,
     {&wn_objective_saturated_free, &wn_objective_saturated_dense, &wn_objective_saturated_graph}},
    {WN_DISPARITY_MIN, {&wn_objective_disparity, &wn_objective_disparity, &wn_objective_disparity}},
    {WN_LOG_DETERMINANT, {&wn_objective_log_determinant, &wn_objective_log_determinant, &wn_objective_log_determinant}},
    {WN_FEATURE_BASED, {&wn_objective_features, &wn_objective_features, &wn_objective_features}},
};
enum { SUMMANDS = sizeof summands / sizeof *summands };

static const wn_objective_vt *summand(wn_objective what, mixture_base over, wn_kernel_kind kernel) {
    if (what == WN_GRAPH_CUT && kernel == WN_PRECOMPUTED) return &wn_objective_given_cut;
    for (size_t i = 0; i < SUMMANDS; i++)
        if (summands[i].what == what) return summands[i].over[over];
    return NULL;
}

size_t wn_mixture_size(const wn_select_opts *o) {
    return o->objective == WN_MIXTURE ? o->nmix : 1;
}

wn_mix_part wn_mixture_part(const wn_select_opts *o, size_t i) {
    return o->objective == WN_MIXTURE ? o->mix[i] : (wn_mix_part){o->objective, 1};
}

bool wn_mixture_has(wn_objective o) {
    return summand(o, OVER_VECTORS, WN_COSINE) != NULL;
}

wn_code wn_mixture_check(const wn_select_opts *o, wn_err *err) {
    const char *name = wn_objective_name(o->objective);
    if (o->objective != WN_MIXTURE) {
        if (!o->value || o->objective == WN_BY_VALUE || wn_mixture_has(o->objective)) return WN_OK;
        return wn_err_set(err, WN_EUSAGE, "select: %s has no gains that values could be added to", name);
    }
    if (o->nmix == 0) return wn_err_set(err, WN_EUSAGE, "select: a mixture without parts");
    for (size_t i = 0; i < o->nmix; i++) {
        const wn_mix_part *p = &o->mix[i];
        if (!wn_mixture_has(p->objective))
            return wn_err_set(err, WN_EUSAGE, "select: %s has no gains, and cannot be a part of a mixture",
                              wn_objective_name(p->objective));
        if (!(p->weight > 0 && p->weight <= weight_max))
            return wn_err_set(err, WN_EUSAGE, "select: the weight of %s is %g; it must be above 0, and at most %g",
                              wn_objective_name(p->objective), p->weight, weight_max);
        for (size_t j = 0; j < i; j++)
            if (o->mix[j].objective == p->objective)
                return wn_err_set(err, WN_EUSAGE, "select: %s is twice a part of the mixture",
                                  wn_objective_name(p->objective));
    }
    return WN_OK;
}

/* ---- the sum ---- */

typedef struct {
    const wn_objective_vt *f;
    void *state;
    double weight;
} mixture_part;

typedef struct {
    mixture_part *parts; /* [n] */
    size_t n;
    const double *value; /* NULL: none */
    double *gain;        /* [rows] of one part */
} mixture;

/* A gain never rises where none of a part does: weights are above 0, and products and sums round monotonically. */
static unsigned mixture_traits(const wn_select_opts *o) {
    enum { FALL = WN_GAINS_FALL | WN_GAINS_FALL_NONNEGATIVE };
    unsigned any = 0, fall = FALL;
    for (size_t i = 0; i < wn_mixture_size(o); i++) {
        const wn_objective_vt *f = summand(wn_mixture_part(o, i).objective, OVER_VECTORS, o->kernel.kind);
        if (!f) continue; /* wn_mixture_check says so */
        any |= f->traits;
        fall &= f->traits & WN_GAINS_FALL ? FALL : f->traits;
    }
    return (any & ~(unsigned)FALL) | fall;
}

static size_t mixture_bytes(const wn_select_opts *o, size_t n, size_t d, mixture_base over) {
    size_t sum = n * sizeof(double);
    for (size_t i = 0; i < wn_mixture_size(o); i++) {
        const wn_objective_vt *f = summand(wn_mixture_part(o, i).objective, over, o->kernel.kind);
        if (f && __builtin_add_overflow(sum, f->bytes(o, n, d), &sum)) return SIZE_MAX;
    }
    return sum;
}

static double mixture_work(const wn_select_opts *o, double n, double d) {
    double sum = 0;
    for (size_t i = 0; i < wn_mixture_size(o); i++) {
        const wn_objective_vt *f = summand(wn_mixture_part(o, i).objective, OVER_VECTORS, o->kernel.kind);
        sum += f && f->work ? f->work(o, n, d) : 0;
    }
    return sum;
}

static wn_code mixture_open(void **f, const wn_ground *g, const wn_select_opts *o, mixture_base over, wn_err *err) {
    mixture *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    const size_t n = wn_mixture_size(o);
    *s = (mixture){.value = o->value};
    if (!(s->gain = wn_alloc(g->n, sizeof *s->gain, err))) return WN_EMEMORY;
    if (!(s->parts = wn_alloc(n, sizeof *s->parts, err))) return WN_EMEMORY;
    for (; s->n < n; s->n++) {
        const wn_mix_part part = wn_mixture_part(o, s->n);
        mixture_part *p = &s->parts[s->n];
        *p = (mixture_part){.f = summand(part.objective, over, o->kernel.kind), .weight = part.weight};
        const wn_code code = p->f->open(&p->state, g, o, err);
        if (code != WN_OK) {
            p->f->close(p->state);
            return code;
        }
    }
    return WN_OK;
}

static wn_code mixture_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    const mixture *s = f;
    for (size_t i = 0; i < m; i++) out[i] = s->value ? s->value[rows[i]] : 0;
    for (size_t p = 0; p < s->n; p++) {
        const wn_code code = s->parts[p].f->gains(s->parts[p].state, rows, m, s->gain, err);
        if (code != WN_OK) return code;
        for (size_t i = 0; i < m; i++) out[i] += s->parts[p].weight * s->gain[i];
    }
    return WN_OK;
}

static wn_code mixture_add(void *f, size_t row, wn_err *err) {
    const mixture *s = f;
    for (size_t p = 0; p < s->n; p++) {
        const wn_code code = s->parts[p].f->add(s->parts[p].state, row, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* The parts' errors add up; NaN where one of them is not monotone. Their relative error counts on a sum of them all. */
static wn_certificate_error mixture_off(const void *f, const wn_finished *g) {
    const mixture *s = f;
    wn_certificate_error sum = {.relative = (double)(s->n + 4) * 0x1p-50};
    for (size_t p = 0; p < s->n; p++) {
        const mixture_part *part = &s->parts[p];
        wn_certificate_error e = {.relative = (double)NAN};
        if (part->f->off) e = part->f->off(part->state, g);
        if (isnan(e.relative)) return e;
        sum.relative = fmax(sum.relative, e.relative + (double)(s->n + 4) * 0x1p-50);
        sum.absolute += part->weight * e.absolute;
    }
    return sum;
}

static wn_code mixture_finish(void *f, wn_selection *out, wn_err *err) {
    const mixture *s = f;
    for (size_t p = 0; p < s->n; p++) {
        const mixture_part *part = &s->parts[p];
        const wn_code code = part->f->finish ? part->f->finish(part->state, out, err) : WN_OK;
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static void mixture_close(void *f) {
    mixture *s = f;
    if (!s) return;
    for (size_t p = 0; p < s->n; p++) s->parts[p].f->close(s->parts[p].state);
    wn_free(s->parts);
    wn_free(s->gain);
    wn_free(s);
}

static wn_code mixture_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    *value = 0;
    for (size_t i = 0; i < e->k && e->o->value; i++) *value += e->o->value[e->rows[i]];
    for (size_t i = 0; i < wn_mixture_size(e->o); i++) {
        const wn_mix_part part = wn_mixture_part(e->o, i);
        double own = 0;
        const wn_code code = summand(part.objective, OVER_VECTORS, e->o->kernel.kind)->evaluate(e, &own, err);
        if (code != WN_OK) return code;
        *value += part.weight * own;
    }
    return WN_OK;
}

#define MIXTURE(name, base)                                                                                            \
    static size_t name##_bytes(const wn_select_opts *o, size_t n, size_t d) {                                          \
        return mixture_bytes(o, n, d, base);                                                                           \
    }                                                                                                                  \
    static wn_code name##_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {                   \
        return mixture_open(f, g, o, base, err);                                                                       \
    }                                                                                                                  \
    const wn_objective_vt wn_objective_mixture_##name = {.traits_of = mixture_traits,                                  \
                                                         .bytes = name##_bytes,                                        \
                                                         .work = mixture_work,                                         \
                                                         .open = name##_open,                                          \
                                                         .gains = mixture_gains,                                       \
                                                         .add = mixture_add,                                           \
                                                         .off = mixture_off,                                           \
                                                         .finish = mixture_finish,                                     \
                                                         .close = mixture_close,                                       \
                                                         .evaluate = mixture_evaluate};
MIXTURE(free, OVER_VECTORS)
MIXTURE(dense, OVER_MATRIX)
MIXTURE(graph, OVER_GRAPH)
