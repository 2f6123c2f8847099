/* base/linalg: products, exponentials and sums against plain double arithmetic, and the same bits where promised. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/gemm.h>
#include <wn/pairwise.h>
#include <wn/rng.h>
#include <winnow/threads.h>

#include "base/linalg/kern.h"

static const char *const levels[] = {"portable", "avx2", "avx512"};
enum { LEVELS = 3 };

static wn_mat random_matrix(size_t n, size_t d, uint64_t seed, bool normalised) {
    wn_mat m;
    wn_rng r = wn_rng_init(seed, 0);
    cr_assert_eq(wn_mat_init(&m, n, d, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        float *row = wn_mat_row(&m, i);
        for (size_t k = 0; k < d; k++) {
            row[k] = (float)wn_rng_normal(&r);
            norm += (double)row[k] * (double)row[k];
        }
        for (size_t k = 0; normalised && k < d; k++) row[k] = (float)((double)row[k] / sqrt(norm));
    }
    return m;
}

/* The chain that the header promises: fused where the kernels have it. */
static float chain(const float *a, const float *b, size_t d, float start, bool fused) {
    float s = start;
    for (size_t k = 0; k < d; k++) {
        volatile float product = a[k] * b[k];
        s = fused ? fmaf(a[k], b[k], s) : s + product;
    }
    return s;
}

static double exact_dot(const float *a, const float *b, size_t d) {
    double s = 0;
    for (size_t k = 0; k < d; k++) s += (double)a[k] * (double)b[k];
    return s;
}

Test(kernels, product_is_one_chain_for_every_shape) {
    static const size_t shapes[][3] = {{1, 1, 1},     {1, 1, 0},      {2, 33, 5},    {6, 31, 17},    {7, 32, 64},
                                       {13, 63, 511}, {14, 64, 512},  {15, 65, 513}, {29, 300, 100}, {28, 257, 1300},
                                       {3, 9, 4099},  {100, 256, 33}, {0, 5, 3},     {5, 0, 3}};
    for (int l = 0; l < LEVELS; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            const size_t m = shapes[s][0], n = shapes[s][1], d = shapes[s][2], ldc = n + 3;
            wn_mat a = random_matrix(m, d, s, false), b = random_matrix(n, d, s + 100, false);
            wn_packed packed;
            cr_assert_eq(wn_packed_init(&packed, b.data, b.stride, n, d, &(wn_err){0}), WN_OK);
            float *c = calloc(m * ldc + 1, sizeof *c);
            size_t wrong = 0;
            for (int accumulate = 0; accumulate < 2; accumulate++) {
                for (size_t i = 0; i < m * ldc; i++) c[i] = 7.0f;
                wn_gemm_packed(a.data, a.stride, m, &packed, c, ldc, accumulate);
                for (size_t i = 0; i < m; i++) {
                    for (size_t j = 0; j < n; j++) {
                        float want = chain(wn_mat_row(&a, i), wn_mat_row(&b, j), d, accumulate ? 7.0f : 0.0f, l > 0);
                        wrong += memcmp(&want, c + i * ldc + j, sizeof want) != 0;
                    }
                    for (size_t j = n; j < ldc; j++) wrong += c[i * ldc + j] != 7.0f;
                }
            }
            cr_assert_eq(wrong, 0, "%zu wrong elements: level %d shape %zu %zu %zu", wrong, l, m, n, d);
            free(c);
            wn_packed_free(&packed);
            wn_mat_free(&a);
            wn_mat_free(&b);
        }
    }
}

