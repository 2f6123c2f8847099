/* doc2vec from the inside: kernels against their plain twin, sampling against probability, Huffman's tree against
 * search, and whole trainings against a trainer in double precision that makes the same draws. */
#include <criterion/criterion.h>
#include <math.h>

#include <wn/cpu.h>

#include "embed/doc2vec/model.h"
#include "doc2vec_corpus.h"

enum { ROWS = 8, WIDE = 144 };

typedef struct {
    _Alignas(64) float in[WIDE], work[WIDE], row[ROWS][WIDE];
} kernel_case;

static void fill(kernel_case *c, unsigned seed) {
    wn_rng r = wn_rng_init(seed, 1);
    for (size_t k = 0; k < WIDE; k++) {
        c->in[k] = (float)wn_rng_normal(&r) * 0.3f;
        c->work[k] = (float)wn_rng_normal(&r);
        for (size_t i = 0; i < ROWS; i++) c->row[i][k] = (float)wn_rng_normal(&r) * 0.3f;
    }
    for (size_t k = 0; k < WIDE; k++) c->row[1][k] = c->in[k] * 3.0f; /* beyond the clip: must not change */
}

static void compare_kernels(const wn_d2v_kernels *k, const char *name) {
    for (unsigned count = 1; count <= ROWS; count++)
        for (size_t n = 16; n <= WIDE; n += 16)
            for (unsigned learn = 0; learn < 2; learn++) {
                static kernel_case a, b;
                float *ra[ROWS], *rb[ROWS];
                double worst = 0.0;
                fill(&a, count);
                b = a;
                for (size_t i = 0; i < ROWS; i++) ra[i] = a.row[i], rb[i] = b.row[i];
                wn_d2v_kernels_ref.step(a.in, a.work, ra, count, 0x55, n, 0.1f, learn);
                k->step(b.in, b.work, rb, count, 0x55, n, 0.1f, learn);
                wn_d2v_kernels_ref.sum(a.in, ra, count, 0.5f, n);
                k->sum(b.in, rb, count, 0.5f, n);
                for (size_t i = 0; i < WIDE; i++) {
                    worst = fmax(worst, fabs((double)a.work[i] - b.work[i]));
                    worst = fmax(worst, fabs((double)a.in[i] - b.in[i]));
                    for (size_t j = 0; j < ROWS; j++) worst = fmax(worst, fabs((double)a.row[j][i] - b.row[j][i]));
                }
                /* the two sums can fall on either side of a step of the sigmoid table: .003 * .1 * values below 3 */
                cr_assert_lt(worst, 1e-3, "%s step: count %u n %zu learn %u: %g", name, count, n, learn, worst);
                wn_d2v_kernels_ref.add(ra, count, a.work, n);
                wn_d2v_kernels_ref.merge(a.in, ra, count, n);
                b = a;
                fill(&a, count), fill(&b, count);
                ra[count - 1] = ra[0], rb[count - 1] = rb[0]; /* a repeated row gets the vector twice */
                wn_d2v_kernels_ref.add(ra, count, a.work, n);
                k->add(rb, count, b.work, n);
                wn_d2v_kernels_ref.merge(a.in, ra, count, n);
                k->merge(b.in, rb, count, n);
                cr_assert_arr_eq(&a, &b, sizeof a, "%s add, merge: count %u n %zu", name, count, n);
            }
}

Test(doc2vec_steps, kernels_agree_with_the_plain_twin) {
    wn_d2v_kernels_init();
#if defined(__x86_64__)
    if (wn_cpu_has(WN_CPU_AVX2)) compare_kernels(&wn_d2v_kernels_avx2, "avx2");
    if (wn_cpu_has(WN_CPU_AVX512)) compare_kernels(&wn_d2v_kernels_avx512, "avx512");
#endif
}

