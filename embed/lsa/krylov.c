/* Randomised block Krylov iteration for the largest singular values of a sparse A [n, m] (Halko, Martinsson, Tropp
 * 2011; Musco and Musco 2015), on the side of the words: blocks Q0, Q1, ... of 32 columns, each B = A^T A times the one
 * before, orthonormal to all earlier ones; then the eigenvectors of T = Q^T B Q. Against subspace iteration with as
 * many products it uses all of them, not only the last.
 *
 * Dense work runs over pieces of rows. Sums of a piece are in f32, sums of pieces in double and in their order, so the
 * result is the same for any number of threads. */
#include "internal.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <winnow/threads.h>

enum {
    B = WN_LSA_BLOCK,
    BB = B * B,
    PIECE = 1024, /* rows of a dense piece */
    PARTS = 16,   /* most partial results of the sparse product */
    STEP_ENTRIES = 5000000,
    WARM_UP = 2   /* products before the first block is kept */
};

typedef struct {
    const wn_lsa_csr *a;
    const wn_lsa_kernels *kernels;
    size_t m, pieces, blocks;
    float **q;               /* [blocks] of [m, B] */
    float *z, *spare;        /* [m, B] the block in work */
    float *part;             /* [parts, m, B] */
    size_t parts, *bound;    /* part i covers texts bound[i] .. bound[i + 1] */
    size_t step, steps;      /* of a product, between which it can be interrupted */
    float *partial;          /* [pieces, blocks, B, B] */
    double *sum;             /* [blocks, B, B] q^T z */
    float *minus;            /* [blocks, B, B] coefficients as f32 */
    double *t;               /* [blocks * B, blocks * B] upper triangle */
    size_t first, last;      /* blocks of q that a task works against */
    const float *left;       /* block for dots when it is not one of q */
    uint64_t seed, draws;
    wn_lsa_basis *b;
    size_t panels;
} krylov;

/* ---- z = A^T A q ---- */

static void multiply_part(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    for (size_t i = begin; i < end; i++) {
        float *z = k->part + i * k->m * B;
        size_t rows = k->bound[i + 1] - k->bound[i], from = k->bound[i] + rows / k->steps * k->step;
        size_t to = k->step + 1 == k->steps ? k->bound[i + 1] : k->bound[i] + rows / k->steps * (k->step + 1);
        if (k->step == 0) memset(z, 0, k->m * B * sizeof *z);
        k->kernels->normal(k->a, from, to, k->left, z);
    }
}

static void add_parts(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    float *z = k->z;
    memcpy(z + begin * B, k->part + begin * B, (end - begin) * B * sizeof *z);
    for (size_t i = 1; i < k->parts; i++) {
        const float *from = k->part + i * k->m * B;
        for (size_t j = begin * B; j < end * B; j++) z[j] += from[j];
    }
}

static wn_code multiply(krylov *k, const float *q, size_t done, wn_progress *p, wn_err *err) {
    k->left = q;
    for (k->step = 0; k->step < k->steps; k->step++) {
        wn_code code = wn_tick(p, "factorising", "products", done, k->blocks + WARM_UP, err);
        if (code != WN_OK) return code;
        wn_parallel_for(k->parts, 1, multiply_part, k);
    }
    wn_parallel_for(k->m, PIECE, add_parts, k);
    return WN_OK;
}

/* ---- sum[i] = q_i^T z for first <= i < last; with `left` set, sum[0] = left^T z ---- */

static void dots_piece(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    float *out = k->partial + begin / PIECE * k->blocks * BB;
    for (size_t i = k->first; i < k->last; i++) {
        const float *q = k->left ? k->left : k->q[i];
        memset(out + i * BB, 0, BB * sizeof *out);
        k->kernels->dots(q + begin * B, k->z + begin * B, end - begin, out + i * BB);
    }
}

static void add_dots(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    for (size_t i = k->first + begin; i < k->first + end; i++) {
        double *sum = k->sum + i * BB;
        memset(sum, 0, BB * sizeof *sum);
        for (size_t piece = 0; piece < k->pieces; piece++) {
            const float *from = k->partial + (piece * k->blocks + i) * BB;
            for (size_t j = 0; j < BB; j++) sum[j] += (double)from[j];
        }
    }
}

