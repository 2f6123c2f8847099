/* Counting words in two parallel passes. Each worker has a vocabulary of its own and a list of (word, count) a text;
 * which texts a worker meets is up to the scheduler, but the final numbering depends only on the words and their
 * document frequencies, so the result does not. The vocabularies are merged in shards by hash. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { PIECE_BYTES = 1 << 16, PIECE_TEXTS = 1 << 12, WAVE = 64, SHARD_BITS = 6, SHARDS = 1 << SHARD_BITS };

typedef struct {
    wn_strset set;
    uint64_t *hash;        /* [set.n] of the words */
    uint64_t *df;          /* [set.n] */
    size_t *last;          /* [set.n] 1 + place in `term` of the word's latest entry */
    uint32_t *final;       /* [set.n] number in the final vocabulary or WN_STRSET_NONE */
    uint32_t *by_shard;    /* [set.n] words grouped by shard */
    size_t shard[SHARDS + 1];
    uint64_t *term;        /* word << 32 | count, text after text */
    size_t nterm, term_cap, hash_cap, df_cap, last_cap, begin; /* begin: first term of the present text */
    wn_lsa_reader reader;
    wn_lsa_terms sorted;
    wn_err err;
} worker;

typedef struct {
    uint32_t worker, n; /* n terms */
    size_t first;       /* in that worker's list */
} place;

typedef struct {
    uint64_t df, prefix; /* prefix: the first bytes, big-endian, so that most comparisons end there */
    const char *word;
    size_t n;
    uint32_t shard, id;
    bool piece;
} candidate;

typedef struct {
    wn_strset set;
    uint64_t *df;
    uint32_t *final;
    size_t df_cap;
    wn_err err;
} shard;

typedef struct {
    const wn_texts *texts;
    const size_t *start;
    size_t piece; /* of the wave */
    worker *workers;
    size_t nworkers;
    place *places;
    shard *shards;
    const wn_lsa_vocab *vocab;
    wn_lsa_csr *a;
} counting;

wn_code wn_lsa_pieces(const wn_texts *texts, size_t **start, size_t *n, wn_err *err) {
    size_t *s = NULL, cap = 0, pieces = 0;
    for (size_t i = 0; i < texts->n; pieces++) {
        if (wn_reserve((void **)&s, &cap, pieces + 2, sizeof *s, err)) goto fail;
        s[pieces] = i;
        size_t j = i;
        while (j < texts->n && j - i < PIECE_TEXTS && texts->off[j] - texts->off[i] < PIECE_BYTES) j++;
        i = j;
    }
    if (wn_reserve((void **)&s, &cap, pieces + 1, sizeof *s, err)) goto fail;
    s[pieces] = texts->n;
    *start = s;
    *n = pieces;
    return WN_OK;
fail:
    wn_free(s);
    return WN_EMEMORY;
}

/* Room for the counts of a word that has just come into the set. */
static wn_code add_counts(worker *w, uint64_t hash, wn_err *err) {
    size_t n = w->set.n;
    if (wn_reserve((void **)&w->hash, &w->hash_cap, n, sizeof *w->hash, err) != WN_OK ||
        wn_reserve((void **)&w->df, &w->df_cap, n, sizeof *w->df, err) != WN_OK ||
        wn_reserve((void **)&w->last, &w->last_cap, n, sizeof *w->last, err) != WN_OK)
        return WN_EMEMORY;
    w->hash[n - 1] = hash;
    return WN_OK;
}

static wn_code count_word(void *ctx, const char *word, size_t n, wn_err *err) {
    worker *w = ctx;
    uint32_t id = 0;
    uint64_t hash = wn_string_hash(word, n);
    size_t known = w->set.n;
    wn_code code = wn_strset_add(&w->set, word, n, hash, &id, err);
    if (code != WN_OK) return code;
    if (id == known && (code = add_counts(w, hash, err)) != WN_OK) return code;
    if (w->last[id] > w->begin) {
        uint64_t *term = &w->term[w->last[id] - 1];
        if ((uint32_t)*term != UINT32_MAX) ++*term;
        return WN_OK;
    }
    if (wn_reserve((void **)&w->term, &w->term_cap, w->nterm + 1, sizeof *w->term, err)) return WN_EMEMORY;
    w->term[w->nterm++] = (uint64_t)id << 32 | 1;
    w->last[id] = w->nterm;
    w->df[id]++;
    return WN_OK;
}

