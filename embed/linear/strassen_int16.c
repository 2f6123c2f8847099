/* Strassen's product in 16-bit integers: faster, and less exact by the rounding to integers alone. Within each slice of
 * 2 x 192 values of k, rows of W are rounded to integers of at most 1182 times the row's size there, rows of x of at
 * most 2364; the sums are exact. What is not finite makes its row of x, or its column of y, NaN. */
#include <float.h>
#include <math.h>
#include <string.h>
#include <wn/cpu.h>

#include "strassen.h"

/* Strips of integers have the form of strassen16_kernel.h that suits the processor. */
static const wn_strassen_kern *int16_kern(void) {
    static const wn_isa_row rows[] = {
#ifdef WN_HAVE_AVX512
        {WN_CPU_AVX512 | WN_CPU_AVX512_VNNI | WN_CPU_ADDERS, &wn_strassen16_vnni_adders},
        {WN_CPU_AVX512 | WN_CPU_AVX512_VNNI, &wn_strassen16_vnni},
        {WN_CPU_AVX512, &wn_strassen16_avx512},
#endif
#ifdef WN_HAVE_AVX2
        {WN_CPU_AVX2, &wn_strassen16_avx2},
#endif
        {0, NULL}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}

/* What a row of that largest element is multiplied by; 0 where the integers would mean nothing. */
static float factor_for(float largest, int most) {
    return largest >= 0x1p-100f && largest <= FLT_MAX ? (float)most / largest : 0;
}

/* What the largest of w[n] and so_far is; NaN where one is not finite. */
static float largest_of(const float *w, size_t n, float so_far) {
    float bad = so_far - so_far;
    for (size_t i = 0; i < n; i++) {
        so_far = fabsf(w[i]) > so_far ? fabsf(w[i]) : so_far;
        bad += w[i] - w[i];
    }
    return so_far + bad;
}

static float int16_scale(const float *w, size_t half, size_t part) {
    return largest_of(w + half, part, largest_of(w, part, 0)) / WN_STRASSEN_W16;
}

static void int16_weigh(const float *w, float scale, size_t part, float *out) {
    const float down = factor_for(scale * WN_STRASSEN_W16, WN_STRASSEN_W16);
    for (size_t e = 0; e < part; e++) out[e] = down > 0 ? rintf(w[e] * down) : 0;
}

/* Pairs along k, so that one instruction multiplies two; of the second half of the slice, then of the first. */
static void int16_store(const float *const *rows, size_t width, size_t part, wn_strassen_numbers to, uint32_t *start) {
    for (size_t c = 0; c < width; c++) {
        const float *row = rows[c];
        start[c] = 0;
        for (size_t i = 0; i < part / 2; i++) {
            const int16_t first = (int16_t)row[i], second = (int16_t)row[part / 2 + i];
            int16_t *pair = to.i16 + i / 2 * 4 * width + 2 * c + i % 2;
            pair[0] = second;
            pair[2 * width] = first;
            start[c] -= (uint32_t)(first * second);
        }
    }
}

static void fetch(const float *x, size_t n) {
    for (size_t i = 0; i < n; i += 16) __builtin_prefetch(x + i);
}

/* Rounds the slice's rows of x. They lie too far apart for the processor to see which comes next. */
static void int16_prepare(const wn_strassen_share *b) {
    const wn_strassen_kern *kern = b->s->kern;
    const size_t half = b->s->k / 2;
    for (size_t e = 0; e < b->entries; e++) {
        const float *next = b->x + b->first[e + 1 < b->entries ? e + 1 : e] * b->ldx + b->from;
        for (size_t row = 0; row < (e + 1 < b->pairs ? 2 : 1); row++) {
            fetch(next + row * b->ldx, b->part);
            fetch(next + row * b->ldx + half, b->part);
        }
        for (size_t row = 0; row < (e < b->pairs ? 2 : 1); row++) {
            const float *x = b->x + (b->first[e] + row) * b->ldx + b->from;
            const float left = kern->largest(x, b->part), right = kern->largest(x + half, b->part);
            const float most = (left > right ? left : right) + (left - left) + (right - right),
                        by = factor_for(most, WN_STRASSEN_X16);
            int16_t *q = b->q + (2 * e + row) * 2 * WN_STRASSEN_KC16;
            if (by == 0) { /* what is not finite shows in `size`, and in this row alone */
                memset(q, 0, 2 * WN_STRASSEN_KC16 * sizeof *q);
            } else {
                kern->round16(x, by, b->part, q);
                kern->round16(x + half, by, b->part, q + WN_STRASSEN_KC16);
            }
            b->size[row * WN_STRASSEN_SHARE + e] = most / WN_STRASSEN_X16;
        }
    }
}

/* Halves only: one block, or two. */
static void int16_combine(const wn_strassen_share *b, size_t e, const wn_strassen_sum *sum) {
    const int16_t *q = b->q + e * 4 * WN_STRASSEN_KC16, *blocks[2] = {NULL, NULL};
    for (size_t i = 0; i < sum->count; i++) blocks[i] = q + (2 * sum->row[i] + sum->column[i]) * WN_STRASSEN_KC16;
    b->start[e] =
        -b->s->kern->combine16(blocks[0], blocks[1], sum->sign[1] < 0, b->part / 2, b->a.i16 + e * WN_STRASSEN_LD);
}

const wn_strassen_kind wn_strassen_int16_kind = {.integers = true,
                                                 .bytes = sizeof(int16_t),
                                                 .scale = int16_scale,
                                                 .weigh = int16_weigh,
                                                 .store = int16_store,
                                                 .prepare = int16_prepare,
                                                 .combine = int16_combine};

static bool int16_has(wn_precision p) { return p == WN_PREC_INT16 && int16_kern() != NULL; }

static bool int16_fits(size_t n, size_t k) { return wn_strassen_fits(n, k) && k % 8 == 0; }

static wn_code int16_pack(void **state, const wn_linear_opts *o, const float *w, size_t n, size_t k, wn_err *err) {
    (void)o;
    wn_strassen *s = NULL;
    wn_code code = wn_strassen_pack(&s, &wn_strassen_int16_kind, int16_kern(), &wn_strassen_halves, w, n, k, err);
    if (code == WN_OK) *state = s;
    return code;
}

const wn_linear_vt wn_linear_strassen16 = {.name = "strassen16",
                                           .has = int16_has,
                                           .fits = int16_fits,
                                           .scratch = wn_strassen_scratch,
                                           .pack = int16_pack,
                                           .apply = wn_strassen_apply,
                                           .free = wn_strassen_free};
