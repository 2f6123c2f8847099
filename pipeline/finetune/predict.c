#include "predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { TEXTS = 256, TOKENS = WN_PREDICT_TOKENS }; /* of a batch */

/* A text by its length, and where its outputs go. */
typedef struct {
    size_t text, tokens, at;
} predict_text;

static int text_by_length(const void *a, const void *b) {
    const predict_text *x = a, *y = b;
    if (x->tokens != y->tokens) return x->tokens < y->tokens ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Room for one batch. */
typedef struct {
    wn_example_batch batch;
    size_t texts[TEXTS];
    float *out; /* [TEXTS, outputs] */
} predict_room;

static wn_code predict_batch(predict_room *r, float *out, wn_trainee *t, const wn_examples *e, const predict_text *list,
                             size_t m, size_t outputs, wn_err *err) {
    for (size_t i = 0; i < m; i++) r->texts[i] = list[i].text;
    wn_code code = wn_example_batch_take(&r->batch, e, r->texts, m, err);
    if (code != WN_OK) return code;
    if ((code = wn_trainee_forward(t, &r->batch.view, 0, false, r->out, err)) != WN_OK) return code;
    for (size_t i = 0; i < m; i++) memcpy(out + list[i].at * outputs, r->out + i * outputs, outputs * sizeof *out);
    return WN_OK;
}

wn_code wn_predict(float *out, wn_trainee *t, const wn_examples *e, const size_t *rows, size_t n,
                   const wn_predict_opts *o, wn_err *err) {
    size_t texts = n * e->per, done = 0;
    predict_room r = {.out = wn_alloc(TEXTS * o->outputs, sizeof *r.out, err)};
    predict_text *list = r.out ? wn_alloc(texts, sizeof *list, err) : NULL;
    wn_code code = list ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < texts; i++) {
        size_t text = rows[i / e->per] * e->per + i % e->per;
        list[i] = (predict_text){.text = text, .tokens = e->offsets[text + 1] - e->offsets[text], .at = i};
    }
    qsort(list, texts, sizeof *list, text_by_length);
    while (done < texts) {
        size_t m = 0, tokens = 0;
        while (done + m < texts && m < TEXTS && (m == 0 || tokens + list[done + m].tokens <= TOKENS))
            tokens += list[done + m++].tokens;
        if ((code = predict_batch(&r, out, t, e, list + done, m, o->outputs, err)) != WN_OK) goto out;
        done += m;
        if ((code = wn_tick(o->p, o->stage, "texts", done, texts, err)) != WN_OK) goto out;
    }
out:
    wn_example_batch_free(&r.batch);
    wn_free(r.out);
    wn_free(list);
    return code;
}

void wn_predict_softmax(float *out, size_t n, size_t c) {
    for (size_t i = 0; i < n; i++) {
        float *row = out + i * c;
        double most = row[0], sum = 0;
        for (size_t j = 1; j < c; j++)
            if (row[j] > most) most = row[j];
        for (size_t j = 0; j < c; j++) sum += exp(row[j] - most);
        for (size_t j = 0; j < c; j++) row[j] = (float)(exp(row[j] - most) / sum);
    }
}
