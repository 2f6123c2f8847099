/* lsa_driver TEXTS FEATURES DIMS MIN_DF SAMPLE ENCODER VECTORS: fits LSA to a file of one text a line, saves the
 * encoder and writes the vectors [n, DIMS] as raw f32. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    if (argc != 8) return 2;
    char *data = slurp(argv[1], &bytes);
    unsigned long long *off = calloc(bytes + 1, sizeof *off);
    if (!data || !off) return 1;
    for (size_t i = 0; i < bytes; i++)
        if (data[i] == '\n') off[++n] = i + 1;
    wn_texts texts = {.base = data, .off = off, .n = n};
    wn_lsa_opts o = wn_lsa_defaults();
    o.features = strcmp(argv[2], "words-only") == 0 ? WN_LSA_WORDS : WN_LSA_WORDS_CHARS;
    o.dims = strtoul(argv[3], NULL, 10);
    o.min_df = strtoul(argv[4], NULL, 10);
    o.sample = strtoul(argv[5], NULL, 10);
    int failed = wn_lsa_fit(&model, &texts, &o, &x, NULL, NULL, &err) || wn_lsa_save(model, argv[6], 1, &err);
    FILE *f = failed ? NULL : fopen(argv[7], "wb");
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
