/* run and select inside one process: memory that runs out, interruption, and what is left behind. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/config.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

static char folder[64], input[96], output[96];

static void begin(void) {
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-test.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(input, sizeof input, "%s/rows.jsonl", folder);
    (void)snprintf(output, sizeof output, "%s/out", folder);
    FILE *f = fopen(input, "w");
    cr_assert(f);
    static const char *const words[] = {"river", "stone", "bird", "light", "house", "green", "market", "music"};
    for (size_t i = 0; i < 60; i++)
        (void)fprintf(f, "{\"id\": \"r%zu\", \"text\": \"%s %s %s\", \"label\": \"%zu\"}\n", i, words[i % 8],
                      words[i / 8 % 8], words[(i * 5 + i / 3) % 8], i % 3);
    cr_assert_eq(fclose(f), 0);
}

static size_t entries(void) {
    size_t n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    (void)closedir(d);
    return n;
}

static void end(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(run, .init = begin, .fini = end);

static wn_config config(void) {
    static const char *inputs[1];
    static const char *fields[] = {"text"};
    inputs[0] = input;
    return (wn_config){.inputs = inputs, .ninputs = 1, .output = output, .text_fields = fields, .ntext_fields = 1,
                       .label_field = "label", .id_field = "id", .dims = 8, .min_df = 2, .dedup = WN_DEDUP_EXACT,
                       .k = 9, .objective = WN_GRAPH_CUT, .similarity = WN_RBF, .lambda = NAN, .gamma = NAN,
                       .iterations = 2, .neighbours = 5, .seed = 1,
                       .command_line = "winnow run", .json = "{}"};
}

Test(run, out_of_memory_leaves_nothing, .timeout = 120) {
    wn_config c = config();
    wn_io io = {0};
    long passed = 0, n = 0;
    c.no_verdict = true; /* pipeline_worth walks its own */
    wn_threads_set(1);
    for (;; n++) {
        wn_err err = {0};
        wn_mem_fail_after(n, true);
        wn_code code = wn_run(&c, &io, &err);
        wn_mem_fail_after(-1, false);
        if (code == WN_OK) break;
        passed += code == WN_EMEMORY && err.msg[0] && entries() == 1;
        cr_assert_eq(passed, n + 1, "allocation %ld: code %d, \"%s\", %zu entries", n, code, err.msg, entries());
    }
    cr_assert_gt(n, 50);
    cr_assert_eq(entries(), 2);
}

Test(run, one_failed_allocation_is_no_crash, .timeout = 120) {
    wn_config c = config();
    wn_io io = {0};
    wn_threads_set(1);
    c.overwrite = c.no_verdict = true;
    c.dedup = WN_DEDUP_NEAR, c.dedup_threshold = 0.95, c.rank_order = c.annotate = true;
    for (long n = 0;; n++) {
        wn_err err = {0};
        wn_mem_fail_after(n, false);
        wn_code code = wn_run(&c, &io, &err);
        long made = wn_mem_count();
        wn_mem_fail_after(-1, false);
        cr_assert(code == WN_EMEMORY || code == WN_OK, "allocation %ld: code %d, %s", n, code, err.msg);
        if (code == WN_OK && made <= n) break;
    }
}

typedef struct {
    wn_progress progress;
    size_t ticks, stop_at;
} stopper;

static void count_ticks(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total) {
    stopper *s = (stopper *)p;
    (void)stage, (void)unit, (void)done, (void)total;
    if (s->ticks++ == s->stop_at) wn_interrupt_raise(SIGINT);
}

Test(run, interruption_at_every_tick_leaves_nothing, .timeout = 120) {
    wn_config c = config();
    stopper s = {.progress = {.report = count_ticks}};
    wn_io io = {.progress = &s.progress};
    wn_threads_set(1);
    for (size_t at = 0;; at++) {
        wn_err err = {0};
        s.ticks = 0, s.stop_at = at;
        wn_code code = wn_run(&c, &io, &err);
        wn_interrupt_raise(0);
        if (code == WN_OK) {
            cr_assert_gt(at, 5);
            break;
        }
        cr_assert_eq(code, WN_EINTERRUPT, "tick %zu: code %d, %s", at, code, err.msg);
        cr_assert_eq(entries(), 1, "tick %zu left something", at);
    }
    cr_assert_eq(entries(), 2);
}

Test(run, a_read_only_folder_is_refused_before_the_work) {
    if (geteuid() == 0) cr_skip_test("root may write everywhere");
    wn_config c = config();
    wn_io io = {0};
    wn_err err = {0};
    cr_assert_eq(chmod(folder, 0500), 0);
    cr_expect_eq(wn_run(&c, &io, &err), WN_EIO, "%s", err.msg);
    cr_assert_eq(chmod(folder, 0700), 0);
}
