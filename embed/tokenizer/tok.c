/* Encoding: special tokens in the raw text first, the stretches between them by the model, then the frame of special
 * tokens and the cut to a maximum. */
#include "tok_private.h"

#include <stdatomic.h>
#include <string.h>

wn_code wn_tok_open(wn_tok **out, const char *dir, wn_err *err) {
    static atomic_ullong opened;
    *out = NULL;
    wn_tok *t = wn_alloc(1, sizeof *t, err);
    if (!t) return WN_EMEMORY;
    t->serial = atomic_fetch_add(&opened, 1) + 1;
    wn_code code = wn_tok_load(t, dir, err);
    if (code)
        wn_tok_close(t);
    else
        *out = t;
    return code;
}

void wn_tok_close(wn_tok *t) {
    if (!t) return;
    wn_tok_vocab_free(&t->vocab);
    wn_tok_vocab_free(&t->continuing);
    wn_added_tokens_free(&t->raw);
    wn_added_tokens_free(&t->late);
    wn_free(t->chars);
    wn_free(t->prompt);
    wn_free(t->merge_keys);
    wn_free(t->merge_values);
    wn_free(t);
}

wn_tok_kind wn_tok_type(const wn_tok *t) {
    return t->kind;
}
size_t wn_tok_size(const wn_tok *t) {
    return t->vocab.size;
}
size_t wn_tok_written_max(const wn_tok *t) {
    return t->written_max;
}
bool wn_tok_lowercase(const wn_tok *t) {
    return t->lowercase;
}
const char *wn_tok_prompt(const wn_tok *t) {
    return t->prompt ? t->prompt : "";
}
const char *wn_tok_unknown(const wn_tok *t) {
    return t->unknown;
}
wn_tok_specials wn_tok_special_ids(const wn_tok *t) {
    return t->ids;
}
const char *wn_tok_piece(const wn_tok *t, uint32_t id, size_t *len) {
    return wn_tok_vocab_piece(&t->vocab, id, len);
}

void wn_ids_free(wn_ids *ids) {
    wn_tok_scratch *w = ids->scratch;
    if (w) {
        wn_free(w->cache);
        wn_free(w->word.data);
        wn_free(w->plain.data);
        wn_free(w->lower.data);
        wn_free(w->prompted.data);
        wn_free(w->symbols);
        wn_free(w->links);
        wn_free(w->tails);
        wn_free(w->second);
        wn_free(w);
    }
    wn_free(ids->ids);
    wn_free(ids->types);
    *ids = (wn_ids){0};
}

static wn_code scratch_for(const wn_tok *t, wn_ids *ids, wn_err *err) {
    wn_tok_scratch *w = ids->scratch;
    if (!w && !(w = ids->scratch = wn_alloc(1, sizeof *w, err))) return WN_EMEMORY;
    if (!w->cache && !(w->cache = wn_alloc(WN_TOK_CACHE, sizeof *w->cache, err))) return WN_EMEMORY;
    if (w->owner && w->owner != t->serial) memset(w->cache, 0, WN_TOK_CACHE * sizeof *w->cache);
    w->owner = t->serial;
    return WN_OK;
}

/* The code point that ends before s[at]. */
static uint32_t code_point_before(const char *s, size_t at) {
    while (at && ((unsigned char)s[at - 1] & 0xC0) == 0x80) at--;
    const unsigned char *p = (const unsigned char *)s + (at ? at - 1 : 0);
    return wn_tok_next(&p);
}

static bool stands_alone(const char *s, size_t n, size_t from, size_t to) {
    const unsigned char *p = (const unsigned char *)s + to;
    return !(from && wn_tok_is_word(code_point_before(s, from))) && !(to < n && wn_tok_is_word(wn_tok_next(&p)));
}

static size_t strip_left(const char *s, size_t from,
                         size_t to) { /* white space before `to` belongs to the special token */
    while (to > from) {
        size_t at = to - 1;
        while (at > from && ((unsigned char)s[at] & 0xC0) == 0x80) at--;
        const unsigned char *p = (const unsigned char *)s + at;
        if (!wn_tok_is_space(wn_tok_next(&p))) break;
        to = at;
    }
    return to;
}

static size_t strip_right(const char *s, size_t from, size_t n) {
    while (from < n) {
        const unsigned char *p = (const unsigned char *)s + from, *q = p;
        if (!wn_tok_is_space(wn_tok_next(&q))) break;
        from += (size_t)(q - p);
    }
    return from;
}

static wn_code encode_stretch(const wn_tok *t, const char *s, size_t n, bool late, wn_tok_scratch *w, wn_tok_out *out,
                              wn_err *err);

/* Tokens of `table` in the text, and the stretches between them. */
static wn_code encode_text(const wn_tok *t, const wn_added_tokens *table, const char *s, size_t n, wn_tok_scratch *w,
                           wn_tok_out *out, wn_err *err) {
    size_t done = 0;
    bool late = table == &t->late;
    for (size_t at = 0; at < n && out->n <= out->stop; at++) {
        if (!table->first[(unsigned char)s[at]]) continue;
        const wn_added_token *p = wn_added_tokens_at(table, s + at, n - at);
        if (!p) continue;
        size_t from = at, to = at + p->len;
        at = to - 1;
        if (p->single_word && !stands_alone(s, n, from, to)) continue;
        if (p->lstrip) from = strip_left(s, done, from);
        wn_code code = from > done ? encode_stretch(t, s + done, from - done, late, w, out, err) : WN_OK;
        if (code != WN_OK) return code;
        if ((code = wn_tok_push(out, p->id, err)) != WN_OK) return code;
        done = p->rstrip ? strip_right(s, to, n) : to;
        at = done - 1;
    }
    return done >= n ? WN_OK : encode_stretch(t, s + done, n - done, late, w, out, err);
}

