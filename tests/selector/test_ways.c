/* selector: every objective by every storage and maximizer, from the tables of select.h; weights, parts of a whole and
 * sums from outside; an objective that the library does not know. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "naive.h"
#include "refuse.h"
#include "selector/solver/solver.h"

#define VALUE_ROW(value, word) value,
static const wn_objective objectives[] = {WN_SET_OBJECTIVES(VALUE_ROW)}; /* the others: test_target.c */
static const wn_storage storages[] = {WN_STORAGES(VALUE_ROW)};
static const wn_maximizer maximizers[] = {WN_MAXIMIZER_AUTO, WN_EXACT_MAXIMIZERS(VALUE_ROW)};
static const wn_kernel kernels[] = {{WN_RBF, 8}, {WN_COSINE, 0}, {WN_DOT, 0}, {WN_BALL, .9}};
enum {
    OBJECTIVES = sizeof objectives / sizeof *objectives,
    STORAGES = sizeof storages / sizeof *storages,
    MAXIMIZERS = sizeof maximizers / sizeof *maximizers,
    KERNELS = sizeof kernels / sizeof *kernels,
    WAYS = OBJECTIVES * STORAGES * MAXIMIZERS * KERNELS
};

enum { ROWS_MAX = 700, CLASSES = 5 };
static uint32_t labels[ROWS_MAX];
static const double push[CLASSES] = {.25, 0, 1, .5, .25};
static double values[ROWS_MAX];
static const wn_mix_part mix[] = {{WN_FACILITY_LOCATION, .5}, {WN_SATURATED_COVERAGE, 2}};

/* Way number i; lambda is auto. */
static wn_select_opts way(size_t i, size_t k) {
    wn_select_opts o = {.k = k, .lambda = NAN, .objective = objectives[i % OBJECTIVES]};
    for (size_t row = 0; row < ROWS_MAX; row++) labels[row] = (uint32_t)(row * row % 7 % CLASSES);
    for (size_t row = 0; row < ROWS_MAX; row++) values[row] = (double)(row * row % 11);
    if (o.objective == WN_MIXTURE) o.mix = mix, o.nmix = 2;
    if (o.objective == WN_BY_VALUE) o.value = values;
    o.label = labels, o.classes = CLASSES, o.quota_power = .5, o.push = push;
    o.storage = storages[i / OBJECTIVES % STORAGES];
    o.maximizer = maximizers[i / OBJECTIVES / STORAGES % MAXIMIZERS];
    o.kernel = kernels[i / OBJECTIVES / STORAGES / MAXIMIZERS];
    return o;
}

static const char *way_name(const wn_select_opts *o) {
    static char name[160];
    (void)snprintf(name, sizeof name, "%s, %s, storage %s, maximizer %s", wn_objective_name(o->objective),
                   wn_kernel_name(o->kernel.kind), wn_storage_name(o->storage), wn_maximizer_name(o->maximizer));
    return name;
}

/* Objectives that have one solver each, over cosines. */
static bool solved_alone(wn_objective o) {
    return o == WN_CLASS_HERDING || o == WN_BY_VALUE || o == WN_KMEANS || o == WN_TYPICLUST;
}

/* The ways that there are not: random and class-herding have no gains to search, class-herding and plain graph-cut no
 * matrix; lazy wants gains to fall. */
static bool refused(const wn_select_opts *o) {
    const bool balls = o->kernel.kind == WN_BALL;
    if (solved_alone(o->objective))
        return o->maximizer != WN_MAXIMIZER_AUTO || o->storage == WN_DENSE || o->kernel.kind != WN_COSINE;
    if (o->objective == WN_SATURATED_COVERAGE || o->objective == WN_MIXTURE) return false;
    if (balls && o->objective != WN_FACILITY_LOCATION && o->objective != WN_RANDOM) return true;
    if (o->objective == WN_FEATURE_BASED) return o->storage == WN_DENSE || o->kernel.kind == WN_RBF;
    if (o->objective == WN_HERDING)
        return o->storage == WN_DENSE || o->kernel.kind == WN_RBF || o->maximizer != WN_MAXIMIZER_AUTO;
    if (o->objective == WN_LOG_DETERMINANT) return o->storage == WN_DENSE;
    if (o->objective == WN_DISPARITY_MIN) return o->maximizer == WN_LAZY || o->storage == WN_DENSE;
    if (o->maximizer == WN_MAXIMIZER_AUTO) return false;
    if (o->objective == WN_RANDOM) return true;
    if (o->objective == WN_GRAPH_CUT && o->storage == WN_DENSE) return true;
    return o->objective == WN_GRAPH_CUT && o->maximizer == WN_LAZY && o->kernel.kind != WN_RBF;
}

