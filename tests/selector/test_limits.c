/* selector: limits on what is chosen together. What the library calls allowed is what the definitions say; what cannot
 * be is told in numbers; no bound is below the best that the limits leave; at sizes where solvers keep pools, rows that
 * are closed by picks change nothing but themselves. That every way of choosing is the plain greedy under any of them
 * is in test_table.c. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <winnow/mem.h>
#include <winnow/partition.h>
#include <winnow/threads.h>

#include "naive.h"
#include "refuse.h"

enum { INSTANCES = 4000, ROWS_MAX = 11, CLASSES = 3, GROUPS = 4 };

typedef struct {
    wn_mat x;
    wn_select_opts o;
    size_t keep[ROWS_MAX], exclude[ROWS_MAX];
    uint32_t label[ROWS_MAX], group[ROWS_MAX];
    double share[CLASSES], cost[ROWS_MAX];
} instance;

static void make(instance *in, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 77);
    const size_t n = 3 + (size_t)wn_rng_below(&r, ROWS_MAX - 2), d = 1 + (size_t)wn_rng_below(&r, 5);
    wn_limits *l = &in->o.limit;
    *in = (instance){.o = {.certify = true, .classes = CLASSES, .label = in->label}};
    in->o.objective = wn_rng_below(&r, 2) ? WN_GRAPH_CUT : WN_FACILITY_LOCATION;
    in->o.kernel = (wn_kernel[]){{WN_COSINE, 0}, {WN_RBF, 2}, {WN_DOT, 0}}[wn_rng_below(&r, 3)];
    in->o.lambda = (double[]){0, .5, 3, NAN}[wn_rng_below(&r, 4)];
    in->x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .5, in->o.kernel.kind != WN_DOT, seed);
    spoil_rows(&in->x, &r);
    for (size_t i = 0; i < n; i++) {
        in->label[i] = (uint32_t)wn_rng_below(&r, CLASSES);
        in->group[i] = wn_rng_below(&r, 5) ? (uint32_t)wn_rng_below(&r, GROUPS) : WN_NO_GROUP;
        in->cost[i] = .125 * (double)(1 + wn_rng_below(&r, 30));
    }
    if (wn_rng_below(&r, 3) == 0) l->had = 1 + (size_t)wn_rng_below(&r, n - 2);
    if (wn_rng_below(&r, 3) == 0) l->quotas = true, in->o.quota_power = .5;
    if (wn_rng_below(&r, 3) == 0) l->group = in->group, l->groups = GROUPS, l->per_group = 1 + wn_rng_below(&r, 2);
    if (wn_rng_below(&r, 2) == 0) l->cost = in->cost, l->budget = 6 * wn_rng_uniform(&r) + .1, l->cost_power = 1;
    if (wn_rng_below(&r, 3) == 0) l->apart = true, l->max_similarity = (double[]){.2, .6, .95}[wn_rng_below(&r, 3)];
    draw_lists(&in->o, in->keep, in->exclude, n - l->had, &r);
}

/* ---- definitions ---- */

