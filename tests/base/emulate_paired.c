/* The paired product's kernel in its AVX-512 shape (16 lanes, 14 rows), on pairs of AVX2 vectors: the same arithmetic
 * where there is no AVX-512. */
#include "base/linalg/kern.h"

#include <immintrin.h>
#include <string.h>

typedef struct {
    __m256 low, high;
} wide;

#define VEC wide
#define LANES 16
#define PAIRED_ROWS 14
#define PAIRED_UNROLL
#define EACH(f, a, b) ((wide){f((a).low, (b).low), f((a).high, (b).high)})
#define LOAD(p) ((wide){_mm256_loadu_ps(p), _mm256_loadu_ps((p) + 8)})
#define SPLAT(x) ((wide){_mm256_set1_ps(x), _mm256_set1_ps(x)})
#define STORE(p, v) store(p, v)
#define FMA(a, b, c) fma16(a, b, c)

static wide fma16(wide a, wide b, wide c) {
    return (wide){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
static void store(float *p, wide v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
}

#include "base/linalg/kern_paired.h"

typedef struct {
    __m256i low, high;
} iwide;

#define IVEC iwide
#define PAIRED16_ROWS 12
#define LOADI(p) loadi(p)
#define SPLATI(x) ((iwide){_mm256_set1_epi32(x), _mm256_set1_epi32(x)})
#define ADD_PRODUCTS(left, right, x, x2, left2, right2, left1, right1)                                                 \
    ((left) = ADD32(left, MADD(ADD16(x, left2), ADD16(x2, left1))),                                                    \
     (right) = ADD32(right, MADD(ADD16(x, right2), ADD16(x2, right1))))
#define FUSED_PRODUCTS ADD_PRODUCTS /* VNNI adds without saturation: the same */
#define FUSED_PLAIN(left, right, x, x2, left2, right2, left1, right1)                                                  \
    ((left) = ADD32(left, ADD32(MADD(x, left1), MADD(x2, left2))),                                                     \
     (right) = ADD32(right, ADD32(MADD(x, right1), MADD(x2, right2))))
#define WN_PAIRED16_FUSED
#define FLOATS(v) ((wide){_mm256_cvtepi32_ps((v).low), _mm256_cvtepi32_ps((v).high)})
#define ROUND(v) roundi(v)
#define ADD16(a, b) ((iwide){_mm256_add_epi16((a).low, (b).low), _mm256_add_epi16((a).high, (b).high)})
#define SUB16(a, b) ((iwide){_mm256_sub_epi16((a).low, (b).low), _mm256_sub_epi16((a).high, (b).high)})
#define ADD32(a, b) ((iwide){_mm256_add_epi32((a).low, (b).low), _mm256_add_epi32((a).high, (b).high)})
#define MADD(a, b) madd(a, b)
#define STOREI(p, v) storei(p, v)
#define MAXU32(a, b) ((iwide){_mm256_max_epu32((a).low, (b).low), _mm256_max_epu32((a).high, (b).high)})
#define MUL(a, b) mul(a, b)
#define STORE16(p, v, w) (store16(p, v), store16((p) + LANES, w))

static iwide loadi(const void *p) {
    iwide v;
    memcpy(&v, p, sizeof v);
    return v;
}
static void storei(int16_t *p, iwide v) { memcpy(p, &v, sizeof v); }
static iwide madd(iwide a, iwide b) {
    return (iwide){_mm256_madd_epi16(a.low, b.low), _mm256_madd_epi16(a.high, b.high)};
}
static iwide roundi(wide v) {
    return (iwide){_mm256_cvtps_epi32(v.low), _mm256_cvtps_epi32(v.high)};
}
static wide mul(wide a, wide b) {
    return EACH(_mm256_mul_ps, a, b);
}
static void store16(int16_t *p, iwide v) {
    int32_t lanes[16];
    memcpy(lanes, &v, sizeof lanes);
    for (int i = 0; i < 16; i++) p[i] = (int16_t)lanes[i];
}

#include "base/linalg/kern_paired16.h"

extern const wn_kern wn_kern_paired_emulated, wn_kern_paired_emulated_vnni, wn_kern_paired_emulated_adders;
const wn_kern wn_kern_paired_emulated = {WN_PAIRED_KERNEL, WN_PAIRED16_KERNEL(paired16)};
const wn_kern wn_kern_paired_emulated_vnni = {WN_PAIRED_KERNEL, WN_PAIRED16_KERNEL(fused16)};
const wn_kern wn_kern_paired_emulated_adders = {WN_PAIRED_KERNEL, WN_PAIRED16_KERNEL(fused16_adders)};
