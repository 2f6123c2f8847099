/* selector: a selection from a stream, against the best of all subsets, and what it promises of memory and order. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/stream.h>
#include <winnow/threads.h>

#include "naive.h"
#include "stream/sieve.h"

enum { INSTANCES = 10000 /* of an objective */, ROWS_MAX = 8 };

/* All that a stream has: a new one is tested as soon as it is there. */
static bool has(wn_objective o) {
    bool any = false;
    for (int k = 0; wn_kernel_name((wn_kernel_kind)k); k++) any = any || wn_streaming_serves(o, (wn_kernel_kind)k);
    return any;
}
#define EACH_OBJECTIVE(o)                                                                                              \
    for (int o = 0; wn_objective_name((wn_objective)o); o++)                                                           \
        if (has((wn_objective)o))

static wn_err err;

/* All rows in calls of `block`. */
static wn_selection run(const wn_mat *x, const wn_streaming_opts *o, size_t block, wn_streaming_counts *counts) {
    wn_streaming *s = NULL;
    wn_selection out = {0};
    cr_assert_eq(wn_streaming_open(&s, o, &err), WN_OK, "%s", err.msg);
    for (size_t i = 0; i < x->rows; i += block)
        cr_assert_eq(
            wn_streaming_offer(s, wn_mat_row(x, i), x->stride, x->rows - i < block ? x->rows - i : block, &err), WN_OK,
            "%s", err.msg);
    cr_assert_eq(wn_streaming_finish(s, &out, counts, &err), WN_OK, "%s", err.msg);
    wn_streaming_close(s);
    return out;
}

static double value_of(const naive *v, const wn_streaming_opts *o, const size_t *set, size_t m) {
    const double n = (double)v->n, k = (double)o->k;
    const double told = o->objective == WN_SATURATED_COVERAGE ? fmin(1, k / n) : fmax(0, n / k - 2);
    return naive_value(v, o->objective, told, set, m);
}

/* f of the best subset of at most k rows. */
static double best_of(const naive *v, const wn_streaming_opts *o) {
    double best = 0;
    for (unsigned set = 1; set < 1u << v->n; set++) {
        size_t s[ROWS_MAX], m = 0;
        for (size_t i = 0; i < v->n; i++)
            if (set >> i & 1) s[m++] = i;
        if (m <= o->k) best = fmax(best, value_of(v, o, s, m));
    }
    return best;
}

static wn_mat make(wn_streaming_opts *o, wn_objective objective, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 31);
    const size_t n = 1 + (size_t)wn_rng_below(&r, ROWS_MAX), d = 1 + (size_t)wn_rng_below(&r, 5);
    *o = (wn_streaming_opts){.objective = objective, .dims = d, .seed = seed, .k = 1 + (size_t)wn_rng_below(&r, n)};
    do o->kernel.kind = (wn_kernel_kind)wn_rng_below(&r, 3);
    while (!wn_streaming_serves(objective, o->kernel.kind));
    o->kernel.gamma = (double[]){.5, 2, 8}[wn_rng_below(&r, 3)];
    o->epsilon = (double[]){0, .01, .3, .9}[wn_rng_below(&r, 4)];
    wn_mat x =
        clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .1 + wn_rng_uniform(&r), o->kernel.kind != WN_DOT, seed);
    spoil_rows(&x, &r);
    return x;
}

/* Where the sample is all rows: f is what it says, and the bound holds where one is promised. */
Test(stream, keeps_its_bound) {
    wn_threads_set(1);
    EACH_OBJECTIVE(i)
    for (uint64_t seed = 0; seed < INSTANCES; seed++) {
        wn_streaming_opts o;
        wn_streaming_counts c;
        wn_mat x = make(&o, (wn_objective)i, seed);
        naive v = naive_init(&x, &o.kernel);
        wn_selection s = run(&x, &o, 1 + seed % 4, &c);
        const double best = best_of(&v, &o), f = value_of(&v, &o, s.ids, s.k), room = 1e-5 * (1 + fabs(best));
        cr_assert_eq(s.k, o.k < x.rows ? o.k : x.rows, "%s, seed %zu: %zu of %zu rows", wn_objective_name(o.objective),
                     (size_t)seed, s.k, o.k);
        cr_assert(fabs(f - s.objective[s.k - 1]) <= room, "%s, seed %zu: f is %.9g, not %.9g",
                  wn_objective_name(o.objective), (size_t)seed, f, s.objective[s.k - 1]);
        cr_assert(isnan(c.share) == (o.objective == WN_GRAPH_CUT));
        if (!isnan(c.share))
            cr_assert(f + room >= c.share * best, "%s, seed %zu: %.9g of %.9g", wn_objective_name(o.objective),
                      (size_t)seed, f, best);
        wn_selection_free(&s);
        free(v.w);
        wn_mat_free(&x);
    }
}

