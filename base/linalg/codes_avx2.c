/* Products of bytes are added up in pairs of 16 bits, then in quads of 32. */
#include <immintrin.h>
#include <string.h>

#include "codes.h"

enum { ROWS = 4 };

static inline __m256i load(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

/* sum + the sums of four products each. */
static inline __m256i add_quads(__m256i sum, __m256i columns, __m256i rows) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(columns, rows), _mm256_set1_epi16(1)));
}

static void product(const int8_t *const rows[WN_CODES_STRIP], size_t ld, const uint8_t *panel,
                    int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH]) {
    for (size_t i = 0; i < WN_CODES_STRIP; i += ROWS) {
        __m256i left[ROWS], right[ROWS];
        for (size_t r = 0; r < ROWS; r++) left[r] = right[r] = _mm256_setzero_si256();
        for (size_t k = 0; k < ld; k += 4) {
            const __m256i a = load(panel + k * WN_CODES_WIDTH), b = load(panel + k * WN_CODES_WIDTH + 32);
#pragma GCC unroll 4
            for (size_t r = 0; r < ROWS; r++) {
                int32_t quad;
                memcpy(&quad, rows[i + r] + k, sizeof quad);
                const __m256i row = _mm256_set1_epi32(quad);
                left[r] = add_quads(left[r], a, row);
                right[r] = add_quads(right[r], b, row);
            }
        }
        for (size_t r = 0; r < ROWS; r++) {
            _mm256_storeu_si256((__m256i *)y[i + r], left[r]);
            _mm256_storeu_si256((__m256i *)(y[i + r] + 8), right[r]);
        }
    }
}

static void dots(const int8_t *rows, size_t m, size_t ld, const uint8_t *column, int32_t *y) {
    for (size_t r = 0; r < m; r++, rows += ld) {
        __m256i sum = _mm256_setzero_si256();
        for (size_t k = 0; k < ld; k += 32) sum = add_quads(sum, load(column + k), load(rows + k));
        int32_t lane[8];
        _mm256_storeu_si256((__m256i *)lane, sum);
        y[r] = lane[0] + lane[1] + lane[2] + lane[3] + lane[4] + lane[5] + lane[6] + lane[7];
    }
}

const wn_codes_kern wn_codes_avx2 = {product, dots};
