#include <wn/text.h>

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

#include "normal_form.h"

/* ---- UTF-8 ---- */

/* Length of the valid sequence that starts at s[0], or 0. RFC 3629: no overlong forms, no surrogates, <= U+10FFFF. */
static size_t utf8_length(const unsigned char *s, size_t n) {
    unsigned char c = s[0];
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4 || n < 2) return 0;
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high) return 0;
    size_t length = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (n < length) return 0;
    for (size_t i = 2; i < length; ++i)
        if ((s[i] & 0xC0) != 0x80) return 0;
    return length;
}

static uint32_t utf8_decode(const unsigned char *s, size_t length) {
    if (length == 1) return s[0];
    uint32_t c = s[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; ++i) c = c << 6 | (s[i] & 0x3Fu);
    return c;
}

static size_t utf8_encode(uint32_t c, char *out) {
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)out);
}

/* Number of leading bytes below 0x80, found 32 and then 8 at a time; may stop up to 7 bytes early. */
static size_t ascii_prefix(const unsigned char *s, size_t n) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    size_t i = 0;
    uint64_t w[4];
    for (; i + 32 <= n; i += 32) {
        memcpy(w, s + i, 32);
        if ((w[0] | w[1] | w[2] | w[3]) & high) break;
    }
    for (; i + 8 <= n; i += 8) {
        memcpy(w, s + i, 8);
        if (w[0] & high) break;
    }
    return i;
}

size_t wn_utf8_invalid(const char *s, size_t n) {
    const unsigned char *u = (const unsigned char *)s;
    size_t i = 0;
    while (i < n) {
        i += ascii_prefix(u + i, n - i);
        /* A stretch of other scripts: stay here until eight plain bytes in a row are likely again. */
        for (size_t plain = 0; i < n && plain < 8;) {
            size_t length = utf8_length(u + i, n - i);
            if (!length) return i;
            plain = length == 1 ? plain + 1 : 0;
            i += length;
        }
    }
    return n;
}

size_t wn_text_mark(const char *s, size_t n) {
    return n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* The Unicode property White_Space, which has not changed since Unicode 6.3. */
static bool is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

bool wn_text_blank(const char *s, size_t n) {
    const unsigned char *u = (const unsigned char *)s;
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length(u + i, n - i);
        if (!length || !is_space(utf8_decode(u + i, length))) return false;
        i += length;
    }
    return true;
}

/* ---- folding ---- */

/* Appends white space as at most one space, and none at the start. */
static size_t put_space(char *out, size_t len) {
    if (len && out[len - 1] != ' ') out[len++] = ' ';
    return len;
}

static bool is_ascii(const unsigned char *s, size_t n) {
    size_t i = ascii_prefix(s, n);
    while (i < n && s[i] < 0x80) ++i;
    return i == n;
}

