#ifndef WINNOW_BEST_H
#define WINNOW_BEST_H
/* For each of n rows the K greatest keys (wn/keys.h) that it is offered, by any number of threads at once. Which these
 * are does not depend on the order in which they come. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <wn/keys.h>

/* What row i keeps: `count` keys, of which the K best matter. Whoever holds `lock` may change it. */
typedef struct {
    atomic_flag lock;
    uint32_t count;
    uint64_t worst; /* the K-th best when last pruned, 0 before */
} wn_best_row;

/* Zero-initialise. */
typedef struct {
    size_t n, K, room;
    wn_best_row *rows;   /* [n] */
    _Atomic float *bars; /* [n] the similarity below which a candidate cannot count; rises, and may be read any time */
    uint64_t *keys;      /* [n][room] */
} wn_best;

wn_code wn_best_init(wn_best *b, size_t n, size_t K, wn_err *err);
void wn_best_free(wn_best *b);
size_t wn_best_bytes(size_t n, size_t K); /* that it takes; SIZE_MAX where they cannot be counted */

static inline float wn_best_bar(const wn_best *b, size_t row) {
    return atomic_load_explicit(&b->bars[row], memory_order_relaxed);
}
/* Offers keys to a row; the many may be reordered. */
void wn_best_offer(wn_best *b, size_t row, uint64_t key);
void wn_best_offer_many(wn_best *b, size_t row, uint64_t *keys, size_t count);
/* With no thread offering: the row's best, falling; *count of them, K at most. */
const uint64_t *wn_best_sorted(wn_best *b, size_t row, size_t *count);

#endif
