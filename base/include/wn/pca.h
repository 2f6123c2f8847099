#ifndef WINNOW_PCA_H
#define WINNOW_PCA_H
/* Principal components: the directions in which rows differ most from their mean. */
#include <stddef.h>
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/progress.h>

typedef struct {
    size_t d, dims;
    double *mean;     /* [d] */
    double *axes;     /* [dims, d], orthonormal, by falling variance, the largest entry (first of equals) positive */
    double explained; /* share of the variance that they hold */
} wn_pca;

/* The `dims` <= d directions of largest variance of the n rows of x [., d] with these numbers. In double. The same bits
 * for any number of threads; the last ones are LAPACK's, which go with the processor. O(n d^2 + d^3) time. Release *out
 * with wn_pca_free. WN_EMEMORY, WN_EINTERRUPT, WN_EUSAGE: dims of 0 or more than d. */
wn_code wn_pca_fit(wn_pca *out, const wn_mat *x, const size_t *rows, size_t n, size_t dims, wn_progress *p,
                   wn_err *err);
size_t wn_pca_memory(size_t d, size_t dims); /* bytes that fitting takes, and *out */
void wn_pca_free(wn_pca *p); /* empties *p; NULL is fine */

/* out [x.rows, dims] = (x_i - mean) . axes. The bits of a row depend on nothing else. O(n d dims), all threads. */
wn_code wn_pca_project(const wn_pca *p, const wn_mat *x, wn_mat *out, wn_err *err);

#endif