/* False where the way is refused, as it must be. */
static bool choose(const wn_mat *x, const wn_select_opts *o, wn_selection *s) {
    wn_err e = {0};
    wn_code code = wn_select(x, o, s, &e), want = refused(o) ? WN_EUSAGE : WN_OK;
    cr_assert_eq(code, want, "%s: code %d, %s", way_name(o), (int)code, e.msg);
    if (code == WN_EUSAGE) cr_assert(strstr(e.msg, wn_maximizer_name(o->maximizer)), "%s", e.msg);
    return code == WN_OK;
}

static double tolerance(const wn_select_opts *o) {
    if (o->objective == WN_GRAPH_CUT && o->kernel.kind != WN_RBF) return 1e-12;
    return o->kernel.kind == WN_RBF ? 4e-7 * (2 + o->kernel.gamma) : 1e-6;
}

/* Random has no gains to compare: its rows are only counted. Class-herding has a test of its own. */
static void check(const naive *v, const wn_mat *x, const wn_select_opts *o, const wn_selection *s) {
    const bool own = o->objective == WN_RANDOM || solved_alone(o->objective);
    naive told = *v;
    told.mix = o->mix, told.nmix = o->nmix, told.value = o->value;
    told.lambda = s->lambda, told.saturation = s->saturation;
    const char *wrong = own ? NULL : naive_disagrees(&told, x, o, s, tolerance(o));
    cr_assert_null(wrong, "%s: %s", way_name(o), wrong);
}

/* n rows with copies among them; under dot of any length. */
static wn_mat rows_with_copies(size_t n, bool unit, uint64_t seed) {
    wn_mat x = clustered_rows(n, 7, 12, 0.4, unit, seed);
    for (size_t i = 3; i < n; i += 9) memcpy(wn_mat_row(&x, i), wn_mat_row(&x, i - 3), 7 * sizeof(float));
    return x;
}

static void some_weights(double *weight, size_t n) {
    for (size_t i = 0; i < n; i++) weight[i] = (double[]){1, 0, 3, 0.25, 1, 12}[i * i % 6];
}

Test(ways, every_way_is_the_plain_greedy_with_and_without_weights) {
    double weight[150];
    size_t keep[] = {9, 4}, exclude[] = {0, 77};
    some_weights(weight, 150);
    for (size_t i = 0; i < WAYS; i++)
        for (int weighted = 0; weighted < 2; weighted++) {
            wn_select_opts o = way(i, 30);
            wn_mat x = rows_with_copies(150, o.kernel.kind != WN_DOT, 3);
            naive v = naive_init(&x, &o.kernel);
            o.keep = keep, o.nkeep = 2, o.exclude = exclude, o.nexclude = 2;
            v.weight = o.weight = weighted ? weight : NULL;
            wn_selection s = {0};
            if (choose(&x, &o, &s)) check(&v, &x, &o, &s);
            wn_selection_free(&s);
            free(v.w);
            wn_mat_free(&x);
        }
}

/* What a row brings by itself is added to its gain, whatever the way. */
Test(ways, every_way_is_the_plain_greedy_with_values) {
    for (size_t i = 0; i < WAYS; i++) {
        wn_select_opts o = way(i, 30);
        if (solved_alone(o.objective) || !wn_objective_adds_up(o.objective)) continue;
        wn_mat x = rows_with_copies(150, o.kernel.kind != WN_DOT, 5);
        naive v = naive_init(&x, &o.kernel);
        wn_selection s = {0};
        o.value = values, o.lambda = 2;
        if (wn_select_serves(&o)) {
            cr_assert_eq(wn_select(&x, &o, &s, &(wn_err){0}), WN_OK, "%s", way_name(&o));
            check(&v, &x, &o, &s);
        } else
            cr_assert(refused(&o), "%s", way_name(&o));
        wn_selection_free(&s);
        free(v.w);
        wn_mat_free(&x);
    }
}

