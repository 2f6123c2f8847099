#include "vocab.h"

#include <string.h>
#include <winnow/mem.h>
#include <xxhash.h>

void wn_d2v_vocab_free(wn_d2v_vocab *v) {
    if (!v) return;
    wn_free(v->bytes);
    wn_free(v->off);
    wn_free(v->counts);
    wn_free(v->table);
    *v = (wn_d2v_vocab){0};
}

/* The table cell that holds the word, or the empty one where it belongs. The table has an empty cell. */
static size_t cell_of(const wn_d2v_vocab *v, const char *word, size_t len) {
    size_t i = (size_t)XXH3_64bits(word, len) & v->mask;
    for (; v->table[i]; i = (i + 1) & v->mask) {
        const uint64_t *o = v->off + v->table[i] - 1;
        if (o[1] - o[0] == len && memcmp(v->bytes + o[0], word, len) == 0) break;
    }
    return i;
}

static wn_code rehash(wn_d2v_vocab *v, wn_err *err) {
    size_t cells = v->mask ? (v->mask + 1) * 2 : 1024;
    uint32_t *table = wn_alloc(cells, sizeof *table, err);
    if (!table) return WN_EMEMORY;
    wn_free(v->table);
    v->table = table;
    v->mask = cells - 1;
    for (size_t i = 0; i < v->n; i++) {
        size_t cell = (size_t)XXH3_64bits(v->bytes + v->off[i], v->off[i + 1] - v->off[i]) & v->mask;
        while (table[cell]) cell = (cell + 1) & v->mask;
        table[cell] = (uint32_t)i + 1;
    }
    return WN_OK;
}

static wn_code insert(wn_d2v_vocab *v, size_t cell, const char *word, size_t len, wn_err *err) {
    if (v->n >= UINT32_MAX - 2) return wn_err_set(err, WN_EMEMORY, "more than %u different words", UINT32_MAX - 2);
    size_t end = v->n ? v->off[v->n] : 0;
    if (wn_reserve((void **)&v->bytes, &v->bytes_cap, end + len, 1, err) != WN_OK ||
        wn_reserve((void **)&v->off, &v->off_cap, v->n + 2, sizeof *v->off, err) != WN_OK ||
        wn_reserve((void **)&v->counts, &v->counts_cap, v->n + 1, sizeof *v->counts, err) != WN_OK)
        return WN_EMEMORY;
    memcpy(v->bytes + end, word, len);
    v->off[v->n + 1] = end + len;
    v->counts[v->n] = 0;
    v->table[cell] = (uint32_t)++v->n;
    return WN_OK;
}

wn_code wn_d2v_vocab_add(wn_d2v_vocab *v, const char *word, size_t len, uint64_t count, uint32_t *id, wn_err *err) {
    if ((v->n + 1) * 3 / 2 >= v->mask && rehash(v, err) != WN_OK) return WN_EMEMORY;
    size_t cell = cell_of(v, word, len);
    if (!v->table[cell] && insert(v, cell, word, len, err) != WN_OK) return WN_EMEMORY;
    *id = v->table[cell] - 1;
    v->counts[*id] += count;
    return WN_OK;
}

uint32_t wn_d2v_vocab_find(const wn_d2v_vocab *v, const char *word, size_t len) {
    if (v->n == 0) return WN_D2V_NONE;
    return v->table[cell_of(v, word, len)] - 1; /* an empty cell gives WN_D2V_NONE */
}
