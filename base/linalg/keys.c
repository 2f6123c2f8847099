#include <wn/keys.h>

enum { SMALL = 24 };

static void keys_insertion_sort(uint64_t *v, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint64_t key = v[i];
        size_t j = i;
        for (; j > 0 && v[j - 1] < key; j--) v[j] = v[j - 1];
        v[j] = key;
    }
}

static inline void keys_order(uint64_t *a, uint64_t *b) {
    if (*a < *b) {
        uint64_t t = *a;
        *a = *b;
        *b = t;
    }
}

/* Splits n > 2 keys at the median of three: v[0 .. result) > v[result] >= v[result + 1 .. n). No branch depends on the
 * keys, which are in no order that a processor could guess. */
static size_t keys_split(uint64_t *v, size_t n) {
    keys_order(&v[0], &v[n / 2]);
    keys_order(&v[n / 2], &v[n - 1]);
    keys_order(&v[0], &v[n / 2]);
    const uint64_t pivot = v[n / 2];
    size_t front = 0;
    v[n / 2] = v[n - 1];
    for (size_t i = 0; i + 1 < n; i++) {
        const uint64_t key = v[i];
        v[i] = v[front];
        v[front] = key;
        front += key > pivot;
    }
    v[n - 1] = v[front];
    v[front] = pivot;
    return front;
}

void wn_keys_select(uint64_t *v, size_t n, size_t want) {
    while (n > SMALL && want > 0 && want < n) {
        const size_t front = keys_split(v, n);
        if (want <= front) {
            n = front;
        } else {
            v += front + 1;
            n -= front + 1;
            want -= front + 1;
        }
    }
    if (want > 0 && want < n) keys_insertion_sort(v, n);
}

void wn_keys_sort(uint64_t *v, size_t n) {
    while (n > SMALL) {
        const size_t front = keys_split(v, n), back = n - front - 1;
        if (front < back) {
            wn_keys_sort(v, front);
            v += front + 1;
            n = back;
        } else {
            wn_keys_sort(v + front + 1, back);
            n = front;
        }
    }
    keys_insertion_sort(v, n);
}
