/* bench_partition ROWS COLUMNS K [PARTS...]: selection in parts of clustered unit vectors, lambda auto, against the
 * exact greedy in the same run: f over all rows, and seconds: graph-cut over rbf and cosine, facility location over
 * rbf. Above 400,000 rows graph-cut over rbf alone, without the exact run. One table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wn/cpu.h>
#include <wn/rng.h>
#include <winnow/mem.h>
#include <winnow/partition.h>
#include <winnow/progress.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>

enum { CENTRES = 600, EXACT_ROWS = 400000 };

/* n unit rows in no order: 600 centres of falling size, noise as wide as the centres are apart; label: the centre. */
static wn_code synthetic(wn_mat *x, uint32_t *label, size_t n, size_t d, wn_err *err) {
    wn_rng r = wn_rng_init(1, 0);
    wn_code code = wn_mat_init(x, n, d, err);
    float *centres = wn_alloc(CENTRES, d * sizeof *centres, err);
    if (code != WN_OK || !centres) {
        wn_free(centres);
        return WN_EMEMORY;
    }
    for (size_t i = 0; i < CENTRES * d; i++) centres[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < n; i++) {
        double u = wn_rng_uniform(&r);
        label[i] = (uint32_t)(u * u * CENTRES);
        for (size_t j = 0; j < d; j++) wn_mat_row(x, i)[j] = centres[label[i] * d + j] + (float)wn_rng_normal(&r);
    }
    wn_free(centres);
    (void)wn_mat_normalize(x);
    return WN_OK;
}

/* Seconds of all processors that this process has used. */
static double processor_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    const wn_mat *x;
    const uint32_t *label;
    wn_select_opts o;
    double exact, exact_s; /* f and processor seconds of the exact greedy; 0: it was not run */
} race;

static wn_code run_parts(const race *r, size_t parts, wn_partitioning by, wn_err *err) {
    const wn_partition_opts p = {.parts = parts, .by = by, .label = r->label};
    wn_selection s = {0};
    wn_partitioned how = {0};
    const double from = wn_now(), used = processor_s();
    wn_code code = wn_partition_select(r->x, &r->o, &p, &s, &how, err);
    if (code != WN_OK) return code;
    printf("| %s %s | %zu | %s | %zu | %zu | %.1f | %.1f | ", wn_objective_name(r->o.objective),
           wn_kernel_name(r->o.kernel.kind), parts, wn_partitioning_name(by), how.candidates, how.sampled,
           wn_now() - from, processor_s() - used);
    if (r->exact > 0)
        printf("%.1f | %.4f |\n", r->exact_s, s.objective[s.k - 1] / r->exact);
    else
        printf("not run | not known |\n");
    (void)fflush(stdout);
    wn_selection_free(&s);
    return WN_OK;
}

static wn_code run_exact(race *r, wn_err *err) {
    wn_selection s = {0};
    const double from = processor_s();
    wn_code code = wn_select(r->x, &r->o, &s, err);
    if (code != WN_OK) return code;
    r->exact_s = processor_s() - from;
    r->exact = s.objective[s.k - 1];
    wn_selection_free(&s);
    return WN_OK;
}

static wn_code run_all(race *r, int nparts, char **parts, wn_err *err) {
    static const struct {
        wn_objective objective;
        wn_kernel_kind kernel;
    } ways[] = {{WN_GRAPH_CUT, WN_RBF}, {WN_GRAPH_CUT, WN_COSINE}, {WN_FACILITY_LOCATION, WN_RBF}};
    wn_code code = WN_OK;
    const bool big = r->x->rows > EXACT_ROWS;
    for (size_t w = 0; w < (big ? 1 : sizeof ways / sizeof *ways); w++) {
        r->o.objective = ways[w].objective;
        r->o.kernel.kind = ways[w].kernel;
        r->exact = 0;
        if (!big && (code = run_exact(r, err)) != WN_OK) return code;
        for (int i = 0; i < nparts; i++)
            for (int by = 0; wn_partitioning_name((wn_partitioning)by) && (by == 0 || !big); by++)
                if ((code = run_parts(r, strtoull(parts[i], NULL, 10), (wn_partitioning)by, err)) != WN_OK) return code;
    }
    return code;
}

int main(int argc, char **argv) {
    static char *usual[] = {"4", "16", "64"};
    wn_err e = {0};
    wn_mat x = {0};
    double median = 0;
    wn_code code = WN_EUSAGE;
    wn_blas_reexec(argv);
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000, d = argc > 2 ? strtoull(argv[2], NULL, 10) : 384;
    uint32_t *label = wn_alloc(n, sizeof *label, &e);
    race r = {.x = &x, .label = label, .o = {.lambda = NAN, .seed = 1}};
    r.o.k = argc > 3 ? strtoull(argv[3], NULL, 10) : n / 100;
    if (!label || (code = synthetic(&x, label, n, d, &e)) != WN_OK) goto out;
    if ((code = wn_sim_gamma_auto(&x, 1, 10000, &r.o.kernel.gamma, &median, &e)) != WN_OK) goto out;
    printf("%zu x %zu, k = %zu, gamma %.3g, %d threads, %s kernels\n", n, d, r.o.k, r.o.kernel.gamma, wn_threads_get(),
           wn_cpu_level());
    printf("| what | parts | by | candidates | rows of the last sample | s | processor s | exact | f / exact |\n"
           "|---|---|---|---|---|---|---|---|---|\n");
    code = argc > 4 ? run_all(&r, argc - 4, argv + 4, &e) : run_all(&r, 3, usual, &e);
    printf("peak %.0f MB, of which the rows %.0f MB\n", (double)wn_mem_peak() / 1e6, 4e-6 * (double)(n * d));
out:
    if (code != WN_OK) (void)fprintf(stderr, "bench_partition: %s\n", e.msg);
    wn_mat_free(&x);
    wn_free(label);
    return code == WN_OK ? 0 : 1;
}
