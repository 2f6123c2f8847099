/* One pass over one text: which rows a word's prediction needs, and the steps of gradient descent on them. */
#include "model.h"

#include <string.h>
#include <winnow/mem.h>

/* One prediction: from the mean, sum, concatenation (context) or plain vector (context[0]) to the target. */
struct wn_d2v_job {
    uint32_t target;
    unsigned outputs; /* negative[0 .. outputs): the target's row, then the noise words' */
    size_t nctx;
    float **ctx;      /* [nctx], document first */
    float **negative; /* [1 + opts.negative] */
};
enum { JOBS = 8 };

static size_t context_max(const wn_doc2vec_opts *o) {
    return o->mode == WN_DBOW ? 1 : 1 + 2 * o->window;
}

wn_code wn_d2v_pass_init(wn_d2v_pass *ps, const wn_doc2vec *m, bool learn, wn_err *err) {
    size_t ctx = context_max(&m->opts), per = ctx + 1 + m->opts.negative;
    *ps = (wn_d2v_pass){.m = m, .k = wn_d2v_kernels_get(), .learn = learn};
    ps->input.shared = &m->input;
    ps->negative.shared = &m->negative;
    ps->inner.shared = &m->inner;
    if (!(ps->jobs = wn_alloc(JOBS, sizeof *ps->jobs, err)) ||
        !(ps->rows = wn_alloc(JOBS * per + m->tree.deepest, sizeof *ps->rows, err)) ||
        !(ps->in = wn_alloc(m->segments * m->stride, sizeof *ps->in, err)) ||
        !(ps->work = wn_alloc(m->segments * m->stride, sizeof *ps->work, err))) {
        wn_d2v_pass_free(ps);
        return WN_EMEMORY;
    }
    for (size_t i = 0; i < JOBS; i++) {
        ps->jobs[i].ctx = ps->rows + m->tree.deepest + i * per;
        ps->jobs[i].negative = ps->jobs[i].ctx + ctx;
    }
    return WN_OK;
}

void wn_d2v_pass_free(wn_d2v_pass *ps) {
    wn_free(ps->ids);
    wn_free(ps->reach);
    wn_free(ps->pool);
    wn_free(ps->jobs);
    wn_free(ps->rows);
    wn_free(ps->in);
    wn_free(ps->work);
    *ps = (wn_d2v_pass){0};
}

void wn_d2v_random_row(float *row, size_t n, float scale, wn_d2v_draws d) {
    for (size_t i = 0; i < n; i++) row[i] = ((float)(wn_d2v_draw(&d) >> 40) * 0x1p-23f - 1.0f) * scale;
}

wn_code wn_d2v_pass_begin(wn_d2v_pass *ps, const uint32_t *words, size_t n, wn_d2v_draws draws, wn_err *err) {
    const wn_doc2vec *m = ps->m;
    bool shrinks =
        m->opts.mode == WN_DM_MEAN || m->opts.mode == WN_DM_SUM || (m->opts.mode == WN_DBOW && m->opts.dbow_words);
    if (wn_reserve((void **)&ps->ids, &ps->ids_cap, n, sizeof *ps->ids, err) != WN_OK ||
        wn_reserve((void **)&ps->reach, &ps->reach_cap, n, sizeof *ps->reach, err) != WN_OK)
        return WN_EMEMORY;
    ps->draws = draws;
    ps->len = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t keep = m->keep[words[i]];
        ps->ids[ps->len] = words[i];
        ps->len += keep == UINT32_MAX || (uint32_t)(wn_d2v_draw(&ps->draws) >> 32) <= keep;
    }
    for (size_t i = 0; i < ps->len; i++)
        ps->reach[i] =
            (uint32_t)(shrinks ? 1 + ((wn_d2v_draw(&ps->draws) >> 32) * m->opts.window >> 32) : m->opts.window);
    return WN_OK;
}

static float *first_touch(wn_d2v_view *v, uint32_t r) {
    const float *from = wn_mat_row(v->shared, r);
    float *to = v->arena + v->used * v->shared->stride;
    memcpy(to, from, v->shared->stride * sizeof *to);
    v->slot[r] = (uint32_t)++v->used;
    v->dirty[r / 64] |= (uint64_t)1 << r % 64;
    return to;
}

