#ifndef WINNOW_SRC_MATRIX_H
#define WINNOW_SRC_MATRIX_H
/* An open matrix file, shared by store_read.c (the matrix) and store_obs.c (the columns beside it). */
#include <winnow/store.h>

#include "h5.h"
#include "store.h"

struct wn_matrix_file {
    char *path;
    char *dataset; /* as opened; NULL for .npy */
    size_t rows, cols, size;
    bool is_npy, big_endian, anndata; /* anndata: /obs describes the rows */
    wn_npy npy;
    hid_t file, data, type, obs;
    unsigned char *raw; /* rows as the file holds them, where they need decoding */
    size_t raw_cap;
};

/* Opens `dataset` (NULL: the one that the rules of wn_matrix_open choose) of an open HDF5 file. Sets *name (wn_free).
 */
hid_t wn_matrix_choose(wn_h5 *h, hid_t file, const char *dataset, char **name);
/* All strings of a one-dimensional dataset of strings. */
void wn_h5_read_strings(wn_h5 *h, hid_t dataset, const char *name, wn_strings *out);
/* All values of a one-dimensional dataset of `n` values, as `mem_type` into out. */
void wn_h5_read_vector(wn_h5 *h, hid_t dataset, const char *name, hid_t mem_type, size_t n, void *out);


/* ---- store_anndata.c ---- */
/* Where the file claims to be AnnData: do the lengths of /obs, /var and /obsp fit X, are the encodings right? */
void wn_anndata_check(wn_h5 *h, hid_t file);

/* ---- store_summary.c ---- */
/* A few lines about what a file holds, each ended by a newline. */
void wn_store_summarize(wn_h5 *h, hid_t file, char *out, size_t size);

#endif
