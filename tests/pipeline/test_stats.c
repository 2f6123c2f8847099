/* Metrics and statistics: small cases by hand, the edges, the null test. compare_reference.py has the rest. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/metrics.h>
#include <wn/rng.h>
#include <wn/stats.h>

static void must(wn_code code, const wn_err *err) {
    cr_assert_eq(code, WN_OK, "%s", err->msg);
}
static void near(double got, double want) {
    cr_assert_float_eq(got, want, 1e-12, "%.17g, not %.17g", got, want);
}

Test(metrics, of_six_rows) {
    /* predicted 0 0 1 1 2 0; the last row's classes are equally probable, the lowest wins */
    const float probs[] = {.8f, .1f, .1f, .5f, .25f, .25f, .1f, .8f, .1f, .1f, .6f, .3f, 0, 0, 1, .4f, .4f, .2f};
    const uint32_t truth[] = {0, 1, 1, 1, 2, 1};
    const size_t confusion[] = {1, 0, 0, 2, 2, 0, 0, 0, 1};
    wn_metrics m;
    wn_err err = {0};
    must(wn_metrics_classify(&m, probs, truth, 6, 3, &err), &err);
    cr_assert_eq(memcmp(m.confusion, confusion, sizeof confusion), 0);
    near(m.accuracy, 4.0 / 6);
    near(m.balanced_accuracy, (1 + 0.5 + 1) / 3);
    near(m.precision[0], 1.0 / 3);
    near(m.recall[1], 0.5);
    near(m.f1[1], 2.0 / 3);
    near(m.macro_f1, (0.5 + 2.0 / 3 + 1) / 3);
    wn_metrics_free(&m);
}

Test(metrics, without_a_value_are_not_numbers) {
    const float probs[] = {1, 0, 0, 0, 1, 0};
    const uint32_t truth[] = {0, 0};
    wn_metrics m;
    wn_err err = {0};
    must(wn_metrics_classify(&m, probs, truth, 2, 3, &err), &err);
    cr_assert(isnan(m.recall[1]) && isnan(m.precision[2]) && isnan(m.f1[2]) && isnan(m.auc));
    near(m.precision[1], 0);
    near(m.balanced_accuracy, 0.5);
    near(m.macro_precision, 0.5); /* the third class neither occurs nor is predicted */
    near(m.macro_f1, 1.0 / 3);
    near(m.log_loss, 52 * log(2) / 2);
    wn_metrics_free(&m);
    wn_metrics_free(NULL);
}

Test(metrics, take_the_area_of_class_1_where_there_are_two) {
    const float probs[] = {.5f, .5f, .4f, .5f};
    const uint32_t truth[] = {0, 1};
    wn_metrics m;
    wn_err err = {0};
    must(wn_metrics_classify(&m, probs, truth, 2, 2, &err), &err);
    near(m.auc, 0.5);
    wn_metrics_free(&m);
}

Test(metrics, see_no_correlation_with_a_constant) {
    const float same[] = {.1f, .1f, .1f, .1f, .1f, .1f, .1f}, rising[] = {1, 2, 3, 4, 5, 6, 7};
    wn_regress_metrics m;
    wn_err err = {0};
    must(wn_metrics_regress(&m, same, rising, 7, &err), &err);
    cr_assert(isnan(m.pearson) && isnan(m.spearman));
    must(wn_metrics_regress(&m, rising, rising, 7, &err), &err);
    near(m.pearson, 1), near(m.spearman, 1), near(m.mse, 0);
}

Test(metrics, refuse_what_is_no_prediction) {
    const uint32_t truth[] = {0, 2};
    const float probs[] = {1, 0, 0, 1}, odd[] = {1, 0, NAN, 1}, high[] = {1.5f, 0, 0, 1};
    wn_metrics m;
    wn_regress_metrics r;
    wn_err err = {0};
    cr_assert_eq(wn_metrics_classify(&m, probs, truth, 2, 2, &err), WN_EINPUT);
    cr_assert_str_eq(err.msg, "row 1 has class 2, the predictions 2 classes");
    cr_assert_eq(wn_metrics_classify(&m, odd, truth, 1 + 1, 2, &err), WN_EINPUT);
    cr_assert_eq(wn_metrics_classify(&m, high, truth, 1, 2, &err), WN_EINPUT);
    cr_assert_eq(wn_metrics_classify(&m, probs, truth, 0, 2, &err), WN_EINPUT);
    cr_assert_eq(wn_metrics_regress(&r, odd, probs, 4, &err), WN_EINPUT);
    cr_assert_eq(wn_metrics_regress(&r, odd, probs, 0, &err), WN_EINPUT);
}

