/* Static token tables: vectors against sums in double, as model2vec and as sentence-transformers count tokens; files
 * that are wrong. */
#include "embed/static_own.h"

#include <winnow/threads.h>

TestSuite(static_table, .init = own_begin, .fini = own_end, .timeout = 60);

static wn_static *opened(const wn_static_opts *o) {
    wn_static *s = NULL;
    wn_err err = {0};
    cr_assert_eq(wn_static_open(&s, own, o, &err), WN_OK, "%s", err.msg);
    return s;
}

static void vectors_are(const own_text *t, size_t n, const int *row, const double *weight, size_t zero, size_t cut) {
    wn_static *s = opened(NULL);
    wn_static_counts counts = {0};
    wn_mat x = {0};
    wn_err err = {0};
    size_t tokens = 0;
    cr_assert_eq(own_encode(s, t, n, &x, &counts, &err), WN_OK, "%s", err.msg);
    cr_assert(x.rows == n && x.cols == OWN_DIMS);
    own_compare(t, n, row, weight, &x);
    for (size_t i = 0; i < n; i++) tokens += t[i].n;
    cr_expect_eq(counts.tokens, tokens);
    cr_expect_eq(counts.zero, zero, "%zu zero vectors", counts.zero);
    cr_expect_eq(counts.truncated, cut, "%zu texts cut", counts.truncated);
    wn_mat_free(&x);
    wn_static_close(s);
}

Test(static_table, a_vector_is_the_mean_of_known_tokens_as_in_model2vec) {
    const own_text t[] = {{"red", 1, {2}},
                          {"Red birds, a stone", 6, {2, 3, 4, 5, 6, 7}},
                          {"a a a red", 4, {6, 6, 6, 2}},
                          {"what bird", 1, {3}},
                          {"[UNK] red [PAD]", 1, {2}},
                          {"", 0, {0}},
                          {"what", 0, {0}}};
    own_model2vec("{\"model_type\": \"model2vec\", \"normalize\": true}");
    vectors_are(t, 7, NULL, NULL, 2, 0);
}

Test(static_table, model2vec_cuts_characters_before_tokens) {
    const own_text t[] = {{"red bird stone", 1, {2}}, {"a a a a", 2, {6, 6}}, {"\xC3\xA9 a red", 1, {6}},
                          {"red a", 2, {2, 6}}};
    own_model2vec("{\"model_type\": \"model2vec\", \"max_length\": 2}");
    vectors_are(t, 4, NULL, NULL, 0, 3);
    const own_text longer[] = {{"red a red a red a red a red", 9, {2, 6, 2, 6, 2, 6, 2, 6, 2}}};
    own_model2vec("{\"model_type\": \"model2vec\", \"max_length\": null}");
    vectors_are(longer, 1, NULL, NULL, 0, 0);
}

Test(static_table, a_number_of_tokens_that_is_asked_for_counts) {
    const own_text t[] = {{"red bird a stone", 3, {2, 3, 6}}};
    const wn_static_opts o = {.max_tokens = 3};
    wn_static_counts counts = {0};
    wn_mat x = {0};
    wn_err err = {0};
    own_model2vec("{\"model_type\": \"model2vec\", \"max_length\": 1}");
    wn_static *s = opened(&o);
    cr_assert_eq(own_encode(s, t, 1, &x, &counts, &err), WN_OK);
    own_compare(t, 1, NULL, NULL, &x);
    cr_expect_eq(counts.truncated, 1);
    wn_mat_free(&x);
    wn_static_close(s);
}

Test(static_table, sentence_transformers_counts_unknown_tokens_and_cuts_as_its_tokenizer_says) {
    const own_text t[] = {{"what bird", 2, {1, 3}}, {"red a a a a", 5, {2, 6, 6, 6, 6}}, {"", 0, {0}}};
    own_sentence_transformers("null");
    vectors_are(t, 3, NULL, NULL, 1, 0);
    const own_text cut[] = {{"what bird", 2, {1, 3}}, {"red a a a a", 3, {2, 6, 6}}};
    own_sentence_transformers("{\"direction\": \"Right\", \"max_length\": 3, \"strategy\": \"LongestFirst\"}");
    vectors_are(cut, 2, NULL, NULL, 0, 1);
    const own_text end[] = {{"red a a bird", 3, {6, 6, 3}}};
    own_sentence_transformers("{\"direction\": \"Left\", \"max_length\": 3, \"strategy\": \"LongestFirst\"}");
    vectors_are(end, 1, NULL, NULL, 0, 1);
}

Test(static_table, the_table_may_stand_in_a_folder_of_its_own_with_a_prompt) {
    char command[300];
    const own_text t[] = {{"bird", 2, {2, 3}}};
    own_sentence_transformers("null");
    (void)snprintf(command, sizeof command, "cd %s && mkdir 0_StaticEmbedding && mv *.safetensors tokenizer.json 0_*",
                   own);
    cr_assert_eq(system(command), 0);
    write_below(own, "modules.json", "[{\"path\": \"0_StaticEmbedding\", \"type\": \"a.b.StaticEmbedding\"}]");
    write_below(own, "config_sentence_transformers.json",
                "{\"prompts\": {\"x\": \"red \"}, \"default_prompt_name\": \"x\"}");
    vectors_are(t, 1, NULL, NULL, 0, 0);
}

