#include <winnow/gemm.h>

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <winnow/mem.h>

#include "kern.h"

/* Panels whose part of WN_KC values stays in the second-level cache while strips pass over it. */
enum { BLOCK_PANELS = 8 };

wn_code wn_packed_reserve(wn_packed *p, size_t n, size_t k, wn_err *err) {
    *p = (wn_packed){0};
    const size_t panels = n / WN_PANEL + (n % WN_PANEL != 0);
    if (k > SIZE_MAX / WN_PANEL / sizeof(float))
        return wn_err_set(err, WN_EMEMORY, "packing a matrix of %zu rows of %zu: too large for this machine", n, k);
    float *data = wn_alloc(panels, k * WN_PANEL * sizeof *data, err);
    if (!data) return WN_EMEMORY;
    *p = (wn_packed){.data = data, .room = panels * k * WN_PANEL};
    return WN_OK;
}

void wn_packed_fill(wn_packed *p, const float *const *rows, size_t n, size_t k) {
    p->n = n;
    p->k = k;
    assert(wn_packed_width(p) * k <= p->room);
    wn_pack_rows(rows, n, k, p->data);
}

wn_code wn_packed_init(wn_packed *p, const float *b, size_t ldb, size_t n, size_t k, wn_err *err) {
    wn_code code = wn_packed_reserve(p, n, k, err);
    if (code != WN_OK) return code;
    p->n = n;
    p->k = k;
    for (size_t i = 0; i < n; i += WN_PANEL) {
        const float *rows[WN_PANEL];
        const size_t m = n - i < WN_PANEL ? n - i : WN_PANEL;
        for (size_t r = 0; r < m; r++) rows[r] = b + (i + r) * ldb;
        wn_pack_rows(rows, m, k, p->data + i * k);
    }
    return WN_OK;
}

void wn_packed_free(wn_packed *p) {
    if (!p) return;
    wn_free(p->data);
    *p = (wn_packed){0};
}

size_t wn_packed_columns(size_t k) {
    const size_t cache = 128 * 1024; /* floats: half of a usual second-level cache */
    const size_t columns = k ? cache / k / WN_PANEL * WN_PANEL : WN_GEMM_COLUMNS;
    return columns < 2 * WN_PANEL ? 2 * WN_PANEL : columns > WN_GEMM_COLUMNS ? WN_GEMM_COLUMNS : columns;
}

void wn_gemm_rows(const float *const *rows, size_t m, const wn_packed *b, float *c, size_t ldc) {
    const wn_kern *kern = wn_kern_get();
    for (size_t i = 0; i < m; i += kern->strip)
        wn_strip_product(kern, rows + i, m - i < kern->strip ? m - i : kern->strip, b->k, b->data,
                         wn_packed_width(b) / WN_PANEL, c + i * ldc, ldc, false);
}

/* The last panel, of `n` < 32 columns: by way of a whole one, so that nothing beyond c's columns is touched. */
static void last_panel(const wn_kern *kern, const float *const *rows, size_t m, size_t k, const float *panel, size_t n,
                       float *c, size_t ldc, int accumulate) {
    _Alignas(64) float whole[WN_STRIP * WN_PANEL];
    if (accumulate) {
        memset(whole, 0, sizeof whole);
        for (size_t r = 0; r < m; r++) memcpy(whole + r * WN_PANEL, c + r * ldc, n * sizeof *c);
    }
    wn_strip_product(kern, rows, m, k, panel, 1, whole, WN_PANEL, accumulate);
    for (size_t r = 0; r < m; r++) memcpy(c + r * ldc, whole + r * WN_PANEL, n * sizeof *c);
}

void wn_gemm_packed(const float *a, size_t lda, size_t m, const wn_packed *b, float *c, size_t ldc, int accumulate) {
    const wn_kern *kern = wn_kern_get();
    const size_t k = b->k, panels = b->n / WN_PANEL, rest = b->n % WN_PANEL;
    const float *rows[WN_STRIP];
    for (size_t j = 0; j < panels + (rest != 0); j += BLOCK_PANELS) {
        const size_t block = panels - j < BLOCK_PANELS ? panels - j : BLOCK_PANELS; /* whole panels */
        for (size_t i = 0; i < m; i += kern->strip) {
            const size_t strip = m - i < kern->strip ? m - i : kern->strip;
            for (size_t r = 0; r < strip; r++) rows[r] = a + (i + r) * lda;
            float *out = c + i * ldc + j * WN_PANEL;
            wn_strip_product(kern, rows, strip, k, b->data + j * WN_PANEL * k, block, out, ldc, accumulate);
            if (rest && block < BLOCK_PANELS)
                last_panel(kern, rows, strip, k, b->data + panels * WN_PANEL * k, rest, out + block * WN_PANEL, ldc,
                           accumulate);
        }
    }
}

size_t wn_scan_above(const float *v, size_t n, float t, const float *tv, uint32_t *hits) {
    return wn_kern_get()->scan(v, n, t, tv, hits);
}
