/* A whole input in memory-mapped form, and its records given back byte for byte. */
#include <fcntl.h>
#include <signal.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <winnow/progress.h>
#include <wn/rng.h>

#include "records_fixture.h"

static wn_buf copied;
static void leave(void) {
    wn_free(copied.data);
    fixture_leave();
}
TestSuite(corpus, .init = fixture_enter, .fini = leave);

static size_t next_row, headers;
static wn_code copy(void *ctx, size_t row, const char *raw, size_t n, wn_err *err) {
    (void)ctx;
    if (row == SIZE_MAX)
        ++headers;
    else
        cr_assert_eq(row, next_row++);
    return wn_buf_append(&copied, raw, n, err);
}

static wn_code replay(const wn_corpus *c, wn_err *err) {
    copied.len = next_row = headers = 0;
    return wn_corpus_replay(c, copy, NULL, NULL, err);
}

static void expect_copy_equals(const wn_corpus *c, const char *want, size_t n) {
    wn_err e = {0};
    cr_assert_eq(replay(c, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(next_row, c->n);
    cr_assert(copied.len == n && (n == 0 || memcmp(copied.data, want, n) == 0), "%zu bytes became %zu", n, copied.len);
}

static void expect_text(const wn_texts *t, size_t i, const char *want) {
    size_t n = (size_t)(t->off[i + 1] - t->off[i]);
    cr_expect(n == strlen(want) && memcmp(t->base + t->off[i], want, n) == 0, "row %zu: \"%.*s\" is not \"%s\"", i,
              (int)n, t->base + t->off[i], want);
}

static const char sample[] = "{\"id\":\"a\",\"text\":\"one\",\"y\":\"pos\",\"w\":1}\n"
                             "{\"id\":7,\"text\":\" \\t\",\"y\":null,\"w\":2.5}\r\n"
                             "{\"id\":\"b\",\"text\":\"caf\\u00e9\",\"y\":3,\"w\":0}\n"
                             "{\"id\":\"c\",\"text\":\"\",\"y\":\"pos\",\"w\":1e1}";

Test(corpus, holds_everything_of_the_records) {
    const char *path = "a.jsonl";
    put_text(path, sample);
    wn_corpus c;
    wn_err e = {0};
    wn_records_opts o = {.paths = &path, .npaths = 1, .label_field = "y", .id_field = "id"};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert(c.n == 4 && c.texts.n == 4 && c.ids.n == 4 && c.nlabels == 2 && c.nsources == 1);
    expect_text(&c.texts, 0, "one");
    expect_text(&c.texts, 2, "caf\xC3\xA9");
    expect_text(&c.ids, 1, "7");
    cr_assert_str_eq(c.labels[0], "pos");
    cr_assert_str_eq(c.labels[1], "3");
    cr_assert(c.label[0] == 0 && c.label[1] == UINT32_MAX && c.label[2] == 1 && c.label[3] == 0);
    cr_assert(c.line[3] == 4 && c.file[3] == 0 && c.offset[1] == 40 && c.length[1] == 40);
    cr_assert(c.empty == 2 && c.skipped == 0);
    unsigned char sum[32];
    char hex[65];
    SHA256((const unsigned char *)sample, sizeof sample - 1, sum);
    for (int i = 0; i < 32; ++i) (void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    cr_assert_str_eq(c.sources[0].sha256, hex);
    cr_assert(c.sources[0].bytes == sizeof sample - 1 && c.sources[0].records == 4 && c.sources[0].format == WN_JSONL);
    char number[24];
    size_t len = 0;
    const char *id = wn_corpus_id(&c, 3, number, &len);
    cr_assert(len == 1 && *id == 'c');
    expect_copy_equals(&c, sample, sizeof sample - 1);
    wn_corpus_free(&c);
    cr_assert(c.n == 0 && !c.texts.off);
    o.id_field = o.label_field = NULL;
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK);
    id = wn_corpus_id(&c, 3, number, &len);
    cr_assert(!c.label && c.ids.n == 0 && len == 1 && *id == '3');
    wn_corpus_free(&c);
    wn_corpus_free(NULL);
}

/* Line ends, byte order marks, quotes, a missing last line end: the copy is the file, plain, in gzip and in zstd. */
Test(corpus, replay_is_the_file_byte_for_byte) {
    static const struct {
        const char *name, *content;
        size_t headers;
    } cases[] = {
        {"a.jsonl", "{\"text\":\"x\"}\r\n{\"text\":\"y\"}", 0},
        {"b.jsonl", "\xEF\xBB\xBF {\"text\":\"x\"} \n{\"text\":\"y\"}\n", 0},
        {"c.csv", "\xEF\xBB\xBFn,text\r\n1,\"a\r\n\"\"b\"\"\n\"\r\n2,c", 1},
        {"d.csv", "text\n\"\n\n\n\"\n\"\"\n", 1},
        {"e.csv", "\n\r\ntext\na\n", 1},
        {"f.tsv", "text\ty\r\n\t\r\n\"\t\"\n", 1},
        {"g.txt", "\n\r\n  \nx\ny", 0},
        {"h.csv", "text", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        for (int packing = 0; packing < 3; ++packing) {
            char name[32];
            const char *path = name;
            size_t n = strlen(cases[i].content);
            (void)snprintf(name, sizeof name, "%s%s", cases[i].name, packing == 1 ? ".gz" : packing == 2 ? ".zst" : "");
            if (packing == 0) put_bytes(path, cases[i].content, n);
            if (packing == 1) put_gzip(path, "wb", cases[i].content, n);
            if (packing == 2) put_zstd(path, "w", cases[i].content, n);
            wn_corpus c;
            wn_err e = {0};
            cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1}, NULL, &e), WN_OK, "%s: %s",
                         path, e.msg);
            expect_copy_equals(&c, cases[i].content, n);
            cr_assert_eq(headers, cases[i].headers, "%s", path);
            wn_corpus_free(&c);
        }
}

/* Random quoted tables written by simple rules come back cell by cell and byte by byte. */
Test(corpus, random_csv) {
    wn_rng r = wn_rng_init(11, 0);
    static const char alphabet[] = "ab \",\n\r\t";
    for (int t = 0; t < 300; ++t) {
        wn_buf file = {0}, texts = {0};
        size_t rows = (size_t)wn_rng_below(&r, 20), ends[21] = {0};
        const char *path = "r.csv";
        cr_assert_eq(wn_buf_append(&file, "n,text\n", 7, &(wn_err){0}), WN_OK);
        for (size_t i = 0; i < rows; ++i) {
            cr_assert_eq(wn_buf_append(&file, "7,\"", 3, &(wn_err){0}), WN_OK);
            for (uint64_t k = wn_rng_below(&r, 12); k; --k) {
                char ch = alphabet[wn_rng_below(&r, sizeof alphabet - 1)];
                cr_assert_eq(wn_buf_append(&texts, &ch, 1, &(wn_err){0}), WN_OK);
                cr_assert_eq(wn_buf_append(&file, "\"\"", ch == '"' ? 2 : 0, &(wn_err){0}), WN_OK);
                if (ch != '"') cr_assert_eq(wn_buf_append(&file, &ch, 1, &(wn_err){0}), WN_OK);
            }
            ends[i + 1] = texts.len;
            size_t end = i + 1 == rows ? (size_t)wn_rng_below(&r, 3) : 1 + (size_t)wn_rng_below(&r, 2);
            cr_assert_eq(wn_buf_append(&file, "\"", 1, &(wn_err){0}), WN_OK);
            cr_assert_eq(wn_buf_append(&file, end == 2 ? "\r\n" : "\n", end, &(wn_err){0}), WN_OK);
        }
        put_bytes(path, file.data, file.len);
        wn_corpus c;
        wn_err e = {0};
        cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1}, NULL, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(c.n, rows);
        for (size_t i = 0; i <= rows; ++i) cr_assert_eq(c.texts.off[i], ends[i]);
        cr_assert(texts.len == 0 || memcmp(c.texts.base, texts.data, texts.len) == 0);
        expect_copy_equals(&c, file.data, file.len);
        wn_corpus_free(&c);
        wn_free(file.data);
        wn_free(texts.data);
    }
}

