/* rbf row sums and the plain product. usage: bench_rowsums n d gamma threads repeats */
#include <stdio.h>
#include <stdlib.h>
#include <wn/cpu.h>
#include <wn/gemm.h>
#include <wn/pairwise.h>
#include <wn/rng.h>
#include <winnow/threads.h>

typedef struct {
    const wn_mat *x;
    const wn_packed *b;
    wn_mat *c;
} product;

static void product_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    product *p = ctx;
    wn_gemm_packed(wn_mat_row(p->x, begin), p->x->stride, end - begin, p->b, wn_mat_row(p->c, begin), p->c->stride, 0);
}

/* GFLOP/s of a square product of m with our kernels. */
static double product_rate(size_t m, int repeats) {
    wn_err err;
    wn_mat a = {0}, c = {0};
    wn_packed b = {0};
    double best = 0;
    wn_rng r = wn_rng_init(2, 0);
    if (wn_mat_init(&a, m, m, &err) == WN_OK && wn_mat_init(&c, m, m, &err) == WN_OK) {
        for (size_t i = 0; i < m * a.stride; i++) a.data[i] = (float)wn_rng_uniform(&r) - 0.5f;
        if (wn_packed_init(&b, a.data, a.stride, m, m, &err) == WN_OK) {
            for (int i = 0; i < repeats; i++) {
                product p = {&a, &b, &c};
                double t = wn_now();
                wn_parallel_for(m, 168, product_rows, &p);
                double rate = 2e-9 * (double)m * (double)m * (double)m / (wn_now() - t);
                if (rate > best) best = rate;
            }
        }
    }
    wn_packed_free(&b);
    wn_mat_free(&a);
    wn_mat_free(&c);
    return best;
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    const size_t n = strtoul(argv[1], NULL, 10), d = strtoul(argv[2], NULL, 10);
    const wn_kernel kernel = {WN_RBF, strtod(argv[3], NULL)};
    const int repeats = (int)strtol(argv[5], NULL, 10);
    wn_err err;
    wn_mat x;
    wn_threads_set((int)strtol(argv[4], NULL, 10));
    double *sums = calloc(n, sizeof *sums), best = 1e30;
    if (!sums || wn_mat_init(&x, n, d, &err) != WN_OK) return 1;
    wn_rng r = wn_rng_init(1, 0);
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        float *row = wn_mat_row(&x, i);
        for (size_t k = 0; k < d; k++) {
            row[k] = (float)wn_rng_uniform(&r) - 0.3f;
            norm += (double)row[k] * (double)row[k];
        }
        for (size_t k = 0; k < d; k++) row[k] = (float)((double)row[k] / __builtin_sqrt(norm));
    }
    for (int i = 0; i < repeats; i++) {
        double t = wn_now();
        if (wn_pair_rowsums(&kernel, &x, sums, NULL, &err) != WN_OK) return 1;
        t = wn_now() - t;
        if (t < best) best = t;
    }
    const double flops = (double)n * (double)(n - 1) * (double)d;
    printf("{\"isa\": \"%s\", \"seconds\": %.6f, \"gflops\": %.1f, \"product_gflops\": %.1f}\n",
           wn_cpu_level(), best, flops / best * 1e-9, product_rate(4096, repeats));
    wn_mat_free(&x);
    free(sums);
    return 0;
}
