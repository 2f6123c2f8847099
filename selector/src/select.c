#include <winnow/select.h>

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <winnow/threads.h>

#include "run.h"

enum { RANDOM_STREAM = 0x73656c }; /* apart from other uses of the same seed */

const char *wn_objective_name(wn_objective o) {
    switch (o) { WN_OBJECTIVES(WN_NAME_CASE) }
    return NULL;
}

const char *wn_maximizer_name(wn_maximizer m) {
    switch (m) { WN_MAXIMIZERS(WN_NAME_CASE) }
    return NULL;
}

bool wn_objective_named(const char *word, wn_objective *out) {
    for (int i = 0; wn_objective_name((wn_objective)i); i++) {
        if (strcmp(wn_objective_name((wn_objective)i), word) != 0) continue;
        *out = (wn_objective)i;
        return true;
    }
    return false;
}

double wn_select_lambda(double lambda, size_t n, size_t k) {
    return isnan(lambda) ? fmax(0.0, (double)n / (double)k - 2.0) : lambda;
}

double wn_select_balance(double lambda, size_t n, size_t k) {
    return (2.0 + wn_select_lambda(lambda, n, k)) * (double)k / (double)n;
}

void wn_selection_free(wn_selection *s) {
    if (!s) return;
    wn_free(s->ids);
    wn_free(s->gain);
    wn_free(s->objective);
    *s = (wn_selection){0};
}

static wn_code check_options(const wn_select_opts *o, size_t n, wn_err *err) {
    if (o->k == 0) return wn_err_set(err, WN_EUSAGE, "select: k is 0; at least one row must be chosen");
    if (o->objective == WN_GRAPH_CUT && !isnan(o->lambda) && !(o->lambda >= 0 && o->lambda <= 1e12))
        return wn_err_set(err, WN_EUSAGE, "select: lambda is %g; it must lie between 0 and 1e12, or be auto",
                          o->lambda);
    if (o->objective != WN_RANDOM && o->kernel.kind == WN_RBF && !(o->kernel.gamma > 0 && o->kernel.gamma <= 1e6))
        return wn_err_set(err, WN_EUSAGE, "select: gamma is %g; it must be above 0 and at most 1e6", o->kernel.gamma);
    if (o->nkeep > o->k)
        return wn_err_set(err, WN_ECONSTRAINT, "select: %zu rows must be kept but k is %zu; raise k", o->nkeep, o->k);
    const wn_csr *g = o->objective == WN_FACILITY_LOCATION ? o->graph : NULL;
    if (g && (g->rows != n || g->cols != n))
        return wn_err_set(err, WN_EUSAGE, "select: the graph is %zu x %zu but there are %zu rows", g->rows, g->cols, n);
    if (g && o->kernel.kind == WN_DOT)
        return wn_err_set(err, WN_EUSAGE, "select: a graph holds cosines; use the cosine or rbf kernel with it");
    return WN_OK;
}

/* Marks excluded rows as taken and checks the lists against each other and against k. */
static wn_code check_lists(wn_run *r, wn_err *err) {
    const wn_select_opts *o = r->o;
    size_t available = r->n;
    for (size_t i = 0; i < o->nexclude; i++) {
        size_t id = o->exclude[i];
        if (id >= r->n) return wn_err_set(err, WN_EUSAGE, "select: excluded row %zu, but there are %zu rows", id, r->n);
        if (!r->taken[id]) available--;
        r->taken[id] = true;
    }
    if (o->k > available)
        return wn_err_set(err, WN_ECONSTRAINT, "select: k is %zu but only %zu of %zu rows may be chosen (%zu excluded)",
                          o->k, available, r->n, r->n - available);
    wn_code code = WN_OK;
    size_t i = 0;
    for (; i < o->nkeep && code == WN_OK; i++) {
        size_t id = o->keep[i];
        if (id >= r->n)
            return wn_err_set(err, WN_EUSAGE, "select: row %zu must be kept, but there are %zu rows", id, r->n);
        if (r->taken[id]) {
            bool excluded = false;
            for (size_t j = 0; j < o->nexclude; j++) excluded |= o->exclude[j] == id;
            return excluded ? wn_err_set(err, WN_ECONSTRAINT, "select: row %zu is both to be kept and excluded", id)
                            : wn_err_set(err, WN_EUSAGE, "select: row %zu is named twice among the rows to keep", id);
        }
        r->taken[id] = true;
    }
    while (i > 0) r->taken[o->keep[--i]] = false;
    return WN_OK;
}

typedef struct {
    wn_run *r;
    wn_failure failure;
} norms_job;

static void norms_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    norms_job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        const float *x = wn_mat_row(j->r->x, i);
        double s = 0;
        for (size_t c = 0; c < j->r->d; c++) s += (double)x[c] * (double)x[c];
        j->r->sq[i] = s;
    }
}

static wn_code check_rows(wn_run *r, wn_err *err) {
    norms_job job = {.r = r};
    wn_parallel_for(r->n, 1024, norms_task, &job);
    bool unit = r->o->kernel.kind != WN_DOT;
    for (size_t i = 0; i < r->n; i++) {
        double s = r->sq[i];
        if (!isfinite(s)) return wn_err_set(err, WN_EINPUT, "select: row %zu holds NaN or infinity", i);
        if (unit && s != 0 && fabs(s - 1) > 1e-3)
            return wn_err_set(err, WN_EUSAGE, "select: row %zu has norm %g; normalise the rows, or use the dot kernel",
                              i, sqrt(s));
        if (s > 1e30)
            return wn_err_set(err, WN_EINPUT, "select: row %zu has norm %g; at most 1e15 can be handled", i, sqrt(s));
        if (s > r->sq_max) r->sq_max = s;
    }
    return WN_OK;
}