/* Tensors behind one another: embeddings [rows, OWN_DIMS] of a type, then mapping and weights of 8 tokens. */
static void put_shared(const int *row, const double *weight, size_t rows, size_t weights) {
    char header[400];
    float table[OWN_TOKENS * OWN_DIMS];
    int32_t map[OWN_TOKENS];
    const size_t a = rows * OWN_DIMS * 4, b = a + sizeof map, c = b + weights * 8;
    bytes all = {0};
    for (size_t i = 0; i < rows * OWN_DIMS; i++) table[i] = own_value(i / OWN_DIMS, i % OWN_DIMS);
    for (size_t i = 0; i < OWN_TOKENS; i++) map[i] = row[i];
    put(&all, table, a);
    put(&all, map, sizeof map);
    put(&all, weight, weights * 8);
    (void)snprintf(header, sizeof header,
                   "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[%zu,%d],\"data_offsets\":[0,%zu]},\"mapping\":"
                   "{\"dtype\":\"I32\",\"shape\":[8],\"data_offsets\":[%zu,%zu]},\"weights\":{\"dtype\":\"F64\","
                   "\"shape\":[%zu],\"data_offsets\":[%zu,%zu]}}",
                   rows, OWN_DIMS, a, a, b, weights, b, c);
    own_weights(header, all.p, all.n);
    drop(&all);
}

static const int shared_row[] = {0, 0, 2, 1, 1, 0, 2, 1};
static const double shared_weight[] = {0, 1, .5, 2, 1.25, .1, 3, 1e-3};

Test(static_table, tokens_may_share_rows_and_have_weights) {
    const own_text t[] = {{"red bird, a stone", 5, {2, 3, 5, 6, 7}}, {"birds", 2, {3, 4}}};
    own_model2vec("{\"model_type\": \"model2vec\"}");
    put_shared(shared_row, shared_weight, OWN_ROWS, OWN_TOKENS);
    vectors_are(t, 2, shared_row, shared_weight, 0, 0);
}

Test(static_table, half_precision_and_int8_are_read) {
    const own_text t[] = {{"red birds, a stone", 6, {2, 3, 4, 5, 6, 7}}};
    unsigned char small[OWN_TOKENS * OWN_DIMS];
    uint16_t half[OWN_TOKENS * OWN_DIMS];
    own_model2vec("{\"model_type\": \"model2vec\"}");
    for (size_t i = 0; i < OWN_TOKENS * OWN_DIMS; i++) {
        const float v = own_value(i / OWN_DIMS, i % OWN_DIMS);
        uint32_t bits;
        memcpy(&bits, &v, 4);
        small[i] = (unsigned char)(signed char)(4 * v);
        half[i] = v == 0 ? 0 : (uint16_t)((bits >> 16 & 0x8000) | (((bits >> 23 & 255) - 112) << 10) |
                                          (bits >> 13 & 1023));
    }
    own_weights("{\"embeddings\":{\"dtype\":\"F16\",\"shape\":[8,5],\"data_offsets\":[0,80]}}", half, sizeof half);
    vectors_are(t, 1, NULL, NULL, 0, 0);
    own_weights("{\"embeddings\":{\"dtype\":\"I8\",\"shape\":[8,5],\"data_offsets\":[0,40]}}", small, sizeof small);
    vectors_are(t, 1, NULL, NULL, 0, 0);
    wn_static *s = opened(NULL);
    cr_expect_str_eq(wn_static_config_of(s)->type, "int8");
    wn_static_close(s);
}

Test(static_table, a_vector_depends_on_its_text_alone) {
    enum { N = 500 };
    static const char *const words[] = {"red ", "birds, ", "a ", "stone ", "what "};
    char base[N * 60];
    unsigned long long off[N + 1] = {0};
    wn_mat all[3] = {{0}};
    wn_static_counts counts = {0};
    wn_err err = {0};
    size_t at = 0;
    own_model2vec("{\"model_type\": \"model2vec\"}");
    wn_static *s = opened(NULL);
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < i % 9; k++) {
            const char *word = words[(i * 7 + k * k + k) % 5];
            memcpy(base + at, word, strlen(word));
            at += strlen(word);
        }
        off[i + 1] = at;
    }
    const wn_texts texts = {.base = base, .off = off, .n = N};
    for (int k = 0; k < 3; k++) {
        wn_threads_set(1 << k);
        cr_assert_eq(wn_static_encode(s, &texts, &all[k], &counts, &err), WN_OK);
        cr_expect_eq(memcmp(all[k].data, all[0].data, N * all[0].stride * sizeof(float)), 0, "%d threads", 1 << k);
    }
    wn_threads_set(0);
    for (size_t i = 0; i < N; i += 37) {
        const wn_texts one = {.base = base, .off = off + i, .n = 1};
        wn_mat x = {0};
        cr_assert_eq(wn_static_encode(s, &one, &x, &counts, &err), WN_OK);
        cr_expect_eq(memcmp(x.data, wn_mat_row(&all[0], i), OWN_DIMS * sizeof(float)), 0, "text %zu", i);
        wn_mat_free(&x);
    }
    for (int k = 0; k < 3; k++) wn_mat_free(&all[k]);
    wn_static_close(s);
}

