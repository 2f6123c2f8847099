/* Right singular vectors of the sparse matrix: exact by a dense Gram matrix where it is small, else krylov.c. */
#include "internal.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

/* Vectors whose eigenvalue of A^T A is below this share of the largest are rounding. */
static const double exact_tolerance = 1e-10;

void wn_lsa_basis_free(wn_lsa_basis *b) {
    wn_free(b->v);
    wn_free(b->sigma);
    *b = (wn_lsa_basis){0};
}

wn_code wn_lsa_basis_init(wn_lsa_basis *b, size_t words, size_t dims, wn_err *err) {
    *b = (wn_lsa_basis){.words = words, .dims = dims, .ld = (dims + WN_LSA_BLOCK - 1) / WN_LSA_BLOCK * WN_LSA_BLOCK};
    size_t cells = 0;
    if (__builtin_mul_overflow(words, b->ld, &cells))
        return wn_err_set(err, WN_EMEMORY, "%zu words x %zu dimensions exceed the address space", words, dims);
    b->v = wn_alloc(cells, sizeof *b->v, err);
    b->sigma = wn_alloc(dims, sizeof *b->sigma, err);
    if (b->v && b->sigma) return WN_OK;
    wn_lsa_basis_free(b);
    return WN_EMEMORY;
}

typedef struct {
    const wn_lsa_csr *a;
    wn_lsa_basis *b;
    double *gram;      /* [s, s] */
    const double *vec; /* [rank, s] */
    size_t begin, end; /* rows of a */
} exact;

enum { STRIPE = 16 };

/* Rows [begin, end) of the upper triangle of A^T A: each is owned by one task. */
static void gram_stripe(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const exact *e = ctx;
    size_t s = e->a->cols;
    for (size_t d = e->begin; d < e->end; d++) {
        size_t i = e->a->indptr[d], stop = e->a->indptr[d + 1];
        while (i < stop && e->a->col[i] < begin) i++;
        for (; i < stop && e->a->col[i] < end; i++) {
            double *row = e->gram + e->a->col[i] * s, x = e->a->val[i];
            for (size_t j = i; j < stop; j++) row[e->a->col[j]] += x * (double)e->a->val[j];
        }
    }
}

