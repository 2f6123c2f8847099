/* selector: larger instances, options, errors, and what must hold whatever the data. */
#include <criterion/criterion.h>
#include <signal.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/pairwise.h>

#include "naive.h"
#include "refuse.h"

static wn_selection choose(const wn_mat *x, const wn_select_opts *o) {
    wn_selection s = {0};
    wn_err e = {0};
    cr_assert_eq(wn_select(x, o, &s, &e), WN_OK, "%s", e.msg);
    return s;
}

/* Every combination that has both maximizers. */
typedef struct {
    const char *name;
    wn_objective objective;
    wn_kernel kernel;
    double lambda;
} setting;

static const setting settings[] = {
    {"graph-cut cosine 0.5", WN_GRAPH_CUT, {WN_COSINE, 0}, 0.5},
    {"graph-cut cosine 10", WN_GRAPH_CUT, {WN_COSINE, 0}, 10},
    {"graph-cut cosine auto", WN_GRAPH_CUT, {WN_COSINE, 0}, NAN},
    {"graph-cut dot auto", WN_GRAPH_CUT, {WN_DOT, 0}, NAN},
    {"graph-cut rbf 0", WN_GRAPH_CUT, {WN_RBF, 8}, 0},
    {"graph-cut rbf 10", WN_GRAPH_CUT, {WN_RBF, 8}, 10},
    {"graph-cut rbf auto", WN_GRAPH_CUT, {WN_RBF, 8}, NAN},
    {"facility cosine", WN_FACILITY_LOCATION, {WN_COSINE, 0}, 0},
    {"facility rbf", WN_FACILITY_LOCATION, {WN_RBF, 8}, 0},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static wn_select_opts opts(const setting *s, size_t k, wn_storage m) {
    return (wn_select_opts){.objective = s->objective, .kernel = s->kernel, .lambda = s->lambda, .k = k, .storage = m};
}

static void compare_modes(const wn_mat *x, size_t k) {
    for (size_t i = 0; i < SETTINGS; i++) {
        wn_select_opts o = opts(&settings[i], k, WN_DENSE);
        wn_selection dense = choose(x, &o);
        o.storage = WN_MATRIX_FREE;
        wn_selection sparse = choose(x, &o);
        cr_assert(same_selection(&dense, &sparse), "%s, n %zu: the modes differ", settings[i].name, x->rows);
        cr_assert(dense.storage == WN_DENSE && sparse.storage == WN_MATRIX_FREE);
        wn_selection_free(&dense);
        wn_selection_free(&sparse);
    }
}

Test(select, modes_agree_on_clusters) {
    wn_mat x = clustered_rows(3000, 24, 40, 0.35, true, 5);
    compare_modes(&x, 300);
    wn_mat_free(&x);
}

Test(select, modes_agree_on_copies_and_noise) {
    wn_mat x = clustered_rows(1500, 16, 60, 0, true, 6), y = clustered_rows(700, 300, 1, 8, true, 7);
    compare_modes(&x, 200);
    compare_modes(&y, 350);
    wn_mat_free(&x);
    wn_mat_free(&y);
}

Test(select, one_row_and_all_rows) {
    wn_mat x = clustered_rows(1, 3, 1, 1, true, 1), y = clustered_rows(130, 3, 9, 1, true, 2);
    compare_modes(&x, 1);
    compare_modes(&y, 130);
    wn_mat_free(&x);
    wn_mat_free(&y);
}

Test(select, same_bytes_for_any_number_of_threads) {
    wn_mat x = clustered_rows(2500, 20, 30, 0.4, true, 8);
    for (size_t i = 0; i < SETTINGS; i++)
        for (int m = WN_DENSE; m <= WN_MATRIX_FREE; m++) {
            wn_select_opts o = opts(&settings[i], 150, (wn_storage)m);
            wn_threads_set(1);
            wn_selection one = choose(&x, &o);
            for (int threads = 2; threads <= 8; threads *= 2) {
                wn_threads_set(threads);
                wn_selection many = choose(&x, &o);
                cr_assert(same_selection(&one, &many), "%s: %d threads", settings[i].name, threads);
                cr_assert(one.refreshed == many.refreshed && one.passes == many.passes);
                wn_selection_free(&many);
            }
            wn_selection_free(&one);
        }
    wn_mat_free(&x);
}

Test(select, a_prefix_is_the_selection_for_a_smaller_k) {
    wn_mat x = clustered_rows(900, 12, 25, 0.5, true, 9);
    for (size_t i = 0; i <= SETTINGS; i++) {
        wn_select_opts o =
            i < SETTINGS ? opts(&settings[i], 200, WN_MATRIX_FREE) : (wn_select_opts){.objective = WN_RANDOM, .k = 200};
        if (isnan(o.lambda)) o.lambda = 7; /* auto depends on k */
        wn_selection large = choose(&x, &o);
        for (size_t k = 1; k < 200; k += 37) {
            o.k = k;
            wn_selection small = choose(&x, &o);
            cr_assert_arr_eq(small.ids, large.ids, k * sizeof *small.ids);
            cr_assert_arr_eq(small.gain, large.gain, k * sizeof *small.gain);
            wn_selection_free(&small);
        }
        wn_selection_free(&large);
    }
    wn_mat_free(&x);
}

Test(select, objective_is_what_evaluate_finds) {
    wn_mat x = clustered_rows(400, 10, 12, 0.5, true, 10);
    for (size_t i = 0; i < SETTINGS; i++) {
        wn_select_opts o = opts(&settings[i], 60, WN_MATRIX_FREE);
        wn_selection s = choose(&x, &o);
        for (size_t k = 1; k <= 60; k += 59) {
            double value = 0;
            wn_err e;
            o.lambda = s.lambda;
            cr_assert_eq(wn_select_evaluate(&x, &o, s.ids, k, &value, &e), WN_OK, "%s", e.msg);
            cr_assert_float_eq(value, s.objective[k - 1], 1e-5 * fabs(value) + 1e-4, "%s: %.10g, evaluated %.10g",
                               settings[i].name, s.objective[k - 1], value);
        }
        wn_selection_free(&s);
    }
    wn_mat_free(&x);
}

/* Greedy that trusts old gains as bounds, as some libraries do for any kernel. */
static void careless_lazy(const naive *v, double lambda, size_t k, size_t *ids) {
    double bound[16];
    bool taken[16] = {false};
    for (size_t i = 0; i < v->n; i++) bound[i] = naive_gain(v, WN_GRAPH_CUT, lambda, ids, 0, i, NULL);
    for (size_t t = 0; t < k; t++)
        for (size_t fresh = 16;;) {
            size_t top = 16;
            for (size_t i = 0; i < v->n; i++)
                if (!taken[i] && (top == 16 || bound[i] > bound[top])) top = i;
            if (top == fresh) {
                taken[ids[t] = top] = true;
                break;
            }
            bound[top] = naive_gain(v, WN_GRAPH_CUT, lambda, ids, t, top, NULL);
            fresh = top;
        }
}

/* Three groups on the line: picking east raises the gain of west, which an old gain does not show. */
Test(select, negative_similarity_defeats_plain_laziness_but_not_ours) {
    static const float points[6][2] = {{1, 0}, {1, 0}, {1, 0}, {-1, 0}, {0, 1}, {0.6f, 0.8f}};
    wn_mat x;
    cr_assert_eq(wn_mat_init(&x, 6, 2, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < 6; i++) memcpy(wn_mat_row(&x, i), points[i], sizeof points[i]);
    wn_kernel kernel = {.kind = WN_COSINE};
    naive v = naive_init(&x, &kernel);
    for (int m = WN_DENSE; m <= WN_MATRIX_FREE; m++) {
        wn_select_opts o = {.kernel = kernel, .k = 2, .lambda = 3, .storage = (wn_storage)m};
        size_t careless[2];
        wn_selection s = choose(&x, &o);
        careless_lazy(&v, 3, 2, careless);
        cr_assert_null(naive_disagrees(&v, &x, &o, &s, 1e-12));
        cr_assert_eq(s.ids[0], careless[0]);
        cr_assert_neq(s.ids[1], careless[1], "the careless greedy went right: the instance shows nothing");
        cr_assert_eq(s.ids[1], 3);
        wn_selection_free(&s);
    }
    free(v.w);
    wn_mat_free(&x);
}

Test(select, negative_gains_are_located) {
    wn_mat x = clustered_rows(200, 8, 5, 0.3, true, 12);
    wn_select_opts o = {.kernel = {WN_RBF, 2}, .k = 100, .lambda = 50};
    wn_selection s = choose(&x, &o);
    cr_assert_lt(s.negative_from, 100);
    cr_assert_lt(s.gain[s.negative_from], 0);
    for (size_t t = 0; t < s.negative_from; t++) cr_assert_geq(s.gain[t], 0);
    wn_selection_free(&s);
    o.lambda = 0;
    o.k = 20;
    s = choose(&x, &o);
    cr_assert_eq(s.negative_from, 20);
    wn_selection_free(&s);
    wn_mat_free(&x);
}

Test(select, lambda_auto_and_its_balance) {
    cr_assert_eq(wn_select_lambda(NAN, 100, 10), 8);
    cr_assert_eq(wn_select_lambda(NAN, 100, 90), 0);
    cr_assert_eq(wn_select_lambda(10, 100, 90), 10);
    cr_assert_float_eq(wn_select_balance(NAN, 100, 10), 1, 1e-15);
    cr_assert_float_eq(wn_select_balance(0, 1000, 10), 0.02, 1e-15);
}

Test(select, random_is_seeded_and_even) {
    wn_mat x = clustered_rows(50, 2, 5, 1, false, 13);
    size_t keep[] = {7, 3}, exclude[] = {0, 1, 1}, hits[50] = {0};
    wn_select_opts o = {.objective = WN_RANDOM, .k = 12, .keep = keep, .nkeep = 2, .exclude = exclude, .nexclude = 3};
    for (o.seed = 0; o.seed < 4000; o.seed++) {
        wn_selection s = choose(&x, &o);
        cr_assert(s.ids[0] == 7 && s.ids[1] == 3 && s.negative_from == 12 && s.objective[11] == 0);
        for (size_t t = 0; t < 12; t++) hits[s.ids[t]]++;
        wn_selection_free(&s);
    }
    cr_assert(hits[7] == 4000 && hits[3] == 4000 && hits[0] == 0 && hits[1] == 0);
    for (size_t i = 8; i < 50; i++) cr_assert(hits[i] > 720 && hits[i] < 1020, "row %zu: %zu of 870", i, hits[i]);
    wn_mat_free(&x);
}

Test(select, wrong_options_are_refused_with_numbers) {
    wn_mat x = clustered_rows(20, 4, 5, 1, true, 14), nan = clustered_rows(20, 4, 5, 1, true, 14);
    wn_mat raw = clustered_rows(20, 4, 5, 1, false, 14), none;
    size_t list[] = {4, 5, 4}, other[] = {5}, beyond[] = {20};
    const wn_select_opts ok = {.kernel = {WN_RBF, 8}, .k = 3, .lambda = 1};
    wn_select_opts o = ok;
    o.k = 0, refuse(&x, o, WN_EUSAGE, "k is 0");
    o.k = 21, refuse(&x, o, WN_ECONSTRAINT, "k is 21 but only 20 of 20");
    o.k = SIZE_MAX, refuse(&x, o, WN_ECONSTRAINT, "only 20");
    o = ok, o.k = 20, o.exclude = other, o.nexclude = 1, refuse(&x, o, WN_ECONSTRAINT, "only 19 of 20");
    o = ok, o.objective = (wn_objective)99, refuse(&x, o, WN_EUSAGE, "no way to maximise objective 99");
    o = ok, o.lambda = -1, refuse(&x, o, WN_EUSAGE, "lambda is -1");
    o = ok, o.lambda = INFINITY, refuse(&x, o, WN_EUSAGE, "lambda is inf");
    o = ok, o.kernel.gamma = 0, refuse(&x, o, WN_EUSAGE, "gamma is 0");
    o = ok, o.kernel.gamma = NAN, refuse(&x, o, WN_EUSAGE, "gamma is nan");
    o = ok, o.keep = list, o.nkeep = 3, refuse(&x, o, WN_EUSAGE, "row 4 is named twice");
    o = ok, o.k = 2, o.keep = list, o.nkeep = 3, refuse(&x, o, WN_ECONSTRAINT, "3 rows must be kept but k is 2");
    o = ok, o.keep = list, o.nkeep = 2, o.exclude = other, o.nexclude = 1;
    refuse(&x, o, WN_ECONSTRAINT, "row 5 is both");
    o = ok, o.keep = beyond, o.nkeep = 1, refuse(&x, o, WN_EUSAGE, "row 20 must be kept");
    o = ok, o.exclude = beyond, o.nexclude = 1, refuse(&x, o, WN_EUSAGE, "excluded row 20");
    o = ok, o.storage = WN_DENSE, o.memory = 1000, refuse(&x, o, WN_EMEMORY, "matrix-free");
    wn_mat_row(&nan, 13)[2] = NAN;
    refuse(&nan, ok, WN_EINPUT, "row 13");
    refuse(&raw, ok, WN_EUSAGE, "normalise");
    o = ok, o.kernel.kind = WN_DOT;
    wn_mat_row(&raw, 2)[0] = 1e20f;
    refuse(&raw, o, WN_EINPUT, "row 2");
    cr_assert_eq(wn_mat_init(&none, 0, 4, &(wn_err){0}), WN_OK);
    refuse(&none, ok, WN_ECONSTRAINT, "only 0 of 0");
    wn_mat_free(&none);
    wn_mat_free(&raw);
    wn_mat_free(&nan);
    wn_mat_free(&x);
}

Test(select, memory_bound_chooses_the_maximizer) {
    wn_mat x = clustered_rows(2000, 8, 5, 1, true, 15);
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {WN_RBF, 8}, .k = 5};
    wn_selection s = choose(&x, &o);
    cr_assert_eq(s.storage, WN_DENSE);
    wn_selection_free(&s);
    o.memory = wn_select_memory(&o, 2000, 8) - 1;
    s = choose(&x, &o);
    cr_assert_eq(s.storage, WN_MATRIX_FREE);
    wn_selection_free(&s);
    cr_assert_lt(wn_select_memory(&o, 2000, 8), 2000 * 2000);
    o.storage = WN_DENSE;
    cr_assert_gt(wn_select_memory(&o, 2000, 8), 4 * 2000 * 2000);
    cr_assert_eq(wn_select_memory(&o, SIZE_MAX / 4, 8), SIZE_MAX);
    wn_mat_free(&x);
}

Test(select, every_failing_allocation_is_an_error_and_nothing_more) {
    wn_mat x = clustered_rows(70, 5, 9, 0.5, true, 16);
    for (size_t i = 0; i <= SETTINGS; i++)
        for (int m = WN_DENSE; m <= WN_MATRIX_FREE; m++)
            for (int forever = 0; forever < 2; forever++) {
                wn_select_opts o = i < SETTINGS ? opts(&settings[i], 20, (wn_storage)m)
                                                : (wn_select_opts){.objective = WN_RANDOM, .k = 9};
                wn_code code = WN_EMEMORY;
                long after = 0;
                for (; code != WN_OK && after < 5000; after++) {
                    wn_selection s = {0};
                    wn_err e = {0};
                    wn_mem_fail_after(after, forever);
                    code = wn_select(&x, &o, &s, &e);
                    wn_mem_fail_after(-1, false);
                    cr_assert(code == WN_OK || (code == WN_EMEMORY && e.msg[0] && !s.ids), "code %d: %s", (int)code,
                              e.msg);
                    wn_selection_free(&s);
                }
                cr_assert_eq(code, WN_OK);
                cr_assert_gt(after, 3);
            }
    wn_mat_free(&x);
}

typedef struct {
    wn_progress base;
    size_t left;
} trap;

static void count_down(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total) {
    (void)stage;
    (void)unit;
    (void)done;
    (void)total;
    trap *t = (trap *)(void *)p;
    if (t->left-- == 0) wn_interrupt_raise(SIGINT);
}

Test(select, interruption_at_any_report_ends_cleanly) {
    wn_mat x = clustered_rows(300, 5, 9, 0.5, true, 17);
    for (size_t i = 0; i <= SETTINGS; i++)
        for (int m = WN_DENSE; m <= WN_MATRIX_FREE; m++)
            for (size_t at = 0; at < 60; at += 7) {
                trap t = {.base.report = count_down, .left = at};
                wn_select_opts o = i < SETTINGS ? opts(&settings[i], 80, (wn_storage)m)
                                                : (wn_select_opts){.objective = WN_RANDOM, .k = 80};
                o.progress = &t.base;
                wn_selection s = {0};
                wn_err e = {0};
                wn_code code = wn_select(&x, &o, &s, &e);
                wn_interrupt_raise(0);
                cr_assert(code == WN_EINTERRUPT && !s.ids && strstr(e.msg, "interrupted"));
            }
    wn_mat_free(&x);
}

/* All pairs as a graph: the sparse maximizer must then find what the dense one finds. */
static wn_csr graph_of(const wn_mat *x, size_t K) {
    size_t n = x->rows;
    wn_csr g = {.rows = n, .cols = n};
    g.indptr = wn_alloc(n + 1, sizeof *g.indptr, &(wn_err){0});
    g.indices = wn_alloc(n * K, sizeof *g.indices, &(wn_err){0});
    g.data = wn_alloc(n * K, sizeof *g.data, &(wn_err){0});
    wn_kernel cosine = {.kind = WN_COSINE};
    for (size_t i = 0; i < n; i++) {
        float *w = calloc(n, sizeof *w);
        cr_assert_eq(wn_pair_tile(&cosine, (wn_row_block){wn_mat_row(x, i), x->stride, 1},
                                  (wn_row_block){x->data, x->stride, n}, x->cols, w, n, &(wn_err){0}),
                     WN_OK);
        w[i] = -2;
        for (size_t e = 0; e < K; e++) {
            size_t top = 0;
            for (size_t j = 1; j < n; j++)
                if (w[j] > w[top]) top = j;
            g.indices[i * K + e] = (long long)top;
            g.data[i * K + e] = w[top];
            w[top] = -2;
        }
        g.indptr[i + 1] = (long long)((i + 1) * K);
        free(w);
    }
    return g;
}

Test(select, facility_location_over_a_graph) {
    wn_mat x = clustered_rows(250, 6, 14, 0.4, true, 18);
    for (int rbf = 0; rbf < 2; rbf++) {
        wn_csr all = graph_of(&x, 249), near = graph_of(&x, 12);
        wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {rbf ? WN_RBF : WN_COSINE, 8}, .k = 40};
        wn_selection dense = choose(&x, &o);
        o.graph = &all;
        wn_selection whole = choose(&x, &o);
        o.graph = &near;
        wn_selection part = choose(&x, &o);
        for (size_t t = 0; t < 40; t++)
            cr_assert_float_eq(dense.objective[t], whole.objective[t], 1e-5 * dense.objective[t]);
        cr_assert_float_eq(whole.cut_off, 0, 1e-6);
        double value = 0;
        wn_err e;
        cr_assert_eq(wn_select_evaluate(&x, &o, part.ids, 40, &value, &e), WN_OK);
        cr_assert_gt(part.cut_off, 0);
        cr_assert_float_eq(part.objective[39], value * (1 - part.cut_off), 1e-5 * value);
        cr_assert_gt(value, 0.9 * dense.objective[39]);
        near.indices[5] = 250;
        refuse(&x, o, WN_EINPUT, "row 0 lists row 250 of 250");
        near.rows = 249;
        refuse(&x, o, WN_EUSAGE, "249 x 250");
        wn_selection_free(&dense);
        wn_selection_free(&whole);
        wn_selection_free(&part);
        wn_csr_free(&all);
        wn_csr_free(&near);
    }
    wn_mat_free(&x);
}

