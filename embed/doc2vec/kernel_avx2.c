#include "kernel.h"

#include <immintrin.h>

typedef __m256 vec;
#define VL 8
#define LOAD(p) _mm256_load_ps(p)
#define STORE(p, v) _mm256_store_ps(p, v)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define SET1(x) _mm256_set1_ps(x)
#define ZERO() _mm256_setzero_ps()

static inline __m128 reduce4(__m256 a, __m256 b, __m256 c, __m256 d) {
    __m256 s = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    return _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
}

static inline void reduce8(const vec *a, float *out) {
    _mm_storeu_ps(out, reduce4(a[0], a[1], a[2], a[3]));
    _mm_storeu_ps(out + 4, reduce4(a[4], a[5], a[6], a[7]));
}

#include "kernel_vector.h"

const wn_d2v_kernels wn_d2v_kernels_avx2 = {.step = step, .sum = sum, .add = add, .merge = merge};
