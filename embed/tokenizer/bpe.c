/* Byte-level byte-pair encoding (GPT-2's): stretches of the text, each merged pair by pair in the order of the ranks.
 */
#include "tok_private.h"

#include <string.h>

static uint64_t merge_hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15u;
    return key ^ key >> 29;
}

/* rank << 32 | id of the pair's merge, UINT64_MAX if it has none. */
static uint64_t merge_of(const wn_tok *t, uint32_t left, uint32_t right) {
    uint64_t key = (uint64_t)left << 32 | right;
    for (size_t i = merge_hash(key) & t->merge_mask; t->merge_keys[i] != UINT64_MAX; i = (i + 1) & t->merge_mask)
        if (t->merge_keys[i] == key) return t->merge_values[i];
    return UINT64_MAX;
}

static wn_code add_merge(wn_tok *t, const char *pair, size_t n, uint32_t rank, wn_err *err) {
    const char *space = memchr(pair, ' ', n);
    char joined[512];
    if (!space || n > sizeof joined) return wn_err_set(err, WN_EINPUT, "merge %u is not two pieces", rank);
    size_t a = (size_t)(space - pair), b = n - a - 1;
    memcpy(joined, pair, a);
    memcpy(joined + a, space + 1, b);
    uint32_t left = wn_tok_vocab_find(&t->vocab, pair, a), right = wn_tok_vocab_find(&t->vocab, space + 1, b),
             whole = wn_tok_vocab_find(&t->vocab, joined, a + b);
    if (left == WN_TOK_NONE || right == WN_TOK_NONE || whole == WN_TOK_NONE)
        return wn_err_set(err, WN_EINPUT, "merge %u, \"%.*s\": a piece of it is not in the vocabulary", rank,
                          (int)(n > 60 ? 60 : n), pair);
    uint64_t key = (uint64_t)left << 32 | right;
    size_t i = merge_hash(key) & t->merge_mask;
    while (t->merge_keys[i] != UINT64_MAX && t->merge_keys[i] != key) i = (i + 1) & t->merge_mask;
    t->merge_keys[i] = key;
    t->merge_values[i] = (uint64_t)rank << 32 | whole;
    return WN_OK;
}

/* GPT-2's byte alphabet: printable Latin-1 bytes stand for themselves, the others for code points from 256. */
static wn_code fill_byte_ids(wn_tok *t, wn_err *err) {
    uint32_t next = 256;
    for (uint32_t b = 0; b < 256; b++) {
        bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        uint32_t c = printable ? b : next++;
        char utf8[2] = {(char)(c < 128 ? c : 0xC0 | c >> 6), (char)(0x80 | (c & 63))};
        t->byte_ids[b] = wn_tok_vocab_find(&t->vocab, utf8, c < 128 ? 1 : 2);
        if (t->byte_ids[b] == WN_TOK_NONE)
            return wn_err_set(err, WN_EINPUT, "the vocabulary has no piece for byte 0x%02x", b);
    }
    return WN_OK;
}

wn_code wn_tok_bpe_merges(wn_tok *t, size_t count,
                          wn_code (*next)(void *ctx, const char **pair, size_t *n, wn_err *err), void *ctx,
                          wn_err *err) {
    size_t slots = 16;
    if (count > 16 * t->vocab.size)
        return wn_err_set(err, WN_EINPUT, "%zu merges are too many for %zu pieces", count, t->vocab.size);
    while (slots < count * 2 + 2) slots *= 2;
    t->merge_keys = wn_alloc(slots, sizeof *t->merge_keys, err);
    t->merge_values = wn_alloc(slots, sizeof *t->merge_values, err);
    if (!t->merge_keys || !t->merge_values) return WN_EMEMORY;
    memset(t->merge_keys, 0xFF, slots * sizeof *t->merge_keys);
    t->merge_mask = slots - 1;
    t->merges = count;
    for (size_t i = 0; i < count; i++) {
        const char *pair;
        size_t n;
        wn_code code = next(ctx, &pair, &n, err);
        if (code != WN_OK) return code;
        if ((code = add_merge(t, pair, n, (uint32_t)i, err)) != WN_OK) return code;
    }
    return fill_byte_ids(t, err);
}

