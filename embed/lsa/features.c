/* What a text is cut into. Words and pairs are keys as they stand ("cat", "cat sat"); a piece of characters has a space
 * before it (" cat", "  ca" with the space that begins a run), which no word has. */
#include "internal.h"

#include <string.h>
#include <winnow/mem.h>
#include <winnow/names.h>
#include <winnow/progress.h>

enum { SHORTEST = 3, LONGEST = 5 }; /* code points of a piece */
enum { TOLD = 1 << 16 };            /* letters of one run between two looks at interruptions */

const char *wn_lsa_features_name(wn_lsa_features f) {
    switch (f) { WN_LSA_FEATURES(WN_NAME_CASE) }
    return NULL;
}

/* Two code points at least: what scikit-learn's default token pattern calls a word. */
static bool is_word(const char *s, size_t n) {
    size_t points = 0;
    for (size_t i = 0; i < n && points < 2; i++) points += ((unsigned char)s[i] & 0xC0) != 0x80;
    return points >= 2;
}

static wn_code append(wn_buf *b, const char *s, size_t n, wn_err *err) {
    wn_code code = wn_reserve((void **)&b->data, &b->cap, b->len + n, 1, err);
    if (code != WN_OK) return code;
    memcpy(b->data + b->len, s, n);
    b->len += n;
    return WN_OK;
}

/* A word, and the pair that it makes with the one before. */
static wn_code put_word(wn_lsa_reader *r, const char *word, size_t n, wn_err *err) {
    wn_code code = r->sink(r->ctx, word, n, err);
    if (code != WN_OK || r->features == WN_LSA_WORDS) return code;
    size_t before = r->pair.len;
    if (before && (code = append(&r->pair, " ", 1, err)) != WN_OK) return code;
    if ((code = append(&r->pair, word, n, err)) != WN_OK) return code;
    if (before && (code = r->sink(r->ctx, r->pair.data, r->pair.len, err)) != WN_OK) return code;
    r->pair.len = 0;
    return append(&r->pair, word, n, err);
}

/* Bytes of the letter at s, with its marks, of a script without spaces; 0 where it is of another one. */
static size_t unspaced_letter(const char *s, size_t n) {
    size_t length = 0, end = 0;
    if (!wn_text_unspaced(wn_text_point(s, &length))) return 0;
    for (end = length; end < n && wn_text_is_mark(wn_text_point(s + end, &length)); end += length) {}
    return end;
}

/* Where no spaces are written, every letter counts as a word. */
static wn_code take_word(void *ctx, const char *s, size_t n, wn_err *err) {
    wn_lsa_reader *r = ctx;
    wn_code code = WN_OK;
    if (r->features == WN_LSA_WORDS) return is_word(s, n) ? put_word(r, s, n, err) : WN_OK;
    for (size_t begin = 0, end = 0, at = 0; begin < n && code == WN_OK; begin = end, at++) {
        if (at % TOLD == TOLD - 1 && (code = wn_tick(NULL, "words", "letters", begin, n, err)) != WN_OK) return code;
        size_t letter = unspaced_letter(s + begin, n - begin);
        end = begin + letter;
        size_t length = 0;
        while (!letter && end < n && !wn_text_unspaced(wn_text_point(s + end, &length))) end += length;
        if (letter || is_word(s + begin, end - begin)) code = put_word(r, s + begin, end - begin, err);
    }
    return code;
}

/* All pieces of the run, which gets a space at either end. */
static wn_code take_run(void *ctx, const char *s, size_t n, wn_err *err) {
    wn_lsa_reader *r = ctx;
    char key[1 + 4 * LONGEST] = " ";
    wn_code code = WN_OK;
    r->run.len = 0;
    if ((code = append(&r->run, " ", 1, err)) != WN_OK || (code = append(&r->run, s, n, err)) != WN_OK ||
        (code = append(&r->run, " ", 1, err)) != WN_OK)
        return code;
    const char *run = r->run.data, *stop = run + r->run.len;
    for (size_t length = 0, at = 0; run < stop; run += length, at++) {
        if (at % TOLD == TOLD - 1 && (code = wn_tick(NULL, "pieces", "letters", at, n, err)) != WN_OK) return code;
        const char *end = run;
        for (size_t points = 1; points <= LONGEST && end < stop; points++) {
            size_t bytes = 0;
            (void)wn_text_point(end, &bytes);
            memcpy(key + 1 + (end - run), end, bytes);
            end += bytes;
            if (points == 1) length = bytes;
            if (points < SHORTEST) continue;
            if ((code = r->sink(r->ctx, key, 1 + (size_t)(end - run), err)) != WN_OK) return code;
        }
    }
    return WN_OK;
}

wn_code wn_lsa_read(wn_lsa_reader *r, const char *s, size_t n, wn_word_sink sink, void *ctx, wn_err *err) {
    r->sink = sink;
    r->ctx = ctx;
    r->pair.len = 0;
    wn_code code = wn_text_words(s, n, &r->scratch, take_word, r, err);
    if (code != WN_OK || r->features == WN_LSA_WORDS) return code;
    return wn_text_runs(s, n, &r->scratch, take_run, r, err);
}

void wn_lsa_reader_free(wn_lsa_reader *r) {
    wn_free(r->scratch.data);
    wn_free(r->pair.data);
    wn_free(r->run.data);
    *r = (wn_lsa_reader){0};
}