static wn_code fold_ascii(const unsigned char *s, size_t n, wn_buf *out, wn_err *err) {
    wn_code code = wn_reserve((void **)&out->data, &out->cap, n, 1, err);
    if (code != WN_OK) return code;
    char *o = out->data;
    size_t len = 0;
    for (size_t i = 0; i < n; ++i) {
        unsigned char c = s[i];
        if (is_space(c))
            len = put_space(o, len);
        else
            o[len++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    out->len = len;
    return WN_OK;
}

/* Canonical caseless form as NFC(toCasefold(s)), see The Unicode Standard, section 3.13. */
wn_code wn_text_fold(const char *s, size_t n, wn_buf *out, wn_err *err) {
    const unsigned char *u = (const unsigned char *)s;
    out->len = 0;
    if (is_ascii(u, n)) {
        wn_code plain = fold_ascii(u, n, out, err);
        if (plain == WN_OK && out->len && out->data[out->len - 1] == ' ') --out->len;
        return plain;
    }
    size_t count = 0, len = 0;
    wn_code code = wn_normalize_points(u, n, WN_NFC_FOLDED, out, &count, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < count; ++i) { /* in place: a code point takes four bytes at most */
        uint32_t c = 0;
        memcpy(&c, out->data + i * sizeof c, sizeof c);
        if (is_space(c))
            len = put_space(out->data, len);
        else
            len += utf8_encode(c, out->data + len);
    }
    if (len && out->data[len - 1] == ' ') --len;
    out->len = len;
    return WN_OK;
}

/* ---- words ---- */

/* The lower-case form of an ASCII word character, 0 for every other byte. */
static const unsigned char ascii_word[128] = {
    ['0'] = '0', '1', '2', '3', '4',         '5',         '6', '7', '8', '9', ['A'] = 'a', 'b', 'c', 'd', 'e', 'f',
    'g',         'h', 'i', 'j', 'k',         'l',         'm', 'n', 'o', 'p', 'q',         'r', 's', 't', 'u', 'v',
    'w',         'x', 'y', 'z', ['_'] = '_', ['a'] = 'a', 'b', 'c', 'd', 'e', 'f',         'g', 'h', 'i', 'j', 'k',
    'l',         'm', 'n', 'o', 'p',         'q',         'r', 's', 't', 'u', 'v',         'w', 'x', 'y', 'z'};

static bool is_word(uint32_t c) { /* above ASCII: L*, M*, N* */
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_NO;
}

/* Could composing change a word with this code point? Marks, Hangul letters, and what decomposes canonically may;
 * the composed letters of Latin and Cyrillic alone do not. */
static bool needs_composing(uint32_t c) {
    if (c < 0x300 || (c >= 0x400 && c < 0x530 && (c < 0x483 || c > 0x489))) return false;
    const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)c);
    return (p->category >= UTF8PROC_CATEGORY_MN && p->category <= UTF8PROC_CATEGORY_ME) ||
           (c >= 0x1100 && c <= 0x11FF) || (p->decomp_seqindex != UINT16_MAX && p->decomp_type == 0);
}

enum { CAPITAL_I_DOT = 0x130, CAPITAL_SIGMA = 0x3A3, COMBINING_DOT = 0x307 };

/* The word under construction stands in scratch->data[0, len). */
typedef struct {
    wn_buf *scratch;
    size_t len;
    size_t begin; /* where its latest word begins: 0 unless it is a run, which may hold several */
    size_t sigma; /* where a capital sigma was written last; SIZE_MAX if none */
    bool runs;    /* of anything but white space, not words */
    bool compose;
    wn_buf composed; /* scratch for composing */
    wn_word_sink sink;
    void *ctx;
} word_state;

static void put_letter(word_state *w, uint32_t c) {
    char *out = w->scratch->data + w->len;
    if (c == CAPITAL_SIGMA) w->sigma = w->len;
    if (needs_composing(c)) w->compose = true;
    if (c == CAPITAL_I_DOT) { /* the one code point whose lower case is two, kept equal to its decomposed spelling */
        *out = 'i';
        w->len += 1 + utf8_encode(COMBINING_DOT, out + 1);
        return;
    }
    w->len += utf8_encode((uint32_t)utf8proc_tolower((utf8proc_int32_t)c), out);
}

/* A sigma that ends a word of several letters is written in its final form. */
static void end_letters(word_state *w) {
    bool last = w->sigma != SIZE_MAX && w->sigma > w->begin && w->sigma + 2 == w->len;
    if (last) w->scratch->data[w->len - 1] = (char)0x82;
}

/* What is no letter, within a run. */
static void put_sign(word_state *w, uint32_t c) {
    end_letters(w);
    put_letter(w, c);
    w->begin = w->len;
}

static wn_code end_word(word_state *w, wn_err *err) {
    if (!w->len) return WN_OK;
    end_letters(w);
    char *word = w->scratch->data;
    size_t len = w->len;
    if (w->compose) {
        wn_code code = wn_text_normalize(word, len, WN_NFC, &w->composed, err);
        if (code != WN_OK) return code;
        word = w->composed.data;
        len = w->composed.len;
    }
    w->len = w->begin = 0;
    w->sigma = SIZE_MAX;
    w->compose = false;
    return w->sink(w->ctx, word, len, err);
}

