#ifndef WINNOW_KEYS_H
#define WINNOW_KEYS_H
/* A similarity and the row it belongs to as one number: greater = more similar, then lower row. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t wn_key(float sim, size_t row) {
    uint32_t bits;
    sim += 0.0f; /* -0 and 0 are equal */
    memcpy(&bits, &sim, sizeof bits);
    bits = bits >> 31 ? ~bits : bits | 0x80000000u;
    return (uint64_t)bits << 32 | (uint32_t) ~(uint32_t)row;
}

static inline float wn_key_sim(uint64_t key) {
    uint32_t bits = (uint32_t)(key >> 32);
    float sim;
    bits = bits >> 31 ? bits & 0x7fffffffu : ~bits;
    memcpy(&sim, &bits, sizeof sim);
    return sim;
}

static inline size_t wn_key_row(uint64_t key) {
    return (uint32_t) ~(uint32_t)key;
}

/* Moves the `want` greatest of v[n] to the front, in any order. O(n) expected. */
void wn_keys_select(uint64_t *v, size_t n, size_t want);
/* Sorts falling. O(n log n) expected. */
void wn_keys_sort(uint64_t *v, size_t n);

#endif
