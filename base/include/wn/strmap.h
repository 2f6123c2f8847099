#ifndef WN_STRMAP_H
#define WN_STRMAP_H
/* Strings to numbers: a hash table over strings that lie elsewhere, and a set that keeps its strings itself. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

/* A good hash for either (XXH3); a caller may have a faster one of his own. The lower 32 bits are used. */
uint64_t wn_string_hash(const char *s, size_t n);

/* The table alone: open addressing, linear probing, at most half full. It never sees a string: a slot holds the number
 * of one (+ 1; 0 is free) below 32 bits of its hash, by which others are passed over, and by which it finds its place
 * when the table grows. Who looks a string up compares it with those that may be it:
 *     size_t at = wn_strmap_start(hash);
 *     for (uint32_t i; wn_strmap_next(m, hash, &at, &i);) if (string i is the one) return i;
 * Zero-initialise; wn_strmap_free in the end. */
typedef struct {
    uint64_t *slot; /* [mask + 1]; NULL: empty */
    size_t mask, n;
} wn_strmap;

static inline size_t wn_strmap_start(uint64_t hash) {
    return (uint32_t)hash;
}
/* The next number whose string may have this hash. */
static inline bool wn_strmap_next(const wn_strmap *m, uint64_t hash, size_t *at, uint32_t *i) {
    if (!m->slot) return false;
    for (uint64_t v; (v = m->slot[*at & m->mask]) != 0;) {
        ++*at;
        if ((uint32_t)(v >> 32) != (uint32_t)hash) continue;
        *i = (uint32_t)v - 1;
        return true;
    }
    return false;
}

/* Adds number i, of a string that is not in the table. WN_EINPUT where i does not fit in 32 bits. */
wn_code wn_strmap_add(wn_strmap *m, uint64_t hash, size_t i, wn_err *err);
/* Makes room for n strings in all. */
wn_code wn_strmap_reserve(wn_strmap *m, size_t n, wn_err *err);
void wn_strmap_free(wn_strmap *m); /* empties *m; NULL is fine */

/* Different strings, numbered in the order in which they came. Zero-initialise; wn_strset_free in the end. */
#define WN_STRSET_NONE UINT32_MAX
typedef struct {
    size_t n;
    char *bytes;   /* string i is bytes[off[i] .. off[i + 1]) */
    uint64_t *off; /* [n + 1]; NULL while n == 0 */
    wn_strmap map;
    size_t bytes_cap, off_cap;
} wn_strset;

/* The number of a string, or WN_STRSET_NONE. The same hash function for all calls on one set. */
uint32_t wn_strset_find(const wn_strset *t, const char *s, size_t n, uint64_t hash);
/* Finds or adds; a string that is new gets the number that t->n was before. On failure the set is as it was. */
wn_code wn_strset_add(wn_strset *t, const char *s, size_t n, uint64_t hash, uint32_t *id, wn_err *err);
void wn_strset_free(wn_strset *t); /* empties *t; NULL is fine */

#endif