/* Units in the last place between the kernel's exponential and the true one, worst over [low, high]. */
static double worst_exp(const wn_kern *kern, double low, double high, double *at) {
    enum { N = 1 << 16 };
    static float v[N], t[N];
    double worst = 0;
    for (int block = 0; block < 64; block++) {
        for (int i = 0; i < N; i++) {
            double u = ((double)block * N + i) / (64.0 * N);
            t[i] = (float)(low + (high - low) * u);
            v[i] = t[i] + 1.0f; /* gamma = 1: the kernel's argument is v - 1 */
            t[i] = v[i] - 1.0f;
        }
        kern->rbf(v, N, 1.0f);
        for (int i = 0; i < N; i++) {
            double want = exp((double)t[i]);
            int exponent;
            (void)frexp(want, &exponent);
            double ulp = ldexp(1.0, exponent - 24), error = fabs((double)v[i] - want) / ulp;
            if (error > worst) {
                worst = error;
                *at = (double)t[i];
            }
        }
    }
    return worst;
}

Test(kernels, exponential_is_within_one_unit) {
    for (int l = 0; l < LEVELS; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        static const double ranges[][2] = {{-87.336, -20}, {-20, -1}, {-1, 1}, {1, 40}};
        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
            double at = 0, worst = worst_exp(wn_kern_get(), ranges[i][0], ranges[i][1], &at);
            cr_expect_lt(worst, 1.0, "level %d: %.3f units at %.9g", l, worst, at);
        }
    }
}

Test(kernels, exponential_at_the_ends_of_its_range) {
    for (int l = 0; l < LEVELS; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        float v[32] = {-200, -1e30f, -86.4f, -86.3f, 1, 0, 1.0000001f, 1e30f, -INFINITY};
        wn_kern_get()->rbf(v, 32, 1.0f);
        cr_expect_eq(v[0], 0.0f);
        cr_expect_eq(v[1], 0.0f);
        cr_expect_eq(v[2], 0.0f); /* exp(-87.4) is below the normal floats */
        cr_expect_float_eq((float)((double)v[3] / exp((double)(-86.3f - 1.0f))), 1.0f, 1e-6f);
        cr_expect_eq(v[4], 1.0f);
        cr_expect_float_eq(v[5], 0.36787944f, 3e-8f);
        cr_expect_eq(v[6], 1.0000001f);
        cr_expect(isfinite(v[7]) && v[7] > 1e38f);
        cr_expect_eq(v[8], 0.0f);
    }
}

Test(kernels, vector_levels_give_the_same_bits) {
    if (!wn_cpu_use("avx512")) cr_skip_test("no AVX-512 on this processor");
    enum { N = 1 << 16 };
    static float a[N], b[N], tv[N];
    static double ca[N], cb[N];
    static uint32_t ha[N], hb[N];
    wn_rng r = wn_rng_init(5, 0);
    for (int i = 0; i < N; i++) {
        a[i] = b[i] = (float)(wn_rng_uniform(&r) * 240 - 200);
        tv[i] = (float)(wn_rng_uniform(&r) * 300 - 100);
        ca[i] = cb[i] = wn_rng_uniform(&r);
    }
    size_t na = wn_kern_avx512.scan(a, N, 30.0f, tv, ha), nb = wn_kern_avx2.scan(a, N, 30.0f, tv, hb);
    size_t np = wn_kern_portable.scan(a, N, 30.0f, tv, hb);
    cr_assert(na == nb && na == np && memcmp(ha, hb, na * sizeof *ha) == 0);
    wn_kern_avx512.rbf(a, N, 0.7f);
    wn_kern_avx2.rbf(b, N, 0.7f);
    cr_assert_arr_eq(a, b, sizeof a);
    double sa = wn_kern_avx512.sum(a, N, ca), sb = wn_kern_avx2.sum(b, N, cb);
    cr_assert(memcmp(&sa, &sb, sizeof sa) == 0);
    cr_assert_arr_eq(ca, cb, sizeof ca);
    double sp = wn_kern_portable.sum(a, N, ca);
    (void)wn_kern_avx512.sum(a, N, cb);
    cr_assert(memcmp(&sa, &sp, sizeof sa) == 0);
    cr_assert_arr_eq(ca, cb, sizeof ca);
}

