#ifndef WINNOW_SRC_STORE_H
#define WINNOW_SRC_STORE_H
/* What the parts of the matrix store share. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

/* ---- floats.c: decoding what files hold ---- */
/* Index of the first NaN or infinity of v[n], or n. */
size_t wn_floats_nonfinite(const float *v, size_t n);
/* n IEEE floats of 2, 4 or 8 bytes, `step` bytes apart, to f32; f64 rounds to nearest, beyond its range to infinity. */
void wn_floats_decode(const unsigned char *in, size_t size, bool big_endian, size_t step, size_t n, float *out);

/* ---- npy.c ---- */
typedef struct {
    int fd;
    size_t rows, cols, size; /* size: bytes of an element */
    bool big_endian, fortran;
    unsigned long long data; /* where the elements start in the file */
    unsigned long long file_size;
    unsigned version;
} wn_npy;
/* True if the file starts with the .npy magic; false also if it cannot be read. */
bool wn_npy_probe(const char *path);
wn_code wn_npy_open(wn_npy *f, const char *path, wn_err *err);
wn_code wn_npy_read(const wn_npy *f, const char *path, size_t begin, size_t n, float *out, size_t stride, wn_err *err);
void wn_npy_close(wn_npy *f);

/* ---- store_check.c ---- */
/* Reads every object of the HDF5 file `temp` and wants `matrix` to be [rows, cols]; messages name `path`. */
wn_code wn_store_verify(const char *temp, const char *path, const char *matrix, size_t rows, size_t cols, wn_err *err);

#endif
