/* Strassen's product by AVX-512: 14 x 2 accumulators, 2 vectors of the panel, 1 broadcast: 31 of 32 registers. */
#define STRIP_ROWS 14
#define STRIP_UNROLL /* none: a step's 28 multiply-adds hide the loop */
#include "strassen_kernel.h"

const wn_strassen_kern wn_strassen_avx512 = WN_STRASSEN_KERNEL;