Test(doc2vec_steps, sigmoid_and_clip) {
    wn_d2v_kernels_init();
    double worst = 0.0;
    for (double f = -5.9999; f < 6.0; f += 1e-3)
        worst = fmax(worst, fabs(1.0 - wn_d2v_gradient((float)f, 1, 1.0f) - 1.0 / (1.0 + exp(-f))));
    cr_assert_lt(worst, 0.0015);
    cr_assert_eq(wn_d2v_gradient(6.0f, 0, 1.0f), 0.0f);
    cr_assert_eq(wn_d2v_gradient(-6.0f, 1, 1.0f), 0.0f);
    cr_assert_eq(wn_d2v_gradient(NAN, 1, 1.0f), 0.0f);
}

Test(doc2vec_steps, noise_follows_counts_to_the_exponent) {
    enum { N = 50, DRAWS = 400000 };
    uint64_t counts[N];
    wn_d2v_alias table[N];
    double p[N], seen[N] = {0}, total = 0.0, chi = 0.0;
    for (size_t i = 0; i < N; i++) counts[i] = 5000 / (i + 1) + 1, total += p[i] = pow((double)counts[i], 0.75);
    cr_assert_eq(wn_d2v_alias_init(table, counts, N, 0.75, &(wn_err){0}), WN_OK);
    wn_d2v_draws d = wn_d2v_draws_init(1, WN_D2V_DRAW_TRAIN, 2, 3);
    for (size_t i = 0; i < DRAWS; i++) seen[wn_d2v_alias_draw(table, N, &d)] += 1.0;
    for (size_t i = 0; i < N; i++) {
        double want = DRAWS * p[i] / total;
        chi += (seen[i] - want) * (seen[i] - want) / want;
    }
    cr_assert_lt(chi, 110.0, "chi-square %g at 49 degrees of freedom", chi); /* p = 1e-6 */
    cr_assert_gt(chi, 15.0);
}

Test(doc2vec_steps, sub_sampling_probability) {
    uint64_t counts[] = {9000, 900, 99, 1};
    uint32_t keep[4];
    wn_d2v_keep_init(keep, counts, 4, 1e-2);
    cr_assert_float_eq(keep[0] / 4294967295.0, sqrt(100.0 / 9000) + 100.0 / 9000, 1e-8);
    cr_assert_float_eq(keep[1] / 4294967295.0, sqrt(100.0 / 900) + 100.0 / 900, 1e-8);
    cr_assert_eq(keep[2], UINT32_MAX);
    wn_d2v_keep_init(keep, counts, 4, 0.0);
    cr_assert_eq(keep[0], UINT32_MAX, "sample 0 keeps every word");
    wn_d2v_keep_init(keep, counts, 4, 10.0); /* a count: 10 * 2.618 = 26 */
    cr_assert_float_eq(keep[0] / 4294967295.0, sqrt(26.0 / 9000) + 26.0 / 9000, 1e-8);
}

/* Total cost of joining the two least weights until one is left, by search. */
static uint64_t least_cost(const uint64_t *counts, size_t n) {
    uint64_t w[64], cost = 0;
    memcpy(w, counts, n * sizeof *w);
    for (; n > 1; n--) {
        for (size_t pick = 0; pick < 2; pick++) {
            size_t least = pick;
            for (size_t i = pick; i < n; i++)
                if (w[i] < w[least]) least = i;
            uint64_t t = w[pick];
            w[pick] = w[least], w[least] = t;
        }
        cost += w[1] += w[0];
        w[0] = w[n - 1];
    }
    return cost;
}

Test(doc2vec_steps, tree_is_optimal_and_prefix_free) {
    for (size_t n = 2; n <= 40; n++) {
        uint64_t counts[64], cost = 0;
        wn_d2v_tree t;
        double kraft = 0.0;
        for (size_t i = 0; i < n; i++) counts[i] = 1 + (n - i) * (n - i) / 7;
        cr_assert_eq(wn_d2v_tree_init(&t, counts, n, &(wn_err){0}), WN_OK);
        for (size_t w = 0; w < n; w++) {
            size_t len = t.off[w + 1] - t.off[w];
            cost += counts[w] * len;
            kraft += ldexp(1.0, -(int)len);
            cr_assert_eq(t.node[t.off[w]], n - 2, "the root is the last node");
            cr_assert_leq(len, t.deepest);
            for (size_t v = 0; v < w; v++) { /* two paths share nodes up to where their codes part, and not beyond */
                size_t i = 0;
                while (t.node[t.off[w] + i] == t.node[t.off[v] + i] && t.code[t.off[w] + i] == t.code[t.off[v] + i])
                    i++;
                cr_assert_eq(t.node[t.off[w] + i], t.node[t.off[v] + i]);
                cr_assert_neq(t.code[t.off[w] + i], t.code[t.off[v] + i]);
            }
        }
        cr_assert_eq(cost, least_cost(counts, n));
        cr_assert_float_eq(kraft, 1.0, 1e-12);
        wn_d2v_tree_free(&t);
    }
}

