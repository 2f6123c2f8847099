/* Strassen's product in f32: about twice the rounding error of a plain one. */
#include <math.h>
#include <wn/cpu.h>
#include <wn/gemm.h>

#include "strassen.h"

enum { WIDE = 768 }; /* from where thirds are faster than halves: at 384 they are slower (docs/kernels.md) */

static const wn_strassen_kern *f32_kern(void) {
    static const wn_isa_row rows[] = {
#ifdef WN_HAVE_AVX512
        {WN_CPU_AVX512, &wn_strassen_avx512},
#endif
#ifdef WN_HAVE_AVX2
        {WN_CPU_AVX2, &wn_strassen_avx2},
#endif
        {0, &wn_strassen_portable}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}

/* A power of two near the size of a row of W, by the mean of its fourth powers: large elements matter, since large
 * values of x meet them. Within limits that keep its inverse a normal float. */
static float f32_scale(const float *w, size_t half, size_t part) {
    const size_t k = half + part; /* the whole row */
    double sum[4] = {0};
    for (size_t i = 0; i < k; i++) sum[i % 4] += (double)w[i] * (double)w[i] * (double)w[i] * (double)w[i];
    const double mean = (sum[0] + sum[1] + sum[2] + sum[3]) / (double)k;
    return mean > 0 && isfinite(mean) ? exp2f((float)fmin(fmax(rint(log2(mean) / 4), -100), 100)) : 1.0f;
}

static void f32_weigh(const float *w, float scale, size_t part, float *out) {
    const float down = 1.0f / scale;
    for (size_t e = 0; e < part; e++) out[e] = w[e] * down;
}

static void f32_store(const float *const *rows, size_t width, size_t part, wn_strassen_numbers to, uint32_t *start) {
    (void)start;
    wn_pack_panel(rows, width, part, width, to.f32);
}

/* Rows lie too far apart for the processor to see which comes next: those of the entry after the next are fetched. */
static void f32_combine(const wn_strassen_share *b, size_t e, const wn_strassen_sum *sum) {
    enum { AHEAD = 2 };
    const size_t part = b->s->k / b->s->scheme->parts;
    const float *x = b->x + b->first[e] * b->ldx + b->from, *blocks[WN_STRASSEN_BLOCKS];
    const bool ahead = e + AHEAD < (e < b->pairs ? b->pairs : b->entries);
    const float *next = ahead ? b->x + b->first[e + AHEAD] * b->ldx + b->from : x;
    for (size_t i = 0; i < sum->count; i++) {
        const size_t at = sum->row[i] * b->ldx + sum->column[i] * part;
        blocks[i] = x + at;
        for (size_t p = 0; ahead && p < b->part; p += 16) __builtin_prefetch(next + at + p);
    }
    b->s->kern->combine(blocks, sum->sign, sum->count, b->part, b->a.f32 + e * WN_STRASSEN_LD);
}

const wn_strassen_kind wn_strassen_f32_kind = {.bytes = sizeof(float),
                                               .scale = f32_scale,
                                               .weigh = f32_weigh,
                                               .store = f32_store,
                                               .combine = f32_combine};

static bool f32_has(wn_precision p) { return p == WN_PREC_F32; }

const wn_strassen_scheme *wn_strassen_f32_scheme(size_t n, size_t k) {
    return n % 96 == 0 && k % 3 == 0 && n >= WIDE && k >= WIDE ? &wn_strassen_thirds : &wn_strassen_halves;
}

static wn_code f32_pack(void **state, const wn_linear_opts *o, const float *w, size_t n, size_t k, wn_err *err) {
    (void)o;
    wn_strassen *s = NULL;
    wn_code code = wn_strassen_pack(&s, &wn_strassen_f32_kind, f32_kern(), wn_strassen_f32_scheme(n, k), w, n, k, err);
    if (code == WN_OK) *state = s;
    return code;
}

const wn_linear_vt wn_linear_strassen = {.name = "strassen",
                                         .has = f32_has,
                                         .fits = wn_strassen_fits,
                                         .scratch = wn_strassen_scratch,
                                         .pack = f32_pack,
                                         .apply = wn_strassen_apply,
                                         .free = wn_strassen_free};
