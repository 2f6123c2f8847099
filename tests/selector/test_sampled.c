/* Graph-cut over rbf by estimated sums, against definitions in double: the estimates are unbiased and as far off as is
 * said, the values that come back are exact, and every way of choosing has the same picks. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "naive.h"
#include "partition/sums.h"

enum { N = 300, R = 40, SEEDS = 4000 };

static wn_select_opts cut(size_t k, size_t sample, uint64_t seed) {
    return (wn_select_opts){.objective = WN_GRAPH_CUT,
                            .kernel = {WN_RBF, 6},
                            .k = k,
                            .lambda = NAN,
                            .sum_rows = sample,
                            .seed = seed,
                            .certify = true};
}

static wn_selection chosen(const wn_mat *x, const wn_select_opts *o) {
    wn_selection s = {0};
    wn_err e = {0};
    cr_assert_eq(wn_select(x, o, &s, &e), WN_OK, "%s", e.msg);
    return s;
}

/* T[n] from its definition. */
static void exact_sums(const naive *v, double *T) {
    for (size_t i = 0; i < v->n; i++) {
        T[i] = 0;
        for (size_t j = 0; j < v->n; j++) T[i] += j == i ? 0 : v->w[i * v->n + j];
    }
}

/* Over many samples the mean of the estimates of each row is its sum, within five standard errors, and the reported
 * error is that of its own sample: here all rows are checked by the test, 256 by the library. */
Test(sampled, estimates_are_unbiased_and_as_far_off_as_is_said) {
    wn_mat x = clustered_rows(N, 6, 12, .5, true, 2);
    wn_kernel kernel = {WN_RBF, 6};
    naive v = naive_init(&x, &kernel);
    double T[N], mean[N] = {0}, square[N] = {0}, total = 0, all = 0, all_square = 0, said = 0, off = 0;
    exact_sums(&v, T);
    for (size_t i = 0; i < N; i++) total += T[i] / N;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const wn_select_opts o = cut(5, R, seed);
        wn_selection s = {0};
        wn_err e = {0};
        double *sums = NULL, far = 0, sum = 0;
        cr_assert_eq(wn_cut_estimate(&sums, &s, &x, &o, &e), WN_OK, "%s", e.msg);
        for (size_t i = 0; i < N; i++) {
            mean[i] += sums[i] / SEEDS;
            square[i] += sums[i] * sums[i] / SEEDS;
            sum += sums[i] / N;
            far += (sums[i] - T[i]) * (sums[i] - T[i]) / N;
        }
        all += sum / SEEDS, all_square += sum * sum / SEEDS;
        said += s.sum_error * s.sum_error / SEEDS;
        off += far / (total * total) / SEEDS;
        wn_free(sums);
    }
    for (size_t i = 0; i < N; i++) {
        const double error = sqrt((square[i] - mean[i] * mean[i]) / (SEEDS - 1));
        cr_assert_leq(fabs(mean[i] - T[i]), 5 * error, "row %zu: %g, exactly %g, +- %g", i, mean[i], T[i], error);
    }
    const double of_all = sqrt((all_square - all * all) / (SEEDS - 1));
    cr_assert_leq(fabs(all - total), 3 * of_all, "all: %g, exactly %g, +- %g", all, total, of_all);
    cr_assert_float_eq(said / off, 1, .02, "said %g, is %g", sqrt(said), sqrt(off));
    free(v.w);
    wn_mat_free(&x);
}

/* The picks are the greedy's by the estimates; gains, f and where they turn negative are those of all rows. */
Test(sampled, picks_by_estimates_have_exact_values) {
    for (uint64_t seed = 1; seed <= 60; seed++) {
        wn_mat x = clustered_rows(80 + seed, 6, 9, .5, true, seed);
        wn_select_opts o = cut(4 + seed % 30, 10 + seed % 40, seed);
        if (seed % 3 == 0) o.lambda = 40; /* gains turn negative */
        const size_t keep[] = {7, 3};
        if (seed % 2) o.keep = keep, o.nkeep = 2;
        wn_selection s = chosen(&x, &o);
        naive v = naive_init(&x, &o.kernel);
        wn_select_opts by = o;
        wn_selection dummy = {0};
        wn_err e = {0};
        double *sums = NULL;
        cr_assert_eq(wn_cut_estimate(&sums, &dummy, &x, &o, &e), WN_OK);
        by.sums = sums, by.sum_rows = 0;
        wn_selection estimated = chosen(&x, &by);
        cr_assert_arr_eq(s.ids, estimated.ids, s.k * sizeof *s.ids, "seed %d", (int)seed);
        cr_assert_eq(s.summed, o.sum_rows);
        cr_assert(isnan(s.bound), "a bound by estimates is none");
        size_t negative = s.k;
        for (size_t t = 0; t < s.k; t++) {
            const double f = naive_cut(&v, s.lambda, s.ids, t + 1), scale = fmax(1, fabs(f));
            cr_assert_float_eq(s.objective[t], f, 2e-5 * scale, "seed %d, %zu rows", (int)seed, t + 1);
            if (s.gain[t] < 0 && negative == s.k) negative = t;
        }
        cr_assert_eq(s.negative_from, negative);
        wn_selection_free(&s);
        wn_selection_free(&estimated);
        wn_free(sums);
        free(v.w);
        wn_mat_free(&x);
    }
}

