/* LSA: the singular vectors. The exact way is the reference of the iteration; the tests against scikit-learn are in
 * lsa_reference.py. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <wn/cpu.h>

#include "lsa_corpus.h"
#include "embed/lsa/internal.h"

static wn_err err;

static wn_lsa_basis factor(const wn_lsa_csr *a, size_t dims, size_t iterations) {
    wn_lsa_basis b;
    cr_assert_eq(wn_lsa_basis_init(&b, a->cols, dims, &err), WN_OK);
    cr_assert_eq(wn_lsa_svd(a, WN_LSA_OF_WORDS, iterations, 11, &b, NULL, &err), WN_OK, "%s", err.msg);
    return b;
}

static wn_lsa_csr matrix(const corpus *c, size_t min_df) {
    wn_lsa_vocab v = {.features = WN_LSA_WORDS};
    wn_lsa_csr a;
    cr_assert_eq(wn_lsa_count(&c->view, min_df, &v, &a, NULL, &err), WN_OK);
    wn_lsa_vocab_free(&v);
    return a;
}

static double column_dot(const wn_lsa_basis *x, size_t i, const wn_lsa_basis *y, size_t j) {
    double s = 0;
    for (size_t w = 0; w < x->words; w++) s += (double)x->v[w * x->ld + i] * (double)y->v[w * y->ld + j];
    return s;
}

/* Largest |V^T V - I|. */
static double skew(const wn_lsa_basis *b) {
    double worst = 0;
    for (size_t i = 0; i < b->rank; i++)
        for (size_t j = 0; j <= i; j++) worst = fmax(worst, fabs(column_dot(b, i, b, j) - (i == j)));
    return worst;
}

/* Frobenius norm of the part of y's first k columns outside the span of x's: bounds the sine of every principal angle.
 */
static double sine(const wn_lsa_basis *x, const wn_lsa_basis *y, size_t k) {
    double out = 0;
    double *r = malloc(y->words * sizeof *r);
    for (size_t j = 0; j < k; j++) {
        for (size_t w = 0; w < y->words; w++) r[w] = (double)y->v[w * y->ld + j];
        for (size_t i = 0; i < k; i++) {
            double d = column_dot(x, i, y, j);
            for (size_t w = 0; w < y->words; w++) r[w] -= d * (double)x->v[w * x->ld + i];
        }
        for (size_t w = 0; w < y->words; w++) out += r[w] * r[w];
    }
    free(r);
    return sqrt(out);
}

static void check_signs(const wn_lsa_basis *b) {
    for (size_t j = 0; j < b->rank; j++) {
        float best = 0;
        for (size_t w = 0; w < b->words; w++)
            if (fabsf(b->v[w * b->ld + j]) > fabsf(best)) best = b->v[w * b->ld + j];
        cr_assert_gt(best, 0, "column %zu", j);
    }
}

Test(lsa_svd, iteration_finds_the_exact_subspace) {
    corpus c = corpus_topics(1500, 1500, 40, 30, 4);
    wn_lsa_csr a = matrix(&c, 2);
    cr_assert_gt(a.cols, 32 * 17);
    wn_lsa_basis fast = factor(&a, 64, 14), exact = factor(&a, 64, 200);
    cr_assert_eq(fast.rank, 64);
    cr_assert_lt(skew(&exact), 1e-6);
    cr_assert_lt(skew(&fast), 1e-5);
    check_signs(&exact);
    check_signs(&fast);
    size_t separated = 0;
    for (size_t j = 0; j + 1 < 64; j++) {
        double gap = 1 - exact.sigma[j + 1] / exact.sigma[j];
        if (gap > 0.1 || j < 40) cr_assert_float_eq(fast.sigma[j], exact.sigma[j], 1e-5 * exact.sigma[0]);
        if (gap < 0.01) continue;
        separated++;
        double s = sine(&fast, &exact, j + 1);
        cr_assert_lt(s, 1e-3, "first %zu: %g (gap %g)", j + 1, s, gap);
    }
    cr_assert_gt(separated, 10);
    wn_lsa_basis_free(&fast);
    wn_lsa_basis_free(&exact);
    wn_lsa_csr_free(&a);
    corpus_free(&c);
}