static void count_piece(void *ctx, size_t begin, size_t end, int number) {
    counting *c = ctx;
    worker *w = &c->workers[number];
    for (size_t i = c->start[c->piece + begin]; i < c->start[c->piece + end] && !w->err.code; i++) {
        const unsigned long long *off = c->texts->off;
        w->begin = w->nterm;
        if (wn_lsa_read(&w->reader, c->texts->base + off[i], (size_t)(off[i + 1] - off[i]), count_word, w, &w->err))
            return;
        c->places[i] = (place){.worker = (uint32_t)number, .n = (uint32_t)(w->nterm - w->begin), .first = w->begin};
    }
}

static unsigned shard_of(uint64_t hash) { return (unsigned)(hash >> (64 - SHARD_BITS)); }

static void group_words(void *ctx, size_t begin, size_t end, int number) {
    (void)number;
    for (size_t k = begin; k < end; k++) {
        worker *w = &((counting *)ctx)->workers[k];
        size_t next[SHARDS];
        w->by_shard = wn_alloc(w->set.n, sizeof *w->by_shard, &w->err);
        w->final = wn_alloc(w->set.n, sizeof *w->final, &w->err);
        if (!w->by_shard || !w->final) continue;
        for (size_t i = 0; i < w->set.n; i++) w->shard[shard_of(w->hash[i]) + 1]++;
        for (size_t s = 0; s < SHARDS; s++) {
            w->shard[s + 1] += w->shard[s];
            next[s] = w->shard[s];
        }
        for (size_t i = 0; i < w->set.n; i++) w->by_shard[next[shard_of(w->hash[i])]++] = (uint32_t)i;
    }
}

/* worker.final holds the number within the shard until number_words has run. */
static void merge_shards(void *ctx, size_t begin, size_t end, int number) {
    (void)number;
    counting *c = ctx;
    for (size_t s = begin; s < end; s++) {
        shard *t = &c->shards[s];
        for (size_t k = 0; k < c->nworkers; k++) {
            worker *w = &c->workers[k];
            for (size_t j = w->shard[s]; j < w->shard[s + 1]; j++) {
                uint32_t from = w->by_shard[j], id = 0;
                const char *word = w->set.bytes + w->set.off[from];
                size_t n = (size_t)(w->set.off[from + 1] - w->set.off[from]);
                if (wn_strset_add(&t->set, word, n, w->hash[from], &id, &t->err)) return;
                if (wn_reserve((void **)&t->df, &t->df_cap, t->set.n, sizeof *t->df, &t->err)) return;
                t->df[id] += w->df[from];
                w->final[from] = id;
            }
        }
    }
}

static int candidate_order(const void *pa, const void *pb) {
    const candidate *a = pa, *b = pb;
    if (a->piece != b->piece) return a->piece ? 1 : -1;
    if (a->df != b->df) return a->df > b->df ? -1 : 1;
    if (a->prefix != b->prefix) return a->prefix < b->prefix ? -1 : 1;
    int order = memcmp(a->word, b->word, a->n < b->n ? a->n : b->n);
    return order ? order : a->n < b->n ? -1 : a->n > b->n;
}

static uint64_t prefix_of(const char *s, size_t n) {
    uint64_t p = 0;
    for (size_t i = 0; i < 8; i++) p = p << 8 | (i < n ? (unsigned char)s[i] : 0);
    return p;
}

static wn_code fill_vocab(const candidate *list, size_t n, shard *shards, wn_lsa_vocab *v, wn_err *err) {
    v->df = wn_alloc(n, sizeof *v->df, err);
    if (!v->df) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        uint32_t id = 0;
        uint64_t hash = wn_string_hash(list[i].word, list[i].n);
        wn_code code = wn_strset_add(&v->set, list[i].word, list[i].n, hash, &id, err);
        if (code != WN_OK) return code;
        v->df[id] = list[i].df;
        shards[list[i].shard].final[list[i].id] = id;
    }
    return wn_lsa_vocab_idf(v, err);
}