Test(sampled, every_way_and_any_threads_have_the_same_picks) {
    wn_mat x = clustered_rows(400, 8, 20, .5, true, 4);
    const struct {
        wn_storage storage;
        wn_maximizer maximizer;
    } ways[] = {{WN_DENSE, WN_MAXIMIZER_AUTO}, {WN_MATRIX_FREE, WN_NAIVE}, {WN_MATRIX_FREE, WN_LAZY}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        wn_select_opts o = cut(50, 120, 8);
        wn_threads_set(1);
        wn_selection a = chosen(&x, &o);
        o.storage = ways[i].storage, o.maximizer = ways[i].maximizer;
        wn_threads_set(3);
        wn_selection b = chosen(&x, &o);
        cr_assert(same_selection(&a, &b), "way %zu", i);
        cr_assert_eq(memcmp(&a.sum_error, &b.sum_error, sizeof a.sum_error), 0);
        wn_selection_free(&a);
        wn_selection_free(&b);
    }
    wn_mat_free(&x);
}

/* As many rows as there are, weights, or another kernel: nothing is estimated, and the bits are those without. */
Test(sampled, nothing_is_estimated_where_it_need_not_be) {
    enum { M = 90 };
    wn_mat x = clustered_rows(M, 5, 7, .5, true, 1);
    double weight[M];
    for (size_t i = 0; i < M; i++) weight[i] = (double)(1 + i % 3);
    for (int i = 0; i < 3; i++) {
        wn_select_opts with = cut(9, i == 0 ? M : 20, 1);
        if (i == 1) with.weight = weight;
        if (i == 2) with.kernel = (wn_kernel){WN_COSINE, 0};
        wn_select_opts without = with;
        without.sum_rows = 0;
        wn_selection a = chosen(&x, &with), b = chosen(&x, &without);
        cr_assert(same_selection(&a, &b), "case %d", i);
        cr_assert_eq(a.summed, 0);
        cr_assert_eq(memcmp(&a.bound, &b.bound, sizeof a.bound), 0, "case %d: the bound, too", i);
        wn_selection_free(&a);
        wn_selection_free(&b);
    }
    wn_mat_free(&x);
}

/* Numbers of a part's rows begin where it begins. */
Test(sampled, a_part_of_a_whole) {
    wn_mat x = clustered_rows(120, 5, 7, .5, true, 1);
    wn_select_opts o = cut(9, 30, 1);
    wn_selection a = chosen(&x, &o);
    o.first = 1000;
    wn_selection b = chosen(&x, &o);
    for (size_t i = 0; i < a.k; i++) cr_assert_eq(a.ids[i] + 1000, b.ids[i]);
    cr_assert_arr_eq(a.gain, b.gain, a.k * sizeof *a.gain);
    wn_selection_free(&a);
    wn_selection_free(&b);
    wn_mat_free(&x);
}

Test(sampled, memory_is_counted_and_may_run_out) {
    wn_mat x = clustered_rows(300, 5, 7, .5, true, 1);
    wn_select_opts o = cut(9, 30, 1), exact = cut(9, 0, 1);
    cr_assert_gt(wn_select_memory(&o, 100000, 5), wn_select_memory(&exact, 100000, 5) + 100000 * sizeof(double));
    bool done = false;
    for (long at = 0; !done; at++) {
        wn_selection s = {0};
        wn_err e = {0};
        wn_mem_fail_after(at, false);
        const wn_code code = wn_select(&x, &o, &s, &e);
        wn_mem_fail_after(-1, false);
        done = code == WN_OK;
        if (!done) cr_assert_eq(code, WN_EMEMORY, "allocation %ld", at);
        wn_selection_free(&s);
    }
    wn_mat_free(&x);
}
