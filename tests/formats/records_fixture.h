#ifndef WINNOW_TESTS_RECORDS_FIXTURE_H
#define WINNOW_TESTS_RECORDS_FIXTURE_H
/* A folder of its own for every test, and files in it: plain, gzip, zstd. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/records.h>
#include <wn/text.h>
#include <zlib.h>
#include <zstd.h>

static char fixture_home[64];

static inline void fixture_enter(void) {
    (void)snprintf(fixture_home, sizeof fixture_home, "/tmp/winnow-records-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture_home));
    cr_assert_eq(chdir(fixture_home), 0);
}

static inline void fixture_leave(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", fixture_home);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(system(command), 0);
}

static inline void put_bytes(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "w");
    cr_assert(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
}

static inline void put_text(const char *path, const char *text) {
    put_bytes(path, text, strlen(text));
}

/* The whole of a file; free() the result. */
static inline char *get_bytes(const char *path, size_t *n) {
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s is absent", path);
    cr_assert_eq(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*n + 1);
    cr_assert_eq(fread(data, 1, *n, f), *n);
    data[*n] = '\0';
    (void)fclose(f);
    return data;
}

static inline void put_gzip(const char *path, const char *mode, const void *data, size_t n) {
    gzFile f = gzopen(path, mode);
    cr_assert(f && (n == 0 || gzwrite(f, data, (unsigned)n) == (int)n) && gzclose(f) == Z_OK);
}

static inline void put_zstd(const char *path, const char *mode, const void *data, size_t n) {
    size_t cap = ZSTD_compressBound(n);
    char *packed = malloc(cap);
    size_t len = ZSTD_compress(packed, cap, data, n, 3);
    FILE *f = fopen(path, mode);
    cr_assert(!ZSTD_isError(len) && f && fwrite(packed, 1, len, f) == len && fclose(f) == 0);
    free(packed);
}

/* The records of one file as "text|label|id;" and so on: what most tests compare. NULL for absent parts. */
static inline wn_code read_as_line(const wn_records_opts *o, wn_buf *out, wn_err *err) {
    wn_records *r = NULL;
    wn_record rec;
    bool end = false;
    out->len = 0;
    wn_code code = wn_records_open(&r, o, err);
    while (code == WN_OK && (code = wn_records_next(r, &rec, &end, err)) == WN_OK && !end) {
        cr_assert_eq(wn_buf_append(out, rec.text, rec.text_len, &(wn_err){0}), WN_OK);
        if (rec.label) {
            cr_assert_eq(wn_buf_append(out, "|", 1, &(wn_err){0}), WN_OK);
            cr_assert_eq(wn_buf_append(out, rec.label, rec.label_len, &(wn_err){0}), WN_OK);
        }
        if (rec.id) {
            cr_assert_eq(wn_buf_append(out, "#", 1, &(wn_err){0}), WN_OK);
            cr_assert_eq(wn_buf_append(out, rec.id, rec.id_len, &(wn_err){0}), WN_OK);
        }
        cr_assert_eq(wn_buf_append(out, ";", 1, &(wn_err){0}), WN_OK);
    }
    wn_records_close(r);
    cr_assert_eq(wn_buf_append(out, "", 1, &(wn_err){0}), WN_OK);
    return code;
}

static wn_buf got; /* what a test has read */

/* One case: a file, how it is read, and what comes of it: records as in read_as_line, or the error's text. */
typedef struct {
    const char *name, *content, *text[2], *label, *id, *want;
    wn_code code;
} reading;

static inline void check_reading(const reading *c) {
    wn_err e = {0};
    size_t ntext = c->text[0] ? c->text[1] ? 2 : 1 : 0;
    put_text(c->name, c->content);
    wn_records_opts o = {.paths = &c->name,
                         .npaths = 1,
                         .text_fields = c->text,
                         .ntext_fields = ntext,
                         .label_field = c->label,
                         .id_field = c->id};
    wn_code code = read_as_line(&o, &got, &e);
    cr_expect_eq(code, c->code, "%s: %s", c->content, e.msg);
    cr_expect_str_eq(c->code == WN_OK ? got.data : e.msg, c->want);
}

#define CHECK_ALL(cases)                                                                                               \
    for (size_t i = 0; i < sizeof(cases) / sizeof *(cases); ++i) check_reading(&(cases)[i])

#endif
