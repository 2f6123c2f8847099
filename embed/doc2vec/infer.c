/* Vectors of new texts. The draws depend on the text's known words alone, so equal texts get equal vectors, whatever
 * stands beside them. */
#include "model.h"

#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>

#include <winnow/mem.h>
#include <wn/text.h>
#include <winnow/threads.h>

typedef struct {
    wn_d2v_pass pass;
    wn_buf scratch;
    uint32_t *words;
    size_t n, cap;
} reader;

typedef struct {
    const wn_doc2vec *m;
    const wn_texts *texts;
    size_t epochs;
    wn_mat *out;
    reader *readers; /* one a thread */
    atomic_size_t done, zero;
    atomic_int stop;
    atomic_flag failed;
    wn_progress *p;
    wn_err err;
} inference;

static wn_code take_word(void *ctx, const char *word, size_t len, wn_err *err) {
    reader *r = ctx;
    uint32_t id = wn_d2v_vocab_find(&r->pass.m->vocab, word, len);
    if (id == WN_D2V_NONE) return WN_OK;
    if (wn_reserve((void **)&r->words, &r->cap, r->n + 1, sizeof *r->words, err) != WN_OK) return WN_EMEMORY;
    r->words[r->n++] = id;
    return WN_OK;
}

static wn_code infer_one(inference *f, reader *r, size_t text, wn_err *err) {
    const wn_texts *t = f->texts;
    const wn_doc2vec_opts *o = &f->m->opts;
    r->n = 0;
    wn_code code = wn_text_words(t->base + t->off[text], (size_t)(t->off[text + 1] - t->off[text]), &r->scratch,
                                 take_word, r, err);
    if (code != WN_OK) return code;
    if (r->n == 0) {
        atomic_fetch_add(&f->zero, 1);
        return WN_OK;
    }
    uint64_t key = XXH3_64bits(r->words, r->n * sizeof *r->words);
    double fall = (o->alpha - o->min_alpha) / (double)(f->epochs > 1 ? f->epochs - 1 : 1);
    r->pass.doc = wn_mat_row(f->out, text);
    wn_d2v_random_row(r->pass.doc, o->dims, 0.5f / (float)o->dims,
                      wn_d2v_draws_init(o->seed, WN_D2V_DRAW_INFER_START, key, 0));
    for (size_t e = 0; e < f->epochs; e++) {
        code = wn_d2v_pass_begin(&r->pass, r->words, r->n, wn_d2v_draws_init(o->seed, WN_D2V_DRAW_INFER, key, e), err);
        if (code != WN_OK) return code;
        r->pass.alpha = (float)(o->alpha - fall * (double)e);
        wn_d2v_pass_run(&r->pass, 0, r->pass.len);
        if (atomic_load(&f->stop)) break;
    }
    return code;
}

static void infer_some(void *ctx, size_t begin, size_t end, int worker) {
    inference *f = ctx;
    for (size_t i = begin; i < end && !atomic_load(&f->stop); i++) {
        wn_err err = {0};
        wn_code code = infer_one(f, &f->readers[worker], i, &err);
        size_t done = atomic_fetch_add(&f->done, 1) + 1;
        if (code == WN_OK && worker == 0) code = wn_tick(f->p, "doc2vec", "texts", done, f->texts->n, &err);
        if (code == WN_OK) continue;
        atomic_store(&f->stop, 1);
        if (!atomic_flag_test_and_set(&f->failed)) f->err = err;
    }
}

wn_code wn_doc2vec_infer(const wn_doc2vec *model, const wn_texts *texts, size_t epochs, wn_mat *out, size_t *nzero,
                         wn_progress *p, wn_err *err) {
    wn_mat vectors = {0};
    size_t threads = (size_t)wn_threads_get();
    inference f = {.m = model,
                   .texts = texts,
                   .epochs = epochs ? epochs : model->opts.epochs,
                   .out = &vectors,
                   .p = p,
                   .failed = ATOMIC_FLAG_INIT};
    wn_code code = wn_mat_init(&vectors, texts->n, model->opts.dims, err);
    if (code != WN_OK) return code;
    if (!(f.readers = wn_alloc(threads, sizeof *f.readers, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    for (size_t i = 0; i < threads; i++)
        if ((code = wn_d2v_pass_init(&f.readers[i].pass, model, false, err)) != WN_OK) goto out;
    wn_parallel_for(texts->n, 4, infer_some, &f);
    if (atomic_load(&f.stop)) {
        *err = f.err;
        code = f.err.code;
    }
out:
    for (size_t i = 0; f.readers && i < threads; i++) {
        wn_d2v_pass_free(&f.readers[i].pass);
        wn_free(f.readers[i].scratch.data);
        wn_free(f.readers[i].words);
    }
    wn_free(f.readers);
    if (code != WN_OK) {
        wn_mat_free(&vectors);
        return code;
    }
    *out = vectors;
    if (nzero) *nzero = atomic_load(&f.zero);
    return WN_OK;
}