/* Sorts the words that are frequent enough; shard.final gets their numbers. */
static wn_code number_words(counting *c, size_t min_df, wn_lsa_vocab *v, wn_err *err) {
    wn_code code = WN_EMEMORY;
    size_t n = 0, kept = 0;
    for (size_t s = 0; s < SHARDS; s++) n += c->shards[s].set.n;
    candidate *list = wn_alloc(n, sizeof *list, err);
    if (!list) goto out;
    for (size_t s = 0; s < SHARDS; s++) {
        shard *t = &c->shards[s];
        t->final = wn_alloc(t->set.n, sizeof *t->final, err);
        if (!t->final) goto out;
        for (size_t i = 0; i < t->set.n; i++) {
            t->final[i] = WN_STRSET_NONE;
            if (t->df[i] < min_df) continue;
            const char *word = t->set.bytes + t->set.off[i];
            size_t len = (size_t)(t->set.off[i + 1] - t->set.off[i]);
            list[kept++] = (candidate){.df = t->df[i], .prefix = prefix_of(word, len), .word = word, .n = len,
                                       .shard = (uint32_t)s, .id = (uint32_t)i, .piece = word[0] == ' '};
        }
    }
    qsort(list, kept, sizeof *list, candidate_order);
    code = fill_vocab(list, kept, c->shards, v, err);
out:
    wn_free(list);
    return code;
}

static void renumber(void *ctx, size_t begin, size_t end, int number) {
    (void)number;
    counting *c = ctx;
    for (size_t k = begin; k < end; k++) {
        worker *w = &c->workers[k];
        for (size_t s = 0; s < SHARDS; s++)
            for (size_t j = w->shard[s]; j < w->shard[s + 1]; j++)
                w->final[w->by_shard[j]] = c->shards[s].final[w->final[w->by_shard[j]]];
    }
}

static void measure_rows(void *ctx, size_t begin, size_t end, int number) {
    (void)number;
    const counting *c = ctx;
    for (size_t i = begin; i < end; i++) {
        const place *at = &c->places[i];
        const worker *w = &c->workers[at->worker];
        size_t known = 0;
        for (size_t j = 0; j < at->n; j++) known += w->final[w->term[at->first + j] >> 32] != WN_STRSET_NONE;
        c->a->indptr[i + 1] = known;
    }
}

static void fill_rows(void *ctx, size_t begin, size_t end, int number) {
    counting *c = ctx;
    worker *own = &c->workers[number];
    wn_lsa_terms *t = &own->sorted;
    for (size_t i = begin; i < end; i++) {
        const place *at = &c->places[i];
        const worker *w = &c->workers[at->worker];
        size_t row = c->a->indptr[i];
        if (wn_reserve((void **)&t->key, &t->key_cap, at->n, sizeof *t->key, &own->err)) return;
        t->n = 0;
        for (size_t j = 0; j < at->n; j++) {
            uint64_t term = w->term[at->first + j];
            uint64_t id = w->final[term >> 32];
            if (id != WN_STRSET_NONE) t->key[t->n++] = id << 32 | (uint32_t)term;
        }
        if (wn_lsa_terms_sort(t, &own->err)) return;
        for (size_t j = 0; j < t->n; j++) c->a->col[row + j] = (uint32_t)(t->key[j] >> 32);
        wn_lsa_weigh(t, c->vocab, c->a->val + row);
    }
}

static wn_code first_error(const counting *c, wn_err *err) {
    for (size_t k = 0; k < c->nworkers; k++)
        if (c->workers[k].err.code) return wn_err_set(err, c->workers[k].err.code, "%s", c->workers[k].err.msg);
    for (size_t s = 0; s < SHARDS; s++)
        if (c->shards[s].err.code) return wn_err_set(err, c->shards[s].err.code, "%s", c->shards[s].err.msg);
    return WN_OK;
}

static wn_code count_all(counting *c, size_t pieces, wn_progress *p, wn_err *err) {
    for (c->piece = 0; c->piece < pieces; c->piece += WAVE) {
        wn_code code = wn_tick(p, "counting words", "texts", c->start[c->piece], c->texts->n, err);
        if (code != WN_OK) return code;
        wn_parallel_for(pieces - c->piece < WAVE ? pieces - c->piece : WAVE, 1, count_piece, c);
        code = first_error(c, err);
        if (code != WN_OK) return code;
    }
    return wn_tick(p, "counting words", "texts", c->texts->n, c->texts->n, err);
}

