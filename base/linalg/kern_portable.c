/* The kernels in plain C: four lanes at a time, which every processor that we meet has. */
#include "kern.h"

#include <string.h>

typedef float vec4 __attribute__((vector_size(16)));

enum { ROWS = 6 };

static inline vec4 load4(const float *p) {
    vec4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store4(float *p, vec4 v) {
    memcpy(p, &v, sizeof v);
}

/* c[6, 8] of the panel's columns from b on; rows that are missing repeat the last one and are not stored. */
static void micro8(const float *a, size_t k, const float *b, float *c, size_t ldc, size_t m, int accumulate) {
    const float *row[ROWS];
    vec4 left[ROWS], right[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        size_t real = r < m ? r : m - 1;
        row[r] = a + real * WN_STRIP_LD;
        left[r] = accumulate ? load4(c + real * ldc) : (vec4){0};
        right[r] = accumulate ? load4(c + real * ldc + 4) : (vec4){0};
    }
    for (size_t p = 0; p < k; p++) {
        const vec4 b0 = load4(b + p * WN_PANEL), b1 = load4(b + p * WN_PANEL + 4);
        for (size_t r = 0; r < ROWS; r++) {
            left[r] += row[r][p] * b0;
            right[r] += row[r][p] * b1;
        }
    }
    for (size_t r = 0; r < m; r++) {
        store4(c + r * ldc, left[r]);
        store4(c + r * ldc + 4, right[r]);
    }
}

static void micro(const float *a, size_t k, const float *b, float *c, size_t ldc, size_t m, int accumulate) {
    for (size_t j = 0; j < WN_PANEL; j += 8) micro8(a, k, b + j, c + j, ldc, m, accumulate);
}

static inline float exp1(float t) {
    const float magic = 0x1.8p23f; /* adding it rounds to an integer, which stands in the low bits of the sum */
    float x = t < WN_EXP_MAX ? t : WN_EXP_MAX;
    float z = x * WN_LOG2E + magic, n = z - magic;
    float r = x - n * WN_LN2_HIGH - n * WN_LN2_LOW;
    float q = (((WN_EXP_Q4 * r + WN_EXP_Q3) * r + WN_EXP_Q2) * r + WN_EXP_Q1) * r + WN_EXP_Q0;
    float e = (q * r) * r + r + 1.0f;
    uint32_t bits, shift;
    memcpy(&bits, &e, sizeof bits);
    memcpy(&shift, &z, sizeof shift);
    bits += shift << 23;
    memcpy(&e, &bits, sizeof e);
    return t >= WN_EXP_MIN ? e : 0.0f;
}

static void rbf(float *v, size_t n, float gamma) {
    for (size_t i = 0; i < n; i++) v[i] = exp1(gamma * (v[i] - 1.0f));
}

static double sum(const float *v, size_t n, double *cols) {
    double lane[8] = {0};
    for (size_t i = 0; i < n; i += WN_PANEL) {
        for (size_t l = 0; l < 8; l++)
            lane[l] += ((double)v[i + l] + (double)v[i + 8 + l]) + ((double)v[i + 16 + l] + (double)v[i + 24 + l]);
    }
    if (cols) {
        for (size_t i = 0; i < n; i++) cols[i] += (double)v[i];
    }
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static size_t scan(const float *v, size_t n, float t, const float *tv, uint32_t *hits) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i] >= t || (tv && v[i] >= tv[i])) hits[count++] = (uint32_t)i;
    }
    return count;
}

#define VEC vec4
#define LANES 4
#define PAIRED_ROWS 6
#define PAIRED_UNROLL WN_UNROLL_4
#define LOAD load4
#define STORE store4
#define SPLAT(x) ((x) - (vec4){0})
#define FMA(a, b, c) ((a) * (b) + (c))
#include "kern_paired.h"

const wn_kern wn_kern_portable = {
    .strip = ROWS, .micro = micro, .rbf = rbf, .sum = sum, .scan = scan, WN_PAIRED_KERNEL};
