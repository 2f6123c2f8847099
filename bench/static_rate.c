/* Tokens a second of one core with a static table: bench_static_rate FOLDER TEXTS ROUNDS; a text a line. Prints "tokens
 * N seconds S tokenizing T", processor time of the fastest round, and of tokenizing alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winnow/mem.h>
#include <winnow/static.h>
#include <winnow/threads.h>
#include <winnow/tokenizer.h>

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The whole file and where its lines begin, ends of line left out of the texts. */
static int read_lines(const char *path, char **data, unsigned long long **off, size_t *n) {
    FILE *f = fopen(path, "rb");
    size_t cap = 0, size = 0, got;
    if (!f) return 1;
    do {
        char *grown = realloc(*data, cap += 1 << 20);
        if (!grown) return 1;
        *data = grown;
        size += got = fread(*data + size, 1, cap - size, f);
    } while (got);
    (void)fclose(f);
    if (!(*off = malloc((size + 2) * sizeof **off))) return 1;
    size_t kept = 0;
    (*off)[0] = 0;
    for (size_t i = 0; i < size; i++) {
        if ((*data)[i] == '\n')
            (*off)[++*n] = kept;
        else
            (*data)[kept++] = (*data)[i];
    }
    return 0;
}

static int encode(const wn_static *s, const wn_texts *all, size_t *tokens, wn_err *e) {
    enum { BLOCK = 4096 };
    wn_static_counts counts = {0};
    for (size_t at = 0; at < all->n; at += BLOCK) {
        const wn_texts block = {all->base, all->off + at, all->n - at < BLOCK ? all->n - at : BLOCK};
        wn_mat x = {0};
        if (wn_static_encode(s, &block, &x, &counts, e)) return 1;
        wn_mat_free(&x);
    }
    *tokens = counts.tokens;
    return 0;
}

static int tokenize(const wn_tok *t, const wn_texts *all, wn_err *e) {
    wn_ids ids = {0};
    for (size_t i = 0; i < all->n; i++) {
        const size_t n = (size_t)(all->off[i + 1] - all->off[i]);
        if (wn_tok_encode(t, all->base + all->off[i], n, NULL, 0, 0, &ids, e)) return 1;
    }
    wn_ids_free(&ids);
    return 0;
}

int main(int argc, char **argv) {
    char *data = NULL;
    unsigned long long *off = NULL;
    size_t n = 0, tokens = 0;
    wn_static *s;
    wn_tok *t;
    wn_err e = {0};
    if (argc != 4 || read_lines(argv[2], &data, &off, &n)) {
        (void)fprintf(stderr, "usage: bench_static_rate FOLDER TEXTS ROUNDS\n");
        return 2;
    }
    if (wn_static_open(&s, argv[1], NULL, &e) || wn_tok_open(&t, argv[1], &e)) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    const wn_texts all = {data, off, n};
    double best[2] = {1e30, 1e30};
    wn_threads_set(1);
    for (long r = 0; r < strtol(argv[3], NULL, 10); r++) {
        double start = now(), middle, end;
        if (encode(s, &all, &tokens, &e)) return 1;
        middle = now();
        if (tokenize(t, &all, &e)) return 1;
        end = now();
        if (middle - start < best[0]) best[0] = middle - start;
        if (end - middle < best[1]) best[1] = end - middle;
    }
    (void)printf("tokens %zu seconds %.6f tokenizing %.6f\n", tokens, best[0], best[1]);
    wn_tok_close(t);
    wn_static_close(s);
    free(data);
    free(off);
    return 0;
}