static wn_code select_random(wn_run *r, wn_err *err) {
    size_t *order = wn_alloc(r->n, sizeof *order, err);
    if (!order) return WN_EMEMORY;
    while (wn_run_forced(r)) wn_run_take(r, r->o->keep[r->t], 0);
    for (size_t i = 0; i < r->n; i++) order[i] = i;
    wn_rng rng = wn_rng_init(r->o->seed, RANDOM_STREAM);
    wn_rng_shuffle(&rng, order, r->n);
    for (size_t i = 0; r->t < r->o->k; i++)
        if (!r->taken[order[i]]) wn_run_take(r, order[i], 0);
    wn_free(order);
    return wn_run_tick(r, err);
}

typedef struct {
    wn_maximizer maximizer;
    wn_code (*run)(wn_run *, wn_err *);
    size_t bytes;
} plan;

/* Matrix-free graph-cut does half the kernel evaluations of the dense one, so AUTO never builds W for it. Facility
 * location recomputes columns when matrix-free, so there AUTO builds W where it fits. */
static plan make_plan(const wn_select_opts *o, size_t n, size_t d) {
    bool dense = o->maximizer == WN_DENSE;
    plan p = {.maximizer = WN_MATRIX_FREE};
    size_t common = n * (sizeof(double) + sizeof(bool)) + o->k * (sizeof(size_t) + 2 * sizeof(double));
    if (o->objective == WN_RANDOM) {
        p.run = select_random;
        p.bytes = n * sizeof(size_t);
    } else if (o->objective == WN_GRAPH_CUT) {
        bool rbf = o->kernel.kind == WN_RBF;
        p.run = dense ? wn_graph_cut_dense : rbf ? wn_graph_cut_rbf : wn_graph_cut_linear;
        p.bytes = dense ? wn_graph_cut_dense_bytes(o, n, d)
                  : rbf ? wn_graph_cut_rbf_bytes(o, n, d)
                        : wn_graph_cut_linear_bytes(o, n, d);
    } else if (o->graph) {
        p.run = wn_facility_graph;
        p.bytes = wn_facility_graph_bytes(o, n, d);
        dense = false;
    } else {
        size_t w = wn_facility_dense_bytes(o, n, d);
        if (o->maximizer == WN_MAXIMIZER_AUTO) {
            size_t budget = o->memory ? o->memory : wn_mem_available() / 2;
            dense = budget > common && w <= budget - common;
        }
        p.run = dense ? wn_facility_dense : wn_facility_free;
        p.bytes = dense ? w : wn_facility_free_bytes(o, n, d);
    }
    if (dense) p.maximizer = WN_DENSE;
    p.bytes = p.bytes > SIZE_MAX - common ? SIZE_MAX : p.bytes + common;
    return p;
}

size_t wn_select_memory(const wn_select_opts *o, size_t n, size_t d) {
    return make_plan(o, n, d).bytes;
}

wn_code wn_select(const wn_mat *x, const wn_select_opts *o, wn_selection *out, wn_err *err) {
    wn_selection s = {.k = o->k, .negative_from = o->k};
    wn_run r = {.x = x, .o = o, .n = x->rows, .d = x->cols, .out = &s};
    wn_code code = check_options(o, r.n, err);
    if (code != WN_OK) return code;
    plan p = make_plan(o, r.n, r.d);
    if (o->memory && p.bytes > o->memory)
        return wn_err_set(err, WN_EMEMORY, "select: %zu bytes are needed for %zu rows but %zu are allowed%s", p.bytes,
                          r.n, o->memory, p.maximizer == WN_DENSE ? "; use the matrix-free maximizer" : "");
    s.maximizer = p.maximizer;
    s.lambda = o->objective == WN_GRAPH_CUT ? wn_select_lambda(o->lambda, r.n, o->k) : 0;
    r.scale = 2 + s.lambda;
    code = WN_EMEMORY;
    if (!(r.taken = wn_alloc(r.n, sizeof *r.taken, err))) goto out;
    if ((code = check_lists(&r, err)) != WN_OK) goto out; /* also bounds k before anything of that size is allocated */
    code = WN_EMEMORY;
    if (!(s.ids = wn_alloc(o->k, sizeof *s.ids, err))) goto out;
    if (!(s.gain = wn_alloc(o->k, sizeof *s.gain, err))) goto out;
    if (!(s.objective = wn_alloc(o->k, sizeof *s.objective, err))) goto out;
    if (!(r.sq = wn_alloc(r.n, sizeof *r.sq, err))) goto out;
    code = o->objective == WN_RANDOM ? WN_OK : check_rows(&r, err);
    if (code == WN_OK) code = p.run(&r, err);
    if (code != WN_OK) goto out;
    *out = s;
    s = (wn_selection){0};
out:
    wn_selection_free(&s);
    wn_free(r.sq);
    wn_free(r.taken);
    return code;
}