/* ---- training against double precision ---- */

enum { DIMS = 20, WORDS_MAX = 64, TEXTS = 12, SEGMENTS_MAX = 7 };

typedef struct {
    double in[WORDS_MAX + 1][DIMS], neg[WORDS_MAX][SEGMENTS_MAX * DIMS], inner[WORDS_MAX][SEGMENTS_MAX * DIMS];
    double doc[TEXTS][DIMS];
} weights;

static void logistic(const double *x, double *grad, double *row, size_t n, unsigned label, double alpha) {
    double f = 0.0;
    for (size_t k = 0; k < n; k++) f += x[k] * row[k];
    double g = wn_d2v_gradient((float)f, label, (float)alpha);
    for (size_t k = 0; k < n; k++) {
        grad[k] += g * row[k];
        row[k] += g * x[k];
    }
}

static void tree_part(weights *w, const wn_doc2vec *m, const double *x, double *grad, size_t n, uint32_t target,
                      double alpha) {
    if (!m->opts.hierarchical) return;
    for (uint64_t i = m->tree.off[target]; i < m->tree.off[target + 1]; i++)
        logistic(x, grad, w->inner[m->tree.node[i]], n, 1u - m->tree.code[i], alpha);
}

static void noise_part(weights *w, const wn_doc2vec *m, const double *x, double *grad, size_t n, uint32_t target,
                       const uint32_t *noise, double alpha) {
    if (m->opts.negative) logistic(x, grad, w->neg[target], n, 1, alpha);
    for (size_t d = 0; d < m->opts.negative; d++)
        if (noise[d] != target) logistic(x, grad, w->neg[noise[d]], n, 0, alpha);
}

static void predict_plain(weights *w, const wn_doc2vec *m, double *x, uint32_t target, wn_d2v_draws *d, double alpha) {
    uint32_t noise[16];
    double grad[DIMS] = {0};
    for (size_t i = 0; i < m->opts.negative; i++) noise[i] = wn_d2v_alias_draw(m->alias, m->vocab.words.n, d);
    tree_part(w, m, x, grad, DIMS, target, alpha);
    for (size_t k = 0; k < DIMS; k++) x[k] += grad[k], grad[k] = 0.0;
    noise_part(w, m, x, grad, DIMS, target, noise, alpha);
    for (size_t k = 0; k < DIMS; k++) x[k] += grad[k];
}

static void predict_context(weights *w, const wn_doc2vec *m, double *const *ctx, size_t nctx, uint32_t target,
                            wn_d2v_draws *d, double alpha) {
    uint32_t noise[16];
    double x[SEGMENTS_MAX * DIMS] = {0}, grad[SEGMENTS_MAX * DIMS] = {0};
    bool concat = m->opts.mode == WN_DM_CONCAT;
    size_t n = concat ? nctx * DIMS : DIMS;
    for (size_t i = 0; i < m->opts.negative; i++) noise[i] = wn_d2v_alias_draw(m->alias, m->vocab.words.n, d);
    for (size_t c = 0; c < nctx; c++)
        for (size_t k = 0; k < DIMS; k++)
            x[concat ? c * DIMS + k : k] += m->opts.mode == WN_DM_MEAN ? ctx[c][k] / (double)nctx : ctx[c][k];
    tree_part(w, m, x, grad, n, target, alpha);
    noise_part(w, m, x, grad, n, target, noise, alpha);
    for (size_t c = 0; c < nctx; c++)
        for (size_t k = 0; k < DIMS; k++)
            ctx[c][k] += grad[concat ? c * DIMS + k : k] / (m->opts.mode == WN_DM_SUM ? (double)nctx : 1.0);
}

