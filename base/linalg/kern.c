/* Which kernels are used, and what they share: packing and products of strips. */
#include "kern.h"

#include <string.h>

const wn_kern *wn_kern_get(void) {
    static const wn_isa_row rows[] = {
#ifdef WN_HAVE_AVX512
        {WN_CPU_AVX512, &wn_kern_avx512},
#endif
#ifdef WN_HAVE_AVX2
        {WN_CPU_AVX2, &wn_kern_avx2},
#endif
        {0, &wn_kern_portable}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}

typedef float vec4 __attribute__((vector_size(16)));
typedef int shuffle4 __attribute__((vector_size(16)));

static inline vec4 load4(const float *p) {
    vec4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

#if defined(__clang__)
#define SHUFFLE(x, y, a, b, c, d) __builtin_shufflevector(x, y, a, b, c, d)
#else
#define SHUFFLE(x, y, a, b, c, d) __builtin_shuffle(x, y, (shuffle4){a, b, c, d})
#endif

/* Four values of four rows become four rows of four in a panel. */
static inline void transpose4(const float *const *rows, size_t p, size_t width, float *out) {
    const vec4 a = load4(rows[0] + p), b = load4(rows[1] + p), c = load4(rows[2] + p), d = load4(rows[3] + p);
    const vec4 ab = SHUFFLE(a, b, 0, 4, 1, 5), cd = SHUFFLE(c, d, 0, 4, 1, 5);
    const vec4 ef = SHUFFLE(a, b, 2, 6, 3, 7), gh = SHUFFLE(c, d, 2, 6, 3, 7);
    const vec4 r0 = SHUFFLE(ab, cd, 0, 1, 4, 5), r1 = SHUFFLE(ab, cd, 2, 3, 6, 7);
    const vec4 r2 = SHUFFLE(ef, gh, 0, 1, 4, 5), r3 = SHUFFLE(ef, gh, 2, 3, 6, 7);
    memcpy(out, &r0, sizeof r0);
    memcpy(out + width, &r1, sizeof r1);
    memcpy(out + 2 * width, &r2, sizeof r2);
    memcpy(out + 3 * width, &r3, sizeof r3);
}

void wn_pack_panel(const float *const *rows, size_t n, size_t k, size_t width, float *panel) {
    size_t whole = n == width ? k / 4 * 4 : 0;
    for (size_t p = 0; p < whole; p += 4) {
        for (size_t r = 0; r < width; r += 4) transpose4(rows + r, p, width, panel + p * width + r);
    }
    for (size_t p = whole; p < k; p++) {
        for (size_t r = 0; r < n; r++) panel[p * width + r] = rows[r][p];
        for (size_t r = n; r < width; r++) panel[p * width + r] = 0;
    }
}

void wn_pack_rows(const float *const *rows, size_t n, size_t k, float *panels) {
    for (size_t i = 0; i < n; i += WN_PANEL)
        wn_pack_panel(rows + i, n - i < WN_PANEL ? n - i : WN_PANEL, k, WN_PANEL, panels + i * k);
}

void wn_strip_part(const wn_kern *kern, const wn_strip *s, const wn_panels *p, size_t from, size_t part, float *c,
                   size_t ldc, int accumulate) {
    enum { LINE = 64 / sizeof(float) };
    _Alignas(64) float a[WN_STRIP * WN_STRIP_LD];
    const size_t m = s->m;
    for (size_t r = 0; r < m; r++) memcpy(a + r * WN_STRIP_LD, s->rows[r] + from, part * sizeof *a);
    for (size_t j = 0; j < p->count; j++) {
        for (size_t r = m + j * s->ahead / p->count; r < m + (j + 1) * s->ahead / p->count; r++) {
            for (size_t i = from; i < from + part; i += LINE) __builtin_prefetch(s->rows[r] + i, 0, 2);
        }
        kern->micro(a, part, p->data + (j * p->k + from) * WN_PANEL, c + j * WN_PANEL, ldc, m, accumulate);
    }
}

void wn_strip_product(const wn_kern *kern, const wn_strip *s, const wn_panels *p, float *c, size_t ldc) {
    for (size_t from = 0; from < p->k || from == 0; from += WN_KC)
        wn_strip_part(kern, s, p, from, p->k - from < WN_KC ? p->k - from : WN_KC, c, ldc, from > 0);
}
