#define KERNELS wn_lsa_kernels_portable
#define LANES 4
#define TILE_ROWS 4
#define TILE_VECS 2
#include "kernels.inc"

#include <wn/cpu.h>

const wn_lsa_kernels *wn_lsa_kernels_get(void) {
    static const wn_isa_row rows[] = {
#ifdef __x86_64__
        {WN_CPU_AVX512, &wn_lsa_kernels_avx512},
        {WN_CPU_AVX2, &wn_lsa_kernels_avx2},
#endif
        {0, &wn_lsa_kernels_portable}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}
