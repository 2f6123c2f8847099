/* No two rows whose cosine is above a limit. A pick is compared with all rows that may still come, in double: O(n d) a
 * pick, all threads. */
#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "constraint/limit.h"

enum { ROWS = 256 };
static const double rounding = 1e-9; /* equal rows have a cosine of 1, whatever the last bits say */

typedef struct {
    const wn_mat *x;
    double limit;
    double *sq;   /* [n] squared norms */
    double *pick; /* [d] the row just taken */
    double pick_sq;
    size_t pool;
    const wn_constraint *c;
    bool *near; /* [n] is it too near to the pick? */
} apart;

static bool apart_asked(const wn_limits *l) {
    return l->apart;
}

static size_t apart_bytes(const wn_select_opts *o, size_t n) {
    (void)o;
    return n * (sizeof(double) + sizeof(bool));
}

static void apart_norms_task(void *ctx, size_t begin, size_t end, int worker) {
    const apart *s = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float *x = wn_mat_row(s->x, i);
        double sum = 0;
        for (size_t c = 0; c < s->x->cols; c++) sum += (double)x[c] * (double)x[c];
        s->sq[i] = sum;
    }
}

static wn_code apart_open(void **state, wn_constraint *c, const wn_select_opts *o, wn_err *err) {
    const wn_limits *l = &o->limit;
    const wn_mat *x = l->compared ? l->compared : c->g->x;
    if (!(l->max_similarity >= -1 && l->max_similarity <= 1))
        return wn_err_set(err, WN_EUSAGE, "select: max_similarity is %g; it must lie between -1 and 1",
                          l->max_similarity);
    if (x->rows != c->g->n)
        return wn_err_set(err, WN_EUSAGE, "select: %zu rows are compared, but there are %zu", x->rows, c->g->n);
    apart *s = wn_alloc(1, sizeof *s, err);
    if (!(*state = s)) return WN_EMEMORY;
    *s = (apart){.x = x, .limit = l->max_similarity + rounding, .pool = c->pool, .c = c};
    if (!(s->sq = wn_alloc(x->rows, sizeof *s->sq, err))) return WN_EMEMORY;
    if (!(s->near = wn_alloc(x->rows, sizeof *s->near, err))) return WN_EMEMORY;
    if (!(s->pick = wn_alloc(x->cols, sizeof *s->pick, err))) return WN_EMEMORY;
    wn_parallel_for(x->rows, ROWS, apart_norms_task, s);
    for (size_t i = 0; i < x->rows; i++)
        if (!isfinite(s->sq[i]))
            return wn_err_set(err, WN_EINPUT, "select: row %zu holds NaN or infinity", c->g->first + i);
    return WN_OK;
}

static void apart_task(void *ctx, size_t begin, size_t end, int worker) {
    const apart *s = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++)
        s->near[i] = wn_constraint_feasible(s->c, i) &&
                     wn_ground_dot(wn_mat_row(s->x, i), s->pick, s->x->cols) > s->limit * sqrt(s->sq[i] * s->pick_sq);
}

static void apart_take(void *state, wn_constraint *c, size_t row) {
    apart *s = state;
    for (size_t j = 0; j < s->x->cols; j++) s->pick[j] = (double)wn_mat_row(s->x, row)[j];
    s->pick_sq = s->sq[row];
    if (!(s->pick_sq > 0)) return; /* it has no direction */
    wn_parallel_for(s->pool, ROWS, apart_task, s);
    for (size_t i = 0; i < s->pool; i++)
        if (s->near[i] && i != row) wn_constraint_close(c, i, WN_LIMIT_APART);
}

static void apart_close(void *state) {
    apart *s = state;
    if (!s) return;
    wn_free(s->sq);
    wn_free(s->near);
    wn_free(s->pick);
    wn_free(s);
}

static double dot_of(const wn_mat *x, size_t a, size_t b) {
    double sum = 0;
    for (size_t c = 0; c < x->cols; c++) sum += (double)wn_mat_row(x, a)[c] * (double)wn_mat_row(x, b)[c];
    return sum;
}

/* Rows that one has may be as near to each other as they are. */
static bool apart_allows(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k) {
    const wn_mat *v = o->limit.compared ? o->limit.compared : x;
    const size_t pool = x->rows - o->limit.had;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < i; j++) {
            const double sq = dot_of(v, rows[i], rows[i]) * dot_of(v, rows[j], rows[j]);
            if (rows[i] >= pool && rows[j] >= pool) continue;
            if (sq > 0 && dot_of(v, rows[i], rows[j]) / sqrt(sq) > o->limit.max_similarity + rounding) return false;
        }
    return true;
}

const wn_limit_vt wn_limit_apart = {.asked = apart_asked,
                                    .bytes = apart_bytes,
                                    .open = apart_open,
                                    .take = apart_take,
                                    .why = "it is too similar to another row that must be kept, or that one has",
                                    .close = apart_close,
                                    .allows = apart_allows};
