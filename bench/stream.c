/* bench_stream FILE [K [ROWS [SAMPLE]]]: f of a choice from a stream beside that of the greedy and of random rows, by
 * the definition over all rows, and what a row takes; rows as they stand, and sorted by their first value, which is the
 * worst that a stream can meet short of malice. Also the maximizer threshold beside lazy. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/select.h>
#include <winnow/similarity.h>
#include <winnow/store.h>
#include <winnow/stream.h>
#include <winnow/threads.h>
#include <wn/cpu.h>

static wn_err err;

static void stop_on(wn_code code) {
    if (code == WN_OK) return;
    (void)fprintf(stderr, "bench_stream: %s\n", err.msg);
    exit(1);
}

static wn_mat read_rows(const char *path, size_t most) {
    wn_matrix_file *f = NULL;
    wn_mat x = {0};
    stop_on(wn_matrix_open(&f, path, NULL, &err));
    const size_t n = most && most < wn_matrix_rows(f) ? most : wn_matrix_rows(f);
    stop_on(wn_mat_init(&x, n, wn_matrix_cols(f), &err));
    stop_on(wn_matrix_read(f, 0, n, x.data, x.stride, &err));
    wn_matrix_close(f);
    (void)wn_mat_normalize(&x);
    return x;
}

static int by_first(const void *a, const void *b) {
    const float x = **(const float *const *)a, y = **(const float *const *)b;
    return (x > y) - (x < y);
}

static wn_mat sorted_rows(const wn_mat *x) {
    wn_mat y = {0};
    const float **row = malloc(x->rows * sizeof *row);
    if (!row) exit(1);
    stop_on(wn_mat_init(&y, x->rows, x->cols, &err));
    for (size_t i = 0; i < x->rows; i++) row[i] = wn_mat_row(x, i);
    qsort(row, x->rows, sizeof *row, by_first);
    for (size_t i = 0; i < x->rows; i++) memcpy(wn_mat_row(&y, i), row[i], x->cols * sizeof(float));
    free(row);
    return y;
}

static double value(const wn_mat *x, const wn_select_opts *o, const wn_selection *s) {
    double f = 0;
    stop_on(wn_select_evaluate(x, o, s->ids, s->k, &f, &err));
    return f;
}

static size_t sample;

static double streamed(const wn_mat *x, const wn_select_opts *o, double *rate, size_t *held) {
    const wn_streaming_opts so = {
        .objective = o->objective, .kernel = o->kernel, .k = o->k, .dims = x->cols, .sample = sample};
    wn_streaming *s = NULL;
    wn_selection out = {0};
    wn_streaming_counts counts;
    stop_on(wn_streaming_open(&s, &so, &err));
    const double start = wn_now();
    stop_on(wn_streaming_offer(s, x->data, x->stride, x->rows, &err));
    *rate = (double)x->rows / (wn_now() - start);
    stop_on(wn_streaming_finish(s, &out, &counts, &err));
    wn_streaming_close(s);
    *held = counts.held_most;
    const double f = value(x, o, &out);
    wn_selection_free(&out);
    return f;
}

static double chosen(const wn_mat *x, const wn_select_opts *o, wn_objective by, wn_maximizer how, double *seconds) {
    wn_select_opts own = *o;
    wn_selection s = {0};
    own.objective = by;
    own.maximizer = how;
    const double start = wn_now();
    stop_on(wn_select(x, &own, &s, &err));
    *seconds = wn_now() - start;
    const double f = value(x, o, &s);
    wn_selection_free(&s);
    return f;
}

int main(int argc, char **argv) {
    wn_blas_reexec(argv);
    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench_stream FILE [K [ROWS [SAMPLE]]]\n");
        return 2;
    }
    wn_mat x = read_rows(argv[1], argc > 3 ? strtoull(argv[3], NULL, 10) : 0), y = sorted_rows(&x);
    const size_t k = argc > 2 ? strtoull(argv[2], NULL, 10) : 500;
    double gamma = 0, median = 0;
    sample = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    stop_on(wn_sim_gamma_auto(&x, 1, 0, &gamma, &median, &err));
    printf("%zu rows of %zu, k %zu, gamma %.3g, epsilon %g, %d threads, %s kernels; f as a share of the greedy's\n\n"
           "| objective | stream | rows sorted | threshold | random | held | rows/s | greedy, s | threshold, s |\n"
           "|---|---|---|---|---|---|---|---|---|\n",
           x.rows, x.cols, k, gamma, WN_EPSILON, wn_threads_get(), wn_cpu_level());
    for (int o = 0; wn_objective_name((wn_objective)o); o++) {
        const bool rbf = wn_streaming_serves((wn_objective)o, WN_RBF);
        if (!rbf && !wn_streaming_serves((wn_objective)o, WN_COSINE)) continue;
        const wn_select_opts opts = {.objective = (wn_objective)o,
                                     .kernel = {rbf ? WN_RBF : WN_COSINE, gamma},
                                     .lambda = NAN,
                                     .k = k,
                                     .seed = 1};
        double rate = 0, sorted_rate = 0, seconds = 0, threshold = 0, random = 0;
        size_t held = 0, sorted_held = 0;
        const double greedy = chosen(&x, &opts, opts.objective, WN_MAXIMIZER_AUTO, &seconds);
        const double chance = chosen(&x, &opts, WN_RANDOM, WN_MAXIMIZER_AUTO, &random);
        const double near = chosen(&x, &opts, opts.objective, WN_THRESHOLD, &threshold);
        const double f = streamed(&x, &opts, &rate, &held), g = streamed(&y, &opts, &sorted_rate, &sorted_held);
        printf("| %s | %.3f | %.3f | %.4f | %.3f | %zu | %.0f | %.1f | %.1f |\n", wn_objective_name(opts.objective),
               f / greedy, g / greedy, near / greedy, chance / greedy, held, rate, seconds, threshold);
        (void)fflush(stdout);
    }
    wn_mat_free(&x);
    wn_mat_free(&y);
    return 0;
}
