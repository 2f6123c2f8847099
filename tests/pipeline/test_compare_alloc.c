/* winnow compare, with the Nth allocation failing once and with all from the Nth on: a clear error, or all of it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <winnow/config.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

static char folder[64];

static void write_records(const char *path, size_t n) {
    static const char *const words[] = {"river", "stone", "bird", "light", "house", "green", "market", "music"};
    FILE *f = fopen(path, "w");
    cr_assert(f);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(f, "{\"text\": \"%s %s %s\", \"label\": \"%zu\"}\n", words[i % 8], words[i / 8 % 8],
                      words[(i * 5 + i / 3) % 8], i % 3);
    cr_assert_eq(fclose(f), 0);
}

static void clear(const char *name) {
    char shell[160];
    (void)snprintf(shell, sizeof shell, "rm -rf %s/%s", folder, name);
    cr_assert_eq(system(shell), 0);
}

/* model: it is trained on every subset; NULL: the probe learns. */
static void sweep(const char *model) {
    char input[96], output[96];
    const char *inputs[] = {input}, *fields[] = {"text"};
    static const wn_size_opts k[] = {{.k = 5}};
    static const char *freeze[] = {"word_embeddings"};
    static const wn_method methods[] = {
        {.name = "random", .objective = WN_RANDOM, .dedup = WN_DEDUP_OFF, .baseline = true},
        {.name = "dedup+random", .kind = WN_METHOD_DEDUP_RANDOM, .objective = WN_RANDOM, .dedup = WN_DEDUP_EXACT,
         .baseline = true},
        {.name = "full", .kind = WN_METHOD_FULL, .baseline = true},
        {.name = "cut", .objective = WN_GRAPH_CUT, .lambda = NAN, .gamma = NAN, .dedup = WN_DEDUP_NEAR,
         .dedup_threshold = .99},
        {.name = "by label", .kind = WN_METHOD_BALANCED, .objective = WN_RANDOM, .dedup = WN_DEDUP_EXACT},
        {.name = "long", .kind = WN_METHOD_LONGEST, .objective = WN_RANDOM, .dedup = WN_DEDUP_EXACT}};
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-compare.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(input, sizeof input, "%s/rows.jsonl", folder);
    (void)snprintf(output, sizeof output, "%s/out", folder);
    write_records(input, 36);
    wn_config c = {.inputs = inputs, .ninputs = 1, .output = output, .text_fields = fields, .ntext_fields = 1,
                         .label_field = "label", .dims = 6, .min_df = 1, .iterations = 2, .test_percent = 25,
                         .budgets = k, .nbudgets = 1, .methods = methods, .nmethods = 6, .seeds = 1,
                         .repeat_training = 1, .pool_share = 80, .label_noise = 10, .seed = 1,
                         .command_line = "winnow compare", .json = "{}"};
    if (model) {
        c.learner = WN_LEARNER_FINETUNE, c.train_model = model, c.same_steps = true, c.max_tokens = 12;
        c.nmethods = 3, c.label_noise = 0, c.memory = (size_t)1 << 40;
        c.finetune = (wn_finetune_opts){.epochs = 1, .batch = 4, .accumulate = 1, .lr = 1e-3, .clip = 1,
                                        .dropout = NAN, .class_weights = WN_WEIGHTS_BALANCED, .freeze = freeze,
                                        .nfreeze = 1};
    }
    wn_io io = {0};
    wn_err err = {0};
    wn_threads_set(1);
    wn_mem_fail_after(-1, false);
    cr_assert_eq(wn_compare(&c, &io, &err), WN_OK, "%s", err.msg);
    long total = wn_mem_count(), step = total / 150 + 1;
    cr_assert_gt(total, 50);
    clear("out");
    for (int forever = 0; forever < 2; forever++)
        for (long n = 0; n < total; n += step) {
            err = (wn_err){0};
            wn_mem_fail_after(n, forever);
            wn_code code = wn_compare(&c, &io, &err);
            wn_mem_fail_after(-1, false);
            /* the last ones are of the summary, which may be left out */
            cr_assert(code == WN_EMEMORY || (code == WN_OK && (!forever || n + 64 > total)),
                      "allocation %ld of %ld: code %d, \"%s\"", n, total, code, err.msg);
            cr_assert(code == WN_OK || err.msg[0]);
            cr_assert_eq(access(output, F_OK) == 0, code == WN_OK, "allocation %ld: half an output", n);
            clear("out");
            clear(".out.winnow.cells");
        }
    clear("");
}

Test(compare_alloc, any_allocation_may_fail, .timeout = 240) {
    sweep(NULL);
}

Test(compare_alloc, any_allocation_may_fail_while_a_model_is_trained, .timeout = 240) {
    const char *data = getenv("WINNOW_DATA");
    char model[512], config[600];
    (void)snprintf(model, sizeof model, "%s/models/tiny-random-bert", data ? data : "../shared/data");
    (void)snprintf(config, sizeof config, "%s/config.json", model);
    if (access(config, F_OK) != 0) cr_skip_test("no %s (WINNOW_DATA names the folder of test data)", model);
    sweep(model);
}
