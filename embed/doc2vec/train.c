/* Training. The corpus is cut into slices, one a logical worker; their number follows from the corpus alone, so the
 * result does not depend on threads. In a round every worker trains on some words of its slice, on private copies of
 * the shared rows it touches; then the changes of all workers are added up, row by row, in the order of workers. */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <winnow/mem.h>
#include <winnow/threads.h>

enum { VIEWS = 3, CHUNK = 64, ARENA_BYTES = 8 << 20 };

typedef struct {
    wn_d2v_pass pass;
    size_t begin, end; /* texts of the slice */
    size_t text, epoch, at;
    bool open; /* inside a text, at kept word `at` */
    bool finished;
    uint64_t words, round;
    double passed; /* words of finished texts, all epochs */
    wn_code code;
    wn_err err;
} worker;

typedef struct {
    wn_doc2vec *m;
    const wn_d2v_corpus *corpus;
    const wn_mat *docs;
    wn_d2v_plan plan;
    worker *workers;
    size_t blocks[VIEWS + 1]; /* merge tasks: first of each view */
} training;

static wn_d2v_view *view_of(wn_d2v_pass *ps, size_t i) {
    return i == 0 ? &ps->input : i == 1 ? &ps->negative : &ps->inner;
}

static wn_code view_init(wn_d2v_view *v, size_t touch, wn_err *err) {
    size_t rows = v->shared->rows, stride = v->shared->stride;
    if (rows == 0) return WN_OK;
    size_t cap = ARENA_BYTES / (stride * sizeof(float));
    cap = cap < touch ? touch : cap;
    v->cap = cap < rows ? cap : rows;
    v->slot = wn_alloc(rows, sizeof *v->slot, err);
    v->dirty = wn_alloc((rows + 63) / 64, sizeof *v->dirty, err);
    v->arena = wn_alloc(v->cap, stride * sizeof *v->arena, err);
    return v->slot && v->dirty && v->arena ? WN_OK : WN_EMEMORY;
}

static wn_code worker_init(worker *w, training *t, size_t index, size_t *text, wn_err *err) {
    const wn_d2v_corpus *c = t->corpus;
    uint64_t limit = (uint64_t)((double)c->off[c->n] * (double)(index + 1) / (double)t->plan.workers);
    w->begin = *text;
    while (*text < c->n && (c->off[*text + 1] <= limit || index + 1 == t->plan.workers)) ++*text;
    w->end = *text;
    w->text = w->begin;
    w->words = c->off[w->end] - c->off[w->begin];
    w->finished = w->words == 0;
    wn_code code = wn_d2v_pass_init(&w->pass, t->m, true, err);
    if (code != WN_OK) return code;
    if (t->plan.pool > 0 && t->m->opts.negative > 0) {
        if (!(w->pass.pool = wn_alloc(t->plan.pool, sizeof *w->pass.pool, err))) return WN_EMEMORY;
        w->pass.pool_size = t->plan.pool;
    }
    if (t->plan.workers == 1) return WN_OK;
    size_t touch[VIEWS];
    wn_d2v_pass_touch(t->m, CHUNK, &touch[0], &touch[1], &touch[2]);
    for (size_t i = 0; i < VIEWS; i++)
        if ((code = view_init(view_of(&w->pass, i), touch[i], err)) != WN_OK) return code;
    return WN_OK;
}

static void worker_free(worker *w) {
    for (size_t i = 0; i < VIEWS; i++) {
        wn_d2v_view *v = view_of(&w->pass, i);
        wn_free(v->slot);
        wn_free(v->dirty);
        wn_free(v->arena);
    }
    wn_d2v_pass_free(&w->pass);
}

static bool has_room(const training *t, worker *w) {
    size_t touch[VIEWS];
    wn_d2v_pass_touch(t->m, CHUNK, &touch[0], &touch[1], &touch[2]);
    for (size_t i = 0; i < VIEWS && t->plan.workers > 1; i++) {
        const wn_d2v_view *v = view_of(&w->pass, i);
        if (v->cap < v->shared->rows && v->used + touch[i] > v->cap) return false;
    }
    return true;
}

