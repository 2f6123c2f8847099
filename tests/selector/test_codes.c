/* selector: codes of rows never hide a row that could be picked, hide most that could not, and change no choice. */
#include <criterion/criterion.h>
#include <winnow/threads.h>
#include <wn/cpu.h>

#include "naive.h"
#include "objective/linear_cut.h"
#include "solver/linear_codes.h"

/* ---- data ---- */

typedef enum { PLAIN, COMMON, OUTLYING, COPIES, ZEROS, CONSTANT, TINY, HUGE_ONES, MIXED, KINDS } kind;
static const char *const kind_name[] = {"plain",    "common", "outlying",  "copies", "zeros",
                                        "constant", "tiny",   "huge ones", "mixed"};

static wn_mat make(kind what, size_t n, size_t d, uint64_t seed) {
    wn_mat x = clustered_rows(n, d, 1 + n / 8, 0.5, what <= ZEROS, seed);
    wn_rng r = wn_rng_init(seed, 9);
    for (size_t i = 0; i < n; i++) {
        float *row = wn_mat_row(&x, i);
        const double size = what == MIXED ? pow(10, 30 * wn_rng_uniform(&r) - 20) : 1;
        if (what == COPIES && i % 3) memcpy(row, wn_mat_row(&x, i - i % 3), d * sizeof *row);
        for (size_t c = 0; c < d; c++) {
            if (what == COMMON) row[c] = (float)(0.9 / sqrt((double)d) + 0.3 * (double)row[c]);
            if (what == OUTLYING && c % 50 == 1) row[c] *= 30;
            if (what == ZEROS && i % 4 == 0) row[c] = 0;
            if (what == CONSTANT) row[c] = 0.25f;
            if (what == TINY) row[c] *= 1e-42f;
            if (what == HUGE_ONES) row[c] *= 1e14f / (float)sqrt((double)d);
            if (what == MIXED) row[c] = (float)((double)row[c] * size);
        }
    }
    if (what == COMMON || what == OUTLYING) (void)wn_mat_normalize(&x);
    return x;
}

/* ---- what is passed over ---- */

typedef struct {
    wn_mat x;
    wn_ground g;
    wn_linear_cut cut;
    wn_linear_codes codes;
    double *u, *along;
} instance;

