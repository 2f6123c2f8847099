#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

/* Rows of A have norm 1 or more: a shorter projection is rounding, and so would be its direction. */
static const double least_norm = 1e-6;

wn_lsa_opts wn_lsa_defaults(void) {
    return (wn_lsa_opts){.features = WN_LSA_WORDS_CHARS, .dims = 256, .min_df = 2};
}

size_t wn_lsa_dims(const wn_lsa *model) {
    return model->basis.dims;
}
size_t wn_lsa_words(const wn_lsa *model) {
    return model->vocab.set.n;
}

void wn_lsa_free(wn_lsa *model) {
    if (!model) return;
    wn_lsa_vocab_free(&model->vocab);
    wn_lsa_basis_free(&model->basis);
    wn_lsa_learnt_free(model->learnt);
    wn_free(model);
}

/* What the tasks of one encoding share. Either `a` holds the rows or `texts` the texts. */
typedef struct {
    const wn_lsa *model;
    const wn_lsa_kernels *kernels;
    const wn_lsa_csr *a;
    const wn_texts *texts;
    const bool *drawn;   /* texts learned from; NULL: all */
    wn_lsa_parts *part;  /* what is kept of them; NULL: nothing */
    const size_t *start; /* pieces of texts */
    size_t first;        /* row or piece where the present wave starts */
    wn_mat *out;
    struct scratch {
        const wn_lsa *model;
        float *y;   /* [ld] */
        float *val; /* weights of one text */
        uint32_t *col;
        size_t val_cap, col_cap;
        wn_lsa_terms terms;
        wn_lsa_reader reader;
        size_t nzero;
        wn_err err;
    } * scratch;
    size_t workers;
} encoding;

static wn_lsa_parts parts_of(const float *val, size_t n, double in) {
    double all = 0;
    for (size_t i = 0; i < n; i++) all += (double)val[i] * (double)val[i];
    return (wn_lsa_parts){(float)in, all > in ? (float)(all - in) : 0};
}

static void encode_row(const encoding *e, struct scratch *s, const uint32_t *col, const float *val, size_t n,
                       size_t row) {
    const wn_lsa_basis *b = &e->model->basis;
    double in = e->kernels->encode(col, val, n, b->v, b->ld, s->y), norm = sqrt(in);
    float *out = wn_mat_row(e->out, row);
    if (e->part && (!e->drawn || e->drawn[row])) e->part[row] = parts_of(val, n, in);
    if (!(norm >= least_norm)) {
        memset(out, 0, b->dims * sizeof *out);
        s->nzero++;
        return;
    }
    for (size_t j = 0; j < b->dims; j++) out[j] = (float)((double)s->y[j] / norm);
}

static void encode_matrix(void *ctx, size_t begin, size_t end, int worker) {
    const encoding *e = ctx;
    for (size_t i = e->first + begin; i < e->first + end; i++) {
        size_t at = e->a->indptr[i];
        encode_row(e, &e->scratch[worker], e->a->col + at, e->a->val + at, e->a->indptr[i + 1] - at, i);
    }
}

static wn_code collect_word(void *ctx, const char *word, size_t n, wn_err *err) {
    struct scratch *s = ctx;
    uint32_t id = wn_strset_find(&s->model->vocab.set, word, n, wn_string_hash(word, n));
    if (id == WN_STRSET_NONE) return WN_OK;
    if (wn_reserve((void **)&s->terms.key, &s->terms.key_cap, s->terms.n + 1, sizeof *s->terms.key, err))
        return WN_EMEMORY;
    s->terms.key[s->terms.n++] = (uint64_t)id << 32 | 1;
    return WN_OK;
}

