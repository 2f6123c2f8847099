/* Comparisons from below: pools and scenarios, methods, cells with a learner made up here, verdicts. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/rng.h>

#include "compare/cell_file.h"
#include "compare/cells.h"
#include "compare/methods.h"
#include "compare/side.h"
#include "compare/verdict.h"

enum { POOL = 400, TESTS = 90, CLASSES = 4, DIMS = 8, ALL = POOL + TESTS };

static wn_compare_data data;
static uint32_t labels[ALL];
static size_t copy_of[POOL], length[POOL];
static const char *const names[] = {"a", "b", "c", "d"};

/* Classes of 200, 100, 60 and 40 pool rows around four directions; every tenth row is a copy of the one before. */
static void make_data(void) {
    wn_err err = {0};
    wn_rng g = wn_rng_init(5, 1);
    data = (wn_compare_data){.n = POOL, .tests = TESTS, .classes = CLASSES, .label = labels, .names = names,
                             .copy_of = copy_of, .length = length};
    cr_assert_eq(wn_mat_init(&data.x, ALL, DIMS, &err), WN_OK);
    for (size_t i = 0; i < ALL; i++) {
        bool copy = i < POOL && i % 10 == 9;
        size_t u = i < POOL ? (i * 7) % 20 : i % 20;
        labels[i] = u < 10 ? 0 : u < 15 ? 1 : u < 18 ? 2 : 3;
        if (copy) labels[i] = labels[i - 1];
        for (size_t d = 0; d < DIMS; d++) {
            double at = (d == labels[i]) * 1.2 + .8 * wn_rng_normal(&g);
            wn_mat_row(&data.x, i)[d] = copy ? wn_mat_row(&data.x, i - 1)[d] : (float)at;
        }
        if (i < POOL) copy_of[i] = copy ? i - 1 : i, length[i] = (i * 13) % 101;
    }
    (void)wn_mat_normalize(&data.x);
    cr_assert_eq(wn_compare_data_seal(&data, &err), WN_OK);
}

static void free_data(void) { wn_mat_free(&data.x); }

TestSuite(compare, .init = make_data, .fini = free_data, .timeout = 240);

static wn_pool drawn(const wn_scenario *s, double share, uint64_t draw) {
    const wn_pool_opts o = {.share = share, .seed = 3, .draw = draw};
    wn_pool p = {0};
    wn_err err = {0};
    cr_assert_eq(wn_pool_draw(&p, &data, s, &o, &err), WN_OK, "%s", err.msg);
    cr_assert(p.n <= wn_pool_rows(s, data.n, share));
    for (size_t i = 0; i < p.n; i++) cr_assert(p.row[i] < POOL && p.label[i] < CLASSES);
    for (size_t i = 1; i < p.n; i++) cr_assert(p.row[i - 1] <= p.row[i]);
    return p;
}

/* ---- pools ---- */

Test(compare, a_draw_is_a_share_without_replacement_and_depends_on_its_seed_alone) {
    const wn_scenario plain = wn_scenario_plain();
    wn_pool a = drawn(&plain, 80, 1), b = drawn(&plain, 80, 1), c = drawn(&plain, 80, 2), all = drawn(&plain, 100, 1);
    cr_assert_eq(a.n, 320);
    cr_assert_eq(all.n, POOL);
    cr_assert_arr_eq(a.row, b.row, a.n * sizeof *a.row);
    cr_assert_neq(memcmp(a.row, c.row, a.n * sizeof *a.row), 0);
    for (size_t i = 1; i < a.n; i++) cr_assert_lt(a.row[i - 1], a.row[i]);
    for (size_t i = 0; i < a.n; i++) cr_assert_eq(a.label[i], labels[a.row[i]]);
    wn_pool_free(&a), wn_pool_free(&b), wn_pool_free(&c), wn_pool_free(&all);
}

Test(compare, every_row_is_drawn_as_often) {
    const wn_scenario plain = wn_scenario_plain();
    size_t count[POOL] = {0};
    double chi = 0;
    for (uint64_t draw = 1; draw <= 400; draw++) {
        wn_pool p = drawn(&plain, 25, draw);
        for (size_t i = 0; i < p.n; i++) count[p.row[i]]++;
        wn_pool_free(&p);
    }
    for (size_t i = 0; i < POOL; i++) chi += pow((double)count[i] - 100, 2) / 75;
    cr_assert(fabs(chi - POOL) < 5 * sqrt(2.0 * POOL), "chi square %g of %d", chi, POOL);
}

