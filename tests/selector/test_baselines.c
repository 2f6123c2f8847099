/* selector: rows by value and by cluster, against plain loops that share nothing with the solvers. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/kmeans.h>

#include "naive.h"
#include "refuse.h"

enum { ROWS_MAX = 120 };

/* ---- value ---- */

/* Of the free rows the one of most value, and of these the first; rows near to a pick only where all are. */
static void check_values(uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 31);
    const size_t n = 2 + (size_t)wn_rng_below(&r, 30), d = 1 + (size_t)wn_rng_below(&r, 6);
    size_t keep[30], exclude[30];
    double value[32], sum = 0;
    bool taken[32] = {false};
    wn_select_opts o = {.objective = WN_BY_VALUE, .kernel = {.kind = WN_COSINE}, .value = value};
    wn_selection s = {0};
    wn_err e = {0};
    wn_mat x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .3, true, seed);
    spoil_rows(&x, &r);
    draw_lists(&o, keep, exclude, n, &r);
    for (size_t i = 0; i < n; i++) value[i] = (double)wn_rng_below(&r, 8) - 3;
    o.apart = (double[]){0, .5, .9, .99}[wn_rng_below(&r, 4)];
    cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
    for (size_t i = 0; i < o.nexclude; i++) taken[exclude[i]] = true;
    bool late[32] = {false}; /* was it passed over? it stays so */
    for (size_t t = 0; t < s.k; t++) {
        size_t best = n;
        if (t < o.nkeep) best = keep[t];
        for (int second = 0; second < 2 && best == n; second++)
            for (;;) {
                best = n;
                for (size_t i = 0; i < n; i++)
                    if (!taken[i] && late[i] == (second == 1) && (best == n || value[i] > value[best])) best = i;
                double near = -2;
                for (size_t b = 0; b < t && best < n; b++) {
                    double dot = 0;
                    for (size_t c = 0; c < d; c++)
                        dot += (double)wn_mat_row(&x, best)[c] * (double)wn_mat_row(&x, s.ids[b])[c];
                    near = fmax(near, dot);
                }
                if (best == n || second || !(o.apart > 0) || near < o.apart) break;
                late[best] = true;
            }
        cr_assert_eq(s.ids[t], best, "seed %llu: step %zu", (unsigned long long)seed, t);
        cr_assert_eq(s.gain[t], value[best]);
        taken[best] = true;
        sum += value[best];
    }
    double f = 0;
    cr_assert_eq(wn_select_evaluate(&x, &o, s.ids, s.k, &f, &e), WN_OK);
    cr_assert_float_eq(f, sum, 1e-12);
    wn_selection_free(&s);
    wn_mat_free(&x);
}

Test(baselines, values_come_by_their_order_and_apart) {
    wn_threads_set(1);
    for (uint64_t seed = 0; seed < 3000; seed++) check_values(seed);
}

/* ---- clusters ---- */

/* Centres that are far apart are found, each cluster whole; no row is nearer to another centre than to its own. */
Test(baselines, kmeans_finds_the_clusters_and_ends_where_no_row_would_move) {
    for (uint64_t seed = 0; seed < 20; seed++) {
        enum { N = 300, D = 12, K = 10 };
        const double spread = seed < 10 ? .01 : .5;
        wn_mat x = clustered_rows(N, D, K, spread, true, seed);
        wn_clusters c = {0};
        const wn_kmeans_opts o = {.clusters = K, .seed = seed};
        memset(wn_mat_row(&x, 7), 0, D * sizeof(float));
        cr_assert_eq(wn_kmeans(&c, &x, &o, &(wn_err){0}), WN_OK);
        cr_assert_eq(c.n, K);
        cr_assert_eq(c.cluster[7], WN_NO_CLUSTER);
        size_t moved = 0, members = 0;
        double mean[K][D] = {{0}};
        for (size_t j = 0; j < K; j++) {
            double square = 0;
            for (size_t i = c.start[j]; i < c.start[j + 1]; i++, members++) {
                cr_assert_eq(c.cluster[c.members[i]], j);
                for (size_t v = 0; v < D; v++) mean[j][v] += (double)wn_mat_row(&x, c.members[i])[v];
            }
            for (size_t v = 0; v < D; v++) square += mean[j][v] * mean[j][v];
            for (size_t v = 0; v < D && square > 0; v++) mean[j][v] /= sqrt(square);
        }
        cr_assert_eq(members, N - 1);
        for (size_t i = 0; i < N; i++) {
            if (i == 7) continue;
            double own = 0, best = -2;
            for (size_t j = 0; j < K; j++) {
                double dot = 0;
                for (size_t v = 0; v < D; v++) dot += mean[j][v] * (double)wn_mat_row(&x, i)[v];
                best = fmax(best, dot);
                if (j == c.cluster[i]) own = dot;
            }
            moved += best > own + 1e-5;
            if (spread < .1) cr_assert_float_eq((double)c.near[i], own, 1e-4);
        }
        cr_assert_leq(moved, spread < .1 ? 0 : N / 50, "seed %llu: %zu rows", (unsigned long long)seed, moved);
        wn_clusters_free(&c);
        wn_mat_free(&x);
    }
}

