/* The map of the report: who is near whom, where rows come to lie, regions and their words. */
#include "report_sample.h"

#include <criterion/criterion.h>
#include <report/map.h>
#include <report/near.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

/* `groups` clouds of rows in d columns, normalised; row i is of group i % groups. */
static wn_mat clouds(size_t m, size_t d, size_t groups, double width) {
    wn_rng g = wn_rng_init(8, 3);
    wn_mat x = {0};
    double *centre = calloc(groups * d, sizeof *centre);
    cr_assert_eq(wn_mat_init(&x, m, d, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < groups * d; i++) centre[i] = wn_rng_normal(&g);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < d; j++)
            wn_mat_row(&x, i)[j] = (float)(centre[i % groups * d + j] + width * wn_rng_normal(&g));
    wn_mat_normalize(&x);
    free(centre);
    return x;
}

static double dot(const wn_mat *x, size_t i, size_t j) {
    double s = 0;
    for (size_t k = 0; k < x->cols; k++) s += (double)wn_mat_row(x, i)[k] * (double)wn_mat_row(x, j)[k];
    return s;
}

/* How many are closer: row j has that place among the neighbours of i. far(i, j) of cosines or of points. */
static double share_kept(const wn_mat *x, const float *at, size_t nearest) {
    size_t m = x->rows, hits = 0;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < m; j++) {
            size_t before = 0, closer = 0;
            double px = (double)at[i] - (double)at[j], py = (double)at[m + i] - (double)at[m + j];
            for (size_t k = 0; k < m; k++) {
                double qx = (double)at[i] - (double)at[k], qy = (double)at[m + i] - (double)at[m + k];
                before += k != i && dot(x, i, k) > dot(x, i, j);
                closer += k != i && qx * qx + qy * qy < px * px + py * py;
            }
            hits += j != i && before < nearest && closer < nearest;
        }
    }
    return (double)hits / (double)(m * nearest);
}

