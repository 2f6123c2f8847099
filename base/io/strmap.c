#define XXH_INLINE_ALL
#include <wn/strmap.h>

#include <string.h>
#include <winnow/mem.h>
#include <xxhash.h>

enum { STRMAP_SMALLEST = 64 };

uint64_t wn_string_hash(const char *s, size_t n) { return XXH3_64bits(s, n); }

static void strmap_place(uint64_t *slot, size_t mask, uint64_t value) {
    size_t at = (size_t)(value >> 32) & mask;
    while (slot[at]) at = (at + 1) & mask;
    slot[at] = value;
}

wn_code wn_strmap_reserve(wn_strmap *m, size_t n, wn_err *err) {
    size_t slots = m->slot ? m->mask + 1 : STRMAP_SMALLEST;
    if (m->slot && n <= slots / 2) return WN_OK;
    while (slots / 2 < n && slots <= SIZE_MAX / 2) slots *= 2;
    uint64_t *slot = wn_alloc(slots, sizeof *slot, err);
    if (!slot) return WN_EMEMORY;
    for (size_t at = 0; m->slot && at <= m->mask; at++)
        if (m->slot[at]) strmap_place(slot, slots - 1, m->slot[at]);
    wn_free(m->slot);
    m->slot = slot;
    m->mask = slots - 1;
    return WN_OK;
}

wn_code wn_strmap_add(wn_strmap *m, uint64_t hash, size_t i, wn_err *err) {
    if (i >= UINT32_MAX - 1) return wn_err_set(err, WN_EINPUT, "more than %u different strings", UINT32_MAX - 1);
    wn_code code = wn_strmap_reserve(m, m->n + 1, err);
    if (code != WN_OK) return code;
    strmap_place(m->slot, m->mask, hash << 32 | (i + 1));
    m->n++;
    return WN_OK;
}

void wn_strmap_free(wn_strmap *m) {
    if (!m) return;
    wn_free(m->slot);
    *m = (wn_strmap){0};
}

uint32_t wn_strset_find(const wn_strset *t, const char *s, size_t n, uint64_t hash) {
    size_t at = wn_strmap_start(hash);
    for (uint32_t i; wn_strmap_next(&t->map, hash, &at, &i);)
        if (t->off[i + 1] - t->off[i] == n && memcmp(t->bytes + t->off[i], s, n) == 0) return i;
    return WN_STRSET_NONE;
}

wn_code wn_strset_add(wn_strset *t, const char *s, size_t n, uint64_t hash, uint32_t *id, wn_err *err) {
    *id = wn_strset_find(t, s, n, hash);
    if (*id != WN_STRSET_NONE) return WN_OK;
    size_t end = t->n ? (size_t)t->off[t->n] : 0;
    wn_code code = wn_reserve((void **)&t->off, &t->off_cap, t->n + 2, sizeof *t->off, err);
    if (code != WN_OK) return code;
    if ((code = wn_reserve((void **)&t->bytes, &t->bytes_cap, end + n, 1, err)) != WN_OK) return code;
    if ((code = wn_strmap_add(&t->map, hash, t->n, err)) != WN_OK) return code;
    if (n) memcpy(t->bytes + end, s, n);
    t->off[t->n + 1] = end + n;
    *id = (uint32_t)t->n++;
    return WN_OK;
}

void wn_strset_free(wn_strset *t) {
    if (!t) return;
    wn_free(t->bytes);
    wn_free(t->off);
    wn_strmap_free(&t->map);
    *t = (wn_strset){0};
}