static double cosine(const wn_mat *x, size_t a, size_t b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t c = 0; c < x->cols; c++) {
        const double u = (double)wn_mat_row(x, a)[c], v = (double)wn_mat_row(x, b)[c];
        ab += u * v, aa += u * u, bb += v * v;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* May the rows of the mask, and those that one has, be together? quota: of each class. */
static bool allowed(const instance *in, unsigned mask, const size_t *quota) {
    const wn_limits *l = &in->o.limit;
    const size_t pool = in->x.rows - l->had;
    size_t of_class[CLASSES] = {0}, of_group[GROUPS] = {0};
    double spent = 0;
    for (size_t i = 0; i < pool; i++) {
        if (!(mask >> i & 1)) continue;
        spent += in->cost[i];
        if (l->quotas && ++of_class[in->label[i]] > quota[in->label[i]]) return false;
        if (l->group && in->group[i] != WN_NO_GROUP && ++of_group[in->group[i]] > l->per_group) return false;
        for (size_t j = 0; l->apart && j < in->x.rows; j++)
            if ((j >= pool || (mask >> j & 1 && j < i)) && cosine(&in->x, i, j) > l->max_similarity + 1e-9)
                return false;
    }
    return !l->cost || spent <= l->budget;
}

static bool in_lists(const instance *in, unsigned mask) {
    for (size_t i = 0; i < in->o.nkeep; i++)
        if (!(mask >> in->keep[i] & 1)) return false;
    for (size_t i = 0; i < in->o.nexclude; i++)
        if (mask >> in->exclude[i] & 1) return false;
    return true;
}

static bool quotas_of(const instance *in, size_t *quota) {
    wn_err e = {0};
    return !in->o.limit.quotas || wn_select_quotas(&in->o, in->x.rows - in->o.limit.had, quota, &e) == WN_OK;
}

Test(limits, what_is_allowed_is_what_the_definitions_say) {
    size_t yes = 0, no = 0;
    wn_threads_set(1);
    for (uint64_t seed = 0; seed < INSTANCES / 4; seed++) {
        instance in;
        size_t quota[CLASSES] = {0};
        make(&in, seed);
        const size_t pool = in.x.rows - in.o.limit.had;
        const bool quotas = quotas_of(&in, quota);
        for (unsigned mask = 0; mask < 1u << pool; mask++) {
            size_t rows[ROWS_MAX], k = 0;
            for (size_t i = 0; i < in.x.rows; i++)
                if (i >= pool || mask >> i & 1) rows[k++] = i;
            const bool mine = quotas && allowed(&in, mask, quota);
            cr_assert_eq(wn_select_allows(&in.x, &in.o, rows, k), mine, "seed %llu mask %x", (unsigned long long)seed,
                         mask);
            *(mine ? &yes : &no) += 1;
        }
        wn_mat_free(&in.x);
    }
    cr_assert(yes > 10000 && no > 10000, "%zu, %zu", yes, no);
}

/* ---- certificates ---- */

/* Best f over all that may be chosen, less that of the rows that one has; -INFINITY: nothing may. */
static double optimum(const instance *in, double lambda) {
    const size_t had = in->o.limit.had, pool = in->x.rows - had;
    naive v = naive_init(&in->x, &in->o.kernel);
    size_t rows[ROWS_MAX], quota[CLASSES] = {0};
    double best = -INFINITY;
    for (size_t i = 0; i < had; i++) rows[i] = pool + i;
    const double before = naive_value(&v, in->o.objective, lambda, rows, had);
    const bool quotas = quotas_of(in, quota);
    for (unsigned mask = 1; mask < 1u << pool; mask++) {
        const size_t k = (size_t)__builtin_popcount(mask);
        size_t m = had;
        if (!quotas || !in_lists(in, mask) || !allowed(in, mask, quota)) continue;
        if (in->o.limit.cost ? k > in->o.k : k != in->o.k) continue;
        for (size_t i = 0; i < pool; i++)
            if (mask >> i & 1) rows[m++] = i;
        best = fmax(best, naive_value(&v, in->o.objective, lambda, rows, m) - before);
    }
    free(v.w);
    return best;
}

Test(limits, no_bound_is_below_the_best_that_they_leave) {
    size_t found = 0, none = 0, close = 0;
    wn_threads_set(1);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    for (uint64_t seed = 0; seed < INSTANCES; seed++) {
        instance in;
        wn_selection s = {0};
        wn_err e = {0};
        make(&in, seed + 100000);
        const wn_code code = wn_select(&in.x, &in.o, &s, &e);
        cr_assert(code == WN_OK || code == WN_ECONSTRAINT, "seed %llu: %s", (unsigned long long)seed, e.msg);
        if (code == WN_OK) {
            const double best = optimum(&in, s.lambda), tiny = 1e-5 * (1 + fabs(best));
            cr_assert(s.bound >= best - 1e-12 * (1 + fabs(best)), "seed %llu: bound %.17g, best %.17g",
                      (unsigned long long)seed, s.bound, best);
            cr_assert(s.objective[s.k - 1] <= best + tiny, "seed %llu: more than all", (unsigned long long)seed);
            close += best > 0 && s.bound < 1.5 * best + tiny;
            found++;
        } else {
            none++;
        }
        wn_selection_free(&s);
        wn_mat_free(&in.x);
    }
    cr_assert(found > INSTANCES / 2 && none > 100 && close > found / 4, "%zu %zu %zu", found, none, close);
}

/* Where a bound comes from gains alone, rows that a limit has closed are still rows that another choice may have. */
Test(limits, no_bound_by_gains_is_below_the_best_that_they_leave) {
    size_t found = 0;
    wn_threads_set(1);
    for (uint64_t seed = 0; seed < INSTANCES / 2; seed++) {
        instance in;
        wn_selection s = {0};
        wn_err e = {0};
        make(&in, seed + 200000);
        in.o.objective = WN_FACILITY_LOCATION;
        in.o.storage = WN_MATRIX_FREE;
        in.o.maximizer = (wn_maximizer[]){WN_NAIVE, WN_LAZY, WN_STOCHASTIC, WN_THRESHOLD}[seed % 4];
        if (wn_select(&in.x, &in.o, &s, &e) == WN_OK) {
            const double best = optimum(&in, s.lambda);
            cr_assert(s.bound >= best - 1e-12 * (1 + fabs(best)), "seed %llu: bound %.17g, best %.17g",
                      (unsigned long long)seed, s.bound, best);
            found++;
        }
        wn_selection_free(&s);
        wn_mat_free(&in.x);
    }
    cr_assert(found > INSTANCES / 4, "%zu", found);
}

/* ---- the best row alone ---- */

/* A cheap row that adds next to nothing keeps the greedy by gain and cost from the dear one that has nearly all. */
Test(limits, one_dear_row_may_be_better_than_what_the_greedy_has) {
    float cells[] = {1, 0, .95f, .312249900f, 0, 1};
    wn_mat x = {.data = cells, .rows = 3, .cols = 2, .stride = 2};
    const double cost[] = {10, 10, .01}, weight[] = {100, 100, 1};
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .k = 3, .certify = true};
    wn_err e = {0};
    o.weight = weight;
    o.limit = (wn_limits){.cost = cost, .budget = 10, .cost_power = 1};
    for (int m = WN_NAIVE; m <= WN_LAZY; m++) {
        wn_selection s = {0};
        o.maximizer = (wn_maximizer)m;
        cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(s.k, 1);
        cr_assert_eq(s.ids[0], 1, "row %zu", s.ids[0]);
        cr_assert(s.objective[0] >= 195 && s.bound >= s.objective[0]);
        wn_selection_free(&s);
    }
}

