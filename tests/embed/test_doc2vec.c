/* doc2vec from the outside: topics, threads, inference, files, failures, interruption. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <winnow/doc2vec.h>
#include <winnow/threads.h>

#include "doc2vec_corpus.h"

static wn_doc2vec_opts small(wn_doc2vec_mode mode) {
    wn_doc2vec_opts o = wn_doc2vec_defaults();
    o.mode = mode, o.dims = 24, o.epochs = 5, o.min_count = 1, o.sample = 0.01;
    return o;
}

static bool same(const wn_mat *a, const wn_mat *b) {
    return a->rows == b->rows && a->cols == b->cols &&
           memcmp(a->data, b->data, a->rows * a->stride * sizeof(float)) == 0;
}

static double cosine(const wn_mat *m, size_t i, size_t j) {
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (size_t k = 0; k < m->cols; k++) {
        double x = wn_mat_row(m, i)[k], y = wn_mat_row(m, j)[k];
        ab += x * y, aa += x * x, bb += y * y;
    }
    return ab / sqrt(aa * bb);
}

Test(doc2vec, topics_separate) {
    corpus c = corpus_make(60, 60, 60, true, 3);
    wn_texts t = corpus_texts(&c);
    for (int mode = WN_DM_MEAN; mode <= WN_DBOW; mode++) {
        if (mode == WN_DM_SUM || mode == WN_DM_CONCAT) continue; /* these need far more text */
        wn_doc2vec_opts o = small((wn_doc2vec_mode)mode);
        wn_doc2vec *m = NULL;
        wn_mat docs = {0}, found = {0};
        double inside = 0.0, across = 0.0;
        o.epochs = 15, o.sample = 0.0, o.alpha = 0.05;
        cr_assert_eq(wn_doc2vec_train(&m, &t, &o, &docs, NULL, &(wn_err){0}), WN_OK);
        cr_assert_eq(wn_doc2vec_infer(m, &t, 0, &found, NULL, NULL, &(wn_err){0}), WN_OK);
        for (size_t pass = 0; pass < 2; pass++, inside = across = 0.0) {
            const wn_mat *v = pass ? &found : &docs;
            for (size_t i = 0; i < t.n; i++)
                for (size_t j = 0; j < i; j++) *((i ^ j) % 2 ? &across : &inside) += cosine(v, i, j) / (double)t.n;
            cr_assert_gt(inside, across + (pass ? 1.0 : 3.0), "mode %d, inferred %zu: %g %g", mode, pass, inside,
                         across);
        }
        wn_doc2vec_free(m);
        wn_mat_free(&docs);
        wn_mat_free(&found);
    }
    corpus_free(&c);
}

Test(doc2vec, threads_do_not_change_a_byte) {
    corpus c = corpus_make(500, 80, 3000, false, 4); /* 40,000 words: several logical workers */
    wn_texts t = corpus_texts(&c);
    for (int mode = WN_DM_MEAN; mode <= WN_DBOW; mode++) {
        wn_doc2vec_opts o = small((wn_doc2vec_mode)mode);
        wn_mat docs = {0}, found = {0};
        o.hierarchical = mode == WN_DBOW, o.dbow_words = mode == WN_DBOW, o.epochs = 2;
        for (int threads = 1; threads <= 8; threads *= 2) {
            wn_doc2vec *m = NULL;
            wn_mat docs_t = {0}, found_t = {0};
            wn_threads_set(threads);
            cr_assert_eq(wn_doc2vec_train(&m, &t, &o, &docs_t, NULL, &(wn_err){0}), WN_OK);
            cr_assert_eq(wn_doc2vec_infer(m, &t, 0, &found_t, NULL, NULL, &(wn_err){0}), WN_OK);
            if (threads == 1) docs = docs_t, found = found_t;
            cr_assert(same(&docs, &docs_t) && same(&found, &found_t), "mode %d, %d threads", mode, threads);
            if (threads > 1) wn_mat_free(&docs_t), wn_mat_free(&found_t);
            wn_doc2vec_free(m);
        }
        wn_mat_free(&docs);
        wn_mat_free(&found);
    }
    corpus_free(&c);
}

