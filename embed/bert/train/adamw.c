/* AdamW with a lazy table of words.
 *
 * A row that no batch has read has moments of zero: a step only multiplies it by 1 - lr decay. These factors are kept,
 * and a row is multiplied by each of them in turn once it is read (wn_params_touch, by the forward pass), or when
 * WN_PENDING_MAX of them are there, or before values are looked at by others (wn_params_settle). So every value has the
 * bits that a dense update gives it. Rows that have been read are updated at every step: their moments are not zero. */
#include "bert/train/trainee.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { PIECE = 1 << 14, ROWS = 64 };

struct wn_adamw {
    wn_adamw_opts opts;
    uint64_t steps;
    wn_real *first, *second; /* [total] */
};

wn_code wn_adamw_open(wn_adamw **out, const wn_params *p, const wn_adamw_opts *o, wn_err *err) {
    wn_adamw *s = wn_alloc(1, sizeof *s, err);
    if (!s) return WN_EMEMORY;
    s->opts = *o;
    if (!(s->first = wn_alloc_sparse(p->total, sizeof *s->first, err))) goto out;
    if (!(s->second = wn_alloc_sparse(p->total, sizeof *s->second, err))) goto out;
    *out = s;
    return WN_OK;
out:
    wn_adamw_close(s);
    return WN_EMEMORY;
}

void wn_adamw_close(wn_adamw *s) {
    if (!s) return;
    wn_free(s->first);
    wn_free(s->second);
    wn_free(s);
}

wn_adamw_state wn_adamw_of(wn_adamw *s) {
    return (wn_adamw_state){.first = s->first, .second = s->second, .steps = &s->steps};
}

void wn_adamw_resume(const wn_adamw *s, wn_params *p) {
    const wn_param *words = &p->list[0];
    for (size_t i = 0; i < wn_param_count(words); i++)
        if (s->first[words->at + i] != 0 || s->second[words->at + i] != 0) p->live[i / words->cols] = true;
}

/* ---- the lazy table ---- */

void wn_params_touch(wn_params *p, const wn_train_ops *ops, size_t row, size_t width) {
    if (p->live[row]) return;
    p->live[row] = true;
    ops->multiply(p->value + p->list[0].at + row * width, p->pending, p->npending, width);
}

static void settle_rows(void *ctx, size_t begin, size_t end, int worker) {
    wn_params *p = ctx;
    const wn_param *words = &p->list[0];
    const wn_train_ops *ops = wn_train_ops_get();
    (void)worker;
    for (size_t i = begin; i < end; i++)
        if (!p->live[i]) ops->multiply(p->value + words->at + i * words->cols, p->pending, p->npending, words->cols);
}

void wn_params_settle(wn_params *p) {
    if (p->npending) wn_parallel_for(p->list[0].rows, ROWS, settle_rows, p);
    p->npending = 0;
}

/* ---- a step ---- */

typedef struct {
    const wn_adamw *s;
    wn_params *p;
    const wn_param *param;
    wn_adamw_factors factors;
} param_step;

static wn_adamw_rows rows_at(const param_step *u, size_t i) {
    const size_t at = u->param->at + i;
    return (wn_adamw_rows){
        .value = u->p->value + at, .grad = u->p->grad + at, .first = u->s->first + at, .second = u->s->second + at};
}

static void step_values(void *ctx, size_t begin, size_t end, int worker) {
    const param_step *u = ctx;
    const wn_adamw_rows r = rows_at(u, begin);
    (void)worker;
    wn_train_ops_get()->adamw(&r, &u->factors, end - begin);
    if (!u->param->lazy) memset(u->p->grad + u->param->at + begin, 0, (end - begin) * sizeof *r.grad);
}

static void step_rows(void *ctx, size_t begin, size_t end, int worker) {
    const param_step *u = ctx;
    const size_t width = u->param->cols;
    for (size_t i = begin; i < end; i++)
        if (u->p->live[i]) step_values(ctx, i * width, (i + 1) * width, worker);
}

void wn_adamw_step(wn_adamw *s, wn_params *p, double lr, double grad_scale) {
    const wn_adamw_opts *o = &s->opts;
    const double t = (double)++s->steps;
    if (p->npending == WN_PENDING_MAX) wn_params_settle(p);
    for (size_t i = 0; i < p->n; i++) {
        wn_param *q = &p->list[i];
        const double rate = lr * q->lr_scale;
        if (q->frozen) continue; /* what its gradient holds is of no interest */
        param_step u = {.s = s,
                        .p = p,
                        .param = q,
                        .factors = {.keep = (wn_real)(1 - (q->decay ? rate * o->decay : 0)),
                                    .beta1 = (wn_real)o->beta1,
                                    .beta2 = (wn_real)o->beta2,
                                    .rate = (wn_real)(rate / (1 - pow(o->beta1, t))),
                                    .root = (wn_real)(1 / sqrt(1 - pow(o->beta2, t))),
                                    .eps = (wn_real)o->eps,
                                    .grad_scale = (wn_real)grad_scale}};
        if (q->lazy) {
            p->pending[p->npending++] = u.factors.keep;
            wn_parallel_for(q->rows, ROWS, step_rows, &u);
            wn_zero_sparse(p->grad + q->at, wn_param_count(q) * sizeof *p->grad); /* only a step's rows take memory */
        } else
            wn_parallel_for(wn_param_count(q), PIECE, step_values, &u);
    }
}

/* ---- gradients as a whole ---- */

enum { WAVE = 64 }; /* pieces summed at a time */
typedef struct {
    const wn_params *p;
    const wn_param *param;
    size_t from, grain; /* where the wave begins: a value, of the lazy table a row */
    double squares[WAVE];
} norm_wave;

static double squares_of(const wn_real *g, size_t n) {
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++) sums[j] += (double)g[i + j] * (double)g[i + j];
    for (; i < n; i++) sums[0] += (double)g[i] * (double)g[i];
    for (size_t j = 1; j < 8; j++) sums[0] += sums[j];
    return sums[0];
}

/* Rows that no batch has read have no gradient. */
static void norm_piece(void *ctx, size_t begin, size_t end, int worker) {
    norm_wave *w = ctx;
    const wn_real *g = w->p->grad + w->param->at;
    const size_t width = w->param->cols;
    double sum = 0;
    (void)worker;
    if (!w->param->lazy) sum = squares_of(g + w->from + begin, end - begin);
    for (size_t i = w->from + begin; w->param->lazy && i < w->from + end; i++)
        if (w->p->live[i]) sum += squares_of(g + i * width, width);
    w->squares[begin / w->grain] = sum;
}

double wn_params_grad_norm(const wn_params *p) {
    double total = 0;
    for (size_t i = 0; i < p->n; i++) {
        const wn_param *q = &p->list[i];
        norm_wave w = {.p = p, .param = q, .grain = q->lazy ? ROWS : PIECE};
        const size_t n = q->lazy ? q->rows : wn_param_count(q), most = WAVE * w.grain;
        for (; !q->frozen && w.from < n; w.from += most) {
            const size_t some = n - w.from < most ? n - w.from : most;
            wn_parallel_for(some, w.grain, norm_piece, &w);
            for (size_t j = 0; j * w.grain < some; j++) total += w.squares[j];
        }
    }
    return sqrt(total);
}