static wn_code encode_text(const encoding *e, struct scratch *s, size_t row) {
    const wn_texts *t = e->texts;
    s->terms.n = 0;
    wn_code code = wn_lsa_read(&s->reader, t->base + t->off[row], (size_t)(t->off[row + 1] - t->off[row]), collect_word,
                               s, &s->err);
    if (code != WN_OK) return code;
    if ((code = wn_lsa_terms_sort(&s->terms, &s->err)) != WN_OK) return code;
    wn_lsa_terms_merge(&s->terms);
    size_t n = s->terms.n;
    if (wn_reserve((void **)&s->val, &s->val_cap, n, sizeof *s->val, &s->err) != WN_OK ||
        wn_reserve((void **)&s->col, &s->col_cap, n, sizeof *s->col, &s->err) != WN_OK)
        return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) s->col[i] = (uint32_t)(s->terms.key[i] >> 32);
    wn_lsa_weigh(&s->terms, &e->model->vocab, s->val);
    encode_row(e, s, s->col, s->val, n, row);
    return WN_OK;
}

static void encode_piece(void *ctx, size_t begin, size_t end, int worker) {
    const encoding *e = ctx;
    struct scratch *s = &e->scratch[worker];
    for (size_t i = e->start[e->first + begin]; i < e->start[e->first + end] && !s->err.code; i++)
        if (encode_text(e, s, i)) return;
}

static wn_code encode_all(encoding *e, size_t n, size_t wave, size_t grain, wn_task task, wn_progress *p, wn_err *err) {
    for (e->first = 0; e->first < n; e->first += wave) {
        size_t row = e->start ? e->start[e->first] : e->first;
        wn_code code = wn_tick(p, "encoding", "texts", row, e->out->rows, err);
        if (code != WN_OK) return code;
        wn_parallel_for(n - e->first < wave ? n - e->first : wave, grain, task, e);
        for (size_t k = 0; k < e->workers; k++)
            if (e->scratch[k].err.code) return wn_err_set(err, e->scratch[k].err.code, "%s", e->scratch[k].err.msg);
    }
    return wn_tick(p, "encoding", "texts", e->out->rows, e->out->rows, err);
}

/* what: model, a, texts, drawn and part. */
static wn_code encode_texts(const encoding *what, wn_mat *out, size_t *nzero, wn_progress *p, wn_err *err) {
    const wn_lsa *model = what->model;
    const wn_lsa_csr *a = what->a;
    const wn_texts *texts = what->texts;
    wn_mat x = {0};
    size_t *start = NULL, pieces = 0, zero = 0;
    encoding e = *what;
    e.kernels = wn_lsa_kernels_get(), e.out = &x, e.workers = (size_t)wn_threads_get();
    wn_code code = WN_EMEMORY;
    if (!(e.scratch = wn_alloc(e.workers, sizeof *e.scratch, err))) goto out;
    for (size_t k = 0; k < e.workers; k++) {
        e.scratch[k].model = model;
        e.scratch[k].reader.features = model->vocab.features;
        if (!(e.scratch[k].y = wn_alloc(model->basis.ld, sizeof(float), err))) goto out;
    }
    if ((code = wn_mat_init(&x, texts->n, model->basis.dims, err)) != WN_OK) goto out;
    if (!a && (code = wn_lsa_pieces(texts, &start, &pieces, err)) != WN_OK) goto out;
    e.start = start;
    code = a ? encode_all(&e, texts->n, 1 << 18, 512, encode_matrix, p, err)
             : encode_all(&e, pieces, 64, 1, encode_piece, p, err);
out:
    for (size_t k = 0; e.scratch && k < e.workers; k++) {
        struct scratch *s = &e.scratch[k];
        zero += s->nzero;
        wn_free(s->y);
        wn_free(s->val);
        wn_free(s->col);
        wn_lsa_reader_free(&s->reader);
        wn_lsa_terms_free(&s->terms);
    }
    wn_free(e.scratch);
    wn_free(start);
    if (code != WN_OK) {
        wn_mat_free(&x);
        return code;
    }
    *out = x;
    if (nzero) *nzero = zero;
    return WN_OK;
}

static wn_lsa_side side_of(const wn_lsa_opts *o) {
    return o->features == WN_LSA_WORDS ? WN_LSA_OF_WORDS : WN_LSA_SMALLER;
}

