#define KERNELS wn_lsa_kernels_portable
#define TILE_ROWS 4
#define TILE_VECS 2
#include "kernels_vector.h"

#include <wn/cpu.h>

const wn_lsa_kernels *wn_lsa_kernels_get(void) {
    static const wn_isa_row rows[] = {
#ifdef WN_HAVE_AVX512
        {WN_CPU_AVX512, &wn_lsa_kernels_avx512},
#endif
#ifdef WN_HAVE_AVX2
        {WN_CPU_AVX2, &wn_lsa_kernels_avx2},
#endif
        {0, &wn_lsa_kernels_portable}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}
