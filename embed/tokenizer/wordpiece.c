/* WordPiece: words of the normalised text, each into the longest pieces from its start. */
#include "tok_private.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

wn_code tok_push(tok_out *o, uint32_t id, wn_err *err) {
    if (o->n == o->cap) {
        wn_code rc = wn_reserve((void **)&o->ids, &o->cap, o->n + 1, sizeof *o->ids, err);
        if (rc) return rc;
    }
    o->ids[o->n++] = id;
    return WN_OK;
}

static size_t code_points(const char *s, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

/* Longest match first; a word with a stretch that no piece matches is unknown as a whole. */
static wn_code split(const wn_tok *t, const char *word, size_t n, tok_out *out, wn_err *err) {
    size_t first = out->n, at = 0;
    wn_code rc = WN_OK;
    if (code_points(word, n) > t->longest_word) return tok_push(out, t->ids.unk, err);
    while (!rc && at < n) {
        const tok_vocab *v = at ? &t->continuing : &t->vocab;
        size_t len = n - at < v->longest ? n - at : v->longest;
        uint32_t id = TOK_NONE;
        for (; len; len--) {
            if (at + len < n && ((unsigned char)word[at + len] & 0xC0) == 0x80) continue; /* inside a code point */
            if ((id = tok_vocab_find(v, word + at, len)) != TOK_NONE) break;
        }
        if (id == TOK_NONE) {
            out->n = first;
            return tok_push(out, t->ids.unk, err);
        }
        rc = tok_push(out, id, err);
        at += len;
    }
    return rc;
}

/* `word` is followed by zeros up to TOK_WORD bytes when it is shorter than that. */
static wn_code emit(const wn_tok *t, const char *word, size_t n, tok_scratch *w, tok_out *out, wn_err *err) {
    if (n == 0 || out->n > out->stop) return WN_OK;
    if (n > TOK_WORD) return split(t, word, n, out, err);
    uint64_t part[4];
    memcpy(part, word, TOK_WORD);
    uint64_t h = (part[0] ^ part[1] * 0x9E3779B97F4A7C15u ^ part[2] * 0xC2B2AE3D27D4EB4Fu ^ part[3] * 0x165667B19E3779F9u) * 0xD6E8FEB86659FD93u;
    tok_entry *e = &w->cache[h >> 40 & (TOK_CACHE - 1)];
    if (e->len == n && memcmp(e->word, word, TOK_WORD) == 0) {
        if (out->n + TOK_CACHED > out->cap) {
            wn_code rc = wn_reserve((void **)&out->ids, &out->cap, out->n + TOK_CACHED, sizeof *out->ids, err);
            if (rc) return rc;
        }
        memcpy(out->ids + out->n, e->ids, sizeof e->ids); /* all of them: cheaper than a loop */
        out->n += e->n;
        return WN_OK;
    }
    size_t first = out->n;
    wn_code rc = split(t, word, n, out, err);
    if (!rc && out->n - first <= TOK_CACHED) {
        memcpy(e->word, word, TOK_WORD);
        memcpy(e->ids, out->ids + first, (out->n - first) * sizeof *e->ids);
        e->len = (uint8_t)n;
        e->n = (uint8_t)(out->n - first);
    }
    return rc;
}

/* The word under construction: room for a word that would be cached, zeroed behind its end. */
static wn_code finish_word(const wn_tok *t, tok_scratch *w, tok_out *out, wn_err *err) {
    size_t n = w->word.len;
    if (n == 0) return WN_OK;
    wn_code rc = emit(t, w->word.data, n, w, out, err);
    memset(w->word.data, 0, n < TOK_WORD ? n : TOK_WORD);
    w->word.len = 0;
    return rc;
}

static wn_code add_char(tok_scratch *w, uint32_t c, wn_err *err) {
    if (w->word.len + 4 > w->word.cap) {
        wn_code rc = wn_reserve((void **)&w->word.data, &w->word.cap, w->word.len + 4, 1, err);
        if (rc) return rc;
    }
    w->word.len += (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)w->word.data + w->word.len);
    return WN_OK;
}

static wn_code add_entry(const wn_tok *t, uint32_t entry, tok_scratch *w, tok_out *out, wn_err *err) {
    uint32_t c = entry & 0x1FFFFF;
    wn_code rc = WN_OK;
    switch (entry >> 24) {
    case TOK_CHAR: return add_char(w, c, err);
    case TOK_SPACE: return finish_word(t, w, out, err);
    case TOK_PUNCT:
    case TOK_CJK:
        rc = finish_word(t, w, out, err);
        if (!rc) rc = add_char(w, c, err);
        return rc ? rc : finish_word(t, w, out, err);
    default: return WN_OK;
    }
}

