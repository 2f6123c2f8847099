/* Options checked, a way found in the table, the greedy run. A new objective is one file and one row here. */
#include <winnow/select.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>

#include "certificate.h"
#include "objective/mixture.h"
#include "partition/sums.h"
#include "solver/solver.h"

static double saturation_used(double saturation, double n, size_t k) {
    return saturation > 0 ? saturation : fmin(1.0, (double)k / n);
}

double wn_select_lambda(double lambda, size_t n, size_t k) {
    return wn_ground_lambda(lambda, (double)n, k);
}

double wn_select_balance(double lambda, size_t n, size_t k) {
    return (2.0 + wn_select_lambda(lambda, n, k)) * (double)k / (double)n;
}

void wn_selection_free(wn_selection *s) {
    if (!s) return;
    wn_free(s->ids);
    wn_free(s->gain);
    wn_free(s->objective);
    wn_free(s->query);
    *s = (wn_selection){0};
}

enum { RBF = 1 << WN_RBF, COSINE = 1 << WN_COSINE, LINEAR = COSINE | 1 << WN_DOT, ANY = RBF | LINEAR };
enum { BALL = 1 << WN_BALL, GIVEN = 1 << WN_PRECOMPUTED, ALL = ANY | BALL | GIVEN };
typedef enum { ALL_PAIRS, OVER_GRAPH } select_pairs;

/* A way to maximise an objective. */
typedef struct {
    wn_objective what;
    int kernels;        /* bits of wn_kernel_kind */
    wn_storage storage; /* what it is; over a graph whatever was asked for */
    select_pairs pairs;
    const wn_objective_vt *objective;
    const wn_solver_vt *solver; /* NULL: any maximizer that suits the objective */
} select_way;

/* The first row that fits is taken; AUTO passes over a dense one whose matrix does not fit in memory. Matrix-free
 * graph-cut does half the kernel evaluations of the dense one, so it comes first. Facility location recomputes columns
 * when matrix-free, so there the dense one does. */
