/* What a table is made with: principal axes, weights, the tokenizer of a table. */
#include "embed/tok_table_own.h"

#include <math.h>
#include <winnow/threads.h>
#include <wn/rng.h>
#include <wn/static_make.h>

TestSuite(static_make, .init = begin, .fini = end, .timeout = 60);

enum { N = 300, D = 12 };

/* Columns of falling scale, mixed, away from zero. */
static void some_rows(float *x) {
    wn_rng r = wn_rng_init(7, 1);
    for (size_t i = 0; i < N; i++) {
        double v[D];
        for (size_t j = 0; j < D; j++) v[j] = (wn_rng_uniform(&r) - .5) * 8 / (double)(j + 1);
        for (size_t j = 0; j < D; j++) x[i * D + j] = (float)(v[j] + v[(j + 5) % D] * .7 + 3);
    }
}

static double covariance(const float *x, size_t cols, size_t a, size_t b) {
    double ma = 0, mb = 0, sum = 0;
    for (size_t i = 0; i < N; i++) ma += x[i * cols + a] / (double)N, mb += x[i * cols + b] / (double)N;
    for (size_t i = 0; i < N; i++) sum += (x[i * cols + a] - ma) * (x[i * cols + b] - mb);
    return sum / N;
}

static double distance(const float *x, size_t cols, size_t i, size_t k) {
    double sum = 0;
    for (size_t j = 0; j < cols; j++) sum += pow((double)x[i * cols + j] - (double)x[k * cols + j], 2);
    return sqrt(sum);
}

/* Scores on all axes are those of a rotation; they are uncorrelated, and fall: no others are. */
Test(static_make, principal_axes_are_a_rotation_without_correlation) {
    float x[N * D], y[N * D];
    double explained = 0;
    wn_err err = {0};
    some_rows(x);
    memcpy(y, x, sizeof x);
    cr_assert_eq(wn_static_pca(y, N, D, D, &explained, NULL, &err), WN_OK, "%s", err.msg);
    cr_expect_float_eq(explained, 1, 1e-9);
    for (size_t i = 0; i < N; i += 7)
        for (size_t k = 0; k < i; k += 3)
            cr_expect_float_eq(distance(x, D, i, k), distance(y, D, i, k), 1e-5, "rows %zu, %zu", i, k);
    for (size_t a = 0; a < D; a++) {
        for (size_t b = 0; b < a; b++) cr_expect_float_eq(covariance(y, D, a, b), 0, 1e-5, "axes %zu, %zu", a, b);
        if (a) cr_expect_leq(covariance(y, D, a, a), covariance(y, D, a - 1, a - 1));
    }
}

Test(static_make, fewer_axes_are_the_first_of_all_for_any_number_of_threads) {
    enum { FEW = 5 };
    float all[N * D], few[N * D], again[N * D];
    double explained = 0, kept = 0, whole = 0;
    wn_err err = {0};
    some_rows(all);
    memcpy(few, all, sizeof all);
    memcpy(again, all, sizeof all);
    cr_assert_eq(wn_static_pca(all, N, D, D, NULL, NULL, &err), WN_OK);
    wn_threads_set(1);
    cr_assert_eq(wn_static_pca(few, N, D, FEW, &explained, NULL, &err), WN_OK);
    wn_threads_set(4);
    cr_assert_eq(wn_static_pca(again, N, D, FEW, NULL, NULL, &err), WN_OK);
    wn_threads_set(0);
    cr_expect_eq(memcmp(few, again, N * FEW * sizeof *few), 0);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < FEW; j++)
            cr_expect_float_eq(few[i * FEW + j], all[i * D + j], 1e-6, "row %zu, axis %zu", i, j);
    for (size_t j = 0; j < D; j++) {
        const double v = covariance(all, D, j, j);
        whole += v;
        if (j < FEW) kept += v;
    }
    cr_expect_float_eq(explained, kept / whole, 1e-6);
}

Test(static_make, out_of_memory_is_an_error_and_an_interruption_ends_it) {
    float x[N * D];
    wn_err err = {0};
    wn_code code = WN_EMEMORY;
    for (long k = 0; code != WN_OK; k++) {
        some_rows(x);
        err = (wn_err){0};
        wn_mem_fail_after(k, false);
        code = wn_static_pca(x, N, D, 4, NULL, NULL, &err);
        wn_mem_fail_after(-1, false);
        cr_assert(code == WN_OK || (code == WN_EMEMORY && err.msg[0] && k < 100));
    }
    wn_interrupt_raise(2);
    cr_expect_eq(wn_static_pca(x, N, D, 4, NULL, NULL, &err), WN_EINTERRUPT);
    wn_interrupt_raise(0);
}

Test(static_make, weights_follow_the_place) {
    double w[4];
    const double sum = 1. / 2 + 1. / 3 + 1. / 4 + 1. / 5;
    wn_static_weights(w, 4, WN_TOKENS_ZIPF);
    for (size_t i = 0; i < 4; i++) cr_expect_float_eq(w[i], log((double)i + 1), 1e-12);
    wn_static_weights(w, 4, WN_TOKENS_SIF);
    for (size_t i = 0; i < 4; i++) cr_expect_float_eq(w[i], 1e-4 / (1e-4 + 1 / (double)(i + 2) / sum), 1e-12);
    wn_static_weights(w, 4, WN_TOKENS_ALIKE);
    for (size_t i = 0; i < 4; i++) cr_expect_eq(w[i], 1);
    cr_expect_str_eq(wn_token_weights_name(WN_TOKENS_SIF), "sif");
}

/* ---- the tokenizer of a table ---- */

Test(static_make, a_table_splits_words_as_the_model_does) {
    const char *const texts[] = {"Red birds, a bird!", "", "unknown red", "caf\xC3\xA9s \xE6\x9D\xB1", "REDS"};
    put_file("vocab.txt", "[PAD]\n[unused0]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n[unused17]\nred\nbird\n##s\n,\na\n!\ncafe\n"
                          "\xE6\x9D\xB1\n[unusedx]\n");
    put_file("tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\"}");
    same_ids(texts, 5, "[unused17]", false);
    put_file("tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": false, "
                                      "\"tokenize_chinese_chars\": false}");
    put_file("config.json", "{\"model_type\": \"bert\"}");
    (void)remove(strcat(strcpy((char[300]){0}, folder), "/tokenizer.json"));
    same_ids(texts, 5, "[MASK]", false);
}
