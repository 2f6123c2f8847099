/* selector: ten thousand small random selections, each maximizer against the others and against the plain greedy. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <winnow/threads.h>

#include "naive.h"

enum { INSTANCES = 10000 };

typedef struct {
    wn_mat x;
    wn_select_opts o;
    size_t keep[40], exclude[40];
    double weight[40];
} instance;

/* Gaussian or clustered rows of any sign; some instances with zero rows, copies, opposite rows, must-keep and excluded.
 */
static void make(instance *in, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 0);
    size_t n = 2 + (size_t)wn_rng_below(&r, 39), d = 1 + (size_t)wn_rng_below(&r, 8);
    *in = (instance){.o = {.objective = wn_rng_below(&r, 3) ? WN_GRAPH_CUT : WN_FACILITY_LOCATION}};
    in->o.kernel.kind = (wn_kernel_kind[]){WN_COSINE, WN_DOT, WN_RBF}[wn_rng_below(&r, 3)];
    in->o.kernel.gamma = (double[]){0.5, 2, 8, 64}[wn_rng_below(&r, 4)];
    bool unit = in->o.kernel.kind != WN_DOT;
    in->x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), 0.1 + wn_rng_uniform(&r), unit, seed);
    spoil_rows(&in->x, &r);
    draw_lists(&in->o, in->keep, in->exclude, n, &r);
    in->o.lambda = (double[]){0, 0.5, 10, 100, NAN, 1e9}[wn_rng_below(&r, 6)];
    for (size_t i = 0; i < n; i++) in->weight[i] = (double[]){0, 0.5, 1, 1, 2, 7}[wn_rng_below(&r, 6)];
    if (wn_rng_below(&r, 3) == 0) in->o.weight = in->weight;
}

/* The generic maximizers, where they can serve, must make the selection that the solver makes. */
static bool generic_agrees(instance *in, const wn_selection *want, wn_err *e) {
    bool falls = in->o.objective == WN_FACILITY_LOCATION || in->o.kernel.kind == WN_RBF, same = true;
    for (int m = WN_NAIVE; m <= WN_LAZY && same; m++) {
        wn_selection s = {0};
        in->o.maximizer = (wn_maximizer)m;
        wn_code code = wn_select(&in->x, &in->o, &s, e);
        same = m == WN_LAZY && !falls ? code == WN_EUSAGE : code == WN_OK && same_selection(&s, want);
        wn_selection_free(&s);
    }
    in->o.maximizer = WN_MAXIMIZER_AUTO;
    return same;
}

static void check(uint64_t seed, char *why, size_t size) {
    instance in;
    wn_selection dense, sparse;
    wn_err e = {0};
    make(&in, seed);
    in.o.storage = WN_DENSE;
    wn_code a = wn_select(&in.x, &in.o, &dense, &e);
    in.o.storage = WN_MATRIX_FREE;
    wn_code b = a == WN_OK ? wn_select(&in.x, &in.o, &sparse, &e) : a;
    if (b != WN_OK) {
        (void)snprintf(why, size, "%s", e.msg);
    } else {
        /* Kernel values of rbf and of facility location are f32 by definition; cosine and dot graph-cut is in double.
         */
        double f32 = in.o.kernel.kind == WN_RBF ? 4e-7 * (2 + in.o.kernel.gamma) : 1e-6;
        bool exact = in.o.objective == WN_GRAPH_CUT && in.o.kernel.kind != WN_RBF;
        naive v = naive_init(&in.x, &in.o.kernel);
        v.weight = in.o.weight;
        const char *wrong = naive_disagrees(&v, &in.x, &in.o, &dense, exact ? 1e-12 : f32);
        double value = 0, reference = naive_value(&v, in.o.objective, dense.lambda, dense.ids, dense.k);
        if (wrong)
            (void)snprintf(why, size, "%s", wrong);
        else if (!same_selection(&dense, &sparse))
            (void)snprintf(why, size, "dense and matrix-free differ");
        else if (!generic_agrees(&in, &dense, &e))
            (void)snprintf(why, size, "naive or lazy differ: %s", e.msg);
        else if (wn_select_evaluate(&in.x, &in.o, dense.ids, dense.k, &value, &e) != WN_OK ||
                 fabs(value - reference) > 1e-11 * (fabs(reference) + (1 + dense.lambda) * (double)(v.n * v.n) * 50))
            (void)snprintf(why, size, "evaluated %.17g, definition %.17g", value, reference);
        free(v.w);
        wn_selection_free(&dense);
        wn_selection_free(&sparse);
    }
    if (why[0])
        (void)fprintf(stderr, "seed %llu: n %zu d %zu k %zu objective %d kernel %d gamma %g lambda %g keep %zu: %s\n",
                      (unsigned long long)seed, in.x.rows, in.x.cols, in.o.k, (int)in.o.objective,
                      (int)in.o.kernel.kind, in.o.kernel.gamma, in.o.lambda, in.o.nkeep, why);
    wn_mat_free(&in.x);
}

/* In quarters, which run side by side. */
static void check_quarter(uint64_t quarter) {
    size_t wrong = 0;
    wn_threads_set(1);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30); /* else most of the time goes to giving pages back and faulting them in */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    for (uint64_t seed = quarter; seed < INSTANCES && wrong < 10; seed += 4) {
        char why[600] = "";
        check(seed, why, sizeof why);
        wrong += why[0] != 0;
    }
    cr_assert_eq(wrong, 0, "%zu instances went wrong", wrong);
}

Test(instances, every_maximizer_is_the_plain_greedy_1) {
    check_quarter(0);
}
Test(instances, every_maximizer_is_the_plain_greedy_2) {
    check_quarter(1);
}
Test(instances, every_maximizer_is_the_plain_greedy_3) {
    check_quarter(2);
}
Test(instances, every_maximizer_is_the_plain_greedy_4) {
    check_quarter(3);
}

/* Best f over all sets of size k. */
static double optimum(const naive *v, wn_objective o, double lambda, size_t k) {
    double best = -INFINITY;
    for (unsigned mask = 0; mask < 1u << v->n; mask++) {
        size_t s[16], m = 0;
        for (size_t i = 0; i < v->n; i++)
            if (mask >> i & 1) s[m < 16 ? m : 15] = i, m++;
        if (m == k) best = fmax(best, naive_value(v, o, lambda, s, m));
    }
    return best;
}

/* Facility location is monotone always; graph-cut over w >= 0 is while no gain is negative. Nemhauser et al. 1978. */
Test(instances, greedy_keeps_its_guarantee) {
    wn_threads_set(1);
    double worst = 1;
    size_t counted = 0;
    for (uint64_t seed = 0; seed < 150; seed++) {
        wn_mat x = clustered_rows(6 + seed % 5, 3, 4, 0.4, true, seed);
        wn_select_opts o = {.objective = seed % 2 ? WN_GRAPH_CUT : WN_FACILITY_LOCATION,
                            .kernel = {.kind = WN_RBF, .gamma = 4},
                            .k = 1 + seed % 4,
                            .lambda = 0};
        wn_selection s;
        wn_err e;
        cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
        naive v = naive_init(&x, &o.kernel);
        if (s.negative_from == s.k) {
            worst = fmin(worst, s.objective[s.k - 1] / optimum(&v, o.objective, 0, s.k));
            counted++;
        }
        free(v.w);
        wn_selection_free(&s);
        wn_mat_free(&x);
    }
    cr_assert_gt(counted, 100);
    cr_assert_geq(worst, 1 - exp(-1), "worst ratio %g", worst);
    cr_assert_leq(worst, 1 + 1e-6);
}
