/* Which of the kernels are used. */
#include "kernel.h"

#include <wn/cpu.h>

const wn_d2v_kernels *wn_d2v_kernels_get(void) {
    wn_d2v_kernels_init();
    static const wn_isa_row rows[] = {
#ifdef WN_HAVE_AVX512
        {WN_CPU_AVX512, &wn_d2v_kernels_avx512},
#endif
#ifdef WN_HAVE_AVX2
        {WN_CPU_AVX2, &wn_d2v_kernels_avx2},
#endif
        {0, &wn_d2v_kernels_ref}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}
