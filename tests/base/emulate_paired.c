/* The paired product's kernel in its AVX-512 shape (16 lanes, 14 rows), on pairs of AVX2 vectors: the same arithmetic
 * where there is no AVX-512. */
#include "linalg/kern.h"

#include <immintrin.h>

typedef struct {
    __m256 low, high;
} wide;

#define VEC wide
#define LANES 16
#define PAIRED_ROWS 14
#define EACH(f, a, b) ((wide){f((a).low, (b).low), f((a).high, (b).high)})
#define LOAD(p) ((wide){_mm256_loadu_ps(p), _mm256_loadu_ps((p) + 8)})
#define SPLAT(x) ((wide){_mm256_set1_ps(x), _mm256_set1_ps(x)})
#define ADD(a, b) add(a, b)
#define SUB(a, b) sub(a, b)
#define STORE(p, v) store(p, v)
#define FMA(a, b, c) fma16(a, b, c)

static wide add(wide a, wide b) {
    return EACH(_mm256_add_ps, a, b);
}
static wide sub(wide a, wide b) {
    return EACH(_mm256_sub_ps, a, b);
}
static wide fma16(wide a, wide b, wide c) {
    return (wide){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
static void store(float *p, wide v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
}

#include "linalg/kern_paired.h"

extern const wn_kern wn_kern_paired_emulated;
const wn_kern wn_kern_paired_emulated = {.isa = WN_ISA_AVX2, WN_PAIRED_KERNEL};
