/* selector: maximizers without chance that are no greedy, WN_THRESHOLD_MAXIMIZERS, against the best of all subsets: for
 * every objective that they serve, ten thousand random instances. A row of the table is tested as soon as it is there;
 * its bound is said here. */
#include <criterion/criterion.h>
#include <winnow/threads.h>

#include "naive.h"

enum { INSTANCES = 10000, ROWS_MAX = 8 };
#define VALUE_ROW(value, word) value,
static const wn_maximizer maximizers[] = {WN_THRESHOLD_MAXIMIZERS(VALUE_ROW)};
enum { MAXIMIZERS = sizeof maximizers / sizeof *maximizers };

static wn_err err;

static double share_of(wn_maximizer m, double epsilon) {
    switch ((int)m) {
    case WN_THRESHOLD:
        return 1 - exp(-1) - (epsilon > 0 ? epsilon : WN_EPSILON);
    default:
        cr_assert_fail("what does %s promise?", wn_maximizer_name(m));
        return NAN;
    }
}

/* f with more rows is never less, for similarities that are not negative or do not count. */
static bool monotone(wn_objective o) {
    return o == WN_FACILITY_LOCATION || o == WN_SATURATED_COVERAGE || o == WN_LOG_DETERMINANT || o == WN_FEATURE_BASED;
}

typedef struct {
    wn_mat x;
    wn_select_opts o;
    size_t keep[ROWS_MAX], exclude[ROWS_MAX];
} instance;

static void make(instance *in, wn_objective objective, wn_kernel_kind kernel, wn_maximizer m, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 41);
    const size_t n = 2 + (size_t)wn_rng_below(&r, ROWS_MAX - 1), d = 1 + (size_t)wn_rng_below(&r, 5);
    *in = (instance){.o = {.objective = objective, .maximizer = m, .kernel = {.kind = kernel}}};
    /* 2 is the distance of opposite rows, but for rounding */
    in->o.kernel.gamma = (double[]){.5, 2.1, 8}[wn_rng_below(&r, 3)];
    in->o.epsilon = (double[]){0, .01, .3, .6}[wn_rng_below(&r, 4)];
    in->o.lambda = (double[]){0, 10, NAN}[wn_rng_below(&r, 3)];
    in->x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .1 + wn_rng_uniform(&r), kernel != WN_DOT, seed);
    spoil_rows(&in->x, &r);
    draw_lists(&in->o, in->keep, in->exclude, n, &r);
}

/* The best k rows with the must-keep ones and without the excluded. */
static double best_of(const naive *v, const instance *in, double told) {
    double best = -INFINITY;
    for (unsigned set = 0; set < 1u << v->n; set++) {
        size_t s[ROWS_MAX], m = 0, kept = 0;
        bool out = false;
        for (size_t i = 0; i < v->n; i++)
            if (set >> i & 1) s[m++] = i;
        for (size_t k = 0; k < in->o.nkeep; k++) kept += set >> in->keep[k] & 1;
        for (size_t k = 0; k < in->o.nexclude; k++) out |= set >> in->exclude[k] & 1;
        if (m == in->o.k && kept == in->o.nkeep && !out) best = fmax(best, naive_value(v, in->o.objective, told, s, m));
    }
    return best;
}

/* Free rows, each once, must-keep ones first, gains that add up to f by its definition; and the bound. */
static void check(const instance *in, const wn_selection *s) {
    naive v = naive_init(&in->x, &in->o.kernel);
    bool taken[ROWS_MAX] = {false};
    const double told = naive_told(s), f = naive_value(&v, in->o.objective, told, s->ids, s->k);
    for (size_t i = 0; i < in->o.nexclude; i++) taken[in->exclude[i]] = true;
    for (size_t t = 0; t < s->k; t++) {
        cr_assert(!taken[s->ids[t]], "step %zu: row %zu is not free", t, s->ids[t]);
        taken[s->ids[t]] = true;
        if (t < in->o.nkeep) cr_assert_eq(s->ids[t], in->keep[t]);
    }
    const double room = 1e-5 * (1 + fabs(f)) * (2 + s->lambda);
    cr_assert(fabs(f - s->objective[s->k - 1]) <= room, "%g, by its definition %g", s->objective[s->k - 1], f);
    if (monotone(in->o.objective) && in->o.nkeep == 0) { /* with must-keep rows it holds for what they leave */
        const double best = best_of(&v, in, told), least = share_of(in->o.maximizer, in->o.epsilon) * best;
        cr_assert(f + room >= least, "%s: %.9g of %.9g", wn_objective_name(in->o.objective), f, best);
    }
    free(v.w);
}

