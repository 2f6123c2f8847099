/* Strassen's product of four lanes: 6 x 2 accumulators. */
#define STRIP_ROWS 6
#define STRIP_UNROLL WN_UNROLL_4
#include "strassen_kernel.h"

const wn_strassen_kern wn_strassen_portable = WN_STRASSEN_KERNEL;
