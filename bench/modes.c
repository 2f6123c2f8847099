/* bench_modes ROWS COLUMNS K MODE ROUNDS: one way of choosing K of clustered unit vectors, the fastest of ROUNDS, each
 * beside the rate of the bare f32 product in turn. MODE: cosine; rbf, and sampled, graph-cut over it with exact and
 * with estimated sums; facility, over the exact graph of 64 nearest neighbours, which is counted in. Prints one JSON
 * object: seconds of the clock and of processors, those of n^2 d flops at the best rate, peak bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/partition.h>
#include <winnow/select.h>
#include <winnow/similarity.h>
#include <wn/cpu.h>

#include "bench/rate.h"

enum { NEIGHBOURS = 64 };

static wn_code choose(wn_selection *s, const wn_mat *x, const wn_select_opts *o, wn_err *err) {
    wn_select_opts own = *o;
    wn_csr graph = {0};
    wn_code code = WN_OK;
    if (o->objective == WN_FACILITY_LOCATION && (code = wn_sim_knn(x, NEIGHBOURS, &graph, NULL, err)) != WN_OK)
        return code;
    if (graph.indices) own.graph = &graph;
    code = wn_select(x, &own, s, err);
    wn_csr_free(&graph);
    return code;
}

int main(int argc, char **argv) {
    wn_err e = {0};
    wn_mat x = {0};
    wn_selection s = {0};
    double best = INFINITY, rate = 0, least = INFINITY, processor = 0, one = 0;
    wn_blas_reexec(argv);
    if (argc != 6) return 2;
    const size_t n = strtoull(argv[1], NULL, 10), d = strtoull(argv[2], NULL, 10);
    const char *mode = argv[4];
    wn_select_opts o = {.kernel = {.kind = strcmp(mode, "cosine") == 0 ? WN_COSINE : WN_RBF},
                        .objective = strcmp(mode, "facility") == 0 ? WN_FACILITY_LOCATION : WN_GRAPH_CUT,
                        .sum_rows = strcmp(mode, "sampled") == 0 ? WN_PARTITION_SAMPLE : 0,
                        .k = strtoull(argv[3], NULL, 10),
                        .lambda = NAN};
    wn_code code = synthetic(&x, n, d, &e);
    if (code == WN_OK && o.kernel.kind == WN_RBF)
        code = wn_sim_gamma_auto(&x, 1, 10000, &o.kernel.gamma, &(double){0}, &e);
    const size_t rows = wn_mem_peak();
    size_t peak = 0;
    for (int round = 0; round < atoi(argv[5]) && code == WN_OK; round++) {
        wn_selection_free(&s);
        const double from = wn_now(), used = processor_s();
        code = choose(&s, &x, &o, &e);
        best = fmin(best, wn_now() - from);
        least = fmin(least, processor_s() - used);
        if (round == 0) peak = wn_mem_peak();
        rate = fmax(rate, product_rate(&one, &e));
        processor = fmax(processor, one);
    }
    const double flops = (double)n * (double)n * (double)d;
    if (code == WN_OK)
        printf("{\"seconds\": %.4f, \"product\": %.4f, \"processor\": %.4f, \"processor_product\": %.4f, \"rate\": "
               "%.4g, \"passes\": %zu, \"refreshed\": %zu, \"peak\": %zu, "
               "\"rows\": %zu, \"f\": %.17g, \"error\": %.4g}\n",
               best, flops / rate, least, flops / processor, rate, s.passes, s.refreshed, peak, rows,
               s.objective[s.k - 1], s.sum_error);
    else
        (void)fprintf(stderr, "bench_modes: %s\n", e.msg);
    wn_selection_free(&s);
    wn_mat_free(&x);
    return code == WN_OK ? 0 : 1;
}