Test(baselines, kmeans_of_few_directions) {
    wn_mat x = clustered_rows(40, 3, 4, 0, true, 1);
    wn_clusters c = {0};
    const wn_kmeans_opts o = {.clusters = 15, .seed = 2};
    cr_assert_eq(wn_kmeans(&c, &x, &o, &(wn_err){0}), WN_OK); /* more clusters than there are different rows */
    size_t rows = 0;
    for (size_t j = 0; j < c.n; j++) rows += c.size[j];
    cr_assert_eq(rows, 40);
    for (size_t i = 0; i < 40; i++) cr_assert_geq((double)c.near[i], .99999);
    wn_clusters_free(&c);
    memset(x.data, 0, x.rows * x.stride * sizeof(float));
    cr_assert_eq(wn_kmeans(&c, &x, &o, &(wn_err){0}), WN_OK);
    cr_assert_eq(c.n, 0);
    wn_clusters_free(&c);
    wn_mat_free(&x);
}

/* A row that counts more draws its centre to it. */
Test(baselines, kmeans_goes_by_weights) {
    wn_mat x = clustered_rows(30, 4, 1, .6, true, 3);
    double weight[30];
    for (size_t i = 0; i < 30; i++) weight[i] = i == 11 ? 1e6 : 1;
    const wn_kmeans_opts o = {.clusters = 1, .weight = weight};
    wn_clusters c = {0};
    cr_assert_eq(wn_kmeans(&c, &x, &o, &(wn_err){0}), WN_OK);
    cr_assert_geq((double)c.near[11], .9999);
    wn_clusters_free(&c);
    wn_mat_free(&x);
}

/* Of a cluster, less the mean distance of row i to its nearest of the same cluster. */
static double typical(const wn_mat *x, const wn_clusters *c, size_t i) {
    double far[ROWS_MAX];
    const size_t j = c->cluster[i], wanted = c->size[j] / 2 < 20 ? c->size[j] / 2 : 20;
    size_t n = 0;
    double sum = 0;
    for (size_t m = c->start[j]; m < c->start[j + 1]; m++) {
        double square = 0;
        if (c->members[m] == i) continue;
        for (size_t v = 0; v < x->cols; v++)
            square += pow((double)wn_mat_row(x, i)[v] - (double)wn_mat_row(x, c->members[m])[v], 2);
        size_t at = n++;
        for (; at > 0 && far[at - 1] > sqrt(square); at--) far[at] = far[at - 1];
        far[at] = sqrt(square);
    }
    for (size_t m = 0; m < wanted; m++) sum += far[m];
    return wanted ? -sum / (double)wanted : 0;
}

/* Every pick: of the clusters with rows left, large ones first (typiclust), the one with fewest picks, most rows, or
 * the first; in it no row is better by more than rounding. */
