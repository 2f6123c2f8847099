#include "rank.h"

static inline void swap_ids(size_t *a, size_t *b) {
    size_t t = *a;
    *a = *b;
    *b = t;
}

/* Of three ids the one that goes between the others. */
static size_t middle_id(size_t a, size_t b, size_t c, const double *key) {
    bool ab = wn_rank_before(key[a], a, key[b], b), bc = wn_rank_before(key[b], b, key[c], c),
         ac = wn_rank_before(key[a], a, key[c], c);
    return ab == bc ? b : ab == ac ? c : a;
}

void wn_rank_top(size_t *ids, size_t n, size_t b, const double *key) {
    size_t lo = 0, hi = n;
    while (hi - lo > 1 && b > lo && b < hi) { /* everything before lo belongs to the top, nothing from hi on does */
        size_t pivot = middle_id(ids[lo], ids[lo + (hi - lo) / 2], ids[hi - 1], key), i = lo, end = hi;
        while (i < end) { /* ids are distinct, so the pivot alone is on neither side */
            if (wn_rank_before(key[ids[i]], ids[i], key[pivot], pivot))
                i++;
            else
                swap_ids(&ids[i], &ids[--end]);
        }
        for (size_t j = i; j < hi; j++)
            if (ids[j] == pivot) swap_ids(&ids[j], &ids[i]);
        if (b <= i)
            hi = i;
        else
            lo = i + 1;
    }
}

int wn_rank_rising(const void *a, const void *b) {
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}