static void dots(krylov *k, const float *left, size_t first, size_t last) {
    k->left = left;
    k->first = first;
    k->last = last;
    wn_parallel_for(k->m, PIECE, dots_piece, k);
    wn_parallel_for(last - first, 1, add_dots, k);
}

/* ---- z -= q_i sum[i] ---- */

static void subtract_piece(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    for (size_t r = begin; r < end; r += 128)
        for (size_t i = k->first; i < k->last; i++)
            k->kernels->update(k->z + r * B, B, k->q[i] + r * B, k->minus + i * BB, end - r < 128 ? end - r : 128);
}

static void project(krylov *k, size_t first, size_t last) {
    dots(k, NULL, first, last);
    for (size_t i = first * BB; i < last * BB; i++) k->minus[i] = -(float)k->sum[i];
    wn_parallel_for(k->m, PIECE, subtract_piece, k);
}

/* ---- orthonormal columns: Cholesky QR, with fresh random columns for dependent ones ---- */

static void draw_column(krylov *k, size_t j) {
    wn_rng r = wn_rng_init(k->seed, 2 + k->draws++);
    for (size_t i = 0; i < k->m; i++) k->z[i * B + j] = (float)(2 * wn_rng_uniform(&r) - 1);
}

/* Factors G = R^T R with unit columns; writes the inverse of R D (upper), D the norms. Columns whose pivot is below
 * `least` are marked. Returns the smallest pivot that is not marked. */
static double invert_factor(const double *g, double least, double *inverse, bool *bad) {
    double r[B][B] = {{0}}, norm[B], smallest = 1;
    for (size_t j = 0; j < B; j++) {
        norm[j] = sqrt(g[j * B + j]);
        bad[j] = !(norm[j] > 1e-30) || !isfinite(norm[j]);
        double pivot = 1;
        for (size_t i = 0; i < j && !bad[j]; i++) {
            if (bad[i]) continue;
            double s = g[i * B + j] / (norm[i] * norm[j]);
            for (size_t l = 0; l < i; l++) s -= r[l][i] * r[l][j];
            r[i][j] = s / r[i][i];
            pivot -= r[i][j] * r[i][j];
        }
        if (!(pivot > least)) bad[j] = true;
        if (!bad[j]) r[j][j] = sqrt(pivot);
        if (!bad[j] && pivot < smallest) smallest = pivot;
    }
    memset(inverse, 0, BB * sizeof *inverse);
    for (size_t j = 0; j < B; j++) {
        if (bad[j]) continue;
        for (size_t i = j + 1; i-- > 0;) {
            if (bad[i]) continue;
            double s = i == j ? 1 : 0;
            for (size_t l = i + 1; l <= j; l++) s -= r[i][l] * inverse[l * B + j] * norm[l];
            inverse[i * B + j] = s / r[i][i] / norm[i];
        }
    }
    return smallest;
}

static void apply_piece(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    memset(k->spare + begin * B, 0, (end - begin) * B * sizeof *k->spare);
    k->kernels->update(k->spare + begin * B, B, k->z + begin * B, k->minus, end - begin);
}

/* z = z R^-1. Returns the smallest pivot, 0 if columns were replaced (they are then neither normalised nor projected).
 */
static double normalize(krylov *k, double floor) {
    double inverse[BB];
    bool bad[B], any = false;
    dots(k, k->z, 0, 1);
    for (size_t j = 0; j < B; j++)
        if (k->sum[j * B + j] < floor) k->sum[j * B + j] = 0;
    double pivot = invert_factor(k->sum, 1e-8, inverse, bad);
    for (size_t i = 0; i < BB; i++) k->minus[i] = (float)inverse[i];
    wn_parallel_for(k->m, PIECE, apply_piece, k);
    float *swap = k->z;
    k->z = k->spare;
    k->spare = swap;
    for (size_t j = 0; j < B; j++) {
        if (!bad[j]) continue;
        draw_column(k, j);
        any = true;
    }
    return any ? 0 : pivot;
}