Test(stats, quantiles_of_the_tables) {
    near(wn_stats_t_quantile(0.975, 1), 12.706204736174694);
    near(wn_stats_t_quantile(0.975, 2), 4.302652729749464);
    near(wn_stats_t_quantile(0.025, 9), -2.262157162798205);
    near(wn_stats_t_quantile(0.5, 3), 0);
    near(wn_stats_t_tail(1, 1), 0.5);
    near(wn_stats_t_tail(0, 5), 1);
    near(wn_stats_t_tail(-INFINITY, 5), 0);
    cr_assert(isnan(wn_stats_t_tail(NAN, 5)));
}

Test(stats, intervals_at_the_edges) {
    const double a[] = {2, 2, 2}, b[] = {1, 1, 1};
    wn_interval i = wn_stats_paired(a, b, 3, 0.95);
    near(i.mean, 1), near(i.low, 1), near(i.high, 1), near(i.p, 0);
    near(wn_stats_paired(a, a, 3, 0.95).p, 1);
    i = wn_stats_mean(a, 1, 0.95);
    near(i.mean, 2);
    cr_assert(isnan(i.sd) && isnan(i.low) && isnan(i.high) && isnan(i.p));
    cr_assert(isnan(wn_stats_mean(a, 0, 0.95).mean));
}

Test(stats, wins_ties_and_losses) {
    const double a[] = {1, 2, 3, NAN, 5}, b[] = {0, 2, 4, 1, 1};
    const wn_wins w = wn_stats_wins(a, b, 5);
    cr_assert(w.wins == 2 && w.ties == 1 && w.losses == 1);
}

/* Two columns of one distribution: of `times` intervals over `seeds` differences, how many hold 0. */
static size_t holding_zero(size_t times, size_t seeds, uint64_t seed) {
    size_t holding = 0;
    for (size_t t = 0; t < times; t++) {
        double a[32], b[32];
        wn_rng rng = wn_rng_init(seed, t);
        for (size_t i = 0; i < seeds; i++) {
            const double draw = 0.02 * wn_rng_normal(&rng); /* what both have of the seed */
            a[i] = 0.6 + draw + 0.01 * wn_rng_normal(&rng);
            b[i] = 0.6 + draw + 0.01 * wn_rng_normal(&rng);
        }
        const wn_interval i = wn_stats_paired(a, b, seeds, 0.95);
        cr_assert_eq(i.low <= 0 && i.high >= 0, i.p >= 0.05, "interval and p disagree");
        holding += i.low <= 0 && i.high >= 0;
    }
    return holding;
}

Test(stats, show_no_difference_where_there_is_none) {
    cr_assert_geq(holding_zero(100, 10, 1), 93);
    for (size_t seeds = 2; seeds <= 32; seeds *= 4) {
        const size_t of = 10000, holding = holding_zero(of, seeds, 3);
        cr_assert(holding > 9400 && holding < 9600, "%zu seeds: %zu of %zu", seeds, holding, of);
    }
}

/* The same for the bootstrap over items. */
Test(stats, bootstrap_shows_no_difference_where_there_is_none) {
    enum { TIMES = 400, SEEDS = 3, ITEMS = 150 };
    static float a[SEEDS * ITEMS], b[SEEDS * ITEMS];
    size_t holding = 0;
    for (size_t t = 0; t < TIMES; t++) {
        wn_rng rng = wn_rng_init(5, t);
        for (size_t i = 0; i < SEEDS * ITEMS; i++) {
            a[i] = wn_rng_uniform(&rng) < 0.6 ? 1 : 0;
            b[i] = wn_rng_uniform(&rng) < 0.6 ? 1 : 0;
        }
        wn_interval out;
        wn_err err = {0};
        must(wn_stats_bootstrap_items(&out, a, b, SEEDS, ITEMS,
                                      &(wn_bootstrap_opts){.draws = 500, .seed = t, .level = 0.95}, &err),
             &err);
        holding += out.low <= 0 && out.high >= 0;
    }
    cr_assert(holding >= 0.92 * TIMES && holding <= 0.98 * TIMES, "%zu of %d", holding, TIMES);
}

Test(stats, survive_failing_allocations) {
    const float a[] = {1, 0, 1, 1}, b[] = {0, 0, 1, 0};
    const uint32_t truth[] = {0, 1};
    for (int forever = 0; forever < 2; forever++)
        for (long after = 0, made = 1; after < made; after++) {
            wn_interval out;
            wn_metrics m = {0};
            wn_regress_metrics r;
            wn_err err = {0};
            wn_mem_fail_after(after, forever);
            wn_code code = wn_stats_bootstrap_items(&out, a, b, 2, 2, &(wn_bootstrap_opts){.level = 0.9}, &err);
            if (code == WN_OK) code = wn_metrics_classify(&m, a, truth, 2, 2, &err);
            if (code == WN_OK) code = wn_metrics_regress(&r, a, b, 4, &err);
            made = code == WN_OK ? wn_mem_count() : after + 2;
            wn_mem_fail_after(-1, false);
            wn_metrics_free(&m);
            cr_assert(code == WN_OK ? after >= made : code == WN_EMEMORY && err.msg[0], "allocation %ld", after);
        }
}
