/* Selection in parts, against the greedy over all rows and against definitions in double. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/partition.h>
#include <winnow/threads.h>

#include "naive.h"

static const wn_select_opts objectives[] = {
    {.objective = WN_GRAPH_CUT, .kernel = {WN_RBF, 6}, .lambda = NAN},
    {.objective = WN_GRAPH_CUT, .kernel = {WN_COSINE, 0}, .lambda = NAN},
    {.objective = WN_GRAPH_CUT, .kernel = {WN_DOT, 0}, .lambda = 3},
    {.objective = WN_FACILITY_LOCATION, .kernel = {WN_COSINE, 0}},
    {.objective = WN_FACILITY_LOCATION, .kernel = {WN_RBF, 6}},
};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

static wn_selection in_parts(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                             wn_partitioned *how) {
    wn_selection s = {0};
    wn_err e = {0};
    cr_assert_eq(wn_partition_select(x, o, p, &s, how, &e), WN_OK, "%s", e.msg);
    return s;
}

static wn_selection whole(const wn_mat *x, const wn_select_opts *o) {
    wn_selection s = {0};
    wn_err e = {0};
    cr_assert_eq(wn_select(x, o, &s, &e), WN_OK, "%s", e.msg);
    return s;
}

static uint32_t *labels_of(size_t n, size_t classes, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 5);
    uint32_t *label = malloc(n * sizeof *label);
    for (size_t i = 0; i < n; i++) label[i] = (uint32_t)wn_rng_below(&r, classes);
    return label;
}

static wn_part_picks first_round(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p, size_t part) {
    wn_part_picks picks = {0};
    wn_err e = {0};
    cr_assert_eq(wn_partition_part(x, o, p, part, &picks, &e), WN_OK, "%s", e.msg);
    return picks;
}

Test(partition, one_part_is_the_whole) {
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (size_t i = 0; i < OBJECTIVES; i++) {
            wn_mat x = clustered_rows(60 + seed, 6, 8, .4, true, seed);
            wn_select_opts o = objectives[i];
            o.k = 5 + seed, o.seed = seed;
            const wn_partition_opts p = {.parts = 1, .by = (wn_partitioning)(seed % 2)};
            wn_selection a = whole(&x, &o), b = in_parts(&x, &o, &p, NULL);
            cr_assert(same_selection(&a, &b), "objective %zu, seed %d", i, (int)seed);
            wn_selection_free(&a);
            wn_selection_free(&b);
            wn_mat_free(&x);
        }
}

/* Parts by themselves and joined are the whole call, whatever the threads. */
Test(partition, pieces_and_threads_give_the_same_bytes) {
    wn_mat x = clustered_rows(900, 8, 40, .5, true, 3);
    uint32_t *label = labels_of(900, 7, 1);
    for (size_t i = 0; i < OBJECTIVES; i++)
        for (int by = 0; wn_partitioning_name((wn_partitioning)by); by++) {
            wn_select_opts o = objectives[i];
            o.k = 60, o.seed = 9;
            const wn_partition_opts p = {.parts = 7, .by = (wn_partitioning)by, .label = label, .sample = 200};
            wn_part_picks picks[7];
            wn_selection joined = {0};
            wn_partitioned how = {0}, other = {0};
            wn_err e = {0};
            wn_threads_set(1);
            wn_selection a = in_parts(&x, &o, &p, &how);
            for (size_t part = 7; part-- > 0;) {
                wn_threads_set((int)(1 + part % 4));
                picks[part] = first_round(&x, &o, &p, part);
            }
            wn_threads_set(4);
            cr_assert_eq(wn_partition_join(&x, &o, &p, picks, &joined, &other, &e), WN_OK, "%s", e.msg);
            cr_assert(same_selection(&a, &joined), "objective %zu, by %d", i, by);
            cr_assert_eq(memcmp(&how, &other, sizeof how), 0);
            for (size_t part = 0; part < 7; part++) wn_part_picks_free(&picks[part]);
            wn_selection_free(&a);
            wn_selection_free(&joined);
        }
    free(label);
    wn_mat_free(&x);
}