/* The thresholds by themselves, without the greedy choice at the end that would hide them: the best set has
 * 1 / (2 (1 + epsilon)) of what any k rows have, and its f is what it says. */
Test(stream, the_best_threshold_keeps_the_bound_alone) {
    wn_threads_set(1);
    EACH_OBJECTIVE(i)
    for (uint64_t seed = 0; seed < INSTANCES; seed++) {
        wn_streaming_opts o;
        wn_mat x = make(&o, (wn_objective)i, seed);
        const size_t n = x.rows;
        const wn_sieve_vt *vt = wn_sieve_objective(o.objective);
        wn_held *held[ROWS_MAX];
        wn_sample sample;
        wn_sieve sieve;
        if (!vt->monotone) {
            wn_mat_free(&x);
            continue;
        }
        if (!(o.epsilon > 0)) o.epsilon = WN_EPSILON;
        o.sample = n;
        for (size_t r = 0; r < n; r++) {
            held[r] = calloc(1, sizeof **held + o.dims * sizeof(float));
            held[r]->row = r;
            memcpy(held[r]->x, wn_mat_row(&x, r), o.dims * sizeof(float));
        }
        cr_assert_eq(wn_sample_init(&sample, &o, held, vt->samples ? n : 0, (double)n, &err), WN_OK);
        cr_assert_eq(wn_sieve_init(&sieve, &o, vt, &err), WN_OK);
        cr_assert_eq(wn_sieve_measure(&sieve, &sample, &err), WN_OK);
        for (size_t r = 0; r < n; r += 3)
            cr_assert_eq(wn_sieve_round(&sieve, held + r, n - r < 3 ? n - r : 3, &err), WN_OK);
        naive v = naive_init(&x, &o.kernel);
        const wn_threshold *t = wn_sieve_best(&sieve);
        size_t set[ROWS_MAX], m = t ? t->picks.n : 0;
        for (size_t k = 0; k < m; k++) set[k] = (size_t)t->picks.at[k]->row;
        const double best = best_of(&v, &o), f = value_of(&v, &o, set, m), room = 1e-5 * (1 + fabs(best));
        cr_assert(fabs(f - (t ? t->f : 0)) <= room);
        cr_assert(f + room >= best / (2 * (1 + o.epsilon)), "%s, seed %zu, k %zu, epsilon %g: %.9g of %.9g",
                  wn_objective_name(o.objective), (size_t)seed, o.k, o.epsilon, f, best);
        cr_assert((double)sieve.most <= wn_sieve_thresholds(&o), "%zu thresholds", sieve.most);
        wn_sieve_free(&sieve);
        wn_sample_free(&sample);
        for (size_t r = 0; r < n; r++) {
            cr_assert_eq(held[r]->refs, 0);
            free(held[r]);
        }
        free(v.w);
        wn_mat_free(&x);
    }
}

/* Calls, threads: the same bytes. Every row once. */
Test(stream, calls_and_threads_change_nothing) {
    wn_mat x = clustered_rows(3000, 12, 40, .4, true, 7);
    EACH_OBJECTIVE(i) {
        wn_streaming_opts o = {.objective = (wn_objective)i, .kernel = {WN_RBF, 2}, .k = 50, .dims = 12, .sample = 300};
        if (!wn_streaming_serves(o.objective, WN_RBF)) o.kernel.kind = WN_COSINE;
        wn_selection first = {0};
        for (int t = 0; t < 4; t++) {
            wn_threads_set(t + 1);
            wn_selection s = run(&x, &o, (size_t[]){3000, 1, 257, 700}[t], NULL);
            if (t == 0) {
                first = s;
                continue;
            }
            cr_assert(same_selection(&first, &s), "%s", wn_objective_name(o.objective));
            wn_selection_free(&s);
        }
        bool there[3000] = {false};
        for (size_t k = 0; k < first.k; k++) {
            cr_assert(first.ids[k] < 3000 && !there[first.ids[k]]);
            there[first.ids[k]] = true;
        }
        cr_assert_eq(first.k, 50);
        wn_selection_free(&first);
    }
    wn_mat_free(&x);
}