/* Parts whose gains rise, too, by the maximizer that can. */
Test(ways, mixtures_of_anything_are_the_plain_greedy) {
    static const wn_objective parts[] = {WN_GRAPH_CUT,     WN_FACILITY_LOCATION, WN_SATURATED_COVERAGE,
                                         WN_DISPARITY_MIN, WN_LOG_DETERMINANT,   WN_FEATURE_BASED};
    for (size_t i = 0; i < 60; i++) {
        wn_select_opts o = {.objective = WN_MIXTURE, .kernel = kernels[i % 3], .k = 20, .lambda = i % 2 ? NAN : 1};
        wn_mix_part some[6];
        wn_selection s = {0};
        wn_err e = {0};
        for (size_t p = 0; p < 6; p++)
            if (i >> (p % 3) & 1 || (i + p) % 3 == 0) some[o.nmix++] = (wn_mix_part){parts[p], .25 * (double)(p + 1)};
        o.mix = some;
        for (size_t p = 0; p < o.nmix; p++)
            if (some[p].objective == WN_FEATURE_BASED && o.kernel.kind == WN_RBF) o.nmix = p;
        if (o.nmix == 0) continue;
        wn_mat x = rows_with_copies(90, o.kernel.kind != WN_DOT, 6 + i);
        naive v = naive_init(&x, &o.kernel);
        cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
        check(&v, &x, &o, &s);
        o.saturation = s.saturation;
        double value = 0;
        cr_assert_eq(wn_select_evaluate(&x, &o, s.ids, s.k, &value, &e), WN_OK);
        cr_assert_float_eq(value, s.objective[s.k - 1], 1e-5 * (1 + fabs(value)));
        wn_selection_free(&s);
        free(v.w);
        wn_mat_free(&x);
    }
}

Test(ways, weights_of_one_change_no_bit) {
    double ones[150];
    for (size_t i = 0; i < 150; i++) ones[i] = 1;
    for (size_t i = 0; i < WAYS; i++) {
        wn_select_opts o = way(i, 30);
        wn_mat x = rows_with_copies(150, o.kernel.kind != WN_DOT, 4);
        wn_selection with = {0}, without = {0};
        bool can = choose(&x, &o, &without);
        o.weight = ones;
        if (can && choose(&x, &o, &with)) cr_assert(same_selection(&with, &without), "%s", way_name(&o));
        wn_selection_free(&with);
        wn_selection_free(&without);
        wn_mat_free(&x);
    }
}

Test(ways, any_number_of_threads_makes_the_same_selection) {
    double weight[700];
    some_weights(weight, 700);
    wn_mat x = rows_with_copies(700, true, 8);
    for (size_t i = 0; i < WAYS; i++) {
        wn_select_opts o = way(i, 20);
        wn_selection one = {0}, many = {0};
        o.weight = weight;
        wn_threads_set(1);
        bool can = choose(&x, &o, &one);
        wn_threads_set(5);
        if (can && choose(&x, &o, &many)) cr_assert(same_selection(&one, &many), "%s", way_name(&o));
        wn_selection_free(&one);
        wn_selection_free(&many);
    }
    wn_mat_free(&x);
}

