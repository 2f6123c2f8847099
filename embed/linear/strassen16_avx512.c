/* Strassen's product of 16-bit integers by AVX-512: 12 x 2 accumulators, 4 vectors of the panel, 4 on the way: all 32
 * registers. In three forms, of which two need VNNI; they are written out, so that no flag is needed. */
#define STRIP16_ROWS 12
#define STRIP_UNROLL /* none */
#define STRIP16_FUSED
#include "strassen16_kernel.h"

const wn_strassen_kern wn_strassen16_avx512 = WN_STRASSEN16_KERNEL(plain16);
const wn_strassen_kern wn_strassen16_vnni = WN_STRASSEN16_KERNEL(fused16);
const wn_strassen_kern wn_strassen16_vnni_adders = WN_STRASSEN16_KERNEL(fused16_adders);