/* What is held, by bytes and by rows, has a bound that the length is no part of; and what is chosen was held. */
Test(stream, memory_does_not_grow) {
    enum { BLOCK = 1000, BLOCKS = 60, D = 8 };
    wn_threads_set(1);
    EACH_OBJECTIVE(i) {
        wn_streaming_opts o = {.objective = (wn_objective)i, .kernel = {WN_RBF, 2}, .k = 20, .dims = D, .sample = 200};
        if (!wn_streaming_serves(o.objective, WN_RBF)) o.kernel.kind = WN_COSINE;
        wn_streaming *s = NULL;
        const size_t before = wn_mem_held(), bound = wn_streaming_memory(&o);
        bool *held = calloc(BLOCK * BLOCKS, 1);
        cr_assert_eq(wn_streaming_open(&s, &o, &err), WN_OK, "%s", err.msg);
        for (size_t b = 0; b < BLOCKS; b++) {
            wn_mat x = clustered_rows(BLOCK, D, 10 + b, .5, true, b);
            cr_assert_eq(wn_streaming_offer(s, x.data, x.stride, BLOCK, &err), WN_OK, "%s", err.msg);
            wn_mat_free(&x);
            cr_assert(wn_mem_held() - before <= bound, "%s: %zu bytes, not %zu", wn_objective_name(o.objective),
                      wn_mem_held() - before, bound);
            size_t n = 0;
            uint64_t undecided = 0;
            const uint64_t *rows_held = wn_streaming_held(s, &n, &undecided);
            for (size_t r = 0; r < (b + 1) * BLOCK; r++) {
                bool now = r >= undecided;
                for (size_t k = 0; k < n && !now && rows_held[k] <= r; k++) now = rows_held[k] == r;
                cr_assert(!now || b == r / BLOCK || held[r], "row %zu came back", r);
                held[r] = now;
            }
        }
        wn_selection out = {0};
        wn_streaming_counts c;
        cr_assert_eq(wn_streaming_finish(s, &out, &c, &err), WN_OK, "%s", err.msg);
        cr_assert_eq(c.rows, BLOCK * BLOCKS);
        for (size_t k = 0; k < out.k; k++) cr_assert(held[out.ids[k]], "row %zu had been let go", out.ids[k]);
        wn_selection_free(&out);
        wn_streaming_close(s);
        cr_assert_eq(wn_mem_held(), before);
        free(held);
    }
}

/* Not much below the greedy for the rows it is measured on, and far above chance, in any order of the rows. */
Test(stream, comes_near_the_greedy) {
    enum { N = 8000, D = 16, K = 40 };
    wn_threads_set(2);
    wn_mat x = clustered_rows(N, D, 60, .3, true, 5);
    EACH_OBJECTIVE(i) {
        const wn_kernel kernel =
            wn_streaming_serves((wn_objective)i, WN_RBF) ? (wn_kernel){WN_RBF, 4} : (wn_kernel){.kind = WN_COSINE};
        const wn_streaming_opts o = {.objective = (wn_objective)i, .kernel = kernel, .k = K, .dims = D, .sample = 1000};
        const wn_select_opts g = {.objective = (wn_objective)i, .kernel = kernel, .k = K, .lambda = NAN};
        wn_selection s = run(&x, &o, 512, NULL), greedy = {0};
        cr_assert_eq(wn_select(&x, &g, &greedy, &err), WN_OK, "%s", err.msg);
        double f = 0, best = 0;
        cr_assert_eq(wn_select_evaluate(&x, &g, s.ids, K, &f, &err), WN_OK);
        cr_assert_eq(wn_select_evaluate(&x, &g, greedy.ids, K, &best, &err), WN_OK);
        cr_assert(f >= .9 * best, "%s: %g of %g", wn_objective_name((wn_objective)i), f, best);
        cr_assert(fabs(s.objective[K - 1] - f) < .1 * f, "%s: %g on the sample, %g", wn_objective_name((wn_objective)i),
                  s.objective[K - 1], f);
        wn_selection_free(&s);
        wn_selection_free(&greedy);
    }
    wn_mat_free(&x);
}

