/* int8 by AVX2: the integers, the scales and the bits of quant_int8_avx512.c. A multiplication of bytes would saturate
 * at 16 bits, so a block is widened to 16 bits, even and odd bytes apart, and multiplied in pairs. */
#include <immintrin.h>
#include <string.h>

#include "quant.h"

enum { BLOCK = 64, STRIP = 4, HALF = WN_QUANT_PANEL / 2 };

/* 64 values of x from j on, those from k on zero. */
static void block_of(const float *x, size_t j, size_t k, float out[BLOCK]) {
    const size_t n = k <= j ? 0 : k - j < BLOCK ? k - j : BLOCK;
    memcpy(out, x + (n ? j : 0), n * sizeof *out);
    memset(out + n, 0, (BLOCK - n) * sizeof *out);
}

/* Eight lanes a, b -> the extremes over all; as the reductions of AVX-512 they do not depend on an order. */
static float most_of(__m256 v) {
    float lane[8];
    _mm256_storeu_ps(lane, v);
    for (int i = 1; i < 8; i++) lane[0] = lane[i] > lane[0] ? lane[i] : lane[0];
    return lane[0];
}

/* round(v * by), eight at a time, as bytes in the low 64 bits; signed or, limited to 0..255, unsigned. */
static __m128i bytes_of(__m256 v, __m256 by, bool unsign, __m256i *whole) {
    *whole = _mm256_cvtps_epi32(_mm256_mul_ps(v, by));
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(*whole), _mm256_extracti128_si256(*whole, 1));
    return unsign ? _mm_packus_epi16(words, words) : _mm_packs_epi16(words, words);
}

static void row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset) {
    for (size_t b = 0; b * WN_QUANT_GROUPS < groups; b++, out += WN_QUANT_GROUPS) {
        float v[BLOCK];
        block_of(x, b * BLOCK, k, v);
        __m256 low = _mm256_loadu_ps(v), high = low;
        for (size_t i = 8; i < BLOCK; i += 8) {
            low = _mm256_min_ps(low, _mm256_loadu_ps(v + i));
            high = _mm256_max_ps(high, _mm256_loadu_ps(v + i));
        }
        const float least = -most_of(_mm256_sub_ps(_mm256_setzero_ps(), low)), step = (most_of(high) - least) / 255.0f;
        const __m256 by = _mm256_set1_ps(step > 0x1p-100f ? 1.0f / step : 0), base = _mm256_set1_ps(least);
        for (size_t i = 0; i < BLOCK; i += 8) {
            __m256i whole;
            _mm_storel_epi64((__m128i *)(void *)(out + i / 4),
                             bytes_of(_mm256_sub_ps(_mm256_loadu_ps(v + i), base), by, true, &whole));
        }
        scale[b] = step;
        offset[b] = least;
    }
}

static void weight(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum) {
    for (size_t b = 0; b * WN_QUANT_GROUPS < groups; b++, out += WN_QUANT_GROUPS) {
        float v[BLOCK];
        int32_t lane[8], total = 0;
        block_of(w, b * BLOCK, k, v);
        __m256 top = _mm256_setzero_ps();
        for (size_t i = 0; i < BLOCK; i += 8)
            top = _mm256_max_ps(top, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_loadu_ps(v + i)));
        const float step = most_of(top) / 127.0f;
        const __m256 by = _mm256_set1_ps(step > 0x1p-100f ? 1.0f / step : 0);
        __m256i totals = _mm256_setzero_si256();
        for (size_t i = 0; i < BLOCK; i += 8) {
            __m256i whole;
            _mm_storel_epi64((__m128i *)(void *)(out + i / 4), bytes_of(_mm256_loadu_ps(v + i), by, false, &whole));
            totals = _mm256_add_epi32(totals, whole);
        }
        memcpy(lane, &totals, sizeof lane);
        for (int i = 0; i < 8; i++) total += lane[i];
        scale[b] = step;
        sum[b] = step * (float)total;
    }
}

/* The even and the odd bytes of eight groups as pairs of 16 bits. */
static inline __m256i even_signed(__m256i v) {
    return _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8);
}
static inline __m256i odd_signed(__m256i v) {
    return _mm256_srai_epi16(v, 8);
}

