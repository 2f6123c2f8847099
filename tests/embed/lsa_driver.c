/* lsa_driver TEXTS DIMS MIN_DF ITERATIONS ENCODER VECTORS: fits LSA to a file of one text a line, saves the encoder and
 * writes the vectors [n, DIMS] as raw f32. */
#include <stdio.h>
#include <stdlib.h>
#include <winnow/lsa.h>

static char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t cap = 1 << 26;
    char *data = malloc(cap);
    *n = data ? fread(data, 1, cap, f) : 0;
    (void)fclose(f);
    return data;
}

int main(int argc, char **argv) {
    wn_err err = {0};
    wn_lsa *model = NULL;
    wn_mat x = {0};
    size_t bytes = 0, n = 0;
    if (argc != 7) return 2;
    char *data = slurp(argv[1], &bytes);
    unsigned long long *off = calloc(bytes + 1, sizeof *off);
    if (!data || !off) return 1;
    for (size_t i = 0; i < bytes; i++)
        if (data[i] == '\n') off[++n] = i + 1;
    wn_texts texts = {.base = data, .off = off, .n = n};
    wn_lsa_opts o = wn_lsa_defaults();
    o.dims = strtoul(argv[2], NULL, 10);
    o.min_df = strtoul(argv[3], NULL, 10);
    o.iterations = strtoul(argv[4], NULL, 10);
    int failed = wn_lsa_fit(&model, &texts, &o, &x, NULL, NULL, &err) || wn_lsa_save(model, argv[5], 1, &err);
    FILE *f = failed ? NULL : fopen(argv[6], "wb");
    for (size_t i = 0; f && i < x.rows; i++)
        failed |= fwrite(wn_mat_row(&x, i), sizeof(float), x.cols, f) != x.cols;
    if (!f || fclose(f) != 0) failed = 1;
    if (failed) (void)fprintf(stderr, "lsa_driver: %s\n", err.msg);
    wn_lsa_free(model);
    wn_mat_free(&x);
    free(off);
    free(data);
    return failed;
}
