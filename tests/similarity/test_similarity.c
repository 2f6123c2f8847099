/* similarity: neighbours, duplicates and assignments against brute force over the same similarities. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/kmeans.h>
#include <wn/rng.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>

#include "base/linalg/kern.h"
#include <wn/keys.h>

static const char *const levels[] = {"portable", "avx2", "avx512"};
enum { LEVELS = 3 };

/* Clustered rows with exact copies, zero rows and opposite rows among them; integers / 64, so that float sums of
 * products are exact and ties are real. */
static wn_mat exact_matrix(size_t n, size_t d, uint64_t seed) {
    wn_mat m;
    wn_rng r = wn_rng_init(seed, 0);
    cr_assert_eq(wn_mat_init(&m, n, d, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < n; i++) {
        float *row = wn_mat_row(&m, i);
        const uint64_t what = wn_rng_below(&r, 20);
        const float *other = wn_mat_row(&m, (size_t)wn_rng_below(&r, i + 1));
        for (size_t k = 0; k < d && what > 0; k++) {
            row[k] = (float)((double)wn_rng_below(&r, 17) - 8) / 64.0f;
            if (what < 4) row[k] = other[k];
            if (what == 4) row[k] = -other[k];
        }
    }
    return m;
}

static float exact_dot(const wn_mat *x, size_t i, size_t j) {
    double s = 0;
    for (size_t k = 0; k < x->cols; k++) s += (double)wn_mat_row(x, i)[k] * (double)wn_mat_row(x, j)[k];
    return (float)s;
}

/* The whole matrix of similarities: small n only. */
static float *all_pairs(const wn_mat *x) {
    float *w = malloc(x->rows * x->rows * sizeof *w);
    for (size_t i = 0; i < x->rows; i++) {
        for (size_t j = 0; j <= i; j++) w[i * x->rows + j] = w[j * x->rows + i] = exact_dot(x, i, j);
    }
    return w;
}

Test(keys, order_and_round_trip) {
    static const float sims[] = {-1.0f, -0.5f, -1e-30f, 0.0f, 1e-30f, 0.5f, 1.0f, 1.0000001f};
    for (size_t i = 0; i < 8; i++) {
        cr_expect_eq(wn_key_sim(wn_key(sims[i], 7)), sims[i]);
        cr_expect_eq(wn_key_row(wn_key(sims[i], 4000000000u)), 4000000000u);
        cr_expect_gt(wn_key(sims[i], 3), wn_key(sims[i], 4));
        if (i > 0) cr_expect_gt(wn_key(sims[i], 9), wn_key(sims[i - 1], 1));
    }
    cr_expect_eq(wn_key(-0.0f, 5), wn_key(0.0f, 5));
}

static int falling(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

Test(keys, select_and_sort_against_qsort) {
    static uint64_t v[700], sorted[700];
    wn_rng r = wn_rng_init(4, 4);
    size_t wrong = 0;
    for (size_t round = 0; round < 400; round++) {
        const size_t n = 1 + (size_t)wn_rng_below(&r, 700), want = 1 + (size_t)wn_rng_below(&r, n);
        for (size_t i = 0; i < n; i++) v[i] = round % 3 == 0 ? i : round % 3 == 1 ? n - i : wn_rng_below(&r, 300);
        memcpy(sorted, v, sizeof v);
        qsort(sorted, n, sizeof *v, falling);
        wn_keys_select(v, n, want);
        qsort(v, want, sizeof *v, falling);
        wrong += memcmp(v, sorted, want * sizeof *v) != 0;
        wn_keys_sort(v, n);
        wrong += memcmp(v, sorted, n * sizeof *v) != 0;
    }
    cr_assert_eq(wrong, 0);
}

Test(normalize, unit_rows_and_zero_rows) {
    wn_mat x = exact_matrix(3000, 33, 1);
    size_t zero = 0, wrong = 0;
    wn_mat_row(&x, 5)[0] = 1e-30f; /* its square is no float */
    for (size_t i = 0; i < 3000; i++) zero += exact_dot(&x, i, i) == 0 && i != 5;
    cr_assert_gt(zero, 50);
    cr_assert_eq(wn_mat_normalize(&x), zero);
    for (size_t i = 0; i < 3000; i++) {
        double norm = (double)exact_dot(&x, i, i);
        wrong += norm != 0 && fabs(norm - 1) > 2e-7;
    }
    cr_assert_eq(wrong, 0);
    wn_mat_free(&x);
}

Test(gamma, median_of_known_distances) {
    wn_mat x;
    double gamma, median;
    wn_err err;
    cr_assert_eq(wn_mat_init(&x, 100, 100, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < 50; i++) wn_mat_row(&x, i)[i] = (float)(i + 1); /* orthogonal, of any length; 50 zero rows */
    cr_assert_eq(wn_sim_gamma_auto(&x, 1, 10000, &gamma, &median, &err), WN_OK);
    cr_expect_eq(median, 1.0);
    cr_expect_eq(gamma, 7.5);
    for (size_t i = 0; i < 50; i++) memset(wn_mat_row(&x, i), 0, 100 * sizeof(float));
    cr_expect_eq(wn_sim_gamma_auto(&x, 1, 100, &gamma, &median, &err), WN_EINPUT);
    for (size_t i = 0; i < 100; i++) wn_mat_row(&x, i)[0] = (float)(1 + i);
    cr_expect_eq(wn_sim_gamma_auto(&x, 1, 100, &gamma, &median, &err), WN_EINPUT);
    cr_expect(strstr(err.msg, "duplicates"));
    wn_mat_free(&x);
}

Test(gamma, sample_comes_near_the_median_of_all_pairs) {
    wn_mat x = exact_matrix(400, 12, 3);
    double gamma, median, other, below = 0, pairs = 0;
    (void)wn_mat_normalize(&x);
    cr_assert_eq(wn_sim_gamma_auto(&x, 7, 0, &gamma, &median, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < 400; i++) {
        for (size_t j = 0; j < i; j++) {
            if (exact_dot(&x, i, i) == 0 || exact_dot(&x, j, j) == 0) continue;
            pairs++;
            below += 1 - (double)exact_dot(&x, i, j) < median;
        }
    }
    cr_expect(fabs(below / pairs - 0.5) < 0.015, "%g", below / pairs); /* three standard errors of 10000 pairs */
    cr_expect_float_eq(gamma * median, 7.5, 1e-12);
    cr_assert_eq(wn_sim_gamma_auto(&x, 7, 0, &gamma, &other, &(wn_err){0}), WN_OK);
    cr_expect_eq(other, median);
    cr_assert_eq(wn_sim_gamma_auto(&x, 8, 0, &gamma, &other, &(wn_err){0}), WN_OK);
    cr_expect_neq(other, median);
    wn_mat_free(&x);
}

/* The K best keys of each row, [n][K], from the whole matrix of similarities. */
static uint64_t *brute_neighbours(const float *w, size_t n, size_t K) {
    uint64_t *keys = malloc(n * sizeof *keys), *all = malloc(n * K * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        for (size_t j = 0; j < n; j++) {
            if (j != i) keys[count++] = wn_key(w[i * n + j], j);
        }
        qsort(keys, count, sizeof *keys, falling);
        memcpy(all + i * K, keys, K * sizeof *keys);
    }
    free(keys);
    return all;
}

static size_t wrong_neighbours(const wn_csr *g, const uint64_t *want, size_t n, size_t K) {
    size_t wrong = g->rows != n || g->cols != n;
    for (size_t i = 0; i < n; i++) {
        wrong += g->indptr[i + 1] - g->indptr[i] != (long long)K;
        for (size_t j = i * K; j < i * K + K; j++)
            wrong += g->indices[j] != (long long)wn_key_row(want[j]) || g->data[j] != wn_key_sim(want[j]);
    }
    return wrong;
}

/* Of the rows in clusters the share whose balls of this radius hold rows of no other. */
static double pure_share(const wn_mat *x, const wn_clusters *c, double radius) {
    double pure = 0, rows = 0;
    for (size_t i = 0; i < x->rows; i++) {
        bool own = c->cluster[i] != WN_NO_CLUSTER;
        if (!own) continue;
        for (size_t j = 0; j < x->rows; j++) {
            double square = 0;
            for (size_t k = 0; k < x->cols; k++)
                square += pow((double)wn_mat_row(x, i)[k] - (double)wn_mat_row(x, j)[k], 2);
            if (c->cluster[j] != WN_NO_CLUSTER && c->cluster[j] != c->cluster[i] && sqrt(square) < radius) own = false;
        }
        pure += own, rows++;
    }
    return pure / rows;
}

Test(radius, is_the_largest_at_which_balls_stay_pure) {
    for (uint64_t seed = 0; seed < 6; seed++) {
        wn_rng r = wn_rng_init(seed, 3);
        wn_mat x;
        double radius = 0;
        wn_clusters c = {0};
        wn_err e = {0};
        const wn_kmeans_opts o = {.clusters = 4 + seed, .seed = seed};
        cr_assert_eq(wn_mat_init(&x, 200, 5, &e), WN_OK);
        for (size_t i = 0; i < 199; i++)
            for (size_t k = 0; k < 5; k++) wn_mat_row(&x, i)[k] = (float)wn_rng_normal(&r);
        (void)wn_mat_normalize(&x);
        cr_assert_eq(wn_kmeans(&c, &x, &o, &e), WN_OK);
        cr_assert_eq(wn_sim_radius_auto(&x, o.clusters, seed, &radius, NULL, &e), WN_OK, "%s", e.msg);
        cr_assert_geq(pure_share(&x, &c, radius * (1 - 1e-5)), .95);
        cr_assert_lt(pure_share(&x, &c, radius * (1 + 1e-5)), .95);
        wn_code code = WN_EMEMORY;
        for (long at = 0; code != WN_OK && at < 400; at++) {
            wn_mem_fail_after(at, false);
            code = wn_sim_radius_auto(&x, o.clusters, seed, &radius, NULL, &e);
            wn_mem_fail_after(-1, false);
            cr_assert(code == WN_OK || code == WN_EMEMORY, "%s", e.msg);
        }
        cr_assert_eq(code, WN_OK);
        cr_assert_eq(wn_sim_radius_auto(&x, 1, seed, &radius, NULL, &e), WN_OK);
        cr_assert_eq(radius, 2.0); /* one cluster: any ball is pure */
        wn_clusters_free(&c);
        for (size_t i = 1; i < 199; i++) memcpy(wn_mat_row(&x, i), wn_mat_row(&x, 0), 5 * sizeof(float));
        cr_assert_eq(wn_sim_radius_auto(&x, 4, seed, &radius, NULL, &e), WN_OK);
        cr_assert_eq(radius, 2.0); /* equal rows are one cluster, however many were asked for */
        wn_mat_free(&x);
    }
}

Test(knn, equals_brute_force_with_ties) {
    static const size_t shapes[][3] = {{2, 3, 1},      {3, 1, 2},      {40, 5, 39},     {33, 40, 1},    {513, 20, 7},
                                       {600, 300, 50}, {1300, 6, 100}, {1100, 9, 1099}, {300, 1500, 20}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t n = shapes[s][0], K = shapes[s][2];
        wn_mat x = exact_matrix(n, shapes[s][1], s);
        float *w = all_pairs(&x);
        uint64_t *want = brute_neighbours(w, n, K);
        for (int l = 0; l < LEVELS; l++) {
            if (!wn_cpu_use(levels[l])) continue;
            for (int threads = 1; threads <= 8; threads *= 2) {
                wn_csr g = {0};
                wn_threads_set(threads);
                cr_assert_eq(wn_sim_knn(&x, K, &g, NULL, &(wn_err){0}), WN_OK);
                size_t wrong = wrong_neighbours(&g, want, n, K);
                cr_expect_eq(wrong, 0, "%zu wrong: n %zu K %zu level %d threads %d", wrong, n, K, l, threads);
                wn_csr_free(&g);
            }
        }
        free(w);
        free(want);
        wn_mat_free(&x);
    }
}

Test(knn, impossible_K_is_refused) {
    wn_mat x = exact_matrix(5, 3, 1);
    wn_csr g = {0};
    wn_err err;
    cr_expect_eq(wn_sim_knn(&x, 0, &g, NULL, &err), WN_EUSAGE);
    cr_expect_eq(wn_sim_knn(&x, 5, &g, NULL, &err), WN_EUSAGE);
    cr_expect(strstr(err.msg, "1 to 4"));
    cr_expect_null(g.indptr);
    wn_mat_row(&x, 2)[0] = NAN;
    cr_expect_eq(wn_sim_knn(&x, 4, &g, NULL, &err), WN_EINPUT);
    wn_mat_free(&x);
}

Test(nearest, equals_brute_force_first_chosen_on_ties) {
    static const size_t shapes[][3] = {{1, 1, 1}, {50, 7, 3}, {700, 13, 33}, {900, 5, 900}, {300, 1100, 129}};
    static size_t chosen[900], nearest[900];
    static float sim[900];
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t n = shapes[s][0], k = shapes[s][2];
        wn_mat x = exact_matrix(n, shapes[s][1], s + 50);
        wn_rng r = wn_rng_init(s, 1);
        for (size_t j = 0; j < k; j++) chosen[j] = (size_t)wn_rng_below(&r, n);
        for (int l = 0; l < LEVELS; l++) {
            if (!wn_cpu_use(levels[l])) continue;
            size_t wrong = 0;
            cr_assert_eq(wn_sim_nearest(&x, chosen, k, nearest, sim, NULL, &(wn_err){0}), WN_OK);
            for (size_t i = 0; i < n; i++) {
                size_t best = 0;
                for (size_t j = 1; j < k; j++) {
                    if (exact_dot(&x, i, chosen[j]) > exact_dot(&x, i, chosen[best])) best = j;
                }
                wrong += nearest[i] != best || sim[i] != exact_dot(&x, i, chosen[best]);
            }
            cr_expect_eq(wrong, 0, "%zu wrong: n %zu k %zu level %d", wrong, n, k, l);
        }
        wn_mat_free(&x);
    }
}

Test(nearest, none_chosen_is_refused) {
    wn_mat x = exact_matrix(5, 3, 1);
    size_t nearest[5];
    float sim[5];
    cr_expect_eq(wn_sim_nearest(&x, NULL, 0, nearest, sim, NULL, &(wn_err){0}), WN_EUSAGE);
    wn_mat_free(&x);
}

/* The definition, row by row. */
static void naive_duplicates(const wn_mat *x, double threshold, size_t *kept, float *sim) {
    for (size_t i = 0; i < x->rows; i++) {
        kept[i] = i;
        sim[i] = 1;
        if (exact_dot(x, i, i) == 0) continue;
        bool found = false;
        for (size_t j = 0; j < i; j++) {
            if (kept[j] != j || exact_dot(x, j, j) == 0) continue;
            const float s = exact_dot(x, i, j);
            if ((double)s < threshold || (found && s <= sim[i])) continue;
            found = true;
            kept[i] = j;
            sim[i] = s;
        }
    }
}

Test(near_duplicates, equals_the_definition) {
    static const size_t shapes[][2] = {{1, 3}, {40, 4}, {513, 8}, {1200, 10}, {700, 600}, {1500, 3}};
    static const double thresholds[] = {0.05, 0.015625, 0.1, 0.0, -0.02, 5.0};
    static size_t kept[1500], want[1500];
    static float sim[1500], want_sim[1500];
    size_t dropped = 0;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t n = shapes[s][0];
        wn_mat x = exact_matrix(n, shapes[s][1], s + 9);
        for (size_t q = 0; q < sizeof thresholds / sizeof *thresholds; q++) {
            naive_duplicates(&x, thresholds[q], want, want_sim);
            for (size_t i = 0; i < n; i++) dropped += want[i] != i;
            for (int l = 0; l < LEVELS; l++) {
                if (!wn_cpu_use(levels[l])) continue;
                wn_threads_set(1 << l);
                memset(kept, 0xff, sizeof kept);
                cr_assert_eq(wn_sim_near_duplicates(&x, thresholds[q], kept, sim, NULL, &(wn_err){0}), WN_OK);
                cr_expect(memcmp(kept, want, n * sizeof *kept) == 0 && memcmp(sim, want_sim, n * sizeof *sim) == 0,
                          "n %zu threshold %g level %d", n, thresholds[q], l);
            }
        }
        wn_mat_free(&x);
    }
    cr_assert_gt(dropped, 1000);
}

Test(near_duplicates, threshold_is_met_exactly) {
    wn_mat x;
    size_t kept[2];
    float sim[2];
    wn_err err;
    cr_assert_eq(wn_mat_init(&x, 2, 1, &(wn_err){0}), WN_OK);
    wn_mat_row(&x, 0)[0] = 1;
    wn_mat_row(&x, 1)[0] = 0.95f; /* 0.949999988... < 0.95 */
    cr_assert_eq(wn_sim_near_duplicates(&x, 0.95, kept, sim, NULL, &err), WN_OK);
    cr_expect_eq(kept[1], 1);
    cr_assert_eq(wn_sim_near_duplicates(&x, (double)0.95f, kept, sim, NULL, &err), WN_OK);
    cr_expect(kept[1] == 0 && sim[1] == 0.95f && sim[0] == 1);
    cr_expect_eq(wn_sim_near_duplicates(&x, NAN, kept, sim, NULL, &err), WN_EUSAGE);
    wn_mat_free(&x);
}

static wn_code all_calls(const wn_mat *x, wn_err *err) {
    static size_t index[700];
    static float sim[700];
    static const size_t chosen[] = {3, 1, 4};
    double gamma, median;
    wn_csr g = {0};
    wn_code code = wn_sim_knn(x, 5, &g, NULL, err);
    wn_csr_free(&g);
    if (code == WN_OK) code = wn_sim_gamma_auto(x, 1, 100, &gamma, &median, err);
    if (code == WN_OK) code = wn_sim_nearest(x, chosen, 3, index, sim, NULL, err);
    if (code == WN_OK) code = wn_sim_near_duplicates(x, 0.9, index, sim, NULL, err);
    return code;
}

Test(failures, every_failed_allocation_is_reported) {
    wn_mat x = exact_matrix(700, 8, 2);
    wn_err err;
    wn_threads_set(2);
    wn_mem_fail_after(-1, false);
    cr_assert_eq(all_calls(&x, &err), WN_OK);
    const long count = wn_mem_count();
    cr_assert_gt(count, 12);
    for (long i = 0; i < 2 * count; i++) {
        wn_mem_fail_after(i / 2, i % 2);
        const wn_code code = all_calls(&x, &err);
        wn_mem_fail_after(-1, false);
        cr_expect_eq(code, WN_EMEMORY, "allocation %ld", i / 2);
    }
    wn_mat_free(&x);
}

Test(failures, interruption_stops_each) {
    wn_mat x = exact_matrix(700, 8, 2);
    size_t index[700] = {0};
    const size_t chosen = 1;
    float sim[700];
    wn_csr g = {0};
    wn_err err;
    wn_interrupt_raise(15);
    cr_expect_eq(wn_sim_knn(&x, 5, &g, NULL, &err), WN_EINTERRUPT);
    cr_expect_null(g.data);
    cr_expect_eq(wn_sim_nearest(&x, &chosen, 1, index, sim, NULL, &err), WN_EINTERRUPT);
    cr_expect_eq(wn_sim_near_duplicates(&x, 0.9, index, sim, NULL, &err), WN_EINTERRUPT);
    wn_interrupt_raise(0);
    wn_mat_free(&x);
}
