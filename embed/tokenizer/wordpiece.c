/* WordPiece: words of the normalised text, each into the longest pieces from its start. */
#include "tok_private.h"

#include <string.h>
#include <utf8proc.h>

static size_t code_points(const char *s, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

/* Longest match first; a word with a stretch that no piece matches is unknown as a whole. */
static wn_code split_word(const wn_tok *t, const char *word, size_t n, wn_tok_out *out, wn_err *err) {
    size_t first = out->n, at = 0;
    if (code_points(word, n) > t->longest_word) return wn_tok_push(out, t->ids.unk, err);
    while (at < n) {
        const wn_tok_vocab *v = at ? &t->continuing : &t->vocab;
        size_t len = n - at < v->longest ? n - at : v->longest;
        uint32_t id = WN_TOK_NONE;
        for (; len; len--) {
            if (at + len < n && ((unsigned char)word[at + len] & 0xC0) == 0x80) continue; /* inside a code point */
            if ((id = wn_tok_vocab_find(v, word + at, len)) != WN_TOK_NONE) break;
        }
        if (id == WN_TOK_NONE) {
            out->n = first;
            return wn_tok_push(out, t->ids.unk, err);
        }
        wn_code code = wn_tok_push(out, id, err);
        if (code != WN_OK) return code;
        at += len;
    }
    return WN_OK;
}

/* `word` is followed by zeros up to WN_TOK_WORD bytes when it is shorter than that. */
static wn_code wordpiece_word(const wn_tok *t, const char *word, size_t n, wn_tok_scratch *w, wn_tok_out *out,
                              wn_err *err) {
    if (n == 0 || out->n > out->stop) return WN_OK;
    if (n > WN_TOK_WORD) return split_word(t, word, n, out, err);
    uint64_t part[4];
    memcpy(part, word, WN_TOK_WORD);
    uint64_t h =
        (part[0] ^ part[1] * 0x9E3779B97F4A7C15u ^ part[2] * 0xC2B2AE3D27D4EB4Fu ^ part[3] * 0x165667B19E3779F9u) *
        0xD6E8FEB86659FD93u;
    wn_tok_entry *e = &w->cache[h >> 40 & (WN_TOK_CACHE - 1)];
    if (e->len == n && memcmp(e->word, word, WN_TOK_WORD) == 0) {
        if (out->n + WN_TOK_CACHED > out->cap) {
            wn_code code = wn_reserve((void **)&out->ids, &out->cap, out->n + WN_TOK_CACHED, sizeof *out->ids, err);
            if (code != WN_OK) return code;
        }
        memcpy(out->ids + out->n, e->ids, sizeof e->ids); /* all of them: cheaper than a loop */
        out->n += e->n;
        return WN_OK;
    }
    size_t first = out->n;
    wn_code code = split_word(t, word, n, out, err);
    if (code != WN_OK || out->n - first > WN_TOK_CACHED) return code;
    memcpy(e->word, word, WN_TOK_WORD);
    memcpy(e->ids, out->ids + first, (out->n - first) * sizeof *e->ids);
    e->len = (uint8_t)n;
    e->n = (uint8_t)(out->n - first);
    return WN_OK;
}

/* The word under construction: room for a word that would be cached, zeroed behind its end. */
static wn_code finish_word(const wn_tok *t, wn_tok_scratch *w, wn_tok_out *out, wn_err *err) {
    size_t n = w->word.len;
    if (n == 0) return WN_OK;
    wn_code code = wordpiece_word(t, w->word.data, n, w, out, err);
    memset(w->word.data, 0, n < WN_TOK_WORD ? n : WN_TOK_WORD);
    w->word.len = 0;
    return code;
}

static wn_code add_char(wn_tok_scratch *w, uint32_t c, wn_err *err) {
    if (w->word.len + 4 > w->word.cap) {
        wn_code code = wn_reserve((void **)&w->word.data, &w->word.cap, w->word.len + 4, 1, err);
        if (code != WN_OK) return code;
    }
    w->word.len += (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)w->word.data + w->word.len);
    return WN_OK;
}

static wn_code add_entry(const wn_tok *t, uint32_t entry, wn_tok_scratch *w, wn_tok_out *out, wn_err *err) {
    uint32_t c = entry & 0x1FFFFF;
    wn_code code;
    switch (entry >> 24) {
    case WN_TOK_CHAR:
        return add_char(w, c, err);
    case WN_TOK_SPACE:
        return finish_word(t, w, out, err);
    case WN_TOK_PUNCT:
    case WN_TOK_CJK:
        if ((code = finish_word(t, w, out, err)) != WN_OK) return code;
        if ((code = add_char(w, c, err)) != WN_OK) return code;
        return finish_word(t, w, out, err);
    default:
        return WN_OK;
    }
}

