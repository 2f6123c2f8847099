/* The kernels of four lanes, which every processor that we meet has: no fused multiply-adds. */
#define KERN_ROWS 6
#define KERN_MICRO_CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#include "kern_vector.h"

const wn_kern wn_kern_portable = WN_KERN;
