/* Operations that need no more than a loop that the compiler turns into vectors, compiled with the rest of each table.
 * The including file defines NAME(x). */
#include "bert/train/ops.h"

#include <math.h>



static void NAME(norm_affine)(wn_real *y, const wn_real *hat, const wn_real *w, const wn_real *b, size_t m, size_t h) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < h; j++) y[i * h + j] = hat[i * h + j] * w[j] + b[j];
}

static void NAME(add_bias)(wn_real *x, const wn_real *bias, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) x[i * n + j] += bias[j];
}

static void NAME(add)(wn_real *x, const wn_real *other, size_t n) {
    for (size_t j = 0; j < n; j++) x[j] += other[j];
}

static void NAME(add_rows)(wn_real *out, const wn_real *x, size_t ldx, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) out[j] += x[i * ldx + j];
}

/* m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, x = keep x - rate m / (root sqrt(v) + eps) */
static void NAME(adamw)(const wn_adamw_rows *r, const wn_adamw_factors *f, size_t n) {
    wn_real *restrict x = r->value, *restrict grad = r->grad, *restrict first = r->first, *restrict second = r->second;
    const wn_adamw_factors c = *f;
    for (size_t j = 0; j < n; j++) {
        const wn_real g = grad[j] * c.grad_scale;
        const wn_real m = first[j] + (1 - c.beta1) * (g - first[j]);
        const wn_real v = c.beta2 * second[j] + (1 - c.beta2) * g * g;
        const wn_real kept = x[j] * c.keep;
        first[j] = m;
        second[j] = v;
        grad[j] = 0;
        x[j] = kept - c.rate * (m / (SQRT(v) * c.root + c.eps));
    }
}

static void NAME(multiply)(wn_real *x, const wn_real *by, size_t k, size_t n) {
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++) x[j] *= by[i];
}

/* Sixteen blocks of Philox4x32-10 (wn_rng_block) side by side: out[w][i] is word w of block `counter` + i. */
enum { BLOCKS = 16 };
static void NAME(random_blocks)(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4][BLOCKS]) {
    uint32_t c0[BLOCKS], c1[BLOCKS], c2[BLOCKS], c3[BLOCKS], k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        c0[i] = (uint32_t)counter + i; /* counters of one call differ in their lower halves alone */
        c1[i] = (uint32_t)(counter >> 32);
        c2[i] = (uint32_t)stream;
        c3[i] = (uint32_t)(stream >> 32);
    }
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            const uint64_t p0 = (uint64_t)0xD2511F53u * c0[i], p1 = (uint64_t)0xCD9E8D57u * c2[i];
            c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
            c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
            c1[i] = (uint32_t)p1;
            c3[i] = (uint32_t)p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        out[0][i] = c0[i];
        out[1][i] = c1[i];
        out[2][i] = c2[i];
        out[3][i] = c3[i];
    }
}

/* Value j of a row has word j % 64 / 16 of block j / 64 * 16 + j % 16; the row is the counter's upper half. */
static void NAME(dropout)(wn_real *x, const wn_dropout *p, uint64_t row, size_t n) {
    if (!p->below) return;
    const wn_real scale = p->scale;
    const uint32_t below = p->below;
    for (size_t j = 0; j < n; j += 4 * BLOCKS) {
        uint32_t random[4][BLOCKS];
        wn_real by[4 * BLOCKS];
        NAME(random_blocks)(p->seed, p->stream, row << 32 | j / 4, random);
        const uint32_t *words = random[0];
        for (size_t i = 0; i < 4 * BLOCKS; i++) by[i] = words[i] < below ? 0 : scale;
        const size_t some = n - j < 4 * BLOCKS ? n - j : 4 * BLOCKS;
        if (some == 4 * BLOCKS)
            for (size_t i = 0; i < 4 * BLOCKS; i++) x[j + i] *= by[i];
        else
            for (size_t i = 0; i < some; i++) x[j + i] *= by[i];
    }
}