/* f over all rows, evaluated by its definition. */
static double value_of(const wn_mat *x, const wn_select_opts *o, const wn_selection *s) {
    double value = 0;
    wn_err e = {0};
    cr_assert_eq(wn_select_evaluate(x, o, s->ids, s->k, &value, &e), WN_OK, "%s", e.msg);
    return value;
}

Test(partition, nearly_as_good_as_the_whole) {
    wn_mat x = clustered_rows(4000, 16, 120, .5, true, 4);
    uint32_t *label = labels_of(4000, 9, 2);
    for (size_t i = 0; i < OBJECTIVES; i++) {
        wn_select_opts o = objectives[i];
        o.k = 400, o.seed = 2;
        wn_selection exact = whole(&x, &o);
        for (size_t parts = i < 3 ? 4 : 16; parts <= (i < 3 ? 64 : 16); parts *= 4)
            for (int by = 0; by < (i < 3 ? 3 : 1); by++) {
                const wn_partition_opts p = {.parts = parts, .by = (wn_partitioning)by, .label = label};
                wn_selection s = in_parts(&x, &o, &p, NULL);
                const double value = value_of(&x, &o, &s);
                cr_expect_geq(value, .99 * exact.objective[o.k - 1], "objective %zu, %zu parts, by %d: %.4f", i, parts,
                              by, value / exact.objective[o.k - 1]);
                cr_expect_float_eq(value, s.objective[o.k - 1], 1e-4 * value);
                wn_selection_free(&s);
            }
        wn_selection_free(&exact);
    }
    free(label);
    wn_mat_free(&x);
}

/* Sums over a sample decide what is picked; what is reported counts all rows. */
Test(partition, gains_count_all_rows_though_sums_are_sampled) {
    wn_mat x = clustered_rows(3000, 12, 50, .6, true, 6);
    wn_select_opts o = objectives[0];
    o.k = 100, o.seed = 3;
    wn_partitioned how = {0};
    const wn_partition_opts p = {.parts = 5, .sample = 300};
    wn_selection s = in_parts(&x, &o, &p, &how), exact = whole(&x, &o);
    cr_assert(how.sampled >= 300 && how.sampled < 3000, "%zu", how.sampled);
    naive v = naive_init(&x, &o.kernel);
    for (size_t t = 0; t < s.k; t++) {
        double scale = 0, gain = naive_gain(&v, WN_GRAPH_CUT, s.lambda, s.ids, t, s.ids[t], &scale);
        cr_assert_float_eq(s.gain[t], gain, 2e-6 * scale, "pick %zu: %.9g, not %.9g", t, s.gain[t], gain);
    }
    cr_expect_geq(s.objective[99], .95 * exact.objective[99], "%.4f", s.objective[99] / exact.objective[99]);
    free(v.w);
    wn_selection_free(&s);
    wn_selection_free(&exact);
    wn_mat_free(&x);
}

/* What comes back is the better of the second round and of the best part, by the definition; both happen. */
Test(partition, the_better_of_both_is_taken) {
    size_t won[2] = {0};
    for (uint64_t seed = 1; seed <= 400; seed++) {
        wn_rng r = wn_rng_init(seed, 1);
        wn_mat x = clustered_rows(8 + (size_t)wn_rng_below(&r, 16), 3, 4, .5, true, seed);
        wn_select_opts o = objectives[seed % 2];
        o.k = 2 + (size_t)wn_rng_below(&r, 3), o.lambda = (double)wn_rng_below(&r, 8), o.seed = seed;
        const wn_partition_opts p = {.parts = 2 + (size_t)wn_rng_below(&r, 2), .by = WN_PART_ORDER};
        naive v = naive_init(&x, &o.kernel);
        wn_partitioned how = {0};
        wn_selection s = in_parts(&x, &o, &p, &how);
        const double mine = naive_value(&v, WN_GRAPH_CUT, o.lambda, s.ids, s.k);
        for (size_t part = 0; part < p.parts; part++) {
            wn_part_picks picks = first_round(&x, &o, &p, part);
            if (picks.n >= o.k) {
                const double theirs = naive_value(&v, WN_GRAPH_CUT, o.lambda, picks.ids, o.k);
                cr_assert_leq(theirs, mine + 1e-4 * (1 + fabs(mine)), "seed %d: part %zu is better", (int)seed, part);
                if (how.part == part + 1) cr_assert_float_eq(theirs, mine, 1e-4 * (1 + fabs(mine)));
            }
            wn_part_picks_free(&picks);
        }
        won[how.part > 0]++;
        wn_selection_free(&s);
        free(v.w);
        wn_mat_free(&x);
    }
    cr_assert(won[0] > 20 && won[1] > 2, "second round %zu, a part %zu", won[0], won[1]);
}

