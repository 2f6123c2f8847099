/* train and score when memory runs out: an error each time, no output, and a checkpoint only whole; and what an
 * interruption leaves. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/config.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

static char folder[64], input[96], output[96], checkpoint[128], trace[96], predictions[96], scores[96], model[512];
static const char *inputs[] = {input}, *fields[] = {"text"}, *freeze[] = {"word_embeddings"};
static const wn_lr_group groups[] = {{"classifier", 1e-2}};

static void begin(void) {
    const char *data = getenv("WINNOW_DATA");
    (void)snprintf(model, sizeof model, "%s/models/tiny-random-bert", data ? data : "../shared/data");
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-test.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(input, sizeof input, "%s/rows.jsonl", folder);
    (void)snprintf(output, sizeof output, "%s/m", folder);
    (void)snprintf(checkpoint, sizeof checkpoint, "%s/.m.winnow.train", folder);
    (void)snprintf(trace, sizeof trace, "%s/trace", folder);
    (void)snprintf(predictions, sizeof predictions, "%s/p.jsonl", folder);
    (void)snprintf(scores, sizeof scores, "%s/scores.json", folder);
    FILE *f = fopen(input, "w");
    cr_assert(f);
    for (size_t i = 0; i < 20; i++)
        (void)fprintf(f, "{\"text\": \"stone %zu\", \"label\": \"%s\"}\n", i, i % 3 ? "some" : "other");
    cr_assert_eq(fclose(f), 0);
    wn_threads_set(1);
}

static void clear(const char *path) {
    char command[160];
    (void)snprintf(command, sizeof command, "rm -rf %s", path);
    cr_assert_eq(system(command), 0);
}

static void end(void) { clear(folder); }

static bool there(const char *path) { return access(path, F_OK) == 0; }

/* Without the test data there is nothing to train. */
static bool has_model(void) {
    char config[600];
    (void)snprintf(config, sizeof config, "%s/config.json", model);
    return there(config);
}

static wn_config training(void) {
    return (wn_config){.inputs = inputs, .ninputs = 1, .output = output, .text_fields = fields, .ntext_fields = 1,
                       .label_field = "label", .model = model, .seed = 1, .memory = (size_t)1 << 40,
                       .task = WN_TASK_CLASSIFY, .log_path = trace, .command_line = "winnow train", .json = "{}",
                       .finetune = {.epochs = 2, .batch = 4, .accumulate = 2, .lr = 1e-3, .weight_decay = 0.01,
                                    .clip = 1, .dropout = NAN, .warmup = {10, true},
                                    .class_weights = WN_WEIGHTS_BALANCED, .freeze = freeze, .nfreeze = 1,
                                    .lr_groups = groups, .nlr_groups = 1, .dev_percent = 20, .patience = 2,
                                    .checkpoint_every = 2}};
}

/* Bytes of the weights that training left. */
static size_t weights(char *bytes, size_t size) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/model.safetensors", output);
    FILE *f = fopen(path, "r");
    cr_assert(f);
    size_t n = fread(bytes, 1, size, f);
    (void)fclose(f);
    return n;
}

enum { WEIGHTS = 1 << 20 };
static char expected[WEIGHTS], got[WEIGHTS];

/* Stops training at its second step. */
static size_t reports;
static void stop_soon(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total) {
    (void)p, (void)unit, (void)total;
    if (strcmp(stage, "train") == 0 && done >= 8 && reports++ == 0) wn_interrupt_raise(2);
}

TestSuite(finetune_faults, .init = begin, .fini = end, .timeout = 240);

