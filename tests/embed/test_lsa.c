/* LSA: what a user sees of it. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <winnow/threads.h>

#include "lsa_corpus.h"
#include "embed/lsa/internal.h"

static wn_err err;

static wn_lsa *fit(const wn_texts *t, size_t dims, size_t min_df, size_t iterations, wn_mat *out, size_t *nzero) {
    wn_lsa *m = NULL;
    wn_lsa_opts o = wn_lsa_defaults();
    o.features = WN_LSA_WORDS;
    o.dims = dims;
    o.min_df = min_df;
    o.iterations = iterations;
    cr_assert_eq(wn_lsa_fit(&m, t, &o, out, nzero, NULL, &err), WN_OK, "%s", err.msg);
    return m;
}

static bool same(const wn_mat *a, const wn_mat *b) {
    return a->rows == b->rows && a->cols == b->cols && a->stride == b->stride &&
           memcmp(a->data, b->data, a->rows * a->stride * sizeof(float)) == 0;
}

static double dot(const float *a, const float *b, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += (double)a[i] * (double)b[i];
    return s;
}

/* ---- TF-IDF ---- */

Test(lsa, weights_equal_those_worked_out_by_hand) {
    const char *const lines[] = {"The cat sat.", "the cat, THE dog", "a dog's \xC3\x89t\xC3\xA9 x \xC3\xA9"};
    corpus c = corpus_of(3, lines);
    wn_lsa_vocab v = {.features = WN_LSA_WORDS};
    wn_lsa_csr a;
    cr_assert_eq(wn_lsa_count(&c.view, 1, &v, &a, NULL, &err), WN_OK);
    /* by falling df, then bytes; one-letter words are none */
    const char *const words[] = {"cat", "dog", "the", "sat", "\xC3\xA9t\xC3\xA9"};
    const uint64_t df[] = {2, 2, 2, 1, 1};
    cr_assert_eq(v.set.n, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(v.set.off[i + 1] - v.set.off[i], strlen(words[i]));
        cr_assert_eq(memcmp(v.set.bytes + v.set.off[i], words[i], strlen(words[i])), 0, "%zu", i);
        cr_assert_eq(v.df[i], df[i]);
    }
    double two = log(4.0 / 3.0) + 1, one = log(4.0 / 2.0) + 1, twice = (1 + log(2.0)) * two;
    double n0 = sqrt(2 * two * two + one * one), n1 = sqrt(2 * two * two + twice * twice);
    double n2 = sqrt(two * two + one * one);
    const size_t indptr[] = {0, 3, 6, 8};
    const uint32_t col[] = {0, 2, 3, 0, 1, 2, 1, 4};
    const double val[] = {two / n0, two / n0, one / n0, two / n1, two / n1, twice / n1, two / n2, one / n2};
    cr_assert_eq(memcmp(a.indptr, indptr, sizeof indptr), 0);
    cr_assert_eq(memcmp(a.col, col, sizeof col), 0);
    for (size_t i = 0; i < 8; i++) cr_assert_float_eq(a.val[i], val[i], 6e-8, "%zu: %.9f %.9f", i, a.val[i], val[i]);
    wn_lsa_vocab_free(&v);
    wn_lsa_csr_free(&a);
    corpus_free(&c);
}

Test(lsa, long_texts_sort_their_terms_like_short_ones) {
    wn_lsa_terms t = {0};
    wn_rng r = wn_rng_init(1, 0);
    for (size_t n = 40; n < 60; n++) {
        t.n = 0;
        uint64_t sum = 0, total = 0;
        for (size_t i = 0; i < n; i++) {
            cr_assert_eq(wn_reserve((void **)&t.key, &t.key_cap, t.n + 1, sizeof *t.key, &err), WN_OK);
            t.key[t.n++] = wn_rng_below(&r, n % 2 ? 70000 : 7) << 32 | 1;
            sum += t.key[i] >> 32;
        }
        cr_assert_eq(wn_lsa_terms_sort(&t, &err), WN_OK);
        wn_lsa_terms_merge(&t);
        for (size_t i = 0; i < t.n; i++) {
            cr_assert(i == 0 || t.key[i - 1] >> 32 < t.key[i] >> 32);
            sum -= (t.key[i] >> 32) * (uint32_t)t.key[i];
            total += (uint32_t)t.key[i];
        }
        cr_assert_eq(sum, 0);
        cr_assert_eq(total, n);
    }
    wn_lsa_terms_free(&t);
}

