/* bench_peers FILE OBJECTIVE KERNEL GAMMA LAMBDA SATURATION K ROUNDS: wn_select of the rows of a matrix file, from
 * vectors in memory to picks; bounds are not asked for. Prints one JSON object: seconds of the clock and of processors
 * of the fastest round, ids, f. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <winnow/select.h>
#include <winnow/threads.h>
#include <wn/cpu.h>

#include "bench/load.h"

int main(int argc, char **argv) {
    wn_err e = {0};
    wn_mat x = {0};
    wn_selection s = {0};
    wn_select_opts o = {0};
    double best = INFINITY, least = INFINITY;
    wn_blas_reexec(argv);
    if (argc != 9 || !wn_objective_named(argv[2], &o.objective) || !wn_kernel_named(argv[3], &o.kernel.kind)) return 2;
    o.kernel.gamma = strtod(argv[4], NULL);
    o.lambda = strtod(argv[5], NULL);
    o.saturation = strtod(argv[6], NULL);
    o.k = strtoull(argv[7], NULL, 10);
    wn_code code = load_matrix(&x, argv[1], &e);
    for (int round = 0; round < atoi(argv[8]) && code == WN_OK; round++) {
        wn_selection_free(&s);
        const double from = wn_now();
        const clock_t used = clock();
        code = wn_select(&x, &o, &s, &e);
        best = fmin(best, wn_now() - from);
        least = fmin(least, (double)(clock() - used) / CLOCKS_PER_SEC);
    }
    if (code == WN_OK) {
        printf("{\"seconds\": %.6f, \"processor\": %.6f, \"storage\": \"%s\", \"maximizer\": \"%s\", \"refreshed\": "
               "%zu, \"f\": %.17g, "
               "\"ids\": [",
               best, least, wn_storage_name(s.storage), wn_maximizer_name(s.maximizer), s.refreshed,
               s.objective[s.k - 1]);
        for (size_t i = 0; i < s.k; i++) printf("%s%zu", i ? ", " : "", s.ids[i]);
        printf("]}\n");
    } else {
        (void)fprintf(stderr, "bench_peers: %s\n", e.msg);
    }
    wn_selection_free(&s);
    wn_mat_free(&x);
    return code == WN_OK ? 0 : 1;
}
