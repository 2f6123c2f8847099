/* The kernels for AVX2 with FMA: the same bits as AVX-512, half the width.
 * 6 x 2 accumulators, 2 vectors of b, 1 broadcast: 15 of 16 registers. */
#define KERN_ROWS 6
#define KERN_MICRO_CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#include "kern_vector.h"

#define PAIRED_ROWS KERN_ROWS
#define PAIRED_UNROLL WN_UNROLL_4
#include "kern_paired.h"
#define PAIRED16_ROWS 4 /* two accumulators a row, 4 vectors of b, 4 on the way: all 16 registers */
#include "kern_paired16.h"

const wn_kern wn_kern_avx2 = {.strip = KERN_ROWS, .micro = micro, .rbf = rbf, .sum = sum, .scan = scan, WN_PAIRED_KERNEL, WN_PAIRED16_KERNEL(paired16)};