/* ---- words, pairs and pieces ---- */

typedef struct {
    char seen[4096];
    size_t len;
} listing;

static wn_code list_one(void *ctx, const char *s, size_t n, wn_err *e) {
    listing *l = ctx;
    (void)e;
    l->len += (size_t)snprintf(l->seen + l->len, sizeof l->seen - l->len, "[%.*s]", (int)n, s);
    return WN_OK;
}

Test(lsa, a_text_is_cut_into_words_pairs_and_pieces) {
    static const struct {
        const char *text, *cut;
    } cases[] = {
        {"", ""},
        {"  ", ""},
        {"A", "[  a ]"},
        {"Ab", "[ab][  ab][  ab ][ ab ]"},
        /* a word of one letter has no place among words and pairs, but its pieces count, and so do signs */
        {"is a Cat!", "[is][cat][is cat][  is][  is ][ is ][  a ][  ca][  cat][  cat!][ cat][ cat!][ cat! ][ at!]"
                      "[ at! ][ t! ]"},
        /* each letter of a script without spaces is a word; a mark stays with its letter */
        {"\xE5\xAD\xA6\xE7\xBF\x92", "[\xE5\xAD\xA6][\xE7\xBF\x92][\xE5\xAD\xA6 \xE7\xBF\x92]"
                                      "[  \xE5\xAD\xA6\xE7\xBF\x92][  \xE5\xAD\xA6\xE7\xBF\x92 ]"
                                      "[ \xE5\xAD\xA6\xE7\xBF\x92 ]"},
        {"\xE0\xB8\xA3\xE0\xB8\xB9", "[\xE0\xB8\xA3\xE0\xB8\xB9][  \xE0\xB8\xA3\xE0\xB8\xB9]"
                                      "[  \xE0\xB8\xA3\xE0\xB8\xB9 ][ \xE0\xB8\xA3\xE0\xB8\xB9 ]"},
        {"20\xE5\xB9\xB4", "[20][\xE5\xB9\xB4][20 \xE5\xB9\xB4][  20][  20\xE5\xB9\xB4][  20\xE5\xB9\xB4 ]"
                           "[ 20\xE5\xB9\xB4][ 20\xE5\xB9\xB4 ][ 0\xE5\xB9\xB4 ]"},
    };
    wn_lsa_reader r = {.features = WN_LSA_WORDS_CHARS};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        listing l = {0};
        cr_assert_eq(wn_lsa_read(&r, cases[i].text, strlen(cases[i].text), list_one, &l, &err), WN_OK);
        cr_expect_str_eq(l.seen, cases[i].cut, "%s", cases[i].text);
    }
    r.features = WN_LSA_WORDS;
    listing l = {0};
    cr_assert_eq(wn_lsa_read(&r, "is a Cat!", 9, list_one, &l, &err), WN_OK);
    cr_expect_str_eq(l.seen, "[is][cat]");
    wn_lsa_reader_free(&r);
}

Test(lsa, either_part_of_a_row_has_length_one) {
    const char *const lines[] = {"red apple", "red apple", "apple pie", "", "a b", "a c"};
    corpus c = corpus_of(6, lines);
    wn_lsa_vocab v = {.features = WN_LSA_WORDS_CHARS};
    wn_lsa_csr a;
    cr_assert_eq(wn_lsa_count(&c.view, 2, &v, &a, NULL, &err), WN_OK);
    cr_assert_eq(v.pieces_from, 3); /* apple, red, red apple */
    cr_assert_float_eq(v.idf[0], log(7.0 / 4.0), 1e-15);
    for (size_t i = 0; i < 6; i++) {
        double words = 0, pieces = 0;
        for (size_t j = a.indptr[i]; j < a.indptr[i + 1]; j++)
            *(a.col[j] < v.pieces_from ? &words : &pieces) += (double)a.val[j] * (double)a.val[j];
        cr_expect_float_eq(words, i < 3, 1e-6, "%zu", i);
        cr_expect_float_eq(pieces, i != 3, 1e-6, "%zu", i);
    }
    wn_lsa_vocab_free(&v);
    wn_lsa_csr_free(&a);
    corpus_free(&c);
}

static const char *const odd_lines[] = {"machine learning of data", "data of machine learning", "", "  \t ", "?!",
                                        "x", "\xE6\xA9\x9F\xE6\xA2\xB0\xE5\xAD\xA6\xE7\xBF\x92",
                                        "\xE6\xA9\x9F\xE6\xA2\xB0", "qqq vvv", "machines learn data"};