Test(compare, copies_stand_there_as_often_as_said) {
    const wn_scenario s = wn_scenario_copies(5, 20);
    wn_pool p = drawn(&s, 50, 1);
    size_t count[POOL] = {0}, once = 0, often = 0;
    cr_assert_eq(p.n, 200 + 10 * 19);
    for (size_t i = 0; i < p.n; i++) count[p.row[i]]++;
    for (size_t i = 0; i < POOL; i++) {
        once += count[i] == 1;
        often += count[i] == 20;
    }
    cr_assert_eq(once, 190);
    cr_assert_eq(often, 10);
    wn_pool_free(&p);
}

Test(compare, classes_fall_to_the_ratio_asked_for) {
    const wn_scenario s = wn_scenario_tail(20), plain = wn_scenario_plain();
    size_t before[CLASSES] = {0}, after[CLASSES] = {0};
    wn_pool p = drawn(&s, 100, 1), whole = drawn(&plain, 100, 1);
    for (size_t i = 0; i < whole.n; i++) before[whole.label[i]]++;
    for (size_t i = 0; i < p.n; i++) after[p.label[i]]++;
    cr_assert_eq(after[0], before[0]); /* the largest */
    for (size_t c = 1; c < CLASSES; c++) {
        double most = round((double)before[0] * pow(20, -(double)c / (CLASSES - 1)));
        cr_assert_eq(after[c], fmin((double)before[c], most), "class %zu: %zu of %zu", c, after[c], before[c]);
    }
    wn_pool_free(&p), wn_pool_free(&whole);
}

Test(compare, as_many_labels_are_wrong_as_asked_for) {
    const wn_scenario s = wn_scenario_noise(20);
    wn_pool p = drawn(&s, 100, 1);
    size_t wrong = 0;
    for (size_t i = 0; i < p.n; i++) wrong += p.label[i] != labels[p.row[i]];
    cr_assert_eq(wrong, POOL / 5);
    wn_pool_free(&p);
}

/* ---- methods ---- */

static wn_method method(wn_method_kind kind, wn_objective objective, wn_dedup_mode dedup) {
    return (wn_method){.name = "m", .kind = kind, .objective = objective, .similarity = WN_RBF, .lambda = NAN,
                       .gamma = NAN, .dedup = dedup, .dedup_threshold = .9};
}

/* The data's rows that a method chooses of the whole pool. */
static size_t *choose(const wn_method *m, const wn_scenario *s, size_t want, uint64_t seed, size_t *k) {
    wn_pool p = drawn(s, 100, 1);
    const wn_method_call call = {.data = &data, .pool = &p, .k = want, .seed = seed, .memory = 1 << 20};
    size_t *chosen = NULL;
    wn_err err = {0};
    cr_assert_eq(wn_method_choose(&chosen, k, m, &call, &err), WN_OK, "%s", err.msg);
    for (size_t i = 0; i < *k; i++) {
        cr_assert_lt(chosen[i], p.n);
        for (size_t j = 0; j < i; j++) cr_assert_neq(chosen[i], chosen[j]);
    }
    for (size_t i = 0; i < *k; i++) chosen[i] = p.row[chosen[i]];
    wn_pool_free(&p);
    return chosen;
}

Test(compare, no_method_that_drops_copies_chooses_one) {
    const wn_scenario s = wn_scenario_copies(10, 5);
    static const wn_method_kind kinds[] = {WN_METHOD_OBJECTIVE, WN_METHOD_DEDUP_RANDOM, WN_METHOD_BALANCED,
                                           WN_METHOD_STRATIFIED, WN_METHOD_LONGEST};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        wn_method m = method(kinds[i], kinds[i] == WN_METHOD_OBJECTIVE ? WN_GRAPH_CUT : WN_RANDOM, WN_DEDUP_EXACT);
        size_t k = 0, seen[POOL] = {0}, *rows = choose(&m, &s, 1000, 4, &k);
        cr_assert_eq(k, POOL - POOL / 10, "kind %d chose %zu", (int)kinds[i], k);
        for (size_t j = 0; j < k; j++) cr_assert_eq(seen[copy_of[rows[j]]]++, 0);
        wn_free(rows);
        m.dedup = WN_DEDUP_NEAR, m.dedup_threshold = .99; /* the copies have the same vectors */
        rows = choose(&m, &s, 1000, 4, &k);
        cr_assert(k > 0 && k <= POOL - POOL / 10);
        wn_free(rows);
    }
}

