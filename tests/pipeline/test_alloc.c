/* Every command, with the Nth allocation failing once and with all from the Nth on: a clear error or a whole result, no
 * crash, no leak (under ASan), nothing left on disk. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/config.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { ROWS = 36, POINTS = 80 }; /* POINTS: about how many allocations of a command are made to fail */

typedef wn_code (*command)(const wn_config *, wn_io *, wn_err *);

static char folder[64], records[96], matrix[96], chosen[96], deduped[96], encoder[96], output[96];
static const char *inputs[1];
static const char *const fields[] = {"text"};

static wn_config config(const char *input) {
    inputs[0] = input;
    return (wn_config){.inputs = inputs, .ninputs = 1, .output = output, .text_fields = (const char **)fields,
                       .ntext_fields = 1, .label_field = "label", .id_field = "id", .dims = 6, .min_df = 1,
                       .dedup = WN_DEDUP_EXACT, .k = 5, .objective = WN_GRAPH_CUT, .similarity = WN_RBF, .lambda = NAN,
                       .gamma = NAN, .iterations = 2, .neighbours = 4,
                       .export_layout = WN_LAYOUT_H5AD,
                       .doc2vec_mode = WN_DM_MEAN, .negative = 5, .seed = 1, .command_line = "winnow run rows.jsonl",
                       .json = "{\"text-field\":[\"text\"],\"order\":\"input\"}"};
}

static void must(command run, const wn_config *c) {
    wn_io io = {0};
    wn_err err = {0};
    cr_assert_eq(run(c, &io, &err), WN_OK, "%s", err.msg);
}