static instance *open_instance(kind what, size_t n, size_t d, uint64_t seed) {
    instance *in = calloc(1, sizeof *in);
    wn_err e = {0};
    const wn_select_opts o = {.kernel = {.kind = WN_DOT}};
    in->x = make(what, n, d, seed);
    in->u = calloc(d + 1, sizeof *in->u);
    in->along = calloc(n + 1, sizeof *in->along);
    cr_assert_eq(wn_ground_init(&in->g, &in->x, &o, &e), WN_OK);
    cr_assert_eq(wn_ground_read(&in->g, &o.kernel, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_linear_cut_init(&in->cut, &in->g, 1 + (double)(seed % 9), &e), WN_OK);
    for (size_t c = 0; c < d; c++) in->u[c] = in->cut.T_norm > 0 ? in->cut.T[c] / in->cut.T_norm : 0;
    for (size_t i = 0; i < n; i++) in->along[i] = wn_ground_dot(wn_mat_row(&in->x, i), in->u, d);
    cr_assert_eq(wn_linear_codes_init(&in->codes, &in->g, in->u, in->along, &e), WN_OK);
    return in;
}

static void close_instance(instance *in) {
    wn_linear_codes_free(&in->codes);
    wn_linear_cut_free(&in->cut);
    wn_ground_free(&in->g);
    wn_mat_free(&in->x);
    free(in->u);
    free(in->along);
    free(in);
}

static double gain_at(const instance *in, size_t row, const double *v) {
    return wn_ground_dot(wn_mat_row(&in->x, row), v, in->x.cols) - in->g.sq[row];
}

enum { COLUMNS = 21, ROWS = 203 };

/* Bars at which some row's gain lies exactly: the largest, and with `low` any. Whatever reaches one must be told;
 * *told, *all: how many rows were, and how many there are. */
static void check_pass(kind what, size_t d, uint64_t seed, bool low, size_t *told, size_t *all) {
    instance *in = open_instance(what, ROWS, d, seed);
    wn_rng r = wn_rng_init(seed, 3);
    wn_code_pass p = {0};
    double *v = calloc(COLUMNS * d + 1, sizeof *v), bar[COLUMNS], about[WN_CODES_STRIP][2];
    const double loose = wn_linear_cut_slack(&in->cut, COLUMNS);
    if (seed % 3) wn_linear_codes_refer(&in->codes, in->cut.v);
    cr_assert_eq(wn_code_pass_init(&p, &in->codes, COLUMNS, loose, &(wn_err){0}), WN_OK);
    for (size_t c = 0; c < COLUMNS; c++) {
        memcpy(v + c * d, in->cut.v, d * sizeof *v);
        size_t top = 0;
        for (size_t i = 0; i < ROWS; i++)
            if (gain_at(in, i, v + c * d) > gain_at(in, top, v + c * d)) top = i;
        bar[c] = c ? gain_at(in, low && c % 5 == 4 ? (size_t)wn_rng_below(&r, ROWS) : top, v + c * d) : INFINITY;
        wn_code_pass_column(&p, c, v + c * d, bar[c]);
        wn_linear_cut_add(&in->cut, top);
    }
    const size_t columns[] = {COLUMNS, 2, 16, 17};
    for (size_t i = 0; i < ROWS; i += WN_CODES_STRIP) {
        size_t ids[WN_CODES_STRIP], m = 0;
        for (; m < WN_CODES_STRIP && i + m < ROWS; m++) ids[m] = ROWS - 1 - i - m;
        for (size_t t = 0; t < 4; t++) {
            size_t close = 0;
            const unsigned found = wn_code_pass_strip(&p, ids, m, columns[t], about, &close);
            cr_assert_eq(found >> m, 0);
            for (size_t j = 0; j < m; j++) {
                for (size_t c = 1; c < columns[t]; c++)
                    cr_assert(found >> j & 1 || gain_at(in, ids[j], v + c * d) < bar[c],
                              "%s, d %zu, seed %llu: row %zu reaches bar %zu", kind_name[what], d,
                              (unsigned long long)seed, ids[j], c);
                const double slack = wn_code_slack(&p.widest, &in->codes.row[ids[j]]) + loose;
                cr_assert_leq(fabs(about[j][1] - gain_at(in, ids[j], v + d)), slack);
                if (t == 0) *told += found >> j & 1, ++*all;
            }
        }
    }
    free(v);
    wn_code_pass_free(&p);
    close_instance(in);
}

Test(codes, no_row_that_reaches_a_bar_is_passed_over) {
    static const size_t ds[] = {1, 2, 7, 64, 65, 384};
    wn_threads_set(1);
    for (kind what = PLAIN; what < KINDS; what++)
        for (size_t i = 0; i < sizeof ds / sizeof *ds; i++)
            for (uint64_t seed = 0; seed < 6; seed++)
                check_pass(what, ds[i], seed, seed % 2, &(size_t){0}, &(size_t){0});
}

Test(codes, most_rows_below_a_bar_are_passed_over) {
    wn_threads_set(1);
    for (kind what = PLAIN; what <= COMMON; what++) {
        size_t told = 0, all = 0;
        for (uint64_t seed = 0; seed < 6; seed++) check_pass(what, 384, seed, false, &told, &all);
        cr_assert_gt(told, 0);
        cr_assert_lt(3 * told, all, "%s: %zu of %zu rows would be computed", kind_name[what], told, all);
    }
}

/* The value and the slack of every row and any v, against sums in long double. */
Test(codes, a_value_is_as_near_as_its_slack_says) {
    static const size_t ds[] = {1, 5, 70, 384};
    wn_threads_set(1);
    for (kind what = PLAIN; what < KINDS; what++)
        for (size_t t = 0; t < 4; t++) {
            const size_t d = ds[t];
            instance *in = open_instance(what, 60, d, 20 + t);
            uint8_t *bytes = calloc(in->codes.ld, 1);
            wn_rng r = wn_rng_init(t, what);
            const double loose = wn_linear_cut_slack(&in->cut, 1);
            double *v = calloc(d, sizeof *v);
            for (int turn = 0; turn < 10; turn++) {
                for (size_t c = 0; c < d; c++)
                    v[c] = turn == 0 ? 0
                                     : in->cut.T[c] * (turn % 3 - 1) +
                                           0.1 * in->cut.T_norm * wn_rng_normal(&r) / sqrt((double)d);
                if (turn % 4 == 2) wn_linear_codes_refer(&in->codes, v);
                const wn_code_column column = wn_code_column_of(&in->codes, v, bytes);
                for (size_t i = 0; i < 60; i++) {
                    int32_t y;
                    long double exact = 0;
                    wn_codes_dots(in->codes.q + i * in->codes.ld, 1, in->codes.ld, bytes, &y);
                    for (size_t c = 0; c < d; c++) exact += (long double)wn_mat_row(&in->x, i)[c] * (long double)v[c];
                    const double off = fabs(
                        wn_code_value(&column, &in->codes.row[i], in->along[i], in->codes.ref[i], y) - (double)exact);
                    cr_assert_leq(off, wn_code_slack(&column, &in->codes.row[i]) + loose, "%s, d %zu: row %zu",
                                  kind_name[what], d, i);
                }
            }
            free(v);
            free(bytes);
            close_instance(in);
        }
}

/* ---- choices ---- */

static wn_selection choose(const wn_mat *x, const wn_select_opts *o) {
    wn_selection s = {0};
    wn_err e = {0};
    cr_assert_eq(wn_select(x, o, &s, &e), WN_OK, "%s", e.msg);
    return s;
}

/* Without codes, and on every kernel and any number of threads with them, the choice is that of the dense solver. */
static void compare_choices(kind what, size_t n, size_t d, size_t k, double lambda) {
    static const char *const levels[] = {"portable", "avx2", "avx512"};
    wn_mat x = make(what, n, d, n + d);
    wn_select_opts o = {.kernel = {.kind = what <= ZEROS ? WN_COSINE : WN_DOT}, .k = k, .lambda = lambda};
    o.storage = WN_DENSE;
    wn_selection dense = choose(&x, &o);
    o.storage = WN_MATRIX_FREE;
    for (int l = 0; l < 3; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        wn_selection first = {0};
        for (int threads = 1; threads <= 4; threads += 3) {
            wn_threads_set(threads);
            const size_t most = wn_select_memory(&o, n, d);
            wn_selection with = choose(&x, &o);
            o.memory = most - 1;
            cr_assert_lt(wn_select_memory(&o, n, d), most, "codes go where memory is short");
            wn_selection without = choose(&x, &o);
            o.memory = 0;
            cr_assert(same_selection(&with, &dense), "%s, n %zu, d %zu, %s: codes", kind_name[what], n, d, levels[l]);
            cr_assert(same_selection(&without, &dense), "%s, n %zu, d %zu, %s: none", kind_name[what], n, d, levels[l]);
            cr_assert(threads == 1 || (with.passes == first.passes && with.refreshed == first.refreshed));
            wn_selection_free(&without);
            if (threads == 1)
                first = with;
            else
                wn_selection_free(&with);
        }
        wn_selection_free(&first);
    }
    wn_selection_free(&dense);
    wn_mat_free(&x);
}

Test(codes, choices_are_the_same_with_and_without) {
    for (kind what = PLAIN; what < KINDS; what++) {
        compare_choices(what, 700, 40, 120, NAN);
        compare_choices(what, 300, 1, 60, NAN);
        compare_choices(what, 500, 130, 90, 10);
        compare_choices(what, 9, 3, 8, 0.5);
    }
}

/* Weights so small that the square of T is lost: there is no axis then. */
Test(codes, choices_are_the_same_where_the_axis_is_lost) {
    enum { LIGHT_ROWS = 2000, K = 20 };
    for (int quarter = 4 * 534; quarter < 4 * 550; quarter++) {
        wn_mat x = make(COMMON, LIGHT_ROWS, 4, 9);
        static double weight[LIGHT_ROWS];
        for (size_t i = 0; i < LIGHT_ROWS; i++) weight[i] = exp2(-0.25 * quarter);
        wn_select_opts o = {.kernel = {.kind = WN_DOT}, .k = K, .lambda = 10, .weight = weight, .storage = WN_DENSE};
        wn_selection dense = choose(&x, &o);
        o.storage = WN_MATRIX_FREE;
        wn_selection with = choose(&x, &o);
        cr_assert(same_selection(&with, &dense), "weights 2^-%g", 0.25 * quarter);
        wn_selection_free(&with);
        wn_selection_free(&dense);
        wn_mat_free(&x);
    }
}