static inline float *row_of(wn_d2v_view *v, uint32_t r) {
    size_t stride = v->shared->stride;
    float *row = NULL;
    if (!v->slot)
        row = wn_mat_row(v->shared, r);
    else if (v->slot[r])
        row = v->arena + (v->slot[r] - 1) * stride;
    else
        return first_touch(v, r);
    for (size_t k = 0; k < stride; k += 16) __builtin_prefetch(row + k, 1);
    return row;
}

/* work += the gradient of `in`; the rows are updated. Rows that repeat are split into several steps, because a
 * step wants them distinct and the second must see what the first did. */
static void descend(wn_d2v_pass *ps, const float *in, float *const *rows, size_t count, size_t n, bool first_is_one) {
    for (size_t begin = 0; begin < count;) {
        size_t end = begin + 1;
        for (; end < count && end - begin < WN_D2V_BATCH; end++) {
            bool repeats = false;
            for (size_t i = begin; i < end; i++) repeats |= rows[i] == rows[end];
            if (repeats) break;
        }
        ps->k->step(in, ps->work, rows + begin, (unsigned)(end - begin), begin == 0 && first_is_one, n, ps->alpha,
                    ps->learn);
        begin = end;
    }
}

static void descend_tree(wn_d2v_pass *ps, const float *in, uint32_t target, size_t n) {
    const wn_d2v_tree *t = &ps->m->tree;
    const uint8_t *code = t->code + t->off[target];
    const uint32_t *node = t->node + t->off[target];
    size_t depth = t->off[target + 1] - t->off[target];
    for (size_t i = 0; i < depth; i++) ps->rows[i] = row_of(&ps->inner, node[i]);
    for (size_t i = 0; i < depth; i += WN_D2V_BATCH) {
        size_t count = depth - i < WN_D2V_BATCH ? depth - i : WN_D2V_BATCH;
        unsigned labels = 0;
        for (size_t j = 0; j < count; j++) labels |= (1u - code[i + j]) << j;
        ps->k->step(in, ps->work, ps->rows + i, (unsigned)count, labels, n, ps->alpha, ps->learn);
    }
}

/* DBOW and skip-gram: the vector itself predicts; each softmax updates it in turn. */
static void finish_plain(wn_d2v_pass *ps, const wn_d2v_job *j) {
    size_t n = ps->m->stride;
    if (ps->m->opts.hierarchical) {
        memset(ps->work, 0, n * sizeof *ps->work);
        descend_tree(ps, j->ctx[0], j->target, n);
        ps->k->add(j->ctx, 1, ps->work, n);
    }
    if (j->outputs > 0) {
        memset(ps->work, 0, n * sizeof *ps->work);
        descend(ps, j->ctx[0], j->negative, j->outputs, n, true);
        ps->k->add(j->ctx, 1, ps->work, n);
    }
}

/* DM: the context's mean, sum or concatenation predicts; both softmaxes see the same input. */
static void finish_context(wn_d2v_pass *ps, const wn_d2v_job *j) {
    const wn_doc2vec *m = ps->m;
    size_t s = m->stride, n = m->segments * s, changed = ps->learn ? j->nctx : 1;
    float inverse = 1.0f / (float)j->nctx;
    if (m->opts.mode == WN_DM_CONCAT)
        for (size_t i = 0; i < j->nctx; i++) memcpy(ps->in + i * s, j->ctx[i], s * sizeof *ps->in);
    else
        ps->k->sum(ps->in, j->ctx, j->nctx, m->opts.mode == WN_DM_MEAN ? inverse : 1.0f, s);
    memset(ps->work, 0, n * sizeof *ps->work);
    if (m->opts.hierarchical) descend_tree(ps, ps->in, j->target, n);
    descend(ps, ps->in, j->negative, j->outputs, n, true);
    if (m->opts.mode == WN_DM_CONCAT) {
        for (size_t i = 0; i < changed; i++) ps->k->add(&j->ctx[i], 1, ps->work + i * s, s);
        return;
    }
    if (m->opts.mode == WN_DM_SUM) ps->k->sum(ps->work, &ps->work, 1, inverse, s);
    ps->k->add(j->ctx, changed, ps->work, s);
}