/* Makes z orthonormal, and orthogonal to q_0 .. q_(last - 1). */
static void orthonormalize(krylov *k, size_t last, double floor) {
    for (int round = 0; round < 6; round++) {
        double pivot = normalize(k, round ? 0 : floor);
        if (pivot > 0.5) return;
        if (pivot < 1e-4 && last) project(k, 0, last); /* dividing by a small pivot has enlarged what was left of q */
    }
}

/* ---- the iteration ---- */

static void draw_block(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    for (size_t i = begin * B; i < end * B; i += 4) {
        uint32_t x[4];
        wn_rng_block(k->seed, 1, i / 4, x);
        for (size_t j = 0; j < 4; j++) k->z[i + j] = (float)((int32_t)x[j] >> 8) * 0x1p-23f;
    }
}

/* Adds q_i^T B q_j, i < `last`, as `sum` holds it, to column block j of T. */
static void collect(krylov *k, size_t first, size_t last, size_t j) {
    size_t order = k->blocks * B;
    for (size_t i = first; i < last; i++)
        for (size_t r = 0; r < B; r++)
            for (size_t c = 0; c < B; c++) k->t[(i * B + r) * order + j * B + c] += k->sum[i * BB + r * B + c];
}

static double largest(const krylov *k) { /* diagonal entry of T so far: a scale for B */
    double most = 0;
    for (size_t i = 0; i < k->blocks * B; i++) {
        double x = k->t[i * k->blocks * B + i];
        if (x > most) most = x;
    }
    return most;
}

static wn_code keep_block(krylov *k, size_t j, wn_err *err) {
    k->q[j] = k->z;
    k->z = wn_alloc(k->m * B, sizeof *k->z, err);
    return k->z ? WN_OK : WN_EMEMORY;
}

static wn_code iterate(krylov *k, wn_progress *p, wn_err *err) {
    wn_code code = WN_OK;
    wn_parallel_for(k->m, PIECE, draw_block, k);
    for (size_t i = 0; i < WARM_UP; i++) {
        orthonormalize(k, 0, 0);
        float *swap = k->z;
        k->z = k->spare;
        k->spare = swap;
        if ((code = multiply(k, k->spare, i, p, err)) != WN_OK) return code;
    }
    orthonormalize(k, 0, 0);
    for (size_t j = 0; j < k->blocks; j++) {
        if ((code = keep_block(k, j, err)) != WN_OK) return code;
        if ((code = multiply(k, k->q[j], j + WARM_UP, p, err)) != WN_OK) return code;
        size_t near = j ? j - 1 : 0; /* in exact arithmetic z has components in the two latest blocks only */
        project(k, near, j + 1);
        collect(k, near, j + 1, j);
        if (j + 1 == k->blocks) break;
        project(k, 0, j + 1);
        collect(k, 0, j + 1, j);
        double scale = 1e-6 * largest(k);
        orthonormalize(k, j + 1, scale * scale);
    }
    return WN_OK;
}

/* ---- V = Q U ---- */

static void combine_piece(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const krylov *k = ctx;
    const wn_lsa_basis *b = k->b;
    for (size_t r = begin; r < end; r += 128)
        for (size_t i = 0; i < k->blocks; i++)
            for (size_t panel = 0; panel < k->panels; panel++)
                k->kernels->update(b->v + r * b->ld + panel * B, b->ld, k->q[i] + r * B,
                                   k->minus + (i * k->panels + panel) * BB, end - r < 128 ? end - r : 128);
}

static wn_code combine(krylov *k, wn_progress *p, wn_err *err) {
    wn_code code = WN_EMEMORY;
    wn_lsa_basis *b = k->b;
    size_t order = k->blocks * B;
    double *vec = wn_alloc(order * b->dims, sizeof *vec, err);
    k->panels = b->ld / B;
    wn_free(k->minus);
    k->minus = wn_alloc(k->blocks * k->panels, BB * sizeof *k->minus, err);
    if (!vec || !k->minus) goto out;
    code = wn_eigen(k->t, order, b->dims, b->sigma, vec, err);
    if (code != WN_OK) goto out;
    b->rank = wn_lsa_rank(b->sigma, b->dims, 1e-6);
    for (size_t j = 0; j < b->dims; j++) b->sigma[j] = j < b->rank ? sqrt(b->sigma[j]) : 0;
    for (size_t j = 0; j < b->rank; j++)
        for (size_t i = 0; i < order; i++)
            k->minus[(i / B * k->panels + j / B) * BB + i % B * B + j % B] = (float)vec[j * order + i];
    wn_parallel_for(k->m, PIECE, combine_piece, k);
    code = wn_tick(p, "factorising", "products", k->blocks + WARM_UP, k->blocks + WARM_UP, err);
out:
    wn_free(vec);
    return code;
}