/* Short stretches: the lowest rank, leftmost first, until no pair merges. */
static size_t merge_short(const wn_tok *t, uint32_t *s, size_t n) {
    uint64_t pair[WN_TOK_WORD];
    for (size_t i = 0; i + 1 < n; i++) pair[i] = merge_of(t, s[i], s[i + 1]);
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; i++)
            if (pair[i] >> 32 < pair[best] >> 32) best = i;
        if (pair[best] == UINT64_MAX) break;
        s[best] = (uint32_t)pair[best];
        n--;
        memmove(s + best + 1, s + best + 2, (n - best - 1) * sizeof *s);
        if (best + 1 < n) memmove(pair + best, pair + best + 1, (n - best - 1) * sizeof *pair);
        if (best) pair[best - 1] = merge_of(t, s[best - 1], s[best]);
        if (best + 1 < n) pair[best] = merge_of(t, s[best], s[best + 1]);
    }
    return n;
}

/* ---- long stretches, in linear time ----
 * Where a pair that merges stands is a candidate; they are taken by rank, then from the left. Those of one rank come up
 * from left to right but for a few restarts: they are linked into runs, and the heap holds the first of each run alone.
 * Its size is bounded by the merges of the vocabulary, not by the text. */
typedef struct {
    uint32_t at, next; /* its left symbol; 1 + the candidate after it in its run, 0: none */
} candidate;

typedef struct {
    uint32_t rank, first;
} merge_run;

typedef struct {
    const wn_tok *t;
    const uint32_t *symbols;
    candidate *all;  /* [made] those that were taken are linked by next, from free on, to be used again */
    merge_run *heap; /* [held] */
    uint32_t *tails; /* [merges] by rank: 1 + the last candidate of the run that grows, 0: none */
    size_t made, all_cap, held, heap_cap;
    uint32_t free; /* 1 + the first, 0: none */
} merge_queue;

static bool queue_before(const merge_queue *q, merge_run a, merge_run b) {
    return a.rank != b.rank ? a.rank < b.rank : q->all[a.first].at < q->all[b.first].at;
}

static wn_code queue_push(merge_queue *q, merge_run r, wn_err *err) {
    wn_code code = wn_reserve((void **)&q->heap, &q->heap_cap, q->held + 1, sizeof *q->heap, err);
    if (code != WN_OK) return code;
    size_t i = q->held++;
    for (; i && queue_before(q, r, q->heap[(i - 1) / 2]); i = (i - 1) / 2) q->heap[i] = q->heap[(i - 1) / 2];
    q->heap[i] = r;
    return WN_OK;
}

static void queue_sift_down(merge_queue *q) {
    merge_run *h = q->heap, moved = h[0];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < q->held; i = child) {
        if (child + 1 < q->held && queue_before(q, h[child + 1], h[child])) child++;
        if (!queue_before(q, h[child], moved)) break;
        h[i] = h[child];
    }
    h[i] = moved;
}

static wn_code queue_offer(merge_queue *q, uint32_t left, uint32_t right, wn_err *err) {
    uint64_t merge = merge_of(q->t, q->symbols[left], q->symbols[right]);
    if (merge == UINT64_MAX) return WN_OK;
    uint32_t rank = (uint32_t)(merge >> 32), i = q->free ? q->free - 1 : (uint32_t)q->made, before = q->tails[rank];
    if (q->free) {
        q->free = q->all[i].next;
    } else {
        wn_code code = wn_reserve((void **)&q->all, &q->all_cap, ++q->made, sizeof *q->all, err);
        if (code != WN_OK) return code;
    }
    q->all[i] = (candidate){.at = left};
    q->tails[rank] = i + 1;
    if (!before || q->all[before - 1].at > left) return queue_push(q, (merge_run){rank, i}, err);
    q->all[before - 1].next = i + 1;
    return WN_OK;
}

/* The next place to look at; its pair may have changed since it was offered. */
static uint32_t queue_take(merge_queue *q, uint32_t *rank) {
    uint32_t first = q->heap[0].first;
    candidate c = q->all[first];
    *rank = q->heap[0].rank;
    if (q->tails[*rank] == first + 1) q->tails[*rank] = 0;
    if (c.next)
        q->heap[0].first = c.next - 1;
    else
        q->heap[0] = q->heap[--q->held];
    q->all[first].next = q->free;
    q->free = first + 1;
    queue_sift_down(q);
    return c.at;
}