/* Rows by the largest of old gains first are not enough: copies of a row to keep have those, and add nothing. */
Test(limits, the_best_row_is_found_behind_old_gains) {
    enum { COPIES = 100, N = COPIES + 2 };
    wn_mat x;
    double cost[N], weight[N];
    const size_t keep[] = {0};
    wn_err e = {0};
    cr_assert_eq(wn_mat_init(&x, N, 3, &e), WN_OK);
    for (size_t i = 0; i < N; i++) cost[i] = weight[i] = wn_mat_row(&x, i)[0] = i < COPIES ? 1 : 0;
    wn_mat_row(&x, COPIES)[1] = .3f, wn_mat_row(&x, COPIES)[2] = .953939201f;
    wn_mat_row(&x, COPIES + 1)[1] = 1;
    cost[COPIES] = .01, weight[COPIES] = 1;
    cost[COPIES + 1] = 10, weight[COPIES + 1] = 50;
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .k = 3};
    o.weight = weight, o.keep = keep, o.nkeep = 1;
    o.limit = (wn_limits){.cost = cost, .budget = 11, .cost_power = 1};
    for (int m = WN_NAIVE; m <= WN_LAZY; m++) {
        wn_selection s = {0};
        o.maximizer = (wn_maximizer)m;
        cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
        cr_assert(s.k == 2 && s.ids[1] == COPIES + 1, "%s: %zu rows, then %zu", wn_maximizer_name(o.maximizer), s.k,
                  s.ids[1]);
        wn_selection_free(&s);
    }
    wn_mat_free(&x);
}

Test(limits, a_budget_buys_the_cheapest_rows_most) {
    const double cost[] = {3, 1, 2, .5};
    cr_assert_eq(wn_limits_rows(cost, 4, .4), 0);
    cr_assert_eq(wn_limits_rows(cost, 4, 1.5), 2);
    cr_assert_eq(wn_limits_rows(cost, 4, 3.4), 2);
    cr_assert_eq(wn_limits_rows(cost, 4, 3.5), 3);
    cr_assert_eq(wn_limits_rows(cost, 4, 100), 4);
}

/* ---- at a size where solvers keep pools ---- */

static void set_limits(wn_select_opts *o, size_t which, const uint32_t *part, const double *cost) {
    o->limit = (wn_limits){.had = which & 1 ? 40 : 0};
    if (which & 2) o->limit.quotas = true, o->label = part, o->classes = 50, o->quota_power = .5;
    if (which & 4) o->limit.group = part, o->limit.groups = 50, o->limit.per_group = 5;
    if (which & 8) o->limit.apart = true, o->limit.max_similarity = .97;
    if (which & 16) o->limit.cost = cost, o->limit.budget = 300, o->limit.cost_power = 1;
}

