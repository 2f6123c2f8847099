/* --verify: vectors of a sample, again by the plain f32 path. */
#include "bert_encoder.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>

/* The least cosine that a precision may have to f32. */
static double least_cosine(wn_precision p) {
    switch (p) {
    case WN_PREC_AUTO:
    case WN_PREC_F32:
        return 0.999999;
    case WN_PREC_BF16:
    case WN_PREC_F16:
    case WN_PREC_INT16:
        return 0.9995;
    case WN_PREC_INT8:
        return 0.995;
    }
    return 1;
}

/* Text i of the sample gets (*ids)[off[i] .. off[i + 1]). */
static wn_code sample_ids(const wn_bert_encoder *b, const wn_texts *texts, const wn_encoder_sample *s, uint32_t **ids,
                          size_t *off, wn_err *err) {
    wn_ids one = {0};
    size_t cap = 0;
    wn_code code = WN_OK;
    for (size_t i = 0; i < s->n; i++) {
        size_t row = s->rows[i];
        void *v = *ids;
        code = wn_tok_encode(b->tok, texts->base + texts->off[row], (size_t)(texts->off[row + 1] - texts->off[row]),
                             NULL, 0, b->max_tokens, &one, err);
        if (code != WN_OK) goto out;
        code = wn_reserve(&v, &cap, off[i] + one.n, sizeof **ids, err);
        *ids = v;
        if (code != WN_OK) goto out;
        memcpy(*ids + off[i], one.ids, one.n * sizeof **ids);
        off[i + 1] = off[i] + one.n;
    }
out:
    wn_ids_free(&one);
    return code;
}

static double cosine(const float *v, const float *u, size_t d) {
    double dot = 0, a = 0, b = 0;
    for (size_t k = 0; k < d; k++) {
        dot += (double)v[k] * (double)u[k];
        a += (double)v[k] * (double)v[k];
        b += (double)u[k] * (double)u[k];
    }
    return fmax(fmin(dot / sqrt(a * b), 1), -1);
}

typedef struct {
    double least, sum;
} drift;

static wn_code measure_drift(drift *out, const wn_bert_encoder *b, const wn_texts *texts, const wn_encoder_sample *s,
                             const wn_encoder_watch *w, wn_err *err) {
    wn_bert_opts plain = b->opts;
    wn_bert *reference = NULL;
    uint32_t *ids = NULL;
    size_t *off = wn_alloc(s->n + 1, sizeof *off, err), dims = b->base.dims;
    float *want = off ? wn_alloc(dims, sizeof *want, err) : NULL;
    wn_code code = WN_EMEMORY;
    plain.precision = WN_PREC_F32;
    *out = (drift){.least = 1};
    if (!want) goto out;
    if ((code = sample_ids(b, texts, s, &ids, off, err)) != WN_OK) goto out;
    if ((code = wn_bert_open(&reference, b->dir, &plain, err)) != WN_OK) goto out;
    for (size_t i = 0; i < s->n; i++) {
        size_t one[2] = {0, off[i + 1] - off[i]};
        const wn_token_batch text = {.ids = ids + off[i], .offsets = one, .n = 1};
        code = wn_bert_forward(reference, &text, want, dims, NULL, err);
        if (code != WN_OK) goto out;
        double c = cosine(want, s->x + i * s->stride, dims);
        out->least = fmin(out->least, c);
        out->sum += c;
        if ((code = wn_tick(w->progress, "verify", "texts", i + 1, s->n, err)) != WN_OK) goto out;
    }
out:
    wn_bert_close(reference);
    wn_free(ids);
    wn_free(off);
    wn_free(want);
    return code;
}

wn_code wn_bert_encoder_verify(wn_encoder *e, const wn_texts *texts, const wn_encoder_sample *s,
                               const wn_encoder_watch *w, wn_err *err) {
    const wn_bert_encoder *b = (const wn_bert_encoder *)e;
    double bound = least_cosine(b->opts.precision);
    drift d;
    wn_code code = measure_drift(&d, b, texts, s, w, err);
    if (code != WN_OK) return code;
    wn_encoder_say(w, "verified  %zu texts against f32: cosine at least %.7f, mean %.7f (%s: %g is asked for)", s->n,
                   d.least, d.sum / (double)s->n, b->precision, bound);
    if (d.least >= bound) return WN_OK;
    return wn_err_set(err, WN_EINTERNAL,
                      "--verify: a cosine of %.7f to f32, where %s should give at least %g; nothing was written",
                      d.least, b->precision, bound);
}
