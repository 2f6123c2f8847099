/* Rows of several files as one, shards, and ids that name two rows. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/rows.h>

#include "pipeline/stages/ids.h"
#include "pipeline/stages/shards.h"

enum { FILES = 3, COLS = 2, MOST = 5000 };

static const size_t rows_of[FILES] = {MOST, 0, 7}; /* more than are read at once; none; a few */
static char folder[64], paths[FILES][96];
static const char *const files[FILES] = {paths[0], paths[1], paths[2]};

static float cell(size_t row, size_t col) {
    return (float)(row * 10 + col);
}

static void begin(void) {
    wn_err err = {0};
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-rows.XXXXXX");
    cr_assert(mkdtemp(folder));
    for (size_t f = 0, row = 0; f < FILES; f++) {
        wn_store *s = NULL;
        (void)snprintf(paths[f], sizeof paths[f], "%s/%zu.h5ad", folder, f);
        cr_assert_eq(wn_store_create(&s, paths[f], COLS, false, &err), WN_OK, "%s", err.msg);
        for (size_t i = 0; i < rows_of[f]; i++, row++) {
            const float x[COLS] = {cell(row, 0), cell(row, 1)};
            cr_assert_eq(wn_store_append(s, x, COLS, 1, &err), WN_OK, "%s", err.msg);
        }
        cr_assert_eq(wn_store_obs_ids(s, NULL, &err), WN_OK, "%s", err.msg);
        cr_assert_eq(wn_store_commit(s, &err), WN_OK, "%s", err.msg);
    }
}

static void end(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(rows, .init = begin, .fini = end);

static void expect_rows(const wn_matrices *m, const size_t *rows, size_t n) {
    wn_mat x = {0};
    wn_err err = {0};
    cr_assert_eq(wn_matrices_read_some(m, rows, n, &x, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(x.rows, n);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < COLS; c++) cr_assert_eq(wn_mat_row(&x, i)[c], cell(rows[i], c), "row %zu", rows[i]);
    wn_mat_free(&x);
}

Test(rows, some_rows_of_several_files) {
    static const size_t ends[] = {0, 4095, 4096, MOST - 1, MOST, MOST + 6};
    static size_t all[MOST + 7], odd[MOST];
    wn_matrices m = {0};
    wn_err err = {0};
    size_t n = 0;
    cr_assert_eq(wn_matrices_open(&m, files, FILES, NULL, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(m.rows, MOST + 7);
    for (size_t i = 0; i < m.rows; i++) all[i] = i;
    for (size_t i = 1; i < m.rows; i += 2) odd[n++] = i;
    expect_rows(&m, ends, sizeof ends / sizeof *ends);
    expect_rows(&m, all, m.rows);
    expect_rows(&m, odd, n);
    expect_rows(&m, NULL, 0);
    wn_code code = WN_EMEMORY;
    for (long at = 0; code == WN_EMEMORY && at < 200; at++) {
        wn_mat x = {0};
        wn_mem_fail_after(at, false);
        code = wn_matrices_read_some(&m, odd, n, &x, &err);
        wn_mem_fail_after(-1, false);
        cr_assert(code == WN_EMEMORY || (code == WN_OK && at > 1), "%ld: %d %s", at, code, err.msg);
        wn_mat_free(&x);
        wn_matrices_close(&m); /* a child that could not be answered is gone */
        cr_assert_eq(wn_matrices_open(&m, files, FILES, NULL, &err), WN_OK, "%s", err.msg);
    }
    cr_assert_eq(code, WN_OK);
    wn_matrices_close(&m);
}

Test(rows, a_shard_says_which) {
    static const char *const bad[] = {"",
                                      "2/3",
                                      "2/3 of 300",
                                      "4/3 of 300 rows",
                                      "0/3 of 300 rows",
                                      "-1/3 of 3 rows",
                                      "2/3 of 300 rows ",
                                      "2/3 of x rows",
                                      "1111111111111111/1 of 1 rows"};
    char text[WN_SHARD_SIZE];
    wn_shard s = {0};
    wn_shard_print(text, &(wn_shard){.index = 2, .count = 3, .rows = 300});
    cr_assert_str_eq(text, "2/3 of 300 rows");
    cr_assert(wn_shard_parse(&s, text));
    cr_assert(s.index == 2 && s.count == 3 && s.rows == 300);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) cr_expect_not(wn_shard_parse(&s, bad[i]), "%s", bad[i]);
}

Test(rows, ids_that_name_two_rows) {
    static const unsigned long long off[] = {0, 1, 3, 4, 6, 6, 7, 7};
    const wn_texts ids = {.base = "abbaccb", .off = off, .n = 7}; /* a bb a cc "" b "" */
    wn_repeated_ids r = {0};
    wn_err err = {0};
    cr_assert_eq(wn_ids_repeated(&r, &ids, &err), WN_OK);
    cr_assert(r.n == 2 && r.first == 0 && r.second == 2, "%zu %zu %zu", r.n, r.first, r.second);
    const wn_texts two = {.base = ids.base, .off = off, .n = 2}, none = {0};
    cr_assert_eq(wn_ids_repeated(&r, &two, &err), WN_OK);
    cr_assert_eq(r.n, 0);
    cr_assert_eq(wn_ids_repeated(&r, &none, &err), WN_OK);
    cr_assert_eq(r.n, 0);
    wn_mem_fail_after(0, true);
    cr_assert_eq(wn_ids_repeated(&r, &ids, &err), WN_EMEMORY);
    wn_mem_fail_after(-1, false);
}