Test(limits, ways_and_threads_agree_where_there_are_pools) {
    enum { N = 1500 };
    wn_mat x = clustered_rows(N, 12, 90, .3, true, 5);
    uint32_t part[N];
    double cost[N];
    for (size_t i = 0; i < N; i++) part[i] = (uint32_t)((i * 7919) % 50), cost[i] = 1 + (double)(i % 13) / 4;
    for (size_t which = 1; which < 32; which++)
        for (int kernel = 0; kernel < 2; kernel++) {
            wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {kernel ? WN_RBF : WN_COSINE, 8}, .k = 200};
            wn_selection one = {0}, two = {0};
            wn_err e = {0};
            o.lambda = 3;
            set_limits(&o, which, part, cost);
            wn_threads_set(3);
            const wn_code a = wn_select(&x, &o, &one, &e);
            o.maximizer = WN_NAIVE;
            wn_threads_set(1);
            const wn_code b = wn_select(&x, &o, &two, &e);
            cr_assert_eq(a, b, "%zu: %s", which, e.msg);
            cr_assert(a == WN_OK || a == WN_ECONSTRAINT, "%zu: %s", which, e.msg);
            if (a == WN_OK) cr_assert(same_selection(&one, &two), "limits %zu kernel %d", which, kernel);
            wn_selection_free(&one);
            wn_selection_free(&two);
        }
    wn_mat_free(&x);
}

/* Rows that picks close while the rest comes by last gains are not taken; costs count in thresholds, too. */
Test(limits, thresholds_keep_them) {
    enum { N = 400 };
    wn_mat x = clustered_rows(N, 8, 12, .1, true, 6);
    uint32_t part[N];
    double cost[N];
    size_t found = 0;
    for (size_t i = 0; i < N; i++) part[i] = (uint32_t)((i * 7919) % 50), cost[i] = 1 + (double)((i + 3) % 13) / 4;
    for (size_t which = 0; which < 32; which++) {
        wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .k = 150};
        wn_selection s = {0}, first = {0};
        wn_err e = {0};
        set_limits(&o, which, part, cost);
        if (o.limit.cost) o.limit.budget = 150;
        o.maximizer = WN_THRESHOLD;
        if (wn_select(&x, &o, &s, &e) != WN_OK) continue;
        cr_assert(wn_select_allows(&x, &o, s.ids, s.k), "limits %zu", which);
        for (size_t i = 0; i < s.k; i++)
            for (size_t j = 0; j < i; j++) cr_assert_neq(s.ids[i], s.ids[j], "limits %zu", which);
        o.maximizer = WN_NAIVE;
        cr_assert_eq(wn_select(&x, &o, &first, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(s.ids[0], first.ids[0], "limits %zu: first %zu, not %zu", which, s.ids[0], first.ids[0]);
        wn_selection_free(&s);
        wn_selection_free(&first);
        found++;
    }
    cr_assert(found > 8, "%zu", found);
    wn_mat_free(&x);
}

/* ---- what cannot be ---- */

Test(limits, what_cannot_be_is_told_in_numbers) {
    enum { N = 12 };
    wn_mat x = clustered_rows(N, 4, 12, .5, true, 8);
    const uint32_t label[N] = {0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2}, far[N] = {9};
    uint32_t group[N] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2};
    const char *const names[] = {"sports", "art", "war"};
    double cost[N] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
    const double share[] = {0, 1, 0};
    const size_t pair[] = {4, 5};
    wn_select_opts ok = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .k = 6}, o = ok;
    memcpy(wn_mat_row(&x, 5), wn_mat_row(&x, 4), 4 * sizeof(float)); /* a copy */
    o.limit.group = group, o.limit.groups = 3, o.limit.per_group = 1;
    refuse(&x, o, WN_ECONSTRAINT, "k is 6, but 3 groups of which each gives 1 rows at most have 3");
    group[11] = WN_NO_GROUP;
    refuse(&x, o, WN_ECONSTRAINT, "have 3, and 1 are in none");
    o.k = 3, o.keep = pair, o.nkeep = 2;
    refuse(&x, o, WN_ECONSTRAINT, "row 5 must be kept, but its group has given as many rows as it may");
    o.limit.per_group = 0, refuse(&x, o, WN_EUSAGE, "per_group is 0");
    o.limit.per_group = 1, o.limit.group = far, refuse(&x, o, WN_EUSAGE, "row 0 is of group 9, but there are 3");

    o = ok, o.keep = pair, o.nkeep = 2, o.limit.apart = true, o.limit.max_similarity = .99;
    refuse(&x, o, WN_ECONSTRAINT, "row 5 must be kept, but it is too similar");
    o.limit.max_similarity = 1;
    wn_selection s = {0};
    cr_assert_eq(wn_select(&x, &o, &s, &(wn_err){0}), WN_OK);
    wn_selection_free(&s);
    o.limit.max_similarity = 1.5, refuse(&x, o, WN_EUSAGE, "max_similarity is 1.5");

    o = ok, o.label = label, o.classes = 3, o.limit.quotas = true, o.share = share;
    refuse(&x, o, WN_ECONSTRAINT, "quotas: k is 6, but the classes take no more than 5 rows");
    o.k = 9, o.share = NULL, o.limit.class_names = names;
    o.limit.group = label, o.limit.groups = 3, o.limit.per_group = 4;
    o.limit.apart = true, o.limit.max_similarity = -.9;
    refuse(&x, o, WN_ECONSTRAINT, "of 9 rows can be chosen: of \"sports\" ");
    refuse(&x, o, WN_ECONSTRAINT, " are lacking");
    refuse(&x, o, WN_ECONSTRAINT, " by the largest similarity");
    o.label = NULL, refuse(&x, o, WN_EUSAGE, "a quota chooses by class, but there are no labels");

    o = ok, o.limit.cost = cost, o.limit.budget = 4, o.limit.cost_power = 1;
    refuse(&x, o, WN_ECONSTRAINT, "the budget is 4, but the cheapest row costs 5");
    o.limit.budget = 9, o.keep = pair, o.nkeep = 2;
    refuse(&x, o, WN_ECONSTRAINT, "row 5 must be kept, but the rows to keep, or it alone, cost more");
    o.limit.budget = NAN, refuse(&x, o, WN_EUSAGE, "the budget is nan");
    o.limit.budget = 9, o.limit.cost_power = -1, refuse(&x, o, WN_EUSAGE, "cost_power is -1");
    cost[3] = 0, o.limit.cost_power = 1, refuse(&x, o, WN_EUSAGE, "the cost of row 3 is 0");

    o = ok, o.limit.had = N, refuse(&x, o, WN_EUSAGE, "12 of 12 rows are chosen already");
    o.limit.had = 4, o.k = 9, refuse(&x, o, WN_ECONSTRAINT, "k is 9 but only 8 of 8 rows may be chosen");
    o.k = 2, o.keep = (const size_t[]){9}, o.nkeep = 1, refuse(&x, o, WN_EUSAGE, "row 9 must be kept, but there are 8");
    o = ok, o.limit.had = 2, o.objective = WN_HERDING, refuse(&x, o, WN_EUSAGE, "herding picks in a way of its own");
    const wn_partition_opts parts = {.parts = 2};
    wn_err e = {0};
    o.objective = WN_FACILITY_LOCATION;
    cr_assert_eq(wn_partition_select(&x, &o, &parts, &s, NULL, &e), WN_EUSAGE);
    cr_assert(strstr(e.msg, "no limits on what is chosen together"), "%s", e.msg);
    wn_mat_free(&x);
}