static void train_text(weights *w, const wn_doc2vec *m, const wn_d2v_corpus *c, size_t text, size_t epoch,
                       double alpha) {
    uint32_t id[256];
    int reach[256], n = 0, window = (int)m->opts.window;
    wn_d2v_draws d = wn_d2v_draws_init(m->opts.seed, WN_D2V_DRAW_TRAIN, text, epoch);
    bool dbow = m->opts.mode == WN_DBOW, concat = m->opts.mode == WN_DM_CONCAT;
    for (uint64_t i = c->off[text]; i < c->off[text + 1]; i++)
        if (m->keep[c->ids[i]] == UINT32_MAX || wn_d2v_draw(&d) >> 32 <= m->keep[c->ids[i]]) id[n++] = c->ids[i];
    for (int i = 0; i < n; i++)
        reach[i] = concat || (dbow && !m->opts.dbow_words)
                       ? window
                       : 1 + (int)((wn_d2v_draw(&d) >> 32) * (uint64_t)window >> 32);
    for (int i = 0; i < n; i++) {
        double *ctx[16] = {w->doc[text]};
        size_t nctx = 1;
        for (int j = i - reach[i]; j <= i + reach[i]; j++) {
            if (j == i) continue;
            bool outside = j < 0 || j >= n;
            if (!dbow && (!outside || concat))
                ctx[nctx++] = w->in[outside ? m->vocab.words.n : id[j]];
            else if (dbow && m->opts.dbow_words && !outside)
                predict_plain(w, m, w->in[id[j]], id[i], &d, alpha);
        }
        if (dbow)
            predict_plain(w, m, w->doc[text], id[i], &d, alpha);
        else
            predict_context(w, m, ctx, nctx, id[i], &d, alpha);
    }
}

static void start_reference(weights *w, const wn_doc2vec *m) {
    float row[DIMS];
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < m->input.rows; i++) {
        wn_d2v_random_row(row, DIMS, 1.0f / DIMS, wn_d2v_draws_init(m->opts.seed, WN_D2V_DRAW_WORD, i, 0));
        for (size_t k = 0; k < DIMS; k++) w->in[i][k] = row[k];
    }
    for (size_t i = 0; i < TEXTS; i++) {
        wn_d2v_random_row(row, DIMS, 1.0f / DIMS, wn_d2v_draws_init(m->opts.seed, WN_D2V_DRAW_DOC, i, 0));
        for (size_t k = 0; k < DIMS; k++) w->doc[i][k] = row[k];
    }
}

static void train_slice(weights *w, const wn_doc2vec *m, const wn_d2v_corpus *c, size_t begin, size_t end) {
    double words = (double)(c->off[end] - c->off[begin]), passed = 0.0;
    for (size_t e = 0; e < m->opts.epochs; e++)
        for (size_t i = begin; i < end; i++) {
            double progress = passed / (words * (double)m->opts.epochs);
            train_text(w, m, c, i, e, m->opts.alpha - (m->opts.alpha - m->opts.min_alpha) * progress);
            passed += (double)(c->off[i + 1] - c->off[i]);
        }
}