/* ---- files that are wrong ---- */

static void refuses(const char *said) {
    wn_static *s = NULL;
    wn_err err = {0};
    cr_expect_eq(wn_static_open(&s, own, NULL, &err), WN_EINPUT, "%s", said);
    cr_expect_null(s);
    cr_expect(strstr(err.msg, said) && strncmp(err.msg, own, strlen(own)) == 0, "\"%s\" is not in \"%s\"", said,
              err.msg);
}

Test(static_table, tensors_of_a_wrong_shape_are_refused) {
    static const float zeros[OWN_TOKENS * OWN_DIMS];
    float bad[OWN_TOKENS * OWN_DIMS] = {0};
    int far[] = {0, 0, 2, 1, 1, 0, 3, 1};
    own_model2vec("{\"model_type\": \"model2vec\"}");
    own_weights("{\"other\":{\"dtype\":\"F32\",\"shape\":[8,5],\"data_offsets\":[0,160]}}", zeros, 160);
    refuses("holds neither \"embeddings\"");
    own_weights("{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[40],\"data_offsets\":[0,160]}}", zeros, 160);
    refuses("tensor \"embeddings\" is no table of rows and columns");
    own_weights("{\"embeddings\":{\"dtype\":\"I16\",\"shape\":[8,10],\"data_offsets\":[0,160]}}", zeros, 160);
    refuses("numbers of a type that is not supported");
    own_table("embeddings", OWN_TOKENS - 1);
    refuses("ids up to 7, but the table rows for 7 tokens");
    bad[2 * OWN_DIMS + 3] = (float)NAN;
    own_weights("{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[8,5],\"data_offsets\":[0,160]}}", bad, 160);
    refuses("row 2, column 3 holds nan");
    put_shared(far, shared_weight, OWN_ROWS, OWN_TOKENS);
    refuses("\"mapping\" gives token 6 row 3 of 3");
    far[6] = -1;
    put_shared(far, shared_weight, OWN_ROWS, OWN_TOKENS);
    refuses("\"mapping\" gives token 6 row -1 of 3");
    put_shared(shared_row, shared_weight, OWN_ROWS, OWN_TOKENS - 1);
    refuses("\"weights\" has 7 numbers for 8 tokens");
    const double nan_weight[] = {0, 1, 1, 1, (double)INFINITY, 1, 1, 1};
    put_shared(shared_row, nan_weight, OWN_ROWS, OWN_TOKENS);
    refuses("the weight of token 4 is inf");
}

Test(static_table, tokenizers_and_settings_that_are_wrong_are_refused) {
    char path[300];
    own_model2vec("{\"model_type\": \"model2vec\"}");
    own_tokenizer("Unigram", "null");
    refuses("model \"Unigram\" is not supported; WordPiece and byte-level BPE are");
    (void)snprintf(path, sizeof path, "%s/tokenizer.json", own);
    cr_assert_eq(unlink(path), 0);
    refuses("tokenizer.json");
    own_model2vec("{\"model_type\": \"model2vec\", \"max_length\": \"long\"}");
    refuses("\"max_length\" is out of range");
    own_model2vec("{\"model_type\": \"bert\"}");
    refuses("not a table of token vectors");
    write_below(own, "modules.json", "[{\"path\": \"\", \"type\": \"StaticEmbedding\"}, {\"path\": \"\", \"type\": "
                                     "\"a.Pooling\"}]");
    refuses("Pooling at this place is not supported");
}

Test(static_table, out_of_memory_is_an_error) {
    const own_text t[] = {{"red bird, a stone", 5, {2, 3, 5, 6, 7}}};
    own_model2vec("{\"model_type\": \"model2vec\"}");
    put_shared(shared_row, shared_weight, OWN_ROWS, OWN_TOKENS);
    for (long k = 0;; k++) {
        wn_static *s = NULL;
        wn_static_counts counts = {0};
        wn_mat x = {0};
        wn_err err = {0};
        wn_mem_fail_after(k, k % 2);
        wn_code code = wn_static_open(&s, own, NULL, &err);
        if (code == WN_OK) code = own_encode(s, t, 1, &x, &counts, &err);
        wn_mem_fail_after(-1, false);
        cr_expect(code == WN_OK || !x.data);
        wn_mat_free(&x);
        wn_static_close(s);
        if (code == WN_OK) break;
        cr_assert(code == WN_EMEMORY && k < 10000, "allocation %ld: %s", k, err.msg);
    }
}