Test(report_map, nearest_rows_by_brute_force) {
    enum { M = 70, COUNT = 9 };
    wn_mat x = clouds(M, 12, 5, .8);
    size_t rows[M];
    uint32_t near[M * COUNT];
    float sim[M * COUNT];
    for (size_t i = 0; i < M; i++) rows[i] = i;
    memcpy(wn_mat_row(&x, 5), wn_mat_row(&x, 4), x.cols * sizeof(float)); /* a tie: the lower comes first */
    const wn_near_opts o = {.x = &x, .rows = rows, .n = M, .among = &x, .count = COUNT, .same = true};
    cr_assert_eq(wn_near_find(near, sim, &o, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < M; i++) {
        for (size_t c = 0; c < COUNT; c++) {
            size_t j = near[i * COUNT + c], before = 0;
            cr_expect_neq(j, i);
            cr_expect_float_eq((double)sim[i * COUNT + c], dot(&x, i, j), 1e-5);
            for (size_t k = 0; k < M; k++) before += k != i && dot(&x, i, k) > dot(&x, i, j) + 1e-6;
            cr_expect_leq(before, c, "row %zu, neighbour %zu", i, c);
            if (c) cr_expect_geq(sim[i * COUNT + c - 1], sim[i * COUNT + c]);
            if (c && near[i * COUNT + c - 1] == 5) cr_expect_neq(j, 4u);
        }
    }
    wn_mat_free(&x);
}

Test(report_map, layout_keeps_neighbours_and_says_how_many) {
    wn_mat x = clouds(160, 20, 8, .55);
    wn_tsne t = {0};
    cr_assert_eq(wn_tsne_make(&t, &x, 1, &(wn_err){0}), WN_OK);
    cr_expect_float_eq(t.kept, share_kept(&x, t.at, WN_TSNE_NEAREST), 5e-3);
    cr_expect_gt(t.kept, t.flat + .15, "%g against %g", t.kept, t.flat);
    size_t apart = 0; /* points whose nearest one is of another cloud */
    for (size_t i = 0; i < t.m; i++) {
        double best = INFINITY;
        size_t nearest = i;
        for (size_t j = 0; j < t.m; j++) {
            double dx = (double)t.at[i] - (double)t.at[j], dy = (double)t.at[t.m + i] - (double)t.at[t.m + j];
            if (j != i && dx * dx + dy * dy < best) best = dx * dx + dy * dy, nearest = j;
        }
        apart += nearest % 8 != i % 8;
    }
    cr_expect_leq(apart, t.m / 20, "%zu", apart);
    wn_tsne_free(&t);
    wn_mat_free(&x);
}

/* The directions of largest variance show a plane's picture as it is: distances are kept up to one factor. */
Test(report_map, starts_from_the_plane_where_rows_lie_on_one) {
    wn_mat x = clouds(60, 10, 60, 0);
    for (size_t i = 0; i < 60; i++)
        for (size_t j = 0; j < 10; j++) /* nearly on a plane: two columns have nearly all the variance */
            wn_mat_row(&x, i)[j] = (j == 9 ? 8 : 0) + wn_mat_row(&x, i)[j] * (j == 2 ? 2.f : j == 6 ? 1.f : .001f);
    wn_mat_normalize(&x);
    wn_tsne t = {0};
    cr_assert_eq(wn_tsne_make(&t, &x, 1, &(wn_err){0}), WN_OK);
    cr_expect_gt(t.flat, .97, "%g", t.flat);
    wn_tsne_free(&t);
    wn_mat_free(&x);
}

Test(report_map, same_layout_for_any_number_of_threads) {
    wn_mat x = clouds(300, 16, 6, .7);
    wn_tsne one = {0}, more = {0};
    wn_threads_set(1);
    cr_assert_eq(wn_tsne_make(&one, &x, 5, &(wn_err){0}), WN_OK);
    wn_threads_set(4);
    cr_assert_eq(wn_tsne_make(&more, &x, 5, &(wn_err){0}), WN_OK);
    cr_expect_arr_eq(one.at, more.at, 2 * one.m * sizeof *one.at);
    cr_expect(one.kept >= more.kept && one.kept <= more.kept);
    wn_tsne_free(&one), wn_tsne_free(&more);
    wn_mat_free(&x);
}

Test(report_map, layout_of_rows_that_hardly_differ) {
    wn_mat x = clouds(WN_TSNE_LEAST, 3, 1, 0); /* all equal */
    wn_tsne t = {0};
    cr_assert_eq(wn_tsne_make(&t, &x, 1, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < 2 * t.m; i++) cr_expect(isfinite(t.at[i]));
    wn_tsne_free(&t);
    for (size_t i = 0; i < x.rows; i++) wn_mat_row(&x, i)[0] += (float)i * 1e-6f; /* on a line */
    cr_assert_eq(wn_tsne_make(&t, &x, 1, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < 2 * t.m; i++) cr_expect(isfinite(t.at[i]));
    wn_tsne_free(&t);
    wn_mat_free(&x);
}

Test(report_map, regions_are_the_nearest_centres) {
    enum { M = 600 };
    double x[M], y[M];
    uint8_t of[M];
    size_t count[WN_REGIONS_MOST] = {0};
    wn_regions r;
    wn_rng g = wn_rng_init(2, 2);
    for (size_t i = 0; i < M; i++) { /* four squares far from one another, of 240, 180, 120 and 60 points */
        size_t square = i % 10 < 4 ? 0 : i % 10 < 7 ? 1 : i % 10 < 9 ? 2 : 3;
        x[i] = wn_rng_uniform(&g) + (square & 1 ? 50 : 0), y[i] = wn_rng_uniform(&g) + (square & 2 ? 50 : 0);
    }
    wn_regions_make(&r, of, x, y, M, 1);
    cr_assert_eq(r.n, 10u);
    for (size_t i = 0; i < M; i++) {
        double own = hypot(x[i] - r.x[of[i]], y[i] - r.y[of[i]]);
        count[of[i]]++;
        cr_expect_lt(own, 2);
        for (size_t c = 0; c < r.n; c++) cr_expect_leq(own, hypot(x[i] - r.x[c], y[i] - r.y[c]) + 1e-12);
    }
    for (size_t c = 1; c < r.n; c++) cr_expect_geq(count[c - 1], count[c], "larger regions first");
    for (size_t i = 0; i < M; i++) x[i] = y[i] = (double)(i % 2);
    wn_regions_make(&r, of, x, y, M, 1);
    cr_expect_eq(r.n, 2u, "no more regions than different points");
}

Test(report_map, words_that_set_a_region_apart) {
    enum { N = 90 };
    static const char *const own[] = {"harbour", "violin", "glacier"};
    char base[N * 64];
    unsigned long long off[N + 1] = {0};
    size_t rows[N];
    uint8_t of[N];
    wn_region_words w = {0};
    for (size_t i = 0; i < N; i++) of[i] = (uint8_t)(i % 3), rows[i] = N - 1 - i; /* backwards */
    for (size_t t = 0; t < N; t++) {
        size_t region = (N - 1 - t) % 3;
        off[t + 1] = off[t] + (unsigned long long)sprintf(base + off[t], "The %s and %s%zu %s", own[region],
                                                          own[region], t, t % 2 ? "everywhere" : "");
    }
    const wn_texts texts = {base, off, N};
    cr_assert_eq(wn_region_words_find(&w, &texts, rows, of, N, 3, &(wn_err){0}), WN_OK);
    for (size_t r = 0; r < 3; r++) {
        cr_assert_not_null(w.word[r][0]);
        cr_expect_str_eq(w.word[r][0], own[r]);
        cr_expect_null(w.word[r][1], "\"the\" and \"everywhere\" are as frequent elsewhere, not %s", w.word[r][1]);
    }
    wn_region_words_free(&w);
}

Test(report_map, every_row_is_counted_where_its_nearest_point_lies) {
    sample s;
    sample_init(&s, 900, 60);
    wn_map m = {0};
    cr_assert_eq(wn_map_make(&m, &s.outcome, &(wn_err){0}), WN_OK);
    size_t pool[WN_REGIONS_MOST] = {0}, chosen[WN_REGIONS_MOST] = {0};
    cr_assert_eq(m.m, 864u, "all but the copies");
    cr_expect_eq(m.counted, 900u);
    cr_expect_eq(m.counted_chosen, 60u);
    for (size_t i = 0; i < 900; i++) {
        double best = -2;
        size_t at = 0;
        for (size_t j = 0; j < m.m; j++)
            if (dot(&s.x, i, m.row[j]) > best + 1e-9) best = dot(&s.x, i, m.row[j]), at = j;
        pool[m.region[at]]++;
        if (s.rank[i] != SIZE_MAX) chosen[m.region[at]]++;
    }
    for (size_t c = 0; c < m.regions.n; c++) {
        cr_expect_eq(m.pool[c], pool[c]);
        cr_expect_eq(m.chosen[c], chosen[c]);
    }
    for (size_t i = 0; i < m.m; i++) {
        cr_expect(m.x[i] >= 0 && m.x[i] <= WN_MAP_WIDTH && m.y[i] >= 0 && m.y[i] <= WN_MAP_HEIGHT);
        cr_expect_eq(s.rank[m.row[i]] != SIZE_MAX, i >= m.m - m.nchosen, "chosen ones last");
    }
    wn_map_free(&m);
    sample_free(&s);
}

Test(report_map, draws_from_many_rows) {
    sample s;
    sample_init(&s, 9000, 3000);
    wn_map m = {0};
    cr_assert_eq(wn_map_make(&m, &s.outcome, &(wn_err){0}), WN_OK);
    cr_expect_eq(m.m, (size_t)WN_TSNE_MOST);
    cr_expect_eq(m.nchosen, (size_t)WN_MAP_CHOSEN);
    cr_expect_eq(m.counted, (size_t)WN_MAP_COUNTED);
    for (size_t i = 1; i < m.m - m.nchosen; i++) cr_expect_lt(m.row[i - 1], m.row[i], "no row twice");
    wn_map_free(&m);
    sample_free(&s);
}
