/* The kernels for AVX2 with FMA: the same bits as AVX-512, half the width.
 * 6 x 2 accumulators, 2 vectors of b, 1 broadcast: 15 of 16 registers. */
#define KERN_ROWS 6
#define KERN_MICRO_CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#include "kern_vector.h"

const wn_kern wn_kern_avx2 = WN_KERN;