Test(lsa_svd, both_exact_ways_agree) {
    corpus c = corpus_topics(200, 60, 3, 12, 4);
    wn_lsa_csr a = matrix(&c, 1), half = a;
    half.rows = 60; /* fewer texts than words: by way of A A^T */
    wn_lsa_csr padded = half;
    padded.rows = 200; /* the same matrix with empty texts: by way of A^T A */
    padded.indptr = malloc(201 * sizeof *padded.indptr);
    for (size_t i = 0; i <= 200; i++) padded.indptr[i] = a.indptr[i < 60 ? i : 60];
    cr_assert(half.rows < half.cols && padded.cols < padded.rows);
    wn_lsa_basis x = factor(&half, 20, 0), y = factor(&padded, 20, 0);
    for (size_t j = 0; j < 20; j++) cr_assert_float_eq(x.sigma[j], y.sigma[j], 1e-12 * x.sigma[0]);
    cr_assert_lt(sine(&x, &y, 20), 1e-5);
    wn_lsa_basis_free(&x);
    wn_lsa_basis_free(&y);
    free(padded.indptr);
    wn_lsa_csr_free(&a);
    corpus_free(&c);
}

/* Every singular value equal: the Krylov space ends after one block, and fresh columns must go on. */
Test(lsa_svd, equal_singular_values_fill_every_dimension) {
    enum { PAIRS = 700 };
    corpus c = corpus_start(2 * PAIRS, 2 * PAIRS * 32);
    size_t at = 0;
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        at += (size_t)sprintf(c.base + at, "left%zu right%zu", i / 2, i / 2);
        c.off[i + 1] = at;
    }
    wn_lsa_csr a = matrix(&c, 2);
    wn_lsa_basis b = factor(&a, 128, 0);
    cr_assert_eq(b.rank, 128);
    for (size_t j = 0; j < 128; j++) cr_assert_float_eq(b.sigma[j], sqrt(2), 1e-5);
    cr_assert_lt(skew(&b), 1e-5);
    wn_lsa_basis_free(&b);
    wn_lsa_csr_free(&a);
    corpus_free(&c);
}

Test(lsa_svd, columns_beyond_the_rank_are_zero) {
    enum { KINDS = 40, N = 2000, EACH = 20 };
    corpus c = corpus_start(N, N * EACH * 12);
    size_t at = 0;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < EACH; j++) at += (size_t)sprintf(c.base + at, "k%zuw%zu ", i % KINDS, j);
        c.off[i + 1] = at;
    }
    wn_lsa_csr a = matrix(&c, 2);
    cr_assert_eq(a.cols, KINDS * EACH);
    for (size_t iterations = 3; iterations < 300; iterations *= 10) { /* the iteration, then the exact way */
        wn_lsa_basis b = factor(&a, 64, iterations);
        cr_assert_eq(b.rank, KINDS, "%zu", b.rank);
        for (size_t j = 0; j < 64; j++) cr_assert_float_eq(b.sigma[j], j < KINDS ? sqrt(N / KINDS) : 0, 1e-4);
        double beyond = 0;
        for (size_t w = 0; w < b.words; w++)
            for (size_t j = KINDS; j < b.ld; j++) beyond += fabs((double)b.v[w * b.ld + j]);
        cr_assert_eq(beyond, 0);
        cr_assert_lt(skew(&b), 1e-5);
        wn_lsa_basis_free(&b);
    }
    wn_lsa_csr_free(&a);
    corpus_free(&c);
}

/* ---- kernels against plain loops in double ---- */

static float draw(wn_rng *r) { return (float)(wn_rng_uniform(r) - 0.5); }