Test(compare, by_label_means_what_it_says) {
    const wn_scenario s = wn_scenario_plain();
    wn_method m = method(WN_METHOD_BALANCED, WN_RANDOM, WN_DEDUP_EXACT);
    size_t k = 0, count[CLASSES] = {0}, *rows = choose(&m, &s, 40, 4, &k), *other = choose(&m, &s, 40, 5, &k);
    cr_assert_eq(k, 40);
    for (size_t i = 0; i < k; i++) count[labels[rows[i]]]++;
    for (size_t c = 0; c < CLASSES; c++) cr_assert_eq(count[c], 10);
    cr_assert_neq(memcmp(rows, other, k * sizeof *rows), 0, "another seed chooses others");
    wn_free(rows), wn_free(other);
    m.kind = WN_METHOD_LONGEST, m.dedup = WN_DEDUP_OFF;
    rows = choose(&m, &s, 50, 4, &k);
    for (size_t i = 1; i < k; i++) cr_assert_geq(length[rows[i - 1]], length[rows[i]]);
    for (size_t i = 0; i < POOL; i++) {
        bool chosen = false;
        for (size_t j = 0; j < k; j++) chosen |= rows[j] == i;
        cr_assert(chosen || length[i] <= length[rows[k - 1]]);
    }
    wn_free(rows);
    m.kind = WN_METHOD_FULL;
    rows = choose(&m, &s, 50, 4, &k);
    cr_assert_eq(k, POOL);
    wn_free(rows);
}

Test(compare, an_objective_chooses_as_select_does) {
    const wn_scenario s = wn_scenario_plain();
    for (int o = 0; o < 2; o++) {
        wn_method m = method(WN_METHOD_OBJECTIVE, o ? WN_FACILITY_LOCATION : WN_GRAPH_CUT, WN_DEDUP_OFF);
        m.similarity = WN_COSINE, m.lambda = 10;
        wn_mat x = data.x;
        x.rows = POOL;
        const wn_select_opts want = {.objective = m.objective, .kernel = {WN_COSINE, 0}, .k = 30, .lambda = 10};
        wn_selection direct;
        wn_err err = {0};
        size_t k = 0, *rows = choose(&m, &s, 30, 4, &k);
        cr_assert_eq(wn_select(&x, &want, &direct, &err), WN_OK, "%s", err.msg);
        cr_assert_eq(k, 30);
        cr_assert_arr_eq(rows, direct.ids, k * sizeof *rows);
        wn_selection_free(&direct);
        wn_free(rows);
    }
}

/* ---- cells, with a learner made up here: the nearest class mean ---- */

typedef struct {
    double mean[CLASSES][DIMS];
} class_means;

static size_t means_memory(const wn_learner *l, size_t n) { return (void)l, n; }
static void means_describe(const wn_learner *l, wn_writer *out) { (void)l, wn_writer_put(out, "means"); }

static wn_code means_fit(void **model, const wn_learner *l, const wn_lesson *lesson, wn_err *err) {
    class_means *m = wn_alloc(1, sizeof *m, err);
    if (!m) return WN_EMEMORY;
    for (size_t i = 0; i < lesson->taught.n; i++)
        for (size_t d = 0; d < DIMS; d++)
            m->mean[lesson->taught.label[i]][d] += (double)wn_mat_row(&l->data->x, lesson->taught.row[i])[d];
    *model = m;
    return WN_OK;
}

static wn_code means_predict(const wn_learner *l, const void *model, float *probs, wn_err *err) {
    const class_means *m = model;
    (void)err;
    for (size_t i = 0; i < l->data->tests; i++) {
        double e[CLASSES], sum = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            double dot = 0, norm = 1e-12;
            for (size_t d = 0; d < DIMS; d++) {
                dot += m->mean[c][d] * (double)wn_mat_row(&l->data->x, l->data->n + i)[d];
                norm += m->mean[c][d] * m->mean[c][d];
            }
            sum += e[c] = exp(3 * dot / sqrt(norm));
        }
        for (size_t c = 0; c < CLASSES; c++) probs[i * CLASSES + c] = (float)(e[c] / sum);
    }
    return WN_OK;
}

