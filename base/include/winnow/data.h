#ifndef WINNOW_DATA_H
#define WINNOW_DATA_H
/* What every room passes around: a dense matrix, texts, strings, a sparse matrix. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Row-major [rows, cols] floats; rows start `stride` floats apart, 64-byte aligned, padding is zero. */
typedef struct {
    float *data;
    size_t rows, cols, stride;
} wn_mat;

/* A zeroed matrix. Overwrites *m; free what it held before. */
wn_code wn_mat_init(wn_mat *m, size_t rows, size_t cols, wn_err *err);
void wn_mat_free(wn_mat *m); /* empties *m; NULL is fine */
static inline float *wn_mat_row(const wn_mat *m, size_t i) {
    return m->data + i * m->stride;
}
/* Has row i no direction? */
static inline bool wn_mat_row_zero(const wn_mat *m, size_t i) {
    const float *row = wn_mat_row(m, i);
    size_t c = 0;
    while (c < m->cols && row[c] == 0) c++;
    return c == m->cols;
}
/* Divides every row by its Euclidean norm (computed in double); zero rows stay zero and are counted, rows of
 * norm 1 stay as they are to the last bit. All threads. */
size_t wn_mat_normalize(wn_mat *m);

/* A cosine as outputs have it: the product of two normalised rows may end a rounding beyond 1. */
static inline float wn_cosine_bound(float v) {
    return v > 1 ? 1 : v < -1 ? -1 : v;
}

/* Texts in one block of memory: text i is base[off[i] .. off[i+1]), UTF-8, not zero-terminated. Owns nothing. */
typedef struct {
    const char *base;
    const unsigned long long *off; /* [n + 1] */
    size_t n;
} wn_texts;

/* Texts that own their memory. Zero-initialise. */
typedef struct {
    wn_texts view;
    char *base;
    unsigned long long *off;
} wn_strings;
void wn_strings_free(wn_strings *s); /* empties *s; NULL is fine */
/* The texts of a, then those of b. */
wn_code wn_strings_join(wn_strings *out, const wn_texts *a, const wn_texts *b, wn_err *err);

/* A sparse [rows, cols] matrix by rows: row i holds entries indptr[i] .. indptr[i+1]. */
typedef struct {
    size_t rows, cols;
    long long *indptr;  /* [rows + 1] */
    long long *indices; /* [indptr[rows]] */
    float *data;        /* [indptr[rows]] */
} wn_csr;
void wn_csr_free(wn_csr *g); /* empties *g; NULL is fine */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
