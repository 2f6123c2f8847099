/* The kernels of Strassen's product in their AVX-512 shape (16 lanes; 14 rows, 12 of integers), on pairs of AVX2
 * vectors: the same arithmetic where there is no AVX-512. */
#include <wn/simd.h>

typedef struct {
    vf low, high;
} wide;
typedef struct {
    vi low, high;
} wide_ints;

static wide wide_load(const float *p) { return (wide){vf_load(p), vf_load(p + 8)}; }
static wide wide_splat(float x) { return (wide){vf_splat(x), vf_splat(x)}; }
static wide wide_mul(wide a, wide b) { return (wide){vf_mul(a.low, b.low), vf_mul(a.high, b.high)}; }
static wide wide_fma(wide a, wide b, wide c) {
    return (wide){vf_fma(a.low, b.low, c.low), vf_fma(a.high, b.high, c.high)};
}
static void wide_store(float *p, wide v) {
    vf_store(p, v.low);
    vf_store(p + 8, v.high);
}
static wide wide_floats(wide_ints v) { return (wide){vi_floats(v.low), vi_floats(v.high)}; }
static wide_ints wide_round(wide v) { return (wide_ints){vf_round(v.low), vf_round(v.high)}; }
static wide_ints ints_splat(int32_t x) { return (wide_ints){vi_splat(x), vi_splat(x)}; }
static wide_ints ints_load(const void *p) {
    wide_ints v;
    memcpy(&v, p, sizeof v);
    return v;
}
static void ints_store(void *p, wide_ints v) { memcpy(p, &v, sizeof v); }
static void ints_store16(int16_t *p, wide_ints v, wide_ints w) {
    int32_t lanes[32];
    memcpy(lanes, &v, sizeof v);
    memcpy(lanes + 16, &w, sizeof w);
    for (int i = 0; i < 32; i++) p[i] = (int16_t)lanes[i];
}
#define EACH(name)                                                                                                     \
    static wide_ints ints_##name(wide_ints a, wide_ints b) {                                                           \
        return (wide_ints){vi_##name(a.low, b.low), vi_##name(a.high, b.high)};                                        \
    }
EACH(add16)
EACH(sub16)
EACH(add32)
EACH(madd)
EACH(maxu32)

#undef WN_LANES
#define WN_LANES 16
#define vf wide
#define vf_load wide_load
#define vf_store wide_store
#define vf_splat wide_splat
#define vf_mul wide_mul
#define vf_fma wide_fma
#define vf_round wide_round
#define vi wide_ints
#define vi_load ints_load
#define vi_store ints_store
#define vi_store16 ints_store16
#define vi_splat ints_splat
#define vi_floats wide_floats
#define vi_add16 ints_add16
#define vi_sub16 ints_sub16
#define vi_add32 ints_add32
#define vi_madd ints_madd
#define vi_maxu32 ints_maxu32

#define STRIP_ROWS 14
#define STRIP_UNROLL
#include "embed/linear/strassen_kernel.h"

#define STRIP16_ROWS 12
#define STRIP16_FUSED
#define ADD_PRODUCTS(left, right, x, x2, left2, right2, left1, right1)                                                 \
    ((left) = vi_add32(left, vi_madd(vi_add16(x, left2), vi_add16(x2, left1))),                                        \
     (right) = vi_add32(right, vi_madd(vi_add16(x, right2), vi_add16(x2, right1))))
#define FUSED_PRODUCTS ADD_PRODUCTS /* VNNI adds without saturation: the same */
#define FUSED_PLAIN(left, right, x, x2, left2, right2, left1, right1)                                                  \
    ((left) = vi_add32(left, vi_add32(vi_madd(x, left1), vi_madd(x2, left2))),                                         \
     (right) = vi_add32(right, vi_add32(vi_madd(x, right1), vi_madd(x2, right2))))
#include "embed/linear/strassen16_kernel.h"

extern const wn_strassen_kern wn_strassen_emulated, wn_strassen16_emulated, wn_strassen16_emulated_vnni,
    wn_strassen16_emulated_adders;
const wn_strassen_kern wn_strassen_emulated = WN_STRASSEN_KERNEL;
const wn_strassen_kern wn_strassen16_emulated = WN_STRASSEN16_KERNEL(plain16);
const wn_strassen_kern wn_strassen16_emulated_vnni = WN_STRASSEN16_KERNEL(fused16);
const wn_strassen_kern wn_strassen16_emulated_adders = WN_STRASSEN16_KERNEL(fused16_adders);
