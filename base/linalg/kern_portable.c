/* The kernels of four lanes, which every processor that we meet has: no fused multiply-adds. */
#define KERN_ROWS 6
#define KERN_MICRO_CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#include "kern_vector.h"

#define PAIRED_ROWS KERN_ROWS
#define PAIRED_UNROLL WN_UNROLL_4
#include "kern_paired.h"

const wn_kern wn_kern_portable = {.strip = KERN_ROWS, .micro = micro, .rbf = rbf, .sum = sum, .scan = scan, WN_PAIRED_KERNEL};