Test(partition, lists_and_weights_are_obeyed) {
    for (uint64_t seed = 1; seed <= 200; seed++) {
        const size_t n = 20 + seed % 30;
        size_t keep[50], exclude[50];
        double weight[50];
        wn_rng r = wn_rng_init(seed, 2);
        wn_mat x = clustered_rows(n, 4, 6, .5, true, seed);
        uint32_t *label = labels_of(n, 3, seed);
        wn_select_opts o = objectives[seed % OBJECTIVES];
        draw_lists(&o, keep, exclude, n, &r);
        o.seed = seed;
        for (size_t i = 0; i < n; i++) weight[i] = (double)wn_rng_below(&r, 3);
        if (seed % 4 == 0) o.weight = weight;
        const wn_partition_opts p = {.parts = 1 + seed % 5, .by = (wn_partitioning)(seed % 3), .label = label};
        wn_selection s = in_parts(&x, &o, &p, NULL);
        naive v = naive_init(&x, &o.kernel);
        v.weight = o.weight;
        bool taken[50] = {false};
        cr_assert_eq(s.k, o.k);
        for (size_t t = 0; t < s.k; t++) {
            cr_assert(!taken[s.ids[t]]);
            taken[s.ids[t]] = true;
            if (t < o.nkeep) cr_assert_eq(s.ids[t], keep[t]);
        }
        for (size_t i = 0; i < o.nexclude; i++) cr_assert(!taken[exclude[i]]);
        const double value = naive_value(&v, o.objective, s.lambda, s.ids, s.k);
        cr_assert_float_eq(value, s.objective[s.k - 1], 1e-4 * (100 + fabs(value)), "seed %d", (int)seed);
        free(v.w);
        free(label);
        wn_selection_free(&s);
        wn_mat_free(&x);
    }
}

/* Equal sizes, every row in one part; by label no label is in more parts than it needs. */
Test(partition, parts_are_what_they_are_called) {
    wn_mat x = clustered_rows(103, 4, 6, .5, true, 2);
    uint32_t *label = labels_of(103, 4, 3);
    wn_select_opts o = objectives[0];
    o.k = 103, o.seed = 1; /* so that a part picks all that it has */
    for (int by = 0; by < 3; by++) {
        const wn_partition_opts p = {.parts = 5, .by = (wn_partitioning)by, .label = label};
        bool seen[103] = {false};
        size_t last = 0;
        for (size_t part = 0; part < 5; part++) {
            wn_part_picks picks = first_round(&x, &o, &p, part);
            cr_assert(picks.n == 20 || picks.n == 21);
            size_t low = SIZE_MAX, high = 0;
            for (size_t i = 0; i < picks.n; i++) {
                const size_t row = picks.ids[i], at = by == WN_PART_LABEL ? label[row] : row;
                cr_assert(!seen[row]);
                seen[row] = true;
                low = at < low ? at : low;
                high = at > high ? at : high;
            }
            if (by == WN_PART_RANDOM) cr_assert_gt(high - low, 60u);
            if (by != WN_PART_RANDOM) cr_assert(low >= last);
            last = high;
            wn_part_picks_free(&picks);
        }
    }
    free(label);
    wn_mat_free(&x);
}

