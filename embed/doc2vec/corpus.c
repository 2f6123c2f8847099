/* Reads texts into word numbers, in pieces of consecutive texts: each piece has its own vocabulary, and the pieces'
 * vocabularies are joined in order, so that first appearance does not depend on threads. */
#include "vocab.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <winnow/mem.h>
#include <wn/text.h>
#include <winnow/threads.h>

typedef struct {
    size_t begin, end; /* texts */
    wn_d2v_vocab vocab;
    uint32_t *ids;
    size_t n, cap;
    wn_code code;
} piece;

typedef struct {
    const wn_texts *texts;
    piece *pieces;
    uint64_t *off; /* [texts + 1]: number of words of text i at i + 1 */
    atomic_int stop;
    wn_progress *p;
    wn_err err; /* of the first piece that failed; written by one thread */
    atomic_flag failed;
} reading;

static wn_code take_word(void *ctx, const char *word, size_t len, wn_err *err) {
    piece *pc = ctx;
    if (wn_reserve((void **)&pc->ids, &pc->cap, pc->n + 1, sizeof *pc->ids, err) != WN_OK) return WN_EMEMORY;
    return wn_d2v_vocab_add(&pc->vocab, word, len, 1, &pc->ids[pc->n++], err);
}

static void read_pieces(void *ctx, size_t begin, size_t end, int worker) {
    reading *r = ctx;
    const wn_texts *t = r->texts;
    wn_buf scratch = {0};
    for (size_t i = begin; i < end && !atomic_load(&r->stop); i++) {
        piece *pc = &r->pieces[i];
        wn_err err = {0};
        if (worker == 0) pc->code = wn_tick(r->p, "words", "texts", pc->begin, t->n, &err);
        for (size_t d = pc->begin; d < pc->end && pc->code == WN_OK; d++) {
            size_t before = pc->n;
            pc->code =
                wn_text_words(t->base + t->off[d], (size_t)(t->off[d + 1] - t->off[d]), &scratch, take_word, pc, &err);
            r->off[d + 1] = pc->n - before;
        }
        if (pc->code == WN_OK) continue;
        atomic_store(&r->stop, 1);
        if (!atomic_flag_test_and_set(&r->failed)) r->err = err;
    }
    wn_free(scratch.data);
}

/* Pieces of at least `bytes` bytes; returns how many. With pieces == NULL only counts. */
static size_t cut(const wn_texts *t, size_t bytes, piece *pieces) {
    size_t n = 0;
    for (size_t begin = 0, d = 0; d < t->n; d++) {
        if (t->off[d + 1] - t->off[begin] < bytes && d + 1 < t->n) continue;
        if (pieces) pieces[n] = (piece){.begin = begin, .end = d + 1};
        n++;
        begin = d + 1;
    }
    return n;
}

typedef struct {
    uint64_t count;
    uint32_t id;
} ranked;

