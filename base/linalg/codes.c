#include "codes.h"

#include <string.h>
#include <wn/cpu.h>

enum { QUAD = 4 }; /* bytes of one row that meet those of one column in one step */

static void product(const int8_t *const rows[WN_CODES_STRIP], size_t ld, const uint8_t *panel,
                    int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH]) {
    memset(y, 0, sizeof(int32_t) * WN_CODES_STRIP * WN_CODES_WIDTH);
    for (size_t k = 0; k < ld; k += QUAD, panel += QUAD * WN_CODES_WIDTH)
        for (size_t r = 0; r < WN_CODES_STRIP; r++)
            for (size_t c = 0; c < WN_CODES_WIDTH; c++)
                for (size_t i = 0; i < QUAD; i++) y[r][c] += rows[r][k + i] * panel[QUAD * c + i];
}

static void dots(const int8_t *rows, size_t m, size_t ld, const uint8_t *column, int32_t *y) {
    for (size_t r = 0; r < m; r++, rows += ld) {
        int32_t sum = 0;
        for (size_t k = 0; k < ld; k++) sum += rows[k] * column[k];
        y[r] = sum;
    }
}

const wn_codes_kern wn_codes_portable = {product, dots};

static const wn_codes_kern *chosen(void) {
    static const wn_isa_row rows[] = {
#ifdef WN_HAVE_AVX512_VNNI
        {WN_CPU_AVX512 | WN_CPU_AVX512_VNNI, &wn_codes_avx512},
#endif
#ifdef WN_HAVE_AVX2
        {WN_CPU_AVX2, &wn_codes_avx2},
#endif
        {0, &wn_codes_portable}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}

void wn_codes_pack(const uint8_t *column, size_t ld, size_t c, uint8_t *panel) {
    for (size_t k = 0; k < ld; k += QUAD) memcpy(panel + k * WN_CODES_WIDTH + QUAD * c, column + k, QUAD);
}

void wn_codes_product(const int8_t *const rows[WN_CODES_STRIP], size_t ld, const uint8_t *panel,
                      int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH]) {
    chosen()->product(rows, ld, panel, y);
}

void wn_codes_dots(const int8_t *rows, size_t m, size_t ld, const uint8_t *column, int32_t *y) {
    chosen()->dots(rows, m, ld, column, y);
}
