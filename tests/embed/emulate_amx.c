/* linear/quant_amx.c with the tile instructions in plain C: palette 1, eight tiles of 16 rows of 64 bytes. Operations
 * on tiles that were not configured, or between shapes that do not fit, end the test, as the processor would. */
#define WN_TILES_EMULATED
#define wn_quant_bf16_amx wn_quant_bf16_amx_emulated
#include <stdlib.h>
#include <string.h>

#include "embed/linear/quant.h"

static struct {
    unsigned char data[16][64];
    size_t rows, row_bytes;
} tiles[8];

static void must(int good) {
    if (!good) abort();
}

static void _tile_loadconfig(const void *config) {
    const unsigned char *c = config;
    must(c[0] == 1 && c[1] == 0);
    for (size_t t = 0; t < 8; t++) {
        tiles[t].rows = c[48 + t];
        tiles[t].row_bytes = (size_t)c[16 + 2 * t] | (size_t)c[17 + 2 * t] << 8;
        must(tiles[t].rows <= 16 && tiles[t].row_bytes <= 64);
    }
}

static void _tile_release(void) { memset(tiles, 0, sizeof tiles); }

static void _tile_zero(int t) {
    must(tiles[t].rows > 0);
    memset(tiles[t].data, 0, sizeof tiles[t].data);
}

static void _tile_loadd(int t, const void *base, size_t stride) {
    must(tiles[t].rows > 0);
    for (size_t r = 0; r < tiles[t].rows; r++)
        memcpy(tiles[t].data[r], (const unsigned char *)base + r * stride, tiles[t].row_bytes);
}

static void _tile_stored(int t, void *base, size_t stride) {
    must(tiles[t].rows > 0);
    for (size_t r = 0; r < tiles[t].rows; r++)
        memcpy((unsigned char *)base + r * stride, tiles[t].data[r], tiles[t].row_bytes);
}

static float half_of(const unsigned char *pair, int high) {
    uint32_t bits = 0;
    memcpy((unsigned char *)&bits + 2, pair + 2 * high, 2);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static void _tile_dpbf16ps(int c, int a, int b) {
    must(tiles[c].rows == tiles[a].rows && tiles[a].row_bytes / 4 == tiles[b].rows &&
         tiles[c].row_bytes == tiles[b].row_bytes);
    for (size_t m = 0; m < tiles[c].rows; m++)
        for (size_t k = 0; k < tiles[b].rows; k++)
            for (size_t n = 0; n < tiles[c].row_bytes / 4; n++) {
                float sum;
                memcpy(&sum, tiles[c].data[m] + 4 * n, sizeof sum);
                const unsigned char *x = tiles[a].data[m] + 4 * k, *y = tiles[b].data[k] + 4 * n;
                sum += half_of(x, 0) * half_of(y, 0);
                sum += half_of(x, 1) * half_of(y, 1);
                memcpy(tiles[c].data[m] + 4 * n, &sum, sizeof sum);
            }
}

#include "embed/linear/quant_amx.c"
