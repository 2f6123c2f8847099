/* What a choice is worth, on vectors whose answer is known; the vectors must be as they were, whatever happens. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <winnow/stages.h>
#include <winnow/threads.h>
#include <wn/rng.h>

enum { ROWS = 300, DIMS = 24, CLASSES = 2, K = 12 };

/* Rows of two classes: about half lie at the end of an axis that is their class's, the others anywhere, their class by
 * chance. */
typedef struct {
    wn_vectors v;
    wn_copies copies;
    wn_lists lists;
    wn_choice choice;
    wn_choice_opts opts;
    wn_class_labels classes;
    wn_view view;
    uint32_t label[ROWS];
    size_t self[ROWS];
    const wn_encoder *encoder;
    float before[ROWS * DIMS];
} problem;

static const char *const names[] = {"a", "b"};

static void open_problem(problem *p, bool dealt) {
    wn_err err = {0};
    wn_rng g = wn_rng_init(3, 1);
    *p = (problem){.view = {.n = ROWS, .labels = names, .nlabels = CLASSES}};
    cr_assert_eq(wn_mat_init(&p->v.x, ROWS, DIMS, &err), WN_OK);
    for (size_t i = 0; i < ROWS; i++) {
        float *x = wn_mat_row(&p->v.x, i);
        const bool typical = wn_rng_uniform(&g) < .5;
        p->self[i] = i;
        p->label[i] = i % CLASSES;
        for (size_t j = 0; j < DIMS; j++) x[j] = (float)wn_rng_normal(&g);
        if (!typical) p->label[i] = (uint32_t)wn_rng_below(&g, CLASSES);
        if (typical) x[0] += p->label[i] ? 4 : -4;
    }
    for (size_t i = 0; dealt && i < ROWS; i++) p->label[i] = (uint32_t)wn_rng_below(&g, CLASSES);
    (void)wn_mat_normalize(&p->v.x);
    for (size_t i = 0; i < ROWS; i++) memcpy(p->before + i * DIMS, wn_mat_row(&p->v.x, i), DIMS * sizeof(float));
    p->copies = (wn_copies){.n = ROWS, .m = ROWS, .x_row = p->self, .row_of = p->self};
    p->view.label = p->label;
    cr_assert_eq(wn_vectors_scan(&p->v, &p->copies, &err), WN_OK);
    p->classes = (wn_class_labels){.label = p->label, .n = CLASSES, .power = .5, .push = 1, .push_auto = true};
    p->opts = (wn_choice_opts){.objective = WN_CLASS_HERDING,
                               .kernel = {WN_COSINE, 1},
                               .wanted = K,
                               .lambda = NAN,
                               .seed = 1,
                               .classes = &p->classes,
                               .memory = (size_t)1 << 30};
    wn_io io = {0};
    cr_assert_eq(wn_choice_make(&p->choice, &p->v, &p->copies, &p->lists, &p->opts, &io, &err), WN_OK);
}

static wn_code measure(wn_worth *out, problem *p, wn_err *err) {
    wn_io io = {0};
    const wn_chosen chosen = {&p->copies, &p->view, &p->lists, &p->opts, &p->choice, p->encoder};
    return wn_worth_measure(out, &p->v, &chosen, &io, err);
}

static void close_problem(problem *p) {
    for (size_t i = 0; i < ROWS; i++)
        cr_assert_arr_eq(p->before + i * DIMS, wn_mat_row(&p->v.x, i), DIMS * sizeof(float), "row %zu moved", i);
    wn_choice_free(&p->choice);
    wn_vectors_free(&p->v);
}

static problem p;