static void refuse_parts(const wn_mat *x, wn_select_opts o, wn_partition_opts p, wn_code want, const char *part) {
    wn_selection s = {.k = 77};
    wn_err e = {0};
    cr_assert_eq(wn_partition_select(x, &o, &p, &s, NULL, &e), want, "%s: \"%s\"", part, e.msg);
    cr_assert(strstr(e.msg, part) != NULL, "\"%s\" lacks \"%s\"", e.msg, part);
    cr_assert(s.k == 77 && s.ids == NULL, "output was touched");
}

Test(partition, what_cannot_be) {
    wn_mat x = clustered_rows(20, 4, 6, .5, true, 2);
    wn_select_opts ok = objectives[0], o;
    const wn_partition_opts p = {.parts = 3};
    size_t away[] = {20}, three[] = {1, 2, 3};
    ok.k = 2;
    refuse_parts(&x, ok, (wn_partition_opts){.parts = 0}, WN_EUSAGE, "cannot be cut into 0 parts");
    refuse_parts(&x, ok, (wn_partition_opts){.parts = 21}, WN_EUSAGE, "cannot be cut into 21 parts");
    refuse_parts(&x, ok, (wn_partition_opts){.parts = 3, .by = WN_PART_LABEL}, WN_EUSAGE, "no labels");
    o = ok, o.objective = WN_RANDOM, refuse_parts(&x, o, p, WN_EUSAGE, "not random");
    o = ok, o.objective = WN_CLASS_HERDING, refuse_parts(&x, o, p, WN_EUSAGE, "not class-herding");
    o = ok, o.n_all = 50, refuse_parts(&x, o, p, WN_EUSAGE, "must be a whole");
    o = ok, o.keep = away, o.nkeep = 1, refuse_parts(&x, o, p, WN_EUSAGE, "row 20 must be kept");
    o = ok, o.keep = three, o.nkeep = 3, refuse_parts(&x, o, p, WN_ECONSTRAINT, "k is 2");
    o = ok, o.k = 21, refuse_parts(&x, o, p, WN_ECONSTRAINT, "the parts have picked 20 rows");
    o = ok, o.k = 0, refuse_parts(&x, o, p, WN_EUSAGE, "k is 0");
    o = ok, o.memory = 100, refuse_parts(&x, o, p, WN_EMEMORY, "are allowed");
    wn_part_picks picks[3] = {{.n = 1, .ids = three}, {.n = 1, .ids = away}, {0}};
    wn_selection s = {0};
    wn_err e = {0};
    cr_assert_eq(wn_partition_join(&x, &ok, &p, picks, &s, NULL, &e), WN_EINPUT);
    cr_assert(strstr(e.msg, "part 2 picked row 20"), "%s", e.msg);
    cr_assert_eq(wn_partition_part(&x, &ok, &p, 3, &picks[2], &e), WN_EUSAGE);
    wn_mat_free(&x);
}

/* Wherever memory runs out: said, and nothing is left (the sanitizer looks). */
Test(partition, every_allocation_may_fail) {
    wn_mat x = clustered_rows(60, 4, 6, .5, true, 2);
    uint32_t *label = labels_of(60, 4, 3);
    size_t keep[] = {7, 50};
    wn_threads_set(2);
    for (size_t i = 0; i < OBJECTIVES; i++) {
        wn_select_opts o = objectives[i];
        o.k = 6, o.keep = keep, o.nkeep = 2;
        const wn_partition_opts p = {.parts = 3, .by = WN_PART_LABEL, .label = label, .sample = 20};
        wn_code code = WN_EMEMORY;
        long at = 0;
        for (; code != WN_OK; at++) {
            wn_selection s = {0};
            wn_err e = {0};
            wn_mem_fail_after(at, false);
            code = wn_partition_select(&x, &o, &p, &s, NULL, &e);
            wn_mem_fail_after(-1, false);
            cr_assert(code == WN_OK || (code == WN_EMEMORY && e.msg[0] && !s.ids), "allocation %ld: %d", at, (int)code);
            wn_selection_free(&s);
        }
        cr_assert_gt(at, 20);
    }
    free(label);
    wn_mat_free(&x);
}
