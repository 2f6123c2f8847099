#ifndef WN_CODES_H
#define WN_CODES_H
/* Products of bytes, exact in 32-bit integers and the same ones on every processor: rows of signed codes of 7 bits
 * (-63 .. 63) by columns of unsigned codes of 8 bits. In AVX2 two such products are added up in 16 bits, and
 * 2 * 255 * 63 is just below 2^15. Rows and columns have `ld` bytes: k values, then up to a multiple of
 * WN_CODES_LINE zeros in rows, which makes anything do in columns. */
#include <stddef.h>
#include <stdint.h>

enum { WN_CODE_ROW = 63, WN_CODES_LINE = 64, WN_CODES_STRIP = 8, WN_CODES_WIDTH = 16 };
enum { WN_CODES_K = 1 << 16 }; /* the largest k: no sum leaves 32 bits */

static inline size_t wn_codes_ld(size_t k) {
    return (k + WN_CODES_LINE - 1) / WN_CODES_LINE * WN_CODES_LINE;
}

/* Puts column[ld] in place c < WN_CODES_WIDTH of a panel [ld / 4][WN_CODES_WIDTH][4]. */
void wn_codes_pack(const uint8_t *column, size_t ld, size_t c, uint8_t *panel);
/* y[r][c] = rows[r] . column c of the panel. */
void wn_codes_product(const int8_t *const rows[WN_CODES_STRIP], size_t ld, const uint8_t *panel,
                      int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH]);
/* y[m] = rows[m][ld] . column. */
void wn_codes_dots(const int8_t *rows, size_t m, size_t ld, const uint8_t *column, int32_t *y);

#endif
