/* formats: numbers of the records, from a second reading. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/records.h>

#include "records_fixture.h"

TestSuite(corpus, .init = fixture_enter, .fini = fixture_leave);

/* A field of numbers is read again: of every format, past bad records, however deep it stands. */
Test(corpus, numbers_of_a_field) {
    static const struct {
        const char *path, *field, *text;
        double want[3];
    } good[] = {{"a.jsonl",
                 "m.v[1]",
                 "{\"text\":\"a\",\"m\":{\"v\":[0,1e1]}}\nbad\n\n{\"text\":\"b\",\"m\":{\"v\":[0,-0.25]}}\r\n"
                 "{\"text\":\"c\",\"m\":{\"v\":[0,\"7\"]}}",
                 {10, -.25, 7}},
                {"b.csv", "v", "\xEF\xBB\xBFtext,v\r\n\"a\nb\",1.5\r\nx\r\n\nc,2\nd,\"3\"", {1.5, 2, 3}},
                {"c.tsv", "v", "v\ttext\n1\ta\n2\tb\n3\tc\n", {1, 2, 3}}};
    for (size_t i = 0; i < 3; i++) {
        wn_corpus c;
        wn_err e = {0};
        const wn_records_opts o = {.paths = &good[i].path, .npaths = 1, .skip_path = "skip", .overwrite = true};
        const wn_number_field f = {good[i].field, "--value-field", -10, 10};
        wn_code code = WN_EMEMORY;
        (void)remove("skip");
        put_text(good[i].path, good[i].text);
        cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(c.n, 3);
        for (long at = 0; code == WN_EMEMORY && at < 200; at++) {
            double out[3] = {NAN, NAN, NAN};
            wn_mem_fail_after(at, true);
            code = wn_corpus_numbers(&c, &f, out, NULL, &e);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) cr_assert_eq(memcmp(out, good[i].want, sizeof out), 0, "%s", good[i].path);
        }
        cr_assert_eq(code, WN_OK, "%s", e.msg);
        wn_corpus_free(&c);
    }
}

Test(corpus, fields_that_hold_no_numbers_are_named) {
    static const struct {
        const char *path, *text, *message;
        wn_code code;
    } bad[] = {{"a.jsonl", "{\"text\":\"a\",\"v\":1}\n{\"text\":\"b\"}\n", "a.jsonl:2: no field \"v\" (--value-field)",
                WN_EINPUT},
               {"a.jsonl", "{\"text\":\"a\",\"v\":null}\n", "a.jsonl:1: no field \"v\"", WN_EINPUT},
               {"a.jsonl", "{\"text\":\"a\",\"v\":true}\n",
                "a.jsonl:1: field \"v\" (--value-field) is true; a number from 0 to 5", WN_EINPUT},
               {"a.jsonl", "{\"text\":\"a\",\"v\":[1]}\n", "--value-field v: ", WN_EINPUT},
               {"a.jsonl", "{\"text\":\"a\",\"v\":5.5}\n", "is 5.5; a number from 0 to 5", WN_EINPUT},
               {"b.csv", "text,v\na,inf\n", "b.csv:2: field \"v\" (--value-field) is inf", WN_EINPUT},
               {"b.csv", "text,v\na,0x3\n", "is 0x3", WN_EINPUT},
               {"b.csv", "text,v\na,\n", "b.csv:2: no field", WN_EINPUT},
               {"b.csv", "text,w\na,1\n", "--value-field v: ", WN_EINPUT},
               {"d.txt", "a\n", "--value-field v: a txt file has no fields", WN_EUSAGE}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wn_corpus c;
        wn_err e = {0};
        double out[2];
        const wn_records_opts o = {.paths = &bad[i].path, .npaths = 1};
        const wn_number_field f = {"v", "--value-field", 0, 5};
        put_text(bad[i].path, bad[i].text);
        cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
        const wn_code code = wn_corpus_numbers(&c, &f, out, NULL, &e);
        cr_assert(code == bad[i].code && strstr(e.msg, bad[i].message), "%zu: %d %s", i, (int)code, e.msg);
        wn_corpus_free(&c);
    }
}
