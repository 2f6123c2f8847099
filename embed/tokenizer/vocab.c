/* Pieces by id and ids by piece. */
#include "tok_private.h"

#include <string.h>

uint64_t wn_tok_hash(const char *s, size_t n) {
    uint64_t h = 0x9E3779B97F4A7C15u ^ n, v;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&v, s, 8);
        h = (h ^ v) * 0xD6E8FEB86659FD93u;
        h ^= h >> 32;
    }
    v = 0;
    memcpy(&v, s, n);
    h = (h ^ v) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

wn_code wn_tok_vocab_add(wn_tok_vocab *v, const char *piece, size_t n, uint32_t id, wn_err *err) {
    if (n > 0xFFFF || id > WN_TOK_ID_MAX)
        return wn_err_set(err, WN_EINPUT, "a vocabulary piece of %zu bytes, or an id of %u, is out of range", n, id);
    size_t used = v->at_cap;
    wn_code code = wn_reserve((void **)&v->at, &v->at_cap, (size_t)id + 1, sizeof *v->at, err);
    if (code != WN_OK) return code;
    if (v->at_cap > used) memset(v->at + used, 0xFF, (v->at_cap - used) * sizeof *v->at);
    if ((code = wn_reserve((void **)&v->text, &v->text_cap, v->text_len + n + 8, 1, err)) != WN_OK) return code;
    memcpy(v->text + v->text_len, piece, n);
    v->at[id] = (uint64_t)v->text_len << 16 | n;
    v->text_len += n;
    if (id + 1 > v->size) v->size = (size_t)id + 1;
    if (n > v->longest) v->longest = n;
    return WN_OK;
}

const char *wn_tok_vocab_piece(const wn_tok_vocab *v, uint32_t id, size_t *n) {
    if (id >= v->size || v->at[id] == UINT64_MAX) return NULL;
    *n = v->at[id] & 0xFFFF;
    return v->text + (v->at[id] >> 16);
}

static inline uint32_t vocab_find(const wn_tok_vocab *v, const char *piece, size_t n, uint64_t hash) {
    size_t at = wn_strmap_start(hash);
    for (uint32_t id; wn_strmap_next(&v->ids, hash, &at, &id);)
        if ((v->at[id] & 0xFFFF) == n && memcmp(v->text + (v->at[id] >> 16), piece, n) == 0) return id;
    return WN_TOK_NONE;
}

wn_code wn_tok_vocab_index(wn_tok_vocab *v, wn_err *err) {
    size_t n = 0;
    wn_strmap_free(&v->ids);
    wn_code code = wn_strmap_reserve(&v->ids, v->size, err);
    for (size_t id = v->size; code == WN_OK && id-- > 0;) { /* of equal pieces the one with the highest id is found */
        const char *piece = wn_tok_vocab_piece(v, (uint32_t)id, &n);
        uint64_t hash = piece ? wn_tok_hash(piece, n) : 0;
        if (piece && vocab_find(v, piece, n, hash) == WN_TOK_NONE) code = wn_strmap_add(&v->ids, hash, id, err);
    }
    return code;
}

uint32_t wn_tok_vocab_find(const wn_tok_vocab *v, const char *piece, size_t n) {
    return n > v->longest ? WN_TOK_NONE : vocab_find(v, piece, n, wn_tok_hash(piece, n));
}

void wn_tok_vocab_free(wn_tok_vocab *v) {
    wn_free(v->text);
    wn_free(v->at);
    wn_strmap_free(&v->ids);
    *v = (wn_tok_vocab){0};
}