/* Largest difference between the model and the reference; padding must be zero. */
static double difference(const weights *w, const wn_doc2vec *m, const wn_mat *docs) {
    double worst = 0.0;
    for (size_t i = 0; i < docs->rows; i++)
        for (size_t k = 0; k < docs->stride; k++)
            worst = fmax(worst, fabs((double)wn_mat_row(docs, i)[k] - (k < DIMS ? w->doc[i][k] : 0.0)));
    for (size_t i = 0; i < m->input.rows; i++)
        for (size_t k = 0; k < DIMS; k++) worst = fmax(worst, fabs((double)wn_mat_row(&m->input, i)[k] - w->in[i][k]));
    for (size_t s = 0; s < m->segments; s++)
        for (size_t k = 0; k < m->stride; k++) {
            size_t at = s * m->stride + k, ref = s * DIMS + k;
            for (size_t i = 0; i < m->negative.rows; i++)
                worst = fmax(worst, fabs((double)wn_mat_row(&m->negative, i)[at] - (k < DIMS ? w->neg[i][ref] : 0.0)));
            for (size_t i = 0; i < m->inner.rows; i++)
                worst = fmax(worst, fabs((double)wn_mat_row(&m->inner, i)[at] - (k < DIMS ? w->inner[i][ref] : 0.0)));
        }
    return worst;
}

/* w = start + (a - start) + (b - start), over all weights */
static void join(weights *w, const weights *start, const weights *a, const weights *b) {
    double *out = &w->in[0][0];
    const double *s = &start->in[0][0], *x = &a->in[0][0], *y = &b->in[0][0];
    for (size_t i = 0; i < sizeof *w / sizeof *out; i++) out[i] = x[i] + (y[i] - s[i]);
}

static void check_mode(wn_doc2vec_opts o, const char *name) {
    static weights w, start, a, b;
    corpus c = corpus_make(TEXTS, 40, 40, false, 5);
    wn_texts texts = corpus_texts(&c);
    wn_d2v_corpus read;
    wn_d2v_vocab vocab;
    o.dims = DIMS, o.window = 3, o.min_count = 1, o.epochs = 3, o.sample = 0.05, o.alpha = 0.1, o.min_alpha = 0.01;
    o.seed = 7;
    cr_assert_eq(wn_d2v_corpus_read(&read, &vocab, &texts, 1, NULL, &(wn_err){0}), WN_OK);
    for (size_t workers = 1; workers <= 2; workers++) {
        wn_doc2vec *m = NULL;
        wn_mat docs = {0};
        wn_err err = {0};
        wn_d2v_plan plan = {.workers = workers, .round = 1000000};
        cr_assert_eq(wn_d2v_train(&m, &texts, &o, plan, &docs, NULL, &err), WN_OK, "%s", err.msg);
        start_reference(&start, m);
        if (workers == 1) {
            w = start;
            train_slice(&w, m, &read, 0, TEXTS);
        } else {
            a = b = start;
            train_slice(&a, m, &read, 0, TEXTS / 2); /* all texts are equally long */
            train_slice(&b, m, &read, TEXTS / 2, TEXTS);
            join(&w, &start, &a, &b);
        }
        double d = difference(&w, m, &docs);
        /* A sum that rounds to the next step of the sigmoid table changes a gradient by .003 alpha: allow that once or
         * twice. Any wrong step changes some weight by a hundredth. */
        cr_assert_lt(d, 1e-3, "%s with %zu workers: %g", name, workers, d);
        double learnt = 0.0;
        for (size_t k = 0; k < DIMS; k++) learnt = fmax(learnt, fabs(w.doc[0][k] - start.doc[0][k]));
        cr_assert_gt(learnt, 0.005, "%s: the reference learnt only %g", name, learnt);
        wn_doc2vec_free(m);
        wn_mat_free(&docs);
    }
    wn_d2v_corpus_free(&read);
    wn_d2v_vocab_free(&vocab);
    corpus_free(&c);
}

Test(doc2vec_steps, training_equals_double_precision) {
    static const char *const names[] = {"dm mean", "dm sum", "dm concat", "dbow", "dbow + words"};
    for (int mode = 0; mode < 5; mode++)
        for (int softmax = 1; softmax < 4; softmax++) { /* bit 0: negative sampling, bit 1: hierarchical */
            wn_doc2vec_opts o = wn_doc2vec_defaults();
            o.mode = mode == 4 ? WN_DBOW : (wn_doc2vec_mode)mode;
            o.dbow_words = mode == 4;
            o.negative = softmax & 1 ? 9 : 0; /* more than a kernel takes at once */
            o.hierarchical = softmax & 2;
            check_mode(o, names[mode]);
        }
}