static void pass_finish(wn_d2v_pass *ps) {
    for (size_t i = 0; i < ps->njobs; i++) {
        if (ps->m->opts.mode == WN_DBOW)
            finish_plain(ps, &ps->jobs[i]);
        else
            finish_context(ps, &ps->jobs[i]);
    }
    ps->njobs = 0;
}

/* A new job for the target: draws its noise words and calls for the rows. The caller fills ctx. */
static wn_d2v_job *start_job(wn_d2v_pass *ps, uint32_t target) {
    if (ps->njobs == JOBS) pass_finish(ps);
    wn_d2v_job *j = &ps->jobs[ps->njobs++];
    const wn_doc2vec *m = ps->m;
    j->target = target;
    j->outputs = 0;
    j->nctx = 0;
    if (m->opts.negative == 0) return j;
    j->negative[j->outputs++] = row_of(&ps->negative, target);
    for (size_t d = 0; d < m->opts.negative; d++) {
        uint32_t noise = ps->pool ? ps->pool[((wn_d2v_draw(&ps->draws) >> 32) * ps->pool_size) >> 32]
                                  : wn_d2v_alias_draw(m->alias, m->vocab.words.n, &ps->draws);
        if (noise != target) j->negative[j->outputs++] = row_of(&ps->negative, noise);
    }
    return j;
}

static void run_dbow(wn_d2v_pass *ps, size_t i) {
    if (ps->m->opts.dbow_words && ps->learn) {
        size_t from = i > ps->reach[i] ? i - ps->reach[i] : 0;
        size_t to = ps->len - i > ps->reach[i] ? i + ps->reach[i] + 1 : ps->len;
        for (size_t c = from; c < to; c++) {
            if (c == i) continue;
            wn_d2v_job *j = start_job(ps, ps->ids[i]);
            j->ctx[j->nctx++] = row_of(&ps->input, ps->ids[c]);
        }
    }
    wn_d2v_job *j = start_job(ps, ps->ids[i]);
    j->ctx[j->nctx++] = ps->doc;
}

static void run_dm(wn_d2v_pass *ps, size_t i) {
    bool pads = ps->m->opts.mode == WN_DM_CONCAT;
    size_t reach = ps->reach[i];
    wn_d2v_job *j = start_job(ps, ps->ids[i]);
    j->ctx[j->nctx++] = ps->doc;
    for (size_t back = reach; back > 0; back--) {
        if (back <= i)
            j->ctx[j->nctx++] = row_of(&ps->input, ps->ids[i - back]);
        else if (pads)
            j->ctx[j->nctx++] = row_of(&ps->input, (uint32_t)ps->m->vocab.words.n);
        else
            back = i + 1;
    }
    for (size_t ahead = 1; ahead <= reach; ahead++) {
        if (ahead < ps->len - i)
            j->ctx[j->nctx++] = row_of(&ps->input, ps->ids[i + ahead]);
        else if (pads)
            j->ctx[j->nctx++] = row_of(&ps->input, (uint32_t)ps->m->vocab.words.n);
        else
            break;
    }
}

void wn_d2v_pass_run(wn_d2v_pass *ps, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        if (ps->m->opts.mode == WN_DBOW)
            run_dbow(ps, i);
        else
            run_dm(ps, i);
    }
    pass_finish(ps);
}

void wn_d2v_pass_touch(const wn_doc2vec *m, size_t n, size_t *input, size_t *negative, size_t *inner) {
    const wn_doc2vec_opts *o = &m->opts;
    size_t predictions = n * (o->mode == WN_DBOW && o->dbow_words ? 1 + 2 * o->window : 1);
    *input = wn_d2v_uses_input(o) ? n + 2 * o->window + 1 : 0;
    *negative = o->negative ? predictions * (1 + o->negative) : 0;
    *inner = o->hierarchical ? predictions * m->tree.deepest : 0;
}