Test(corpus, duplicate_ids_name_both_places) {
    static const char *const paths[] = {"a.jsonl", "b.csv"};
    wn_corpus c;
    wn_err e = {0};
    put_text(paths[0], "{\"text\":\"x\",\"id\":\"k1\"}\n\n{\"text\":\"y\",\"id\":12}\n");
    put_text(paths[1], "id,text\nk2,x\n12,y\n");
    wn_records_opts o = {.paths = paths, .npaths = 2, .id_field = "id"};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_EINPUT);
    cr_assert_str_eq(e.msg, "b.csv:3: id \"12\" is also that of a.jsonl:3; ids must differ");
    cr_assert(c.n == 0 && !c.sources && !c.impl);
}

Test(corpus, many_ids_and_labels) {
    enum { N = 30000 };
    const char *path = "a.tsv";
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs("text\tid\ty\n", f) >= 0);
    for (int i = 0; i < N; ++i) cr_assert(fprintf(f, "t%d\tid-%d\tlabel %d\n", i, i, i * 7919 % 1000) > 0);
    cr_assert_eq(fclose(f), 0);
    wn_corpus c;
    wn_err e = {0};
    wn_records_opts o = {.paths = &path, .npaths = 1, .id_field = "id", .label_field = "y"};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert(c.n == N && c.nlabels == 1000);
    size_t wrong = 0;
    for (int i = 0; i < N; ++i) {
        char want[32];
        (void)snprintf(want, sizeof want, "label %d", i * 7919 % 1000);
        wrong += strcmp(c.labels[c.label[i]], want) != 0 || c.line[i] != (uint64_t)i + 2;
    }
    cr_assert_eq(wrong, 0);
    wn_corpus_free(&c);
}

