/* embed with a model when memory runs out: an error each time, no output, and no part without vectors. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/config.h>
#include <winnow/mem.h>

static char folder[64], input[96], output[96], part[128], model[512];

static void begin(void) {
    const char *data = getenv("WINNOW_DATA");
    (void)snprintf(model, sizeof model, "%s/models/tiny-random-bert", data ? data : "../shared/data");
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-test.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(input, sizeof input, "%s/rows.jsonl", folder);
    (void)snprintf(output, sizeof output, "%s/x.h5ad", folder);
    (void)snprintf(part, sizeof part, "%s/.x.h5ad.winnow.part", folder);
    FILE *f = fopen(input, "w");
    cr_assert(f);
    for (size_t i = 0; i < 40; i++) (void)fprintf(f, "{\"text\": \"stone %zu\"}\n", i % 30);
    cr_assert_eq(fclose(f), 0);
}

static void end(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(model_faults, .init = begin, .fini = end, .timeout = 240);

Test(model_faults, out_of_memory_is_an_error_and_leaves_no_output) {
    const char *inputs[] = {input}, *fields[] = {"text"};
    wn_config c = {.inputs = inputs, .ninputs = 1, .output = output, .text_fields = fields, .ntext_fields = 1,
                   .encoder = WN_ENC_BERT, .model = model, .all_layers = true, .verify = 5, .seed = 1, .resume = true,
                   .memory = (size_t)1 << 40, .command_line = "winnow embed", .json = "{}"};
    wn_io io = {0};
    char config[600];
    (void)snprintf(config, sizeof config, "%s/config.json", model);
    if (access(config, R_OK) != 0) cr_skip_test("no %s (WINNOW_DATA names the folder of test data)", model);
    size_t failed = 0, wrong = 0, left = 0;
    wn_err err = {0};
    cr_assert_eq(wn_embed(&c, &io, &err), WN_OK, "%s", err.msg); /* libraries set themselves up */
    wn_mem_fail_after(-1, false);
    c.overwrite = true;
    (void)unlink(output);
    wn_code code = WN_EMEMORY;
    for (long n = 0; code != WN_OK && n < 100000;
         n += 1 + n / 40) { /* every allocation at first, then in growing steps */
        for (int forever = 0; forever < 2; forever++) {
            err = (wn_err){0};
            c.resume = n % 3 == 0;
            wn_mem_fail_after(n, forever);
            code = wn_embed(&c, &io, &err);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) { /* what may do without memory did */
                (void)unlink(output);
                continue;
            }
            failed++;
            wrong += code != WN_EMEMORY || err.msg[0] == 0;
            left += access(output, F_OK) == 0;
        }
    }
    cr_expect_eq(code, WN_OK, "it never succeeded");
    cr_expect_gt(failed, 50);
    cr_expect_eq(wrong, 0, "%zu of %zu failures were no WN_EMEMORY with a message", wrong, failed);
    cr_expect_eq(left, 0, "%zu failures left an output", left);
    cr_expect_neq(access(part, F_OK), 0, "the part is still there");
}