static void check_clusters(uint64_t seed, bool typiclust) {
    wn_rng r = wn_rng_init(seed, 33);
    const size_t n = 5 + (size_t)wn_rng_below(&r, ROWS_MAX - 5), d = 2 + (size_t)wn_rng_below(&r, 6);
    size_t keep[ROWS_MAX], exclude[ROWS_MAX], picks[ROWS_MAX] = {0};
    bool taken[ROWS_MAX] = {false};
    wn_select_opts o = {.objective = typiclust ? WN_TYPICLUST : WN_KMEANS, .kernel = {.kind = WN_COSINE}, .seed = seed};
    wn_selection s = {0};
    wn_err e = {0};
    wn_clusters c = {0};
    wn_mat x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .4, true, seed);
    spoil_rows(&x, &r);
    draw_lists(&o, keep, exclude, n, &r);
    const wn_kmeans_opts k = {.clusters = o.k, .seed = seed};
    cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_kmeans(&c, &x, &k, &e), WN_OK);
    for (size_t i = 0; i < o.nexclude; i++) taken[exclude[i]] = true;
    for (size_t t = 0; t < s.k; t++) {
        const size_t row = s.ids[t];
        const uint32_t own = c.cluster[row];
        cr_assert(!taken[row]);
        cr_assert_eq(s.gain[t], 0);
        if (t < o.nkeep) cr_assert_eq(row, keep[t]);
        for (size_t i = 0; i < n && t >= o.nkeep; i++) {
            const uint32_t other = c.cluster[i];
            if (taken[i] || other == WN_NO_CLUSTER) continue;
            cr_assert_neq(own, WN_NO_CLUSTER, "seed %llu: a zero row before row %zu", (unsigned long long)seed, i);
            const bool small = typiclust && c.size[own] <= 5, less = typiclust && c.size[other] <= 5;
            bool before = less != small                  ? small
                          : picks[other] != picks[own]   ? picks[other] < picks[own]
                          : c.size[other] != c.size[own] ? c.size[other] > c.size[own]
                                                         : other < own;
            if (other == own)
                before = typiclust ? typical(&x, &c, i) > typical(&x, &c, row) + 1e-3
                                   : (double)c.near[i] > (double)c.near[row];
            cr_assert(!before, "seed %llu: step %zu: row %zu before row %zu", (unsigned long long)seed, t, i, row);
        }
        taken[row] = true;
        if (own != WN_NO_CLUSTER) picks[own]++;
    }
    wn_clusters_free(&c);
    wn_selection_free(&s);
    wn_mat_free(&x);
}

Test(baselines, every_cluster_in_turn_gives_its_nearest_row) {
    wn_threads_set(1);
    for (uint64_t seed = 0; seed < 1500; seed++) check_clusters(seed, false);
}

Test(baselines, every_cluster_in_turn_gives_its_most_typical_row) {
    wn_threads_set(1);
    for (uint64_t seed = 0; seed < 1500; seed++) check_clusters(seed, true);
}

/* ---- all of them ---- */

static const wn_objective all[] = {WN_BY_VALUE, WN_KMEANS, WN_TYPICLUST};

Test(baselines, do_not_depend_on_threads) {
    wn_mat x = clustered_rows(4000, 24, 90, .5, true, 5);
    double *value = malloc(4000 * sizeof *value);
    for (size_t i = 0; i < 4000; i++) value[i] = (double)(i * 7919 % 997);
    for (size_t i = 0; i < 3; i++) {
        const wn_select_opts o = {.objective = all[i],
                                  .kernel = {.kind = WN_COSINE},
                                  .k = 300,
                                  .seed = 4,
                                  .value = i ? NULL : value,
                                  .apart = .6};
        wn_selection one = {0}, four = {0};
        wn_threads_set(1);
        cr_assert_eq(wn_select(&x, &o, &one, &(wn_err){0}), WN_OK);
        wn_threads_set(4);
        cr_assert_eq(wn_select(&x, &o, &four, &(wn_err){0}), WN_OK);
        cr_assert(same_selection(&one, &four), "%s", wn_objective_name(all[i]));
        wn_selection_free(&one);
        wn_selection_free(&four);
    }
    free(value);
    wn_mat_free(&x);
}