Test(finetune_faults, an_interruption_leaves_what_resumes) {
    wn_progress p = {.report = stop_soon};
    wn_io quiet = {0}, io = {.progress = &p};
    wn_err err = {0};
    wn_config c = training();
    if (!has_model()) cr_skip_test("no %s (WINNOW_DATA names the folder of test data)", model);
    cr_assert_eq(wn_train(&c, &quiet, &err), WN_OK, "%s", err.msg);
    size_t n = weights(expected, WEIGHTS);
    cr_assert_lt(n, WEIGHTS);
    clear(output);
    clear(trace);
    cr_assert_eq(wn_train(&c, &io, &err), WN_EINTERRUPT);
    wn_interrupt_raise(0);
    cr_assert_str_eq(err.msg, "interrupted at step 1 of 4; --resume goes on from there");
    cr_assert(there(checkpoint) && !there(output));
    cr_assert_eq(wn_train(&c, &quiet, &err), WN_EUSAGE);
    c.resume = true;
    /* memory runs out at every allocation of the resumed run: the checkpoint stays */
    for (long at = 0; at < 100000; at += 1 + at / 40) {
        wn_mem_fail_after(at, at % 2);
        wn_code code = wn_train(&c, &quiet, &err);
        wn_mem_fail_after(-1, false);
        if (code == WN_OK) break;
        cr_assert_eq(code, WN_EMEMORY, "allocation %ld: %s", at, err.msg);
        cr_assert(there(checkpoint) && !there(output));
    }
    cr_assert(there(output) && !there(checkpoint));
    cr_assert_eq(weights(got, WEIGHTS), n);
    cr_assert_eq(memcmp(expected, got, n), 0, "other weights than without the interruption");
}

Test(finetune_faults, training_out_of_memory_leaves_no_output) {
    wn_io io = {0};
    wn_err err = {0};
    wn_config c = training();
    if (!has_model()) cr_skip_test("no %s (WINNOW_DATA names the folder of test data)", model);
    cr_assert_eq(wn_train(&c, &io, &err), WN_OK, "%s", err.msg); /* libraries set themselves up */
    size_t failed = 0, wrong = 0, left = 0;
    wn_code code = WN_EMEMORY;
    for (long n = 0; code != WN_OK && n < 100000; n += 1 + n / 40)
        for (int forever = 0; forever < 2; forever++) {
            clear(output);
            clear(trace);
            clear(checkpoint);
            err = (wn_err){0};
            wn_mem_fail_after(n, forever);
            code = wn_train(&c, &io, &err);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) continue;
            failed++;
            wrong += code != WN_EMEMORY || err.msg[0] == 0;
            left += there(output);
        }
    cr_expect_eq(code, WN_OK, "it never succeeded");
    cr_expect_gt(failed, 100);
    cr_expect_eq(wrong, 0, "%zu of %zu failures were no WN_EMEMORY with a message", wrong, failed);
    cr_expect_eq(left, 0, "%zu failures left an output", left);
}

static void swallow(void *ctx, const char *text) { *(size_t *)ctx += strlen(text); }

Test(finetune_faults, scoring_out_of_memory_leaves_no_output) {
    size_t printed = 0, failed = 0;
    wn_io io = {.print = swallow, .ctx = &printed};
    wn_err err = {0};
    wn_config c = training();
    if (!has_model()) cr_skip_test("no %s (WINNOW_DATA names the folder of test data)", model);
    cr_assert_eq(wn_train(&c, &io, &err), WN_OK, "%s", err.msg);
    c = (wn_config){.inputs = inputs, .ninputs = 1, .text_fields = fields, .ntext_fields = 1, .label_field = "label",
                    .model = output, .predictions = predictions, .metrics = scores};
    wn_code code = WN_EMEMORY;
    for (long n = 0; code != WN_OK && n < 100000; n += 1 + n / 40)
        for (int forever = 0; forever < 2; forever++) {
            clear(predictions);
            clear(scores);
            printed = 0;
            err = (wn_err){0};
            wn_mem_fail_after(n, forever);
            code = wn_score(&c, &io, &err);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) continue;
            failed++;
            cr_assert(code == WN_EMEMORY && err.msg[0], "allocation %ld: code %d, %s", n, code, err.msg);
            cr_assert(printed == 0 && !there(scores), "allocation %ld: something is there", n);
        }
    cr_expect_eq(code, WN_OK, "it never succeeded");
    cr_expect_gt(failed, 60);
}
