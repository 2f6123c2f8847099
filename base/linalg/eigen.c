/* Eigenvalues of a symmetric matrix, by LAPACK. */
#include <wn/eigen.h>

#include <cblas.h>
#include <lapacke.h>
#include <limits.h>
#include <string.h>
#include <winnow/mem.h>

/* dsyevd's work arrays and all eigenvalues. */
size_t wn_eigen_memory(size_t s) { return (1 + 7 * s + 2 * s * s) * sizeof(double); }

wn_code wn_eigen(double *sym, size_t s, size_t k, double *value, double *vec, wn_err *err) {
    if (k == 0) return WN_OK;
    if (s > INT_MAX / 2) return wn_err_set(err, WN_EINTERNAL, "an eigenvalue problem of order %zu is too large", s);
    size_t work = wn_eigen_memory(s) - s * sizeof *value;
    wn_code code = wn_mem_hold(work, err);
    if (code != WN_OK) return code;
    double *all = wn_alloc(s, sizeof *all, err);
    if (!all) {
        code = WN_EMEMORY;
        goto out;
    }
    lapack_int order = (lapack_int)s;
    int threads = openblas_get_num_threads(); /* so that the bits do not depend on how many it would take */
    openblas_set_num_threads(1);
    /* The upper triangle by rows is the lower one by columns. All pairs by divide and conquer take less time than the
     * largest few by bisection, at the orders that occur here. */
    lapack_int info = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', order, sym, order, all);
    openblas_set_num_threads(threads);
    if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR)
        code = wn_err_set(err, WN_EMEMORY, "out of memory for an eigenvalue problem of order %zu", s);
    else if (info != 0)
        code = wn_err_set(err, WN_EINTERNAL, "LAPACK's dsyevd failed with %d on a matrix of order %zu", (int)info, s);
    if (code != WN_OK) goto out;
    for (size_t j = 0; j < k; j++) {
        value[j] = all[s - 1 - j];
        memcpy(vec + j * s, sym + (s - 1 - j) * s, s * sizeof *vec);
    }
out:
    wn_free(all);
    wn_mem_unhold(work);
    return code;
}