static wn_code encode_stretch(const wn_tok *t, const char *s, size_t n, bool late, wn_tok_scratch *w, wn_tok_out *out,
                              wn_err *err) {
    const bool bpe = t->kind == WN_BYTE_BPE;
    if (bpe && (late || !t->lowercase)) return wn_tok_bpe(t, s, n, w, out, err);
    if (!bpe && (late || t->late.n == 0)) return wn_tok_wordpiece(t, s, n, w, out, err);
    wn_buf *normal = bpe ? &w->lower : &w->plain;
    wn_code code = bpe ? wn_tok_lower(s, n, normal, err) : wn_tok_wordpiece_normalize(t, s, n, normal, err);
    return code != WN_OK ? code : encode_text(t, &t->late, normal->data, normal->len, w, out, err);
}

/* "Longest first" over a pair: how many tokens of each remain of `room`. */
static void share_room(size_t room, size_t *a, size_t *b) {
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

static wn_code ids_reserve(wn_ids *out, size_t n, wn_err *err) {
    size_t cap = out->cap;
    wn_code code = wn_reserve((void **)&out->ids, &cap, n, sizeof *out->ids, err);
    if (code != WN_OK) return code;
    size_t types_cap = out->types ? out->cap : 0;
    if (types_cap < cap) {
        uint8_t *types = wn_realloc(out->types, types_cap, cap, 1, err);
        if (!types) return WN_EMEMORY;
        out->types = types;
    }
    out->cap = cap;
    return WN_OK;
}

wn_code wn_tok_encode(const wn_tok *t, const char *a, size_t na, const char *b, size_t nb, size_t max, wn_ids *out,
                      wn_err *err) {
    const size_t open = !t->bare, frame = t->bare ? 0 : b ? (t->double_sep ? 4 : 3) : 2;
    out->n = 0;
    out->truncated = false;
    if (max && max < frame)
        return wn_err_set(err, WN_EUSAGE, "at most %zu tokens leave no room: the special tokens are %zu", max, frame);
    if (wn_utf8_invalid(a, na) < na || (b && wn_utf8_invalid(b, nb) < nb))
        return wn_err_set(err, WN_EINPUT, "the text is not valid UTF-8");
    wn_code code = scratch_for(t, out, err);
    if (code != WN_OK) return code;
    wn_tok_scratch *w = out->scratch;
    if (t->prompt && !b) {
        w->prompted.len = 0;
        if ((code = wn_buf_append(&w->prompted, t->prompt, strlen(t->prompt), err)) != WN_OK) return code;
        if ((code = wn_buf_append(&w->prompted, a, na, err)) != WN_OK) return code;
        a = w->prompted.data, na = w->prompted.len;
    }
    /* the texts' ids first, behind the place of the opening token; a single text needs no more than one beyond the cut
     */
    size_t room = max ? max - frame : SIZE_MAX - 16, had = out->cap;
    if ((code = ids_reserve(out, 64, err)) != WN_OK) return code;
    had = out->cap;
    wn_tok_out first = {.ids = out->ids, .n = open, .cap = had, .stop = b || t->keep_end ? SIZE_MAX : room + open};
    wn_tok_out second = {.ids = w->second, .cap = w->second_cap, .stop = SIZE_MAX};
    code = encode_text(t, &t->raw, a, na, w, &first, err);
    if (!code && b) code = encode_text(t, &t->raw, b, nb, w, &second, err);
    out->ids = first.ids;
    w->second = second.ids;
    w->second_cap = second.cap;
    if (first.cap > had) { /* the id array grew beneath us: the types follow */
        uint8_t *types = wn_realloc(out->types, had, first.cap, 1, err);
        if (types) {
            out->types = types;
            out->cap = first.cap;
        } else {
            code = WN_EMEMORY;
        }
    }
    if (code != WN_OK) return code;
    size_t n1 = first.n - open, n2 = second.n;
    out->truncated = n1 > room || n2 > room - n1;
    const size_t all1 = n1, all2 = n2;
    if (!b && n1 > room) n1 = room;
    if (b && max) share_room(room, &n1, &n2);
    if (t->keep_end) {
        memmove(out->ids + open, out->ids + open + all1 - n1, n1 * sizeof *out->ids);
        if (n2) memmove(w->second, w->second + all2 - n2, n2 * sizeof *out->ids);
    }
    if ((code = ids_reserve(out, n1 + n2 + frame, err)) != WN_OK) return code;
    size_t at = 0;
    if (!t->bare) out->ids[at++] = t->ids.cls;
    at += n1;
    if (!t->bare) out->ids[at++] = t->ids.sep;
    memset(out->types, 0, at);
    if (b) {
        size_t from = at;
        if (t->double_sep) out->ids[at++] = t->ids.sep;
        if (n2) memcpy(out->ids + at, w->second, n2 * sizeof *out->ids);
        at += n2;
        if (!t->bare) out->ids[at++] = t->ids.sep;
        memset(out->types + from, t->second_type, at - from);
    }
    out->n = at;
    return WN_OK;
}
