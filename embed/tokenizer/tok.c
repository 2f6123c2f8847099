/* Encoding: special tokens in the raw text first, the stretches between them by the model, then the frame of special
 * tokens and the cut to a maximum. */
#include "tok_private.h"

#include <string.h>

wn_code wn_tok_open(wn_tok **out, const char *dir, wn_err *err) {
    *out = NULL;
    wn_tok *t = wn_alloc(1, sizeof *t, err);
    if (!t) return WN_EMEMORY;
    wn_code rc = tok_load(t, dir, err);
    if (rc) wn_tok_close(t);
    else *out = t;
    return rc;
}

void wn_tok_close(wn_tok *t) {
    if (!t) return;
    tok_vocab_free(&t->vocab);
    tok_vocab_free(&t->continuing);
    for (size_t i = 0; i < t->nspecials; i++) wn_free(t->specials[i].text);
    wn_free(t->specials);
    wn_free(t->chars);
    wn_free(t->merge_keys);
    wn_free(t->merge_values);
    wn_free(t);
}

wn_tok_kind wn_tok_type(const wn_tok *t) { return t->kind; }
size_t wn_tok_size(const wn_tok *t) { return t->vocab.size; }
bool wn_tok_lowercase(const wn_tok *t) { return t->lowercase; }
wn_tok_specials wn_tok_special_ids(const wn_tok *t) { return t->ids; }
const char *wn_tok_piece(const wn_tok *t, uint32_t id, size_t *len) { return tok_vocab_piece(&t->vocab, id, len); }

void wn_ids_free(wn_ids *ids) {
    tok_scratch *w = ids->scratch;
    if (w) {
        wn_free(w->cache);
        wn_free(w->word.data);
        wn_free(w->plain.data);
        wn_free(w->symbols);
        wn_free(w->links);
        wn_free(w->second);
        wn_free(w);
    }
    wn_free(ids->ids);
    wn_free(ids->types);
    *ids = (wn_ids){0};
}

static wn_code scratch_for(const wn_tok *t, wn_ids *ids, wn_err *err) {
    tok_scratch *w = ids->scratch;
    if (!w && !(w = ids->scratch = wn_alloc(1, sizeof *w, err))) return WN_EMEMORY;
    if (!w->cache && !(w->cache = wn_alloc(TOK_CACHE, sizeof *w->cache, err))) return WN_EMEMORY;
    if (w->owner && w->owner != t) memset(w->cache, 0, TOK_CACHE * sizeof *w->cache);
    w->owner = t;
    return WN_OK;
}