/* What the rest takes, now that words and entries are counted; the vectors come when the factorising is over. */
static wn_code check_memory(const wn_lsa_csr *a, const wn_lsa_opts *o, size_t rows, wn_err *err) {
    const size_t ld = (o->dims + WN_LSA_BLOCK - 1) / WN_LSA_BLOCK * WN_LSA_BLOCK;
    const wn_lsa_basis b = {.words = a->cols, .dims = o->dims, .ld = ld};
    size_t svd = wn_lsa_svd_memory(a, side_of(o), o->iterations, &b), out = rows * (o->dims + 15) * sizeof(float);
    char what[96];
    (void)snprintf(what, sizeof what, "factorising %zu words in %zu dimensions", a->cols, o->dims);
    return wn_mem_require(a->cols * ld * sizeof(float) + (svd > out ? svd : out), what,
                          "a larger --min-df, fewer --dims, a smaller --lsa-sample, or --limit", err);
}

static wn_code draw_sample(const wn_texts *texts, const wn_lsa_opts *o, wn_lsa_sample *s, wn_err *err) {
    size_t rows = o->sample ? o->sample : SIZE_MAX, bytes = SIZE_MAX;
    if (!o->sample && o->features != WN_LSA_WORDS) {
        rows = WN_LSA_SAMPLE_ROWS;
        bytes = WN_LSA_SAMPLE_BYTES;
    }
    return wn_lsa_draw(texts, rows, bytes, o->seed, s, err);
}

/* a: the weights of the texts that the model was fitted to. */
static wn_code learn(wn_lsa *m, const wn_texts *texts, const wn_lsa_opts *o, size_t rows, wn_lsa_csr *a, wn_progress *p,
                     wn_err *err) {
    m->vocab.features = o->features;
    m->min_df = o->min_df ? o->min_df : 1;
    m->seed = o->seed;
    wn_code code = wn_lsa_count(texts, m->min_df, &m->vocab, a, p, err);
    if (code != WN_OK) return code;
    if ((code = check_memory(a, o, rows, err)) != WN_OK) return code;
    if ((code = wn_lsa_basis_init(&m->basis, m->vocab.set.n, o->dims, err)) != WN_OK) return code;
    return wn_lsa_svd(a, side_of(o), o->iterations, o->seed, &m->basis, p, err);
}

wn_code wn_lsa_fit(wn_lsa **model, const wn_texts *texts, const wn_lsa_opts *o, wn_mat *out, size_t *nzero,
                   wn_progress *p, wn_err *err) {
    if (o->dims < 1 || o->dims > WN_LSA_MAX_DIMS)
        return wn_err_set(err, WN_EUSAGE, "LSA cannot have %zu dimensions; give 1 to %d", o->dims, WN_LSA_MAX_DIMS);
    wn_lsa_csr a = {0};
    wn_lsa_sample sample = {0};
    wn_lsa *m = wn_alloc(1, sizeof *m, err);
    wn_code code = m ? draw_sample(texts, o, &sample, err) : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = learn(m, &sample.view, o, out ? texts->n : 0, &a, p, err)) != WN_OK) goto out;
    if (sample.base) wn_lsa_csr_free(&a);
    if (!out) goto out;
    if ((code = wn_lsa_learnt_init(&m->learnt, texts->n, &m->basis, err)) != WN_OK) goto out;
    const encoding e = {
        .model = m, .a = sample.base ? NULL : &a, .texts = texts, .drawn = sample.drawn, .part = m->learnt->part};
    code = encode_texts(&e, out, nzero, p, err);
out:
    wn_lsa_csr_free(&a);
    wn_lsa_sample_free(&sample);
    if (code != WN_OK)
        wn_lsa_free(m);
    else
        *model = m;
    return code;
}

wn_code wn_lsa_transform(const wn_lsa *model, const wn_texts *texts, wn_mat *out, size_t *nzero, wn_progress *p,
                         wn_err *err) {
    return encode_texts(&(encoding){.model = model, .texts = texts}, out, nzero, p, err);
}
