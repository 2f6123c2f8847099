/* Numbers that rows bring: a field of records of every format, a column of matrices, and what is none. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/rows.h>

#include "pipeline/stages/numbers.h"
#include "tests/formats/records_fixture.h"

TestSuite(numbers, .init = fixture_enter, .fini = fixture_leave);

static wn_number_field bounds(double low, double high, const wn_texts *texts) {
    return (wn_number_field){"v", "--value-field", low, high, texts};
}

static wn_code numbers_of_records(double **out, const char *path, const char *field, double low, double high,
                                  wn_err *e) {
    wn_rows rows = {0};
    const wn_records_opts o = {.paths = &path,
                               .npaths = 1,
                               .more = {{"text", "--group-field"}, {field, "--value-field"}},
                               .nmore = 2,
                               .skip_path = "skip",
                               .overwrite = true};
    const wn_number_field f = bounds(low, high, &rows.corpus.more[1]);
    (void)remove("skip");
    wn_code code = wn_rows_read(&rows, &o, NULL, e);
    if (code == WN_OK) code = wn_numbers_read(out, &rows, &(wn_matrices){0}, &f, e);
    wn_rows_free(&rows);
    return code;
}

/* Past bad records, however deep the field stands, whatever allocation fails. */
Test(numbers, of_records) {
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
        wn_code code = WN_EMEMORY;
        wn_err e = {0};
        put_text(good[i].path, good[i].text);
        for (long at = 0; code == WN_EMEMORY && at < 400; at++) {
            double *out = NULL;
            wn_mem_fail_after(at, true);
            code = numbers_of_records(&out, good[i].path, good[i].field, -10, 10, &e);
            wn_mem_fail_after(-1, false);
            cr_assert_eq(code == WN_OK, out != NULL);
            if (out) cr_assert_eq(memcmp(out, good[i].want, sizeof good[i].want), 0, "%s", good[i].path);
            wn_free(out);
        }
        cr_assert_eq(code, WN_OK, "%s", e.msg);
    }
}

Test(numbers, fields_that_hold_none_are_named) {
    static const double none = INFINITY;
    static const struct {
        const char *path, *text, *message;
        double high;
    } bad[] = {
        {"a.jsonl", "{\"text\":\"a\",\"v\":1}\n{\"text\":\"b\"}\n",
         "a.jsonl:2: no field \"v\" (--value-field), but a number from 0 to 5 is wanted", 5},
        {"a.jsonl", "{\"text\":\"a\",\"v\":null}\n", "a.jsonl:1: no field \"v\" (--value-field), but a number", 5},
        {"a.jsonl", "{\"text\":\"a\",\"v\":\"\"}\n", "a.jsonl:1: no field \"v\" (--value-field), but a number", 5},
        {"a.jsonl", "{\"text\":\"a\",\"w\":1}\n", "a.jsonl:1: missing field \"v\" (fields: text, w)", 5},
        {"a.jsonl", "{\"text\":\"a\",\"v\":true}\n",
         "a.jsonl:1: field \"v\" (--value-field) is true; a number from 0 to 5 is wanted", 5},
        {"a.jsonl", "{\"text\":\"a\",\"v\":5.5}\n", "is 5.5; a number from 0 to 5", 5},
        {"a.jsonl", "{\"text\":\"a\",\"v\":-0.5}\n", "is -0.5; a number from 0 to 5", 5},
        {"a.jsonl", "{\"text\":\"a\",\"v\":0}\n", "field \"v\" (--value-field) is 0; a number above 0 is wanted", none},
        {"a.jsonl", "{\"text\":\"a\",\"v\":1e999}\n", "is 1e999; a number above 0 is wanted", none},
        {"b.csv", "text,v\na,inf\n", "b.csv:2: field \"v\" (--value-field) is inf", 5},
        {"b.csv", "text,v\na,nan\n", "b.csv:2: field \"v\" (--value-field) is nan", 5},
        {"b.csv", "text,v\na,0x3\n", "is 0x3", 5},
        {"b.csv", "text,v\na,1 \n", "is 1 ;", 5},
        {"b.csv", "text,v\na,-\n", "is -;", 5},
        {"b.csv", "text,v\na,\n", "b.csv:2: no field", 5},
        {"b.csv", "text,w\na,1\n", "b.csv:1: missing field \"v\"", 5}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wn_err e = {0};
        double *out = NULL;
        put_text(bad[i].path, bad[i].text);
        const wn_code code = numbers_of_records(&out, bad[i].path, "v", 0, bad[i].high, &e);
        cr_expect(code == WN_EINPUT && !out && strstr(e.msg, bad[i].message), "%zu: %d %s", i, (int)code, e.msg);
    }
}