static const select_way ways[] = {
    {WN_GRAPH_CUT, RBF, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_graph_cut, &wn_solver_graph_cut_rbf},
    {WN_GRAPH_CUT, LINEAR, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_graph_cut, &wn_solver_graph_cut_linear},
    {WN_GRAPH_CUT, ANY, WN_DENSE, ALL_PAIRS, &wn_objective_graph_cut, &wn_solver_graph_cut_dense},
    {WN_GRAPH_CUT, ANY, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_graph_cut, NULL},
    {WN_GRAPH_CUT, GIVEN, WN_DENSE, ALL_PAIRS, &wn_objective_given_cut, NULL},
    {WN_FACILITY_LOCATION, ANY | BALL, WN_MATRIX_FREE, OVER_GRAPH, &wn_objective_facility_graph, NULL},
    {WN_FACILITY_LOCATION, ALL, WN_DENSE, ALL_PAIRS, &wn_objective_facility_dense, NULL},
    {WN_FACILITY_LOCATION, ANY | BALL, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_facility_free, NULL},
    {WN_SATURATED_COVERAGE, ANY | BALL, WN_MATRIX_FREE, OVER_GRAPH, &wn_objective_saturated_graph, NULL},
    {WN_SATURATED_COVERAGE, ALL, WN_DENSE, ALL_PAIRS, &wn_objective_saturated_dense, NULL},
    {WN_SATURATED_COVERAGE, ANY | BALL, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_saturated_free, NULL},
    {WN_DISPARITY_MIN, ANY, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_disparity, NULL},
    {WN_LOG_DETERMINANT, ANY, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_log_determinant, NULL},
    {WN_LOG_DETERMINANT, GIVEN, WN_DENSE, ALL_PAIRS, &wn_objective_log_determinant, NULL},
    {WN_FEATURE_BASED, LINEAR, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_features, NULL},
    {WN_HERDING, LINEAR, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_herding, &wn_solver_class_herding},
    {WN_CLASS_HERDING, COSINE, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_class_herding, &wn_solver_class_herding},
    {WN_MIXTURE, ANY | BALL, WN_MATRIX_FREE, OVER_GRAPH, &wn_objective_mixture_graph, NULL},
    {WN_MIXTURE, ALL, WN_DENSE, ALL_PAIRS, &wn_objective_mixture_dense, NULL},
    {WN_MIXTURE, ANY | BALL, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_mixture_free, NULL},
    {WN_BY_VALUE, COSINE, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_by_value, &wn_solver_by_value},
    {WN_KMEANS, COSINE, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_clusters, &wn_solver_kmeans},
    {WN_TYPICLUST, COSINE, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_clusters, &wn_solver_typiclust},
    {WN_RANDOM, ALL, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_random, &wn_solver_random_order},
    {WN_RDS, COSINE, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_target, &wn_solver_rds},
    {WN_TSDS, COSINE, WN_MATRIX_FREE, ALL_PAIRS, &wn_objective_target, &wn_solver_tsds},
    {WN_RANDOM, ALL, WN_DENSE, ALL_PAIRS, &wn_objective_random, &wn_solver_random_order},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* What an objective is, whatever the way; NULL: there is none. */
static const wn_objective_vt *objective_of(wn_objective o) {
    for (size_t i = 0; i < WAYS; i++)
        if (ways[i].what == o) return ways[i].objective;
    return NULL;
}

static unsigned traits_of(const wn_objective_vt *f, const wn_select_opts *o) {
    return f->traits_of ? f->traits_of(o) : f->traits;
}

/* Values are added by a mixture, of one part where it is no other. */
static wn_objective sought(const wn_select_opts *o) {
    return o->value && o->objective != WN_BY_VALUE ? WN_MIXTURE : o->objective;
}

/* Is there a way for the objective, by itself, under this kernel? */
static bool has_kernel(wn_objective o, wn_kernel_kind kernel) {
    for (size_t i = 0; i < WAYS; i++)
        if (ways[i].what == o && ways[i].kernels >> kernel & 1) return true;
    return false;
}

bool wn_objective_adds_up(wn_objective o) {
    return o == WN_MIXTURE || o == WN_BY_VALUE || wn_mixture_has(o);
}

bool wn_objective_seeks_coverage(wn_objective o) {
    return (objective_of(o)->traits & WN_SEEKS_COVERAGE) != 0;
}

bool wn_objective_over_graph(wn_objective o) {
    for (size_t i = 0; i < WAYS; i++)
        if (ways[i].what == o && ways[i].pairs == OVER_GRAPH) return true;
    return false;
}

/* A way, by which solver and maximizer, and what it takes beyond X. */
typedef struct {
    const select_way *way; /* NULL: there is none */
    const wn_solver_vt *solver;
    const wn_maximizer_vt *maximizer; /* for the generic solver */
    wn_maximizer used;                /* its name; auto: a solver of the objective's own */
    size_t bytes;
    size_t memory; /* what is left to the solver; 0: no bound */
} select_plan;

/* May a maximizer trust the gains of this objective under this kernel? */
static bool maximizer_suits(const wn_maximizer_vt *m, const wn_objective_vt *f, const wn_select_opts *o) {
    unsigned holds = traits_of(f, o);
    if (o->kernel.kind != WN_RBF) holds &= ~(unsigned)WN_GAINS_FALL_NONNEGATIVE;
    return m->needs == 0 || (holds & m->needs) != 0;
}

/* A new maximizer is one file and one row here. */
static const wn_maximizer_vt *const maximizers[] = {[WN_NAIVE] = &wn_maximizer_naive,
                                                    [WN_LAZY] = &wn_maximizer_lazy,
                                                    [WN_STOCHASTIC] = &wn_maximizer_stochastic,
                                                    [WN_RANDOM_GREEDY] = &wn_maximizer_random_greedy,
                                                    [WN_THRESHOLD] = &wn_maximizer_threshold};

/* The one asked for, or of auto the faster exact one; auto: it does not suit. */
static wn_maximizer maximizer_used(const select_way *w, const wn_select_opts *o) {
    if (o->maximizer != WN_MAXIMIZER_AUTO)
        return maximizer_suits(maximizers[o->maximizer], w->objective, o) ? o->maximizer : WN_MAXIMIZER_AUTO;
    return maximizer_suits(&wn_maximizer_lazy, w->objective, o) ? WN_LAZY : WN_NAIVE;
}

/* Does the solver, or for want of one any maximizer, see to the limits? */
static bool solver_suits(const select_way *w, const wn_select_opts *o) {
    const wn_solver_vt *solver = w->solver ? w->solver : &wn_solver_generic;
    const bool limits = o->limit.had > 0 || wn_constraint_limits(o);
    return (solver->under_limits || !limits) && (solver->under_budget || !o->limit.cost);
}

static bool way_fits(const select_way *w, const wn_select_opts *o) {
    bool storage = w->pairs == OVER_GRAPH || o->storage == WN_STORAGE_AUTO || o->storage == w->storage;
    bool maximizer = w->solver ? o->maximizer == WN_MAXIMIZER_AUTO : maximizer_used(w, o) != WN_MAXIMIZER_AUTO;
    for (size_t p = 0; p < wn_mixture_size(o) && w->what == WN_MIXTURE; p++)
        if (!has_kernel(wn_mixture_part(o, p).objective, o->kernel.kind)) return false;
    return w->what == sought(o) && w->kernels >> o->kernel.kind & 1 && storage && maximizer &&
           (w->pairs == ALL_PAIRS || o->graph) && solver_suits(w, o);
}

bool wn_objective_takes_limits(wn_objective o) {
    for (size_t i = 0; i < WAYS; i++)
        if (ways[i].what == o && (!ways[i].solver || ways[i].solver->under_budget)) return true;
    return false;
}

bool wn_select_serves(const wn_select_opts *o) {
    for (size_t i = 0; i < WAYS; i++)
        if (way_fits(&ways[i], o)) return true;
    return false;
}

bool wn_objective_serves(wn_objective objective, wn_kernel_kind kernel, wn_storage storage, wn_maximizer maximizer) {
    const wn_select_opts o = {
        .objective = objective, .kernel = {kernel, 1}, .storage = storage, .maximizer = maximizer};
    return wn_select_serves(&o);
}

/* o->k: with those that one has. */
static select_plan plan_way(const wn_select_opts *o, size_t n, size_t d) {
    size_t common = n * (sizeof(double) + sizeof(bool)) + o->k * (sizeof(size_t) + 2 * sizeof(double)) +
                    (o->certify ? wn_certificate_bytes(n, d, o->k) : 0) + wn_constraint_bytes(o, n) +
                    wn_cut_estimate_bytes(o, n);
    for (size_t i = 0; i < WAYS; i++) {
        const select_way *w = &ways[i];
        if (!way_fits(w, o)) continue;
        select_plan p = {.way = w, .solver = w->solver ? w->solver : &wn_solver_generic};
        if (!w->solver) p.maximizer = maximizers[p.used = maximizer_used(w, o)];
        wn_select_opts own = *o;
        own.memory = p.memory = o->memory > common ? o->memory - common : o->memory > 0;
        size_t bytes = w->solver ? w->solver->bytes(&own, n, d) : w->objective->bytes(o, n, d);
        if (p.maximizer && __builtin_add_overflow(bytes, p.maximizer->bytes(n), &bytes)) bytes = SIZE_MAX;
        if (o->storage == WN_STORAGE_AUTO && w->storage == WN_DENSE) {
            size_t budget = o->memory ? o->memory : wn_mem_available() / 2;
            if (budget <= common || bytes > budget - common) continue;
        }
        p.bytes = bytes > SIZE_MAX - common ? SIZE_MAX : bytes + common;
        return p;
    }
    return (select_plan){.bytes = SIZE_MAX};
}

static wn_code find_objective(const wn_objective_vt **out, const wn_select_opts *o, wn_err *err) {
    if ((*out = objective_of(sought(o)))) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "select: there is no way to maximise objective %d", (int)o->objective);
}