static bool word_byte(unsigned char c) { return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'); }

/* The longest special token that starts at s[at], or NULL. */
static const tok_special *special_at(const wn_tok *t, const char *s, size_t n, size_t at) {
    const tok_special *best = NULL;
    for (size_t i = 0; i < t->nspecials; i++) {
        const tok_special *p = &t->specials[i];
        if (p->len > n - at || memcmp(s + at, p->text, p->len) != 0 || (best && best->len >= p->len)) continue;
        if (p->single_word && ((at && word_byte((unsigned char)s[at - 1])) || (at + p->len < n && word_byte((unsigned char)s[at + p->len])))) continue;
        best = p;
    }
    return best;
}

static size_t strip_left(const char *s, size_t from, size_t to) { /* white space before `to` belongs to the special token */
    while (to > from) {
        size_t at = to - 1;
        while (at > from && ((unsigned char)s[at] & 0xC0) == 0x80) at--;
        const unsigned char *p = (const unsigned char *)s + at;
        if (!tok_is_space(tok_next(&p))) break;
        to = at;
    }
    return to;
}

static size_t strip_right(const char *s, size_t from, size_t n) {
    while (from < n) {
        const unsigned char *p = (const unsigned char *)s + from, *q = p;
        if (!tok_is_space(tok_next(&q))) break;
        from += (size_t)(q - p);
    }
    return from;
}

static wn_code encode_text(const wn_tok *t, const char *s, size_t n, tok_scratch *w, tok_out *out, wn_err *err) {
    wn_code rc = WN_OK;
    size_t done = 0;
    for (size_t at = 0; !rc && at < n && out->n <= out->stop; at++) {
        if (!t->special_first[(unsigned char)s[at]]) continue;
        const tok_special *p = special_at(t, s, n, at);
        if (!p) continue;
        size_t until = p->lstrip ? strip_left(s, done, at) : at;
        if (until > done)
            rc = t->kind == WN_WORDPIECE ? tok_wordpiece(t, s + done, until - done, w, out, err) : tok_bpe(t, s + done, until - done, w, out, err);
        if (!rc) rc = tok_push(out, p->id, err);
        done = at + p->len;
        if (p->rstrip) done = strip_right(s, done, n);
        at = done - 1;
    }
    if (rc || done >= n) return rc;
    return t->kind == WN_WORDPIECE ? tok_wordpiece(t, s + done, n - done, w, out, err) : tok_bpe(t, s + done, n - done, w, out, err);
}

/* "Longest first" over a pair: how many tokens of each remain of `room`. */
static void share(size_t room, size_t *a, size_t *b) {
    if (*a + *b <= room) return;
    bool swap = *a > *b;
    size_t small = swap ? *b : *a, large;
    large = small > room ? small : room - small > small ? room - small : small;
    if (small + large > room) {
        small = room / 2;
        large = small + room % 2;
    }
    *a = swap ? large : small;
    *b = swap ? small : large;
}

static wn_code reserve(wn_ids *out, size_t n, wn_err *err) {
    size_t cap = out->cap;
    wn_code rc = wn_reserve((void **)&out->ids, &cap, n, sizeof *out->ids, err);
    if (rc) return rc;
    size_t types_cap = out->types ? out->cap : 0;
    if (types_cap < cap) {
        uint8_t *types = wn_realloc(out->types, types_cap, cap, 1, err);
        if (!types) return WN_EMEMORY;
        out->types = types;
    }
    out->cap = cap;
    return WN_OK;
}

wn_code wn_tok_encode(const wn_tok *t, const char *a, size_t na, const char *b, size_t nb, size_t max, wn_ids *out, wn_err *err) {
    bool roberta = t->kind == WN_BYTE_BPE;
    size_t frame = b ? (roberta ? 4 : 3) : 2;
    out->n = 0;
    out->truncated = false;
    if (max && max < frame) return wn_err_set(err, WN_EUSAGE, "at most %zu tokens leave no room: the special tokens are %zu", max, frame);
    if (wn_utf8_invalid(a, na) < na || (b && wn_utf8_invalid(b, nb) < nb)) return wn_err_set(err, WN_EINPUT, "the text is not valid UTF-8");
    wn_code rc = scratch_for(t, out, err);
    if (rc) return rc;
    tok_scratch *w = out->scratch;
    /* the texts' ids first, behind the place of the opening token; a single text needs no more than one beyond the cut */
    size_t room = max ? max - frame : SIZE_MAX - 16, had = out->cap;
    if ((rc = reserve(out, 64, err))) return rc;
    had = out->cap;
    tok_out first = {.ids = out->ids, .n = 1, .cap = had, .stop = b ? SIZE_MAX : room + 1};
    tok_out second = {.ids = w->second, .cap = w->second_cap, .stop = SIZE_MAX};
    rc = encode_text(t, a, na, w, &first, err);
    if (!rc && b) rc = encode_text(t, b, nb, w, &second, err);
    out->ids = first.ids;
    w->second = second.ids;
    w->second_cap = second.cap;
    if (first.cap > had) { /* the id array grew beneath us: the types follow */
        uint8_t *types = wn_realloc(out->types, had, first.cap, 1, err);
        if (types) {
            out->types = types;
            out->cap = first.cap;
        } else {
            rc = WN_EMEMORY;
        }
    }
    if (rc) return rc;
    size_t n1 = first.n - 1, n2 = second.n;
    out->truncated = n1 > room || n2 > room - n1;
    if (!b && n1 > room) n1 = room;
    if (b && max) share(room, &n1, &n2);
    if ((rc = reserve(out, n1 + n2 + frame, err))) return rc;
    size_t at = 0;
    out->ids[at++] = t->ids.cls;
    at += n1;
    out->ids[at++] = t->ids.sep;
    memset(out->types, 0, at);
    if (b) {
        size_t from = at;
        if (roberta) out->ids[at++] = t->ids.sep;
        memcpy(out->ids + at, w->second, n2 * sizeof *out->ids);
        at += n2;
        out->ids[at++] = t->ids.sep;
        memset(out->types + from, roberta ? 0 : 1, at - from);
    }
    out->n = at;
    return WN_OK;
}
