/* The kernels for AVX-512 (F, BW, DQ, VL).
 * 14 x 2 accumulators, 2 vectors of b, 1 broadcast: 31 of 32 registers. */
#define KERN_ROWS 14
#define KERN_MICRO_CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) \
    CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
#include "kern_vector.h"

const wn_kern wn_kern_avx512 = WN_KERN;
