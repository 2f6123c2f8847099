#ifndef WINNOW_KERNEL_H
#define WINNOW_KERNEL_H
/* How similar two rows are. */
#include <stdbool.h>
#include <winnow/err.h>
#include <winnow/names.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WN_KERNELS(X) \
    X(WN_RBF, "rbf") X(WN_COSINE, "cosine") X(WN_DOT, "dot") X(WN_BALL, "ball") X(WN_PRECOMPUTED, "precomputed")
typedef enum { WN_KERNELS(WN_NAME_VALUE) } wn_kernel_kind;
const char *wn_kernel_name(wn_kernel_kind k);
bool wn_kernel_named(const char *word, wn_kernel_kind *out); /* false, and *out as it was, where none has that name */

/* cosine: x.y of L2-normalised rows. dot: x.y of rows as they are. rbf: exp(gamma (x.y - 1)) of normalised rows.
 * A zero row has similarity 0 to everything under cosine, and exp(-gamma) under rbf. ball: 1 where unit rows lie nearer
 * than `gamma` to one another (x.y > 1 - gamma^2 / 2), else 0. precomputed: the rows are those of a symmetric matrix
 * [n, n] of similarities; what needs vectors refuses it. */
typedef struct {
    wn_kernel_kind kind;
    double gamma; /* rbf: width; ball: radius; > 0, used rounded to float */
} wn_kernel;

/* WN_EUSAGE unless gamma of an rbf or a ball is positive and finite, or where similarities are given. */
wn_code wn_kernel_check(const wn_kernel *k, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