Test(corpus, skipped_records_are_counted_and_left_out_of_the_copy) {
    const char *path = "a.jsonl";
    put_text(path, "{\"text\":\"1\"}\nbad\n{\"text\":\"2\"}\n{\"text\":\"3\"}\n");
    wn_corpus c;
    wn_err e = {0};
    wn_records_opts o = {.paths = &path, .npaths = 1, .skip_path = "skip", .limit = 2};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert(c.n == 2 && c.skipped == 1 && c.sources[0].bytes == 43, "the checksum is of the whole file");
    expect_copy_equals(&c, "{\"text\":\"1\"}\n{\"text\":\"2\"}\n", 26);
    wn_corpus_free(&c);
}

Test(corpus, sources_not_reached_are_not_listed) {
    static const char *const paths[] = {"a.txt", "b.txt"};
    put_text(paths[0], "1\n2\n3\n");
    put_text(paths[1], "4\n");
    wn_corpus c;
    cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = paths, .npaths = 2, .limit = 2}, NULL, &(wn_err){0}),
                 WN_OK);
    cr_assert(c.n == 2 && c.nsources == 1 && strlen(c.sources[0].sha256) == 64 && c.sources[0].bytes == 6);
    expect_copy_equals(&c, "1\n2\n", 4);
    wn_corpus_free(&c);
}

Test(corpus, a_changed_input_is_noticed) {
    const char *path = "a.jsonl";
    static const char *const later[] = {"{\"text\":\"x\"}\n{\"text\":\"z\"}\n", /* same length */
                                        "{\"text\":\"x\"}\n",                   /* cut */
                                        "{\"text\":\"x\"}\n{\"text\":\"y\"}\n{\"text\":\"more\"}\n"};
    for (size_t i = 0; i < 3; ++i) {
        wn_corpus c;
        wn_err e = {0};
        put_text(path, "{\"text\":\"x\"}\n{\"text\":\"y\"}\n");
        cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1}, NULL, &(wn_err){0}), WN_OK);
        put_text(path, later[i]);
        cr_expect_eq(replay(&c, &e), WN_EIO, "case %zu", i);
        cr_expect_str_eq(e.msg, "a.jsonl has changed since it was read; run the command again");
        cr_assert_eq(unlink(path), 0);
        cr_expect_eq(replay(&c, &e), WN_EIO);
        wn_corpus_free(&c);
    }
}

/* ---- standard input ---- */

/* Makes standard input a pipe into which a child writes, a few bytes at a time. */
static pid_t pipe_in(const char *data, size_t n, size_t piece) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        (void)close(ends[0]);
        for (size_t at = 0; at < n; at += piece)
            if (write(ends[1], data + at, n - at < piece ? n - at : piece) < 0) _exit(1);
        _exit(0);
    }
    cr_assert(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO && close(ends[0]) == 0 && close(ends[1]) == 0);
    return child;
}

Test(corpus, standard_input_through_a_pipe_is_replayed) {
    static const char *const paths[] = {"a.txt", "-"};
    static char packed[4096];
    size_t n = sizeof sample - 1, len = ZSTD_compress(packed, sizeof packed, sample, n, 3);
    put_text(paths[0], "{\"text\":\"from a file\"}\n");
    for (int zstd = 0; zstd < 2; ++zstd) {
        pid_t child = pipe_in(zstd ? packed : sample, zstd ? len : n, zstd ? 1 : 5);
        wn_corpus c;
        wn_err e = {0};
        cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = paths, .npaths = 2, .format = WN_JSONL}, NULL, &e),
                     WN_OK, "%s", e.msg);
        cr_assert(c.n == 5 && c.sources[1].bytes == (zstd ? len : n));
        for (int again = 0; again < 2; ++again) {
            cr_assert_eq(replay(&c, &e), WN_OK, "%s", e.msg);
            cr_assert(copied.len == n + 23 && memcmp(copied.data + 23, sample, n) == 0);
        }
        wn_corpus_free(&c);
        cr_assert_eq(waitpid(child, NULL, 0), child);
    }
}

