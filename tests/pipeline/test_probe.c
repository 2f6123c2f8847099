/* The probe: what it does at the edges. compare_reference.py compares its numbers with scikit-learn's. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <winnow/threads.h>
#include <wn/metrics.h>
#include <wn/probe.h>
#include <wn/rng.h>

enum { N = 90, D = 12, LD = 15, CLASSES = 6 };

/* Rows about the centre of their class; class 4 has one row, class 5 none. */
typedef struct {
    float x[N * LD];
    uint32_t y[N];
    wn_probe_rows rows;
} sample;

static void fill(sample *s, uint64_t seed) {
    wn_rng rng = wn_rng_init(seed, 0);
    for (size_t i = 0; i < N; i++) {
        s->y[i] = i == 7 ? 4 : (uint32_t)(i % 4);
        for (size_t j = 0; j < LD; j++)
            s->x[i * LD + j] = j < D ? (float)(0.2 * wn_rng_normal(&rng) + (j == s->y[i] ? 0.5 : 0.1)) : NAN;
    }
    s->rows = (wn_probe_rows){.x = s->x, .ld = LD, .d = D, .n = N, .y = s->y, .classes = CLASSES};
}

static wn_code fit(wn_probe *p, const wn_probe_rows *rows, double c, wn_err *err) {
    wn_probe_opts o = {.c = c, .seed = 3};
    if (isnan(c)) { /* that of these rows */
        const wn_code code = wn_probe_choose_c(&o.c, rows, &o, err);
        if (code != WN_OK) return code;
    }
    return wn_probe_fit(p, rows, &o, err);
}

static void must(wn_code code, const wn_err *err) {
    cr_assert_eq(code, WN_OK, "%s", err->msg);
}

Test(probe, learns_and_gives_an_absent_class_nothing) {
    sample s;
    wn_probe p;
    wn_metrics m;
    wn_err err = {0};
    float probs[N * CLASSES];
    fill(&s, 1);
    must(fit(&p, &s.rows, NAN, &err), &err);
    cr_assert(p.c >= 0.01 && p.c <= 1e4);
    must(wn_probe_predict(&p, s.x, LD, N, probs, &err), &err);
    for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t c = 0; c < CLASSES; c++) sum += (double)probs[i * CLASSES + c];
        cr_assert_float_eq(sum, 1, 1e-6);
        cr_assert(probs[i * CLASSES + 5] <= 0);
        cr_assert(probs[i * CLASSES + 4] > 0);
    }
    must(wn_metrics_classify(&m, probs, s.y, N, CLASSES, &err), &err);
    cr_assert_gt(m.accuracy, 0.8);
    wn_metrics_free(&m);
    s.y[0] = 5;
    must(wn_metrics_classify(&m, probs, s.y, N, CLASSES, &err), &err);
    cr_assert(isfinite(m.log_loss));
    wn_metrics_free(&m);
    wn_probe_free(&p);
    wn_probe_free(NULL);
}

Test(probe, knows_one_class_alone) {
    sample s;
    wn_probe p;
    wn_err err = {0};
    float probs[N * CLASSES];
    fill(&s, 2);
    for (size_t i = 0; i < N; i++) s.y[i] = 2;
    must(fit(&p, &s.rows, NAN, &err), &err);
    must(wn_probe_predict(&p, s.x, LD, N, probs, &err), &err);
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < CLASSES; c++) cr_assert_eq(probs[i * CLASSES + c], c == 2 ? 1.0f : 0.0f);
    wn_probe_free(&p);
}

Test(probe, chooses_without_a_row_to_hold_out) {
    sample s;
    wn_probe p;
    wn_err err = {0};
    fill(&s, 3);
    s.rows.n = 4; /* classes 0 to 3, a row each */
    must(fit(&p, &s.rows, NAN, &err), &err);
    cr_assert_float_eq(p.c, 10, 1e-12);
    wn_probe_free(&p);
    s.rows.n = 1;
    must(fit(&p, &s.rows, NAN, &err), &err);
    wn_probe_free(&p);
}

Test(probe, takes_rows_without_spread) {
    sample s;
    wn_probe p;
    wn_err err = {0};
    float probs[N * CLASSES];
    fill(&s, 4);
    memset(s.x, 0, sizeof s.x);
    for (size_t i = 0; i < N; i++) s.y[i] = i % 3 == 0;
    must(fit(&p, &s.rows, NAN, &err), &err);
    must(wn_probe_predict(&p, s.x, LD, N, probs, &err), &err);
    cr_assert_float_eq(probs[1], 1.0 / 3, 1e-5, "the share of the class");
    wn_probe_free(&p);
}

Test(probe, does_not_depend_on_where_the_rows_lie_or_how_large_they_are) {
    sample s, far;
    wn_probe p, q;
    wn_err err = {0};
    float a[N * CLASSES], b[N * CLASSES];
    fill(&s, 5);
    far = s;
    far.rows.x = far.x;
    far.rows.y = far.y;
    for (size_t i = 0; i < N * LD; i++) far.x[i] = 64 * s.x[i] - 32;
    must(fit(&p, &s.rows, 8, &err), &err);
    must(fit(&q, &far.rows, 8.0 / (64 * 64), &err), &err);
    must(wn_probe_predict(&p, s.x, LD, N, a, &err), &err);
    must(wn_probe_predict(&q, far.x, LD, N, b, &err), &err);
    for (size_t i = 0; i < N * CLASSES; i++) cr_assert_float_eq(a[i], b[i], 1e-4);
    wn_probe_free(&p);
    wn_probe_free(&q);
}

