#ifndef WINNOW_EIGEN_H
#define WINNOW_EIGEN_H
/* Eigenvalues of a symmetric matrix: what singular vectors and principal components end in. */
#include <stddef.h>
#include <winnow/err.h>

/* The `k` largest eigenvalues, falling, and their vectors, of a symmetric matrix [s, s], whose upper triangle by rows
 * is read and overwritten. vec [k, s]: vector j is row j. LAPACK's dsyevd on one thread. */
wn_code wn_eigen(double *sym, size_t s, size_t k, double *value, double *vec, wn_err *err);
size_t wn_eigen_memory(size_t s); /* bytes that it takes for itself */

#endif
