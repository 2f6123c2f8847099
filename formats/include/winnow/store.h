#ifndef WINNOW_STORE_H
#define WINNOW_STORE_H
/* Matrices in files. Writing: AnnData .h5ad (docs/formats.md). Reading: .h5ad, any n x d float dataset of an HDF5
 * file, ann-benchmarks files, .npy. Only whole rows, in bounded memory. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- writing ---- */
typedef struct wn_store wn_store;
/* A new file that appears at commit. X is [*, cols] f32, chunks of whole rows, Fletcher32, no time stamps:
 * equal content gives equal bytes. */
wn_code wn_store_create(wn_store **out, const char *path, size_t cols, bool overwrite, wn_err *err);
wn_code wn_store_append(wn_store *s, const float *rows, size_t stride, size_t n, wn_err *err); /* next n rows of X */

/* Next n rows of /obsm/<name>, [*, cols], which is made at the first call; at commit it must have as many rows as X. */
wn_code wn_store_obsm(wn_store *s, const char *name, const float *rows, size_t stride, size_t cols, size_t n,
                      wn_err *err);

/* Columns of /obs, each of n = rows appended so far. Call after the last append. */
wn_code wn_store_obs_ids(wn_store *s, const wn_texts *ids /* NULL: row numbers */, wn_err *err);
wn_code wn_store_obs_i64(wn_store *s, const char *name, const int64_t *v, wn_err *err);
wn_code wn_store_obs_f64(wn_store *s, const char *name, const double *v, wn_err *err);
wn_code wn_store_obs_f32(wn_store *s, const char *name, const float *v, wn_err *err);
wn_code wn_store_obs_bool(wn_store *s, const char *name, const bool *v, wn_err *err);
/* Categories: code[i] indexes cats, UINT32_MAX = missing. */
wn_code wn_store_obs_categorical(wn_store *s, const char *name, const uint32_t *code, const char *const *cats,
                                 size_t ncats, wn_err *err);
wn_code wn_store_obsp(wn_store *s, const char *name, const wn_csr *graph, wn_err *err); /* /obsp/<name> */
/* /uns/winnow/<name> */
wn_code wn_store_uns_string(wn_store *s, const char *name, const char *value, wn_err *err);
wn_code wn_store_uns_i64(wn_store *s, const char *name, const int64_t *v, size_t n, wn_err *err);
wn_code wn_store_uns_f64(wn_store *s, const char *name, const double *v, size_t n, wn_err *err);
/* Closes, opens again and verifies, syncs, renames. Frees s whatever the outcome. */
wn_code wn_store_commit(wn_store *s, wn_err *err);
void wn_store_abort(wn_store *s);

/* ---- reading ---- */
typedef struct wn_matrix_file wn_matrix_file;
/* dataset NULL: X of an .h5ad, "train" of an ann-benchmarks file, else the only 2-d float dataset (several: WN_EUSAGE
 * listing them); of an .npz archive the only matrix, or the array named. f16, f32, f64 and 8-bit integers are read as
 * f32. */
wn_code wn_matrix_open(wn_matrix_file **out, const char *path, const char *dataset, wn_err *err);
/* The same, where a process of its own reads an HDF5 file: libhdf5 crashes on some broken ones, which is WN_EINPUT
 * then, here or in a later call. Forks; what is read comes over a socket. */
wn_code wn_matrix_open_apart(wn_matrix_file **out, const char *path, const char *dataset, wn_err *err);
size_t wn_matrix_rows(const wn_matrix_file *m);
size_t wn_matrix_cols(const wn_matrix_file *m);
/* Rows [begin, begin + n) into out (row stride in floats). NaN or infinity: WN_EINPUT naming file, row and column. */
wn_code wn_matrix_read(wn_matrix_file *m, size_t begin, size_t n, float *out, size_t stride, wn_err *err);
wn_code wn_matrix_read_all(wn_matrix_file *m, wn_mat *out, wn_err *err);
/* Columns of /obs; WN_EUSAGE if absent. Strings come as one block; free with wn_strings_free. */
bool wn_matrix_has_obs(const wn_matrix_file *m, const char *name);
/* "_index", a string column or a categorical one (missing = empty). */
wn_code wn_matrix_obs_strings(wn_matrix_file *m, const char *name, wn_strings *out, wn_err *err);
wn_code wn_matrix_obs_i64(wn_matrix_file *m, const char *name, int64_t *out, wn_err *err);
wn_code wn_matrix_obs_f64(wn_matrix_file *m, const char *name, double *out, wn_err *err);
wn_code wn_matrix_uns_string(wn_matrix_file *m, const char *name, char **out, wn_err *err); /* wn_free the result */
wn_code wn_matrix_obsp(wn_matrix_file *m, const char *name, wn_csr *out, wn_err *err);
void wn_matrix_close(wn_matrix_file *m);

/* A .npy matrix read once from its start, as from a pipe; path "-" is standard input. Rows must come one after another
 * (C order). WN_EINPUT: no .npy matrix, as nothing at all is none. */
typedef struct wn_npy_pipe wn_npy_pipe;
wn_code wn_npy_pipe_open(wn_npy_pipe **out, const char *path, wn_err *err);
size_t wn_npy_pipe_rows(const wn_npy_pipe *p);
size_t wn_npy_pipe_cols(const wn_npy_pipe *p);
/* The next n rows into out (row stride in floats), no more than are left. WN_EINPUT where the input ends before, or
 * goes on behind the last row, or a value is not finite; names file, row and column. */
wn_code wn_npy_pipe_read(wn_npy_pipe *p, size_t n, float *out, size_t stride, wn_err *err);
void wn_npy_pipe_close(wn_npy_pipe *p); /* NULL is fine */

/* Is the file whole? Opens every object, reads every chunk (checksums), checks shapes and the AnnData encoding where
 * the file claims it; for .npy the header and the length. `summary` (may be NULL) gets a few lines about what it holds;
 * the first begins with WN_STORE_UNREAD where a filter that is not built in keeps values from being read. */
#define WN_STORE_UNREAD "not read, for want of a filter: "
wn_code wn_store_check(const char *path, char *summary, size_t summary_size, wn_err *err);
/* The same in a process of its own: a crash of libhdf5 is WN_EINPUT. */
wn_code wn_store_check_apart(const char *path, char *summary, size_t summary_size, wn_err *err);

/* train, neighbors, distances with type="dense", distance="angular". */
wn_code wn_store_export_ann(const char *path, const wn_mat *x, const wn_csr *graph, bool overwrite, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
