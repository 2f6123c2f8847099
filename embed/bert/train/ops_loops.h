/* Operations that need no more than a loop that the compiler turns into vectors, compiled with the rest of each table.
 * The including file defines NAME(x). */
#include "bert/train/ops.h"

#include <math.h>



static void NAME(norm_affine)(wn_real *y, const wn_real *hat, const wn_real *w, const wn_real *b, size_t m, size_t h) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < h; j++) y[i * h + j] = hat[i * h + j] * w[j] + b[j];
}

static void NAME(add_bias)(wn_real *x, const wn_real *bias, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) x[i * n + j] += bias[j];
}

static void NAME(add)(wn_real *x, const wn_real *other, size_t n) {
    for (size_t j = 0; j < n; j++) x[j] += other[j];
}

static void NAME(add_rows)(wn_real *out, const wn_real *x, size_t ldx, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) out[j] += x[i * ldx + j];
}

/* m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, x = keep x - rate m / (root sqrt(v) + eps) */
static void NAME(adamw)(const wn_adamw_rows *r, const wn_adamw_factors *f, size_t n) {
    wn_real *restrict x = r->value, *restrict first = r->first, *restrict second = r->second;
    const wn_real *restrict grad = r->grad;
    const wn_adamw_factors c = *f;
    for (size_t j = 0; j < n; j++) {
        const wn_real g = grad[j] * c.grad_scale;
        const wn_real m = first[j] + (1 - c.beta1) * (g - first[j]);
        const wn_real v = c.beta2 * second[j] + (1 - c.beta2) * g * g;
        const wn_real kept = x[j] * c.keep;
        first[j] = m;
        second[j] = v;
        x[j] = kept - c.rate * (m / (SQRT(v) * c.root + c.eps));
    }
}

static void NAME(multiply)(wn_real *x, const wn_real *by, size_t k, size_t n) {
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++) x[j] *= by[i];
}