static int by_count(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The words of `all` that occur often enough, in rank order; rank[i] is the place of word i or WN_D2V_NONE. */
static wn_code rank_words(wn_d2v_vocab *vocab, const wn_d2v_vocab *all, size_t min_count, uint32_t *rank, wn_err *err) {
    const wn_strset *words = &all->words;
    ranked *order = wn_alloc(words->n, sizeof *order, err);
    if (!order) return WN_EMEMORY;
    size_t kept = 0;
    wn_code code = WN_OK;
    for (size_t i = 0; i < words->n; i++) {
        rank[i] = WN_D2V_NONE;
        if (all->counts[i] >= min_count) order[kept++] = (ranked){all->counts[i], (uint32_t)i};
    }
    qsort(order, kept, sizeof *order, by_count);
    for (size_t i = 0; i < kept; i++) {
        uint32_t id = order[i].id;
        code = wn_d2v_vocab_add(vocab, words->bytes + words->off[id], words->off[id + 1] - words->off[id],
                                order[i].count, &rank[id], err);
        if (code != WN_OK) goto out;
    }
out:
    wn_free(order);
    return code;
}

/* Joins the pieces' vocabularies; each piece's ids become numbers of `all`. */
static wn_code join(wn_d2v_vocab *all, piece *pieces, size_t n, wn_err *err) {
    uint32_t *map = NULL;
    size_t cap = 0;
    wn_code code = WN_OK;
    for (size_t i = 0; i < n; i++) {
        const wn_strset *v = &pieces[i].vocab.words;
        const uint64_t *counts = pieces[i].vocab.counts;
        if ((code = wn_reserve((void **)&map, &cap, v->n, sizeof *map, err)) != WN_OK) goto out;
        for (size_t w = 0; w < v->n; w++) {
            code = wn_d2v_vocab_add(all, v->bytes + v->off[w], v->off[w + 1] - v->off[w], counts[w], &map[w], err);
            if (code != WN_OK) goto out;
        }
        for (size_t k = 0; k < pieces[i].n; k++) pieces[i].ids[k] = map[pieces[i].ids[k]];
        wn_d2v_vocab_free(&pieces[i].vocab);
    }
out:
    wn_free(map);
    return code;
}

/* Writes the known words of all pieces one after another; r->off holds word counts and becomes offsets. */
static wn_code gather(wn_d2v_corpus *c, reading *r, size_t pieces, const uint32_t *rank, uint64_t total, wn_err *err) {
    c->ids = wn_alloc((size_t)total, sizeof *c->ids, err);
    if (!c->ids) return WN_EMEMORY;
    uint64_t at = 0;
    for (size_t i = 0; i < pieces; i++) {
        piece *pc = &r->pieces[i];
        const uint32_t *id = pc->ids;
        for (size_t d = pc->begin; d < pc->end; d++) {
            uint64_t first = at;
            for (uint64_t k = r->off[d + 1]; k > 0; k--, id++)
                if (rank[*id] != WN_D2V_NONE) c->ids[at++] = rank[*id];
            r->off[d + 1] = at;
            if (at - first > c->longest) c->longest = (size_t)(at - first);
        }
        wn_free(pc->ids);
        pc->ids = NULL;
    }
    return WN_OK;
}

void wn_d2v_corpus_free(wn_d2v_corpus *c) {
    if (!c) return;
    wn_free(c->ids);
    wn_free(c->off);
    *c = (wn_d2v_corpus){0};
}

wn_code wn_d2v_corpus_read(wn_d2v_corpus *corpus, wn_d2v_vocab *vocab, const wn_texts *texts, size_t min_count,
                           wn_progress *p, wn_err *err) {
    enum { SMALLEST = 1 << 16, LARGEST = 1 << 21 };
    *corpus = (wn_d2v_corpus){.n = texts->n};
    *vocab = (wn_d2v_vocab){0};
    reading r = {.texts = texts, .p = p, .failed = ATOMIC_FLAG_INIT};
    wn_d2v_vocab all = {0};
    uint32_t *rank = NULL;
    uint64_t total = 0;
    size_t bytes = texts->n ? (size_t)(texts->off[texts->n] - texts->off[0]) / 64 : 0;
    bytes = bytes < SMALLEST ? SMALLEST : bytes > LARGEST ? LARGEST : bytes;
    size_t pieces = cut(texts, bytes, NULL);
    wn_code code = WN_EMEMORY;
    if (!(r.pieces = wn_alloc(pieces, sizeof *r.pieces, err)) || !(r.off = wn_alloc(texts->n + 1, sizeof *r.off, err)))
        goto out;
    (void)cut(texts, bytes, r.pieces);
    wn_parallel_for(pieces, 1, read_pieces, &r);
    if (atomic_load(&r.stop)) {
        *err = r.err;
        code = r.err.code;
        goto out;
    }
    if (join(&all, r.pieces, pieces, err) != WN_OK || !(rank = wn_alloc(all.words.n, sizeof *rank, err)) ||
        rank_words(vocab, &all, min_count, rank, err) != WN_OK)
        goto out;
    for (size_t i = 0; i < vocab->words.n; i++) total += vocab->counts[i];
    if (gather(corpus, &r, pieces, rank, total, err) != WN_OK) goto out;
    corpus->off = r.off;
    r.off = NULL;
    code = WN_OK;
out:
    for (size_t i = 0; r.pieces && i < pieces; i++) {
        wn_d2v_vocab_free(&r.pieces[i].vocab);
        wn_free(r.pieces[i].ids);
    }
    wn_free(r.pieces);
    wn_free(r.off);
    wn_free(rank);
    wn_d2v_vocab_free(&all);
    if (code != WN_OK) {
        wn_d2v_corpus_free(corpus);
        wn_d2v_vocab_free(vocab);
    }
    return code;
}
