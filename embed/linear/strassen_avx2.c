/* Strassen's product by AVX2: 6 x 2 accumulators, 2 vectors of the panel, 1 broadcast: 15 of 16 registers. */
#define STRIP_ROWS 6
#define STRIP_UNROLL WN_UNROLL_4
#include "strassen_kernel.h"

const wn_strassen_kern wn_strassen_avx2 = WN_STRASSEN_KERNEL;