Test(doc2vec, inference_leaves_the_model_and_its_neighbours_alone) {
    corpus c = corpus_make(40, 50, 50, false, 5), q = corpus_new(4);
    wn_texts t = corpus_texts(&c), all, one;
    wn_doc2vec *m = NULL;
    wn_doc2vec_opts o = small(WN_DM_MEAN);
    wn_mat first = {0}, again = {0}, alone = {0};
    size_t zero = 9;
    corpus_put(&q, "w1 w2 w3 w4"), corpus_end(&q);
    corpus_put(&q, "never seen"), corpus_end(&q);
    corpus_end(&q);
    corpus_put(&q, "w1 unseen, W2 w3: w4"), corpus_end(&q); /* the same known words */
    all = corpus_texts(&q);
    one = (wn_texts){.base = q.bytes, .off = q.off + 3, .n = 1};
    cr_assert_eq(wn_doc2vec_train(&m, &t, &o, NULL, NULL, &(wn_err){0}), WN_OK);
    cr_assert_eq(wn_doc2vec_infer(m, &all, 7, &first, &zero, NULL, &(wn_err){0}), WN_OK);
    cr_assert_eq(zero, 2, "two texts have no known word");
    for (size_t k = 0; k < first.stride; k++) {
        cr_assert_eq(wn_mat_row(&first, 1)[k], 0.0f);
        cr_assert_eq(wn_mat_row(&first, 2)[k], 0.0f);
    }
    cr_assert_neq(wn_mat_row(&first, 0)[0], 0.0f);
    cr_assert_arr_eq(wn_mat_row(&first, 0), wn_mat_row(&first, 3), first.stride * sizeof(float));
    cr_assert_eq(wn_doc2vec_infer(m, &all, 7, &again, NULL, NULL, &(wn_err){0}), WN_OK);
    cr_assert(same(&first, &again));
    cr_assert_eq(wn_doc2vec_infer(m, &one, 7, &alone, NULL, NULL, &(wn_err){0}), WN_OK);
    cr_assert_arr_eq(wn_mat_row(&first, 3), wn_mat_row(&alone, 0), first.stride * sizeof(float));
    wn_mat_free(&first);
    wn_mat_free(&again);
    wn_mat_free(&alone);
    wn_doc2vec_free(m);
    corpus_free(&c);
    corpus_free(&q);
}

Test(doc2vec, a_long_text_is_used_whole) {
    corpus c = corpus_make(40, 50, 50, true, 6), q = corpus_new(2);
    wn_texts t = corpus_texts(&c), long_texts;
    wn_doc2vec *m = NULL;
    wn_doc2vec_opts o = small(WN_DBOW);
    wn_mat v = {0};
    for (int text = 0; text < 2; text++) { /* 50,000 words, equal but for the last 5,000 */
        for (int i = 0; i < 50000; i++) corpus_put(&q, text == 1 && i >= 45000 ? "v3 " : "w3 ");
        corpus_end(&q);
    }
    long_texts = corpus_texts(&q);
    o.sample = 0.0, o.epochs = 40, o.alpha = 0.05;
    cr_assert_eq(wn_doc2vec_train(&m, &t, &o, NULL, NULL, &(wn_err){0}), WN_OK);
    cr_assert_eq(wn_doc2vec_infer(m, &long_texts, 1, &v, NULL, NULL, &(wn_err){0}), WN_OK);
    cr_assert_lt(cosine(&v, 0, 1), 0.99, "the end of the text counts");
    wn_mat_free(&v);
    wn_doc2vec_free(m);
    cr_assert_eq(wn_doc2vec_train(&m, &long_texts, &o, &v, NULL, &(wn_err){0}), WN_OK,
                 "a long text is trained on as well");
    wn_mat_free(&v);
    wn_doc2vec_free(m);
    corpus_free(&c);
    corpus_free(&q);
}

