/* What the records reader takes from a file, and what it says of a bad one. */
#include <sys/stat.h>
#include <winnow/progress.h>

#include "records_fixture.h"

static void leave(void) {
    wn_free(got.data);
    fixture_leave();
}
TestSuite(records, .init = fixture_enter, .fini = leave);

Test(records, jsonl) {
    static const reading cases[] = {
        {"a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n", {0}, NULL, NULL, "one;two;", WN_OK},
        {"a.ndjson", "{\"text\":\"no line end\"}", {0}, NULL, NULL, "no line end;", WN_OK},
        {"a.jsonl",
         "\xEF\xBB\xBF{\"text\":\"mark\"}\r\n\r\n  \n{\"text\":\"crlf\"}\r\n",
         {0},
         NULL,
         NULL,
         "mark;crlf;",
         WN_OK},
        {"a.jsonl",
         "{\"text\":\"\\u00e9\\n\\\"\\\\\\/\\ud83d\\ude00\\t\"}",
         {0},
         NULL,
         NULL,
         "\xC3\xA9\n\"\\/\xF0\x9F\x98\x80\t;",
         WN_OK},
        {"a.jsonl", "{\"b\":\"B\",\"a\":\"A\"}", {"a", "b"}, NULL, NULL, "A B;", WN_OK},
        {"a.jsonl", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", {"a.b.c"}, NULL, NULL, "deep;", WN_OK},
        {"a.jsonl", "{\"a\":{\"b\":\"inner\"},\"a.b\":\"literal\"}", {"a.b"}, NULL, NULL, "literal;", WN_OK},
        {"a.jsonl", "{\"a\":{\"b.c\":\"half\"}}", {"a.b.c"}, NULL, NULL, "half;", WN_OK},
        {"a.jsonl", "{\"a\":{\"x\":1},\"a.b\":{\"c\":\"dotted step\"}}", {"a.b.c"}, NULL, NULL, "dotted step;", WN_OK},
        {"a.jsonl", "{\"s\":[\"one\", \"t\\u0077o\" ,\"three\"]}", {"s"}, NULL, NULL, "one two three;", WN_OK},
        {"a.jsonl", "{\"s\":[],\"t\":\"x\"}", {"s", "t"}, NULL, NULL, " x;", WN_OK},
        {"a.jsonl", "{\"text\":\"first\",\"text\":\"last\"}", {0}, NULL, NULL, "last;", WN_OK},
        {"a.jsonl", "{\"t\\u0065xt\":\"escaped key\"}", {0}, NULL, NULL, "escaped key;", WN_OK},
        {"a.jsonl", "{\"text\":\"\"}\n{\"text\":\"nul \\u0000 kept\"}", {0}, NULL, NULL, ";nul ", WN_OK},
    };
    CHECK_ALL(cases);
}

Test(records, labels_and_ids_of_every_kind) {
    static const reading cases[] = {
        {"l.jsonl",
         "{\"text\":\"a\",\"y\":\"pos\"}\n{\"text\":\"b\",\"y\":\"\"}\n{\"text\":\"c\",\"y\":null}",
         {0},
         "y",
         NULL,
         "a|pos;b;c;",
         WN_OK},
        {"l.jsonl",
         "{\"text\":\"a\",\"y\":1}\n{\"text\":\"b\",\"y\":1.0}\n{\"text\":\"c\",\"y\":10e-1}\n{\"text\":\"d\",\"y\":-"
         "0}",
         {0},
         "y",
         NULL,
         "a|1;b|1;c|1;d|0;",
         WN_OK},
        {"l.jsonl",
         "{\"text\":\"a\",\"y\":0.1}\n{\"text\":\"b\",\"y\":true}\n{\"text\":\"c\",\"y\":false}",
         {0},
         "y",
         NULL,
         "a|0.1;b|true;c|false;",
         WN_OK},
        {"l.jsonl",
         "{\"text\":\"a\",\"i\":\"x\\u0079\"}\n{\"text\":\"b\",\"i\":12345678901234567891}",
         {0},
         NULL,
         "i",
         "a#xy;b#12345678901234567891;",
         WN_OK},
        {"l.csv", "text,y,i\na,1.0,007\nb,,8\n", {0}, "y", "i", "a|1.0#007;b#8;", WN_OK},
        {"l.jsonl",
         "{\"text\":\"a\",\"y\":[1]}",
         {0},
         "y",
         NULL,
         "l.jsonl:1: field \"y\" (--label-field) is an array, a string, a number or a bool is wanted",
         WN_EINPUT},
        {"l.jsonl",
         "{\"text\":\"a\",\"i\":1.5}",
         {0},
         NULL,
         "i",
         "l.jsonl:1: field \"i\" is 1.5, a string or an integer is wanted",
         WN_EINPUT},
        {"l.jsonl",
         "{\"text\":\"a\",\"i\":null}",
         {0},
         NULL,
         "i",
         "l.jsonl:1: field \"i\" is null, a string or an integer is wanted",
         WN_EINPUT},
        {"l.jsonl",
         "{\"text\":\"a\",\"i\":\"\"}",
         {0},
         NULL,
         "i",
         "l.jsonl:1: field \"i\" is empty, an id is wanted",
         WN_EINPUT},
        {"l.jsonl",
         "{\"text\":\"a\",\"i\":\"x\\ty\"}",
         {0},
         NULL,
         "i",
         "l.jsonl:1: field \"i\" holds a control character, which an id must not",
         WN_EINPUT},
        {"l.jsonl",
         "{\"text\":\"a\",\"y\":\"x\\u0000\"}",
         {0},
         "y",
         NULL,
         "l.jsonl:1: field \"y\" holds U+0000, which a label must not",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

Test(records, csv) {
    static const reading cases[] = {
        {"a.csv", "text,n\none,1\ntwo,2\n", {0}, NULL, NULL, "one;two;", WN_OK},
        {"a.csv", "\xEF\xBB\xBFtext,n\r\none,1\r\n\r\ntwo,2", {0}, NULL, NULL, "one;two;", WN_OK},
        {"a.csv", "n,text\n1,\"a, \"\"b\"\"\nand c\"\n2, d \n", {0}, NULL, NULL, "a, \"b\"\nand c; d ;", WN_OK},
        {"a.csv", "\"text\"\n\"\"\n\"x\"\"\"\r\n", {0}, NULL, NULL, ";x\";", WN_OK},
        {"a.csv", "\"te\nxt\",b\n\"1\r\n2\",3\n", {"te\nxt", "b"}, NULL, NULL, "1\r\n2 3;", WN_OK},
        {"a.csv", "text,b\n", {0}, NULL, NULL, "", WN_OK},
        {"a.csv", "b,text\n1,5\" disk\n\"2\", 3\"\"x\n", {0}, NULL, NULL, "5\" disk; 3\"\"x;", WN_OK},
        {"a.csv", "text\n,\n", {0}, NULL, NULL, "a.csv:2: 2 fields, the header has 1", WN_EINPUT},
        {"a.csv", "text,b\n\"1\n2\",3\n4,5,6\n", {0}, NULL, NULL, "a.csv:4: 3 fields, the header has 2", WN_EINPUT},
        {"a.csv",
         "a,body\n1,2\n",
         {0},
         NULL,
         NULL,
         "a.csv:1: missing field \"text\" (fields: a, body). Try --text-field body",
         WN_EINPUT},
        {"a.csv",
         "text,text\n1,2\n",
         {0},
         NULL,
         NULL,
         "a.csv:1: two columns are called \"text\" (--text-field)",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
    static const char *const broken[] = {"text,b\n\"5\" disk,1\n", "text,b\n\"never closed,1\n2,3\n"};
    for (size_t i = 0; i < 2; ++i) {
        wn_err e = {0};
        const char *path = "b.csv";
        put_text(path, broken[i]);
        cr_expect_eq(read_as_line(&(wn_records_opts){.paths = &path, .npaths = 1}, &got, &e), WN_EINPUT);
        cr_expect_eq(strncmp(e.msg, "b.csv:2: not valid CSV", 22), 0, "%s", e.msg);
    }
}

Test(records, tsv_and_txt) {
    static const reading cases[] = {
        {"a.tsv",
         "sentence\tlabel\nit's \"fine\"\t1\n\t0\r\nlast\t1",
         {"sentence"},
         "label",
         NULL,
         "it's \"fine\"|1;|0;last|1;",
         WN_OK},
        {"a.tsv", "text\tb\none\n", {0}, NULL, NULL, "a.tsv:2: 1 fields, the header has 2", WN_EINPUT},
        {"a.tsv", "text\tb\n1\t2\n\n", {0}, NULL, NULL, "a.tsv:3: 1 fields, the header has 2", WN_EINPUT},
        {"a.txt", "one\r\n\n two \nlast", {0}, NULL, NULL, "one;; two ;last;", WN_OK},
        {"a.txt", "\xEF\xBB\xBFmark\n", {0}, NULL, NULL, "mark;", WN_OK},
        {"a.txt",
         "one\n",
         {0},
         "label",
         NULL,
         "a.txt: a txt file has no fields; give no label or id field",
         WN_EUSAGE},
    };
    CHECK_ALL(cases);
}

Test(records, bad_json_says_where_and_why) {
    static const reading cases[] = {
        {"b.jsonl",
         "{\"text\":\"a\"}\n{\"text\":\"b\",}\n",
         {0},
         NULL,
         NULL,
         "b.jsonl:2: not valid JSON at byte 13: a key is wanted",
         WN_EINPUT},
        {"b.jsonl",
         "{\"text\":\"a\"",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: not valid JSON at byte 12: it ends too early (a record is one line; jq -c . FILE puts each object "
         "of a pretty-printed file on one)",
         WN_EINPUT},
        {"b.jsonl",
         "{\"text\":\"a}",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: not valid JSON at byte 9: a string is not closed",
         WN_EINPUT},
        {"b.jsonl",
         "{\"text\":\"a\"} x",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: not valid JSON at byte 14: something follows the object",
         WN_EINPUT},
        {"b.jsonl",
         "[1,2]",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: a JSON object is wanted, this is an array (jq -c '.[]' FILE puts each element of a JSON array on "
         "a "
         "line of its own)",
         WN_EINPUT},
        {"b.jsonl",
         "text",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: not valid JSON at byte 1: a value is wanted here (--format csv, tsv or txt reads what is no JSON)",
         WN_EINPUT},
        {"b.jsonl",
         "{\"text\":01}",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: not valid JSON at byte 11: a number is malformed",
         WN_EINPUT},
        {"b.jsonl",
         "{\"text\":\"\\ud83d x\"}",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: field \"text\": \\ud83d is half of a surrogate pair",
         WN_EINPUT},
        {"b.jsonl",
         "{\"text\":\"a\tb\"}",
         {0},
         NULL,
         NULL,
         "b.jsonl:1: not valid JSON at byte 11: a control character in a string (write it as an escape)",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

Test(records, a_missing_or_unfit_field_names_a_remedy) {
    static const reading cases[] = {
        {"m.jsonl",
         "{\"id\":1,\"body\":\"x\"}",
         {0},
         NULL,
         NULL,
         "m.jsonl:1: missing field \"text\" (fields: id, body). Try --text-field body",
         WN_EINPUT},
        {"m.jsonl",
         "{\"short\":\"x\",\"opinion\":\"a long story\"}",
         {0},
         NULL,
         NULL,
         "m.jsonl:1: missing field \"text\" (fields: short, opinion). Try --text-field opinion",
         WN_EINPUT},
        {"m.jsonl",
         "{\"body\":\"a long story\",\"Texts\":\"x\"}",
         {0},
         NULL,
         NULL,
         "m.jsonl:1: missing field \"text\" (fields: body, Texts). Try --text-field Texts",
         WN_EINPUT},
        {"m.jsonl",
         "{\"text\":\"x\",\"label\":\"y\"}",
         {0},
         "lable",
         NULL,
         "m.jsonl:1: missing field \"lable\" (fields: text, label). Try --label-field label",
         WN_EINPUT},
        {"m.jsonl",
         "{\"text\":\"x\",\"label\":\"y\"}",
         {0},
         NULL,
         "key",
         "m.jsonl:1: missing field \"key\" (fields: text, label). --id-field asks for it: name one of these",
         WN_EINPUT},
        {"m.jsonl",
         "{}",
         {0},
         NULL,
         NULL,
         "m.jsonl:1: missing field \"text\" (fields: none). --text-field asks for it",
         WN_EINPUT},
        {"m.jsonl",
         "{\"text\":\"x\"}\n{\"text\":12}",
         {0},
         NULL,
         NULL,
         "m.jsonl:2: field \"text\" is a number, a string is wanted",
         WN_EINPUT},
        {"m.jsonl",
         "{\"text\":[\"a\",1]}",
         {0},
         NULL,
         NULL,
         "m.jsonl:1: field \"text\" is an array that holds other things than strings",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

#define ENCODING " (is it another encoding? iconv -f WINDOWS-1252 -t UTF-8 converts Western European)"

Test(records, bad_utf8_names_line_and_byte) {
    static const reading cases[] = {
        {"u.jsonl",
         "{\"text\":\"ok\"}\n{\"text\":\"caf\xE9\"}\n",
         {0},
         NULL,
         NULL,
         "u.jsonl:2: not valid UTF-8: byte 0xE9 at byte 13 of the line" ENCODING,
         WN_EINPUT},
        {"u.csv",
         "text\n\"one\ntwo \xFF\"\n",
         {0},
         NULL,
         NULL,
         "u.csv:3: not valid UTF-8: byte 0xFF at byte 5 of the line" ENCODING,
         WN_EINPUT},
        {"u.csv",
         "te\xC3,b\n",
         {0},
         NULL,
         NULL,
         "u.csv:1: not valid UTF-8: byte 0xC3 at byte 3 of the line" ENCODING,
         WN_EINPUT},
        {"u.txt",
         "\xFF\xFEo\n",
         {0},
         NULL,
         NULL,
         "u.txt:1: not valid UTF-8: byte 0xFF at byte 1 of the line (it looks like UTF-16; convert it with iconv)",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

Test(records, spans_and_lines) {
    const char *path = "a.csv";
    put_text(path, "text,w\n\"1\n2\",0.5\nx,2e3\n");
    wn_records *r = NULL;
    wn_record rec;
    bool end = false;
    cr_assert_eq(wn_records_open(&r, &(wn_records_opts){.paths = &path, .npaths = 1}, &(wn_err){0}), WN_OK);
    cr_assert_eq(wn_records_next(r, &rec, &end, &(wn_err){0}), WN_OK);
    cr_assert(rec.line == 2 && rec.offset == 7 && rec.raw_len == 10);
    cr_assert_eq(memcmp(rec.raw, "\"1\n2\",0.5\n", 10), 0);
    cr_assert_eq(wn_records_next(r, &rec, &end, &(wn_err){0}), WN_OK);
    cr_assert(rec.line == 4 && rec.offset == 17);
    for (int i = 0; i < 2; ++i) cr_assert(wn_records_next(r, &rec, &end, &(wn_err){0}) == WN_OK && end);
    wn_records_close(r);
}

/* A record that comes in through buffers of every state: lengths around the powers of two where the buffer grows. */
Test(records, long_records_survive_the_growing_buffer) {
    static const size_t lengths[] = {1, 262143, 262144, 262145, 5, 600000, 1048576, 2, 3000000};
    size_t total = 0, at = 0, i = 0;
    for (i = 0; i < 9; ++i) total += lengths[i] + 1;
    char *all = malloc(total);
    for (i = 0; i < 9; ++i) {
        memset(all + at, 'a' + (int)i, lengths[i]);
        all[at + lengths[i]] = '\n';
        at += lengths[i] + 1;
    }
    put_bytes("long.txt", all, total);
    put_zstd("long.txt.zst", "w", all, total);
    static const char *const paths[] = {"long.txt", "long.txt.zst"};
    wn_records *r = NULL;
    wn_record rec;
    bool end = false;
    wn_err e = {0};
    cr_assert_eq(wn_records_open(&r, &(wn_records_opts){.paths = paths, .npaths = 2}, &(wn_err){0}), WN_OK);
    for (i = at = 0; i < 18; ++i) {
        cr_assert(wn_records_next(r, &rec, &end, &e) == WN_OK && !end, "%s", e.msg);
        cr_assert_eq(rec.text_len, lengths[i % 9]);
        cr_assert_eq(rec.offset, at % total);
        cr_assert_eq(memcmp(rec.raw, all + at % total, rec.raw_len), 0);
        at += rec.raw_len;
    }
    wn_records_close(r);
    free(all);
}

Test(records, a_record_over_the_bound_is_bad_and_not_held) {
    enum { OVER = 100 << 20 };
    static char piece[1 << 20];
    memset(piece, 'x', sizeof piece);
    const char *path = "big.jsonl";
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs("{\"text\":\"one\"}\n", f) >= 0);
    for (size_t i = 0; i < OVER / sizeof piece; ++i) cr_assert_eq(fwrite(piece, 1, sizeof piece, f), sizeof piece);
    cr_assert(fputs("\n{\"text\":\"two\"}\n", f) >= 0 && fclose(f) == 0);
    wn_err e = {0};
    cr_assert_eq(read_as_line(&(wn_records_opts){.paths = &path, .npaths = 1}, &got, &e), WN_EINPUT);
    cr_assert_str_eq(e.msg, "big.jsonl:2: a record longer than 64 MiB");
    wn_records_opts o = {.paths = &path, .npaths = 1, .skip_path = "skipped"};
    cr_assert_eq(read_as_line(&o, &got, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(got.data, "one;two;");
    struct stat st;
    cr_assert(stat("skipped", &st) == 0 && st.st_size == OVER + 1);
#ifndef __SANITIZE_ADDRESS__
    cr_assert_lt(wn_mem_peak(), (size_t)200 << 20); /* 64 MiB, and 32 more while the buffer grows */
#endif
}

Test(records, skipped_records_are_written_byte_for_byte) {
    const char *path = "a.jsonl";
    put_text(path, "{\"text\":\"one\"}\nnot json\r\n{\"body\":1}\n{\"text\":\"two\"}\n{\"text\":\"\xFF\"}");
    wn_err e = {0};
    wn_records_opts o = {.paths = &path, .npaths = 1, .skip_path = "skipped"};
    cr_assert_eq(read_as_line(&o, &got, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(got.data, "one;two;");
    size_t n = 0;
    char *skipped = get_bytes("skipped", &n);
    cr_assert_str_eq(skipped, "not json\r\n{\"body\":1}\n{\"text\":\"\xFF\"}");
    free(skipped);
    cr_assert_eq(read_as_line(&o, &got, &e), WN_EUSAGE, "an existing file is not overwritten");
    o.overwrite = true;
    cr_assert_eq(read_as_line(&o, &got, &e), WN_OK, "the same records again");
    put_text(path, "{\"text\":\"one\"}\n");
    cr_assert_eq(read_as_line(&o, &got, &e), WN_EUSAGE, "what may be somebody's own stays");
    free(get_bytes("skipped", &n));
    cr_assert_gt(n, 0);
    put_text("skipped", "");
    cr_assert_eq(read_as_line(&o, &got, &e), WN_OK, "an empty file is nobody's loss");
    free(get_bytes("skipped", &n));
    cr_assert_eq(n, 0);
}

Test(records, a_failed_reading_leaves_the_skip_file_as_it_was) {
    static const char *const paths[] = {"a.jsonl", "b.jsonl"};
    put_text(paths[0], "bad\n");
    put_text(paths[1], "");
    put_text("skipped", "old");
    wn_records_opts o = {.paths = paths, .npaths = 2, .skip_path = "skipped", .overwrite = true};
    cr_assert_eq(read_as_line(&o, &got, &(wn_err){0}), WN_EINPUT);
    size_t n = 0;
    char *skipped = get_bytes("skipped", &n);
    cr_assert_str_eq(skipped, "old");
    free(skipped);
}

Test(records, stops_when_asked) {
    const char *path = "a.txt";
    put_text(path, "a\n");
    wn_interrupt_raise(2);
    cr_assert_eq(read_as_line(&(wn_records_opts){.paths = &path, .npaths = 1}, &got, &(wn_err){0}), WN_EINTERRUPT);
    wn_interrupt_raise(0);
}

Test(records, format_names) {
    cr_assert_str_eq(wn_format_name(WN_JSONL), "jsonl");
    cr_assert_str_eq(wn_format_name(WN_CSV), "csv");
    cr_assert_str_eq(wn_format_name(WN_TSV), "tsv");
    cr_assert_str_eq(wn_format_name(WN_TXT), "txt");
    cr_assert_str_eq(wn_format_name(WN_FORMAT_AUTO), "auto");
}