/* Opens the next text of the slice that has words; false at the end of the last epoch. */
static bool open_text(const training *t, worker *w) {
    const wn_d2v_corpus *c = t->corpus;
    const wn_doc2vec_opts *o = &t->m->opts;
    while (w->epoch < o->epochs) {
        for (; w->text < w->end; w->text++) {
            uint64_t from = c->off[w->text], n = c->off[w->text + 1] - from;
            if (n == 0) continue;
            wn_d2v_draws d = wn_d2v_draws_init(o->seed, WN_D2V_DRAW_TRAIN, w->text, w->epoch);
            w->code = wn_d2v_pass_begin(&w->pass, c->ids + from, (size_t)n, d, &w->err);
            if (w->code != WN_OK) return false;
            w->pass.doc = wn_mat_row(t->docs, w->text);
            w->at = 0;
            return true;
        }
        w->text = w->begin;
        w->epoch++;
    }
    return false;
}

/* Linear decay over the words of all epochs of the slice. */
static float alpha_now(const training *t, const worker *w) {
    const wn_doc2vec_opts *o = &t->m->opts;
    double inside =
        (double)(t->corpus->off[w->text + 1] - t->corpus->off[w->text]) * (double)w->at / (double)w->pass.len;
    double progress = (w->passed + inside) / ((double)w->words * (double)o->epochs);
    return (float)(o->alpha - (o->alpha - o->min_alpha) * progress);
}

/* The round's noise words, each from the noise distribution: that a worker meets the same ones again within its round
 * keeps the rows it copies few and in cache. */
static void fill_pool(const training *t, worker *w) {
    wn_d2v_draws d = wn_d2v_draws_init(t->m->opts.seed, WN_D2V_DRAW_POOL, (uint64_t)(w - t->workers), w->round++);
    for (size_t i = 0; i < w->pass.pool_size; i++)
        w->pass.pool[i] = wn_d2v_alias_draw(t->m->alias, t->m->vocab.words.n, &d);
}

static void run_worker(training *t, worker *w) {
    fill_pool(t, w);
    for (size_t done = 0; done < t->plan.round && has_room(t, w);) {
        if (!w->open && !(w->open = open_text(t, w))) {
            w->finished = true;
            return;
        }
        size_t left = w->pass.len - w->at, n = left < CHUNK ? left : CHUNK;
        if (n > 0) {
            w->pass.alpha = alpha_now(t, w);
            wn_d2v_pass_run(&w->pass, w->at, w->at + n);
        }
        done += n + (n == 0);
        w->at += n;
        if (w->at < w->pass.len) continue;
        w->passed += (double)(t->corpus->off[w->text + 1] - t->corpus->off[w->text]);
        w->open = false;
        w->text++;
    }
}

static void run_workers(void *ctx, size_t begin, size_t end, int thread) {
    training *t = ctx;
    (void)thread;
    for (size_t i = begin; i < end; i++)
        if (!t->workers[i].finished) run_worker(t, &t->workers[i]);
}

enum { BLOCK_WORDS = 8 }; /* words of the dirty bits that a merge task takes */

static void merge_row(training *t, size_t view, size_t r, uint64_t bit, float **copies) {
    const wn_mat *shared = view_of(&t->workers[0].pass, view)->shared;
    size_t count = 0;
    for (size_t i = 0; i < t->plan.workers; i++) {
        wn_d2v_view *v = view_of(&t->workers[i].pass, view);
        if (!(v->dirty[r / 64] & bit)) continue;
        copies[count++] = v->arena + (v->slot[r] - 1) * shared->stride;
        v->slot[r] = 0;
    }
    t->workers[0].pass.k->merge(wn_mat_row(shared, r), copies, count, shared->stride);
}

