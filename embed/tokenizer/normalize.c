/* What BERT's normaliser and pre-tokenizer do to each code point, as a table (Hugging Face tokenizers: BertNormalizer,
 * BertPreTokenizer): clean, spaces round CJK, NFD without Mn, lower case, classes. */
#include "tok_private.h"

#include <string.h>
#include <utf8proc.h>

#include "unicode_late.h"
#include "unicode_new.h"

static bool is_cjk(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool wn_tok_is_space(uint32_t c) {
    return (c >= 9 && c <= 13) || c == 32 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

#define IN_RANGES(table, c) in_ranges((const uint32_t *)(table), sizeof(table) / sizeof *(table), c)
static bool in_ranges(const uint32_t *ranges, size_t n, uint32_t c) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[2 * middle + 1] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && ranges[2 * low] <= c;
}

/* The reference knows the categories of Unicode 8.0: what was assigned later has none there. */
static bool is_late(uint32_t c) {
    return IN_RANGES(late, c);
}

/* Categories that changed after Unicode 8.0. */
static const struct {
    uint32_t c;
    utf8proc_category_t category;
} changed[] = {{0x166D, UTF8PROC_CATEGORY_PO}, {0x1734, UTF8PROC_CATEGORY_MN}, {0x1885, UTF8PROC_CATEGORY_LO},
               {0x1886, UTF8PROC_CATEGORY_LO}, {0xA9BD, UTF8PROC_CATEGORY_MC}, {0x111C9, UTF8PROC_CATEGORY_PO}};

static utf8proc_category_t category_of(uint32_t c) {
    for (size_t i = 0; c >= changed[0].c && i < sizeof changed / sizeof *changed; i++)
        if (changed[i].c == c) return changed[i].category;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    bool matters = k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_CF ||
                   (k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO);
    return matters && is_late(c) ? UTF8PROC_CATEGORY_CN : k;
}

/* The byte-level reference, on the other hand, knows letters and numbers that are newer than utf8proc's tables. */
bool wn_tok_is_letter(uint32_t c) {
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
           (k == UTF8PROC_CATEGORY_CN && IN_RANGES(new_letters, c));
}

bool wn_tok_is_number(uint32_t c) {
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO) ||
           (k == UTF8PROC_CATEGORY_CN && IN_RANGES(new_numbers, c));
}

bool wn_tok_is_word(uint32_t c) {
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_ND) || k == UTF8PROC_CATEGORY_NL ||
           k == UTF8PROC_CATEGORY_PC || c == 0x200C || c == 0x200D;
}

static bool is_control(uint32_t c) {
    utf8proc_category_t k = category_of(c);
    return c != '\t' && c != '\n' && c != '\r' &&
           (k == UTF8PROC_CATEGORY_CC || k == UTF8PROC_CATEGORY_CF || k == UTF8PROC_CATEGORY_CO);
}

static bool is_punctuation(uint32_t c) {
    if (c < 128) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
    return category_of(c) >= UTF8PROC_CATEGORY_PC && category_of(c) <= UTF8PROC_CATEGORY_PO;
}

static uint32_t char_entry(enum wn_tok_class k, uint32_t c) {
    return (uint32_t)k << 24 | c;
}

/* The class of a code point as the pre-tokenizer sees it, after normalising. */
static uint32_t plain_entry(uint32_t c) {
    return wn_tok_is_space(c)  ? char_entry(WN_TOK_SPACE, c)
           : is_punctuation(c) ? char_entry(WN_TOK_PUNCT, c)
                               : char_entry(WN_TOK_CHAR, c);
}

static size_t lower_case(uint32_t c, uint32_t *out) {
    if (c == 0x130) { /* the one character whose lower case is two */
        out[0] = 'i', out[1] = 0x307;
        return 2;
    }
    out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

wn_code wn_tok_lower(const char *s, size_t n, wn_buf *out, wn_err *err) {
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    out->len = 0;
    while (p < end) {
        uint32_t lowered[2];
        const size_t m = lower_case(wn_tok_next(&p), lowered);
        for (size_t i = 0; i < m; i++) {
            utf8proc_uint8_t bytes[4];
            const size_t len = (size_t)utf8proc_encode_char((utf8proc_int32_t)lowered[i], bytes);
            const wn_code code = wn_buf_append(out, bytes, len, err);
            if (code != WN_OK) return code;
        }
    }
    return WN_OK;
}

size_t wn_tok_decompose(const wn_tok *t, uint32_t c, uint32_t out[32]) {
    utf8proc_int32_t parts[16] = {(utf8proc_int32_t)c};
    size_t n = 1, made = 0;
    if (t->strip_accents) {
        int boundary = 0;
        utf8proc_ssize_t got = utf8proc_decompose_char((utf8proc_int32_t)c, parts, 16, UTF8PROC_DECOMPOSE, &boundary);
        n = got > 0 && got <= 16 ? (size_t)got : 1;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t lowered[2] = {(uint32_t)parts[i]};
        size_t m = 1;
        if (t->strip_accents && category_of(lowered[0]) == UTF8PROC_CATEGORY_MN) continue;
        if (t->lowercase) m = lower_case(lowered[0], lowered);
        for (size_t j = 0; j < m; j++) out[made++] = plain_entry(lowered[j]);
    }
    return made;
}

static uint32_t classify_char(const wn_tok *t, uint32_t c) {
    uint32_t parts[32];
    if (t->clean && (c == 0 || c == 0xFFFD || is_control(c))) return char_entry(WN_TOK_DROP, c);
    if (t->clean && wn_tok_is_space(c)) return char_entry(WN_TOK_SPACE, ' ');
    bool alone = t->cjk && is_cjk(c);
    size_t n = wn_tok_decompose(t, c, parts);
    if (n == 0) return char_entry(WN_TOK_DROP, c);
    if (n > 1) return char_entry(WN_TOK_MANY, c);
    return alone ? char_entry(WN_TOK_CJK, parts[0] & 0x1FFFFF) : parts[0];
}

/* A table for the Basic Multilingual Plane; the rest is classified on the way (wn_tok_class_of). */
wn_code wn_tok_chars_init(wn_tok *t, wn_err *err) {
    t->chars = wn_alloc(0x10000, sizeof *t->chars, err);
    if (!t->chars) return WN_EMEMORY;
    for (uint32_t c = 0; c < 0x10000; c++) t->chars[c] = classify_char(t, c);
    return WN_OK;
}

uint32_t wn_tok_class_of(const wn_tok *t, uint32_t c) {
    return c < 0x10000 ? t->chars[c] : classify_char(t, c);
}