static void refused(const sample *s, const wn_probe_opts *o, const char *why) {
    wn_probe p = {0};
    wn_err err = {0};
    cr_assert_eq(wn_probe_fit(&p, &s->rows, o, &err), WN_EINPUT, "%s", why);
    cr_assert(strstr(err.msg, why), "\"%s\" does not say \"%s\"", err.msg, why);
    cr_assert_null(p.w);
}

Test(probe, refuses_what_it_cannot_learn_from) {
    sample s;
    fill(&s, 6);
    refused(&s, &(wn_probe_opts){.c = -1}, "c is -1");
    refused(&s, &(wn_probe_opts){.c = INFINITY}, "c is inf");
    refused(&s, &(wn_probe_opts){.c = NAN, .folds = 1}, "2 folds");
    s.y[11] = CLASSES;
    refused(&s, &(wn_probe_opts){.c = 1}, "row 11 of the probe has class 6 of 6");
    fill(&s, 6);
    s.x[3 * LD + 2] = NAN;
    refused(&s, &(wn_probe_opts){.c = 1}, "row 3 of the probe: value 2 is not a finite number");
    s.rows.n = 0;
    refused(&s, &(wn_probe_opts){.c = 1}, "nothing to learn from");
}

Test(probe, takes_values_of_any_size) {
    sample s;
    wn_probe p;
    wn_err err = {0};
    static const float sizes[] = {1e-30f, 1e-10f, 1e10f, 1e30f};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        fill(&s, 7);
        for (size_t i = 0; i < N * LD; i++) s.x[i] *= sizes[k];
        must(fit(&p, &s.rows, NAN, &err), &err);
        for (size_t i = 0; i < 4 * (D + 1); i++) cr_assert(isfinite(p.w[i]), "size %g", (double)sizes[k]);
        wn_probe_free(&p);
    }
    fill(&s, 7);
    for (size_t i = 0; i < N * LD; i++) s.x[i] *= 1e-30f;
    refused(&s, &(wn_probe_opts){.c = 1e-300}, "not a finite number");
}

typedef struct {
    sample s;
    wn_probe p[8];
} several;

static void fit_one(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    several *v = ctx;
    for (size_t i = begin; i < end; i++) {
        wn_err err = {0};
        must(fit(&v->p[i], &v->s.rows, NAN, &err), &err);
    }
}

Test(probe, gives_the_same_bits_at_once_and_alone) {
    static several v;
    wn_probe alone;
    wn_err err = {0};
    fill(&v.s, 8);
    wn_threads_set(1);
    must(fit(&alone, &v.s.rows, NAN, &err), &err);
    wn_threads_set(4);
    wn_parallel_for(8, 1, fit_one, &v);
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(memcmp(&v.p[i].c, &alone.c, sizeof alone.c), 0);
        cr_assert_eq(memcmp(v.p[i].w, alone.w, CLASSES * (D + 1) * sizeof *alone.w), 0);
        wn_probe_free(&v.p[i]);
    }
    wn_probe_free(&alone);
}

Test(probe, survives_failing_allocations) {
    sample s;
    fill(&s, 9);
    float probs[N * CLASSES];
    const size_t before = wn_mem_held();
    for (int forever = 0; forever < 2; forever++)
        for (long after = 0;; after++) {
            wn_probe p = {0};
            wn_err err = {0};
            wn_mem_fail_after(after, forever);
            wn_code code = fit(&p, &s.rows, NAN, &err);
            if (code == WN_OK) code = wn_probe_predict(&p, s.x, LD, N, probs, &err);
            const long made = wn_mem_count();
            wn_mem_fail_after(-1, false);
            wn_probe_free(&p);
            cr_assert_eq(wn_mem_held(), before, "allocation %ld: something is held", after);
            if (code == WN_OK) {
                cr_assert_geq(after, made);
                break;
            }
            cr_assert(code == WN_EMEMORY && err.code == WN_EMEMORY && err.msg[0], "allocation %ld", after);
        }
}

Test(probe, keeps_to_a_memory_limit) {
    sample s;
    wn_err err = {0};
    fill(&s, 10);
    const size_t before = wn_mem_held();
    wn_code code = WN_EMEMORY;
    for (size_t limit = 1000; code != WN_OK; limit += 500) {
        wn_probe p = {0};
        wn_mem_limit(before + limit);
        code = fit(&p, &s.rows, 1, &err);
        cr_assert(code == WN_OK || code == WN_EMEMORY, "%s", err.msg);
        cr_assert(code == WN_EMEMORY || limit > 10000);
        wn_probe_free(&p);
        cr_assert_eq(wn_mem_held(), before);
    }
    wn_mem_limit(0);
}

static void interrupt(int signal) { wn_interrupt_raise(signal); }

Test(probe, hears_an_interruption_amid_the_steps) {
    sample s;
    wn_err err = {0};
    fill(&s, 11);
    const struct itimerval soon = {.it_value = {.tv_usec = 2000}};
    (void)signal(SIGALRM, interrupt);
    cr_assert_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
    wn_code code = WN_OK;
    for (size_t i = 0; code == WN_OK && i < 100000; i++) {
        wn_probe p = {0};
        code = fit(&p, &s.rows, 1, &err);
        wn_probe_free(&p);
    }
    cr_assert_eq(code, WN_EINTERRUPT);
}