static void merge_blocks(void *ctx, size_t begin, size_t end, int thread) {
    training *t = ctx;
    float *copies[WN_D2V_WORKERS_MAX];
    (void)thread;
    for (size_t b = begin; b < end; b++) {
        size_t view = b >= t->blocks[2] ? 2 : b >= t->blocks[1] ? 1 : 0;
        size_t rows = view_of(&t->workers[0].pass, view)->shared->rows, words = (rows + 63) / 64;
        size_t first = (b - t->blocks[view]) * BLOCK_WORDS,
               last = first + BLOCK_WORDS < words ? first + BLOCK_WORDS : words;
        for (size_t word = first; word < last; word++) {
            uint64_t any = 0;
            for (size_t i = 0; i < t->plan.workers; i++) any |= view_of(&t->workers[i].pass, view)->dirty[word];
            for (uint64_t bits = any; bits; bits &= bits - 1)
                merge_row(t, view, word * 64 + (size_t)__builtin_ctzll(bits), bits & -bits, copies);
            for (size_t i = 0; i < t->plan.workers && any; i++) view_of(&t->workers[i].pass, view)->dirty[word] = 0;
        }
    }
}

static void merge(training *t) {
    if (t->plan.workers == 1) return;
    wn_parallel_for(t->blocks[VIEWS], 1, merge_blocks, t);
    for (size_t i = 0; i < t->plan.workers; i++)
        for (size_t v = 0; v < VIEWS; v++) view_of(&t->workers[i].pass, v)->used = 0;
}

