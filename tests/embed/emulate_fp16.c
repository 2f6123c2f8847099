/* bert/low_f16.c with its one FP16 instruction in plain C, for processors without it. */
#define WN_FP16_EMULATED
#define wn_low_f16_avx512 wn_low_f16_emulated
#include <math.h>
#include <string.h>

#include "bert/low_f16.c"

__extension__ typedef _Float16 f16;

/* A product of two f16 is exact in double, and so is its sum with a third unless they are 2^30 apart: one rounding. */
static __m512i step_f16(__m512i acc, __m512i a, __m512i b) {
    f16 x[32], y[32], z[32];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    memcpy(z, &acc, sizeof z);
    for (int i = 0; i < 32; i++) z[i] = (f16)((double)x[i] * (double)y[i] + (double)z[i]);
    memcpy(&acc, z, sizeof z);
    return acc;
}
