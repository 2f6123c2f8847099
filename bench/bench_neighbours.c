/* Neighbours, near duplicates and row sums against the plain products that they need.
 * usage: bench_neighbours n d K threads rounds */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <winnow/kernel.h>
#include <wn/cpu.h>
#include <wn/gemm.h>
#include <wn/pairwise.h>
#include <wn/rng.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>

typedef struct {
    const wn_mat *x;
    const wn_packed *block;
} product;

static void product_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const product *p = ctx;
    static _Thread_local float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_ROWS];
    for (size_t i = begin; i < end; i++) rows[i - begin] = wn_mat_row(p->x, i);
    wn_gemm_rows(rows, end - begin, p->block, c, wn_packed_width(p->block));
}

/* Seconds for n^2 d / 2 multiply-adds in blocks of the same shape, nothing done with the results. */
static double bare_products(const wn_mat *x) {
    wn_packed block;
    wn_err err;
    size_t width = wn_packed_columns(x->cols), passes = x->rows / 2 / width;
    if (wn_packed_init(&block, x->data, x->stride, width, x->cols, &err) != WN_OK) exit(1);
    double t = wn_now();
    for (size_t i = 0; i < passes; i++) wn_parallel_for(x->rows, WN_GEMM_ROWS, product_rows, &(product){x, &block});
    t = (wn_now() - t) * ((double)x->rows / 2 / (double)width) / (double)passes;
    wn_packed_free(&block);
    return t;
}

/* Rows round 500 centres, as texts by topic are. */
static void fill(wn_mat *x) {
    wn_rng centre, r = wn_rng_init(1, 0);
    for (size_t i = 0; i < x->rows; i++) {
        float *row = wn_mat_row(x, i);
        centre = wn_rng_init(2, wn_rng_below(&r, 500));
        for (size_t k = 0; k < x->cols; k++) row[k] = (float)(wn_rng_normal(&centre) + wn_rng_normal(&r));
    }
    (void)wn_mat_normalize(x);
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    const size_t n = strtoul(argv[1], NULL, 10), d = strtoul(argv[2], NULL, 10), K = strtoul(argv[3], NULL, 10);
    wn_err err;
    wn_mat x;
    wn_threads_set((int)strtol(argv[4], NULL, 10));
    size_t *kept = calloc(n, sizeof *kept);
    float *sim = calloc(n, sizeof *sim);
    double *sums = calloc(n, sizeof *sums), best[4] = {1e30, 1e30, 1e30, 1e30};
    if (!kept || !sim || !sums || wn_mat_init(&x, n, d, &err) != WN_OK) return 1;
    fill(&x);
    for (long round = strtol(argv[5], NULL, 10); round > 0; round--) {
        wn_csr graph = {0};
        double t[5] = {wn_now()};
        best[0] = fmin(best[0], bare_products(&x));
        t[1] = wn_now();
        if (wn_sim_knn(&x, K, &graph, NULL, &err) != WN_OK) return 1;
        t[2] = wn_now();
        wn_csr_free(&graph);
        if (wn_sim_near_duplicates(&x, 0.95, kept, sim, NULL, &err) != WN_OK) return 1;
        t[3] = wn_now();
        if (wn_pair_rowsums(&(wn_kernel){WN_RBF, 8}, &x, sums, NULL, &err) != WN_OK) return 1;
        t[4] = wn_now();
        for (int i = 1; i < 4; i++) best[i] = fmin(best[i], t[i + 1] - t[i]);
    }
    static const char *const names[] = {"products alone", "neighbours", "near duplicates at 0.95", "rbf row sums"};
    printf("n = %zu, d = %zu, K = %zu, %d threads, kernels: %s\n\n%-28s%9s%14s%8s\n", n, d, K, wn_threads_get(),
           wn_cpu_level(), "", "seconds", "GFLOP/s", "ratio");
    for (int i = 0; i < 4; i++)
        printf("%-28s%9.3f%14.1f%8.2f\n", names[i], best[i], (double)n * (double)n * (double)d / best[i] * 1e-9,
               best[i] / best[0]);
    wn_mat_free(&x);
    free(kept);
    free(sim);
    free(sums);
    return 0;
}