/* Each level against the definition, with whole and broken ends. */
Test(kernels, roots_have_the_same_bits_everywhere) {
    enum { N = 301 };
    float v[N];
    double has[2 * N], root[2 * N], lanes[8] = {0};
    wn_rng r = wn_rng_init(7, 0);
    for (size_t i = 0; i < 2 * N; i++) has[i] = i % 5 ? wn_rng_uniform(&r) * 3 : 0, root[i] = sqrt(has[i]);
    for (size_t i = 0; i < N; i++) {
        v[i] = i % 7 ? (float)(wn_rng_uniform(&r) - .5) : 0;
        const double h = has[v[i] < 0 ? N + i : i], size = fabs((double)v[i]);
        lanes[i % 8] += size > 0 ? size / (sqrt(h + size) + sqrt(h)) : 0;
    }
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
        double a[8] = {0};
        if (!wn_cpu_use(levels[l])) continue;
        wn_pair_roots(v, has, root, N, a);
        cr_assert_arr_eq(a, lanes, sizeof a, "%s", levels[l]);
    }
}

Test(kernels, parts_above_and_below_have_the_same_bits_everywhere) {
    enum { N = 1003 };
    float v[N];
    double at[N], above[8] = {.5}, below[8] = {.25};
    wn_rng r = wn_rng_init(6, 0);
    for (size_t i = 0; i < N; i++) v[i] = (float)(wn_rng_uniform(&r) - .3), at[i] = wn_rng_uniform(&r) * .7;
    at[3] = INFINITY;
    for (size_t i = 0; i < N; i++) {
        above[i % 8] += fmax((double)v[i] - at[i], 0);
        below[i % 8] += fmin(fmax((double)v[i], 0), at[i]);
    }
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        double a[8] = {.5}, b[8] = {.25};
        wn_pair_above(v, at, N, a);
        wn_pair_below(v, at, N, b);
        cr_assert_arr_eq(a, above, sizeof a, "%s", levels[l]);
        cr_assert_arr_eq(b, below, sizeof b, "%s", levels[l]);
    }
}

static double kernel_value(const wn_kernel *k, double dot) {
    return k->kind == WN_RBF ? exp((double)(float)k->gamma * (dot - 1)) : dot;
}

static const wn_kernel kernels[] = {{WN_COSINE, 0}, {WN_DOT, 0}, {WN_RBF, 8.3}, {WN_RBF, 64}};

Test(pairwise, tile_against_double) {
    for (int l = 0; l < LEVELS; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        for (size_t q = 0; q < 4; q++) {
            wn_mat a = random_matrix(37, 70, 1, true), b = random_matrix(531, 70, 2, true);
            memset(wn_mat_row(&a, 5), 0, 70 * sizeof(float));
            enum { LDO = 540 };
            static float out[37 * LDO];
            for (size_t i = 0; i < 37 * LDO; i++) out[i] = -5.0f;
            cr_assert_eq(wn_pair_tile(&kernels[q], (wn_row_block){a.data, a.stride, 37},
                                      (wn_row_block){b.data, b.stride, 531}, 70, out, LDO, &(wn_err){0}),
                         WN_OK);
            double worst = 0;
            size_t touched = 0;
            for (size_t i = 0; i < 37; i++) {
                for (size_t j = 0; j < 531; j++) {
                    double dot = exact_dot(wn_mat_row(&a, i), wn_mat_row(&b, j), 70),
                           want = kernel_value(&kernels[q], dot);
                    double error = fabs((double)out[i * LDO + j] - want);
                    if (error > worst) worst = error;
                }
                for (size_t j = 531; j < LDO; j++) touched += out[i * LDO + j] != -5.0f;
            }
            cr_expect_lt(worst, 2e-6, "level %d kernel %zu: %g", l, q, worst);
            cr_expect_eq(touched, 0);
            wn_mat_free(&a);
            wn_mat_free(&b);
        }
    }
}