/* A row of weight 3 is three equal rows of which one may be picked. */
Test(ways, weights_are_repeated_rows) {
    enum { N = 60, COPIES = 3 * N };
    double weight[N];
    size_t from[COPIES], first[N], exclude[COPIES], m = 0, nexclude = 0;
    for (size_t i = 0; i < N; i++) {
        weight[i] = (double)(1 + i * 7 % 3);
        first[i] = m;
        for (size_t c = 0; c < 1 + i * 7 % 3; c++) {
            if (c) exclude[nexclude++] = m;
            from[m++] = i;
        }
    }
    for (size_t i = 0; i < WAYS; i++) {
        wn_select_opts o = way(i, 15);
        uint32_t repeated_labels[COPIES];
        for (size_t j = 0; j < m; j++) repeated_labels[j] = labels[from[j]];
        wn_mat x = clustered_rows(N, 6, 10, 0.5, o.kernel.kind != WN_DOT, 5), y;
        cr_assert_eq(wn_mat_init(&y, m, 6, &(wn_err){0}), WN_OK);
        for (size_t j = 0; j < m; j++) memcpy(wn_mat_row(&y, j), wn_mat_row(&x, from[j]), 6 * sizeof(float));
        wn_selection one = {0}, many = {0};
        o.weight = weight;
        bool can = choose(&x, &o, &one);
        double value = 0, repeated = 0;
        wn_err e;
        cr_assert_eq(wn_select_evaluate(&x, &o, one.ids, one.k, &value, &e), WN_OK);
        o.weight = NULL, o.exclude = exclude, o.nexclude = nexclude, o.label = repeated_labels;
        const bool gains = o.objective == WN_CLASS_HERDING || !solved_alone(o.objective);
        if (can && gains && o.objective != WN_RANDOM && choose(&y, &o, &many)) {
            cr_assert_eq(one.lambda, many.lambda);
            for (size_t t = 0; t < one.k; t++) {
                cr_assert_eq(first[one.ids[t]], many.ids[t], "%s: step %zu", way_name(&o), t);
                cr_assert_float_eq(one.gain[t], many.gain[t], 1e-6 * fabs(many.gain[0]), "%s", way_name(&o));
            }
            cr_assert_eq(wn_select_evaluate(&y, &o, many.ids, many.k, &repeated, &e), WN_OK);
            cr_assert_float_eq(value, repeated, 1e-11 * fabs(repeated));
        }
        wn_selection_free(&one);
        wn_selection_free(&many);
        wn_mat_free(&y);
        wn_mat_free(&x);
    }
}

/* Rows [FIRST, FIRST + PART) of a whole, with the sums of the whole: numbers, gains, lambda and f are those that the
 * whole has, to the last bit of every gain. */
Test(ways, a_part_with_the_sums_of_the_whole_has_its_gains) {
    enum { N = 240, FIRST = 70, PART = 90, K = 25 };
    double weight[N];
    size_t keep[] = {101, 75}, exclude[] = {FIRST, 120}, outside[N], noutside = 0;
    some_weights(weight, N);
    for (size_t i = 0; i < N; i++)
        if (i < FIRST || i >= FIRST + PART || i == 120) outside[noutside++] = i;
    outside[noutside++] = FIRST;
    for (size_t i = 0; i < WAYS; i++)
        for (int weighted = 0; weighted < 2; weighted++) {
            wn_select_opts o = way(i, K), whole = o;
            if (o.objective != WN_GRAPH_CUT || refused(&o)) continue;
            bool unit = o.kernel.kind != WN_DOT, rbf = o.kernel.kind == WN_RBF;
            wn_mat x = rows_with_copies(N, unit, 6), part = x;
            part.data = wn_mat_row(&x, FIRST), part.rows = PART;
            double sums[N], value = 0, of_whole = 0;
            wn_selection s = {0}, same = {0};
            wn_err e = {0};
            whole.weight = weighted ? weight : NULL;
            whole.n_all = o.n_all = N;
            cr_assert_eq(wn_select_sums(&x, &whole, sums, &e), WN_OK, "%s", e.msg);
            o.first = FIRST, o.sums = rbf ? sums + FIRST : sums, o.weight = weighted ? weight + FIRST : NULL;
            o.keep = keep, o.nkeep = 2, o.exclude = exclude, o.nexclude = 2;
            cr_assert(choose(&part, &o, &s));
            whole.keep = s.ids, whole.nkeep = K;
            cr_assert(choose(&x, &whole, &same));
            cr_assert(same_selection(&s, &same), "%s", way_name(&o));
            cr_assert_eq(s.lambda, same.lambda);
            naive v = naive_init(&x, &o.kernel);
            v.weight = whole.weight;
            whole.keep = keep, whole.nkeep = 2, whole.exclude = outside, whole.nexclude = noutside;
            check(&v, &x, &whole, &s);
            cr_assert_eq(wn_select_evaluate(&part, &o, s.ids, K, &value, &e), WN_OK, "%s", e.msg);
            cr_assert_eq(wn_select_evaluate(&x, &whole, s.ids, K, &of_whole, &e), WN_OK, "%s", e.msg);
            cr_assert_float_eq(value, of_whole, 1e-6 * fabs(of_whole) + 1e-6, "%s: %.17g %.17g", way_name(&o), value,
                               of_whole);
            free(v.w);
            wn_selection_free(&s);
            wn_selection_free(&same);
            wn_mat_free(&x);
        }
}

