#include <winnow/kernel.h>

#include <math.h>
#include <stddef.h>
#include <string.h>

wn_code wn_kernel_check(const wn_kernel *k, wn_err *err) {
    if (k->kind == WN_PRECOMPUTED)
        return wn_err_set(err, WN_EUSAGE, "kernel precomputed: similarities are given, and vectors are wanted here");
    const bool scaled = k->kind == WN_RBF || k->kind == WN_BALL;
    if (!scaled || (k->gamma > 0 && isfinite((float)k->gamma))) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "kernel %s: %s is %g; it must be a positive number", wn_kernel_name(k->kind),
                      k->kind == WN_BALL ? "the radius" : "gamma", k->gamma);
}

const char *wn_kernel_name(wn_kernel_kind k) {
    switch (k) { WN_KERNELS(WN_NAME_CASE) }
    return NULL;
}

bool wn_kernel_named(const char *word, wn_kernel_kind *out) {
    for (int i = 0; wn_kernel_name((wn_kernel_kind)i); i++) {
        if (strcmp(wn_kernel_name((wn_kernel_kind)i), word) != 0) continue;
        *out = (wn_kernel_kind)i;
        return true;
    }
    return false;
}