static void check_kernels(const wn_lsa_kernels *k, const char *name) {
    enum { M = 37, B = WN_LSA_BLOCK, LD = 160, ROWS = 300 };
    wn_rng r = wn_rng_init(5, 0);
    static float q[ROWS * B], z[ROWS * B], was[ROWS * B], c[B * B], old[B * B], v[M * LD], y[LD];
    double worst = 0;
    for (size_t i = 0; i < ROWS * B; i++) {
        q[i] = draw(&r);
        was[i] = z[i] = draw(&r);
    }
    for (size_t i = 0; i < B * B; i++) old[i] = c[i] = draw(&r);
    k->dots(q, z, ROWS, c);
    for (size_t i = 0; i < B; i++)
        for (size_t j = 0; j < B; j++) {
            double s = (double)old[i * B + j];
            for (size_t d = 0; d < ROWS; d++) s += (double)q[d * B + i] * (double)z[d * B + j];
            worst = fmax(worst, fabs(s - (double)c[i * B + j]));
        }
    cr_assert_lt(worst, 2e-5, "%s dots %g", name, worst);
    k->update(z, B, q, old, ROWS - 3);
    worst = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < B; j++) {
            double s = (double)was[i * B + j];
            for (size_t l = 0; l < B && i < ROWS - 3; l++) s += (double)q[i * B + l] * (double)old[l * B + j];
            worst = fmax(worst, fabs(s - (double)z[i * B + j]));
        }
    cr_assert_lt(worst, 2e-6, "%s update %g", name, worst);

    size_t indptr[] = {0, 3, 3, 40, 41};
    uint32_t col[41];
    float val[41];
    for (size_t i = 0; i < 41; i++) {
        col[i] = (uint32_t)(i < 3 ? 5 * i : i < 40 ? i - 3 : 9);
        val[i] = draw(&r);
    }
    wn_lsa_csr a = {.rows = 4, .cols = M, .indptr = indptr, .col = col, .val = val};
    memcpy(z, was, sizeof z);
    k->normal(&a, 1, 4, q, z);
    static double expected[M * B];
    for (size_t i = 0; i < M * B; i++) expected[i] = (double)was[i];
    for (size_t d = 1; d < 4; d++)
        for (size_t j = 0; j < B; j++) {
            double s = 0;
            for (size_t i = indptr[d]; i < indptr[d + 1]; i++) s += (double)val[i] * (double)q[col[i] * B + j];
            for (size_t i = indptr[d]; i < indptr[d + 1]; i++) expected[col[i] * B + j] += s * (double)val[i];
        }
    worst = 0;
    for (size_t i = 0; i < M * B; i++) worst = fmax(worst, fabs(expected[i] - (double)z[i]));
    cr_assert_lt(worst, 2e-6, "%s normal %g", name, worst);

    for (size_t i = 0; i < M * LD; i++) v[i] = draw(&r);
    for (size_t ld = 32; ld <= LD; ld += 32) {
        double norm = 0, sum = k->encode(col + 3, val + 3, 37, v, ld, y);
        worst = 0;
        for (size_t j = 0; j < ld; j++) {
            double s = 0;
            for (size_t i = 3; i < 40; i++) s += (double)val[i] * (double)v[col[i] * ld + j];
            worst = fmax(worst, fabs(s - (double)y[j]));
            norm += (double)y[j] * (double)y[j];
        }
        cr_assert_lt(worst, 1e-6, "%s encode %g", name, worst);
        cr_assert_float_eq(norm, sum, 1e-12 * norm);
    }
}

Test(lsa_svd, kernels_of_every_instruction_set_compute_the_same) {
    check_kernels(&wn_lsa_kernels_portable, "portable");
#ifdef __x86_64__
    if (wn_cpu_has(WN_CPU_AVX2)) check_kernels(&wn_lsa_kernels_avx2, "avx2");
    if (wn_cpu_has(WN_CPU_AVX512)) check_kernels(&wn_lsa_kernels_avx512, "avx512");
#endif
}