/* The sum of the parts' sums is that of the whole; facility location and random number their rows too. */
Test(ways, parts_number_their_rows_in_the_whole) {
    wn_mat x = rows_with_copies(100, true, 7), part = x;
    part.data = wn_mat_row(&x, 40), part.rows = 60;
    for (size_t i = 0; i < WAYS; i++) {
        wn_select_opts o = way(i, 12);
        wn_selection plain = {0}, moved = {0};
        bool can = choose(&part, &o, &plain);
        o.first = 40;
        if (can && choose(&part, &o, &moved))
            for (size_t t = 0; t < 12; t++) cr_assert_eq(moved.ids[t], plain.ids[t] + 40, "%s", way_name(&o));
        wn_selection_free(&plain);
        wn_selection_free(&moved);
    }
    double all[7], head[7], tail[7];
    wn_select_opts o = {.kernel = {WN_COSINE, 0}};
    wn_mat front = x;
    wn_err e;
    front.rows = 40;
    cr_assert_eq(wn_select_sums(&x, &o, all, &e), WN_OK);
    cr_assert_eq(wn_select_sums(&front, &o, head, &e), WN_OK);
    cr_assert_eq(wn_select_sums(&part, &o, tail, &e), WN_OK);
    for (size_t c = 0; c < 7; c++) cr_assert_float_eq(all[c], head[c] + tail[c], 1e-12);
    wn_mat_free(&x);
}

Test(ways, what_comes_from_outside_is_checked) {
    wn_mat x = clustered_rows(20, 4, 5, 1, true, 14);
    double weight[20] = {0}, sums[4] = {1, 2, NAN, 4};
    size_t below[] = {9}, beyond[] = {30};
    const wn_select_opts ok = {.kernel = {WN_COSINE, 0}, .k = 3, .lambda = 1};
    wn_select_opts o = ok;
    weight[5] = -1;
    o.weight = weight, refuse(&x, o, WN_EUSAGE, "row 5 is -1");
    weight[5] = NAN, refuse(&x, o, WN_EUSAGE, "row 5 is nan");
    o = ok, o.sums = sums, refuse(&x, o, WN_EINPUT, "sum 2");
    o = ok, o.first = 10, o.exclude = below, o.nexclude = 1, refuse(&x, o, WN_EUSAGE, "the rows are 10 to 29");
    o.exclude = beyond, refuse(&x, o, WN_EUSAGE, "row 30");
    o = ok, o.first = 10, o.keep = below, o.nkeep = 1, refuse(&x, o, WN_EUSAGE, "row 9 must be kept");
    o.keep = beyond, refuse(&x, o, WN_EUSAGE, "row 30 must be kept");
    wn_mat_row(&x, 3)[0] = NAN;
    o = ok, o.first = 10, refuse(&x, o, WN_EINPUT, "row 13");
    wn_mat_free(&x);
}

Test(ways, every_failing_allocation_is_an_error_and_nothing_more) {
    wn_mat x = clustered_rows(70, 5, 9, 0.5, true, 16);
    double weight[70];
    some_weights(weight, 70);
    for (size_t i = 0; i < WAYS; i++) {
        wn_select_opts o = way(i, 12);
        if (refused(&o)) continue;
        o.weight = weight;
        wn_code code = WN_EMEMORY;
        long after = 0;
        for (; code != WN_OK && after < 5000; after++) {
            wn_selection s = {0};
            wn_err e = {0};
            wn_mem_fail_after(after, true);
            code = wn_select(&x, &o, &s, &e);
            wn_mem_fail_after(-1, false);
            cr_assert(code == WN_OK || (code == WN_EMEMORY && e.msg[0] && !s.ids), "code %d: %s", (int)code, e.msg);
            wn_selection_free(&s);
        }
        cr_assert_eq(code, WN_OK);
    }
    wn_mat_free(&x);
}

