/* bench_target [ROWS [COLUMNS [QUERIES]]]: rds and tsds over unit rows around 10,000 centres, 1% and 10% of the rows.
 * Prints seconds beside one pass of the rows over the queries, which keeps each row's nearest; the peak of memory
 * beside that of the rows alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <winnow/mem.h>
#include <winnow/select.h>
#include <winnow/threads.h>
#include <wn/cpu.h>
#include <wn/nearest.h>
#include <wn/rng.h>

enum { CENTRES = 10000 };

static void draw(wn_mat *x, uint64_t stream) {
    wn_rng r = wn_rng_init(1, stream);
    for (size_t i = 0; i < x->rows; i++) {
        float *row = wn_mat_row(x, i);
        double norm = 0;
        wn_rng centre = wn_rng_init(2, wn_rng_below(&r, CENTRES));
        for (size_t j = 0; j < x->cols; j++) {
            row[j] = (float)(wn_rng_uniform(&centre) - .5 + wn_rng_uniform(&r) - .5);
            norm += (double)row[j] * (double)row[j];
        }
        for (size_t j = 0; j < x->cols; j++) row[j] = (float)((double)row[j] / sqrt(norm));
    }
}

/* Seconds of one pass; negative where it fails. */
static double time_pass(const wn_mat *x, const wn_mat *q, wn_err *e) {
    const wn_some_rows all = {.m = x, .n = x->rows}, to = {.m = q, .n = q->rows};
    size_t *nearest = wn_alloc(x->rows, sizeof *nearest, e);
    float *sim = wn_alloc(x->rows, sizeof *sim, e);
    const double from = wn_now();
    const wn_code code = nearest && sim ? wn_nearest(&all, &to, nearest, sim, "queries", NULL, e) : WN_EMEMORY;
    const double took = wn_now() - from;
    wn_free(nearest);
    wn_free(sim);
    return code == WN_OK ? took : -1;
}

int main(int argc, char **argv) {
    static const wn_objective methods[] = {WN_RDS, WN_TSDS};
    static const double shares[] = {.01, .1};
    wn_err e = {0};
    wn_mat x = {0}, q = {0};
    wn_selection s = {0};
    const size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, d = argc > 2 ? strtoull(argv[2], NULL, 10) : 256;
    const size_t queries = argc > 3 ? strtoull(argv[3], NULL, 10) : 500;
    wn_code code = wn_mat_init(&x, n, d, &e);
    if (code == WN_OK) code = wn_mat_init(&q, queries, d, &e);
    if (code == WN_OK) draw(&x, 1), draw(&q, 2);
    printf("toward %zu queries, %zu x %zu, %d threads, %s kernels\n| method | k | s | one pass s | ratio | peak / (4 n "
           "d bytes) |\n|---|---|---|---|---|---|\n", queries, n, d, wn_threads_get(), wn_cpu_level());
    for (size_t i = 0; i < 4 && code == WN_OK; i++) {
        const wn_select_opts o = {.objective = methods[i / 2], .kernel.kind = WN_COSINE, .query = &q, .alpha = .5,
                                  .k = (size_t)((double)n * shares[i % 2])};
        const double pass = time_pass(&x, &q, &e), from = wn_now();
        if ((code = pass < 0 ? WN_EMEMORY : wn_select(&x, &o, &s, &e)) != WN_OK) break;
        const double took = wn_now() - from;
        printf("| %s | %zu | %.1f | %.1f | %.1f | %.2f |\n", wn_objective_name(o.objective), o.k, took, pass,
               took / pass, (double)wn_mem_peak() / (4.0 * (double)n * (double)d));
        (void)fflush(stdout);
        wn_selection_free(&s);
    }
    if (code != WN_OK) (void)fprintf(stderr, "bench_target: %s\n", e.msg);
    wn_mat_free(&x);
    wn_mat_free(&q);
    return code != WN_OK;
}