static wn_code add_many(const wn_tok *t, uint32_t c, wn_tok_scratch *w, wn_tok_out *out, wn_err *err) {
    uint32_t parts[32];
    size_t n = wn_tok_decompose(t, c, parts);
    for (size_t i = 0; i < n; i++) {
        wn_code code = add_entry(t, parts[i], w, out, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* True if canonical ordering could move characters that stay: marks with a combining class other than Mn, which are
 * rare. */
static bool needs_reordering(const char *s, size_t n) {
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    while (p < end) {
        uint32_t c = wn_tok_next(&p);
        if (c < 0x302E) continue;
        const utf8proc_property_t *q = utf8proc_get_property((utf8proc_int32_t)c);
        if (q->combining_class && q->category != UTF8PROC_CATEGORY_MN) return true;
    }
    return false;
}

static wn_code wordpiece_walk(const wn_tok *t, const char *s, size_t n, wn_tok_scratch *w, wn_tok_out *out,
                              wn_err *err) {
    const unsigned char *p = (const unsigned char *)s, *end = p + n, *told = p;
    while (p < end && out->n <= out->stop) {
        if (p - told > WN_TOK_TELL) { /* a single text may be long */
            wn_code code = wn_tick(NULL, "tokenize", "bytes", n - (size_t)(end - p), n, err);
            if (code != WN_OK) return code;
            told = p;
        }
        /* runs of ASCII letters and digits, the common case, straight into the word */
        char *word = w->word.data;
        size_t len = w->word.len, room = w->word.cap;
        uint32_t entry = 0;
        while (p < end && len<room && * p<0x80 && (entry = t->chars[*p])>> 24 == WN_TOK_CHAR) {
            word[len++] = (char)entry;
            p++;
        }
        w->word.len = len;
        if (p == end) break;
        uint32_t c = wn_tok_next(&p);
        entry = wn_tok_class_of(t, c);
        wn_code code = entry >> 24 == WN_TOK_MANY ? add_many(t, c, w, out, err) : add_entry(t, entry, w, out, err);
        if (code != WN_OK) return code;
    }
    return finish_word(t, w, out, err);
}

/* The text in canonical order, where that could matter: in `ordered`, or the text itself. */
static wn_code canonical_order(const wn_tok *t, const char **s, size_t *n, wn_buf *ordered, wn_err *err) {
    if (!t->strip_accents || !needs_reordering(*s, *n)) return WN_OK;
    wn_code code = wn_text_normalize(*s, *n, WN_NFD, ordered, err);
    if (code != WN_OK) return code;
    *s = ordered->data;
    *n = ordered->len;
    return WN_OK;
}

wn_code wn_tok_wordpiece(const wn_tok *t, const char *s, size_t n, wn_tok_scratch *w, wn_tok_out *out, wn_err *err) {
    wn_buf ordered = {0};
    wn_code code;
    if (w->word.cap < 2 * WN_TOK_WORD) {
        code = wn_reserve((void **)&w->word.data, &w->word.cap, 2 * WN_TOK_WORD, 1, err);
        if (code != WN_OK) return code;
    }
    w->word.len = 0; /* a failed call may have left a word */
    memset(w->word.data, 0, WN_TOK_WORD);
    if ((code = canonical_order(t, &s, &n, &ordered, err)) != WN_OK) goto out;
    code = wordpiece_walk(t, s, n, w, out, err);
out:
    wn_free(ordered.data);
    return code;
}

static wn_code append_entry(uint32_t entry, wn_buf *out, wn_err *err) {
    char spaced[8] = " ", *p = spaced + 1;
    if (entry >> 24 == WN_TOK_DROP) return WN_OK;
    p += utf8proc_encode_char((utf8proc_int32_t)(entry & 0x1FFFFF), (utf8proc_uint8_t *)p);
    bool alone = entry >> 24 == WN_TOK_CJK;
    if (alone) *p++ = ' ';
    const char *from = alone ? spaced : spaced + 1;
    return wn_buf_append(out, from, (size_t)(p - from), err);
}

wn_code wn_tok_wordpiece_normalize(const wn_tok *t, const char *s, size_t n, wn_buf *out, wn_err *err) {
    wn_buf ordered = {0};
    out->len = 0;
    wn_code code = canonical_order(t, &s, &n, &ordered, err);
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    while (code == WN_OK && p < end) {
        uint32_t parts[32], c = wn_tok_next(&p), entry = wn_tok_class_of(t, c);
        size_t m = entry >> 24 == WN_TOK_MANY ? wn_tok_decompose(t, c, parts) : 1;
        if (entry >> 24 != WN_TOK_MANY) parts[0] = entry;
        for (size_t i = 0; code == WN_OK && i < m; i++) code = append_entry(parts[i], out, err);
    }
    wn_free(ordered.data);
    return code;
}
