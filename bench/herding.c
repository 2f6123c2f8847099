/* bench_herding [ROWS [COLUMNS]]: class herding over random unit rows around the means of their classes, 100 and 2
 * classes, 1% and 10% of the rows. Prints seconds, and the peak of memory beside that of the rows alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <winnow/mem.h>
#include <winnow/select.h>
#include <winnow/threads.h>
#include <wn/cpu.h>
#include <wn/rng.h>

/* Row i of class label[i]: sizes fall as 1/sqrt. */
static void draw(wn_mat *x, uint32_t *label, size_t classes) {
    wn_rng r = wn_rng_init(1, classes);
    for (size_t i = 0; i < x->rows; i++) {
        const double u = wn_rng_uniform(&r);
        float *row = wn_mat_row(x, i);
        double norm = 0;
        label[i] = (uint32_t)(u * u * (double)classes);
        wn_rng centre = wn_rng_init(2, label[i]);
        for (size_t j = 0; j < x->cols; j++) {
            row[j] = (float)(wn_rng_normal(&centre) + 2 * (double)((float)wn_rng_uniform(&r) - .5f) * 3);
            norm += (double)row[j] * (double)row[j];
        }
        for (size_t j = 0; j < x->cols; j++) row[j] = (float)((double)row[j] / sqrt(norm));
    }
}

int main(int argc, char **argv) {
    static const size_t kinds[] = {100, 2};
    static const double shares[] = {.01, .1};
    wn_err e = {0};
    wn_mat x = {0};
    wn_selection s = {0};
    wn_blas_reexec(argv);
    const size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, d = argc > 2 ? strtoull(argv[2], NULL, 10) : 256;
    uint32_t *label = wn_alloc(n, sizeof *label, &e);
    wn_code code = label ? wn_mat_init(&x, n, d, &e) : WN_EMEMORY;
    printf("class herding, %zu x %zu, %d threads, %s kernels\n| classes | k | s | peak / (4 n d bytes) |\n|---|---|---|"
           "---|\n", n, d, wn_threads_get(), wn_cpu_level());
    for (size_t i = 0; i < 2 && code == WN_OK; i++) {
        double push[100];
        draw(&x, label, kinds[i]);
        for (size_t c = 0; c < kinds[i]; c++) push[c] = .25;
        for (size_t j = 0; j < 2 && code == WN_OK; j++) {
            const wn_select_opts o = {.objective = WN_CLASS_HERDING, .kernel.kind = WN_COSINE, .label = label,
                                      .classes = kinds[i], .quota_power = .5, .push = push,
                                      .k = (size_t)((double)n * shares[j])};
            const double from = wn_now();
            if ((code = wn_select(&x, &o, &s, &e)) != WN_OK) break;
            printf("| %zu | %zu | %.1f | %.2f |\n", kinds[i], o.k, wn_now() - from,
                   (double)wn_mem_peak() / (4.0 * (double)n * (double)d));
            (void)fflush(stdout);
            wn_selection_free(&s);
        }
    }
    if (code != WN_OK) (void)fprintf(stderr, "bench_herding: %s\n", e.msg);
    wn_mat_free(&x);
    wn_free(label);
    return code != WN_OK;
}
