#ifndef TESTS_EMBED_F16_H
#define TESTS_EMBED_F16_H
/* Rounding to f16 in plain C (some compilers have no such type): 11 significant bits, steps of 2^-24 below 2^-14. */
#include <math.h>

static inline double as_f16(double x) {
    int e = 0;
    (void)frexp(x, &e);
    double step = ldexp(1, e - 11 > -24 ? e - 11 : -24);
    return rint(x / step) * step;
}

#endif
