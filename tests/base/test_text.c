/* UTF-8, folding and words against definitions, hand-made cases and Python's Unicode tables. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <wn/text.h>

/* ---- UTF-8 ---- */

/* RFC 3629 by decoding and encoding again: slow, and with nothing in common with the tested code. */
static size_t first_invalid(const unsigned char *s, size_t n) {
    for (size_t i = 0; i < n;) {
        size_t length = s[i] < 0x80 ? 1 : s[i] >> 5 == 6 ? 2 : s[i] >> 4 == 14 ? 3 : s[i] >> 3 == 30 ? 4 : 0;
        if (!length || i + length > n) return i;
        unsigned long c = length == 1 ? s[i] : s[i] & (0xFFu >> (length + 1));
        for (size_t k = 1; k < length; ++k) {
            if (s[i + k] >> 6 != 2) return i;
            c = c * 64 + (s[i + k] & 63);
        }
        size_t needed = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (needed != length || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return i;
        i += length;
    }
    return n;
}

Test(utf8, every_pair_of_bytes_with_a_third_at_every_edge) {
    static const unsigned char third[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    size_t wrong = 0;
    for (unsigned v = 0; v < 1u << 16; ++v) {
        unsigned char s[3] = {(unsigned char)(v >> 8), (unsigned char)v, 0};
        wrong += wn_utf8_invalid((const char *)s, 2) != first_invalid(s, 2);
        for (size_t i = 0; i < sizeof third; ++i) {
            s[2] = third[i];
            wrong += wn_utf8_invalid((const char *)s, 3) != first_invalid(s, 3);
        }
    }
    cr_assert_eq(wrong, 0, "%zu sequences", wrong);
}

Test(utf8, four_byte_sequences_at_every_edge) {
    static const unsigned char edge[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    size_t wrong = 0, n = sizeof edge;
    for (unsigned lead = 0xEF; lead <= 0xFF; ++lead)
        for (size_t i = 0; i < n * n * n; ++i) {
            unsigned char s[4] = {(unsigned char)lead, edge[i % n], edge[i / n % n], edge[i / n / n]};
            wrong += wn_utf8_invalid((const char *)s, 4) != first_invalid(s, 4);
        }
    cr_assert_eq(wrong, 0, "%zu sequences", wrong);
}

Test(utf8, one_bad_byte_anywhere_in_a_long_text) {
    static const char *const filler[] = {"a", "\xC3\xA9", "\xE4\xBD\xA0", "\xF0\x9F\x98\x80"};
    size_t wrong = 0;
    for (size_t kind = 0; kind < 4; ++kind)
        for (size_t at = 0; at < 150; ++at) {
            unsigned char s[700];
            size_t n = 0;
            for (size_t i = 0; i < 160; ++i) {
                if (i == at) s[n++] = 0xFF;
                size_t len = strlen(filler[i % 7 ? 0 : kind]);
                memcpy(s + n, filler[i % 7 ? 0 : kind], len);
                n += len;
            }
            wrong += wn_utf8_invalid((const char *)s, n) != first_invalid(s, n);
            wrong += wn_utf8_invalid((const char *)s, n) == n;
        }
    cr_assert_eq(wrong, 0, "%zu texts", wrong);
}

Test(utf8, random_bytes) {
    wn_rng r = wn_rng_init(3, 0);
    size_t wrong = 0;
    for (int t = 0; t < 50000; ++t) {
        unsigned char s[80];
        size_t n = (size_t)wn_rng_below(&r, sizeof s + 1);
        for (size_t i = 0; i < n; ++i)
            s[i] = (unsigned char)(wn_rng_below(&r, 40) ? wn_rng_below(&r, 128) : wn_rng_below(&r, 256));
        wrong += wn_utf8_invalid((const char *)s, n) != first_invalid(s, n);
    }
    cr_assert_eq(wrong, 0, "%zu texts", wrong);
}

Test(utf8, blank_means_white_space_of_any_kind) {
    static const char *const blank[] = {"", " ", "\t\n\v\f\r ", "\xC2\xA0\xC2\x85",
                                        "\xE3\x80\x80\xE2\x80\xA8\xE2\x80\x83"};
    static const char *const not_blank[] = {"a", "  .", "\xE2\x80\x8B" /* zero width space is no white space */,
                                            "\x01"};
    for (size_t i = 0; i < sizeof blank / sizeof *blank; ++i) cr_expect(wn_text_blank(blank[i], strlen(blank[i])));
    for (size_t i = 0; i < sizeof not_blank / sizeof *not_blank; ++i)
        cr_expect_not(wn_text_blank(not_blank[i], strlen(not_blank[i])), "%zu", i);
}

/* ---- folding and words ---- */

static wn_code into_brackets(void *ctx, const char *word, size_t n, wn_err *err) {
    wn_buf *b = ctx;
    wn_code code = wn_buf_append(b, "[", 1, err);
    if (code == WN_OK) code = wn_buf_append(b, word, n, err);
    return code == WN_OK ? wn_buf_append(b, "]", 1, err) : code;
}

typedef struct {
    wn_buf folded, scratch, words, runs;
} results;

static wn_code apply(results *r, const char *s, size_t n, wn_err *err) {
    r->words.len = r->runs.len = 0;
    wn_code code = wn_text_fold(s, n, &r->folded, err);
    if (code == WN_OK) code = wn_text_words(s, n, &r->scratch, into_brackets, &r->words, err);
    return code == WN_OK ? wn_text_runs(s, n, &r->scratch, into_brackets, &r->runs, err) : code;
}

static void release(results *r) {
    wn_free(r->folded.data);
    wn_free(r->scratch.data);
    wn_free(r->words.data);
    wn_free(r->runs.data);
}

static bool equals(const wn_buf *b, const char *s, size_t n) {
    return b->len == n && (n == 0 || memcmp(b->data, s, n) == 0);
}

Test(text, hand_made_cases) {
    static const struct {
        const char *in, *folded, *words;
    } cases[] = {
        {"", "", ""},
        {"   ", "", ""},
        {" The  quick\tBROWN\r\nfox. ", "the quick brown fox.", "[the][quick][brown][fox]"},
        {"snake_case x2 3.14 don't", "snake_case x2 3.14 don't", "[snake_case][x2][3][14][don][t]"},
        {"Stra\xC3\x9F"
         "e",
         "strasse",
         "[stra\xC3\x9F"
         "e]"},
        {"\xC3\x89t\xC3\xA9 e\xCC\x81", "\xC3\xA9t\xC3\xA9 \xC3\xA9", "[\xC3\xA9t\xC3\xA9][\xC3\xA9]"},
        {"\xCE\x9F\xCE\x94\xCE\x9F\xCE\xA3 \xCE\xA3", "\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x83 \xCF\x83",
         "[\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x82][\xCF\x83]"},
        {"\xC4\xB0", "i\xCC\x87", "[i\xCC\x87]"},
        {"\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96", "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96",
         "[\xE4\xBD\xA0\xE5\xA5\xBD][\xE4\xB8\x96]"},
        {"\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80",
         "\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80",
         "[\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80]"}, /* marks hold a word together */
        {"a\xC2\xA0\xE2\x80\x89"
         "b",
         "a b", "[a][b]"},
        {"\xF0\x9F\x98\x80 ok", "\xF0\x9F\x98\x80 ok", "[ok]"},
    };
    results r = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        wn_err e = {0};
        cr_assert_eq(apply(&r, cases[i].in, strlen(cases[i].in), &e), WN_OK, "%s", e.msg);
        cr_expect(equals(&r.folded, cases[i].folded, strlen(cases[i].folded)), "case %zu: folded %.*s", i,
                  (int)r.folded.len, r.folded.data);
        cr_expect(equals(&r.words, cases[i].words, strlen(cases[i].words)), "case %zu: words %.*s", i, (int)r.words.len,
                  r.words.data ? r.words.data : "");
    }
    release(&r);
}

/* The tables of utf8proc 2.8 (Unicode 15.0) give what Python gives on every code point that Python knows. */
Test(text, every_code_point_as_python_has_it) {
    FILE *f = popen("python3 tests/base/text_reference.py 2>/dev/null", "r");
    char *line = NULL;
    size_t cap = 0, lines = 0, wrong = 0;
    results r = {0};
    for (ssize_t n; f && (n = getline(&line, &cap, f)) > 0; ++lines) {
        char *folded = memchr(line, '\t', (size_t)n), *runs = memrchr(line, '\t', (size_t)n);
        char *words = memrchr(line, '\t', (size_t)(runs - line));
        cr_assert(folded && words && folded != words);
        bool right = apply(&r, line, (size_t)(folded - line), &(wn_err){0}) == WN_OK &&
                     equals(&r.folded, folded + 1, (size_t)(words - folded - 1)) &&
                     equals(&r.words, words + 1, (size_t)(runs - words - 1)) &&
                     equals(&r.runs, runs + 1, (size_t)(line + n - 1 - runs - 1));
        if (!right && wrong++ < 5) cr_log_error("%.*s", (int)n, line);
    }
    int status = f ? pclose(f) : -1;
    free(line);
    release(&r);
    if (status != 0) cr_skip_test("python3 is not here");
    cr_assert(lines > 300000 && wrong == 0, "%zu of %zu lines differ", wrong, lines);
}

Test(text, folding_twice_changes_nothing_and_ascii_takes_the_same_way) {
    wn_rng r = wn_rng_init(5, 0);
    wn_buf once = {0}, twice = {0}, general = {0};
    size_t wrong = 0;
    for (int t = 0; t < 20000; ++t) {
        char s[64];
        size_t n = (size_t)wn_rng_below(&r, 60);
        for (size_t i = 0; i < n; ++i)
            s[i] = (char)(wn_rng_below(&r, 3) ? 32 + wn_rng_below(&r, 96) : wn_rng_below(&r, 33));
        cr_assert_eq(wn_text_fold(s, n, &once, &(wn_err){0}), WN_OK);
        cr_assert_eq(wn_text_fold(once.data, once.len, &twice, &(wn_err){0}), WN_OK);
        wrong += !equals(&once, twice.data, twice.len);
        memcpy(s + n, "\xC3\xA9", 2); /* takes the text through the general path */
        cr_assert_eq(wn_text_fold(s, n + 2, &general, &(wn_err){0}), WN_OK);
        size_t tail = n && (s[n - 1] == ' ' || (s[n - 1] >= 9 && s[n - 1] <= 13)) && once.len ? 3 : 2;
        wrong += !equals(&once, general.data, general.len - tail);
    }
    cr_assert_eq(wrong, 0, "%zu", wrong);
    wn_free(once.data);
    wn_free(twice.data);
    wn_free(general.data);
}

Test(text, folding_refuses_what_is_not_utf8) {
    wn_buf out = {0};
    wn_err e = {0};
    cr_assert_eq(wn_text_fold("ab\xC3", 3, &out, &e), WN_EINPUT);
    cr_assert_eq(e.code, WN_EINPUT);
    wn_free(out.data);
}

static wn_code refuse(void *ctx, const char *word, size_t n, wn_err *err) {
    (void)word;
    (void)n;
    return ++*(int *)ctx == 2 ? wn_err_set(err, WN_EINPUT, "enough") : WN_OK;
}

Test(text, words_stop_at_the_first_refusal) {
    wn_buf scratch = {0};
    wn_err e = {0};
    int seen = 0;
    cr_assert_eq(wn_text_words("one two three", 13, &scratch, refuse, &seen, &e), WN_EINPUT);
    cr_assert(seen == 2 && strcmp(e.msg, "enough") == 0);
    wn_free(scratch.data);
}

/* Letters, Hangul, characters that decompose and runs of marks of many classes, long ones among them; against
 * utf8proc's own map, which orders marks in quadratic time. */
Test(text, normal_forms_of_random_marks) {
    static const utf8proc_int32_t points[] = {'a',   'q',   0xE9,   0x1E69, 0x212B, 0xAC01, 0x1100,  0x1161, 0x11A8,
                                              0x300, 0x301, 0x316,  0x323,  0x327,  0x31B,  0x345,   0x5B0,  0x93C,
                                              0x94D, 0xE38, 0x3099, 0x302A, 0x1DCE, 0x20D0, 0x1D165, 0x1F82, 0xDF};
    enum { POINTS = sizeof points / sizeof *points };
    static const utf8proc_option_t options[] = {
        UTF8PROC_STABLE | UTF8PROC_COMPOSE, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD, UTF8PROC_DECOMPOSE};
    wn_rng r = wn_rng_init(5, 0);
    wn_buf out = {0};
    wn_err e;
    for (size_t round = 0; round < 3000; ++round) {
        char s[1600];
        size_t n = 0, length = (size_t)wn_rng_below(&r, round % 10 ? 30 : 300), marks = round % 3 ? 0 : 9;
        for (size_t i = 0; i < length; ++i)
            n += (size_t)utf8proc_encode_char(points[marks + (size_t)wn_rng_below(&r, POINTS - marks)],
                                              (utf8proc_uint8_t *)s + n);
        for (int form = WN_NFC; form <= WN_NFD; ++form) {
            utf8proc_uint8_t *want = NULL;
            utf8proc_ssize_t m = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &want, options[form]);
            cr_assert_eq(wn_text_normalize(s, n, (wn_normal_form)form, &out, &e), WN_OK);
            cr_assert(m >= 0 && out.len == (size_t)m && (m == 0 || memcmp(out.data, want, out.len) == 0),
                      "round %zu, form %d", round, form);
            free(want);
        }
    }
    wn_free(out.data);
}

Test(text, a_word_of_a_million_letters_that_grow) {
    enum { N = 1000000 };
    char *s = malloc(2 * N);
    results r = {0};
    for (size_t i = 0; i < N; ++i) memcpy(s + 2 * i, "\xC8\xBA", 2); /* U+023A, lower case U+2C65 in three bytes */
    cr_assert_eq(apply(&r, s, 2 * N, &(wn_err){0}), WN_OK);
    cr_assert_eq(r.words.len, 3 * (size_t)N + 2);
    cr_assert_eq(memcmp(r.words.data + 1, "\xE2\xB1\xA5\xE2\xB1\xA5", 6), 0);
    release(&r);
    free(s);
}

Test(text, survives_every_failed_allocation) {
    static const char s[] =
        "Caf\xC3\xA9 e\xCC\x81t\xC3\xA9 \xE0\xA5\x98 plain words that make the buffers grow and grow";
    wn_code code = WN_EMEMORY;
    long at = 0;
    for (; code != WN_OK && at < 100; ++at) {
        results r = {0};
        wn_err e = {0};
        wn_mem_fail_after(at, true);
        code = apply(&r, s, sizeof s - 1, &e);
        wn_mem_fail_after(-1, false);
        if (code != WN_OK) cr_assert(code == WN_EMEMORY && e.code == WN_EMEMORY);
        release(&r);
    }
    cr_assert(code == WN_OK && at > 3);
}