static wn_code add_many(const wn_tok *t, uint32_t c, tok_scratch *w, tok_out *out, wn_err *err) {
    uint32_t parts[32];
    size_t n = tok_decompose(t, c, parts);
    wn_code rc = WN_OK;
    for (size_t i = 0; !rc && i < n; i++) rc = add_entry(t, parts[i], w, out, err);
    return rc;
}

/* True if canonical ordering could move characters that stay: marks with a combining class other than Mn, which are rare. */
static bool needs_reordering(const char *s, size_t n) {
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    while (p < end) {
        uint32_t c = tok_next(&p);
        if (c < 0x302E) continue;
        const utf8proc_property_t *q = utf8proc_get_property((utf8proc_int32_t)c);
        if (q->combining_class && q->category != UTF8PROC_CATEGORY_MN) return true;
    }
    return false;
}

static wn_code walk(const wn_tok *t, const char *s, size_t n, tok_scratch *w, tok_out *out, wn_err *err) {
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    wn_code rc = WN_OK;
    while (!rc && p < end && out->n <= out->stop) {
        /* runs of ASCII letters and digits, the common case, straight into the word */
        char *word = w->word.data;
        size_t len = w->word.len, room = w->word.cap;
        uint32_t entry = 0;
        while (p < end && len < room && *p < 0x80 && (entry = t->chars[*p]) >> 24 == TOK_CHAR) {
            word[len++] = (char)entry;
            p++;
        }
        w->word.len = len;
        if (p == end) break;
        uint32_t c = tok_next(&p);
        entry = tok_class_of(t, c);
        rc = entry >> 24 == TOK_MANY ? add_many(t, c, w, out, err) : add_entry(t, entry, w, out, err);
    }
    return rc ? rc : finish_word(t, w, out, err);
}

/* The text in canonical order, where that could matter: *owned (free it) or the text itself. */
static wn_code order(const wn_tok *t, const char **s, size_t *n, utf8proc_uint8_t **owned, wn_err *err) {
    *owned = NULL;
    if (!t->strip_accents || !needs_reordering(*s, *n)) return WN_OK;
    utf8proc_ssize_t m = utf8proc_map((const utf8proc_uint8_t *)*s, (utf8proc_ssize_t)*n, owned, UTF8PROC_DECOMPOSE);
    if (m == UTF8PROC_ERROR_NOMEM) return wn_err_set(err, WN_EMEMORY, "out of memory: %zu bytes of text are put in order", *n);
    if (m < 0) return wn_err_set(err, WN_EINPUT, "text: %s", utf8proc_errmsg(m));
    *s = (const char *)*owned;
    *n = (size_t)m;
    return WN_OK;
}

wn_code tok_wordpiece(const wn_tok *t, const char *s, size_t n, tok_scratch *w, tok_out *out, wn_err *err) {
    utf8proc_uint8_t *owned;
    if (w->word.cap < 2 * TOK_WORD) {
        wn_code rc = wn_reserve((void **)&w->word.data, &w->word.cap, 2 * TOK_WORD, 1, err);
        if (rc) return rc;
    }
    w->word.len = 0; /* a failed call may have left a word */
    memset(w->word.data, 0, TOK_WORD);
    wn_code rc = order(t, &s, &n, &owned, err);
    if (!rc) rc = walk(t, s, n, w, out, err);
    free(owned);
    return rc;
}

static wn_code append_entry(uint32_t entry, wn_buf *out, wn_err *err) {
    char spaced[8] = " ", *p = spaced + 1;
    if (entry >> 24 == TOK_DROP) return WN_OK;
    p += utf8proc_encode_char((utf8proc_int32_t)(entry & 0x1FFFFF), (utf8proc_uint8_t *)p);
    bool alone = entry >> 24 == TOK_CJK;
    if (alone) *p++ = ' ';
    const char *from = alone ? spaced : spaced + 1;
    return wn_buf_append(out, from, (size_t)(p - from), err);
}

wn_code tok_wordpiece_normalize(const wn_tok *t, const char *s, size_t n, wn_buf *out, wn_err *err) {
    utf8proc_uint8_t *owned;
    wn_code rc = order(t, &s, &n, &owned, err);
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    out->len = 0;
    while (!rc && p < end) {
        uint32_t parts[32], c = tok_next(&p), entry = tok_class_of(t, c);
        size_t m = entry >> 24 == TOK_MANY ? tok_decompose(t, c, parts) : 1;
        if (entry >> 24 != TOK_MANY) parts[0] = entry;
        for (size_t i = 0; !rc && i < m; i++) rc = append_entry(parts[i], out, err);
    }
    free(owned);
    return rc;
}
