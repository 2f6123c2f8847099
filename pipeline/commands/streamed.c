#include "streamed.h"

#include <string.h>
#include <winnow/mem.h>

wn_code wn_streamed_put(wn_streamed *s, uint64_t row, const char *raw, size_t len, wn_err *err) {
    void *at = s->at;
    wn_code code = wn_reserve(&at, &s->cap, s->n + 1, sizeof *s->at, err);
    s->at = at;
    if (code != WN_OK) return code;
    char *copy = wn_alloc(len, 1, err);
    if (!copy) return WN_EMEMORY;
    memcpy(copy, raw, len);
    s->at[s->n++] = (wn_streamed_record){row, copy, len};
    return WN_OK;
}

void wn_streamed_keep(wn_streamed *s, const uint64_t *rows, size_t n, uint64_t from) {
    size_t kept = 0, next = 0;
    for (size_t i = 0; i < s->n; i++) {
        const uint64_t row = s->at[i].row;
        while (next < n && rows[next] < row) next++;
        if (row >= from || (next < n && rows[next] == row))
            s->at[kept++] = s->at[i];
        else
            wn_free(s->at[i].raw);
    }
    s->n = kept;
}

const wn_streamed_record *wn_streamed_find(const wn_streamed *s, uint64_t row) {
    size_t low = 0, high = s->n;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (s->at[middle].row <= row)
            low = middle;
        else
            high = middle;
    }
    return &s->at[low];
}

void wn_streamed_free(wn_streamed *s) {
    for (size_t i = 0; i < s->n; i++) wn_free(s->at[i].raw);
    wn_free(s->at);
    *s = (wn_streamed){0};
}

/* Linear probing. */
static uint64_t *place_of(uint64_t *slot, size_t mask, uint64_t hash) {
    size_t at = (size_t)hash & mask;
    while (slot[at] && slot[at] != hash) at = (at + 1) & mask;
    return &slot[at];
}

static wn_code make_room(wn_seen *s, wn_err *err) {
    enum { FIRST = 4096 };
    const size_t size = s->slot ? 2 * (s->mask + 1) : FIRST;
    uint64_t *grown = wn_alloc(size, sizeof *grown, err);
    if (!grown) return WN_EMEMORY;
    for (size_t i = 0; s->slot && i <= s->mask; i++)
        if (s->slot[i]) *place_of(grown, size - 1, s->slot[i]) = s->slot[i];
    wn_free(s->slot);
    s->slot = grown;
    s->mask = size - 1;
    return WN_OK;
}

wn_code wn_seen_add(wn_seen *s, uint64_t hash, bool *there, wn_err *err) {
    if (!hash) hash = 1;
    *there = false;
    if (!s->slot || (2 * (s->n + 1) > s->mask + 1 && s->mask + 1 < s->most)) {
        wn_code code = make_room(s, err);
        if (code != WN_OK) return code;
    }
    uint64_t *place = place_of(s->slot, s->mask, hash);
    *there = *place == hash;
    if (*there) return WN_OK;
    s->full = 2 * (s->n + 1) > s->mask + 1;
    if (s->full) return WN_OK;
    *place = hash;
    s->n++;
    return WN_OK;
}