/* x of a strip in one block, widened: [row][group][even, odd]. */
static void widen(const uint32_t *a, size_t lda, size_t m, uint32_t out[STRIP][2 * WN_QUANT_GROUPS]) {
    for (size_t r = 0; r < m; r++)
        for (size_t g = 0; g < WN_QUANT_GROUPS; g++) {
            const uint32_t v = a[r * lda + g];
            out[r][2 * g] = v & 0x00ff00ffu;
            out[r][2 * g + 1] = v >> 8 & 0x00ff00ffu;
        }
}

/* Half a panel: c[rows, 16] += one block's sums, scaled; the first block sets c. */
static inline __attribute__((always_inline)) void half_strip(const wn_quant_part *p,
                                                             uint32_t x[STRIP][2 * WN_QUANT_GROUPS], size_t i, size_t b,
                                                             size_t column, float *c, const size_t rows) {
    const size_t blocks = p->groups / WN_QUANT_GROUPS;
    const uint32_t *panel = p->panel + b * WN_QUANT_GROUPS * WN_QUANT_PANEL + column;
    __m256i left[STRIP], right[STRIP];
    for (size_t r = 0; r < rows; r++) left[r] = right[r] = _mm256_setzero_si256();
    for (size_t g = 0; g < WN_QUANT_GROUPS; g++) {
        const __m256i w0 = _mm256_loadu_si256((const __m256i *)(const void *)(panel + g * WN_QUANT_PANEL));
        const __m256i w1 = _mm256_loadu_si256((const __m256i *)(const void *)(panel + g * WN_QUANT_PANEL + 8));
        const __m256i w[2][2] = {{even_signed(w0), even_signed(w1)}, {odd_signed(w0), odd_signed(w1)}};
        for (size_t odd = 0; odd < 2; odd++)
            for (size_t r = 0; r < rows; r++) {
                const __m256i v = _mm256_set1_epi32((int)x[r][2 * g + odd]);
                left[r] = _mm256_add_epi32(left[r], _mm256_madd_epi16(v, w[odd][0]));
                right[r] = _mm256_add_epi32(right[r], _mm256_madd_epi16(v, w[odd][1]));
                __asm__ volatile("" : "+x"(left[r]), "+x"(right[r])); /* or gcc runs out of registers */
            }
    }
    const float *scale = p->scale + b * WN_QUANT_PANEL + column, *sum = p->sum + b * WN_QUANT_PANEL + column;
    for (size_t r = 0; r < rows; r++, c += WN_QUANT_PANEL) {
        const __m256 size = _mm256_set1_ps(p->row_scale[(i + r) * blocks + b]),
                     offset = _mm256_set1_ps(p->row_offset[(i + r) * blocks + b]);
        for (size_t j = 0; j < HALF; j += 8) {
            __m256 y = b ? _mm256_loadu_ps(c + j) : _mm256_setzero_ps();
            y = _mm256_fmadd_ps(offset, _mm256_loadu_ps(sum + j), y);
            _mm256_storeu_ps(c + j, _mm256_fmadd_ps(_mm256_mul_ps(size, _mm256_loadu_ps(scale + j)),
                                                    _mm256_cvtepi32_ps(j ? right[r] : left[r]), y));
        }
    }
}

static void product(const wn_quant_part *p, float *c) {
    uint32_t x[STRIP][2 * WN_QUANT_GROUPS];
    for (size_t i = 0; i < p->m; i += STRIP) {
        const size_t m = p->m - i < STRIP ? p->m - i : STRIP;
        for (size_t b = 0; b * WN_QUANT_GROUPS < p->groups; b++) {
            widen(p->a + i * p->groups + b * WN_QUANT_GROUPS, p->groups, m, x);
            for (size_t column = 0; column < WN_QUANT_PANEL; column += HALF) {
                float *to = c + i * WN_QUANT_PANEL + column;
                if (m == STRIP)
                    half_strip(p, x, i, b, column, to, STRIP);
                else
                    for (size_t r = 0; r < m; r++) half_strip(p, x + r, i + r, b, column, to + r * WN_QUANT_PANEL, 1);
            }
        }
    }
}

const wn_quant_kernel wn_quant_int8_avx2 = {.precision = WN_PREC_INT8,
                                            .scaled = true,
                                            .per = 4,
                                            .rows = 21 * STRIP,
                                            .row = row,
                                            .weight = weight,
                                            .product = product};