static size_t parts_of(const wn_lsa_csr *a) {
    size_t parts = a->indptr[a->rows] / (8 * a->cols);
    return parts < 1 ? 1 : parts > PARTS ? PARTS : parts;
}

size_t wn_lsa_krylov_memory(const wn_lsa_csr *a, size_t blocks, const wn_lsa_basis *b) {
    double m = (double)a->cols, order = (double)(blocks * B), pieces = ceil(m / PIECE);
    double rows = (double)(blocks + 2 + parts_of(a)) * m * B * sizeof(float) +
                  pieces * (double)blocks * BB * sizeof(float);
    double small = order * (order + (double)b->dims) * sizeof(double) + (double)(b->ld + 96) * order * sizeof(float);
    double all = rows + small + (double)wn_eigen_memory(blocks * B);
    return all < 0x1p62 ? (size_t)all : (size_t)1 << 62;
}

static wn_code krylov_init(krylov *k, wn_err *err) {
    size_t nnz = k->a->indptr[k->a->rows], order = k->blocks * B;
    k->pieces = (k->m + PIECE - 1) / PIECE;
    k->parts = parts_of(k->a);
    k->steps = 1 + nnz / STEP_ENTRIES;
    k->q = wn_alloc(k->blocks, sizeof *k->q, err);
    k->z = wn_alloc(k->m * B, sizeof *k->z, err);
    k->spare = wn_alloc(k->m * B, sizeof *k->spare, err);
    k->part = wn_alloc(k->parts * k->m, B * sizeof *k->part, err);
    k->bound = wn_alloc(k->parts + 1, sizeof *k->bound, err);
    k->partial = wn_alloc(k->pieces * k->blocks, BB * sizeof *k->partial, err);
    k->sum = wn_alloc(k->blocks, BB * sizeof *k->sum, err);
    k->minus = wn_alloc(k->blocks, BB * sizeof *k->minus, err);
    k->t = wn_alloc(order, order * sizeof *k->t, err);
    if (!k->q || !k->z || !k->spare || !k->part || !k->bound || !k->partial || !k->sum || !k->minus || !k->t)
        return WN_EMEMORY;
    for (size_t d = 0, i = 1; i < k->parts; i++) {
        while (k->a->indptr[d] < nnz / k->parts * i) d++;
        k->bound[i] = d;
    }
    k->bound[k->parts] = k->a->rows;
    return WN_OK;
}

wn_code wn_lsa_krylov(const wn_lsa_csr *a, size_t blocks, uint64_t seed, wn_lsa_basis *b, wn_progress *p, wn_err *err) {
    krylov k = {.a = a, .kernels = wn_lsa_kernels_get(), .m = a->cols, .blocks = blocks, .seed = seed, .b = b};
    wn_code code = krylov_init(&k, err);
    if (code != WN_OK) goto out;
    if ((code = iterate(&k, p, err)) != WN_OK) goto out;
    code = combine(&k, p, err);
out:
    for (size_t i = 0; k.q && i < blocks; i++) wn_free(k.q[i]);
    wn_free(k.q);
    wn_free(k.z);
    wn_free(k.spare);
    wn_free(k.part);
    wn_free(k.bound);
    wn_free(k.partial);
    wn_free(k.sum);
    wn_free(k.minus);
    wn_free(k.t);
    return code;
}

size_t wn_lsa_rank(const double *value, size_t k, double tolerance) {
    size_t rank = 0;
    while (rank < k && value[rank] > 0 && value[rank] > tolerance * value[0]) rank++;
    return rank;
}
