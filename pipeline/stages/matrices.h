#ifndef WINNOW_PIPELINE_MATRICES_H
#define WINNOW_PIPELINE_MATRICES_H
/* Several matrix files of equal width as one: their rows one after the other, as the shards of an embedding. */
#include <winnow/config.h>
#include <winnow/store.h>

typedef struct {
    wn_matrix_file **files; /* [n] */
    const char *const *paths;
    size_t n, rows, cols;
} wn_matrices;

/* The paths must live as long. WN_EINPUT where the widths differ. */
wn_code wn_matrices_open(wn_matrices *m, const char *const *paths, size_t n, const char *dataset, wn_err *err);
size_t wn_matrices_rows(const wn_matrices *m, size_t file);
/* Whether every file has the column; WN_EINPUT in *code where only some have it. */
bool wn_matrices_have_obs(const wn_matrices *m, const char *name, wn_code *code, wn_err *err);
wn_code wn_matrices_obs_strings(const wn_matrices *m, const char *name, wn_strings *out, wn_err *err);
wn_code wn_matrices_read_all(const wn_matrices *m, wn_mat *out, wn_err *err);
void wn_matrices_close(wn_matrices *m);

#endif
