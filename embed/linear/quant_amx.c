/* bf16 by matrix tiles (AMX). A tile is 16 rows of 64 bytes: of x 16 rows by 16 groups, of a panel 16 groups by 16
 * columns (half of its width, rows 128 bytes apart), of the product 16 rows by 16 columns. Two by two tiles of the
 * product are kept, so that each tile loaded is used twice. Tests compile this file against an emulation of the tile
 * instructions. */
#include "quant.h"

#ifndef WN_TILES_EMULATED
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

bool wn_quant_tiles_allowed(void) {
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    static int state; /* 1 allowed, -1 not; asking again gives the same answer, so a race does no harm */
    int s = __atomic_load_n(&state, __ATOMIC_RELAXED);
    if (s == 0) {
        s = syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 ? 1 : -1;
        __atomic_store_n(&state, s, __ATOMIC_RELAXED);
    }
    return s > 0;
}
#endif

enum { EDGE = 16 };

/* The layout that ldtilecfg reads. */
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

static void product(const wn_quant_part *p, float *c) {
    static const tile_config config = {.palette = 1,
                                       .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                                       .rows = {EDGE, EDGE, EDGE, EDGE, EDGE, EDGE, EDGE, EDGE}};
    const size_t lda = p->groups * sizeof(uint32_t), ldb = WN_QUANT_PANEL * sizeof(uint32_t),
                 ldc = WN_QUANT_PANEL * sizeof(float);
    _tile_loadconfig(&config);
    for (size_t i = 0; i < p->m; i += (size_t)2 * EDGE) {
        const uint32_t *a = p->a + i * p->groups, *b = p->panel;
        float *to = c + i * WN_QUANT_PANEL;
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (size_t g = 0; g < p->groups; g += EDGE, a += EDGE, b += (size_t)EDGE * WN_QUANT_PANEL) {
            _tile_loadd(4, a, lda);
            _tile_loadd(5, a + EDGE * p->groups, lda);
            _tile_loadd(6, b, ldb);
            _tile_loadd(7, b + EDGE, ldb);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        _tile_stored(0, to, ldc);
        _tile_stored(1, to + EDGE, ldc);
        _tile_stored(2, to + EDGE * WN_QUANT_PANEL, ldc);
        _tile_stored(3, to + EDGE * WN_QUANT_PANEL + EDGE, ldc);
    }
    _tile_release(); /* threads without tile state are cheaper to switch */
}

const wn_quant_kernel wn_quant_bf16_amx = {.precision = WN_PREC_BF16,
                                       .per = 2,
                                       .rows = WN_QUANT_ROWS,
                                       .row = wn_quant_bf16_row,
                                       .weight = wn_quant_bf16_weight,
                                       .product = product};
