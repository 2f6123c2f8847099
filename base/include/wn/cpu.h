#ifndef WINNOW_CPU_H
#define WINNOW_CPU_H
/* What this processor can do, and which kernels are used. */
#include <stdbool.h>
#include <winnow/err.h>

typedef enum { WN_ISA_PORTABLE, WN_ISA_AVX2, WN_ISA_AVX512 } wn_isa;

typedef struct {
    wn_isa isa; /* AVX2 implies FMA; AVX512 implies F, BW, DQ, VL */
    bool avx512_bf16, avx512_fp16, avx512_vnni, amx_bf16, amx_int8;
    bool adders; /* vector units that add while others multiply: AMD's */
    char model[64];
} wn_cpu;

/* Detected once. The environment variable WINNOW_ISA (portable, avx2, avx512) lowers the level, for tests. */
const wn_cpu *wn_cpu_get(void);
const char *wn_isa_name(wn_isa isa);

/* The kernel family that OpenBLAS chose, e.g. "SkylakeX". */
const char *wn_blas_core(void);
/* Debian's OpenBLAS does not know newer processors and then falls back to kernels several times slower. The choice
 * is read from OPENBLAS_CORETYPE when the library loads, so the cure is to set it and run the program once more.
 * Returns the name to set, or NULL where OpenBLAS chose well or the user has set the variable. */
const char *wn_blas_cure(void);
/* The name of better kernels than `core` for a processor of level `isa`, or NULL if there are none. */
const char *wn_blas_better(const char *core, wn_isa isa);
/* Runs the program again with the cure in place, at most once. Returns only if there is nothing to cure or it fails. */
void wn_blas_reexec(char **argv);

#endif
