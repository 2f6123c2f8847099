#include "rank.h"

static inline void swap_ids(size_t *a, size_t *b) {
    size_t t = *a;
    *a = *b;
    *b = t;
}

/* Where that of three ids stands which goes between the others. */
static size_t *middle(size_t *a, size_t *b, size_t *c, const double *key) {
    const bool ab = wn_rank_before(key[*a], *a, key[*b], *b), bc = wn_rank_before(key[*b], *b, key[*c], *c),
               ac = wn_rank_before(key[*a], *a, key[*c], *c);
    return ab == bc ? b : ab == ac ? c : a;
}

/* Splits ids[n] at the median of three: what goes before ids[result] stands in front of it. No branch depends on the
 * keys, which are in no order that a processor could guess. */
static size_t split(size_t *ids, size_t n, const double *key) {
    swap_ids(middle(&ids[0], &ids[n / 2], &ids[n - 1], key), &ids[n - 1]);
    const size_t pivot = ids[n - 1];
    size_t front = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        const size_t id = ids[i];
        ids[i] = ids[front];
        ids[front] = id;
        front += wn_rank_before(key[id], id, key[pivot], pivot);
    }
    swap_ids(&ids[front], &ids[n - 1]);
    return front;
}

void wn_rank_top(size_t *ids, size_t n, size_t b, const double *key) {
    while (n > 1 && b > 0 && b < n) {
        const size_t front = split(ids, n, key);
        if (b <= front) {
            n = front;
        } else {
            ids += front + 1;
            n -= front + 1;
            b -= front + 1;
        }
    }
}

int wn_rank_rising(const void *a, const void *b) {
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}