Test(stream, no_rows_and_wrong_ones) {
    wn_streaming_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {WN_RBF, 2}, .k = 3, .dims = 2};
    wn_streaming *s = NULL;
    wn_selection out = {0};
    cr_assert_eq(wn_streaming_open(&s, &o, &err), WN_OK);
    cr_assert_eq(wn_streaming_finish(s, &out, NULL, &err), WN_OK);
    cr_assert_eq(out.k, 0);
    wn_selection_free(&out);
    wn_streaming_close(s);
    const struct {
        float x[2];
        wn_code code;
        const char *why;
    } rows[] = {{{NAN, 0}, WN_EINPUT, "row 0 holds NaN"}, {{2, 0}, WN_EUSAGE, "row 0 has norm 2"}};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(wn_streaming_open(&s, &o, &err), WN_OK);
        cr_assert_eq(wn_streaming_offer(s, rows[i].x, 2, 1, &err), rows[i].code);
        cr_assert(strstr(err.msg, rows[i].why), "%s", err.msg);
        wn_streaming_close(s);
    }
    const struct {
        wn_streaming_opts o;
        wn_code code;
        const char *why;
    } wrong[] = {{{.objective = WN_RANDOM, .k = 1, .dims = 1}, WN_EUSAGE, "random cannot"},
                 {{.objective = WN_GRAPH_CUT, .kernel = {WN_COSINE, 0}, .k = 1, .dims = 1}, WN_EUSAGE, "under cosine"},
                 {{.kernel = {WN_RBF, 1}, .objective = WN_GRAPH_CUT, .dims = 1}, WN_EUSAGE, "k is 0"},
                 {{.kernel = {WN_RBF, 1}, .objective = WN_GRAPH_CUT, .k = 1}, WN_EUSAGE, "no values"},
                 {{.kernel = {WN_RBF, 1}, .k = 1, .dims = 1, .epsilon = 1e-9}, WN_EUSAGE, "epsilon is 1e-09"},
                 {{.kernel = {WN_RBF, 0}, .k = 1, .dims = 1}, WN_EUSAGE, "gamma"},
                 {{.kernel = {WN_RBF, 1}, .k = 1000, .dims = 100, .memory = 1 << 20}, WN_EMEMORY, "are allowed"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s = NULL;
        cr_assert_eq(wn_streaming_open(&s, &wrong[i].o, &err), wrong[i].code, "%zu: %s", i, err.msg);
        cr_assert(strstr(err.msg, wrong[i].why), "%s", err.msg);
        cr_assert_null(s);
    }
}

/* Every allocation may fail. */
Test(stream, allocations_fail) {
    wn_threads_set(1);
    wn_mat x = clustered_rows(700, 6, 12, .4, true, 3);
    EACH_OBJECTIVE(i) {
        wn_streaming_opts o = {.objective = (wn_objective)i, .kernel = {WN_RBF, 2}, .k = 5, .dims = 6, .sample = 300};
        if (!wn_streaming_serves(o.objective, WN_RBF)) o.kernel.kind = WN_COSINE;
        const size_t before = wn_mem_held();
        bool done = false;
        for (long after = 0; !done; after += after < 200 ? 1 : 17) {
            wn_streaming *s = NULL;
            wn_selection out = {0};
            wn_mem_fail_after(after, false);
            wn_code code = wn_streaming_open(&s, &o, &err);
            if (code == WN_OK) code = wn_streaming_offer(s, x.data, x.stride, x.rows, &err);
            if (code == WN_OK) code = wn_streaming_finish(s, &out, NULL, &err);
            wn_mem_fail_after(-1, false);
            wn_streaming_close(s);
            done = code == WN_OK;
            cr_assert(done || code == WN_EMEMORY, "%d", (int)code);
            wn_selection_free(&out);
            cr_assert_eq(wn_mem_held(), before);
        }
    }
    wn_mat_free(&x);
}
