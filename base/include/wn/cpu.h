#ifndef WINNOW_CPU_H
#define WINNOW_CPU_H
/* What this processor can do, and the choice of kernels by it. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

/* A set of bits. WN_CPU_ADDERS: vector units that add while others multiply, as AMD's have. */
enum {
    WN_CPU_AVX2 = 1 << 0,   /* with FMA */
    WN_CPU_AVX512 = 1 << 1, /* F, BW, DQ and VL; the bits below are only there with it */
    WN_CPU_AVX512_VNNI = 1 << 2,
    WN_CPU_AVX512_BF16 = 1 << 3,
    WN_CPU_AVX512_FP16 = 1 << 4,
    WN_CPU_AMX_BF16 = 1 << 5,
    WN_CPU_ADDERS = 1 << 6
};

/* Whether all of these features are there. Detected once; the environment variable WINNOW_ISA (a level: portable, avx2
 * or avx512) leaves some out, for tests and comparison. */
bool wn_cpu_has(unsigned features);
const char *wn_cpu_model(void); /* "unknown" where the system does not say */
const char *wn_cpu_level(void); /* the highest level whose features are there */
/* WN_EUSAGE where WINNOW_ISA names no level: then all kernels are the portable ones. */
wn_code wn_cpu_check(wn_err *err);
/* For tests: the kernels of `level` from now on, whatever WINNOW_ISA says; false where the processor lacks it. Not
 * while other threads ask. */
bool wn_cpu_use(const char *level);

/* One set of kernels of a family. A family is a table of these, the best first. */
typedef struct {
    unsigned needs;      /* features */
    const void *kernels; /* of the family's own type */
} wn_isa_row;
/* The kernels of the first row whose features are all there; NULL where there is none. */
const void *wn_isa_pick(const wn_isa_row *rows, size_t n);

/* The kernel family that OpenBLAS chose, e.g. "SkylakeX". */
const char *wn_blas_core(void);
/* Debian's OpenBLAS does not know newer processors and then falls back to kernels several times slower. The choice
 * is read from OPENBLAS_CORETYPE when the library loads, so the cure is to set it and run the program once more.
 * Returns the name to set, or NULL where OpenBLAS chose well or the user has set the variable. */
const char *wn_blas_cure(void);
/* The name of better kernels than `core` for a processor with these features, or NULL if there are none. */
const char *wn_blas_better(const char *core, unsigned features);
/* Runs the program again with the cure in place, at most once. Returns only if there is nothing to cure or it fails. */
void wn_blas_reexec(char **argv);

#endif
