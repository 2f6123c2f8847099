/* Picks in the order in which they cover, and rows that stand for rows of another matrix. */
#include <criterion/criterion.h>
#include <winnow/threads.h>

#include "naive.h"
#include "refuse.h"

/* How similar the rows of y are to the nearest of m rows of x, on average: from the definition. */
static double coverage(const wn_mat *y, const wn_mat *x, const size_t *s, size_t m) {
    double sum = 0;
    for (size_t i = 0; i < y->rows; i++) {
        double best = 0;
        for (size_t c = 0; c < m; c++) {
            double w = 0;
            for (size_t j = 0; j < x->cols; j++) w += (double)wn_mat_row(y, i)[j] * (double)wn_mat_row(x, s[c])[j];
            best = fmax(best, w);
        }
        sum += best;
    }
    return sum / (double)y->rows;
}

static wn_selection choose(const wn_mat *x, const wn_select_opts *o) {
    wn_selection s = {0};
    wn_err e = {0};
    cr_assert_eq(wn_select(x, o, &s, &e), WN_OK, "%s", e.msg);
    return s;
}

/* The first negative gain of the greedy behind the must-keep rows. */
static size_t stop_of(const wn_selection *greedy, size_t nkeep) {
    while (nkeep < greedy->k && greedy->gain[nkeep] >= 0) nkeep++;
    return nkeep;
}

static void reorder(wn_selection *s, const wn_mat *x, const wn_mat *y, const wn_select_opts *o) {
    wn_err e = {0};
    cr_assert_eq(wn_selection_by_coverage(s, x, y, o, &e), WN_OK, "%s", e.msg);
}

static int by_id(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static bool same_set(const wn_selection *a, const wn_selection *b) {
    size_t *x = malloc(a->k * sizeof *x), *y = malloc(a->k * sizeof *y);
    memcpy(x, a->ids, a->k * sizeof *x);
    memcpy(y, b->ids, a->k * sizeof *y);
    qsort(x, a->k, sizeof *x, by_id);
    qsort(y, a->k, sizeof *y, by_id);
    bool same = a->k == b->k && memcmp(x, y, a->k * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

/* The gains that the definition gives to that order; the next pick is the one that covers most. */
static void check_order(const wn_mat *x, const wn_mat *y, const wn_select_opts *o, const wn_selection *s, size_t stop) {
    naive v = naive_init(x, &o->kernel);
    for (size_t t = 0; t < s->k; t++) {
        double scale = 0, gain = naive_gain(&v, WN_GRAPH_CUT, s->lambda, s->ids, t, s->ids[t], &scale);
        cr_assert_float_eq(s->gain[t], gain, 2e-6 * scale, "place %zu: gain %.9g, not %.9g", t, s->gain[t], gain);
        cr_assert_eq(s->objective[t], s->gain[t] + (t ? s->objective[t - 1] : 0));
        if (t < o->nkeep) cr_assert_eq(s->ids[t], o->keep[t]);
        if (t < o->nkeep || t >= stop) continue;
        size_t *tried = malloc((t + 1) * sizeof *tried);
        memcpy(tried, s->ids, (t + 1) * sizeof *tried);
        const double mine = coverage(y, y, tried, t + 1);
        for (size_t other = t + 1; other < stop; other++) {
            tried[t] = s->ids[other];
            cr_assert_leq(coverage(y, y, tried, t + 1), mine + 1e-6, "place %zu: row %zu covers more", t, tried[t]);
        }
        free(tried);
    }
    free(v.w);
}

Test(order, the_next_pick_covers_most) {
    size_t keep[] = {17, 3, 44, 30, 9, 51}, stops = 0;
    for (size_t seed = 1; seed <= 30; seed++) {
        wn_mat x = clustered_rows(60 + seed, 5, 7, .4, true, seed), y = clustered_rows(60 + seed, 9, 11, .6, true, 99);
        const wn_kernel kernel = {seed % 2 ? WN_RBF : WN_COSINE, 4};
        wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = kernel, .lambda = NAN, .k = seed % 4 ? 13 : 45};
        if (seed % 3 == 0) o.keep = keep, o.nkeep = 6;
        wn_selection greedy = choose(&x, &o), s = choose(&x, &o);
        reorder(&s, &x, &y, &o);
        cr_assert(same_set(&greedy, &s));
        cr_assert_eq(s.by_coverage, stop_of(&greedy, o.nkeep) > o.nkeep);
        const size_t stop = stop_of(&greedy, o.nkeep);
        check_order(&x, &y, &o, &s, stop);
        cr_assert_eq(s.negative_from, greedy.negative_from);
        for (size_t t = stop; t < s.k; t++) { /* where to stop is told as before */
            cr_assert_eq(s.ids[t], greedy.ids[t]);
            cr_assert_eq(s.gain[t], greedy.gain[t]);
        }
        stops += stop < s.k;
        wn_selection_free(&greedy);
        wn_selection_free(&s);
        wn_mat_free(&x);
        wn_mat_free(&y);
    }
    cr_assert(stops > 2 && stops < 28, "%zu", stops);
}

Test(order, those_beyond_the_first_follow_as_they_were) {
    wn_mat x = clustered_rows(9000, 16, 900, .7, true, 5);
    wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {WN_RBF, 6}, .lambda = NAN, .k = 1100};
    wn_selection greedy = choose(&x, &o), s = choose(&x, &o), again = choose(&x, &o);
    size_t *place = calloc(x.rows, sizeof *place);
    cr_assert_eq(greedy.negative_from, greedy.k);
    reorder(&s, &x, &x, &o);
    cr_assert(same_set(&greedy, &s));
    for (size_t i = 0; i < greedy.k; i++) place[greedy.ids[i]] = i;
    for (size_t i = 1025; i < s.k; i++) cr_assert_gt(place[s.ids[i]], place[s.ids[i - 1]]);
    cr_assert_float_eq(s.objective[s.k - 1], greedy.objective[s.k - 1], 1e-9 * greedy.objective[s.k - 1]);
    for (size_t m = 10; m <= 160; m *= 2) cr_expect_gt(coverage(&x, &x, s.ids, m), coverage(&x, &x, greedy.ids, m));
    wn_threads_set(4);
    reorder(&again, &x, &x, &o);
    cr_assert_arr_eq(again.ids, s.ids, s.k * sizeof *s.ids);
    cr_assert_arr_eq(again.gain, s.gain, s.k * sizeof *s.gain);
    free(place);
    wn_selection_free(&greedy);
    wn_selection_free(&s);
    wn_selection_free(&again);
    wn_mat_free(&x);
}

Test(order, rows_that_stand_for_others) {
    wn_mat x = clustered_rows(90, 6, 9, .4, true, 2), y = clustered_rows(700, 6, 20, .5, true, 3);
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .represent = &y, .k = 12};
    o.storage = WN_DENSE;
    wn_selection dense = choose(&x, &o);
    o.storage = WN_MATRIX_FREE;
    wn_selection s = choose(&x, &o);
    cr_assert(same_selection(&dense, &s));
    wn_selection_free(&dense);
    double before = 0, value = 0;
    wn_err e = {0};
    for (size_t t = 0; t < s.k; t++) {
        size_t tried[12];
        memcpy(tried, s.ids, sizeof tried);
        const double mine = coverage(&y, &x, s.ids, t + 1) * 700;
        cr_assert_float_eq(s.gain[t], mine - before, 1e-3);
        for (size_t r = 0; r < x.rows; r++) {
            tried[t] = r;
            cr_assert_leq(coverage(&y, &x, tried, t + 1) * 700, mine + 1e-3, "step %zu: row %zu has more", t, r);
        }
        before = mine;
    }
    cr_assert_eq(wn_select_evaluate(&x, &o, s.ids, s.k, &value, &e), WN_OK);
    cr_expect_float_eq(value, before, 1e-6);
    wn_selection_free(&s);
    wn_mat_free(&x);
    wn_mat_free(&y);
}

