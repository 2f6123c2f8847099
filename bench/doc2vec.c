/* Trains doc2vec on a file of one text a line and prints the seconds it took, reading words included.
 * With a second file, of texts in the same order, it infers them and prints the mean reciprocal rank of the right text
 * by cosine. usage: bench_doc2vec dbow|dm THREADS SEED EPOCHS TEXTS [QUERIES [WORKERS ROUND]] */
#include "embed/doc2vec/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winnow/mem.h>
#include <winnow/threads.h>

static char *read_all(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t cap = 0;
    *n = 0;
    if (!f) return NULL;
    for (size_t got = 1; got > 0; *n += got) {
        if (wn_reserve((void **)&text, &cap, *n + (1 << 20), 1, &(wn_err){0}) != WN_OK) break;
        got = fread(text + *n, 1, 1 << 20, f);
    }
    (void)fclose(f);
    return text;
}

/* The lines of the file; both pointers are the caller's to free. */
static int read_lines(const char *path, wn_texts *t, char **text, unsigned long long **off) {
    size_t n = 0, lines = 0;
    *text = read_all(path, &n);
    if (!*text) return -1;
    for (size_t i = 0; i < n; i++) lines += (*text)[i] == '\n';
    *off = wn_alloc(lines + 1, sizeof **off, &(wn_err){0});
    if (!*off) return -1;
    for (size_t i = 0, line = 0; i < n; i++)
        if ((*text)[i] == '\n') (*off)[++line] = i + 1;
    *t = (wn_texts){.base = *text, .off = *off, .n = lines};
    return 0;
}

static double cosine(const float *a, const float *b, size_t n) {
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (size_t i = 0; i < n; i++) ab += (double)a[i] * b[i], aa += (double)a[i] * a[i], bb += (double)b[i] * b[i];
    return aa > 0.0 && bb > 0.0 ? ab / sqrt(aa * bb) : 0.0;
}

static double mean_reciprocal_rank(const wn_mat *docs, const wn_mat *queries) {
    double total = 0.0;
    for (size_t q = 0; q < queries->rows; q++) {
        double right = cosine(wn_mat_row(queries, q), wn_mat_row(docs, q), docs->cols);
        size_t rank = 1;
        for (size_t d = 0; d < docs->rows; d++)
            rank += d != q && cosine(wn_mat_row(queries, q), wn_mat_row(docs, d), docs->cols) >= right;
        total += 1.0 / (double)rank;
    }
    return queries->rows ? total / (double)queries->rows : 0.0;
}

int main(int argc, char **argv) {
    if (argc < 6) {
        (void)fprintf(stderr, "usage: %s dbow|dm THREADS SEED EPOCHS TEXTS [QUERIES [WORKERS ROUND]]\n", argv[0]);
        return 2;
    }
    wn_doc2vec_opts o = wn_doc2vec_defaults();
    o.mode = strcmp(argv[1], "dbow") == 0 ? WN_DBOW : WN_DM_MEAN;
    o.min_count = 2;
    o.seed = strtoull(argv[3], NULL, 10);
    o.epochs = strtoull(argv[4], NULL, 10);
    wn_d2v_plan plan = {0};
    if (argc > 8)
        plan = (wn_d2v_plan){.workers = strtoull(argv[7], NULL, 10),
                             .round = strtoull(argv[8], NULL, 10),
                             .pool = argc > 9 ? strtoull(argv[9], NULL, 10) : 0};
    wn_threads_set((int)strtol(argv[2], NULL, 10));
    wn_texts texts = {0};
    char *bytes = NULL;
    unsigned long long *off = NULL;
    wn_doc2vec *model = NULL;
    wn_mat docs = {0}, vectors = {0};
    wn_err err = {0};
    int status = 1;
    if (read_lines(argv[5], &texts, &bytes, &off) != 0) goto out;
    double begin = wn_now();
    if (wn_d2v_train(&model, &texts, &o, plan, &docs, NULL, &err) != WN_OK) goto out;
    (void)printf("seconds %.4f words %zu", wn_now() - begin, wn_doc2vec_words(model));
    if (argc > 6) {
        wn_free(bytes);
        wn_free(off);
        bytes = NULL, off = NULL;
        if (read_lines(argv[6], &texts, &bytes, &off) != 0) goto out;
        begin = wn_now();
        if (wn_doc2vec_infer(model, &texts, 0, &vectors, NULL, NULL, &err) != WN_OK) goto out;
        (void)printf(" infer_seconds %.4f", wn_now() - begin);
        (void)printf(" mrr %.4f", mean_reciprocal_rank(&docs, &vectors));
    }
    (void)printf("\n");
    status = 0;
out:
    if (status) (void)fprintf(stderr, "%s: %s\n", argv[0], err.msg[0] ? err.msg : "cannot read the input");
    wn_free(bytes);
    wn_free(off);
    wn_mat_free(&docs);
    wn_mat_free(&vectors);
    wn_doc2vec_free(model);
    return status;
}
