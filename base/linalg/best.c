#include <wn/best.h>

#include <math.h>
#include <winnow/mem.h>

enum { SPARE = 16 }; /* least room of a row beyond K */

/* Keys that a row has room for: half as many again as it keeps, so that it is not pruned at every insertion. */
static size_t row_room(size_t K) {
    return K + K / 2 + SPARE;
}

size_t wn_best_bytes(size_t n, size_t K) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(n, row_room(K) * sizeof(uint64_t) + sizeof(wn_best_row) + sizeof(float), &bytes))
        return SIZE_MAX;
    return bytes;
}

wn_code wn_best_init(wn_best *b, size_t n, size_t K, wn_err *err) {
    *b = (wn_best){.n = n, .K = K, .room = row_room(K)};
    if (!(b->rows = wn_alloc(n, sizeof *b->rows, err))) return WN_EMEMORY;
    if (!(b->bars = wn_alloc(n, sizeof *b->bars, err))) return WN_EMEMORY;
    if (!(b->keys = wn_alloc(n, b->room * sizeof *b->keys, err))) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        atomic_flag_clear(&b->rows[i].lock);
        atomic_init(&b->bars[i], -INFINITY);
    }
    return WN_OK;
}

void wn_best_free(wn_best *b) {
    wn_free(b->rows);
    wn_free(b->bars);
    wn_free(b->keys);
    *b = (wn_best){0};
}

/* Prunes a full row to its K best. */
static void keep_best(wn_best *b, size_t row) {
    wn_best_row *r = b->rows + row;
    uint64_t *keys = b->keys + row * b->room;
    wn_keys_select(keys, r->count, b->K);
    r->count = (uint32_t)b->K;
    r->worst = keys[0];
    for (size_t i = 1; i < b->K; i++) r->worst = keys[i] < r->worst ? keys[i] : r->worst;
    atomic_store_explicit(&b->bars[row], wn_key_sim(r->worst), memory_order_relaxed);
}

static void insert(wn_best *b, size_t row, uint64_t key) {
    wn_best_row *r = b->rows + row;
    if (key < r->worst) return;
    b->keys[row * b->room + r->count++] = key;
    if (r->count == b->room) keep_best(b, row);
}

static void lock_row(wn_best_row *r) {
    while (atomic_flag_test_and_set_explicit(&r->lock, memory_order_acquire)) {
    }
}

static void unlock_row(wn_best_row *r) {
    atomic_flag_clear_explicit(&r->lock, memory_order_release);
}

void wn_best_offer(wn_best *b, size_t row, uint64_t key) {
    lock_row(b->rows + row);
    insert(b, row, key);
    unlock_row(b->rows + row);
}

void wn_best_offer_many(wn_best *b, size_t row, uint64_t *keys, size_t count) {
    if (count > b->K) { /* the best of them at once, then one by one */
        wn_keys_select(keys, count, b->K);
        count = b->K;
    }
    lock_row(b->rows + row);
    for (size_t i = 0; i < count; i++) insert(b, row, keys[i]);
    unlock_row(b->rows + row);
}

const uint64_t *wn_best_sorted(wn_best *b, size_t row, size_t *count) {
    wn_best_row *r = b->rows + row;
    uint64_t *keys = b->keys + row * b->room;
    if (r->count > b->K) keep_best(b, row);
    wn_keys_sort(keys, r->count);
    *count = r->count;
    return keys;
}