Test(threshold, keeps_its_bound) {
    wn_threads_set(1);
    for (size_t m = 0; m < MAXIMIZERS; m++)
        for (int o = 0; wn_objective_name((wn_objective)o); o++) {
            size_t kernels = 0;
            wn_kernel_kind served[3];
            if (o == WN_MIXTURE) continue; /* its parts are here */
            for (int k = 0; k < WN_BALL; k++) /* at the edge of a ball rounding decides */
                if (wn_objective_serves((wn_objective)o, (wn_kernel_kind)k, WN_STORAGE_AUTO, maximizers[m]))
                    served[kernels++] = (wn_kernel_kind)k;
            cr_assert(!monotone((wn_objective)o) || kernels, "%s", wn_objective_name((wn_objective)o));
            for (uint64_t seed = 0; kernels && seed < INSTANCES; seed++) {
                instance in;
                wn_selection s = {0};
                make(&in, (wn_objective)o, served[seed % kernels], maximizers[m], seed);
                cr_assert_eq(wn_select(&in.x, &in.o, &s, &err), WN_OK, "%s", err.msg);
                cr_assert_eq(s.maximizer, maximizers[m]);
                check(&in, &s);
                wn_selection_free(&s);
                wn_mat_free(&in.x);
            }
        }
}

/* Where gains may rise an old one bounds nothing. */
Test(threshold, refuses_where_gains_may_rise) {
    for (size_t m = 0; m < MAXIMIZERS; m++) {
        cr_assert(wn_objective_serves(WN_GRAPH_CUT, WN_RBF, WN_STORAGE_AUTO, maximizers[m]));
        cr_assert(!wn_objective_serves(WN_GRAPH_CUT, WN_COSINE, WN_STORAGE_AUTO, maximizers[m]));
        cr_assert(!wn_objective_serves(WN_DISPARITY_MIN, WN_RBF, WN_STORAGE_AUTO, maximizers[m]) ||
                  wn_objective_serves(WN_DISPARITY_MIN, WN_RBF, WN_STORAGE_AUTO, WN_LAZY));
    }
}

/* Near the greedy, from far fewer passes than picks; the same on any number of threads. */
Test(threshold, comes_near_the_greedy_with_few_gains) {
    enum { N = 3000, K = 200 };
    wn_mat x = clustered_rows(N, 16, 80, .4, true, 9);
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {WN_RBF, 4}, .k = K, .epsilon = .05};
    wn_selection greedy = {0}, first = {0};
    cr_assert_eq(wn_select(&x, &o, &greedy, &err), WN_OK);
    o.maximizer = WN_THRESHOLD;
    for (int threads = 1; threads <= 4; threads++) {
        wn_selection s = {0};
        wn_threads_set(threads);
        cr_assert_eq(wn_select(&x, &o, &s, &err), WN_OK);
        cr_assert(s.objective[K - 1] >= .95 * greedy.objective[K - 1]);
        cr_assert_lt(s.refreshed, (size_t)N * 20);
        if (threads > 1) cr_assert(same_selection(&first, &s));
        if (threads == 1)
            first = s;
        else
            wn_selection_free(&s);
    }
    wn_selection_free(&first);
    wn_selection_free(&greedy);
    wn_mat_free(&x);
}