static wn_code walk_words(word_state *w, const unsigned char *u, size_t n, wn_err *err) {
    enum { TELL = 1 << 18 };
    for (size_t i = 0, told = TELL; i < n;) {
        if (i >= told) { /* a single text may be long */
            wn_code code = wn_tick(NULL, "words", "bytes", i, n, err);
            if (code != WN_OK) return code;
            told = i + TELL;
        }
        /* Lower case takes at most half as many bytes again (U+0130, U+023A: 2 -> 3); the rest of u bounds the word. */
        size_t bound = (n - i) + (n - i) / 2 + 8;
        if (!w->len && w->scratch->cap < bound) {
            wn_code code = wn_reserve((void **)&w->scratch->data, &w->scratch->cap, bound, 1, err);
            if (code != WN_OK) return code;
        }
        for (char *out = w->scratch->data; i < n && u[i] < 0x80 && ascii_word[u[i]]; ++i)
            out[w->len++] = (char)ascii_word[u[i]];
        if (i == n) break;
        size_t length = u[i] < 0x80 ? 1 : utf8_length(u + i, n - i);
        uint32_t c = length > 1 ? utf8_decode(u + i, length) : 0;
        i += length ? length : 1;
        if (length > 1 && is_word(c)) {
            put_letter(w, c);
            continue;
        }
        if (w->runs && length && !is_space(length > 1 ? c : u[i - 1])) {
            put_sign(w, length > 1 ? c : u[i - 1]);
            continue;
        }
        wn_code code = end_word(w, err);
        if (code != WN_OK) return code;
    }
    return end_word(w, err);
}

static wn_code walk_all(word_state w, const char *s, size_t n, wn_err *err) {
    wn_code code = walk_words(&w, (const unsigned char *)s, n, err);
    wn_free(w.composed.data);
    return code;
}

wn_code wn_text_words(const char *s, size_t n, wn_buf *scratch, wn_word_sink word, void *ctx, wn_err *err) {
    return walk_all((word_state){.scratch = scratch, .sigma = SIZE_MAX, .sink = word, .ctx = ctx}, s, n, err);
}

wn_code wn_text_runs(const char *s, size_t n, wn_buf *scratch, wn_word_sink run, void *ctx, wn_err *err) {
    return walk_all((word_state){.scratch = scratch, .sigma = SIZE_MAX, .runs = true, .sink = run, .ctx = ctx}, s, n,
                    err);
}

/* ---- letters ---- */

uint32_t wn_text_point(const char *s, size_t *length) {
    unsigned char c = (unsigned char)s[0];
    *length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return utf8_decode((const unsigned char *)s, *length);
}

bool wn_text_is_mark(uint32_t c) {
    if (c < 0x300) return false;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ME;
}

bool wn_text_unspaced(uint32_t c) {
    static const uint32_t ranges[][2] = {
        {0x0E00, 0x0EFF},   /* Thai, Lao */
        {0x1000, 0x109F},   /* Myanmar */
        {0x1780, 0x17FF},   /* Khmer */
        {0x2E80, 0x2FDF},   /* radicals of Han */
        {0x3005, 0x3007},   {0x3021, 0x3029}, {0x3038, 0x303B},
        {0x3040, 0x312F},   /* Hiragana, Katakana, Bopomofo */
        {0x31A0, 0x31BF},   {0x31F0, 0x31FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xA9E0, 0xA9FF},
        {0xAA60, 0xAA7F},   {0xF900, 0xFAFF}, /* Han once more */
        {0xFF66, 0xFF9F},   /* narrow Katakana */
        {0x1B000, 0x1B16F}, {0x20000, 0x3FFFF}};
    if (c < ranges[0][0]) return false;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return false;
}