/* ---- an objective of our own: f(S) = sum over columns of the square root of what S has there ---- */

typedef struct {
    const wn_ground *g;
    double *has; /* [d] */
} feature_based;

static wn_code feature_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    (void)o;
    feature_based *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    s->g = g;
    return (s->has = wn_alloc(g->d, sizeof *s->has, err)) ? WN_OK : WN_EMEMORY;
}

static wn_code feature_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    (void)err;
    const feature_based *s = f;
    for (size_t i = 0; i < m; i++) {
        const float *x = wn_mat_row(s->g->x, rows[i]);
        out[i] = 0;
        for (size_t c = 0; c < s->g->d; c++) out[i] += sqrt(s->has[c] + (double)fabsf(x[c])) - sqrt(s->has[c]);
    }
    return WN_OK;
}

static wn_code feature_add(void *f, size_t row, wn_err *err) {
    (void)err;
    feature_based *s = f;
    for (size_t c = 0; c < s->g->d; c++) s->has[c] += (double)fabsf(wn_mat_row(s->g->x, row)[c]);
    return WN_OK;
}

static void feature_close(void *f) {
    feature_based *s = f;
    if (!s) return;
    wn_free(s->has);
    wn_free(s);
}

static const wn_objective_vt feature_vt = {
    .traits = WN_GAINS_FALL, .open = feature_open, .gains = feature_gains, .add = feature_add, .close = feature_close};

static wn_selection choose_features(const wn_mat *x, const wn_select_opts *o, const wn_maximizer_vt *m) {
    wn_selection s = {.k = o->k, .negative_from = o->k};
    wn_greedy g = {.o = *o, .objective = &feature_vt, .maximizer = m, .out = &s};
    wn_err e = {0};
    s.ids = wn_alloc(o->k, sizeof *s.ids, &e);
    s.gain = wn_alloc(o->k, sizeof *s.gain, &e);
    s.objective = wn_alloc(o->k, sizeof *s.objective, &e);
    cr_assert_eq(wn_ground_init(&g.ground, x, o, &e), WN_OK);
    cr_assert_eq(wn_constraint_init(&g.constraint, &g.ground, o, &e), WN_OK);
    cr_assert_eq(wn_greedy_run(&g, &wn_solver_generic, &e), WN_OK, "%s", e.msg);
    wn_constraint_free(&g.constraint);
    wn_ground_free(&g.ground);
    return s;
}

Test(ways, a_new_objective_works_with_the_generic_maximizers_at_once) {
    wn_mat x = clustered_rows(300, 9, 20, 0.5, true, 18);
    size_t keep[] = {8}, exclude[] = {1, 2};
    wn_select_opts o = {.k = 40, .keep = keep, .nkeep = 1, .exclude = exclude, .nexclude = 2};
    wn_selection plain = choose_features(&x, &o, &wn_maximizer_naive);
    wn_selection lazy = choose_features(&x, &o, &wn_maximizer_lazy);
    cr_assert(same_selection(&plain, &lazy));
    cr_assert_lt(lazy.refreshed, plain.refreshed);
    double has[9] = {0}, value = 0;
    bool taken[300] = {[1] = true, [2] = true};
    for (size_t t = 0; t < 40; t++) {
        size_t best = 300;
        double top = -1;
        for (size_t i = 0; i < 300; i++) {
            double gain = 0;
            for (size_t c = 0; c < 9; c++) gain += sqrt(has[c] + fabs((double)wn_mat_row(&x, i)[c])) - sqrt(has[c]);
            if (!taken[i] && gain > top) top = gain, best = i;
        }
        if (t == 0) best = 8;
        cr_assert_eq(plain.ids[t], best, "step %zu", t);
        taken[best] = true;
        for (size_t c = 0; c < 9; c++) has[c] += fabs((double)wn_mat_row(&x, best)[c]);
    }
    for (size_t c = 0; c < 9; c++) value += sqrt(has[c]);
    cr_assert_float_eq(plain.objective[39], value, 1e-12 * value);
    wn_selection_free(&plain);
    wn_selection_free(&lazy);
    wn_mat_free(&x);
}