enum { ODD = sizeof odd_lines / sizeof *odd_lines };

Test(lsa, short_and_empty_texts_and_those_of_unknown_words) {
    corpus c = corpus_of(ODD, odd_lines);
    wn_lsa *m = NULL;
    wn_mat x;
    size_t nzero = 0;
    wn_lsa_opts o = wn_lsa_defaults();
    cr_assert_eq(wn_lsa_fit(&m, &c.view, &o, &x, &nzero, NULL, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(nzero, 5); /* two of spaces, a sign, a letter, and words that no other text has */
    cr_assert_gt(dot(wn_mat_row(&x, 0), wn_mat_row(&x, 1), x.cols), 0.9);
    cr_assert_gt(dot(wn_mat_row(&x, 6), wn_mat_row(&x, 7), x.cols), 0.9); /* they share letters of a run */
    wn_lsa_free(m);
    wn_mat_free(&x);
    corpus_free(&c);
    const char *const same_text[] = {"one text", "one text"};
    c = corpus_of(2, same_text); /* what stands in every text weighs nothing */
    cr_assert_eq(wn_lsa_fit(&m, &c.view, &o, &x, &nzero, NULL, &err), WN_OK);
    cr_assert_eq(nzero, 2);
    wn_lsa_free(m);
    wn_mat_free(&x);
    corpus_free(&c);
}

/* With and without a sample, by either way to the vectors: threads and batches change no byte. */
Test(lsa, pieces_give_the_same_bytes_for_any_threads_and_batches) {
    for (size_t sample = 0; sample <= 900; sample += 300) {
        corpus c = corpus_topics(1000, 700, 30, 12, 5);
        wn_mat first = {0}, x, y;
        for (int threads = 1; threads <= 4; threads *= 2) {
            wn_threads_set(threads);
            wn_lsa *m = NULL;
            wn_lsa_opts o = {.features = WN_LSA_WORDS_CHARS, .dims = 24, .min_df = 2, .iterations = 6, .seed = 3,
                             .sample = sample};
            cr_assert_eq(wn_lsa_fit(&m, &c.view, &o, &x, NULL, NULL, &err), WN_OK);
            cr_assert_eq(m->vocab.texts, sample ? sample : 1000);
            cr_assert_eq(wn_lsa_transform(m, &c.view, &y, NULL, NULL, &err), WN_OK);
            cr_assert(same(&x, &y));
            wn_mat_free(&y);
            if (threads > 1) cr_assert(same(&first, &x), "%d threads", threads);
            if (threads > 1) wn_mat_free(&x);
            else first = x;
            wn_lsa_free(m);
        }
        wn_mat_free(&first);
        corpus_free(&c);
    }
    wn_threads_set(0);
}

/* ---- the sample ---- */

Test(lsa, a_sample_is_drawn_by_its_seed_and_keeps_the_order) {
    corpus c = corpus_topics(500, 100, 5, 8, 1);
    wn_lsa_sample s, again, other;
    cr_assert_eq(wn_lsa_draw(&c.view, 500, SIZE_MAX, 1, &s, &err), WN_OK);
    cr_assert(s.base == NULL && s.view.base == c.view.base && s.view.n == 500);
    wn_lsa_sample_free(&s);
    cr_assert_eq(wn_lsa_draw(&c.view, 100, SIZE_MAX, 1, &s, &err), WN_OK);
    cr_assert_eq(wn_lsa_draw(&c.view, 100, SIZE_MAX, 1, &again, &err), WN_OK);
    cr_assert_eq(wn_lsa_draw(&c.view, 100, SIZE_MAX, 2, &other, &err), WN_OK);
    size_t bytes = (size_t)s.off[100], at = 0;
    cr_assert_eq(s.view.n, 100);
    cr_assert(bytes == again.off[100] && memcmp(s.base, again.base, bytes) == 0);
    cr_assert(bytes != other.off[100] || memcmp(s.base, other.base, bytes) != 0);
    for (size_t i = 0; i < 100; i++, at++) { /* each is one of the texts, behind the one before */
        size_t n = (size_t)(s.off[i + 1] - s.off[i]);
        while (at < 500 && (c.off[at + 1] - c.off[at] != n || memcmp(c.base + c.off[at], s.base + s.off[i], n))) at++;
        cr_assert_lt(at, 500);
    }
    wn_lsa_sample_free(&s);
    cr_assert_eq(wn_lsa_draw(&c.view, 500, bytes, 1, &s, &err), WN_OK); /* until the bytes are passed */
    cr_assert(s.view.n > 90 && s.view.n < 120 && s.off[s.view.n] > bytes);
    wn_lsa_sample_free(&s);
    wn_lsa_sample_free(&again);
    wn_lsa_sample_free(&other);
    corpus_free(&c);
}

/* ---- rows ---- */

Test(lsa, cosines_are_those_of_tfidf_where_the_dimensions_suffice) {
    for (int wide = 0; wide < 2; wide++) { /* fewer texts than words, and the other way round */
        corpus c = corpus_topics(wide ? 60 : 400, wide ? 300 : 30, wide ? 10 : 1, 15, 3);
        wn_lsa_vocab v = {.features = WN_LSA_WORDS};
        wn_lsa_csr a;
        wn_mat x;
        cr_assert_eq(wn_lsa_count(&c.view, 2, &v, &a, NULL, &err), WN_OK);
        cr_assert_eq(a.cols > a.rows, wide == 1);
        wn_lsa *m = fit(&c.view, 64, 2, 0, &x, NULL);
        float *p = calloc(2 * a.cols, sizeof *p), *q = p + a.cols;
        double worst = 0;
        for (size_t i = 0; i < a.rows; i++)
            for (size_t j = 0; j < i; j++) {
                memset(p, 0, 2 * a.cols * sizeof *p);
                for (size_t k = a.indptr[i]; k < a.indptr[i + 1]; k++) p[a.col[k]] = a.val[k];
                for (size_t k = a.indptr[j]; k < a.indptr[j + 1]; k++) q[a.col[k]] = a.val[k];
                double gap = fabs(dot(p, q, a.cols) - dot(wn_mat_row(&x, i), wn_mat_row(&x, j), x.cols));
                if (gap > worst) worst = gap;
            }
        cr_assert_lt(worst, 1e-6);
        free(p);
        wn_lsa_vocab_free(&v);
        wn_lsa_csr_free(&a);
        wn_lsa_free(m);
        wn_mat_free(&x);
        corpus_free(&c);
    }
}

Test(lsa, rows_have_length_one_or_zero) {
    const char *const lines[] = {"red apple pie", "red apple tart", "", "unheard-of", "   ", "apple pie", "7"};
    corpus c = corpus_of(7, lines);
    wn_mat x;
    size_t nzero = 99;
    wn_lsa *m = fit(&c.view, 10, 2, 0, &x, &nzero);
    cr_assert_eq(nzero, 4);
    cr_assert_eq(wn_lsa_words(m), 3);
    cr_assert_eq(wn_lsa_dims(m), 10);
    for (size_t i = 0; i < 7; i++) {
        bool zero = i > 1 && i != 5;
        cr_assert_float_eq(dot(wn_mat_row(&x, i), wn_mat_row(&x, i), 10), zero ? 0 : 1, 1e-6);
        for (size_t j = 3; j < 10; j++) cr_assert_eq(wn_mat_row(&x, i)[j], 0.0f); /* rank 3 */
    }
    wn_lsa_free(m);
    wn_mat_free(&x);
    corpus_free(&c);
}

Test(lsa, nothing_to_learn_from_is_no_error) {
    const char *const lines[] = {"", "lonely", "different", "words here"};
    for (size_t n = 0; n <= 4; n++)
        for (size_t min_df = 0; min_df <= 3; min_df++) {
            corpus c = corpus_of(n, lines), more = corpus_of(1, lines + 1);
            wn_mat x, y;
            size_t nzero = 99, expected = min_df > 1 ? n : n > 0;
            wn_lsa *m = fit(&c.view, 5, min_df, 0, &x, &nzero);
            cr_assert_eq(x.rows, n);
            cr_assert_eq(x.cols, 5);
            cr_assert_eq(nzero, expected);
            cr_assert_eq(wn_lsa_transform(m, &more.view, &y, &nzero, NULL, &err), WN_OK);
            cr_assert_eq(nzero, min_df > 1 || n < 2);
            wn_lsa_free(m);
            wn_mat_free(&x);
            wn_mat_free(&y);
            corpus_free(&c);
            corpus_free(&more);
        }
}

Test(lsa, impossible_dimensions_are_refused) {
    corpus c = corpus_topics(5, 5, 1, 5, 1);
    wn_lsa *m = NULL;
    wn_lsa_opts o = wn_lsa_defaults();
    o.dims = 0;
    cr_assert_eq(wn_lsa_fit(&m, &c.view, &o, NULL, NULL, NULL, &err), WN_EUSAGE);
    o.dims = 4097;
    cr_assert_eq(wn_lsa_fit(&m, &c.view, &o, NULL, NULL, NULL, &err), WN_EUSAGE);
    cr_assert_null(m);
    corpus_free(&c);
}

/* ---- the same bytes ---- */

Test(lsa, threads_change_no_byte) {
    for (int exact = 0; exact < 2; exact++) {
        corpus c = exact ? corpus_topics(5000, 60, 1, 40, 5) : corpus_topics(6000, 4000, 60, 30, 5);
        wn_mat first = {0}, x;
        wn_lsa *kept = NULL;
        for (int threads = 1; threads <= 8; threads *= 2) {
            wn_threads_set(threads);
            wn_lsa *m = fit(&c.view, 24, 2, 6, &x, NULL);
            if (threads == 1) {
                first = x;
                kept = m;
                continue;
            }
            cr_assert(same(&first, &x), "%d threads", threads);
            cr_assert_eq(m->vocab.set.n, kept->vocab.set.n);
            cr_assert_eq(memcmp(m->vocab.set.bytes, kept->vocab.set.bytes, kept->vocab.set.off[kept->vocab.set.n]), 0);
            cr_assert_eq(memcmp(m->basis.v, kept->basis.v, m->basis.words * m->basis.ld * sizeof(float)), 0);
            cr_assert_eq(memcmp(m->basis.sigma, kept->basis.sigma, m->basis.dims * sizeof(double)), 0);
            wn_lsa_free(m);
            wn_mat_free(&x);
        }
        wn_lsa_free(kept);
        wn_mat_free(&first);
        corpus_free(&c);
    }
    wn_threads_set(0);
}

Test(lsa, transform_repeats_fit_in_batches_of_any_size) {
    corpus c = corpus_topics(3000, 2000, 40, 30, 6);
    wn_mat x, y;
    size_t nzero = 0, again = 0;
    wn_lsa *m = fit(&c.view, 20, 2, 6, &x, &nzero);
    cr_assert_eq(wn_lsa_transform(m, &c.view, &y, &again, NULL, &err), WN_OK);
    cr_assert(same(&x, &y));
    cr_assert_eq(nzero, again);
    wn_mat_free(&y);
    for (size_t i = 0; i < 3000; i += 577) {
        wn_texts one = {.base = c.view.base, .off = c.view.off + i, .n = 3000 - i < 3 ? 3000 - i : 3};
        cr_assert_eq(wn_lsa_transform(m, &one, &y, NULL, NULL, &err), WN_OK);
        cr_assert_eq(memcmp(y.data, wn_mat_row(&x, i), one.n * y.stride * sizeof(float)), 0);
        wn_mat_free(&y);
    }
    wn_lsa_free(m);
    wn_mat_free(&x);
    corpus_free(&c);
}

Test(lsa, seeds_agree_where_the_data_decides) {
    corpus c = corpus_topics(3000, 2000, 8, 30, 8);
    wn_mat x, y;
    wn_lsa *a = NULL, *b = NULL;
    wn_lsa_opts o = {.dims = 7, .min_df = 2, .seed = 1};
    cr_assert_eq(wn_lsa_fit(&a, &c.view, &o, &x, NULL, NULL, &err), WN_OK);
    o.seed = 2;
    cr_assert_eq(wn_lsa_fit(&b, &c.view, &o, &y, NULL, NULL, &err), WN_OK);
    cr_assert_not(same(&x, &y));
    double worst = 1;
    for (size_t i = 0; i < x.rows; i++) {
        double d = dot(wn_mat_row(&x, i), wn_mat_row(&y, i), 7);
        if (d < worst) worst = d;
    }
    cr_assert_gt(worst, 1 - 1e-6);
    wn_lsa_free(a);
    wn_lsa_free(b);
    wn_mat_free(&x);
    wn_mat_free(&y);
    corpus_free(&c);
}

Test(lsa, a_text_of_ten_megabytes_is_a_text) {
    corpus c = corpus_topics(300, 200, 10, 3000, 7), big = corpus_start(2, 0);
    size_t bytes = (size_t)c.off[300];
    while (bytes < 10u << 20) bytes *= 2;
    big.base = realloc(big.base, bytes);
    big.view.base = big.base;
    for (size_t at = 0; at < bytes; at += (size_t)c.off[300]) {
        size_t n = bytes - at < c.off[300] ? bytes - at : (size_t)c.off[300];
        memcpy(big.base + at, c.base, n);
    }
    big.off[1] = bytes;
    big.off[2] = bytes;
    wn_mat x, y;
    size_t nzero = 0;
    wn_lsa *m = fit(&c.view, 16, 2, 0, &x, NULL);
    cr_assert_eq(wn_lsa_transform(m, &big.view, &y, &nzero, NULL, &err), WN_OK);
    cr_assert_eq(nzero, 1);
    cr_assert_float_eq(dot(wn_mat_row(&y, 0), wn_mat_row(&y, 0), 16), 1, 1e-6);
    wn_lsa_free(m);
    wn_mat_free(&x);
    m = fit(&big.view, 16, 1, 0, &x, &nzero); /* one text: rank 1 */
    cr_assert_eq(nzero, 1);
    cr_assert_float_eq(wn_mat_row(&x, 0)[0], 1, 1e-6);
    wn_lsa_free(m);
    wn_mat_free(&x);
    wn_mat_free(&y);
    corpus_free(&c);
    corpus_free(&big);
}

/* ---- failures ---- */

Test(lsa, every_failed_allocation_is_reported) {
    wn_threads_set(1);
    for (int way = 0; way < 4; way++) { /* by iteration and exactly, words and all features; the last of a sample */
        bool exact = way % 2 == 1, chars = way > 1;
        corpus c = corpus_topics(chars ? 150 : 400, exact ? 100 : 600, 30, chars ? 6 : 40, 2);
        wn_lsa_opts o = {.features = chars ? WN_LSA_WORDS_CHARS : WN_LSA_WORDS, .dims = 16, .min_df = 1,
                         .iterations = exact ? 30 : 3, .sample = way == 3 ? 50 : 0};
        wn_code code = WN_EMEMORY;
        for (long after = 0; code && after < 2000; after++) {
            wn_lsa *m = NULL;
            wn_mat x = {0}, y = {0};
            wn_mem_fail_after(after, after % 2);
            err.msg[0] = 0;
            code = wn_lsa_fit(&m, &c.view, &o, &x, NULL, NULL, &err);
            if (!code) code = wn_lsa_transform(m, &c.view, &y, NULL, NULL, &err);
            wn_mem_fail_after(-1, false);
            cr_assert(code == WN_OK || (code == WN_EMEMORY && err.msg[0]), "%ld: %d %s", after, code, err.msg);
            wn_lsa_free(m);
            wn_mat_free(&x);
            wn_mat_free(&y);
        }
        cr_assert_eq(code, WN_OK);
        corpus_free(&c);
    }
    wn_threads_set(0);
}

typedef struct {
    wn_progress base;
    size_t calls, stop_at;
    char last[64];
} stopper;

static void stop(wn_progress *self, const char *stage, const char *unit, size_t done, size_t total) {
    stopper *s = (stopper *)self;
    (void)unit;
    cr_assert(total == 0 || done <= total, "%s %zu of %zu", stage, done, total);
    (void)snprintf(s->last, sizeof s->last, "%s", stage);
    if (s->calls++ == s->stop_at) wn_interrupt_raise(2);
}

Test(lsa, every_stage_can_be_interrupted) {
    corpus c = corpus_topics(1000, 900, 30, 30, 2);
    wn_code code = WN_EINTERRUPT;
    wn_lsa_opts o = {.dims = 16, .min_df = 1, .iterations = 4};
    size_t stages = 0;
    char before[64] = "";
    for (size_t at = 0; code && at < 200; at++) {
        wn_lsa *m = NULL;
        wn_mat x = {0};
        stopper s = {.base.report = stop, .stop_at = at};
        code = wn_lsa_fit(&m, &c.view, &o, &x, NULL, &s.base, &err);
        wn_interrupt_raise(0);
        cr_assert(code == WN_OK || code == WN_EINTERRUPT);
        if (code) cr_assert_null(m);
        stages += strcmp(before, s.last) != 0;
        (void)snprintf(before, sizeof before, "%s", s.last);
        wn_lsa_free(m);
        wn_mat_free(&x);
    }
    cr_assert_eq(code, WN_OK);
    cr_assert_eq(stages, 4); /* counting, weighing, factorising, encoding */
    corpus_free(&c);
}
