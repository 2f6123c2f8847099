/* bench_lsa FILE [OUT.npy [DIMS [ITERATIONS [THREADS [FEATURES]]]]]: LSA of a text file, one text a line, with the
 * seconds of each stage. OUT.npy gets the vectors [n, DIMS] as float32. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/cpu.h>
#include <winnow/lsa.h>
#include <winnow/progress.h>
#include <winnow/threads.h>

typedef struct {
    wn_progress base;
    const char *stage;
    double since, start;
} clock_sink;

static void stage(wn_progress *self, const char *name, const char *unit, size_t done, size_t total) {
    clock_sink *c = (clock_sink *)self;
    (void)unit;
    (void)done;
    (void)total;
    if (c->stage && strcmp(c->stage, name) == 0) return;
    double now = wn_now();
    if (c->stage) printf("%-16s %.3f s\n", c->stage, now - c->since);
    c->stage = name;
    c->since = now;
}

static char *read_file(const char *path, size_t *n) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) return NULL;
    char *data = malloc((size_t)st.st_size + 1);
    *n = 0;
    while (data && *n < (size_t)st.st_size) {
        ssize_t r = read(fd, data + *n, (size_t)st.st_size - *n);
        if (r <= 0) break;
        *n += (size_t)r;
    }
    (void)close(fd);
    return data;
}

static int write_npy(const char *path, const wn_mat *x) {
    char head[128];
    FILE *f = fopen(path, "wb");
    if (!f) return 1;
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    int len = snprintf(head + 10, sizeof head - 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }",
                       x->rows, x->cols);
    head[10 + len] = ' ';
    head[127] = '\n';
    int bad = fwrite(head, 1, sizeof head, f) != sizeof head;
    for (size_t i = 0; i < x->rows; i++) bad |= fwrite(wn_mat_row(x, i), sizeof(float), x->cols, f) != x->cols;
    return fclose(f) != 0 || bad;
}

int main(int argc, char **argv) {
    wn_err err = {0};
    wn_lsa *model = NULL;
    wn_mat x = {0};
    size_t n = 0, bytes = 0, nzero = 0;
    clock_sink sink = {.base.report = stage};
    if (argc < 2) return 2;
    wn_blas_reexec(argv);
    double start = wn_now();
    char *data = read_file(argv[1], &bytes);
    if (!data) return 1;
    for (size_t i = 0; i < bytes; i++) n += data[i] == '\n';
    unsigned long long *off = malloc((n + 1) * sizeof *off);
    if (!off) return 1;
    off[0] = 0;
    for (size_t i = 0, k = 0; i < bytes; i++)
        if (data[i] == '\n') off[++k] = i + 1;
    wn_texts texts = {.base = data, .off = off, .n = n};
    wn_lsa_opts o = wn_lsa_defaults();
    if (argc > 3) o.dims = strtoul(argv[3], NULL, 10);
    if (argc > 4) o.iterations = strtoul(argv[4], NULL, 10);
    if (argc > 5) wn_threads_set((int)strtol(argv[5], NULL, 10));
    if (argc > 6) o.features = strcmp(argv[6], "words-only") == 0 ? WN_LSA_WORDS : WN_LSA_WORDS_CHARS;
    if (wn_lsa_fit(&model, &texts, &o, &x, &nzero, &sink.base, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    stage(&sink.base, "done", "", 0, 0);
    printf("%zu texts, %zu words, %zu dimensions, %zu zero rows, %.3f s, %.0f MB at the peak\n", n,
           wn_lsa_words(model), x.cols, nzero, wn_now() - start, (double)wn_mem_peak() / 1e6);
    int bad = argc > 2 && argv[2][0] ? write_npy(argv[2], &x) : 0;
    wn_lsa_free(model);
    wn_mat_free(&x);
    free(off);
    free(data);
    return bad;
}