size_t wn_select_memory(const wn_select_opts *o, size_t n, size_t d) {
    wn_select_opts all = *o;
    all.k += o->limit.had;
    return plan_way(&all, n, d).bytes;
}

double wn_select_work(const wn_select_opts *o, size_t n, size_t d) {
    const wn_objective_vt *objective = objective_of(sought(o));
    return objective && objective->work ? objective->work(o, (double)n, (double)d) : 0;
}

static wn_code check_represent(const wn_select_opts *o, wn_err *err) {
    if (!o->represent || (o->objective == WN_FACILITY_LOCATION && !o->graph && !o->weight)) return WN_OK;
    return wn_err_set(err, WN_EUSAGE,
                      "select: only facility location over all pairs, without weights, represents other rows");
}

static wn_code check_options(const wn_select_opts *o, wn_err *err) {
    const wn_objective_vt *objective = NULL;
    wn_code code = find_objective(&objective, o, err);
    if (code != WN_OK) return code;
    unsigned traits = traits_of(objective, o);
    if ((code = wn_mixture_check(o, err)) != WN_OK) return code;
    if (traits & WN_USES_VALUE && !o->value)
        return wn_err_set(err, WN_EUSAGE, "select: %s chooses by values, but there are none",
                          wn_objective_name(o->objective));
    if (!(o->apart >= 0 && o->apart <= 1))
        return wn_err_set(err, WN_EUSAGE, "select: apart is %g; it must be above 0 and at most 1, or 0", o->apart);
    if (o->k == 0) return wn_err_set(err, WN_EUSAGE, "select: k is 0; at least one row must be chosen");
    if (traits & WN_USES_LAMBDA && !isnan(o->lambda) && !(o->lambda >= 0 && o->lambda <= 1e12))
        return wn_err_set(err, WN_EUSAGE, "select: lambda is %g; it must lie between 0 and 1e12, or be auto",
                          o->lambda);
    if (traits & WN_USES_SATURATION && !isnan(o->saturation) && !(o->saturation >= 0 && o->saturation <= 1))
        return wn_err_set(err, WN_EUSAGE, "select: saturation is %g; it must lie between 0 and 1, or be auto",
                          o->saturation);
    if (traits & WN_USES_ROWS && (o->kernel.kind == WN_RBF || o->kernel.kind == WN_BALL) &&
        !(o->kernel.gamma > 0 && o->kernel.gamma <= 1e6))
        return wn_err_set(err, WN_EUSAGE, "select: gamma is %g; it must be above 0 and at most 1e6", o->kernel.gamma);
    if (!(o->epsilon >= 0 && o->epsilon < 1))
        return wn_err_set(err, WN_EUSAGE, "select: epsilon is %g; it must be above 0 and below 1", o->epsilon);
    if ((code = check_represent(o, err)) != WN_OK) return code;
    if (o->nkeep > o->k)
        return wn_err_set(err, WN_ECONSTRAINT, "select: %zu rows must be kept but k is %zu; raise k", o->nkeep, o->k);
    return WN_OK;
}

