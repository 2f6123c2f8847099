#ifndef WINNOW_SRC_H5_H
#define WINNOW_SRC_H5_H
/* Checked HDF5 calls. libhdf5 reports failures on a stack of its own; here they become a wn_err. The library is not
 * safe for threads as Debian builds it: all of winnow's calls come from one thread. */
#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

#include "store.h"

/* HDF5's checksums do not cover strings: theirs is this attribute, the CRC-32 of all of them, each with a final zero.
 */
#define WN_H5_STRING_SUM "winnow-crc32"

/* The first failure sticks: later calls on ids that could not be had fail too and are not reported. So a chain of
 * calls needs one look at `code`, at its end and before every allocation or loop. */
typedef struct {
    const char *path; /* the file that messages name */
    wn_err *err;
    wn_code code;
} wn_h5;

/* Turns off HDF5's own messages and its exit handler (which crashes after a failed write). Before any other call. */
void wn_h5_init(void);

/* Record a failure, if `id` or `rc` is negative, as "<path>: cannot <what> <name>: <innermost HDF5 message>". */
hid_t wn_h5_id(wn_h5 *h, hid_t id, const char *what, const char *name);
bool wn_h5_ok(wn_h5 *h, herr_t rc, const char *what, const char *name);
/* A failure of our own finding; the first one sticks. */
__attribute__((format(printf, 3, 4))) wn_code wn_h5_fail(wn_h5 *h, wn_code code, const char *fmt, ...);
/* Closes an id of any type (<= 0: none) and sets it to H5I_INVALID_HID; a failure counts. */
void wn_h5_close(wn_h5 *h, hid_t *id);

/* Opens for reading; says apart: no such file, not HDF5, truncated. */
hid_t wn_h5_open(wn_h5 *h);
/* A new file without time stamps, for HDF5 1.8 to 1.10 readers. */
hid_t wn_h5_create(wn_h5 *h, const char *temp);

/* ---- writing ---- */
hid_t wn_h5_string_type(wn_h5 *h);                                          /* variable length, UTF-8 */
hid_t wn_h5_bool_type(wn_h5 *h);                                            /* as h5py writes booleans */
hid_t wn_h5_group_new(wn_h5 *h, hid_t parent, const char *name);            /* no time stamps */
/* Dataset of `rank` <= 2; chunks of `chunk` rows with Fletcher32, unlimited first dimension when grows. chunk == 0:
 * one piece without a checksum, for scalars and for strings (HDF5 has no checksums for those). */
hid_t wn_h5_dataset_new(wn_h5 *h, hid_t parent, const char *name, hid_t type, int rank, const hsize_t *dims,
                        hsize_t chunk, bool grows);
/* A whole one-dimensional dataset of numbers, written in one go and closed. */
void wn_h5_write_vector(wn_h5 *h, hid_t parent, const char *name, hid_t file_type, hid_t mem_type, const void *v,
                        size_t n, const char *encoding);
/* Rows [begin, begin + n) of a two-dimensional dataset. */
typedef struct {
    size_t begin, n, cols, stride;
    const void *rows; /* [n, cols] elements of the type in memory, rows `stride` elements apart */
} wn_h5_rows;
void wn_h5_write_rows(wn_h5 *h, hid_t dataset, const char *name, hid_t mem_type, const wn_h5_rows *r);
void wn_h5_attr_string(wn_h5 *h, hid_t object, const char *name, const char *value);
void wn_h5_attr_strings(wn_h5 *h, hid_t object, const char *name, const char *const *v, size_t n);
void wn_h5_attr_numbers(wn_h5 *h, hid_t object, const char *name, hid_t file_type, hid_t mem_type, const void *v,
                        size_t n /* 0: scalar */);
/* AnnData's encoding-type and encoding-version. */
void wn_h5_encoding(wn_h5 *h, hid_t object, const char *type, const char *version);

/* ---- reading ---- */
/* True if every step of the path exists below `object`. */
bool wn_h5_exists(hid_t object, const char *path);
bool wn_h5_is_group(hid_t object, const char *path);
/* A scalar string attribute, or NULL if absent or of another kind (no failure). wn_free the result. */
char *wn_h5_get_attr(wn_h5 *h, hid_t object, const char *name);
/* Whether `object`'s encoding-type is `type`. */
bool wn_h5_encoded_as(wn_h5 *h, hid_t object, const char *type);
/* How strings of any length are read: what libhdf5 takes for them is counted, and *full says where it was too much. */
hid_t wn_h5_strings_access(wn_h5 *h, wn_err *full);
/* Extents of a dataset; returns the rank, or -1 where it exceeds `max` (a failure only if HDF5 fails). */
int wn_h5_shape(wn_h5 *h, hid_t dataset, int max, hsize_t *dims);
/* True if chunks of the dataset carry Fletcher32 sums. */
bool wn_h5_has_checksums(hid_t dataset);
/* Whether numbers of this type can be read: f16, f32 or f64 in IEEE layout, or an 8-bit integer. */
bool wn_h5_cell(hid_t type, wn_cell *cell);
/* "f32", "i8", "string", ...; into room where it has a number. */
const char *wn_h5_type_name(hid_t type, char room[16]);

#endif
