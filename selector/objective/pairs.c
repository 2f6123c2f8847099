#include "objective/pairs.h"

#include <string.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/matrix.h"

enum { ROWS = 32, COLUMNS = 512 };

/* Columns [begin, begin + n); `begin` is a multiple of the lanes. */
static void add_gain(const wn_pairs *s, const float *w, size_t begin, size_t n, double lanes[WN_LANES]) {
    s->rule->gain(w, s->state + begin, s->g->weight ? s->g->weight + begin : NULL, n, lanes);
}

static void dense_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    wn_pairs *s = ctx;
    for (size_t i = begin; i < end; i++) {
        double lanes[WN_LANES] = {0};
        add_gain(s, s->W + s->ids[i] * s->width, 0, s->n, lanes);
        s->out[i] = wn_lanes_sum(lanes);
    }
}

static void free_task(void *ctx, size_t begin, size_t end, int worker) {
    wn_pairs *s = ctx;
    const wn_mat *x = s->g->x, *of = s->g->of;
    size_t m = end - begin;
    float *rows = s->scratch + (size_t)worker * s->scratch_size, *tile = rows + ROWS * s->stride;
    double lanes[ROWS][WN_LANES] = {{0}};
    for (size_t i = 0; i < m; i++)
        memcpy(rows + i * s->stride, wn_mat_row(x, s->ids[begin + i]), x->cols * sizeof *rows);
    for (size_t c = 0; c < s->n; c += COLUMNS) {
        size_t columns = s->n - c < COLUMNS ? s->n - c : COLUMNS;
        wn_err err = {0};
        if (wn_pair_tile(s->kernel, (wn_row_block){rows, s->stride, m},
                         (wn_row_block){wn_mat_row(of, c), of->stride, columns}, x->cols, tile, COLUMNS,
                         &err) != WN_OK) {
            wn_failure_note(&s->failure, &err);
            return;
        }
        for (size_t i = 0; i < m; i++) add_gain(s, tile + i * COLUMNS, c, columns, lanes[i]);
    }
    for (size_t i = 0; i < m; i++) s->out[begin + i] = wn_lanes_sum(lanes[i]);
}

wn_code wn_pairs_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    wn_pairs *s = f;
    s->ids = rows;
    s->out = out;
    if (s->W)
        wn_parallel_for(m, 4, dense_task, s);
    else
        wn_parallel_for(m, ROWS, free_task, s);
    return wn_failure_take(&s->failure, err);
}

/* The pick stands on the right: one column a row, and no packing of X. */
static void take_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    wn_pairs *s = ctx;
    const wn_mat *of = s->g->of;
    float w[COLUMNS];
    wn_err err = {0};
    if (wn_pair_tile(s->kernel, (wn_row_block){wn_mat_row(of, begin), of->stride, end - begin},
                     (wn_row_block){s->pick, s->g->x->stride, 1}, of->cols, w, 1, &err) != WN_OK) {
        wn_failure_note(&s->failure, &err);
        return;
    }
    s->rule->take(w, s->state + begin, end - begin);
}

wn_code wn_pairs_add(void *f, size_t row, wn_err *err) {
    wn_pairs *s = f;
    if (s->W) {
        s->rule->take(s->W + row * s->width, s->state, s->n);
        return WN_OK;
    }
    s->pick = wn_mat_row(s->g->x, row);
    wn_parallel_for(s->n, COLUMNS, take_task, s);
    return wn_failure_take(&s->failure, err);
}

static size_t row_floats(size_t d) {
    return (d + 15) / 16 * 16;
}
static size_t scratch_floats(size_t d) {
    return ROWS * row_floats(d) + ROWS * COLUMNS;
}

size_t wn_pairs_bytes(const wn_select_opts *o, size_t n, size_t d, bool dense) {
    const size_t of = o->represent ? o->represent->rows : n,
                 rest = of * sizeof(double) + (size_t)wn_threads_get() * scratch_floats(d) * sizeof(float);
    return dense && o->kernel.kind != WN_PRECOMPUTED ? wn_matrix_bytes(n, of, rest) : rest;
}

wn_code wn_pairs_open(void **f, const wn_ground *g, const wn_select_opts *o, const wn_pairs_rule *rule, bool dense,
                      wn_err *err) {
    wn_pairs *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    *s = (wn_pairs){.g = g,
                    .kernel = &o->kernel,
                    .rule = rule,
                    .progress = o->progress,
                    .n = g->of->rows,
                    .stride = row_floats(g->d),
                    .scratch_size = scratch_floats(g->d),
                    .failure = WN_FAILURE_INIT};
    if (!(s->state = wn_alloc(s->n, sizeof *s->state, err))) return WN_EMEMORY;
    s->scratch = wn_alloc((size_t)wn_threads_get(), s->scratch_size * sizeof *s->scratch, err);
    if (!s->scratch) return WN_EMEMORY;
    const bool given = o->kernel.kind == WN_PRECOMPUTED;
    const wn_code code = dense && !given ? wn_matrix_fill(g, &o->kernel, o->progress, &s->own, err) : WN_OK;
    s->W = given ? g->x->data : s->own;
    s->width = given ? g->x->stride : s->n;
    return code;
}

void wn_pairs_close(void *f) {
    wn_pairs *s = f;
    if (!s) return;
    wn_free(s->own);
    wn_free(s->scratch);
    wn_free(s->state);
    wn_free(s);
}
