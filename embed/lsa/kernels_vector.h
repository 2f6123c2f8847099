/* The inner loops, written once on the vectors of wn/simd.h and compiled for each instruction set. The file that
 * includes this defines KERNELS (the table's name), and TILE_ROWS and TILE_VECS (accumulators that fit the registers).
 * Every element is one chain of multiply-adds in a fixed order, whatever the vector or tile. */
#include "internal.h"

#include <wn/simd.h>

enum { VECS = WN_LSA_BLOCK / WN_LANES, PANEL = 8 };

static void normal(const wn_lsa_csr *a, size_t begin, size_t end, const float *q, float *z) {
    for (size_t d = begin; d < end; d++) {
        const uint32_t *col = a->col + a->indptr[d];
        const float *val = a->val + a->indptr[d];
        size_t n = a->indptr[d + 1] - a->indptr[d];
        vf y[VECS];
        for (int k = 0; k < VECS; k++) y[k] = vf_splat(0);
        for (size_t i = 0; i < n; i++) {
            const float *row = q + (size_t)col[i] * WN_LSA_BLOCK;
            for (int k = 0; k < VECS; k++) y[k] = vf_fma(vf_splat(val[i]), vf_load(row + k * WN_LANES), y[k]);
        }
        for (size_t i = 0; i < n; i++) {
            float *row = z + (size_t)col[i] * WN_LSA_BLOCK;
            for (int k = 0; k < VECS; k++)
                vf_store(row + k * WN_LANES, vf_fma(vf_splat(val[i]), y[k], vf_load(row + k * WN_LANES)));
        }
    }
}

/* c[i0 .. +TILE_ROWS, j0 .. +TILE_VECS) */
static inline void dots_tile(const float *q, const float *z, size_t rows, float *c) {
    vf acc[TILE_ROWS][TILE_VECS];
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < TILE_VECS; j++) acc[i][j] = vf_load(c + i * WN_LSA_BLOCK + j * WN_LANES);
    for (size_t r = 0; r < rows; r++, q += WN_LSA_BLOCK, z += WN_LSA_BLOCK)
        for (int i = 0; i < TILE_ROWS; i++)
            for (int j = 0; j < TILE_VECS; j++)
                acc[i][j] = vf_fma(vf_splat(q[i]), vf_load(z + j * WN_LANES), acc[i][j]);
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < TILE_VECS; j++) vf_store(c + i * WN_LSA_BLOCK + j * WN_LANES, acc[i][j]);
}

static void dots(const float *q, const float *z, size_t rows, float *c) {
    enum { CHUNK = 128 }; /* rows of q and z that stay in the first-level cache */
    for (size_t r = 0; r < rows; r += CHUNK, q += CHUNK * WN_LSA_BLOCK, z += CHUNK * WN_LSA_BLOCK) {
        size_t n = rows - r < CHUNK ? rows - r : CHUNK;
        for (size_t i = 0; i < WN_LSA_BLOCK; i += TILE_ROWS)
            for (size_t j = 0; j < WN_LSA_BLOCK; j += TILE_VECS * WN_LANES)
                dots_tile(q + i, z + j, n, c + i * WN_LSA_BLOCK + j);
    }
}

/* z[rows, TILE_VECS vectors] += q[rows, 32] c[32, ...]; rows is 1 or TILE_ROWS. */
WN_INLINE void update_tile(float *z, size_t ldz, const float *q, const float *c, const int rows) {
    vf acc[TILE_ROWS][TILE_VECS];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < TILE_VECS; j++) acc[i][j] = vf_load(z + (size_t)i * ldz + j * WN_LANES);
    for (int k = 0; k < WN_LSA_BLOCK; k++)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < TILE_VECS; j++)
                acc[i][j] = vf_fma(vf_splat(q[i * WN_LSA_BLOCK + k]), vf_load(c + k * WN_LSA_BLOCK + j * WN_LANES),
                                   acc[i][j]);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < TILE_VECS; j++) vf_store(z + (size_t)i * ldz + j * WN_LANES, acc[i][j]);
}

static void update(float *z, size_t ldz, const float *q, const float *c, size_t rows) {
    for (size_t j = 0; j < WN_LSA_BLOCK; j += TILE_VECS * WN_LANES) {
        size_t r = 0;
        for (; r + TILE_ROWS <= rows; r += TILE_ROWS)
            update_tile(z + r * ldz + j, ldz, q + r * WN_LSA_BLOCK, c + j, TILE_ROWS);
        for (; r < rows; r++) update_tile(z + r * ldz + j, ldz, q + r * WN_LSA_BLOCK, c + j, 1);
    }
}

/* A panel of columns at a time, so that its sums stay in registers. */
static inline void encode_panel(const uint32_t *col, const float *val, size_t n, const float *v, size_t ld, float *y,
                                int vecs) {
    vf acc[PANEL];
    for (int k = 0; k < vecs; k++) acc[k] = vf_splat(0);
    for (size_t i = 0; i < n; i++) {
        const float *row = v + (size_t)col[i] * ld;
        for (int k = 0; k < vecs; k++) acc[k] = vf_fma(vf_splat(val[i]), vf_load(row + k * WN_LANES), acc[k]);
    }
    for (int k = 0; k < vecs; k++) vf_store(y + k * WN_LANES, acc[k]);
}

static double encode(const uint32_t *col, const float *val, size_t n, const float *v, size_t ld, float *y) {
    size_t j = 0;
    for (; j + PANEL * WN_LANES <= ld; j += PANEL * WN_LANES) encode_panel(col, val, n, v + j, ld, y + j, PANEL);
    for (; j < ld; j += WN_LANES) encode_panel(col, val, n, v + j, ld, y + j, 1);
    double sum[16] = {0}, total = 0;
    for (size_t i = 0; i < ld; i += 16)
        for (size_t k = 0; k < 16; k++) sum[k] += (double)y[i + k] * (double)y[i + k];
    for (size_t k = 0; k < 16; k++) total += sum[k];
    return total;
}

const wn_lsa_kernels KERNELS = {.normal = normal, .dots = dots, .update = update, .encode = encode};