/* A kernel so narrow that the rounding of a row's product with itself moves its value by tenths. */
Test(select, modes_agree_on_the_narrowest_kernel) {
    wn_mat x = clustered_rows(300, 24, 200, 1e-4, true, 40);
    for (int facility = 0; facility < 2; facility++) {
        wn_select_opts o = {.objective = facility ? WN_FACILITY_LOCATION : WN_GRAPH_CUT,
                            .kernel = {WN_RBF, 1e6},
                            .k = 150,
                            .storage = WN_DENSE};
        wn_selection dense = choose(&x, &o);
        o.storage = WN_MATRIX_FREE;
        wn_selection sparse = choose(&x, &o);
        cr_expect(same_selection(&dense, &sparse), "objective %d: the modes differ", (int)o.objective);
        wn_selection_free(&dense);
        wn_selection_free(&sparse);
    }
    wn_mat_free(&x);
}

/* A graph that sees little, whose two directions of an edge may differ: the larger counts, for both rows. */
static void check_sparse_graph(const wn_mat *x, wn_kernel kernel, const double *weight) {
    wn_csr g = graph_of(x, 3);
    for (size_t e = 0; e < 360; e += 2) g.data[e] *= 0.75f;
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = kernel, .k = 50, .graph = &g, .weight = weight};
    naive v = naive_init(x, &o.kernel);
    v.weight = weight;
    for (size_t i = 0; i < v.n * v.n; i++)
        if (i % (v.n + 1) != 0) v.w[i] = 0;
    for (size_t e = 0; e < 360; e++) {
        size_t i = e / 3, j = (size_t)g.indices[e];
        double w = kernel.kind == WN_RBF ? exp(8 * ((double)g.data[e] - 1)) : (double)g.data[e];
        v.w[i * v.n + j] = v.w[j * v.n + i] = fmax(w, v.w[i * v.n + j]);
    }
    wn_selection s = choose(x, &o);
    const char *wrong = naive_disagrees(&v, x, &o, &s, 1e-6);
    cr_assert_null(wrong, "%s", wrong);
    double value = 0;
    wn_err e;
    cr_assert_eq(wn_select_evaluate(x, &o, s.ids, s.k, &value, &e), WN_OK);
    cr_assert_gt(s.cut_off, weight ? 1e-4 : 1e-3);
    cr_assert_float_eq(s.cut_off, 1 - s.objective[s.k - 1] / value, 1e-5);
    for (int m = WN_NAIVE; m <= WN_LAZY; m++) {
        o.maximizer = (wn_maximizer)m;
        wn_selection other = choose(x, &o);
        cr_assert(same_selection(&s, &other) && s.cut_off == other.cut_off);
        wn_selection_free(&other);
    }
    g.data[4] = NAN;
    refuse(x, o, WN_EINPUT, "row 1 holds NaN");
    free(v.w);
    wn_selection_free(&s);
    wn_csr_free(&g);
}

