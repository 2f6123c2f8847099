/* bench_select [ROWS [COLUMNS [SHARE]]] | FILE: graph-cut over the rbf kernel, lambda auto, k = SHARE (5%) of the rows
 * of clustered unit vectors or of a matrix file. Prints one table: where the time goes, beside the bare product of
 * n^2 d flops; peak memory beside 2 n d floats and 200 MB. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/cpu.h>
#include <winnow/select.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>

#include "bench/load.h"
#include "bench/rate.h"

typedef struct {
    wn_progress base;
    double greedy_from; /* when the first pick was reported: the row sums were done by then */
} clock_sink;

static void note(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total) {
    (void)unit;
    (void)done;
    (void)total;
    clock_sink *c = (clock_sink *)(void *)p;
    if (c->greedy_from == 0 && strcmp(stage, "select") == 0) c->greedy_from = wn_now();
}

int main(int argc, char **argv) {
    wn_err e = {0};
    wn_mat x = {0};
    wn_selection s = {0};
    clock_sink sink = {.base.report = note};
    wn_blas_reexec(argv);
    size_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 117659, cols = argc > 2 ? strtoull(argv[2], NULL, 10) : 128;
    double share = argc > 3 ? strtod(argv[3], NULL) : 0.05;
    wn_code code = rows ? synthetic(&x, rows, cols, &e) : load_matrix(&x, argv[1], &e);
    if (code != WN_OK) goto out;
    double n = (double)x.rows, d = (double)x.cols;
    double gamma = 0, median = 0;
    if ((code = wn_sim_gamma_auto(&x, 1, 10000, &gamma, &median, &e)) != WN_OK) goto out;
    wn_select_opts o = {.kernel = {.kind = WN_RBF, .gamma = gamma},
                        .k = (size_t)(n * share + 0.5),
                        .lambda = NAN,
                        .progress = &sink.base};
    double from = wn_now();
    code = wn_select(&x, &o, &s, &e);
    if (code != WN_OK) goto out;
    double all = wn_now() - from, sums = sink.greedy_from - from;
    double peak = (double)wn_mem_peak(), rate = product_rate(NULL, &e), bound = n * n * d / rate;
    printf("graph-cut rbf, %zu x %zu, k = %zu, gamma %.3g, lambda %.3g, %d threads, %s kernels\n", x.rows, x.cols, o.k,
           o.kernel.gamma, s.lambda, wn_threads_get(), wn_cpu_level());
    printf("| total s | row sums s | greedy s | bare product s | product / total | gains anew a pick | pool fills | "
           "peak MB | allowed MB |\n|---|---|---|---|---|---|---|---|---|\n");
    printf("| %.2f | %.2f | %.2f | %.2f | %.2f | %.1f | %zu | %.0f | %.0f |\n", all, sums, all - sums, bound,
           bound / all, (double)s.refreshed / (double)s.k, s.passes, peak / 1e6, 8e-6 * n * d + 200);
out:
    if (code != WN_OK) (void)fprintf(stderr, "bench_select: %s\n", e.msg);
    wn_selection_free(&s);
    wn_mat_free(&x);
    return code == WN_OK ? 0 : 1;
}
