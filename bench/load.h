#ifndef WINNOW_BENCH_LOAD_H
#define WINNOW_BENCH_LOAD_H
#include <winnow/store.h>

/* All rows of a matrix file; wn_mat_free(x). */
static wn_code load_matrix(wn_mat *x, const char *path, wn_err *err) {
    wn_matrix_file *f = NULL;
    wn_code code = wn_matrix_open(&f, path, NULL, err);
    if (code == WN_OK) code = wn_matrix_read_all(f, x, err);
    wn_matrix_close(f);
    return code;
}

#endif
