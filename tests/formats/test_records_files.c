/* Whole files: several at once, absent and unfit ones, compressed and damaged ones. */
#include <sys/stat.h>

#include "records_fixture.h"

static void leave(void) {
    wn_free(got.data);
    fixture_leave();
}
TestSuite(records_files, .init = fixture_enter, .fini = leave);

static wn_code read_paths(const char *const *paths, size_t n, wn_err *err) {
    return read_as_line(&(wn_records_opts){.paths = paths, .npaths = n}, &got, err);
}

Test(records_files, files_that_cannot_be_read) {
    wn_err e = {0};
    put_text("empty.jsonl", "");
    put_text("odd.dat", "x\n");
    put_gzip("empty.csv.gz", "wb", "", 0);
    cr_assert_eq(mkdir("folder.jsonl", 0700), 0);
    static const struct {
        const char *path, *want;
        wn_code code;
    } cases[] = {
        {"absent.jsonl", "cannot open absent.jsonl: No such file or directory", WN_EIO},
        {"folder.jsonl", "folder.jsonl is a folder; name the files in it", WN_EIO},
        {"empty.jsonl", "empty.jsonl is empty", WN_EINPUT},
        {"empty.csv.gz", "empty.csv.gz is empty", WN_EINPUT},
        {"odd.dat", "odd.dat: the name does not tell the format; use --format jsonl, csv, tsv or txt", WN_EUSAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        cr_expect_eq(read_paths(&cases[i].path, 1, &e), cases[i].code);
        cr_expect_str_eq(e.msg, cases[i].want);
    }
    cr_expect_eq(read_paths((const char *const[]){"-", "-"}, 2, &e), WN_EUSAGE);
    cr_expect_eq(read_paths(NULL, 0, &e), WN_EUSAGE);
}

Test(records_files, several_files_each_with_its_own_format_and_header) {
    static const char *const paths[] = {"a.jsonl", "b.csv", "c.tsv.gz", "d.txt.zst"};
    put_text(paths[0], "{\"text\":\"a1\"}\n{\"text\":\"a2\"}");
    put_text(paths[1], "x,text\n1,b1\n2,b2\n");
    put_gzip(paths[2], "wb", "text\tz\nc1\t0\n", 12);
    put_zstd(paths[3], "w", "d1\nd2\n", 6);
    wn_err e = {0};
    cr_assert_eq(read_paths(paths, 4, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(got.data, "a1;a2;b1;b2;c1;d1;d2;");
    wn_records_opts o = {.paths = paths, .npaths = 4, .limit = 3};
    cr_assert_eq(read_as_line(&o, &got, &e), WN_OK);
    cr_assert_str_eq(got.data, "a1;a2;b1;");
    o = (wn_records_opts){.paths = paths, .npaths = 1, .format = WN_TXT};
    cr_assert_eq(read_as_line(&o, &got, &e), WN_OK);
    cr_assert_str_eq(got.data, "{\"text\":\"a1\"};{\"text\":\"a2\"};");
}

/* Hundreds of lines over compressed streams of several members, cut at every byte near the ends and many between. */
static void check_cuts(const char *whole, const char *cut, const char *kind, size_t first_end) {
    size_t n = 0, wrong = 0;
    char *data = get_bytes(whole, &n);
    for (size_t k = 1; k < n; k += k < 40 || k + 40 > n || (k + 8 > first_end && k < first_end + 8) ? 1 : 37) {
        wn_err e = {0};
        put_bytes(cut, data, k);
        wn_code code = read_paths(&cut, 1, &e);
        bool named = strstr(e.msg, cut) && strstr(e.msg, "truncated") && strstr(e.msg, kind);
        /* Between two members nothing tells that more should come. */
        bool right = k == first_end ? code == WN_OK : code == WN_EINPUT && named;
        if (!right && wrong++ < 3) cr_log_error("%s cut at %zu of %zu: %d %s", whole, k, n, code, e.msg);
    }
    cr_expect_eq(wrong, 0);
    free(data);
}

static size_t make_lines(char *out, size_t cap, int from, int to) {
    size_t n = 0;
    for (int i = from; i < to; ++i) n += (size_t)snprintf(out + n, cap - n, "{\"text\":\"line %d of %d\"}\n", i, i * i);
    return n;
}

/* A file of two members, and what is left of it when it is cut anywhere: its bytes, room for 600 more, and where the
 * first member ends. */
static char *two_members(const char *path, const char *cut, const char *kind,
                         void (*put)(const char *path, const char *mode, const void *data, size_t n), size_t *n,
                         size_t *first) {
    static char a[40000], b[40000];
    const size_t na = make_lines(a, sizeof a, 0, 400), nb = make_lines(b, sizeof b, 400, 700);
    struct stat st;
    wn_err e = {0};
    put(path, "w", a, na);
    cr_assert_eq(stat(path, &st), 0);
    *first = (size_t)st.st_size;
    put(path, "a", b, nb);
    cr_assert_eq(read_paths(&path, 1, &e), WN_OK, "%s", e.msg);
    cr_assert(strstr(got.data, "line 0 of 0;") == got.data && strstr(got.data, "line 699 of 488601;"));
    check_cuts(path, cut, kind, *first);
    char *data = get_bytes(path, n);
    return realloc(data, *n + 600);
}

Test(records_files, gzip_members_and_every_kind_of_damage) {
    const char *path = "a.jsonl.gz";
    wn_err e = {0};
    size_t n, first;
    char *data = two_members(path, "cut.jsonl.gz", "gzip", put_gzip, &n, &first);
    memset(data + n, 0, 600);
    put_bytes(path, data, n + 600);
    cr_expect_eq(read_paths(&path, 1, &e), WN_OK, "zero padding is no damage: %s", e.msg);
    memcpy(data + n, "junk", 4);
    put_bytes(path, data, n + 4);
    cr_expect_eq(read_paths(&path, 1, &e), WN_EINPUT);
    cr_expect(strstr(e.msg, "bytes that are not gzip follow"), "%s", e.msg);
    data[first / 2] ^= 0x20;
    put_bytes(path, data, n);
    cr_expect_eq(read_paths(&path, 1, &e), WN_EINPUT);
    cr_expect(strstr(e.msg, path), "%s", e.msg);
    free(data);
}

Test(records_files, zstd_frames_and_every_kind_of_damage) {
    const char *path = "a.jsonl.zst";
    wn_err e = {0};
    size_t n, first;
    char *data = two_members(path, "cut.jsonl.zst", "zstd", put_zstd, &n, &first);
    data[first / 2] ^= 0x20;
    put_bytes(path, data, n);
    wn_code code = read_paths(&path, 1, &e);
    cr_expect_eq(code, WN_EINPUT);
    memcpy(data, "JUNK", 4);
    put_bytes("tail.jsonl.zst", data + first, n - first);
    const char *tail = "tail.jsonl.zst";
    cr_expect_eq(read_paths(&tail, 1, &e), WN_OK, "%s", e.msg);
    free(data);
}

Test(records_files, compressed_or_not_is_told_by_the_bytes_and_not_the_name) {
    static const char *const paths[] = {"plain.jsonl.gz", "packed.jsonl"};
    put_text(paths[0], "{\"text\":\"a\"}\n");
    put_gzip(paths[1], "wb", "{\"text\":\"b\"}\n", 13);
    wn_err e = {0};
    cr_assert_eq(read_paths(paths, 2, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(got.data, "a;b;");
}