static wn_code build_matrix(counting *c, wn_progress *p, wn_err *err) {
    wn_lsa_csr *a = c->a;
    a->rows = c->texts->n;
    a->cols = c->vocab->set.n;
    a->indptr = wn_alloc(a->rows + 1, sizeof *a->indptr, err);
    if (!a->indptr) return WN_EMEMORY;
    wn_parallel_for(a->rows, PIECE_TEXTS, measure_rows, c);
    for (size_t i = 0; i < a->rows; i++) a->indptr[i + 1] += a->indptr[i];
    a->col = wn_alloc(a->indptr[a->rows], sizeof *a->col, err);
    a->val = wn_alloc(a->indptr[a->rows], sizeof *a->val, err);
    if (!a->col || !a->val) return WN_EMEMORY;
    wn_code code = wn_tick(p, "weighing words", "texts", 0, a->rows, err);
    if (code != WN_OK) return code;
    wn_parallel_for(a->rows, 256, fill_rows, c);
    code = first_error(c, err);
    return code != WN_OK ? code : wn_tick(p, "weighing words", "texts", a->rows, a->rows, err);
}

static void free_counting(counting *c) {
    for (size_t k = 0; c->workers && k < c->nworkers; k++) {
        worker *w = &c->workers[k];
        wn_strset_free(&w->set);
        wn_free(w->hash);
        wn_free(w->df);
        wn_free(w->last);
        wn_free(w->final);
        wn_free(w->by_shard);
        wn_free(w->term);
        wn_lsa_reader_free(&w->reader);
        wn_lsa_terms_free(&w->sorted);
    }
    for (size_t s = 0; c->shards && s < SHARDS; s++) {
        wn_strset_free(&c->shards[s].set);
        wn_free(c->shards[s].df);
        wn_free(c->shards[s].final);
    }
    wn_free(c->workers);
    wn_free(c->shards);
    wn_free(c->places);
}

wn_code wn_lsa_count(const wn_texts *texts, size_t min_df, wn_lsa_vocab *v, wn_lsa_csr *a, wn_progress *p,
                     wn_err *err) {
    wn_code code = WN_EMEMORY;
    size_t *start = NULL, pieces = 0;
    counting c = {.texts = texts, .nworkers = (size_t)wn_threads_get(), .vocab = v, .a = a};
    *v = (wn_lsa_vocab){.features = v->features, .texts = texts->n};
    *a = (wn_lsa_csr){0};
    c.workers = wn_alloc(c.nworkers, sizeof *c.workers, err);
    c.shards = wn_alloc(SHARDS, sizeof *c.shards, err);
    c.places = wn_alloc(texts->n, sizeof *c.places, err);
    if (!c.workers || !c.shards || !c.places || wn_lsa_pieces(texts, &start, &pieces, err)) goto out;
    c.start = start;
    for (size_t k = 0; k < c.nworkers; k++) c.workers[k].reader.features = v->features;
    if ((code = count_all(&c, pieces, p, err)) != WN_OK) goto out;
    wn_parallel_for(c.nworkers, 1, group_words, &c);
    if ((code = first_error(&c, err)) != WN_OK) goto out;
    wn_parallel_for(SHARDS, 1, merge_shards, &c);
    if ((code = first_error(&c, err)) != WN_OK) goto out;
    if ((code = number_words(&c, min_df, v, err)) != WN_OK) goto out;
    wn_parallel_for(c.nworkers, 1, renumber, &c);
    code = build_matrix(&c, p, err);
out:
    free_counting(&c);
    wn_free(start);
    if (code) {
        wn_lsa_vocab_free(v);
        wn_lsa_csr_free(a);
    }
    return code;
}

wn_code wn_lsa_vocab_idf(wn_lsa_vocab *v, wn_err *err) {
    const wn_strset *set = &v->set;
    double added = v->features == WN_LSA_WORDS ? 1 : 0;
    v->idf = wn_alloc(set->n, sizeof *v->idf, err);
    if (!v->idf) return WN_EMEMORY;
    for (size_t i = 0; i < set->n; i++)
        v->idf[i] = log((1.0 + (double)v->texts) / (1.0 + (double)v->df[i])) + added;
    for (v->pieces_from = 0; v->pieces_from < set->n && set->bytes[set->off[v->pieces_from]] != ' ';) v->pieces_from++;
    return WN_OK;
}

void wn_lsa_vocab_free(wn_lsa_vocab *v) {
    wn_strset_free(&v->set);
    wn_free(v->df);
    wn_free(v->idf);
    *v = (wn_lsa_vocab){.features = v->features};
}

void wn_lsa_csr_free(wn_lsa_csr *a) {
    wn_free(a->indptr);
    wn_free(a->col);
    wn_free(a->val);
    *a = (wn_lsa_csr){0};
}
