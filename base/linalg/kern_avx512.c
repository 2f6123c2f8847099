/* The kernels for AVX-512 (F, BW, DQ, VL).
 * 14 x 2 accumulators, 2 vectors of b, 1 broadcast: 31 of 32 registers. */
#define KERN_ROWS 14
#define KERN_MICRO_CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) \
    CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
#include "kern_vector.h"

#define PAIRED_ROWS KERN_ROWS
#define PAIRED_UNROLL /* none: a step's 28 multiply-adds hide the loop */
#include "kern_paired.h"
#define PAIRED16_ROWS 12 /* two accumulators a row, 4 vectors of b, 4 on the way: all 32 registers */
#define WN_PAIRED16_FUSED
#include "kern_paired16.h"

#define KERNELS .strip = KERN_ROWS, .micro = micro, .rbf = rbf, .sum = sum, .scan = scan, WN_PAIRED_KERNEL
const wn_kern wn_kern_avx512 = {KERNELS, WN_PAIRED16_KERNEL(paired16)};
const wn_kern wn_kern_avx512_vnni = {KERNELS, WN_PAIRED16_KERNEL(fused16)};
const wn_kern wn_kern_avx512_vnni_adders = {KERNELS, WN_PAIRED16_KERNEL(fused16_adders)};
