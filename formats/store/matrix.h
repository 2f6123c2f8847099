#ifndef WINNOW_SRC_MATRIX_H
#define WINNOW_SRC_MATRIX_H
/* An open matrix file, shared by store_read.c (the matrix) and store_obs.c (the columns beside it). */
#include <winnow/store.h>

#include "guard.h"
#include "h5.h"
#include "store.h"

struct wn_matrix_file {
    char *path;
    char *dataset; /* as opened; NULL for .npy */
    size_t rows, cols;
    wn_cell cell;
    bool is_npy;
    bool apart; /* a process of its own reads the file; the fields below are its */
    wn_matrix_guard guard;
    wn_npy npy;
    hid_t file, data, type, obs; /* obs: a group, or the one table of AnnData before 0.7 */
    unsigned char *raw; /* rows as the file holds them, where they need decoding */
    size_t raw_cap;
    size_t cached; /* bytes of libhdf5's cache of chunks, which are counted */
};

/* ---- store_choose.c ---- */
/* Opens `dataset` (NULL: the one that the rules of wn_matrix_open choose) of an open HDF5 file. Sets *name (wn_free).
 */
hid_t wn_matrix_choose(wn_h5 *h, hid_t file, const char *dataset, char **name);

/* ---- store_foreign.c ---- */
/* A failure where the values of an open dataset stand elsewhere, or are packed in a way that is not built in, or where
 * a single chunk of them does not fit in memory. */
bool wn_h5_readable(wn_h5 *h, hid_t dataset, const char *name);
/* Whether `bytes` for a chunk of a dataset fit in what memory there is; a failure where not. */
bool wn_h5_fits(wn_h5 *h, double bytes, const char *name);
/* Whether a filter is missing that the values need: its name (at most 32 characters). */
bool wn_h5_lacks_filter(hid_t dataset, char name[33]);
/* A failure where a step of `path` is a link to another file or object that is not there. */
bool wn_h5_link_leads(wn_h5 *h, hid_t file, const char *path);

/* ---- store_obs.c ---- */
/* The length of a one-dimensional dataset. */
size_t wn_h5_vector_length(wn_h5 *h, hid_t dataset, const char *name);
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