static wn_code check_labels(const wn_select_opts *o, size_t n, wn_err *err) {
    const char *name = o->limit.quotas ? "a quota" : wn_objective_name(o->objective);
    if (!o->label || (!o->push && !o->limit.quotas) || o->classes == 0)
        return wn_err_set(err, WN_EUSAGE, "select: %s chooses by class, but there are no labels", name);
    for (size_t c = 0; c < o->classes && !o->limit.quotas; c++)
        if (!(o->push[c] >= 0 && o->push[c] <= 100))
            return wn_err_set(err, WN_EUSAGE, "select: the push of class %zu is %g; it must lie between 0 and 100", c,
                              o->push[c]);
    if (!o->share && !(o->quota_power >= 0 && o->quota_power <= 1))
        return wn_err_set(err, WN_EUSAGE, "select: quota_power is %g; it must lie between 0 and 1", o->quota_power);
    for (size_t c = 0; o->share && c < o->classes; c++)
        if (!(o->share[c] >= 0 && o->share[c] <= 1e12))
            return wn_err_set(err, WN_EUSAGE, "select: the share of class %zu is %g; it must lie between 0 and 1e12", c,
                              o->share[c]);
    for (size_t i = 0; i < n; i++)
        if (o->label[i] >= o->classes)
            return wn_err_set(err, WN_EUSAGE, "select: row %zu is of class %" PRIu32 ", but there are %zu",
                              o->first + i, o->label[i], o->classes);
    return WN_OK;
}