/* ---- memory ---- */

/* Any allocation may fail: an error, nothing written, nothing lost (under ASan). */
Test(limits, an_allocation_that_fails_is_an_error) {
    enum { N = 60 };
    wn_mat x = clustered_rows(N, 6, 12, .5, true, 9);
    uint32_t part[N];
    double cost[N];
    wn_threads_set(1);
    for (size_t i = 0; i < N; i++) part[i] = (uint32_t)(i % 5), cost[i] = 1 + (double)(i % 3);
    for (int kernel = 0; kernel < 2; kernel++) {
        wn_select_opts o = {.objective = kernel ? WN_GRAPH_CUT : WN_FACILITY_LOCATION, .k = 20, .certify = true};
        o.kernel = (wn_kernel){WN_RBF, 4};
        set_limits(&o, 31 - 1, part, cost);
        o.classes = o.limit.groups = 5, o.limit.budget = 30, o.limit.had = 7;
        for (long after = 0;; after++) {
            wn_selection s = {.k = 77};
            wn_err e = {0};
            wn_mem_fail_after(after, after % 2);
            const wn_code code = wn_select(&x, &o, &s, &e);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) {
                cr_assert_geq(after, 20);
                wn_selection_free(&s);
                break;
            }
            cr_assert_eq(code, WN_EMEMORY, "%ld: %s", after, e.msg);
            cr_assert_eq(s.k, 77);
        }
    }
    wn_mat_free(&x);
}
