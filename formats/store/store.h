#ifndef WINNOW_SRC_STORE_H
#define WINNOW_SRC_STORE_H
/* What the parts of the matrix store share. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

/* ---- floats.c: decoding what files hold ---- */
/* Index of the first NaN or infinity of v[n], or n. */
size_t wn_floats_nonfinite(const float *v, size_t n);
/* How a number stands in a file: an IEEE float of 2, 4 or 8 bytes, or an integer of 1. */
typedef struct {
    size_t size;
    bool big_endian, is_signed; /* is_signed: of an integer */
} wn_cell;
/* n numbers, `step` bytes apart, to f32; f64 rounds to nearest, beyond its range to infinity. */
void wn_floats_decode(const unsigned char *in, wn_cell cell, size_t step, size_t n, float *out);
/* What would make a matrix of any other type readable. */
#define WN_FLOATS_REMEDY "16-, 32- or 64-bit floats or 8-bit integers are wanted; in Python: a.astype(\"float32\")"

/* ---- npy.c ---- */
typedef struct {
    int fd;
    size_t rows, cols;
    wn_cell cell;
    bool fortran;
    unsigned long long data; /* where the elements start in the file */
    unsigned long long file_size;
    unsigned version;
} wn_npy;
/* True if the file starts with the .npy magic; false also if it cannot be read. */
bool wn_npy_probe(const char *path);
wn_code wn_npy_open(wn_npy *f, const char *path, wn_err *err);
wn_code wn_npy_read(const wn_npy *f, const char *path, size_t begin, size_t n, float *out, size_t stride, wn_err *err);
void wn_npy_close(wn_npy *f);
/* The same of an open file, which f owns from then on; `name` is what messages call it. */
wn_code wn_npy_open_fd(wn_npy *f, int fd, const char *name, wn_err *err);

/* What the first 12 bytes of a file that begins with the magic say: version, and the length of the header behind them
 * (behind 10 of them in version 1). */
wn_code wn_npy_prefix(wn_npy *f, const unsigned char head[12], size_t *length, const char *path, wn_err *err);
/* Rows, columns, cell and order from the text of a header. */
wn_code wn_npy_header(wn_npy *f, const char *text, const char *path, wn_err *err);

/* ---- npz.c ---- */
/* True if the file starts as a zip archive does. */
bool wn_npz_probe(const char *path);
/* The only matrix in an archive of arrays, or the array `member` (NULL or "": the only one), unpacked into a file
 * without a name. */
wn_code wn_npz_open(wn_npy *f, const char *path, const char *member, wn_err *err);

/* ---- store_check.c ---- */
/* Reads every object of the HDF5 file `temp` and wants `matrix` to be [rows, cols]; messages name `path`. */
wn_code wn_store_verify(const char *temp, const char *path, const char *matrix, size_t rows, size_t cols, wn_err *err);

#endif