Test(select, facility_location_over_a_sparse_graph_is_the_plain_greedy) {
    wn_mat x = clustered_rows(120, 6, 14, 0.4, true, 21);
    double weight[120];
    for (size_t i = 0; i < 120; i++) weight[i] = (double)(i % 4) / 2;
    for (int rbf = 0; rbf < 2; rbf++) {
        check_sparse_graph(&x, (wn_kernel){rbf ? WN_RBF : WN_COSINE, 8}, NULL);
        check_sparse_graph(&x, (wn_kernel){rbf ? WN_RBF : WN_COSINE, 8}, weight);
    }
    wn_mat_free(&x);
}

/* Rows that differ in their last bits: f32 gains of the dense maximizer cannot tell which is best. */
Test(select, modes_agree_on_near_ties) {
    for (uint64_t seed = 30; seed < 34; seed++) {
        wn_mat x = clustered_rows(600, 8, 12, 3e-7, true, seed);
        compare_modes(&x, 60);
        wn_mat_free(&x);
    }
}

Test(select, evaluate_refuses_wrong_rows) {
    wn_mat x = clustered_rows(9, 2, 3, 1, true, 19);
    wn_select_opts o = {.kernel = {WN_RBF, 8}, .lambda = NAN};
    size_t twice[] = {1, 2, 1}, beyond[] = {9};
    double value = 5;
    wn_err e;
    cr_assert_eq(wn_select_evaluate(&x, &o, twice, 3, &value, &e), WN_EUSAGE);
    cr_assert_eq(wn_select_evaluate(&x, &o, beyond, 1, &value, &e), WN_EUSAGE);
    cr_assert_eq(value, 5);
    cr_assert_eq(wn_select_evaluate(&x, &o, twice, 0, &value, &e), WN_OK);
    cr_assert_eq(value, 0);
    wn_mat_free(&x);
}
