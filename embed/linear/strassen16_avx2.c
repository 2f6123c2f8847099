/* Strassen's product of 16-bit integers by AVX2: 4 x 2 accumulators, 4 vectors of the panel, 4 on the way: all 16
 * registers. */
#define STRIP16_ROWS 4
#define STRIP_UNROLL WN_UNROLL_4
#include "strassen16_kernel.h"

const wn_strassen_kern wn_strassen16_avx2 = WN_STRASSEN16_KERNEL(plain16);