/* Merges until no pair is left; the tails are zeros then. next, last [n]: the neighbours of a symbol; n: none. */
static wn_code queue_run(merge_queue *q, uint32_t *s, uint32_t *next, uint32_t *last, size_t n, wn_err *err) {
    wn_code code;
    for (size_t i = 0; i < n; i++) {
        next[i] = (uint32_t)i + 1, last[i] = i ? (uint32_t)i - 1 : (uint32_t)n;
        if (i && (code = queue_offer(q, (uint32_t)i - 1, (uint32_t)i, err)) != WN_OK) return code;
        if (i % WN_TOK_TELL == 0 && (code = wn_tick(NULL, "tokenize", "bytes", i, n, err)) != WN_OK) return code;
    }
    for (size_t steps = 1; q->held; steps++) {
        if (steps % WN_TOK_TELL == 0 && (code = wn_tick(NULL, "tokenize", "merges", steps, 3 * n, err)) != WN_OK)
            return code;
        uint32_t rank, at = queue_take(q, &rank), right = next[at];
        if (s[at] == WN_TOK_NONE || right >= n) continue;
        uint64_t merge = merge_of(q->t, s[at], s[right]);
        if (merge == UINT64_MAX || merge >> 32 != rank) continue;
        s[at] = (uint32_t)merge;
        s[right] = WN_TOK_NONE;
        next[at] = next[right];
        if (next[right] < n) last[next[right]] = at;
        if (last[at] < n && (code = queue_offer(q, last[at], at, err)) != WN_OK) return code;
        if (next[at] < n && (code = queue_offer(q, at, next[at], err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code merge_long(const wn_tok *t, uint32_t *s, size_t *len, wn_tok_scratch *w, wn_err *err) {
    size_t n = *len, kept = 0;
    merge_queue q = {.t = t, .symbols = s};
    if (n > UINT32_MAX / 4) return wn_err_set(err, WN_EINPUT, "a stretch of %zu bytes without a break is too long", n);
    wn_code code = wn_reserve((void **)&w->links, &w->links_cap, 2 * n, sizeof *w->links, err);
    if (code != WN_OK) return code;
    if ((code = wn_reserve((void **)&w->tails, &w->tails_cap, t->merges, sizeof *w->tails, err)) != WN_OK) return code;
    q.tails = w->tails;
    if ((code = wn_tick(NULL, "tokenize", "bytes", 0, n, err)) != WN_OK) goto out;
    if ((code = wn_reserve((void **)&q.all, &q.all_cap, n, sizeof *q.all, err)) != WN_OK) goto out;
    if ((code = queue_run(&q, s, w->links, w->links + n, n, err)) != WN_OK) {
        memset(w->tails, 0, w->tails_cap * sizeof *w->tails);
        goto out;
    }
    for (size_t i = 0; i < n; i = w->links[i]) s[kept++] = s[i];
    *len = kept;
out:
    wn_free(q.all);
    wn_free(q.heap);
    return code;
}

static wn_code push_all(wn_tok_out *out, const uint32_t *ids, size_t n, wn_err *err) {
    for (size_t i = 0; i < n; i++) {
        wn_code code = wn_tok_push(out, ids[i], err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code bpe_word(const wn_tok *t, const char *word, size_t n, bool space, wn_tok_scratch *w, wn_tok_out *out,
                        wn_err *err) {
    size_t len = n + (space ? 1 : 0);
    if (out->n > out->stop) return WN_OK;
    char key[WN_TOK_WORD] = {0};
    wn_tok_entry *e = NULL;
    if (len <= WN_TOK_WORD) {
        if (space) key[0] = ' ';
        memcpy(key + (space ? 1 : 0), word, n);
        e = &w->cache[wn_tok_hash(key, len) >> 20 & (WN_TOK_CACHE - 1)];
        if (e->len == len && memcmp(e->word, key, WN_TOK_WORD) == 0) {
            return push_all(out, e->ids, e->n, err);
        }
    }
    wn_code code = wn_reserve((void **)&w->symbols, &w->symbols_cap, len, sizeof *w->symbols, err);
    if (code != WN_OK) return code;
    size_t m = 0;
    if (space) w->symbols[m++] = t->byte_ids[' '];
    for (size_t i = 0; i < n; i++) w->symbols[m++] = t->byte_ids[(unsigned char)word[i]];
    if (m <= WN_TOK_WORD)
        m = merge_short(t, w->symbols, m);
    else if ((code = merge_long(t, w->symbols, &m, w, err)) != WN_OK)
        return code;
    if (e && m <= WN_TOK_CACHED) {
        memcpy(e->word, key, WN_TOK_WORD);
        memcpy(e->ids, w->symbols, m * sizeof *e->ids);
        e->len = (uint8_t)len;
        e->n = (uint8_t)m;
    }
    return push_all(out, w->symbols, m, err);
}

enum shape { LETTER, NUMBER, SPACE, OTHER };
static enum shape shape_of(uint32_t c) {
    if (c < 128) {
        if ((c | 32) >= 'a' && (c | 32) <= 'z') return LETTER;
        if (c >= '0' && c <= '9') return NUMBER;
        return c == ' ' || (c >= 9 && c <= 13) ? SPACE : OTHER;
    }
    return wn_tok_is_letter(c) ? LETTER : wn_tok_is_number(c) ? NUMBER : wn_tok_is_space(c) ? SPACE : OTHER;
}

/* Bytes of 's 't 're 've 'm 'll 'd at p, or 0. */
static size_t contraction(const unsigned char *p, const unsigned char *end) {
    size_t n = (size_t)(end - p);
    if (n < 2 || p[0] != '\'') return 0;
    if (p[1] == 's' || p[1] == 't' || p[1] == 'm' || p[1] == 'd') return 2;
    if (n < 3) return 0;
    return (p[1] == 'r' && p[2] == 'e') || (p[1] == 'v' && p[2] == 'e') || (p[1] == 'l' && p[2] == 'l') ? 3 : 0;
}

/* The end of the run of code points of one shape. */
static const unsigned char *run_end(const unsigned char *p, const unsigned char *end, enum shape k) {
    while (p < end) {
        const unsigned char *q = p;
        if (shape_of(wn_tok_next(&q)) != k) break;
        p = q;
    }
    return p;
}

wn_code wn_tok_bpe(const wn_tok *t, const char *s, size_t n, wn_tok_scratch *w, wn_tok_out *out, wn_err *err) {
    wn_code code = WN_OK;
    if (t->prefix_space && n && s[0] != ' ') {
        w->plain.len = 0;
        if ((code = wn_buf_append(&w->plain, " ", 1, err)) != WN_OK) return code;
        if ((code = wn_buf_append(&w->plain, s, n++, err)) != WN_OK) return code;
        s = w->plain.data;
    }
    const unsigned char *p = (const unsigned char *)s, *end = p + n, *q, *last, *told = p;
    bool space = false;
    /* the pattern: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
    while (code == WN_OK && p < end && out->n <= out->stop) {
        if (p - told > WN_TOK_TELL) { /* a single text may be long */
            if ((code = wn_tick(NULL, "tokenize", "bytes", n - (size_t)(end - p), n, err)) != WN_OK) break;
            told = p;
        }
        size_t c = space ? 0 : contraction(p, end);
        if (c) {
            code = bpe_word(t, (const char *)p, c, false, w, out, err);
            p += c;
            continue;
        }
        q = p;
        enum shape k = shape_of(wn_tok_next(&q));
        if (k != SPACE) {
            q = run_end(p, end, k);
            code = bpe_word(t, (const char *)p, (size_t)(q - p), space, w, out, err);
            p = q;
            space = false;
            continue;
        }
        q = run_end(p, end, SPACE);
        for (last = q - 1; (*last & 0xC0) == 0x80;) last--; /* start of the run's last code point */
        if (q == end || last > p) {                         /* all of a final run; all but the last of another */
            const unsigned char *to = q == end ? q : last;
            code = bpe_word(t, (const char *)p, (size_t)(to - p), false, w, out, err);
            p = to;
        } else if (*p == ' ') { /* one space goes with what follows */
            space = true;
            p++;
        } else {
            code = bpe_word(t, (const char *)p, (size_t)(q - p), false, w, out, err);
            p = q;
        }
    }
    return code;
}
