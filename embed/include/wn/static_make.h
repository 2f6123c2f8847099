#ifndef WN_STATIC_MAKE_H
#define WN_STATIC_MAKE_H
/* Making a static token table from the vectors of tokens (after Tulkens and van Dongen, "Model2Vec", 2024). */
#include <stddef.h>
#include <winnow/err.h>
#include <winnow/progress.h>
#include <winnow/static.h>

/* x [n, d], rows close together, becomes [n, dims] in the same memory: each row's scores on the dims principal axes of
 * largest variance (wn_pca_fit). 1 <= dims <= d, dims < n. O(n d (d + dims)), the same bits for any number of threads.
 * *explained (may be NULL): the share of the variance that is left. */
wn_code wn_static_pca(float *x, size_t n, size_t d, size_t dims, double *explained, wn_progress *p, wn_err *err);
size_t wn_static_pca_memory(size_t n, size_t d, size_t dims); /* bytes that it takes beside x */

/* weight[n]: of the token at place i = 0, 1, ... of n, the more frequent ones first:
 *     zipf   log(1 + i)
 *     sif    a / (a + p), a = 1e-4, p = 1/(i + 2) over the sum of those (Arora et al. 2017, with Zipf's frequencies)
 *     none   1 */
void wn_static_weights(double *weight, size_t n, wn_token_weights kind);

#endif