static void put_matrix(const char *path, const double *v, size_t n) {
    static const float x[4] = {1, 2, 3, 4};
    wn_store *s = NULL;
    wn_err e = {0};
    cr_assert_eq(wn_store_create(&s, path, 1, true, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_append(s, x, 1, n, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_obs_ids(s, NULL, &e), WN_OK, "%s", e.msg);
    if (v) cr_assert_eq(wn_store_obs_f64(s, "v", v, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_commit(s, &e), WN_OK, "%s", e.msg);
}

static wn_code numbers_of_column(double **out, const double *first, const double *second, double high, wn_err *e) {
    static const char *const paths[] = {"a.h5ad", "b.h5ad"};
    wn_matrices in = {0};
    const wn_number_field f = bounds(0, high, NULL);
    put_matrix(paths[0], first, 3), put_matrix(paths[1], second, 2);
    cr_assert_eq(wn_matrices_open(&in, paths, 2, NULL, e), WN_OK, "%s", e->msg);
    const wn_code code = wn_numbers_read(out, &(wn_rows){.view = {.n = in.rows}}, &in, &f, e);
    wn_matrices_close(&in);
    return code;
}

/* Of several files as one, with the checks that records have. */
Test(numbers, of_a_column) {
    static const double a[] = {1, .5, 5}, b[] = {0, 2};
    static const struct {
        double v, high;
        const char *message;
    } bad[] = {{5.5, 5, "b.h5ad: row 1: column \"v\" (--value-field) is 5.5; a number from 0 to 5 is wanted"},
               {-1, 5, "b.h5ad: row 1: column \"v\" (--value-field) is -1; a number from 0 to 5 is wanted"},
               {NAN, 5, "is nan; a number from 0 to 5"},
               {0, INFINITY, "b.h5ad: row 1: column \"v\" (--value-field) is 0; a number above 0 is wanted"},
               {INFINITY, INFINITY, "is inf; a number above 0 is wanted"}};
    double *out = NULL;
    wn_err e = {0};
    cr_assert_eq(numbers_of_column(&out, a, b, 5, &e), WN_OK, "%s", e.msg);
    cr_assert(memcmp(out, a, sizeof a) == 0 && memcmp(out + 3, b, sizeof b) == 0);
    wn_free(out);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const double with[] = {2, bad[i].v};
        const wn_code code = numbers_of_column(&out, a, with, bad[i].high, &e);
        cr_expect(code == WN_EINPUT && strstr(e.msg, bad[i].message), "%zu: %d %s", i, (int)code, e.msg);
    }
    cr_expect_eq(numbers_of_column(&out, NULL, NULL, 5, &e), WN_EINPUT);
    cr_expect(strstr(e.msg, "a.h5ad has no column \"v\" (--value-field); name its records with --records"), "%s",
              e.msg);
    cr_expect_eq(numbers_of_column(&out, a, NULL, 5, &e), WN_EINPUT);
    cr_expect(strstr(e.msg, "b.h5ad has no column \"v\", which others of the files have"), "%s", e.msg);
}