static void begin(void) {
    static const char *const words[] = {"river", "stone", "bird", "light", "house", "green", "market", "music"};
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-alloc.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(records, sizeof records, "%s/rows.jsonl", folder);
    (void)snprintf(matrix, sizeof matrix, "%s/rows.h5ad", folder);
    (void)snprintf(chosen, sizeof chosen, "%s/chosen", folder);
    (void)snprintf(deduped, sizeof deduped, "%s/deduped", folder);
    (void)snprintf(encoder, sizeof encoder, "%s/rows.lsa", folder);
    (void)snprintf(output, sizeof output, "%s/out", folder);
    FILE *f = fopen(records, "w");
    cr_assert(f);
    for (size_t i = 0; i < ROWS; i++)
        (void)fprintf(f, "{\"id\": \"r%zu\", \"text\": \"%s %s %s\", \"label\": \"%zu\"}\n", i, words[i % 8],
                      words[i / 8 % 8], words[(i * 5 + i / 3) % 8], i % 3);
    cr_assert_eq(fclose(f), 0);
    wn_threads_set(1);
    wn_config c = config(records);
    c.output = matrix, c.save_encoder = encoder;
    must(wn_embed, &c);
    c.output = chosen, c.save_encoder = NULL;
    must(wn_run, &c);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void clear(const char *path) { (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

static void end(void) { clear(folder); }

static size_t entries(void) {
    size_t n = 0;
    DIR *d = opendir(folder);
    cr_assert(d);
    for (struct dirent *e; (e = readdir(d));) n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    (void)closedir(d);
    return n;
}

static void swallow(void *ctx, const char *text) { *(size_t *)ctx += strlen(text); }

/* `optional`: the command may do without some of the memory even where all later allocations fail. */
static void sweep_some(const char *name, command run, const wn_config *c, bool optional) {
    size_t printed = 0, before = entries();
    wn_io io = {.say = swallow, .print = swallow, .ctx = &printed};
    wn_err err = {0};
    wn_mem_fail_after(-1, false);
    cr_assert_eq(run(c, &io, &err), WN_OK, "%s: %s", name, err.msg);
    long total = wn_mem_count(), step = total / POINTS + 1;
    clear(output);
    cr_assert_gt(total, 2, "%s allocates %ld times", name, total);
    for (int forever = 0; forever < 2; forever++)
        for (long n = 0; n < total; n += step) {
            err = (wn_err){0};
            wn_mem_fail_after(n, forever);
            wn_code code = run(c, &io, &err);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) clear(output);
            cr_assert(code == WN_EMEMORY || (code == WN_OK && (optional || !forever)),
                      "%s, allocation %ld of %ld%s: code %d, \"%s\"", name, n, total,
                      forever ? " and all after it" : "", code, err.msg);
            cr_assert(code == WN_OK || (err.code == WN_EMEMORY && err.msg[0]), "%s, allocation %ld: no message",
                      name, n);
            cr_assert_eq(entries(), before, "%s, allocation %ld: something was left", name, n);
        }
}

static void sweep(const char *name, command run, const wn_config *c) { sweep_some(name, run, c, false); }

TestSuite(alloc, .init = begin, .fini = end, .timeout = 240);

Test(alloc, embed_lsa) {
    wn_config c = config(records);
    sweep_some("embed", wn_embed, &c, true); /* the hint at a better model may be left out */
}

Test(alloc, embed_with_a_loaded_encoder) {
    wn_config c = config(records);
    c.load_encoder = encoder;
    sweep("embed --load-encoder", wn_embed, &c);
}

Test(alloc, embed_doc2vec) {
    wn_config c = config(records);
    c.encoder = WN_ENC_DOC2VEC, c.min_count = 1, c.epochs = 1;
    sweep("embed --encoder doc2vec", wn_embed, &c);
    c.doc2vec_mode = WN_DBOW, c.dbow_words = c.hierarchical = true, c.negative = 0;
    sweep("embed, dbow with hierarchical softmax", wn_embed, &c);
}

Test(alloc, run_with_ranks_and_near_copies) {
    wn_config c = config(records);
    c.dedup = WN_DEDUP_NEAR, c.dedup_threshold = 0.95;
    c.rank_order = c.annotate = true;
    c.objective = WN_FACILITY_LOCATION;
    sweep_some("run", wn_run, &c, true); /* the hint at a better model may be left out */
}

Test(alloc, dedup) {
    wn_config c = config(records);
    sweep("dedup", wn_dedup, &c);
    c.dedup = WN_DEDUP_NEAR, c.dedup_threshold = 0.7;
    sweep("dedup by cosine", wn_dedup, &c);
    c = config(matrix);
    c.dedup = WN_DEDUP_NEAR, c.dedup_threshold = 0.7;
    sweep("dedup of a matrix", wn_dedup, &c);
}

Test(alloc, graph) {
    wn_config c = config(matrix);
    sweep("graph", wn_graph, &c);
    c.export_layout = WN_LAYOUT_ANN;
    sweep("graph --export ann-benchmarks", wn_graph, &c);
}

Test(alloc, select) {
    static const wn_kernel_kind similarity[] = {WN_RBF, WN_DOT};
    static const int search[] = {WN_DENSE, WN_MATRIX_FREE};
    wn_config c = config(matrix);
    for (size_t i = 0; i < 2; i++) {
        c.similarity = similarity[i], c.maximizer = search[i];
        sweep("select", wn_select_command, &c);
    }
    c.similarity = WN_COSINE, c.maximizer = WN_STORAGE_AUTO, c.objective = WN_FACILITY_LOCATION;
    sweep("select --objective facility-location", wn_select_command, &c);
    c.objective = WN_RANDOM;
    sweep("select --objective random", wn_select_command, &c);
    c.objective = WN_CLASS_HERDING, c.quota = "sqrt", c.push = NAN;
    /* its last allocation is for a note of classes without a row, which may be left out */
    sweep_some("select --objective class-herding", wn_select_command, &c, true);
}

/* Vectors of files with the records that they belong to. */
Test(alloc, limits_of_all_kinds) {
    static const char *have[1];
    wn_config c = config(records);
    c.load_encoder = encoder, c.objective = WN_FACILITY_LOCATION, c.k = 12;
    c.quota = "equal", c.group_field = "id", c.per_group = 1;
    c.budget.value = 30, c.cost_power = 1, c.max_similarity = 1;
    c.start_path = chosen;
    sweep_some("run under limits", wn_run, &c, true);
    c = config(records);
    have[0] = matrix, c.load_encoder = encoder, c.against = have, c.nagainst = 1;
    sweep_some("run beside rows that one has", wn_run, &c, true);
}

Test(alloc, own_vectors) {
    wn_config c = config(records);
    const char *matrices[] = {matrix}, *of[] = {records};
    c.embeddings = matrices, c.nembeddings = 1;
    sweep("run --embeddings", wn_run, &c);
    c = config(matrix);
    c.records = of, c.nrecords = 1, c.rank_order = true;
    sweep("select --records", wn_select_command, &c);
    c.nrecords = 0, c.found_records = of, c.nfound_records = 1;
    sweep("select with records that were found", wn_select_command, &c);
    c = config(records);
    c.load_encoder = encoder, c.shard = 2, c.shards = 3;
    sweep("embed --shard", wn_embed, &c);
}

/* The earlier output stands, whole, whatever fails; it is looked at before it is replaced. */
Test(alloc, replacing) {
    wn_config c = config(records);
    wn_io io = {0};
    size_t before = entries();
    c.output = chosen, c.overwrite = true;
    wn_mem_fail_after(-1, false);
    must(wn_run, &c);
    long total = wn_mem_count(), step = total / POINTS + 1;
    for (long n = 0; n < total; n += step) {
        wn_err err = {0};
        wn_mem_fail_after(n, false);
        wn_code code = wn_run(&c, &io, &err);
        wn_mem_fail_after(-1, false);
        cr_assert(code == WN_EMEMORY || code == WN_OK, "allocation %ld of %ld: code %d, \"%s\"", n, total, code,
                  err.msg);
        cr_assert_eq(entries(), before);
    }
    c = config(chosen);
    must(wn_check, &c);
}

Test(alloc, commands_that_read) {
    wn_config c = config(chosen);
    c.html = output;
    sweep("report", wn_report_command, &c);
    c.html = NULL, c.id = "r3";
    sweep_some("explain", wn_explain, &c, true); /* it answers without the texts where they cannot be read */
    wn_config d = config(records);
    d.output = deduped;
    wn_mem_fail_after(-1, false);
    must(wn_dedup, &d);
    c = config(deduped), c.id = "r3";
    sweep_some("explain of a dedup", wn_explain, &c, true);
    c.html = output;
    sweep("report of a dedup", wn_report_command, &c);
    const char *const paths[] = {chosen, matrix, encoder, records};
    for (size_t i = 0; i < 4; i++) {
        c = config(paths[i]);
        sweep("info", wn_info, &c);
    }
    for (size_t i = 0; i < 4; i++) {
        if (i == 1) continue; /* a matrix is checked in a child process: test_store_faults has it */
        c = config(paths[i]);
        sweep("check", wn_check, &c);
    }
    char rest[128];
    (void)snprintf(rest, sizeof rest, "%s/rest.jsonl", chosen);
    cr_assert_eq(unlink(rest), 0);
    c = config(chosen), c.id = "r3";
    sweep_some("explain from the input", wn_explain, &c, true);
}
