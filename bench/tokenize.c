/* Tokens a second of one thread: bench_tokenize MODEL_FOLDER TEXTS ROUNDS; a text a line. Prints "tokens N seconds S
 * checksum C". */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winnow/tokenizer.h>

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        (void)fprintf(stderr, "usage: bench_tokenize MODEL_FOLDER TEXTS ROUNDS\n");
        return 2;
    }
    FILE *f = fopen(argv[2], "rb");
    char *data = NULL;
    size_t cap = 0, size = 0, got;
    if (!f) return 1;
    do {
        char *grown = realloc(data, cap += 1 << 20);
        if (!grown) return 1;
        data = grown;
        size += got = fread(data + size, 1, cap - size, f);
    } while (got);
    (void)fclose(f);
    wn_tok *t;
    wn_err e;
    if (wn_tok_open(&t, argv[1], &e)) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    double best = 1e30;
    size_t tokens = 0;
    uint64_t sum = 0;
    wn_ids ids = {0};
    for (long r = 0; r < strtol(argv[3], NULL, 10); r++) {
        tokens = sum = 0;
        double start = now();
        for (const char *p = data, *end = data + size; p < end;) {
            const char *stop = memchr(p, '\n', (size_t)(end - p));
            if (!stop) stop = end;
            if (wn_tok_encode(t, p, (size_t)(stop - p), NULL, 0, 0, &ids, &e)) return 1;
            tokens += ids.n;
            for (size_t i = 0; i < ids.n; i++) sum += ids.ids[i];
            p = stop + 1;
        }
        double took = now() - start;
        if (took < best) best = took;
    }
    (void)printf("tokens %zu seconds %.6f checksum %llu\n", tokens, best, (unsigned long long)sum);
    wn_ids_free(&ids);
    wn_tok_close(t);
    free(data);
    return 0;
}