static wn_code check_plan(const select_plan *p, const wn_select_opts *o, size_t n, wn_err *err) {
    if (!p->way && !wn_objective_takes_limits(o->objective) && (o->limit.had || wn_constraint_limits(o)))
        return wn_err_set(err, WN_EUSAGE,
                          "select: %s picks in a way of its own, not under limits (quotas, groups, a budget, a largest "
                          "similarity, rows that one has)",
                          wn_objective_name(o->objective));
    if (!p->way)
        return wn_err_set(err, WN_EUSAGE,
                          "select: %s under %s cannot be maximised with storage %s and maximizer %s; leave one to auto",
                          wn_objective_name(o->objective), wn_kernel_name(o->kernel.kind), wn_storage_name(o->storage),
                          wn_maximizer_name(o->maximizer));
    const wn_csr *g = p->way->pairs == OVER_GRAPH ? o->graph : NULL;
    if (g && (g->rows != n || g->cols != n))
        return wn_err_set(err, WN_EUSAGE, "select: the graph is %zu x %zu but there are %zu rows", g->rows, g->cols, n);
    if (g && o->kernel.kind == WN_DOT)
        return wn_err_set(err, WN_EUSAGE, "select: a graph holds cosines; use the cosine or rbf kernel with it");
    if (o->kernel.kind == WN_PRECOMPUTED && (o->graph || o->represent || o->sums || o->n_all))
        return wn_err_set(err, WN_EUSAGE, "select: given similarities are all there is: no graph, parts or other rows");
    if (p->way->objective->traits & WN_USES_LABELS || o->limit.quotas) {
        const wn_code code = check_labels(o, n - o->limit.had, err);
        if (code != WN_OK) return code;
    }
    if (o->memory && p->bytes > o->memory)
        return wn_err_set(err, WN_EMEMORY, "select: %zu bytes are needed for %zu rows but %zu are allowed%s", p->bytes,
                          n, o->memory, p->way->storage == WN_DENSE ? "; use the matrix-free maximizer" : "");
    return WN_OK;
}

/* The greedy run; *single: a row that with those to keep has more f (a budget); else the number of rows. */
static wn_code select_once(const wn_mat *x, const wn_select_opts *o, wn_selection *out, size_t *single, wn_err *err) {
    const size_t had = o->limit.had, k = o->k + had;
    if (had && had >= x->rows)
        return wn_err_set(err, WN_EUSAGE, "select: %zu of %zu rows are chosen already: none is left", had, x->rows);
    const size_t expected = wn_constraint_expected(o, x->rows);
    wn_selection s = {.k = k, .negative_from = k, .bound = NAN};
    wn_greedy g = {.o = *o, .out = &s};
    double *estimate = NULL;
    g.o.k = k;
    select_plan p = plan_way(&g.o, x->rows, x->cols);
    wn_code code = check_plan(&p, &g.o, x->rows, err);
    if (code != WN_OK) return code;
    g.objective = p.way->objective;
    g.maximizer = p.maximizer;
    g.o.memory = p.memory;
    s.storage = p.way->storage;
    s.maximizer = p.used;
    if ((code = wn_ground_init(&g.ground, x, o, err)) != WN_OK) goto out;
    const unsigned traits = traits_of(g.objective, o);
    if (traits & WN_USES_LAMBDA) s.lambda = g.o.lambda = wn_ground_lambda(o->lambda, g.ground.n_all, expected);
    if (!(traits & WN_USES_LABELS)) g.o.label = NULL, g.o.classes = 0;
    if (traits & WN_USES_SATURATION)
        s.saturation = g.o.saturation = saturation_used(o->saturation, g.ground.n_all, expected);
    /* also bounds k before anything of that size is allocated */
    if ((code = wn_constraint_init(&g.constraint, &g.ground, o, err)) != WN_OK) goto out;
    g.o.k = s.k = s.negative_from = g.constraint.k;
    code = WN_EMEMORY;
    if (!(s.ids = wn_alloc(s.k, sizeof *s.ids, err))) goto out;
    if (!(s.gain = wn_alloc(s.k, sizeof *s.gain, err))) goto out;
    if (!(s.objective = wn_alloc(s.k, sizeof *s.objective, err))) goto out;
    if (traits & WN_USES_ROWS && (code = wn_ground_read(&g.ground, &o->kernel, err)) != WN_OK) goto out;
    if (wn_cut_estimated(o, x->rows)) {
        if ((code = wn_cut_estimate(&estimate, &s, x, o, err)) != WN_OK) goto out;
        g.ground.sums = estimate;
        g.o.certify = false; /* no bound on f follows from estimates */
    }
    if ((code = wn_greedy_run(&g, p.solver, err)) != WN_OK) goto out;
    if (estimate && (code = wn_cut_recount(&s, estimate, x, o, err)) != WN_OK) goto out;
    *single = g.single;
    *out = s;
    s = (wn_selection){0};
out:
    wn_free(estimate);
    wn_selection_free(&s);
    wn_constraint_free(&g.constraint);
    wn_ground_free(&g.ground);
    return code;
}

