/* Equal quality: doc2vec finds the second half of a film review by its first half as well as its model program does. */
#include <criterion/criterion.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <winnow/doc2vec.h>
#include <wn/text.h>

#include "doc2vec_corpus.h"

enum { REVIEWS = 2000 };

typedef struct {
    corpus half[2];
    size_t words, seen; /* of the review at hand; seen == words: counting */
    int filling;
} halves;

static wn_code take(void *ctx, const char *word, size_t n, wn_err *err) {
    halves *h = ctx;
    (void)err;
    if (!h->filling) {
        h->words++;
        return WN_OK;
    }
    char buffer[256];
    (void)snprintf(buffer, sizeof buffer, "%.*s ", (int)n, word);
    corpus_put(&h->half[h->seen++ >= h->words / 2], buffer);
    return WN_OK;
}

static void split(halves *h, char *text, wn_buf *scratch) {
    for (char *br = text; (br = strstr(br, "<br />")) != NULL;) memset(br, ' ', 6);
    h->words = h->seen = 0;
    for (h->filling = 0; h->filling < 2; h->filling++)
        cr_assert_eq(wn_text_words(text, strlen(text), scratch, take, h, &(wn_err){0}), WN_OK);
    corpus_end(&h->half[0]);
    corpus_end(&h->half[1]);
}

static void read_reviews(halves *h) {
    static char line[1 << 17];
    char path[4096];
    const char *data = getenv("WINNOW_DATA");
    wn_buf scratch = {0};
    (void)snprintf(path, sizeof path, "%s/imdb/train.jsonl.gz", data ? data : "../shared/data");
    gzFile f = gzopen(path, "rb");
    if (!f) cr_skip_test("no film reviews at %s", path);
    for (size_t i = 0; i < REVIEWS; i++) {
        cr_assert_neq(gzgets(f, line, sizeof line), NULL);
        cJSON *record = cJSON_Parse(line);
        split(h, cJSON_GetStringValue(cJSON_GetObjectItem(record, "text")), &scratch);
        cJSON_Delete(record);
    }
    (void)gzclose(f);
    wn_free(scratch.data);
}

static void normalise(const wn_mat *m) {
    for (size_t i = 0; i < m->rows; i++) {
        double s = 0.0;
        float *row = wn_mat_row(m, i);
        for (size_t k = 0; k < m->cols; k++) s += (double)row[k] * row[k];
        for (size_t k = 0; k < m->cols; k++) row[k] = (float)(row[k] / sqrt(s));
    }
}

static double mean_reciprocal_rank(const wn_mat *docs, const wn_mat *queries) {
    static float score[REVIEWS];
    double total = 0.0;
    normalise(docs);
    normalise(queries);
    for (size_t q = 0; q < REVIEWS; q++) {
        size_t rank = 0;
        for (size_t d = 0; d < REVIEWS; d++) {
            score[d] = 0.0f;
            for (size_t k = 0; k < docs->cols; k++) score[d] += wn_mat_row(docs, d)[k] * wn_mat_row(queries, q)[k];
        }
        for (size_t d = 0; d < REVIEWS; d++) rank += score[d] >= score[q];
        total += 1.0 / (double)rank;
    }
    return total / REVIEWS;
}

static double retrieve(const halves *h, wn_doc2vec_mode mode, uint64_t seed) {
    wn_texts first = corpus_texts(&h->half[0]), second = corpus_texts(&h->half[1]);
    wn_doc2vec_opts o = wn_doc2vec_defaults();
    wn_doc2vec *m = NULL;
    wn_mat docs = {0}, queries = {0};
    o.mode = mode, o.min_count = 2, o.epochs = 20, o.seed = seed;
    cr_assert_eq(wn_doc2vec_train(&m, &first, &o, &docs, NULL, &(wn_err){0}), WN_OK);
    cr_assert_eq(wn_doc2vec_infer(m, &second, 0, &queries, NULL, NULL, &(wn_err){0}), WN_OK);
    double mrr = mean_reciprocal_rank(&docs, &queries);
    wn_mat_free(&docs);
    wn_mat_free(&queries);
    wn_doc2vec_free(m);
    return mrr;
}

Test(doc2vec_retrieval, halves_of_reviews_find_each_other, .timeout = 600) {
    static halves h;
    double dbow = 0.0, dm = 0.0;
    h.half[0] = corpus_new(REVIEWS), h.half[1] = corpus_new(REVIEWS);
    read_reviews(&h);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        dbow += retrieve(&h, WN_DBOW, seed) / 3.0;
        dm += retrieve(&h, WN_DM_MEAN, seed) / 3.0;
    }
    cr_assert_geq(dbow, 0.150, "DBOW: mean reciprocal rank %.4f", dbow);
    cr_assert_geq(dm, 0.066, "DM: mean reciprocal rank %.4f", dm);
    corpus_free(&h.half[0]);
    corpus_free(&h.half[1]);
}
