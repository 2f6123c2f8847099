#include <winnow/kernel.h>

#include <math.h>
#include <stddef.h>

wn_code wn_kernel_check(const wn_kernel *k, wn_err *err) {
    if (k->kind != WN_RBF || (k->gamma > 0 && isfinite((float)k->gamma))) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "kernel rbf: gamma is %g; it must be a positive number", k->gamma);
}

const char *wn_kernel_name(wn_kernel_kind k) {
    switch (k) { WN_KERNELS(WN_NAME_CASE) }
    return NULL;
}