/* Under a budget: the rows to keep and `row` have more f than s, and take its place. */
static wn_code take_single(wn_selection *s, size_t row, const wn_mat *x, const wn_select_opts *o, wn_err *err) {
    size_t *keep = wn_alloc(o->nkeep + 1, sizeof *keep, err), none = 0;
    wn_select_opts own = *o;
    wn_selection one = {0};
    if (!keep) return WN_EMEMORY;
    for (size_t i = 0; i < o->nkeep; i++) keep[i] = o->keep[i];
    keep[o->nkeep] = o->first + row;
    own.keep = keep, own.nkeep = own.k = o->nkeep + 1;
    own.lambda = s->lambda, own.saturation = s->saturation;
    own.certify = false;
    const wn_code code = select_once(x, &own, &one, &none, err);
    if (code == WN_OK) {
        one.bound = s->bound;
        wn_selection_free(s);
        *s = one;
    }
    wn_free(keep);
    return code;
}

/* What one has already is neither counted nor returned. */
static void leave_out_had(wn_selection *s, size_t had) {
    if (had == 0) return;
    s->k -= had;
    s->bound -= s->objective[had - 1];
    s->negative_from = s->k;
    for (size_t t = 0; t < s->k; t++) {
        s->ids[t] = s->ids[t + had];
        s->gain[t] = s->gain[t + had];
        s->objective[t] = s->gain[t] + (t ? s->objective[t - 1] : 0);
        if (s->gain[t] < 0 && s->negative_from == s->k) s->negative_from = t;
    }
}

wn_code wn_select(const wn_mat *x, const wn_select_opts *o, wn_selection *out, wn_err *err) {
    wn_selection s = {0};
    size_t single = x->rows;
    wn_code code = check_options(o, err);
    if (code != WN_OK) return code;
    if ((code = select_once(x, o, &s, &single, err)) != WN_OK) return code;
    if (single < x->rows && (code = take_single(&s, single, x, o, err)) != WN_OK) goto out;
    leave_out_had(&s, o->limit.had);
    *out = s;
    s = (wn_selection){0};
out:
    wn_selection_free(&s);
    return code;
}

wn_code wn_select_evaluate(const wn_mat *x, const wn_select_opts *o, const size_t *ids, size_t k, double *value,
                           wn_err *err) {
    wn_select_opts used = *o;
    wn_ground g = {0};
    bool *chosen = NULL;
    size_t *rows = NULL;
    double result = 0;
    const wn_objective_vt *objective = NULL;
    wn_code code = find_objective(&objective, o, err);
    if (code != WN_OK) goto out;
    if (objective->traits & WN_USES_LABELS && (code = check_labels(o, x->rows, err)) != WN_OK) goto out;
    if ((code = check_represent(o, err)) != WN_OK) goto out;
    if ((code = wn_mixture_check(o, err)) != WN_OK) goto out;
    if ((code = wn_ground_init(&g, x, o, err)) != WN_OK) goto out;
    used.lambda = k ? wn_ground_lambda(o->lambda, g.n_all, k) : 0;
    if (!(objective->traits & WN_USES_LABELS)) used.label = NULL, used.classes = 0;
    used.saturation = saturation_used(o->saturation, g.n_all, k);
    code = WN_EMEMORY;
    if (!(chosen = wn_alloc(g.n, sizeof *chosen, err))) goto out;
    if (!(rows = wn_alloc(k, sizeof *rows, err))) goto out;
    for (size_t i = 0; i < k; i++) {
        rows[i] = ids[i] - g.first; /* wraps below the first row, and is then beyond the last */
        bool twice = rows[i] < g.n && chosen[rows[i]];
        if (rows[i] >= g.n || twice) {
            code =
                wn_err_set(err, WN_EUSAGE, "evaluate: row %zu %s", ids[i], twice ? "is named twice" : "does not exist");
            goto out;
        }
        chosen[rows[i]] = true;
    }
    wn_evaluation e = {.g = &g, .o = &used, .rows = rows, .k = k, .chosen = chosen};
    if (o->kernel.kind == WN_PRECOMPUTED && g.n != g.d)
        code = wn_err_set(err, WN_EUSAGE, "evaluate: given similarities are a square matrix");
    else if ((code = objective->evaluate(&e, &result, err)) == WN_OK)
        *value = result;
out:
    wn_free(rows);
    wn_free(chosen);
    wn_ground_free(&g);
    return code;
}
