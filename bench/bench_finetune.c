/* Steps of fine-tuning: bench_finetune MODEL IDS BATCH STEPS [shared]. A line of the file IDS is a text's ids; step s
 * has the s-th BATCH of them, and step 0 is not counted. Prints a line: milliseconds of a step, samples a second, what
 * the products of the linear layers come to in GFLOP/s, the peak of memory in MB, the last loss. `shared`: processor
 * time by threads, where others use the machine too. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/gemm.h>
#include <wn/train.h>

static double seconds(bool shared) {
    struct timespec t;
    (void)clock_gettime(shared ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return ((double)t.tv_sec + 1e-9 * (double)t.tv_nsec) / (shared ? wn_threads_get() : 1);
}

/* Of the linear layers, forth and back, per token. */
static double flops_a_token(const wn_model_config *c) {
    const double h = (double)c->hidden, wide = (double)c->intermediate;
    return 3 * 2 * (double)c->layers * (4 * h * h + 2 * h * wide);
}

/* GFLOP/s of a product in the first-level caches of all threads. */
static void product_task(void *ctx, size_t begin, size_t end, int worker) {
    enum { M = 42, K = 512, N = 128, TIMES = 400 };
    static float c[WN_THREADS_MAX][M * N];
    const wn_packed *b = ctx;
    static float a[M * K];
    (void)begin, (void)end;
    for (size_t i = 0; i < TIMES; i++) wn_gemm_packed(a, K, M, b, c[worker], N, 0);
}

static int print_rate(bool shared) {
    enum { M = 42, K = 512, N = 128, TIMES = 400 };
    static float rows[N * K];
    wn_err e;
    wn_packed b;
    double best = 1e9;
    const int threads = wn_threads_get();
    if (wn_packed_init(&b, rows, K, N, K, &e) != WN_OK) return 1;
    for (int round = 0; round < 5; round++) {
        const double start = seconds(shared);
        wn_parallel_for((size_t)threads, 1, product_task, &b);
        best = fmin(best, seconds(shared) - start);
    }
    (void)printf("%.1f\n", 2.0 * M * K * N * TIMES * threads / best * 1e-9);
    wn_packed_free(&b);
    return 0;
}

/* `bench_finetune rate [shared]`: what products reach; `bench_finetune MODEL`: its folder. */
static int print_about(const char *what, bool shared) {
    wn_err e;
    char *dir;
    if (strcmp(what, "rate") == 0) return print_rate(shared);
    if (wn_model_find(&dir, what, &e) != WN_OK) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    (void)printf("%s\n", dir);
    wn_free(dir);
    return 0;
}

enum { CLASSES = 2 };

typedef struct {
    uint32_t *ids;
    size_t *offsets, n; /* [n + 1] */
} texts;

static int read_ids(texts *t, const char *path, size_t n, wn_err *e) {
    char *line = NULL;
    size_t room = 0, at = 0, most = n * 512;
    FILE *f = fopen(path, "re");
    *t = (texts){.ids = wn_alloc(most, sizeof *t->ids, e), .offsets = wn_alloc(n + 1, sizeof *t->offsets, e)};
    if (!f || !t->ids || !t->offsets) return 1;
    for (t->offsets[0] = 0; t->n < n && getline(&line, &room, f) > 0; t->offsets[++t->n] = at) {
        char *end = line;
        for (unsigned long id; at < most && (id = strtoul(end, &end, 10));) t->ids[at++] = (uint32_t)id;
    }
    free(line);
    (void)fclose(f);
    return t->n < n;
}

/* One step; its loss in *loss. Every text is of the second class. */
static int train_step(wn_trainee *t, wn_adamw *s, const wn_token_batch *b, uint64_t step, float *out, float *d,
                      double *loss, wn_err *e) {
    if (wn_trainee_forward(t, b, step, true, out, e) != WN_OK) return 1;
    *loss = 0;
    for (size_t i = 0; i < b->n; i++) {
        const float p = 1 / (1 + expf(out[2 * i] - out[2 * i + 1]));
        *loss -= log((double)p) / (double)b->n;
        d[2 * i] = (1 - p) / (float)b->n;
        d[2 * i + 1] = -(1 - p) / (float)b->n;
    }
    wn_trainee_backward(t, d);
    const double norm = wn_params_grad_norm(wn_trainee_params(t));
    wn_adamw_step(s, wn_trainee_params(t), 2e-5, fmin(1, 1 / (norm + 1e-6)));
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 || argc == 3) return print_about(argv[1], argc > 2);
    if (argc < 5) return 2;
    const size_t n = (size_t)atol(argv[3]), steps = (size_t)atol(argv[4]) + 1;
    const bool shared = argc > 5;
    wn_err e = {0};
    char *dir = NULL;
    wn_trainee *t = NULL;
    wn_adamw *s = NULL;
    texts all;
    float *out = wn_alloc(n, CLASSES * sizeof *out, &e), *d = wn_alloc(n, CLASSES * sizeof *d, &e);
    const wn_trainee_opts o = {.head = WN_HEAD_CLASSIFY, .outputs = CLASSES, .dropout = NAN, .seed = 1};
    const wn_adamw_opts a = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01};
    if (!out || !d || read_ids(&all, argv[2], n * steps, &e) || wn_model_find(&dir, argv[1], &e) != WN_OK ||
        wn_trainee_open(&t, dir, &o, &e) != WN_OK || wn_adamw_open(&s, wn_trainee_params(t), &a, &e) != WN_OK) {
        (void)fprintf(stderr, "%s: %s\n", argv[2], e.msg[0] ? e.msg : "too few texts");
        return 1;
    }
    double took = 0, loss = 0;
    for (size_t step = 0; step < steps; step++) {
        const wn_token_batch b = {.ids = all.ids, .offsets = all.offsets + step * n, .n = n};
        const double start = seconds(shared);
        if (train_step(t, s, &b, step, out, d, &loss, &e)) return 1;
        if (step) took += seconds(shared) - start;
    }
    const double tokens = (double)(all.offsets[n * steps] - all.offsets[n]);
    (void)printf("%.1f %.2f %.1f %.0f %.6f\n", took / (double)(steps - 1) * 1e3, (double)(n * (steps - 1)) / took,
                 flops_a_token(wn_trainee_config(t)) * tokens / took * 1e-9, (double)wn_mem_peak() / 1e6, loss);
    wn_adamw_close(s);
    wn_trainee_close(t);
    wn_free(dir), wn_free(all.ids), wn_free(all.offsets), wn_free(out), wn_free(d);
    return 0;
}