static void overwrite_file(const char *path, const char *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    cr_assert(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static char *read_file(const char *path, size_t *n) {
    static char bytes[1 << 20];
    FILE *f = fopen(path, "rb");
    cr_assert(f);
    *n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    return bytes;
}

Test(doc2vec, saved_and_loaded_is_the_same_model) {
    char path[] = "/tmp/wn_d2v_XXXXXX";
    corpus c = corpus_make(30, 40, 30, false, 7);
    wn_texts t = corpus_texts(&c);
    cr_assert_neq(mkdtemp(path), NULL);
    cr_assert_eq(chdir(path), 0);
    for (int mode = WN_DM_MEAN; mode <= WN_DBOW; mode++) {
        wn_doc2vec_opts o = small((wn_doc2vec_mode)mode);
        wn_doc2vec *m = NULL, *l = NULL;
        wn_mat a = {0}, b = {0};
        wn_err err = {0};
        o.hierarchical = mode != WN_DM_MEAN, o.negative = mode == WN_DM_SUM ? 0 : 5;
        cr_assert_eq(wn_doc2vec_train(&m, &t, &o, NULL, NULL, &(wn_err){0}), WN_OK);
        cr_assert_eq(wn_doc2vec_save(m, "model", 1, &err), WN_OK, "%s", err.msg);
        cr_assert_eq(wn_doc2vec_save(m, "model", 0, &err), WN_EUSAGE, "an existing file is not overwritten unasked");
        cr_assert_eq(wn_doc2vec_load(&l, "model", &err), WN_OK, "%s", err.msg);
        cr_assert_eq(wn_doc2vec_dims(l), 24);
        cr_assert_eq(wn_doc2vec_words(l), wn_doc2vec_words(m));
        cr_assert_eq(wn_doc2vec_infer(m, &t, 0, &a, NULL, NULL, &(wn_err){0}), WN_OK);
        cr_assert_eq(wn_doc2vec_infer(l, &t, 0, &b, NULL, NULL, &(wn_err){0}), WN_OK);
        cr_assert(same(&a, &b), "mode %d", mode);
        wn_mat_free(&a);
        wn_mat_free(&b);
        wn_doc2vec_free(m);
        wn_doc2vec_free(l);
    }
    size_t n = 0, wrong = 0;
    char *bytes = read_file("model", &n);
    wn_doc2vec *l = NULL;
    for (size_t cut = 0; cut < n; cut += cut < 200 ? 1 : 97) {
        overwrite_file("broken", bytes, cut);
        wrong += wn_doc2vec_load(&l, "broken", &(wn_err){0}) != WN_EINPUT;
    }
    for (size_t at = 0; at < n; at += at < 400 || at + 20 > n ? 1 : 97) {
        bytes[at] ^= 0x40;
        overwrite_file("broken", bytes, n);
        bytes[at] ^= 0x40;
        wrong += wn_doc2vec_load(&l, "broken", &(wn_err){0}) != WN_EINPUT;
    }
    cr_assert_eq(wrong, 0, "every cut and every changed byte is noticed");
    cr_assert_eq(wn_doc2vec_load(&l, "absent", &(wn_err){0}), WN_EIO);
    cr_assert_eq(l, NULL);
    (void)unlink("model"), (void)unlink("broken");
    cr_assert_eq(chdir("/"), 0);
    (void)rmdir(path);
    corpus_free(&c);
}

Test(doc2vec, every_failing_allocation_is_reported) {
    corpus c = corpus_make(30, 40, 30, false, 8);
    wn_texts t = corpus_texts(&c);
    wn_doc2vec_opts o = small(WN_DM_MEAN);
    size_t failures = 0;
    wn_threads_set(1);
    o.hierarchical = true;
    for (long at = 0;; at++, failures++) {
        wn_doc2vec *m = NULL;
        wn_mat docs = {0}, found = {0};
        wn_err err = {0};
        wn_mem_fail_after(at, at % 2);
        wn_code code = wn_doc2vec_train(&m, &t, &o, &docs, NULL, &err);
        if (code == WN_OK) code = wn_doc2vec_infer(m, &t, 0, &found, NULL, NULL, &err);
        wn_mem_fail_after(-1, false);
        wn_mat_free(&docs);
        wn_mat_free(&found);
        wn_doc2vec_free(m);
        if (code == WN_OK) break;
        cr_assert_eq(code, WN_EMEMORY, "allocation %ld: %s", at, err.msg);
        cr_assert_neq(err.msg[0], 0);
    }
    cr_assert_gt(failures, 20);
    corpus_free(&c);
}

static void raise_late(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total) {
    (void)unit;
    (void)total;
    const char *at = p->ctx;
    if (strcmp(stage, at) == 0 && done > 0) wn_interrupt_raise(SIGINT);
    if (strcmp(at, "words") == 0) wn_interrupt_raise(SIGINT);
}

Test(doc2vec, interruption) {
    corpus c = corpus_make(400, 100, 300, false, 9);
    wn_texts t = corpus_texts(&c);
    wn_doc2vec_opts o = small(WN_DBOW);
    wn_doc2vec *m = NULL;
    wn_mat out = {0};
    char words[] = "words", training[] = "doc2vec";
    wn_progress p = {.report = raise_late, .ctx = words};
    cr_assert_eq(wn_doc2vec_train(&m, &t, &o, &out, &p, &(wn_err){0}), WN_EINTERRUPT);
    wn_interrupt_raise(0);
    p.ctx = training;
    cr_assert_eq(wn_doc2vec_train(&m, &t, &o, &out, &p, &(wn_err){0}), WN_EINTERRUPT);
    cr_assert(!m && !out.data, "nothing is handed out");
    wn_interrupt_raise(0);
    cr_assert_eq(wn_doc2vec_train(&m, &t, &o, NULL, NULL, &(wn_err){0}), WN_OK);
    cr_assert_eq(wn_doc2vec_infer(m, &t, 0, &out, NULL, &p, &(wn_err){0}), WN_EINTERRUPT);
    cr_assert(!out.data);
    wn_interrupt_raise(0);
    wn_doc2vec_free(m);
    corpus_free(&c);
}

Test(doc2vec, wrong_options_and_empty_vocabularies) {
    corpus c = corpus_make(3, 5, 5, false, 10);
    wn_texts t = corpus_texts(&c), none = {.base = c.bytes, .off = c.off, .n = 0};
    wn_doc2vec *m = NULL;
    wn_err err = {0};
    wn_doc2vec_opts o = small(WN_DBOW);
    o.min_count = 1000;
    cr_assert_eq(wn_doc2vec_train(&m, &t, &o, NULL, NULL, &err), WN_EINPUT);
    cr_assert_neq(strstr(err.msg, "min_count"), NULL);
    cr_assert_eq(wn_doc2vec_train(&m, &none, &o, NULL, NULL, &err), WN_EINPUT);
#define WRONG(field, value)                                                                                            \
    o = small(WN_DBOW), o.field = value;                                                                               \
    cr_assert_eq(wn_doc2vec_train(&m, &t, &o, NULL, NULL, &err), WN_EUSAGE, #field)
    WRONG(dims, 0);
    WRONG(window, 0);
    WRONG(epochs, 0);
    WRONG(negative, 0);
    WRONG(sample, -1.0);
    WRONG(sample, (double)NAN);
    WRONG(alpha, 0.0);
    WRONG(alpha, (double)INFINITY);
    WRONG(min_alpha, 1.0);
    WRONG(ns_exponent, (double)NAN);
    cr_assert_eq(m, NULL);
    corpus_free(&c);
}

Test(doc2vec, one_word_vocabulary) {
    corpus c = corpus_new(1);
    wn_texts t;
    corpus_put(&c, "again again again"), corpus_end(&c);
    t = corpus_texts(&c);
    for (int mode = WN_DM_MEAN; mode <= WN_DBOW; mode++) {
        wn_doc2vec *m = NULL;
        wn_doc2vec_opts o = small((wn_doc2vec_mode)mode);
        wn_mat v = {0};
        o.hierarchical = true;
        cr_assert_eq(wn_doc2vec_train(&m, &t, &o, &v, NULL, &(wn_err){0}), WN_OK);
        cr_assert(isfinite(wn_mat_row(&v, 0)[0]));
        wn_mat_free(&v);
        wn_doc2vec_free(m);
    }
    corpus_free(&c);
}
