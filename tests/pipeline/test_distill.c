/* A table of a small model: its rows against the model's own vectors, and what memory, an interruption and a file that
 * is wrong do to it. */
#include "distill/distill.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/config.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

static char folder[64], output[96], model[512];

static void begin(void) {
    const char *data = getenv("WINNOW_DATA");
    (void)snprintf(model, sizeof model, "%s/models/tiny-random-bert", data ? data : "../shared/data");
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-test.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(output, sizeof output, "%s/table", folder);
}

static void end(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(distill, .init = begin, .fini = end, .timeout = 240);

static void need_model(void) {
    char config[600];
    (void)snprintf(config, sizeof config, "%s/config.json", model);
    if (access(config, R_OK) != 0) cr_skip_test("no %s (WINNOW_DATA names the folder of test data)", model);
}

static wn_config a_config(void) {
    return (wn_config){.model = model, .output = output, .dims = 8, .memory = (size_t)1 << 40, .seed = 1,
                       .command_line = "winnow distill", .json = "{}"};
}

static bool is_empty(void) {
    return rmdir(folder) == 0 && mkdir(folder, 0700) == 0;
}

/* The model's vectors of the pieces, one by one: [n, hidden]. */
static float *model_vectors(const wn_distilled *d) {
    const wn_model_config *config = &d->config;
    const wn_bert_opts o = {.precision = WN_PREC_F32, .layer = -1, .pooling = d->pooling, .config = config};
    const wn_tok_specials special = wn_tok_special_ids(d->tok);
    const size_t off[] = {0, 3};
    float *x = malloc(d->n * config->hidden * sizeof *x);
    wn_bert *m = NULL;
    wn_err err = {0};
    cr_assert(x);
    cr_assert_eq(wn_bert_open(&m, d->dir, &o, &err), WN_OK, "%s", err.msg);
    for (size_t i = 0; i < d->n; i++) {
        const uint32_t ids[] = {special.cls, d->ids[i], special.sep};
        const wn_token_batch b = {.ids = ids, .offsets = off, .n = 1};
        cr_assert_eq(wn_bert_forward(m, &b, x + i * config->hidden, config->hidden, NULL, &err), WN_OK);
    }
    wn_bert_close(m);
    return x;
}

static double apart(const float *x, size_t d, size_t i, size_t k, double scale_i, double scale_k) {
    double sum = 0;
    for (size_t j = 0; j < d; j++) sum += pow((double)x[i * d + j] * scale_i - (double)x[k * d + j] * scale_k, 2);
    return sqrt(sum);
}

/* On all axes a row is the model's vector, moved and turned, times the logarithm of one and the place: what is apart
 * there is as far apart here. */
Test(distill, rows_are_the_models_vectors_turned_and_weighted) {
    const wn_distill_opts o = {.model = model, .dims = 1000, .weights = WN_TOKENS_ZIPF};
    wn_distilled d = {0};
    wn_err err = {0};
    need_model();
    cr_assert_eq(wn_distill_open(&d, &o, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(wn_distill_rows(&d, &o, NULL, &err), WN_OK, "%s", err.msg);
    cr_expect_eq(d.dims, d.config.hidden);
    cr_expect_float_eq(d.explained, 1, 1e-9);
    float *x = model_vectors(&d);
    size_t compared = 0;
    for (size_t i = 2; i < d.n; i += 41)
        for (size_t k = 2; k < i; k += 17, compared++) {
            if (d.ids[i] == wn_tok_special_ids(d.tok).unk || d.ids[k] == wn_tok_special_ids(d.tok).unk) continue;
            cr_expect_float_eq(apart(d.rows, d.dims, i, k, 1 / log((double)i + 1), 1 / log((double)k + 1)),
                               apart(x, d.dims, i, k, 1, 1), 1e-5, "rows %zu and %zu", i, k);
        }
    cr_expect_gt(compared, 100);
    for (size_t i = 0; i < d.n; i++) {
        double sum = 0;
        for (size_t j = 0; j < d.dims; j++) sum += fabs((double)d.rows[i * d.dims + j]);
        const wn_tok_specials special = wn_tok_special_ids(d.tok);
        if (i > 0) cr_expect_eq(sum == 0, d.ids[i] == special.unk || d.ids[i] == special.pad, "row %zu", i);
    }
    free(x);
    wn_distilled_free(&d);
}

Test(distill, out_of_memory_is_an_error_and_leaves_nothing) {
    wn_config c = a_config();
    wn_io io = {0};
    wn_err err = {0};
    size_t failed = 0, wrong = 0, left = 0;
    need_model();
    wn_code code = WN_EMEMORY;
    for (long n = 0; code != WN_OK && n < 100000; n += 1 + n / 30) {
        err = (wn_err){0};
        wn_mem_fail_after(n, n % 2);
        code = wn_distill(&c, &io, &err);
        wn_mem_fail_after(-1, false);
        if (code == WN_OK) break;
        failed++;
        wrong += code != WN_EMEMORY || err.msg[0] == 0;
        left += !is_empty();
    }
    cr_expect_eq(code, WN_OK, "it never succeeded");
    cr_expect_gt(failed, 30);
    cr_expect_eq(wrong, 0, "%zu of %zu failures were no WN_EMEMORY with a message", wrong, failed);
    cr_expect_eq(left, 0, "%zu failures left something", left);
}

typedef struct {
    wn_progress progress;
    const char *stage;
} stopping;

static void stop_at(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total) {
    const stopping *s = p->ctx;
    (void)unit, (void)done, (void)total;
    if (strcmp(stage, s->stage) == 0) wn_interrupt_raise(2);
}

Test(distill, an_interruption_at_any_stage_leaves_nothing) {
    static const char *const stages[] = {"distill", "components"};
    need_model();
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        stopping s = {.progress = {.report = stop_at}, .stage = stages[i]};
        wn_config c = a_config();
        wn_io io = {.progress = &s.progress};
        wn_err err = {0};
        s.progress.ctx = &s;
        const wn_code code = wn_distill(&c, &io, &err);
        wn_interrupt_raise(0);
        cr_expect_eq(code, WN_EINTERRUPT, "%s: %d", stages[i], (int)code);
        cr_expect(is_empty(), "%s", stages[i]);
    }
}

Test(distill, too_many_dimensions_for_the_tokens_are_refused) {
    char command[1400];
    wn_config c = a_config();
    wn_io io = {0};
    wn_err err = {0};
    need_model();
    (void)snprintf(command, sizeof command,
                   "cp -r %s %s/few && cd %s/few && chmod -R u+w . && rm -f tokenizer.json && "
                   "printf '[PAD]\\n[UNK]\\n[CLS]\\n[SEP]\\n[MASK]\\na\\nb\\n' >vocab.txt",
                   model, folder, folder);
    cr_assert_eq(system(command), 0);
    (void)snprintf(model, sizeof model, "%s/few", folder);
    cr_expect_eq(wn_distill(&c, &io, &err), WN_EUSAGE, "%s", err.msg);
    cr_expect(strstr(err.msg, "--dims 8: the model has 4 tokens"), "%s", err.msg);
}
