/* Reads text records, makes vectors of them and prints the k lines that stand best for all:
 *
 *     cc choose.c $(pkg-config --cflags --libs winnow) -o choose
 *     ./choose reviews.jsonl 10
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <winnow/winnow.h>

int main(int argc, char **argv) {
    wn_err err = {0};
    wn_corpus corpus = {0};
    wn_lsa *model = NULL;
    wn_mat x = {0};
    wn_selection chosen = {0};
    const wn_lsa_opts lsa = wn_lsa_defaults();
    wn_select_opts select = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .lambda = NAN};
    if (argc != 3) return fprintf(stderr, "usage: choose RECORDS K\n"), 2;

    const char *paths[] = {argv[1]};
    const wn_records_opts records = {.paths = paths, .npaths = 1};
    if (wn_corpus_read(&corpus, &records, NULL, &err) != WN_OK) goto out;
    if (wn_lsa_fit(&model, &corpus.texts, &lsa, &x, NULL, NULL, &err) != WN_OK) goto out;
    select.k = strtoul(argv[2], NULL, 10);
    if (wn_select(&x, &select, &chosen, &err) != WN_OK) goto out;
    for (size_t i = 0; i < chosen.k; i++)
        printf("%zu %llu %.4f\n", i + 1, (unsigned long long)corpus.line[chosen.ids[i]], chosen.gain[i]);
out:
    if (err.code != WN_OK) fprintf(stderr, "choose: %s\n", err.msg);
    wn_selection_free(&chosen);
    wn_mat_free(&x);
    wn_lsa_free(model);
    wn_corpus_free(&corpus);
    return err.code;
}
