#include "keys.h"

enum { SMALL = 24 };

static void insertion_sort(uint64_t *v, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint64_t key = v[i];
        size_t j = i;
        for (; j > 0 && v[j - 1] < key; j--) v[j] = v[j - 1];
        v[j] = key;
    }
}

static inline void order(uint64_t *a, uint64_t *b) {
    if (*a < *b) {
        uint64_t t = *a;
        *a = *b;
        *b = t;
    }
}

/* Splits n > 3 keys at the median of three: v[0 .. result] >= v[result + 1 .. n), both parts non-empty. */
static size_t split(uint64_t *v, size_t n) {
    size_t i = 0, j = n - 1, middle = n / 2;
    order(&v[0], &v[middle]);
    order(&v[middle], &v[j]);
    order(&v[0], &v[middle]);
    const uint64_t pivot = v[middle];
    for (;;) {
        do i++;
        while (v[i] > pivot);
        do j--;
        while (v[j] < pivot);
        if (i >= j) return j;
        uint64_t t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
}

void wn_keys_select(uint64_t *v, size_t n, size_t want) {
    while (n > SMALL && want > 0 && want < n) {
        size_t front = split(v, n) + 1;
        if (want <= front) {
            n = front;
        } else {
            v += front;
            n -= front;
            want -= front;
        }
    }
    if (want > 0 && want < n) insertion_sort(v, n);
}

void wn_keys_sort(uint64_t *v, size_t n) {
    while (n > SMALL) {
        size_t front = split(v, n) + 1;
        if (front < n - front) {
            wn_keys_sort(v, front);
            v += front;
            n -= front;
        } else {
            wn_keys_sort(v + front, n - front);
            n = front;
        }
    }
    insertion_sort(v, n);
}
