#include "internal.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>

static void sort_few(uint64_t *key, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint64_t x = key[i];
        size_t j = i;
        for (; j > 0 && key[j - 1] > x; j--) key[j] = key[j - 1];
        key[j] = x;
    }
}

/* One pass of a counting sort by the byte at `shift`. */
static void sort_byte(const uint64_t *from, uint64_t *to, size_t n, unsigned shift) {
    size_t at[256] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++) at[from[i] >> shift & 255]++;
    for (size_t b = 0; b < 256; b++) {
        size_t here = at[b];
        at[b] = sum;
        sum += here;
    }
    for (size_t i = 0; i < n; i++) to[at[from[i] >> shift & 255]++] = from[i];
}

wn_code wn_lsa_terms_sort(wn_lsa_terms *t, wn_err *err) {
    if (t->n <= 48) {
        sort_few(t->key, t->n);
        return WN_OK;
    }
    if (wn_reserve((void **)&t->spare, &t->spare_cap, t->n, sizeof *t->spare, err)) return WN_EMEMORY;
    uint64_t all = 0, *from = t->key, *to = t->spare;
    for (size_t i = 0; i < t->n; i++) all |= t->key[i];
    for (unsigned shift = 32; shift < 64 && all >> shift; shift += 8) {
        sort_byte(from, to, t->n, shift);
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != t->key) memcpy(t->key, from, t->n * sizeof *from);
    return WN_OK;
}

void wn_lsa_terms_merge(wn_lsa_terms *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (n && t->key[n - 1] >> 32 == t->key[i] >> 32) t->key[n - 1] += (uint32_t)t->key[i];
        else t->key[n++] = t->key[i];
    }
    t->n = n;
}

void wn_lsa_terms_free(wn_lsa_terms *t) {
    wn_free(t->key);
    wn_free(t->spare);
    *t = (wn_lsa_terms){0};
}

static double weight(uint64_t key, const double *idf) {
    uint32_t count = (uint32_t)key;
    double w = idf[key >> 32];
    return count == 1 ? w : w * (1.0 + log((double)count));
}

static void weigh_part(const uint64_t *key, size_t n, const double *idf, float *val) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double w = weight(key[i], idf);
        sum += w * w;
    }
    double norm = sum > 0 ? sqrt(sum) : 1; /* what stands in every text may weigh nothing */
    for (size_t i = 0; i < n; i++) val[i] = (float)(weight(key[i], idf) / norm);
}

void wn_lsa_weigh(const wn_lsa_terms *t, const wn_lsa_vocab *v, float *val) {
    size_t cut = 0;
    while (cut < t->n && t->key[cut] >> 32 < v->pieces_from) cut++;
    weigh_part(t->key, cut, v->idf, val);
    weigh_part(t->key + cut, t->n - cut, v->idf, val + cut);
}
