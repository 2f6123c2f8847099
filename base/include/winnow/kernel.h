#ifndef WINNOW_KERNEL_H
#define WINNOW_KERNEL_H
/* How similar two rows are. */
#include <winnow/err.h>

#pragma GCC visibility push(default)

typedef enum { WN_COSINE, WN_DOT, WN_RBF } wn_kernel_kind;

/* cosine: x.y of L2-normalised rows. dot: x.y of rows as they are. rbf: exp(gamma (x.y - 1)) of normalised rows.
 * A zero row has similarity 0 to everything under cosine, and exp(-gamma) under rbf. */
typedef struct {
    wn_kernel_kind kind;
    double gamma; /* rbf only, > 0; used rounded to float */
} wn_kernel;

/* WN_EUSAGE unless gamma of an rbf is positive and finite. */
wn_code wn_kernel_check(const wn_kernel *k, wn_err *err);

#pragma GCC visibility pop

#endif
