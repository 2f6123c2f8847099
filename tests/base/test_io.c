/* What stands in base/io beside safe files: SHA-256, descriptors, paths, strings to numbers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/fd.h>
#include <wn/path.h>
#include <wn/sha256.h>
#include <wn/strmap.h>

/* FIPS 180-4, the examples of appendix B.1 and B.2, and of no bytes at all. */
Test(sha256, equals_the_examples_of_the_standard) {
    static const char *const text[] = {"", "abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"};
    static const char *const want[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                                       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"};
    wn_sha256 h = {0};
    wn_err err = {0};
    for (size_t i = 0; i < 3; i++) {
        char hex[65];
        cr_assert_eq(wn_sha256_init(&h, &err), WN_OK, "%s", err.msg);
        for (const char *p = text[i]; *p; p++) cr_assert_eq(wn_sha256_update(&h, p, 1, &err), WN_OK);
        cr_assert_eq(wn_sha256_final(&h, hex, &err), WN_OK);
        cr_assert_str_eq(hex, want[i]);
    }
    wn_sha256_free(&h);
}

Test(sha256, of_a_file_is_that_of_its_bytes) {
    char path[] = "/tmp/winnow-sha-XXXXXX", hex[65], want[65], block[70000];
    wn_sha256 h = {0};
    wn_err err = {0};
    int fd = mkstemp(path);
    memset(block, 'x', sizeof block);
    cr_assert(fd >= 0 && wn_fd_write(fd, block, sizeof block) == 0 && wn_fd_close(fd) == 0);
    cr_assert_eq(wn_sha256_init(&h, &err), WN_OK);
    cr_assert_eq(wn_sha256_update(&h, block, sizeof block, &err), WN_OK);
    cr_assert_eq(wn_sha256_final(&h, want, &err), WN_OK);
    cr_assert_eq(wn_sha256_file(path, hex, &err), WN_OK, "%s", err.msg);
    cr_assert_str_eq(hex, want);
    (void)unlink(path);
    cr_assert_eq(wn_sha256_file(path, hex, &err), WN_EIO);
    cr_assert(strstr(err.msg, path) != NULL, "%s", err.msg);
    cr_assert_eq(wn_sha256_file("/", hex, &err), WN_EINPUT);
    cr_assert_eq(wn_sha256_file("/dev/zero", hex, &err), WN_EINPUT);
    wn_sha256_free(&h);
}

Test(fd, writing_tells_what_fails) {
    int fd = wn_fd_open("/dev/full", O_WRONLY);
    cr_assert(fd >= 0);
    cr_assert_eq(wn_fd_write(fd, "x", 1), -1);
    cr_assert_eq(errno, ENOSPC);
    cr_assert_eq(wn_fd_write(fd, "", 0), 0);
    cr_assert_eq(wn_fd_close(fd), 0);
    cr_assert_eq(wn_fd_open("/nowhere/at/all", O_RDONLY), -1);
}

Test(path, parts) {
    static const struct {
        const char *path, *trimmed, *folder, *name;
    } cases[] = {{"a/b/c", "a/b/c", "a/b", "c"}, {"c", "c", ".", "c"},      {"/c", "/c", "/", "c"},
                 {"a/b//", "a/b", "a", "b"},     {"/", "/", "/", ""},       {"///", "/", "/", ""},
                 {"a//b", "a//b", "a/", "b"},    {"./x/", "./x", ".", "x"}, {"", "", ".", ""}};
    wn_err err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = wn_strndup(cases[i].path, wn_path_trim(cases[i].path), &err);
        char *folder = wn_path_folder(path, &err);
        cr_assert_str_eq(path, cases[i].trimmed);
        cr_assert_str_eq(folder, cases[i].folder, "%s: %s", cases[i].path, folder);
        cr_assert_str_eq(wn_path_name(path), cases[i].name, "%s", cases[i].path);
        wn_free(folder);
        wn_free(path);
    }
    static const char *const folders[] = {"a", "a/", "a//"};
    for (size_t i = 0; i < 3; i++) {
        char *path = wn_path_join(folders[i], "b/c", &err);
        cr_assert_str_eq(path, "a/b/c");
        wn_free(path);
    }
}

/* n strings, all different, through a hash that keeps `bits` bits. */
static void check_set(size_t n, unsigned bits) {
    wn_strset t = {0};
    wn_err err = {0};
    char s[32];
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++) {
            uint32_t id = 0;
            size_t len = (size_t)snprintf(s, sizeof s, "%zu", i * 7919 % 100003);
            uint64_t hash = wn_string_hash(s, len) & ((UINT64_C(1) << bits) - 1);
            if (pass == 0) cr_assert_eq(wn_strset_find(&t, s, len, hash), WN_STRSET_NONE);
            cr_assert_eq(wn_strset_add(&t, s, len, hash, &id, &err), WN_OK, "%s", err.msg);
            cr_assert_eq(id, i);
            cr_assert_eq(wn_strset_find(&t, s, len, hash), i);
            cr_assert_eq(t.off[i + 1] - t.off[i], len);
            cr_assert_eq(memcmp(t.bytes + t.off[i], s, len), 0);
        }
    cr_assert_eq(t.n, n);
    wn_strset_free(&t);
}

Test(strmap, numbers_strings_in_order) { check_set(100000, 40); }

Test(strmap, tells_strings_of_one_hash_apart) {
    check_set(300, 0);
    check_set(3000, 5);
}

Test(strmap, holds_the_empty_string_and_zeros) {
    wn_strset t = {0};
    wn_err err = {0};
    uint32_t id = 9;
    cr_assert_eq(wn_strset_find(&t, "", 0, 1), WN_STRSET_NONE);
    cr_assert_eq(wn_strset_add(&t, "", 0, 1, &id, &err), WN_OK);
    cr_assert_eq(id, 0);
    cr_assert_eq(wn_strset_add(&t, "\0", 1, 1, &id, &err), WN_OK);
    cr_assert_eq(id, 1);
    cr_assert_eq(wn_strset_find(&t, "", 0, 1), 0);
    wn_strset_free(&t);
    wn_strset_free(NULL);
}

Test(strmap, a_failed_allocation_changes_nothing) {
    wn_strset t = {0};
    wn_err err = {0};
    char s[32];
    for (size_t i = 0; i < 200; i++) {
        uint32_t id = 0;
        size_t len = (size_t)snprintf(s, sizeof s, "string %zu", i);
        uint64_t hash = wn_string_hash(s, len);
        for (long after = 0;; after++) {
            wn_mem_fail_after(after, false);
            wn_code code = wn_strset_add(&t, s, len, hash, &id, &err);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) break;
            cr_assert_eq(code, WN_EMEMORY);
            cr_assert_eq(t.n, i);
            cr_assert_eq(wn_strset_find(&t, s, len, hash), WN_STRSET_NONE);
        }
        cr_assert_eq(id, i);
    }
    wn_strset_free(&t);
}

Test(strmap, refuses_numbers_beyond_32_bits) {
    wn_strmap m = {0};
    wn_err err = {0};
    cr_assert_eq(wn_strmap_add(&m, 1, UINT32_MAX, &err), WN_EINPUT);
    cr_assert_eq(wn_strmap_add(&m, 1, UINT32_MAX - 2, &err), WN_OK);
    size_t at = wn_strmap_start(1);
    uint32_t i = 0;
    cr_assert(wn_strmap_next(&m, 1, &at, &i));
    cr_assert_eq(i, UINT32_MAX - 2);
    cr_assert(!wn_strmap_next(&m, 1, &at, &i));
    wn_strmap_free(&m);
    wn_strmap_free(NULL);
}