Test(worth, typical_rows_teach_more) {
    wn_worth w;
    wn_err err = {0};
    open_problem(&p, false);
    cr_assert_eq(measure(&w, &p, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(w.verdict, WN_VERDICT_BETTER);
    cr_assert_eq(w.folds * w.held_out, ROWS);
    cr_assert_float_eq(w.gain.mean, w.chosen.mean - w.random.mean, 1e-12);
    cr_assert(w.p <= .05 && w.gain.low > 0);
    cr_assert(w.chosen.low < w.chosen.mean && w.chosen.mean < w.chosen.high);
    cr_assert_eq(w.all_rows, ROWS - w.held_out);
    close_problem(&p);
}

/* Twelve classes in twelve directions, and twelve rows to choose: a limit that lets one of each come makes chance as
 * good as any choice. Without one it misses some. */
static void open_directions(problem *q) {
    static const char *const twelve[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    wn_err err = {0};
    wn_rng g = wn_rng_init(5, 1);
    *q = (problem){.view = {.n = ROWS, .labels = twelve, .nlabels = K}};
    cr_assert_eq(wn_mat_init(&q->v.x, ROWS, DIMS, &err), WN_OK);
    for (size_t i = 0; i < ROWS; i++) {
        q->self[i] = i;
        q->label[i] = (uint32_t)wn_rng_below(&g, K);
        for (size_t j = 0; j < DIMS; j++) wn_mat_row(&q->v.x, i)[j] = .05F * (float)wn_rng_normal(&g);
        wn_mat_row(&q->v.x, i)[q->label[i]] += 1;
    }
    (void)wn_mat_normalize(&q->v.x);
    for (size_t i = 0; i < ROWS; i++) memcpy(q->before + i * DIMS, wn_mat_row(&q->v.x, i), DIMS * sizeof(float));
    q->copies = (wn_copies){.n = ROWS, .m = ROWS, .x_row = q->self, .row_of = q->self};
    q->view.label = q->label;
    cr_assert_eq(wn_vectors_scan(&q->v, &q->copies, &err), WN_OK);
    q->classes = (wn_class_labels){.label = q->label, .n = K, .names = twelve};
    q->opts = (wn_choice_opts){
        .objective = WN_FACILITY_LOCATION, .kernel = {WN_COSINE, 1}, .wanted = K, .seed = 1, .memory = (size_t)1 << 30};
}

Test(worth, random_rows_obey_the_limits_of_the_choice) {
    const wn_choice_limits groups = {.group = p.label, .groups = K, .per_group = 1},
                           apart = {.apart = true, .max_similarity = .5};
    const struct {
        const wn_choice_limits *limits;
        const wn_class_labels *quotas;
    } ways[] = {{NULL, NULL}, {&groups, NULL}, {&apart, NULL}, {NULL, &p.classes}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        wn_io io = {0};
        wn_worth w;
        wn_err err = {0};
        open_directions(&p);
        p.opts.limits = ways[i].limits, p.opts.classes = ways[i].quotas;
        cr_assert_eq(wn_choice_make(&p.choice, &p.v, &p.copies, &p.lists, &p.opts, &io, &err), WN_OK, "%s", err.msg);
        cr_assert_eq(measure(&w, &p, &err), WN_OK, "%s", err.msg);
        cr_assert_str_empty(w.none);
        cr_expect_eq(w.limited, i > 0);
        cr_expect_float_eq(w.chosen.mean, 1, 0, "%zu: %g", i, w.chosen.mean);
        cr_expect(i ? w.random.mean == 1 : w.random.mean < .9, "%zu: %g", i, w.random.mean);
        close_problem(&p);
    }
}

Test(worth, what_cannot_be_drawn_alike_is_not_measured) {
    static double cost[ROWS];
    const wn_choice_limits budget = {.cost = cost, .budget = K, .cost_power = 1}, had = {.had = 1};
    const char *const why[] = {"what is chosen under a budget is not",
                               "what is chosen beside rows that one has is not"};
    for (size_t i = 0; i < ROWS; i++) cost[i] = 1;
    open_directions(&p);
    for (size_t i = 0; i < 2; i++) {
        wn_worth w;
        wn_err err = {0};
        p.opts.limits = i ? &had : &budget;
        cr_assert_eq(measure(&w, &p, &err), WN_OK, "%s", err.msg);
        cr_expect(strstr(w.none, why[i]) == w.none, "%s", w.none);
    }
    close_problem(&p);
}

Test(worth, labels_dealt_out_teach_nothing) {
    wn_worth w;
    wn_err err = {0};
    open_problem(&p, true);
    cr_assert_eq(measure(&w, &p, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(w.verdict, WN_VERDICT_NONE);
    cr_assert(fabs(w.chosen.mean - .5) < .1 && fabs(w.all.mean - .5) < .1);
    close_problem(&p);
}

/* Uneven classes that nothing tells apart: typical rows lead to the larger one sooner, and that is all that is learnt.
 * By the figures alone each of these draws would be better. */
Test(worth, what_a_guess_reaches_is_not_better) {
    const uint64_t draw[] = {79, 96, 116, 153, 186};
    for (size_t d = 0; d < sizeof draw / sizeof *draw; d++) {
        wn_worth w;
        wn_err err = {0};
        wn_rng g = wn_rng_init(draw[d], 2);
        size_t ones = 0;
        char text[WN_WORTH_TEXT];
        open_problem(&p, true);
        for (size_t i = 0; i < ROWS; i++) ones += p.label[i] = wn_rng_uniform(&g) < .35;
        p.classes.power = 1;
        cr_assert_eq(measure(&w, &p, &err), WN_OK, "%s", err.msg);
        cr_assert(w.p <= .05 && w.gain.low > 0, "draw %zu", d);
        cr_assert_eq(w.verdict, WN_VERDICT_NONE, "%.3f, random %.3f", w.chosen.mean, w.random.mean);
        cr_assert_float_eq(w.guess, 1 - (double)ones / ROWS, 1e-12, "all rows are tested");
        wn_worth_text(text, &w);
        cr_assert(strstr(text, ", by always answering the largest class 0.6"), "%s", text);
        close_problem(&p);
    }
}

/* An encoder that learned from the rows in the opposite order, and would have given each of them its opposite. */
typedef struct {
    wn_encoder base;
    size_t asked, wrong;
} turning;

static void turn(const wn_encoder *e, size_t row, float *x) {
    turning *t = (turning *)(uintptr_t)e;
    t->asked++;
    t->wrong += memcmp(x, p.before + (ROWS - 1 - row) * DIMS, DIMS * sizeof *x) != 0;
    for (size_t j = 0; j < DIMS; j++) x[j] = -x[j];
}

Test(worth, rows_held_out_are_tested_as_new_ones) {
    static const wn_encoder_vt vt = {.fits_corpus = true, .unseen = turn};
    turning t = {.base = {.vt = &vt}};
    wn_worth seen, w;
    wn_err err = {0};
    size_t encoded[ROWS];
    open_problem(&p, false);
    for (size_t i = 0; i < ROWS; i++) encoded[i] = ROWS - 1 - i;
    cr_assert_eq(measure(&seen, &p, &err), WN_OK, "%s", err.msg);
    p.encoder = &t.base, p.copies.encoded = encoded;
    wn_threads_set(1); /* it counts */
    cr_assert_eq(measure(&w, &p, &err), WN_OK, "%s", err.msg);
    cr_assert(t.asked >= 2 * ROWS && t.wrong == 0, "%zu of %zu", t.wrong, t.asked);
    cr_assert(seen.chosen.mean > .6 && w.chosen.mean < .4, "%.3f, %.3f", seen.chosen.mean, w.chosen.mean);
    close_problem(&p);
}

Test(worth, threads_change_nothing) {
    wn_worth w[3];
    wn_err err = {0};
    for (int t = 0; t < 3; t++) {
        memset(&w[t], 0, sizeof w[t]);
        wn_threads_set(1 << t);
        open_problem(&p, false);
        cr_assert_eq(measure(&w[t], &p, &err), WN_OK, "%s", err.msg);
        close_problem(&p);
        cr_assert(w[t].chosen.mean == w[0].chosen.mean && w[t].random.mean == w[0].random.mean &&
                  w[t].all.mean == w[0].all.mean && w[t].c == w[0].c && w[t].p == w[0].p);
    }
}

/* Where rows are compared in a space of their own, its rows change places with those of the vectors. */
Test(worth, a_space_that_holds_the_same_vectors_changes_nothing) {
    wn_worth w[2];
    wn_err err = {0};
    for (int t = 0; t < 2; t++) {
        open_problem(&p, false);
        p.opts.objective = WN_GRAPH_CUT, p.opts.kernel = (wn_kernel){WN_RBF, 4}, p.opts.classes = NULL;
        if (t) {
            cr_assert_eq(wn_mat_init(&p.v.space, ROWS, DIMS, &err), WN_OK);
            for (size_t i = 0; i < ROWS; i++)
                memcpy(wn_mat_row(&p.v.space, i), wn_mat_row(&p.v.x, i), DIMS * sizeof(float));
        }
        cr_assert_eq(measure(&w[t], &p, &err), WN_OK, "%s", err.msg);
        for (size_t i = 0; t && i < ROWS; i++)
            cr_assert_arr_eq(p.before + i * DIMS, wn_mat_row(&p.v.space, i), DIMS * sizeof(float), "row %zu moved", i);
        close_problem(&p);
    }
    cr_assert(w[0].folds > 1 && w[0].chosen.mean == w[1].chosen.mean && w[0].p == w[1].p);
}

Test(worth, interrupted_it_stops_and_puts_rows_back) {
    wn_worth w;
    wn_err err = {0};
    open_problem(&p, false);
    wn_interrupt_raise(SIGINT);
    cr_assert_eq(measure(&w, &p, &err), WN_EINTERRUPT);
    wn_interrupt_raise(0);
    close_problem(&p);
}

Test(worth, a_failed_allocation_is_told_and_puts_rows_back) {
    wn_worth w;
    long n = 0;
    wn_threads_set(1);
    open_problem(&p, false);
    for (;; n += n < 50 ? 5 : 97) {
        wn_err err = {0};
        wn_mem_fail_after(n, true);
        const wn_code code = measure(&w, &p, &err);
        wn_mem_fail_after(-1, false);
        if (code == WN_OK) break;
        cr_assert_eq(code, WN_EMEMORY, "allocation %ld: code %d, \"%s\"", n, code, err.msg);
    }
    cr_assert_gt(n, 50);
    close_problem(&p);
}