Test(corpus, empty_standard_input_holds_no_records) {
    const char *path = "-";
    wn_corpus c;
    wn_err e = {0};
    for (wn_format f = WN_JSONL; f <= WN_TXT; ++f) {
        (void)waitpid(pipe_in("", 0, 1), NULL, 0);
        cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1, .format = f}, NULL, &e), WN_OK,
                     "%s", e.msg);
        cr_assert(c.n == 0 && c.texts.n == 0 && c.texts.off && c.texts.off[0] == 0);
        cr_assert_str_eq(c.sources[0].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        expect_copy_equals(&c, "", 0);
        wn_corpus_free(&c);
    }
}

Test(corpus, an_endless_pipe_is_left_at_the_limit) {
    const char *path = "-";
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "1\n2\n3\n", 6), 6); /* and the writer stays open */
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    wn_corpus c;
    wn_records_opts o = {.paths = &path, .npaths = 1, .format = WN_TXT, .limit = 2};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &(wn_err){0}), WN_OK);
    expect_copy_equals(&c, "1\n2\n", 4);
    wn_corpus_free(&c);
}

Test(corpus, a_signal_ends_the_wait_for_a_pipe, .timeout = 10) {
    const char *path = "-";
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    wn_interrupt_install();
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        (void)usleep(100000);
        (void)kill(parent, SIGTERM);
        _exit(0);
    }
    wn_corpus c;
    cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1}, NULL, &(wn_err){0}),
                 WN_EINTERRUPT);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

/* ---- when something fails ---- */

static void sweep(const wn_records_opts *o, bool forever) {
    wn_code code = WN_EMEMORY;
    long at = 0;
    for (; code != WN_OK && at < 2000; ++at) {
        wn_corpus c;
        wn_err e = {0};
        copied.len = next_row = headers = 0;
        wn_mem_fail_after(at, forever);
        code = wn_corpus_read(&c, o, NULL, &e);
        if (code == WN_OK) {
            code = wn_corpus_replay(&c, copy, NULL, NULL, &e);
            wn_mem_fail_after(-1, false);
            wn_corpus_free(&c);
        }
        wn_mem_fail_after(-1, false);
        if (code != WN_OK) cr_assert(code == WN_EMEMORY && strstr(e.msg, "memory"), "%ld: %d %s", at, code, e.msg);
    }
    cr_assert(code == WN_OK && at > 20, "%ld", at);
}

Test(corpus, survives_every_failed_allocation) {
    static const char *const paths[] = {"a.jsonl", "b.csv.gz", "c.tsv.zst"};
    static const char *const fields[] = {"text", "a.b"}, *const absent[] = {"body"};
    put_text(
        paths[0],
        "{\"text\":\"o\\u006ee\",\"a\":{\"b\":[\"x\",\"y\\n\"]},\"id\":\"\\u0061\",\"y\":\"p\\n\",\"w\":1}\nbad\n");
    put_gzip(paths[1], "wb", "text,a.b,id,y,w\n\"1\n2\",b,c,d,3\n", 30);
    put_zstd(paths[2], "w", "text\ta.b\tid\ty\tw\n1\t2\t3\t4\t5\n", 26);
    wn_records_opts o = {.paths = paths,
                         .npaths = 3,
                         .text_fields = fields,
                         .ntext_fields = 2,
                         .label_field = "y",
                         .id_field = "id",
                         .more = {{"w", "--cost-field"}, {"y", "--group-field"}},
                         .nmore = 2,
                         .skip_path = "skip",
                         .overwrite = true};
    sweep(&o, true);
    sweep(&o, false);
    wn_err e = {0};
    wn_code code = WN_EMEMORY;
    o.text_fields = absent;
    o.ntext_fields = 1;
    o.skip_path = NULL;
    for (long at = 0; code == WN_EMEMORY && at < 200; ++at) {
        wn_corpus c;
        wn_mem_fail_after(at, true);
        code = wn_corpus_read(&c, &o, NULL, &e);
        wn_mem_fail_after(-1, false);
    }
    cr_assert(code == WN_EINPUT && strstr(e.msg, "missing field \"body\""), "%d %s", code, e.msg);
}

