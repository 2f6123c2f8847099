#ifndef WINNOW_BENCH_RATE_H
#define WINNOW_BENCH_RATE_H
/* What benchmarks of selection share: rows that are made, and the rate of the bare product. */
#include <math.h>
#include <time.h>
#include <winnow/data.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/gemm.h>
#include <wn/rng.h>

/* n unit rows: 600 centres of falling size, noise as wide as the centres are apart. */
static wn_code synthetic(wn_mat *x, size_t n, size_t d, wn_err *err) {
    enum { CENTRES = 600 };
    wn_rng r = wn_rng_init(1, 0);
    wn_code code = WN_EMEMORY;
    float *centres = wn_alloc(CENTRES, d * sizeof *centres, err);
    if (!centres) goto out;
    if ((code = wn_mat_init(x, n, d, err)) != WN_OK) goto out;
    for (size_t i = 0; i < CENTRES * d; i++) centres[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < n; i++) {
        double u = wn_rng_uniform(&r), norm = 0;
        const float *c = centres + (size_t)(u * u * CENTRES) * d;
        float *row = wn_mat_row(x, i);
        for (size_t j = 0; j < d; j++) {
            row[j] = c[j] + (float)wn_rng_normal(&r);
            norm += (double)row[j] * (double)row[j];
        }
        for (size_t j = 0; j < d; j++) row[j] = (float)((double)row[j] / sqrt(norm));
    }
out:
    wn_free(centres);
    return code;
}

/* Seconds of all processors that this process has used: beside other work they say more than those of the clock. */
static double processor_s(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

enum { SIDE = 1024, DEPTH = 128, ROUNDS = 64 };

typedef struct {
    const float *a;
    const wn_packed *b;
    float *c;
} product;

static void multiply(void *ctx, size_t begin, size_t end, int worker) {
    const product *p = ctx;
    for (size_t i = begin; i < end; i++)
        wn_gemm_packed(p->a, DEPTH, SIDE, p->b, p->c + (size_t)worker * SIDE * SIDE, SIDE, 0);
}

/* FLOP/s of the f32 product on all threads, best of five; *processor: per second of processors, may be NULL. */
static double product_rate(double *processor, wn_err *err) {
    float *a = wn_alloc(SIDE, DEPTH * sizeof *a, err);
    float *c = wn_alloc((size_t)wn_threads_get(), SIDE * SIDE * sizeof *c, err);
    wn_packed b = {0};
    double best = INFINITY, least = INFINITY;
    if (a && c && wn_packed_init(&b, a, DEPTH, SIDE, DEPTH, err) == WN_OK) {
        for (int round = 0; round < 5; round++) {
            double from = wn_now(), used = processor_s();
            wn_parallel_for(ROUNDS, 1, multiply, &(product){a, &b, c});
            best = fmin(best, wn_now() - from);
            least = fmin(least, processor_s() - used);
        }
    }
    wn_packed_free(&b);
    wn_free(c);
    wn_free(a);
    const double flops = 2.0 * SIDE * SIDE * DEPTH * ROUNDS;
    if (processor) *processor = flops / least;
    return flops / best;
}

#endif
