/* A vector as though its text were new, held to a model that never met the text. */
#include <criterion/criterion.h>
#include <math.h>
#include <winnow/mem.h>

#include "embed/lsa/internal.h"
#include "lsa_corpus.h"

enum { TEXTS = 300 };

static wn_err err;

static wn_lsa *fit(const wn_texts *t, size_t sample, wn_mat *x) {
    wn_lsa *m = NULL;
    wn_lsa_opts o = {.features = WN_LSA_WORDS_CHARS, .dims = 40, .min_df = 2, .sample = sample};
    cr_assert_eq(wn_lsa_fit(&m, t, &o, x, NULL, NULL, &err), WN_OK, "%s", err.msg);
    return m;
}

/* All texts but one. */
static corpus without(const corpus *c, size_t left) {
    corpus out = corpus_start(c->view.n - 1, (size_t)c->off[c->view.n]);
    size_t at = 0;
    for (size_t i = 0, k = 0; i < c->view.n; i++) {
        if (i == left) continue;
        const size_t n = (size_t)(c->off[i + 1] - c->off[i]);
        memcpy(out.base + at, c->base + c->off[i], n);
        out.off[++k] = at += n;
    }
    return out;
}

static double cosine(const float *a, const float *b, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += (double)a[i] * (double)b[i];
    return s;
}

/* Cosines do not depend on how two bases lie to each other: those of a text to all others, by the model that learned
 * from it, before and after, and by one that did not. */
Test(lsa_unseen, comes_near_to_a_model_that_never_met_the_text) {
    corpus c = corpus_topics(TEXTS, 900, 20, 14, 3);
    wn_mat x;
    wn_lsa *m = fit(&c.view, 0, &x);
    wn_lsa_learnt *learnt = wn_lsa_learnt_take(m);
    double seen = 0, unseen = 0;
    for (size_t row = 5; row < TEXTS; row += 20) {
        corpus rest = without(&c, row);
        const wn_texts one = {c.base, c.off + row, 1};
        wn_mat y, alone;
        float own[40];
        wn_lsa *other = fit(&rest.view, 0, &y);
        cr_assert_eq(wn_lsa_transform(other, &one, &alone, NULL, NULL, &err), WN_OK);
        memcpy(own, wn_mat_row(&x, row), sizeof own);
        wn_lsa_unseen(learnt, row, own);
        cr_assert_float_eq(cosine(own, own, 40), 1, 1e-5);
        for (size_t i = 0; i < TEXTS; i++) {
            if (i == row) continue;
            const double truth = cosine(wn_mat_row(&alone, 0), wn_mat_row(&y, i < row ? i : i - 1), 40);
            seen += fabs(cosine(wn_mat_row(&x, row), wn_mat_row(&x, i), 40) - truth);
            unseen += fabs(cosine(own, wn_mat_row(&x, i), 40) - truth);
        }
        wn_lsa_free(other);
        wn_mat_free(&y);
        wn_mat_free(&alone);
        corpus_free(&rest);
    }
    cr_assert_lt(unseen, 0.6 * seen, "%g of %g", unseen, seen);
    wn_lsa_learnt_free(learnt);
    wn_lsa_free(m);
    wn_mat_free(&x);
    corpus_free(&c);
}

/* Only what was learned from can be forgotten; and what a model keeps is taken once. */
Test(lsa_unseen, leaves_texts_outside_the_sample_as_they_are) {
    corpus c = corpus_topics(TEXTS, 900, 20, 14, 3);
    wn_mat x;
    wn_lsa *m = fit(&c.view, 200, &x);
    wn_lsa_learnt *learnt = wn_lsa_learnt_take(m);
    cr_assert_null(wn_lsa_learnt_take(m));
    size_t same = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        float own[40];
        memcpy(own, wn_mat_row(&x, i), sizeof own);
        wn_lsa_unseen(learnt, i, own);
        same += memcmp(own, wn_mat_row(&x, i), sizeof own) == 0;
    }
    cr_assert_eq(same, TEXTS - 200);
    wn_lsa_learnt_free(learnt);
    wn_lsa_free(m);
    wn_mat_free(&x);
    corpus_free(&c);
}
