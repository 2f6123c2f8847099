#include <wn/gemm.h>

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <winnow/mem.h>

#include "kern.h"

/* Columns whose panels of WN_KC values stay in the second-level cache while strips pass over them. */
enum { BLOCK_COLUMNS = 256 };

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
    const wn_panels panels = {.data = b->data, .k = b->k, .count = wn_packed_width(b) / WN_PANEL};
    for (size_t i = 0; i < m; i += kern->strip) {
        const size_t strip = m - i < kern->strip ? m - i : kern->strip, left = m - i - strip;
        const wn_strip s = {.rows = rows + i, .m = strip, .ahead = left < kern->strip ? left : kern->strip};
        wn_strip_product(kern, &s, &panels, c + i * ldc, ldc);
    }
}

/* One block of a product: `part` values of k from `from` on, `columns` columns whose panels begin at `panels`. */
typedef struct {
    const wn_kern *kern;
    size_t k, from, part, columns;
    const float *panels;
    int accumulate;
} gemm_block;

static void block_strip(const gemm_block *b, const wn_strip *s, float *c, size_t ldc) {
    const size_t whole = b->columns / WN_PANEL, rest = b->columns % WN_PANEL;
    const wn_panels panels = {.data = b->panels, .k = b->k, .count = whole},
                    last_panel = {.data = b->panels + whole * WN_PANEL * b->k, .k = b->k, .count = 1};
    wn_strip_part(b->kern, s, &panels, b->from, b->part, c, ldc, b->accumulate);
    if (rest == 0) return;
    /* the last panel by way of a whole one, so that nothing beyond c's columns is touched */
    _Alignas(64) float last[WN_STRIP * WN_PANEL] = {0};
    const wn_strip alone = {.rows = s->rows, .m = s->m};
    c += whole * WN_PANEL;
    for (size_t r = 0; b->accumulate && r < s->m; r++) memcpy(last + r * WN_PANEL, c + r * ldc, rest * sizeof *c);
    wn_strip_part(b->kern, &alone, &last_panel, b->from, b->part, last, WN_PANEL, b->accumulate);
    for (size_t r = 0; r < s->m; r++) memcpy(c + r * ldc, last + r * WN_PANEL, rest * sizeof *c);
}

void wn_gemm_packed(const float *a, size_t lda, size_t m, const wn_packed *b, float *c, size_t ldc, int accumulate) {
    const size_t k = b->k, n = b->n;
    const float *rows[2 * WN_STRIP];
    gemm_block at = {.kern = wn_kern_get(), .k = k};
    const size_t most = at.kern->strip;
    for (size_t j = 0; j < n; j += BLOCK_COLUMNS) {
        at.columns = n - j < BLOCK_COLUMNS ? n - j : BLOCK_COLUMNS;
        at.panels = b->data + j * k;
        for (at.from = 0; at.from < k || at.from == 0; at.from += WN_KC) {
            at.part = k - at.from < WN_KC ? k - at.from : WN_KC;
            at.accumulate = accumulate || at.from > 0;
            for (size_t i = 0; i < m; i += most) {
                const size_t strip = m - i < most ? m - i : most, left = m - i - strip;
                const wn_strip s = {.rows = rows, .m = strip, .ahead = left < most ? left : most};
                for (size_t r = 0; r < strip + s.ahead; r++) rows[r] = a + (i + r) * lda;
                block_strip(&at, &s, c + i * ldc + j, ldc);
            }
        }
    }
}

size_t wn_scan_above(const float *v, size_t n, float t, const float *tv, uint32_t *hits) {
    return wn_kern_get()->scan(v, n, t, tv, hits);
}
