#include <wn/rng.h>

#include <math.h>

void wn_rng_block(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]) {
    uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = (uint32_t)stream,
             c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

wn_rng wn_rng_init(uint64_t seed, uint64_t stream) { return (wn_rng){.seed = seed, .stream = stream}; }

uint32_t wn_rng_u32(wn_rng *r) {
    if (r->left == 0) {
        wn_rng_block(r->seed, r->stream, r->counter++, r->buffer);
        r->left = 4;
    }
    return r->buffer[4 - r->left--];
}

uint64_t wn_rng_u64(wn_rng *r) {
    uint64_t high = wn_rng_u32(r);
    return high << 32 | wn_rng_u32(r);
}

uint64_t wn_rng_below(wn_rng *r, uint64_t bound) {
    uint64_t reject = -bound % bound; /* 2^64 mod bound: the draws that would make low values likelier */
    for (;;) {
        uint64_t v = wn_rng_u64(r);
        if (v >= reject) return v % bound;
    }
}

double wn_rng_uniform(wn_rng *r) { return (double)(wn_rng_u64(r) >> 11) * 0x1p-53; }

double wn_rng_normal(wn_rng *r) {
    double u = 1.0 - wn_rng_uniform(r), v = wn_rng_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586476925 * v);
}

void wn_rng_shuffle(wn_rng *r, size_t *v, size_t n) {
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)wn_rng_below(r, i), t = v[i - 1];
        v[i - 1] = v[j];
        v[j] = t;
    }
}
