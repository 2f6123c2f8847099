#include "kernel.h"

#include <immintrin.h>

typedef __m512 vec;
#define VL 16
#define LOAD(p) _mm512_load_ps(p)
#define STORE(p, v) _mm512_store_ps(p, v)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)
#define MUL(a, b) _mm512_mul_ps(a, b)
#define SET1(x) _mm512_set1_ps(x)
#define ZERO() _mm512_setzero_ps()

static inline __m256 fold(__m512 a) {
    return _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
}

static inline __m128 reduce4(const vec *a) {
    __m256 s = _mm256_hadd_ps(_mm256_hadd_ps(fold(a[0]), fold(a[1])), _mm256_hadd_ps(fold(a[2]), fold(a[3])));
    return _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
}

static inline void reduce8(const vec *a, float *out) {
    _mm_storeu_ps(out, reduce4(a));
    _mm_storeu_ps(out + 4, reduce4(a + 4));
}

#include "kernel_vector.h"

const wn_d2v_kernels wn_d2v_kernels_avx512 = {.step = step, .sum = sum, .add = add, .merge = merge};