static void brute_rowsums(const wn_kernel *k, const wn_mat *x, double *sums) {
    for (size_t i = 0; i < x->rows; i++) {
        sums[i] = 0;
        for (size_t j = 0; j < x->rows; j++) {
            if (j != i) sums[i] += kernel_value(k, exact_dot(wn_mat_row(x, i), wn_mat_row(x, j), x->cols));
        }
    }
}

static double worst_relative(const double *got, const double *want, size_t n) {
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double error = fabs(got[i] - want[i]) / (1 + fabs(want[i]));
        if (!(error <= worst)) worst = error;
    }
    return worst;
}

Test(pairwise, rowsums_against_double) {
    static const size_t shapes[][2] = {{1, 3}, {2, 1}, {31, 7}, {33, 40}, {513, 6}, {700, 900}, {2600, 20}};
    static double got[3000], want[3000];
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t n = shapes[s][0];
        wn_mat x = random_matrix(n, shapes[s][1], s, true);
        if (n > 20) memset(wn_mat_row(&x, 17), 0, shapes[s][1] * sizeof(float));
        for (size_t q = 0; q < 4; q++) {
            brute_rowsums(&kernels[q], &x, want);
            for (int l = 0; l < LEVELS; l++) {
                if (!wn_cpu_use(levels[l])) continue;
                memset(got, 0xff, sizeof got);
                cr_assert_eq(wn_pair_rowsums(&kernels[q], &x, got, NULL, &(wn_err){0}), WN_OK);
                double worst = worst_relative(got, want, n);
                cr_expect_lt(worst, 2e-6, "level %d kernel %zu n %zu: %g", l, q, n, worst);
            }
        }
        wn_mat_free(&x);
    }
}

Test(pairwise, same_bits_for_any_threads_and_vector_level) {
    static double first[5000], sums[5000], picked[5000], again[5000];
    static size_t cols[1500];
    wn_mat x = random_matrix(5000, 24, 9, true);
    for (size_t j = 0; j < 1500; j++) cols[j] = j * 7 % 5000;
    bool known = false;
    for (int l = LEVELS - 1; l > 0; l--) {
        if (!wn_cpu_use(levels[l])) continue;
        for (int threads = 1; threads <= 8; threads *= 2) {
            wn_threads_set(threads);
            memset(again, 0, sizeof again);
            cr_assert_eq(wn_pair_rowsums(&kernels[2], &x, sums, NULL, &(wn_err){0}), WN_OK);
            cr_assert_eq(wn_pair_sums(&kernels[2], &x, NULL, 5000, cols, 1500, again, &(wn_err){0}), WN_OK);
            if (!known) {
                memcpy(first, sums, sizeof sums);
                memcpy(picked, again, sizeof again);
                known = true;
            }
            cr_assert_arr_eq(sums, first, sizeof sums, "level %d, %d threads", l, threads);
            cr_assert_arr_eq(again, picked, sizeof again, "level %d, %d threads", l, threads);
        }
    }
    wn_mat_free(&x);
}

