/* Rows by falling value, ties to the lowest row. With `apart` those that are too near to a pick come last, in the same
 * order (DEITA: Liu et al. 2024, "What Makes Good Data for Alignment?", where they are left out). A row that comes up
 * is compared with the picks so far, once, O(t d). */
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/failure.h>
#include <wn/pairwise.h>

#include "solver/solver.h"

enum { PICKS = 512, ROWS_A_TICK = 64 };

typedef struct {
    double value;
    size_t row;
} valued_row;

typedef struct {
    const wn_greedy *g;
    valued_row *order; /* [n]; up to `late` those that were too near to a pick, the rest is to come from `at` */
    size_t at, late, n;
    bool second;  /* what is left was too near */
    float *picks; /* [k, stride]; NULL: none is too near */
    size_t npicks, stride;
    const float *row; /* the one at hand */
    float *cosine;    /* [k] of it to each pick */
    wn_failure failure;
} value_order;

static int falling(const void *a, const void *b) {
    const valued_row *x = a, *y = b;
    if (x->value > y->value || x->value < y->value) return x->value < y->value ? 1 : -1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static size_t stride_of(size_t d) {
    return (d + 15) / 16 * 16;
}

static size_t value_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return n * sizeof(valued_row) + (o->apart > 0 ? o->k * (stride_of(d) + 1) * sizeof(float) : 0);
}

static wn_code value_open(void **solver, wn_greedy *g, wn_err *err) {
    value_order *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    *s = (value_order){.g = g, .n = g->ground.n, .stride = stride_of(g->ground.d), .failure = WN_FAILURE_INIT};
    if (!(s->order = wn_alloc(s->n, sizeof *s->order, err))) return WN_EMEMORY;
    for (size_t i = 0; i < s->n; i++) s->order[i] = (valued_row){g->o.value[i], i};
    qsort(s->order, s->n, sizeof *s->order, falling);
    if (!(g->o.apart > 0)) return WN_OK;
    if (!(s->picks = wn_alloc(g->o.k, s->stride * sizeof *s->picks, err))) return WN_EMEMORY;
    return (s->cosine = wn_alloc(g->o.k, sizeof *s->cosine, err)) ? WN_OK : WN_EMEMORY;
}

static wn_code value_gain(void *solver, size_t row, double *gain, wn_err *err) {
    const value_order *s = solver;
    (void)err;
    *gain = s->g->o.value[row];
    return WN_OK;
}

static void near_task(void *ctx, size_t begin, size_t end, int worker) {
    value_order *s = ctx;
    const wn_kernel cosine = {WN_COSINE, 0};
    wn_err err = {0};
    (void)worker;
    if (wn_pair_tile(&cosine, (wn_row_block){s->picks + begin * s->stride, s->stride, end - begin},
                     (wn_row_block){s->row, s->stride, 1}, s->g->ground.d, s->cosine + begin, 1, &err) != WN_OK)
        wn_failure_note(&s->failure, &err);
}

static wn_code too_near(value_order *s, size_t row, bool *near, wn_err *err) {
    *near = false;
    if (!s->picks) return WN_OK;
    s->row = wn_mat_row(s->g->ground.x, row);
    wn_parallel_for(s->npicks, PICKS, near_task, s);
    for (size_t i = 0; i < s->npicks; i++) *near = *near || (double)s->cosine[i] >= s->g->o.apart;
    return wn_failure_take(&s->failure, err);
}

static wn_code value_best(void *solver, size_t *row, double *gain, wn_err *err) {
    value_order *s = solver;
    for (;; s->at++) {
        bool near = false;
        if (s->at == s->n) s->n = s->late, s->at = 0, s->second = true;
        const valued_row next = s->order[s->at];
        if (!wn_constraint_feasible(&s->g->constraint, next.row)) continue;
        if (!s->second) {
            wn_code code = too_near(s, next.row, &near, err);
            if (code == WN_OK && s->at % ROWS_A_TICK == 0) code = wn_greedy_tick(s->g, err);
            if (code != WN_OK) return code;
        }
        if (near) {
            s->order[s->late++] = next;
            continue;
        }
        *row = next.row;
        *gain = next.value;
        return WN_OK;
    }
}

static wn_code value_add(void *solver, size_t row, wn_err *err) {
    value_order *s = solver;
    (void)err;
    if (s->picks)
        memcpy(s->picks + s->npicks * s->stride, wn_mat_row(s->g->ground.x, row), s->g->ground.d * sizeof *s->picks);
    s->npicks++;
    return WN_OK;
}

static void value_close(void *solver) {
    value_order *s = solver;
    if (!s) return;
    wn_free(s->order);
    wn_free(s->picks);
    wn_free(s->cosine);
    wn_free(s);
}

const wn_solver_vt wn_solver_by_value = {.bytes = value_bytes,
                                         .open = value_open,
                                         .gain = value_gain,
                                         .best = value_best,
                                         .add = value_add,
                                         .close = value_close};