static wn_code rounds(training *t, wn_progress *p, wn_err *err) {
    double total = (double)t->corpus->off[t->corpus->n] * (double)t->m->opts.epochs;
    for (bool finished = false; !finished;) {
        double done = 0.0;
        finished = true;
        wn_parallel_for(t->plan.workers, 1, run_workers, t);
        merge(t);
        for (size_t i = 0; i < t->plan.workers; i++) {
            const worker *w = &t->workers[i];
            if (w->code != WN_OK) {
                *err = w->err;
                return w->code;
            }
            finished &= w->finished;
            done += w->passed;
        }
        wn_code code = wn_tick(p, "doc2vec", "words", (size_t)done, (size_t)total, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code train_all(wn_doc2vec *m, const wn_d2v_corpus *c, const wn_mat *docs, wn_d2v_plan plan, wn_progress *p,
                         wn_err *err) {
    training t = {.m = m, .corpus = c, .docs = docs, .plan = plan};
    size_t text = 0;
    wn_code code = WN_OK;
    t.workers = wn_alloc(plan.workers, sizeof *t.workers, err);
    if (!t.workers) return WN_EMEMORY;
    for (size_t i = 0; i < plan.workers; i++)
        if ((code = worker_init(&t.workers[i], &t, i, &text, err)) != WN_OK) goto out;
    if (plan.workers > 1)
        for (size_t i = 0; i < VIEWS; i++) {
            const wn_d2v_view *v = view_of(&t.workers[0].pass, i);
            size_t words = v->slot ? (v->shared->rows + 63) / 64 : 0;
            t.blocks[i + 1] = t.blocks[i] + (words + BLOCK_WORDS - 1) / BLOCK_WORDS;
        }
    code = rounds(&t, p, err);
out:
    for (size_t i = 0; i < plan.workers; i++) worker_free(&t.workers[i]);
    wn_free(t.workers);
    return code;
}

/* workers * round bounds how stale a row can be that a worker sees: 8000 words do no harm (docs/encoders.md). Fewer
 * than four rounds an epoch are not worth splitting. */
wn_d2v_plan wn_d2v_plan_for(const wn_d2v_corpus *c) {
    uint64_t words = c->off[c->n];
    if (words < 32000) return (wn_d2v_plan){.workers = 1, .round = 8000};
    if (words < 1000000) return (wn_d2v_plan){.workers = 4, .round = 2000, .pool = 512};
    return (wn_d2v_plan){.workers = 8, .round = 1000, .pool = 512};
}

static void start_weights(wn_doc2vec *m, const wn_d2v_corpus *c, wn_mat *docs) {
    size_t dims = m->opts.dims;
    float scale = 1.0f / (float)dims;
    for (size_t i = 0; i < m->input.rows; i++)
        wn_d2v_random_row(wn_mat_row(&m->input, i), dims, scale,
                          wn_d2v_draws_init(m->opts.seed, WN_D2V_DRAW_WORD, i, 0));
    for (size_t i = 0; i < docs->rows; i++)
        if (c->off[i + 1] > c->off[i])
            wn_d2v_random_row(wn_mat_row(docs, i), dims, scale, wn_d2v_draws_init(m->opts.seed, WN_D2V_DRAW_DOC, i, 0));
}

/* What training takes, now that the words are counted: the rows of words and texts, and the workers' copies. */
static wn_code check_memory(const wn_doc2vec *m, const wn_d2v_corpus *c, size_t workers, wn_err *err) {
    const wn_doc2vec_opts *o = &m->opts;
    double words = (double)m->vocab.words.n, stride = (double)((o->dims + 15) / 16 * 16);
    double segments = o->mode == WN_DM_CONCAT ? 1 + 2 * (double)o->window : 1, copies = 0, shared = 0;
    const double row[VIEWS] = {wn_d2v_uses_input(o) ? stride : 0, o->negative > 0 ? segments * stride : 0,
                               o->hierarchical ? segments * stride : 0};
    for (size_t i = 0; i < VIEWS; i++) {
        double bytes = words * row[i] * sizeof(float);
        shared += bytes;
        if (workers > 1 && row[i] > 0) copies += 5 * words + (bytes < ARENA_BYTES ? bytes : ARENA_BYTES);
    }
    double need = shared + (double)workers * copies + (double)c->n * stride * sizeof(float) + words * 32;
    char what[96];
    (void)snprintf(what, sizeof what, "training %zu words and %zu texts in %zu dimensions", m->vocab.words.n, c->n,
                   o->dims);
    return wn_mem_require(need < 0x1p62 ? (size_t)need : (size_t)1 << 62, what,
                          "a larger --min-count, fewer --dims, or --limit", err);
}

wn_code wn_d2v_train(wn_doc2vec **model, const wn_texts *texts, const wn_doc2vec_opts *o, wn_d2v_plan plan, wn_mat *out,
                     wn_progress *p, wn_err *err) {
    wn_d2v_corpus corpus = {0};
    wn_mat docs = {0};
    wn_doc2vec *m = NULL;
    wn_code code = wn_d2v_check(o, err);
    if (code != WN_OK) return code;
    if (!(m = wn_alloc(1, sizeof *m, err))) return WN_EMEMORY;
    m->opts = *o;
    if ((code = wn_d2v_corpus_read(&corpus, &m->vocab, texts, o->min_count, p, err)) != WN_OK) goto out;
    if (m->vocab.words.n == 0) {
        code =
            wn_err_set(err, WN_EINPUT, "doc2vec: no word occurs at least %zu times in the %zu texts; lower min_count",
                       o->min_count, texts->n);
        goto out;
    }
    if (plan.workers == 0) plan = wn_d2v_plan_for(&corpus);
    if ((code = check_memory(m, &corpus, plan.workers, err)) != WN_OK) goto out;
    if ((code = wn_d2v_model_init(m, err)) != WN_OK) goto out;
    if ((code = wn_mat_init(&docs, texts->n, o->dims, err)) != WN_OK) goto out;
    start_weights(m, &corpus, &docs);
    if ((code = train_all(m, &corpus, &docs, plan, p, err)) != WN_OK) goto out;
    *model = m;
    m = NULL;
    if (out) {
        *out = docs;
        docs = (wn_mat){0};
    }
out:
    wn_doc2vec_free(m);
    wn_mat_free(&docs);
    wn_d2v_corpus_free(&corpus);
    return code;
}

wn_code wn_doc2vec_train(wn_doc2vec **model, const wn_texts *texts, const wn_doc2vec_opts *o, wn_mat *out,
                         wn_progress *p, wn_err *err) {
    return wn_d2v_train(model, texts, o, (wn_d2v_plan){0}, out, p, err);
}