Test(order, who_cannot_stand_for_others) {
    wn_mat x = clustered_rows(20, 6, 3, .4, true, 2), y = clustered_rows(30, 6, 3, .4, true, 3);
    wn_mat wide = clustered_rows(30, 7, 3, .4, true, 3), raw = clustered_rows(30, 6, 3, .4, false, 3);
    double weight[20] = {0};
    const wn_select_opts ok = {
        .objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .represent = &y, .k = 2};
    wn_select_opts o = ok;
    o.objective = WN_GRAPH_CUT, refuse(&x, o, WN_EUSAGE, "only facility location");
    o = ok, o.weight = weight, refuse(&x, o, WN_EUSAGE, "only facility location");
    size_t first[] = {0, 1};
    double value = 7;
    wn_err e = {0};
    cr_assert_eq(wn_select_evaluate(&x, &o, first, 2, &value, &e), WN_EUSAGE);
    cr_assert_eq(value, 7);
    o = ok, o.represent = &wide, refuse(&x, o, WN_EUSAGE, "rows of 6 values cannot stand for rows of 7");
    o = ok, o.represent = &raw, refuse(&x, o, WN_EUSAGE, "normalise");
    wn_mat_free(&x);
    wn_mat_free(&y);
    wn_mat_free(&wide);
    wn_mat_free(&raw);
}

/* Long rows and short ones: coverage goes by their directions. */
Test(order, norms_do_not_count) {
    wn_mat x = clustered_rows(200, 6, 9, .4, true, 2), y = clustered_rows(200, 6, 9, .4, true, 2);
    wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {.kind = WN_DOT}, .lambda = 0, .k = 20};
    for (size_t i = 0; i < y.rows; i++)
        for (size_t j = 0; j < y.cols; j++) wn_mat_row(&y, i)[j] *= (float)(1u << i % 8);
    wn_selection a = choose(&x, &o), b = choose(&x, &o);
    cr_assert_geq(stop_of(&a, 0), 5u);
    reorder(&a, &x, &x, &o);
    reorder(&b, &x, &y, &o);
    cr_assert(same_selection(&a, &b));
    wn_selection_free(&a);
    wn_selection_free(&b);
    wn_mat_free(&x);
    wn_mat_free(&y);
}

Test(order, what_has_no_order_by_coverage) {
    wn_mat x = clustered_rows(40, 6, 3, .4, true, 2), other = clustered_rows(41, 6, 3, .4, true, 2);
    wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {.kind = WN_COSINE}, .lambda = NAN, .k = 5};
    wn_selection s = choose(&x, &o), before = choose(&x, &o);
    wn_err e = {0};
    cr_expect_eq(wn_selection_by_coverage(&s, &x, &other, &o, &e), WN_EUSAGE);
    o.first = 3;
    cr_expect_eq(wn_selection_by_coverage(&s, &x, &x, &o, &e), WN_EUSAGE);
    o.first = 0, o.objective = WN_FACILITY_LOCATION;
    cr_expect_eq(wn_selection_by_coverage(&s, &x, &x, &o, &e), WN_EUSAGE);
    cr_expect(same_selection(&s, &before));
    wn_selection_free(&s);
    wn_selection_free(&before);
    wn_mat_free(&x);
    wn_mat_free(&other);
}
