/* Numbers of files to f32. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "store.h"

size_t wn_floats_nonfinite(const float *v, size_t n) {
    /* All exponent bits set; the whole row at once, so that the usual case is one vectorised pass. */
    uint32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0;
        memcpy(&bits, v + i, sizeof bits);
        any |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    if (!any) return n;
    size_t i = 0;
    while (i < n && isfinite(v[i])) i++;
    return i;
}

static float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, mantissa = h & 1023u, bits = 0;
    if (exponent == 0) { /* zero or subnormal: mantissa * 2^-24, exact in f32 */
        float f = (float)mantissa * 0x1p-24f;
        return sign ? -f : f;
    }
    bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112u) << 23) | mantissa << 13;
    float f = 0;
    memcpy(&f, &bits, sizeof f);
    return f;
}

void wn_floats_decode(const unsigned char *in, wn_cell cell, size_t step, size_t n, float *out) {
    for (size_t i = 0; i < n; i++, in += step) {
        uint64_t bits = 0;
        for (size_t b = 0; b < cell.size; b++) bits |= (uint64_t)in[b] << 8 * (cell.big_endian ? cell.size - 1 - b : b);
        if (cell.size == 1) {
            out[i] = (float)((int)bits - (cell.is_signed && bits > 127 ? 256 : 0));
        } else if (cell.size == 2) {
            out[i] = half_to_float((uint16_t)bits);
        } else if (cell.size == 4) {
            uint32_t low = (uint32_t)bits;
            memcpy(out + i, &low, sizeof low);
        } else {
            double d = 0;
            memcpy(&d, &bits, sizeof d);
            out[i] = (float)d;
        }
    }
}
