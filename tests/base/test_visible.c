/* Text of others made visible, and messages that hold it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <wn/text.h>
#include <wn/visible.h>

static const char *shown(const char *s, size_t n) {
    static char out[4096];
    size_t len = wn_visible(out, sizeof out, s, n);
    cr_assert_eq(strlen(out), len);
    return out;
}

Test(visible, what_acts_is_written_out_and_what_is_seen_stays) {
    static const char *const cases[][2] = {
        {"plain \"text\" \\ 100%", "plain \"text\" \\ 100%"},
        {"caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80 \xC2\xA0",
         "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80 \xC2\xA0"},
        {"a\tb\nc\rd", "a\\tb\\nc\\rd"},
        {"\x1B[2J\x7F\x01", "\\u001B[2J\\u007F\\u0001"},
        {"\xC2\x9B"
         "31m",
         "\\u009B31m"}, /* C1 */
        {"\xE2\x80\xAE"
         "abc\xE2\x81\xA9\xE2\x80\x8F",
         "\\u202Eabc\\u2069\\u200F"},                                        /* direction */
        {"x\xE2\x80\x8By\xEF\xBB\xBFz\xC2\xAD", "x\\u200By\\uFEFFz\\u00AD"}, /* shows nothing */
        {"\xE2\x80\xA8\xE2\x80\xA9", "\\u2028\\u2029"},                      /* ends a line */
        {"\xF3\xA0\x81\x81", "\\U000E0041"},                                 /* a tag */
        {"\xFF\xC3(\xED\xA0\x80\xC0\xAF", "\\xFF\\xC3(\\xED\\xA0\\x80\\xC0\\xAF"},
        {"cut \xE6\x97", "cut \\xE6\\x97"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i)
        cr_assert_str_eq(shown(cases[i][0], strlen(cases[i][0])), cases[i][1]);
    cr_assert_str_eq(shown("a\0b", 3), "a\\u0000b");
}

Test(visible, any_bytes_become_utf8_that_stays_as_it_is) {
    wn_rng rng = wn_rng_init(7, 0);
    for (int round = 0; round < 2000; ++round) {
        char s[64], once[1024];
        size_t n = wn_rng_u64(&rng) % sizeof s;
        for (size_t i = 0; i < n; ++i) s[i] = (char)(wn_rng_u64(&rng) & 0xFF);
        size_t len = wn_visible(once, sizeof once, s, n);
        cr_assert_eq(wn_utf8_invalid(once, len), len);
        for (size_t i = 0; i < len; ++i) cr_assert((unsigned char)once[i] >= 0x20 && once[i] != 0x7F);
        cr_assert_str_eq(shown(once, len), once);
    }
}

Test(visible, is_cut_between_characters) {
    static const char s[] = "ab\xC3\xA9\x1B"
                            "c";
    char out[32];
    for (size_t size = 1; size < sizeof out; ++size) {
        size_t n = wn_visible(out, size, s, sizeof s - 1);
        cr_assert(n < size && out[n] == 0);
        cr_assert(n == 0 || n == 1 || n == 2 || n == 4 || n == 10 || n == 11);
    }
    cr_assert_eq(wn_visible(out, 0, s, 1), 0);
}

Test(visible, a_name_that_is_utf8_stays) {
    wn_err e = {0};
    char *name = wn_visible_name("a\x1B\xC3\xA9", &e), *other = wn_visible_name("a\x1B\xFF", &e);
    cr_assert_str_eq(name, "a\x1B\xC3\xA9");
    cr_assert_str_eq(other, "a\\u001B\\xFF");
    wn_free(name);
    wn_free(other);
    wn_mem_fail_after(0, true);
    cr_assert_null(wn_visible_name("a\xFF", &e));
    wn_mem_fail_after(-1, false);
    cr_assert_eq(e.code, WN_EMEMORY);
}

Test(visible, a_message_is_one_line_of_utf8_and_keeps_its_cause) {
    wn_err e = {0};
    char name[3000];
    (void)wn_err_set(&e, WN_EINPUT, "%s: \n\xE2\x80\xAE\xFF", "x\ty");
    cr_assert_str_eq(e.msg, "x\\ty: \\n\\u202E\\xFF");
    for (size_t shift = 0; shift < 3; ++shift) { /* the cut goes through a character at each of its places */
        memset(name, 'n', shift);
        for (size_t i = shift; i + 3 < sizeof name; i += 3) memcpy(name + i, "\xE6\x97\xA5", 3);
        name[sizeof name - 6 + shift] = 0;
        errno = ENOSPC;
        cr_assert_eq(wn_err_errno(&e, "%s", name), WN_EIO);
        cr_assert_eq(wn_utf8_invalid(e.msg, strlen(e.msg)), strlen(e.msg));
        cr_assert(strstr(e.msg, ": No space left on device"), "%s", e.msg);
        cr_assert_null(strchr(e.msg, '\\'), "%s", e.msg);
        (void)wn_err_prefix(&e, "%s: ", name);
        cr_assert_eq(wn_utf8_invalid(e.msg, strlen(e.msg)), strlen(e.msg));
    }
}
