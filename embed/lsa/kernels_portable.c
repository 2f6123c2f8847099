#define KERNELS wn_lsa_kernels_portable
#define LANES 4
#define TILE_ROWS 4
#define TILE_VECS 2
#include "kernels.inc"

#include <wn/cpu.h>

const wn_lsa_kernels *wn_lsa_kernels_get(void) {
#ifdef __x86_64__
    wn_isa isa = wn_cpu_get()->isa;
    if (isa == WN_ISA_AVX512) return &wn_lsa_kernels_avx512;
    if (isa == WN_ISA_AVX2) return &wn_lsa_kernels_avx2;
#endif
    return &wn_lsa_kernels_portable;
}
