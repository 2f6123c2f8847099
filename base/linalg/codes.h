#ifndef WINNOW_LINALG_CODES_H
#define WINNOW_LINALG_CODES_H
/* The kernels of wn/codes.h. Private to base/linalg and its tests. */
#include <wn/codes.h>

typedef struct {
    void (*product)(const int8_t *const rows[WN_CODES_STRIP], size_t ld, const uint8_t *panel,
                    int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH]);
    void (*dots)(const int8_t *rows, size_t m, size_t ld, const uint8_t *column, int32_t *y);
} wn_codes_kern;

extern const wn_codes_kern wn_codes_portable, wn_codes_avx2, wn_codes_avx512;

#endif