Test(pairwise, sums_by_index_add_and_do_not_depend_on_the_split) {
    static double whole[900], parts[900], want[900];
    static size_t rows[900], cols[600];
    wn_mat x = random_matrix(900, 130, 3, true);
    for (size_t i = 0; i < 900; i++) rows[i] = i * 7 % 900;
    for (size_t j = 0; j < 600; j++) cols[j] = j * 11 % 900;
    for (int l = 0; l < LEVELS; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        for (size_t q = 0; q < 4; q++) {
            for (size_t i = 0; i < 900; i++) {
                whole[i] = parts[i] = want[i] = 0.25 * (double)i;
                for (size_t j = 0; j < 600; j++)
                    want[i] +=
                        kernel_value(&kernels[q], exact_dot(wn_mat_row(&x, rows[i]), wn_mat_row(&x, cols[j]), 130));
            }
            cr_assert_eq(wn_pair_sums(&kernels[q], &x, rows, 900, cols, 600, whole, &(wn_err){0}), WN_OK);
            for (size_t i = 0, step = 1; i < 900; i += step, step = step * 2 + 1) {
                size_t n = 900 - i < step ? 900 - i : step;
                cr_assert_eq(wn_pair_sums(&kernels[q], &x, rows + i, n, cols, 600, parts + i, &(wn_err){0}), WN_OK);
            }
            cr_assert_arr_eq(whole, parts, sizeof whole, "level %d kernel %zu", l, q);
            cr_expect_lt(worst_relative(whole, want, 900), 1e-6 + 4e-7 * kernels[q].gamma, "level %d kernel %zu", l, q);
        }
    }
    wn_mat_free(&x);
}

Test(pairwise, no_columns_add_nothing) {
    wn_mat x = random_matrix(40, 16, 3, true);
    double a[40] = {0}, b[40] = {0};
    size_t none = 0;
    cr_assert_eq(wn_pair_sums(&kernels[2], &x, NULL, 40, &none, 0, a, &(wn_err){0}), WN_OK);
    cr_assert_arr_eq(a, b, sizeof a);
    wn_mat_free(&x);
}

Test(pairwise, bad_gamma_is_refused) {
    wn_mat x = random_matrix(3, 3, 1, true);
    double sums[3];
    wn_err err;
    static const double bad[] = {0, -1, NAN, INFINITY, 1e300};
    for (size_t i = 0; i < 5; i++) {
        wn_kernel k = {WN_RBF, bad[i]};
        cr_expect_eq(wn_pair_rowsums(&k, &x, sums, NULL, &err), WN_EUSAGE);
        cr_expect(strstr(err.msg, "gamma"));
    }
    wn_mat_free(&x);
}

static wn_code all_calls(const wn_mat *x, double *sums, wn_err *err) {
    static float out[300 * 300];
    static const size_t cols[] = {1, 2, 3};
    wn_code code = wn_pair_rowsums(&kernels[2], x, sums, NULL, err);
    if (code == WN_OK) code = wn_pair_rowsums(&kernels[0], x, sums, NULL, err);
    if (code == WN_OK) code = wn_pair_sums(&kernels[2], x, NULL, x->rows, cols, 3, sums, err);
    if (code == WN_OK)
        code = wn_pair_tile(&kernels[2], (wn_row_block){x->data, x->stride, 300},
                            (wn_row_block){x->data, x->stride, 300}, x->cols, out, 300, err);
    return code;
}

Test(pairwise, every_failed_allocation_is_reported) {
    wn_mat x = random_matrix(300, 12, 3, true);
    double sums[300];
    wn_err err;
    wn_threads_set(2);
    wn_mem_fail_after(-1, false);
    cr_assert_eq(all_calls(&x, sums, &err), WN_OK);
    long count = wn_mem_count();
    cr_assert_gt(count, 5);
    for (int forever = 0; forever < 2; forever++) {
        for (long i = 0; i < count; i++) {
            wn_mem_fail_after(i, forever);
            wn_code code = all_calls(&x, sums, &err);
            wn_mem_fail_after(-1, false);
            cr_expect_eq(code, WN_EMEMORY, "allocation %ld", i);
        }
    }
    wn_mat_free(&x);
}

Test(pairwise, interruption_stops_the_sums) {
    wn_mat x = random_matrix(300, 12, 3, true);
    double sums[300] = {42};
    wn_err err;
    wn_interrupt_raise(2);
    cr_assert_eq(wn_pair_rowsums(&kernels[2], &x, sums, NULL, &err), WN_EINTERRUPT);
    cr_assert_eq(sums[0], 42);
    wn_interrupt_raise(0);
    wn_mat_free(&x);
}