static void means_forget(void *model) { wn_free(model); }

static const wn_learner_vt means = {.memory = means_memory, .describe = means_describe, .fit = means_fit,
                                    .predict = means_predict, .forget = means_forget};
static const wn_learner_vt wide_means = {.wide = true, .memory = means_memory, .describe = means_describe,
                                         .fit = means_fit, .predict = means_predict, .forget = means_forget};

/* The same, of a learner that tunes: what it was taught and tuned on, a line a lesson. */
static struct {
    size_t n, taught[64], tuned[64], rows[64];
} lessons;

static size_t sum_rows(const wn_taught *t) {
    size_t sum = 0;
    for (size_t i = 0; i < t->n; i++) sum += (t->row[i] + 1) * (t->row[i] + 7) * (t->label[i] + 1);
    return sum;
}

static wn_code noting_fit(void **model, const wn_learner *l, const wn_lesson *lesson, wn_err *err) {
    cr_assert_lt(lessons.n, 64);
    lessons.taught[lessons.n] = sum_rows(&lesson->taught);
    lessons.tuned[lessons.n] = sum_rows(&lesson->tuned_on);
    lessons.rows[lessons.n++] = lesson->tuned_on.n;
    return means_fit(model, l, lesson, err);
}

static const wn_learner_vt noting = {.tunes = true, .wide = true, .memory = means_memory, .describe = means_describe,
                                     .fit = noting_fit, .predict = means_predict, .forget = means_forget};

static const wn_size_opts budgets[] = {{.k = 5, .percent = true}, {.k = 40}};
static wn_scenario scenarios[2];
static wn_method methods[5];
static wn_learner learner;

static wn_compare_plan plan(const wn_learner_vt *vt, size_t draws) {
    scenarios[0] = wn_scenario_plain(), scenarios[1] = wn_scenario_copies(2, 10);
    methods[0] = method(WN_METHOD_OBJECTIVE, WN_RANDOM, WN_DEDUP_OFF), methods[0].name = "random";
    methods[1] = method(WN_METHOD_DEDUP_RANDOM, WN_RANDOM, WN_DEDUP_EXACT), methods[1].name = "no copies";
    methods[2] = method(WN_METHOD_FULL, WN_RANDOM, WN_DEDUP_OFF), methods[2].name = "everything";
    methods[3] = method(WN_METHOD_OBJECTIVE, WN_GRAPH_CUT, WN_DEDUP_EXACT), methods[3].name = "cut";
    methods[4] = method(WN_METHOD_LONGEST, WN_RANDOM, WN_DEDUP_EXACT), methods[4].name = "long";
    for (size_t m = 0; m < 3; m++) methods[m].baseline = true;
    learner = (wn_learner){.vt = vt, .data = &data};
    return (wn_compare_plan){.data = &data, .learner = &learner, .scenarios = scenarios, .nscenarios = 2,
                             .budgets = budgets, .nbudgets = 2, .methods = methods, .nmethods = 5, .draws = draws,
                             .trainings = 2, .pool_share = 80, .seed = 3};
}

static char folder[64];

static void make_folder(void) {
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-compare.XXXXXX");
    cr_assert(mkdtemp(folder));
}

