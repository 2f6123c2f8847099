/* Four products of bytes and their sum in one instruction (VNNI). */
#include <immintrin.h>
#include <string.h>

#include "codes.h"

#define EACH _Pragma("GCC unroll 8") for (size_t r = 0; r < WN_CODES_STRIP; r++)

static void product(const int8_t *const rows[WN_CODES_STRIP], size_t ld, const uint8_t *panel,
                    int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH]) {
    __m512i sum[WN_CODES_STRIP];
    EACH sum[r] = _mm512_setzero_si512();
    for (size_t k = 0; k < ld; k += 4) {
        const __m512i columns = _mm512_loadu_si512(panel + k * WN_CODES_WIDTH);
        EACH {
            int32_t quad;
            memcpy(&quad, rows[r] + k, sizeof quad);
            sum[r] = _mm512_dpbusd_epi32(sum[r], columns, _mm512_set1_epi32(quad));
            __asm__ volatile("" : "+v"(sum[r])); /* or gcc copies it to and fro */
        }
    }
    EACH _mm512_storeu_si512(y[r], sum[r]);
}

static void dots(const int8_t *rows, size_t m, size_t ld, const uint8_t *column, int32_t *y) {
    for (size_t r = 0; r < m; r++, rows += ld) {
        __m512i sum = _mm512_setzero_si512();
        for (size_t k = 0; k < ld; k += 64)
            sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(column + k), _mm512_loadu_si512(rows + k));
        y[r] = _mm512_reduce_add_epi32(sum);
    }
}

const wn_codes_kern wn_codes_avx512 = {product, dots};
