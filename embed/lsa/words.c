#define XXH_INLINE_ALL
#include "internal.h"

#include <string.h>
#include <winnow/mem.h>
#include <xxhash.h>

uint64_t wn_lsa_hash(const char *s, size_t n) { return XXH3_64bits(s, n); }

bool wn_lsa_is_word(const char *s, size_t n) {
    size_t points = 0;
    for (size_t i = 0; i < n && points < 2; i++) points += ((unsigned char)s[i] & 0xC0) != 0x80;
    return points >= 2;
}

uint32_t wn_lsa_set_find(const wn_lsa_set *t, const char *s, size_t n, uint64_t hash) {
    if (t->nslot == 0) return WN_LSA_NO_WORD;
    for (size_t i = (size_t)hash & (t->nslot - 1); t->slot[i]; i = (i + 1) & (t->nslot - 1)) {
        uint32_t id = t->slot[i] - 1;
        if (t->hash[id] == hash && t->off[id + 1] - t->off[id] == n && memcmp(t->bytes + t->off[id], s, n) == 0)
            return id;
    }
    return WN_LSA_NO_WORD;
}

static void place(wn_lsa_set *t, uint32_t id) {
    size_t i = (size_t)t->hash[id] & (t->nslot - 1);
    while (t->slot[i]) i = (i + 1) & (t->nslot - 1);
    t->slot[i] = id + 1;
}

/* Keeps at least half of the slots free. */
static wn_code grow(wn_lsa_set *t, wn_err *err) {
    size_t nslot = t->nslot ? t->nslot * 2 : 1024;
    uint32_t *slot = wn_alloc(nslot, sizeof *slot, err);
    if (!slot) return WN_EMEMORY;
    wn_free(t->slot);
    t->slot = slot;
    t->nslot = nslot;
    for (size_t id = 0; id < t->n; id++) place(t, (uint32_t)id);
    return WN_OK;
}

wn_code wn_lsa_set_add(wn_lsa_set *t, const char *s, size_t n, uint64_t hash, uint32_t *id, bool *added, wn_err *err) {
    *id = wn_lsa_set_find(t, s, n, hash);
    if (added) *added = *id == WN_LSA_NO_WORD;
    if (*id != WN_LSA_NO_WORD) return WN_OK;
    if (t->n >= WN_LSA_NO_WORD - 1)
        return wn_err_set(err, WN_EINPUT, "more than %zu different words; give fewer texts", t->n);
    wn_code code = WN_OK;
    if (t->n * 2 >= t->nslot) code = grow(t, err);
    if (!code) code = wn_reserve((void **)&t->off, &t->off_cap, t->n + 2, sizeof *t->off, err);
    if (!code) code = wn_reserve((void **)&t->hash, &t->hash_cap, t->n + 1, sizeof *t->hash, err);
    if (!code) code = wn_reserve((void **)&t->bytes, &t->bytes_cap, t->off[t->n] + n, 1, err);
    if (code) return code;
    memcpy(t->bytes + t->off[t->n], s, n);
    t->off[t->n + 1] = t->off[t->n] + n;
    t->hash[t->n] = hash;
    *id = (uint32_t)t->n++;
    place(t, *id);
    return WN_OK;
}

void wn_lsa_set_free(wn_lsa_set *t) {
    wn_free(t->bytes);
    wn_free(t->off);
    wn_free(t->hash);
    wn_free(t->slot);
    *t = (wn_lsa_set){0};
}