static wn_cells run_all(const wn_compare_plan *p, size_t at_once) {
    wn_cells c = {0};
    wn_err err = {0};
    const wn_cells_opts o = {.folder = folder, .at_once = at_once, .memory = 1 << 20};
    cr_assert_eq(wn_cells_init(&c, p, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(wn_cells_find(&c, folder, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(wn_cells_run(&c, &o, &err), WN_OK, "%s", err.msg);
    return c;
}

static void same_cells(const wn_cells *a, const wn_cells *b) {
    cr_assert_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const wn_cell *x = &a->list[i], *y = &b->list[i];
        cr_assert_eq(x->used, y->used);
        if (!x->used) continue;
        cr_assert(x->done && y->done && x->k == y->k);
        cr_assert_str_eq(x->key, y->key);
        cr_assert(x->accuracy == y->accuracy && x->log_loss == y->log_loss && x->macro_f1 == y->macro_f1);
        cr_assert_arr_eq(x->predicted, y->predicted, TESTS * sizeof *x->predicted);
    }
}

Test(compare, cells_are_the_same_at_any_width_and_from_their_files) {
    const wn_compare_plan p = plan(&means, 3), wide = plan(&wide_means, 3);
    make_folder();
    wn_threads_set(4);
    wn_cells a = run_all(&p, 4);
    cr_assert_eq(a.used, 2 * 3 * 2 * (4 * 2 + 1)); /* scenarios, draws, trainings; methods at budgets, and full */
    cr_assert_eq(a.found, 0);
    wn_cells b = run_all(&p, 1);
    cr_assert_eq(b.found, a.used);
    same_cells(&a, &b);
    wn_side_remove(folder);
    cr_assert_neq(access(folder, F_OK), 0, "cells and folder are gone");
    make_folder();
    wn_cells c = run_all(&wide, 4);
    cr_assert_eq(c.found, 0);
    same_cells(&a, &c);
    wn_side_remove(folder);
    for (size_t i = 0; i < a.n; i++) /* keys tell cells apart */
        for (size_t j = 0; j < i && a.list[i].used; j++)
            cr_assert(!a.list[j].used || strcmp(a.list[i].key, a.list[j].key) != 0);
    wn_cells_free(&a), wn_cells_free(&b), wn_cells_free(&c);
}

/* Whatever the method chose: the rows of dedup+random in its place. */
Test(compare, every_method_is_tuned_on_the_same_random_rows) {
    wn_compare_plan p = plan(&noting, 1);
    p.nscenarios = 1, p.trainings = 1, p.nbudgets = 1;
    make_folder();
    wn_cells c = run_all(&p, 1);
    cr_assert_eq(lessons.n, 5);
    size_t random = 5, others = 0;
    for (size_t i = 1; i < 5; i++) { /* the first is that of all rows */
        cr_assert_eq(lessons.tuned[i], lessons.tuned[1]);
        cr_assert_eq(lessons.rows[i], lessons.rows[1]);
        if (lessons.taught[i] == lessons.tuned[i]) random = i;
        else others++;
    }
    cr_assert(random < 5 && others == 3, "dedup+random learns from those very rows, the others do not");
    cr_assert_neq(lessons.tuned[0], lessons.tuned[1], "all rows are tuned on as many");
    wn_side_remove(folder);
    wn_cells_free(&c);
}

Test(compare, a_cell_that_is_damaged_is_none) {
    const wn_compare_plan p = plan(&means, 1);
    wn_err err = {0};
    make_folder();
    wn_cells a = run_all(&p, 1);
    char *path = wn_cell_path(&a.list[0], folder, &err);
    FILE *f = fopen(path, "r");
    cr_assert(f);
    char text[1 << 16];
    size_t n = fread(text, 1, sizeof text, f);
    cr_assert_eq(fclose(f), 0);
    for (size_t cut = 0; cut < n - 1; cut += cut < 40 ? 1 : 23) {
        bool there = true;
        wn_subset s = {0};
        cr_assert((f = fopen(path, "w")));
        cr_assert_eq(fwrite(text, 1, cut, f), cut);
        cr_assert_eq(fclose(f), 0);
        cr_assert_eq(wn_cell_read(&a.list[0], &s, &data, folder, &there, &err), WN_OK, "%s", err.msg);
        cr_assert_not(there, "cut to %zu of %zu bytes", cut, n);
    }
    wn_free(path);
    wn_side_remove(folder);
    wn_cells_free(&a);
}

/* ---- verdicts ---- */

/* A number in [0, 1) for the row t of a cell; training seeds are alike. */
static double noise(size_t i, size_t t) {
    wn_rng g = wn_rng_init(i * 1000 + t, 77);
    return wn_rng_uniform(&g);
}

/* Cells that are right on about a share of the test rows. */
static wn_cells fake_cells(const wn_compare_plan *p, const double *share) {
    wn_cells c = {0};
    wn_err err = {0};
    cr_assert_eq(wn_cells_init(&c, p, &err), WN_OK);
    for (size_t i = 0; i < c.n; i++) {
        wn_cell *cell = &c.list[i];
        if (!cell->used) continue;
        size_t right = 0;
        cr_assert((cell->predicted = wn_alloc(TESTS, sizeof *cell->predicted, &err)));
        for (size_t t = 0; t < TESTS; t++) {
            bool is_right = noise(i, t) < share[cell->method];
            cell->predicted[t] = is_right ? labels[POOL + t] : (labels[POOL + t] + 1) % CLASSES;
            right += is_right;
        }
        cell->done = true, cell->k = 10;
        cell->accuracy = cell->balanced_accuracy = (double)right / TESTS;
    }
    return c;
}

static wn_verdict verdict_of(const wn_verdicts *v, size_t method, size_t baseline) {
    return wn_verdicts_of(v, 0, 0, method)->against[baseline].verdict;
}

Test(compare, verdicts_say_what_is_there) {
    const double share[] = {.5, .5, .95, .8, .2};
    for (size_t draws = 1; draws <= 8; draws += 7) {
        const wn_compare_plan p = plan(&means, draws);
        wn_err err = {0};
        wn_verdicts v = {0};
        wn_writer w = {.err = &err};
        wn_cells c = fake_cells(&p, share);
        cr_assert_eq(wn_verdicts_make(&v, &c, &err), WN_OK, "%s", err.msg);
        cr_assert_eq(verdict_of(&v, 3, 0), WN_VERDICT_BETTER);
        cr_assert_eq(verdict_of(&v, 3, 1), WN_VERDICT_BETTER);
        cr_assert_eq(verdict_of(&v, 4, 1), WN_VERDICT_WORSE);
        cr_assert_eq(verdict_of(&v, 1, 0), WN_VERDICT_NONE);
        const wn_standing *cut = wn_verdicts_of(&v, 0, 0, 3);
        double low = wn_verdicts_of(&v, 0, 0, 1)->accuracy.mean, high = wn_verdicts_of(&v, 0, 2, 2)->accuracy.mean;
        cr_assert_float_eq(cut->closed, (cut->accuracy.mean - low) / (high - low), 1e-12);
        cr_assert(isnan(wn_verdicts_of(&v, 0, 2, 2)->closed));
        cr_assert_eq(cut->against[0].wins.wins + cut->against[0].wins.ties + cut->against[0].wins.losses, 2 * draws);
        wn_verdicts_sentence(&w, &v, 0, 3, 1);
        cr_assert_str_eq(w.data, "cut against no copies: better at 5%, 40");
        wn_free(w.data);
        wn_verdicts_free(&v);
        wn_cells_free(&c);
    }
}

Test(compare, equal_methods_differ_in_few_of_many_comparisons) {
    const double share[] = {.5, .5, .5, .5, .5};
    size_t wrong = 0, all = 0;
    for (uint64_t again = 0; again < 25; again++) {
        wn_compare_plan p = plan(&means, 5);
        wn_err err = {0};
        wn_verdicts v = {0};
        wn_cells c = fake_cells(&p, share);
        for (size_t i = 0; i < c.n; i++) /* other cells each time */
            for (size_t t = 0; c.list[i].used && t < TESTS; t++) {
                bool right = noise(i + 100000 * (again + 1), t) < .5;
                c.list[i].predicted[t] = right ? labels[POOL + t] : (labels[POOL + t] + 1) % CLASSES;
            }
        for (size_t i = 0; i < c.n; i++) {
            double right = 0;
            for (size_t t = 0; c.list[i].used && t < TESTS; t++)
                right += c.list[i].predicted[t] == labels[POOL + t];
            c.list[i].accuracy = right / TESTS;
        }
        cr_assert_eq(wn_verdicts_make(&v, &c, &err), WN_OK);
        for (size_t s = 0; s < 2; s++)
            for (size_t b = 0; b < 2; b++)
                for (size_t m = 3; m < 5; m++, all++)
                    wrong += wn_verdicts_of(&v, s, b, m)->against[1].verdict != WN_VERDICT_NONE;
        wn_verdicts_free(&v);
        wn_cells_free(&c);
    }
    cr_assert(wrong <= all * 7 / 100, "%zu of %zu", wrong, all);
}