/* Another seed, another choice; of kmeans and typiclust alone. */
Test(baselines, go_by_the_seed) {
    wn_mat x = clustered_rows(500, 8, 500, 1, true, 6);
    for (size_t i = 1; i < 3; i++) {
        wn_select_opts o = {.objective = all[i], .kernel = {.kind = WN_COSINE}, .k = 40, .seed = 1};
        wn_selection a = {0}, b = {0};
        cr_assert_eq(wn_select(&x, &o, &a, &(wn_err){0}), WN_OK);
        o.seed = 2;
        cr_assert_eq(wn_select(&x, &o, &b, &(wn_err){0}), WN_OK);
        cr_assert(!same_selection(&a, &b));
        wn_selection_free(&a);
        wn_selection_free(&b);
    }
    wn_mat_free(&x);
}

/* Whatever allocation fails: an error, and nothing lost. Mixtures and given similarities, too. */
Test(baselines, survive_a_failing_allocation) {
    static const wn_mix_part mix[] = {{WN_FACILITY_LOCATION, 1}, {WN_LOG_DETERMINANT, .1}};
    wn_mat x = clustered_rows(60, 6, 9, .5, true, 7), w = clustered_rows(60, 6, 9, .5, true, 7);
    double value[60] = {0};
    const wn_select_opts opts[] = {
        {.objective = WN_BY_VALUE, .kernel = {.kind = WN_COSINE}, .k = 9, .value = value, .apart = .5},
        {.objective = WN_KMEANS, .kernel = {.kind = WN_COSINE}, .k = 9},
        {.objective = WN_TYPICLUST, .kernel = {.kind = WN_COSINE}, .k = 9},
        {.objective = WN_MIXTURE, .kernel = {WN_RBF, 2}, .k = 9, .mix = mix, .nmix = 2, .certify = true},
        {.objective = WN_MIXTURE, .kernel = {.kind = WN_PRECOMPUTED}, .k = 9, .mix = mix, .nmix = 2},
        {.objective = WN_GRAPH_CUT, .kernel = {.kind = WN_PRECOMPUTED}, .k = 9, .lambda = 1},
        {.objective = WN_SATURATED_COVERAGE, .kernel = {.kind = WN_COSINE}, .k = 9, .value = value, .certify = true},
        {.objective = WN_FACILITY_LOCATION, .kernel = {WN_BALL, .8}, .k = 9, .maximizer = WN_NAIVE, .certify = true}};
    given_rows(&w);
    wn_threads_set(1);
    for (size_t i = 0; i < sizeof opts / sizeof *opts; i++) {
        const wn_mat *rows = opts[i].kernel.kind == WN_PRECOMPUTED ? &w : &x;
        wn_selection s = {0};
        wn_code code = WN_EMEMORY;
        long n = 0;
        for (; code != WN_OK && n < 5000; n++) {
            wn_err e = {0};
            wn_mem_fail_after(n, false);
            code = wn_select(rows, &opts[i], &s, &e);
            wn_mem_fail_after(-1, false);
            cr_assert(code == WN_OK || code == WN_EMEMORY, "%s", e.msg);
        }
        cr_assert(code == WN_OK && n > 4, "%zu: %ld", i, n);
        wn_selection_free(&s);
    }
    wn_mat_free(&x);
    wn_mat_free(&w);
}

/* No more than was promised. */
Test(baselines, take_the_memory_that_they_say) {
    wn_mat x = clustered_rows(3000, 32, 60, .5, true, 9);
    double *value = calloc(3000, sizeof *value);
    for (size_t i = 0; i < 3; i++) {
        wn_select_opts o = {
            .objective = all[i], .kernel = {.kind = WN_COSINE}, .k = 200, .value = i ? NULL : value, .apart = .5};
        const size_t need = wn_select_memory(&o, x.rows, x.cols);
        wn_selection s = {0};
        o.memory = need;
        cr_assert_eq(wn_select(&x, &o, &s, &(wn_err){0}), WN_OK);
        wn_selection_free(&s);
        o.memory = need - 1;
        refuse(&x, o, WN_EMEMORY, "bytes are needed");
    }
    free(value);
    wn_mat_free(&x);
}