Test(corpus, paths_and_fields_left_out_survive_every_failed_allocation) {
    static const char *const fields[] = {"m[].t", "m[-1].u", "rare"}, *const unfit[] = {"m"};
    static const char *const gone[] = {"m[].t", "gone"};
    const char *path = "a.jsonl";
    put_text(path, "{\"m\":[{\"ro\\u006ce\":\"a\",\"t\":\"x\\ny\"},{\"role\":\"b\",\"t\":[\"z\"]},{\"t\":null}]}\n"
                   "{\"m\":[{\"t\":\"w\",\"u\":\"v\"}],\"rare\":null,\"y\":1}\n");
    wn_records_opts o = {
        .paths = &path, .npaths = 1, .text_fields = fields, .ntext_fields = 3, .label_field = "y", .role = "a"};
    sweep(&o, true);
    sweep(&o, false);
    wn_err e = {0};
    wn_code code = WN_EMEMORY;
    o.text_fields = unfit;
    o.ntext_fields = 1;
    for (long at = 0; code == WN_EMEMORY && at < 200; ++at) {
        wn_corpus c;
        wn_mem_fail_after(at, true);
        code = wn_corpus_read(&c, &o, NULL, &e);
        wn_mem_fail_after(-1, false);
    }
    cr_assert(code == WN_EINPUT && strstr(e.msg, "Try --text-field \"m[].t\""), "%d %s", code, e.msg);
    o.text_fields = gone, o.ntext_fields = 2;
    wn_corpus c;
    code = wn_corpus_read(&c, &o, NULL, &e);
    cr_assert(code == WN_EINPUT && strstr(e.msg, "a.jsonl:1: missing field \"gone\""), "%d %s", code, e.msg);
}

Test(corpus, a_sink_that_refuses_stops_the_copy) {
    const char *path = "a.txt";
    put_text(path, "1\n2\n");
    wn_corpus c;
    cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1}, NULL, &(wn_err){0}), WN_OK);
    wn_mem_fail_after(0, true);
    copied.len = next_row = 0;
    wn_free(copied.data);
    copied = (wn_buf){0};
    wn_err e = {0};
    wn_code code = wn_corpus_replay(&c, copy, NULL, NULL, &e);
    wn_mem_fail_after(-1, false);
    cr_assert_eq(code, WN_EMEMORY);
    wn_interrupt_raise(2);
    cr_assert_eq(replay(&c, &e), WN_EINTERRUPT);
    wn_interrupt_raise(0);
    wn_corpus_free(&c);
}

Test(corpus, nowhere_to_put_the_texts) {
    const char *path = "a.txt";
    put_text(path, "1\n");
    cr_assert_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
    wn_corpus c;
    wn_err e = {0};
    cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1}, NULL, &e), WN_EIO);
    cr_assert(strstr(e.msg, "TMPDIR"), "%s", e.msg);
}

Test(corpus, leaves_no_file_behind) {
    const char *path = "a.txt";
    char home[80];
    put_text(path, "1\n");
    (void)snprintf(home, sizeof home, "%s/tmp", fixture_home);
    cr_assert(mkdir(home, 0700) == 0 && setenv("TMPDIR", home, 1) == 0);
    wn_corpus c;
    cr_assert_eq(wn_corpus_read(&c, &(wn_records_opts){.paths = &path, .npaths = 1}, NULL, &(wn_err){0}), WN_OK);
    cr_assert_eq(rmdir(home), 0, "the spool has no name even while it is in use");
    expect_text(&c.texts, 0, "1");
    wn_corpus_free(&c);
}

Test(corpus_of_sst2, comes_back_byte_for_byte) {
    const char *data = getenv("WINNOW_DATA"), *field = "sentence";
    char path[512];
    (void)snprintf(path, sizeof path, "%s/sst2/train.tsv", data ? data : "../shared/data");
    if (access(path, R_OK) != 0) cr_skip_test("%s is not here; WINNOW_DATA says where the data stands", path);
    const char *const paths[] = {path};
    wn_corpus c;
    wn_err e = {0};
    wn_records_opts o = {.paths = paths, .npaths = 1, .text_fields = &field, .ntext_fields = 1, .label_field = "label"};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert(c.n == 67349 && c.nlabels == 2);
    size_t n = 0;
    char *all = get_bytes(path, &n);
    expect_copy_equals(&c, all, n);
    free(all);
    wn_corpus_free(&c);
}
