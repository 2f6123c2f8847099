#include "exact_duplicates.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/text.h>
#include <winnow/threads.h>

enum { BLOCK = 1 << 15, GRAIN = 256 };

/* What one thread needs, and the first row at which it failed. */
typedef struct {
    wn_buf folded;
    wn_code code;
    size_t row;
    wn_err err;
} hash_worker;

typedef struct {
    const wn_texts *texts;
    wn_text_hash hash;
    XXH128_hash_t *hashes; /* [n] */
    hash_worker *workers;
    size_t begin; /* of the block at hand */
} hashing;

static wn_code fold_text(const wn_texts *t, size_t i, wn_buf *out, wn_err *err) {
    wn_code code = wn_text_fold(t->base + t->off[i], (size_t)(t->off[i + 1] - t->off[i]), out, err);
    if (code != WN_OK) (void)wn_err_prefix(err, "text %zu: ", i);
    return code;
}

static void hash_task(void *ctx, size_t begin, size_t end, int worker) {
    hashing *g = ctx;
    hash_worker *w = &g->workers[worker];
    for (size_t i = g->begin + begin; i < g->begin + end && w->code == WN_OK; ++i) {
        w->code = fold_text(g->texts, i, &w->folded, &w->err);
        w->row = i;
        if (w->code == WN_OK) g->hashes[i] = g->hash(w->folded.data, w->folded.len);
    }
}

static wn_code hash_texts(hashing *g, int workers, wn_progress *p, wn_err *err) {
    size_t n = g->texts->n;
    for (g->begin = 0; g->begin < n; g->begin += BLOCK) {
        wn_code code = wn_tick(p, "dedup", "texts", g->begin, n, err);
        if (code != WN_OK) return code;
        wn_parallel_for(n - g->begin < BLOCK ? n - g->begin : BLOCK, GRAIN, hash_task, g);
        const hash_worker *first = NULL;
        for (int i = 0; i < workers; ++i)
            if (g->workers[i].code != WN_OK && (!first || g->workers[i].row < first->row)) first = &g->workers[i];
        if (first) return wn_err_set(err, first->code, "%s", first->err.msg);
    }
    return WN_OK;
}

/* Equal hashes are only a strong hint: folds both texts again and compares them. */
static wn_code texts_agree(const hashing *g, size_t a, size_t b, wn_buf pair[2], bool *same, wn_err *err) {
    wn_code code = fold_text(g->texts, a, &pair[0], err);
    if (code != WN_OK) return code;
    if ((code = fold_text(g->texts, b, &pair[1], err)) != WN_OK) return code;
    *same = pair[0].len == pair[1].len && memcmp(pair[0].data, pair[1].data, pair[0].len) == 0;
    return WN_OK;
}

/* Goes through the rows in order with a table of the first row of every text (open addressing, row + 1, 0 = free). */
static wn_code map_texts(const hashing *g, size_t *table, size_t mask, size_t *kept, wn_progress *p, wn_err *err) {
    wn_buf pair[2] = {{0}, {0}};
    wn_code code = WN_OK;
    for (size_t i = 0; i < g->texts->n; ++i) {
        if (i % BLOCK == 0 && (code = wn_tick(p, "dedup", "texts", i, g->texts->n, err)) != WN_OK) goto out;
        size_t place = (size_t)g->hashes[i].low64 & mask;
        kept[i] = i;
        for (; table[place] && kept[i] == i; place = (place + 1) & mask) {
            size_t first = table[place] - 1;
            bool same = false;
            if (!XXH128_isEqual(g->hashes[first], g->hashes[i])) continue;
            if ((code = texts_agree(g, first, i, pair, &same, err)) != WN_OK) goto out;
            if (same) kept[i] = first;
        }
        if (kept[i] == i) table[place] = i + 1;
    }
out:
    wn_free(pair[0].data);
    wn_free(pair[1].data);
    return code;
}

wn_code wn_sim_exact_duplicates_by(wn_text_hash hash, const wn_texts *texts, size_t *kept, wn_progress *p,
                                   wn_err *err) {
    size_t n = texts->n, cap = 16;
    int workers = wn_threads_get();
    while (cap / 2 < n) cap *= 2;
    hashing g = {.texts = texts, .hash = hash};
    wn_code code = WN_EMEMORY;
    size_t *table = NULL, *found = NULL;
    if (!(g.workers = wn_alloc((size_t)workers, sizeof *g.workers, err))) goto out;
    if (!(g.hashes = wn_alloc(n, sizeof *g.hashes, err))) goto out;
    if (!(table = wn_alloc(cap, sizeof *table, err))) goto out;
    if (!(found = wn_alloc(n, sizeof *found, err))) goto out;
    if ((code = hash_texts(&g, workers, p, err)) != WN_OK) goto out;
    if ((code = map_texts(&g, table, cap - 1, found, p, err)) != WN_OK) goto out;
    if (n) memcpy(kept, found, n * sizeof *kept);
    code = wn_tick(p, "dedup", "texts", n, n, err);
out:
    for (int i = 0; g.workers && i < workers; ++i) wn_free(g.workers[i].folded.data);
    wn_free(g.workers);
    wn_free(g.hashes);
    wn_free(table);
    wn_free(found);
    return code;
}

static XXH128_hash_t hash_xxh3(const void *s, size_t n) {
    return XXH3_128bits(s, n);
}

/* O(total text) time; 24 bytes a row for hashes and result and 16 to 32 for the table, beyond `kept`. */
wn_code wn_sim_exact_duplicates(const wn_texts *texts, size_t *kept, wn_progress *p, wn_err *err) {
    return wn_sim_exact_duplicates_by(hash_xxh3, texts, kept, p, err);
}