static wn_code add_gram(exact *e, wn_progress *p, wn_err *err) {
    const wn_lsa_csr *a = e->a;
    for (e->begin = 0; e->begin < a->rows; e->begin = e->end) {
        for (e->end = e->begin + 1; e->end < a->rows && a->indptr[e->end] - a->indptr[e->begin] < 500000;) e->end++;
        wn_parallel_for(a->cols, STRIPE, gram_stripe, e);
        wn_code code = wn_tick(p, "factorising", "entries", a->indptr[e->end], a->indptr[a->rows], err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* V from eigenvectors of A^T A: they are its columns. */
static void vectors_of_words(const exact *e) {
    for (size_t j = 0; j < e->b->rank; j++)
        for (size_t w = 0; w < e->b->words; w++) e->b->v[w * e->b->ld + j] = (float)e->vec[j * e->b->words + w];
}

/* V = A^T U / sigma from eigenvectors U of A A^T; e->a is A^T here, its rows are words. */
static void vectors_of_texts(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const exact *e = ctx;
    size_t s = e->a->cols;
    for (size_t w = begin; w < end; w++)
        for (size_t j = 0; j < e->b->rank; j++) {
            double sum = 0;
            for (size_t i = e->a->indptr[w]; i < e->a->indptr[w + 1]; i++)
                sum += (double)e->a->val[i] * e->vec[j * s + e->a->col[i]];
            e->b->v[w * e->b->ld + j] = (float)(sum / e->b->sigma[j]);
        }
}

static wn_code csr_transpose(const wn_lsa_csr *a, wn_lsa_csr *t, wn_err *err) {
    size_t nnz = a->indptr[a->rows];
    *t = (wn_lsa_csr){.rows = a->cols, .cols = a->rows};
    size_t *next = wn_alloc(a->cols, sizeof *next, err);
    t->indptr = wn_alloc(t->rows + 1, sizeof *t->indptr, err);
    t->col = wn_alloc(nnz, sizeof *t->col, err);
    t->val = wn_alloc(nnz, sizeof *t->val, err);
    if (!next || !t->indptr || !t->col || !t->val) {
        wn_free(next);
        wn_lsa_csr_free(t);
        return WN_EMEMORY;
    }
    for (size_t i = 0; i < nnz; i++) t->indptr[a->col[i] + 1]++;
    for (size_t w = 0; w < t->rows; w++) {
        t->indptr[w + 1] += t->indptr[w];
        next[w] = t->indptr[w];
    }
    for (size_t d = 0; d < a->rows; d++)
        for (size_t i = a->indptr[d]; i < a->indptr[d + 1]; i++) {
            size_t at = next[a->col[i]]++;
            t->col[at] = (uint32_t)d;
            t->val[at] = a->val[i];
        }
    wn_free(next);
    return WN_OK;
}

/* a: A, or A^T with by_text, so that its columns are the smaller side. */
static wn_code solve_exact(const wn_lsa_csr *a, bool by_text, wn_lsa_basis *b, wn_progress *p, wn_err *err) {
    wn_code code = WN_EMEMORY;
    size_t s = a->cols, k = b->dims < s ? b->dims : s;
    exact e = {.a = a, .b = b};
    double *vec = wn_alloc(k * s, sizeof *vec, err);
    e.gram = wn_alloc(s * s, sizeof *e.gram, err);
    e.vec = vec;
    if (!vec || !e.gram) goto out;
    if ((code = add_gram(&e, p, err)) != WN_OK) goto out;
    if ((code = wn_eigen(e.gram, s, k, b->sigma, vec, err)) != WN_OK) goto out;
    b->rank = wn_lsa_rank(b->sigma, k, exact_tolerance);
    for (size_t j = 0; j < b->dims; j++) b->sigma[j] = j < b->rank ? sqrt(b->sigma[j]) : 0;
    if (by_text) wn_parallel_for(b->words, 64, vectors_of_texts, &e);
    else vectors_of_words(&e);
out:
    wn_free(vec);
    wn_free(e.gram);
    return code;
}

wn_code wn_lsa_fix_signs(wn_lsa_basis *b, wn_err *err) {
    float *best = wn_alloc(b->ld, sizeof *best, err), *sign = wn_alloc(b->ld, sizeof *sign, err);
    wn_code code = WN_EMEMORY;
    if (!best || !sign) goto out;
    for (size_t w = 0; w < b->words; w++)
        for (size_t j = 0; j < b->ld; j++) {
            float x = b->v[w * b->ld + j];
            best[j] = fabsf(x) > fabsf(best[j]) ? x : best[j];
        }
    for (size_t j = 0; j < b->ld; j++) sign[j] = best[j] < 0 ? -1.0f : 1.0f;
    for (size_t w = 0; w < b->words; w++)
        for (size_t j = 0; j < b->ld; j++) b->v[w * b->ld + j] *= sign[j];
    code = WN_OK;
out:
    wn_free(best);
    wn_free(sign);
    return code;
}

static size_t blocks_of(const wn_lsa_basis *b, size_t iterations) {
    size_t enough = (b->dims + WN_LSA_BLOCK - 1) / WN_LSA_BLOCK + 1;
    size_t usual = b->dims / 9 > 14 ? b->dims / 9 : 14;
    size_t blocks = iterations ? iterations : usual;
    return blocks < enough ? enough : blocks;
}

static bool by_text(const wn_lsa_csr *a, wn_lsa_side side) {
    return side == WN_LSA_SMALLER && a->rows < a->cols;
}

/* The basis of the texts' side that an iteration by text takes. */
static wn_lsa_basis basis_of_texts(const wn_lsa_csr *a, const wn_lsa_basis *b) {
    return (wn_lsa_basis){.words = a->rows, .dims = b->dims, .ld = b->ld};
}

static size_t transpose_memory(const wn_lsa_csr *a) { return 8 * a->indptr[a->rows] + 16 * a->cols; }

size_t wn_lsa_svd_memory(const wn_lsa_csr *a, wn_lsa_side side, size_t iterations, const wn_lsa_basis *b) {
    size_t blocks = blocks_of(b, iterations), s = a->rows < a->cols ? a->rows : a->cols;
    if (s == 0) return 0;
    if (blocks >= s / WN_LSA_BLOCK)
        return (a->cols <= a->rows ? 0 : transpose_memory(a)) + (s + (b->dims < s ? b->dims : s)) * s * sizeof(double) +
               wn_eigen_memory(s);
    if (!by_text(a, side)) return wn_lsa_krylov_memory(a, blocks, b);
    const wn_lsa_csr t = {.rows = 1, .cols = a->rows, .indptr = (size_t[]){0, a->indptr[a->rows]}};
    const wn_lsa_basis u = basis_of_texts(a, b);
    return transpose_memory(a) + a->rows * u.ld * sizeof(float) + wn_lsa_krylov_memory(&t, blocks, &u);
}

typedef struct {
    const wn_lsa_csr *t; /* A^T */
    const wn_lsa_basis *u;
    wn_lsa_basis *b;
} lifting;

/* V = A^T U / sigma, rows [begin, end). */
static void lift_words(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const lifting *l = ctx;
    const wn_lsa_kernels *kernels = wn_lsa_kernels_get();
    for (size_t w = begin; w < end; w++) {
        size_t at = l->t->indptr[w], n = l->t->indptr[w + 1] - at;
        float *v = l->b->v + w * l->b->ld;
        (void)kernels->encode(l->t->col + at, l->t->val + at, n, l->u->v, l->u->ld, v);
        for (size_t j = 0; j < l->b->rank; j++) v[j] = (float)((double)v[j] / l->b->sigma[j]);
    }
}

/* t: A^T. The iteration finds the left singular vectors U, whose length is that of the smaller side. */
static wn_code iterate_by_text(const wn_lsa_csr *t, size_t blocks, uint64_t seed, wn_lsa_basis *b, wn_progress *p,
                               wn_err *err) {
    wn_lsa_basis u = {0};
    wn_code code = wn_lsa_basis_init(&u, t->cols, b->dims, err);
    if (code != WN_OK) return code;
    if ((code = wn_lsa_krylov(t, blocks, seed, &u, p, err)) != WN_OK) goto out;
    b->rank = u.rank;
    memcpy(b->sigma, u.sigma, b->dims * sizeof *b->sigma);
    lifting l = {.t = t, .u = &u, .b = b};
    wn_parallel_for(t->rows, 256, lift_words, &l);
out:
    wn_lsa_basis_free(&u);
    return code;
}

wn_code wn_lsa_svd(const wn_lsa_csr *a, wn_lsa_side side, size_t iterations, uint64_t seed, wn_lsa_basis *b,
                   wn_progress *p, wn_err *err) {
    wn_code code = WN_OK;
    size_t blocks = blocks_of(b, iterations);
    size_t small = a->rows < a->cols ? a->rows : a->cols;
    bool dense = blocks >= small / WN_LSA_BLOCK;
    wn_lsa_csr t = {0};
    if (small == 0) return WN_OK;
    if (dense ? a->cols > a->rows : by_text(a, side)) code = csr_transpose(a, &t, err);
    if (code != WN_OK) return code;
    if (dense) code = solve_exact(t.indptr ? &t : a, t.indptr != NULL, b, p, err);
    else if (t.indptr) code = iterate_by_text(&t, blocks, seed, b, p, err);
    else code = wn_lsa_krylov(a, blocks, seed, b, p, err);
    wn_lsa_csr_free(&t);
    return code != WN_OK ? code : wn_lsa_fix_signs(b, err);
}
