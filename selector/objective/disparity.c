/* Disparity-min, by farthest-first traversal (Gonzalez 1985): every pick is the row that is farthest from its nearest
 * pick, the first one the row farthest from the mean, and its gain is that distance,
 *     gain(x | S) = min over j in S of |x - x_j|,   gain(x | nothing) = |x - mean|.
 * Whatever the start, the least distance between two of k such picks is at least half of what k rows can have, and no
 * row is farther from its nearest pick than twice what k centres can do (k-center).
 *
 * Distances are of the rows as they are: of unit rows sqrt(2 - 2 cos), which falls as the cosine or the rbf value
 * rises, so every kernel has the same picks. In double; equal rows are at 0 exactly. O(nd) a pick. */
#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/objective.h"

enum { ROWS = 256 };

typedef struct {
    const wn_ground *g;
    double *nearest; /* [n] distance to the nearest pick; before there is one, to the mean */
    double *from;    /* [d] what distances are taken to: the mean, a pick */
    bool any;        /* picked */
} disparity;

static size_t disparity_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    return (n + d) * sizeof(double);
}

static double disparity_work(const wn_select_opts *o, double n, double d) {
    return n * d * ((double)o->k + 2);
}

static void disparity_task(void *ctx, size_t begin, size_t end, int worker) {
    const disparity *s = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const double distance = sqrt(wn_ground_square(wn_mat_row(s->g->x, i), s->from, s->g->d));
        if (!s->any || distance < s->nearest[i]) s->nearest[i] = distance;
    }
}

static wn_code disparity_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    disparity *s = wn_alloc(1, sizeof *s, err);
    (void)o;
    if (!(*f = s)) return WN_EMEMORY;
    s->g = g;
    if (!(s->nearest = wn_alloc(g->n, sizeof *s->nearest, err))) return WN_EMEMORY;
    if (!(s->from = wn_alloc(g->d, sizeof *s->from, err))) return WN_EMEMORY;
    wn_ground_mean(g, s->from);
    wn_parallel_for(g->n, ROWS, disparity_task, s);
    return WN_OK;
}

static wn_code disparity_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    const disparity *s = f;
    (void)err;
    for (size_t i = 0; i < m; i++) out[i] = s->nearest[rows[i]];
    return WN_OK;
}

static wn_code disparity_add(void *f, size_t row, wn_err *err) {
    disparity *s = f;
    (void)err;
    for (size_t c = 0; c < s->g->d; c++) s->from[c] = (double)wn_mat_row(s->g->x, row)[c];
    if (!s->any) /* the mean no longer counts */
        for (size_t i = 0; i < s->g->n; i++) s->nearest[i] = INFINITY;
    s->any = true;
    wn_parallel_for(s->g->n, ROWS, disparity_task, s);
    return WN_OK;
}

static void disparity_close(void *f) {
    disparity *s = f;
    if (!s) return;
    wn_free(s->nearest);
    wn_free(s->from);
    wn_free(s);
}

static double distance_between(const wn_evaluation *e, size_t a, size_t b) {
    const float *x = wn_mat_row(e->g->x, a), *y = wn_mat_row(e->g->x, b);
    double sum = 0;
    for (size_t c = 0; c < e->g->d; c++) sum += ((double)x[c] - (double)y[c]) * ((double)x[c] - (double)y[c]);
    return sqrt(sum);
}

/* The rows in their order: it is the order that makes the distances. */
static wn_code disparity_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    double *mean = wn_alloc(e->g->d, sizeof *mean, err);
    if (!mean) return WN_EMEMORY;
    wn_ground_mean(e->g, mean);
    *value = e->k ? sqrt(wn_ground_square(wn_mat_row(e->g->x, e->rows[0]), mean, e->g->d)) : 0;
    for (size_t t = 1; t < e->k; t++) {
        double nearest = INFINITY;
        for (size_t b = 0; b < t; b++) nearest = fmin(nearest, distance_between(e, e->rows[t], e->rows[b]));
        *value += nearest;
    }
    wn_free(mean);
    return WN_OK;
}

/* The second gain may be above the first, so old gains are no bounds: there is no trait for lazy. */
const wn_objective_vt wn_objective_disparity = {.traits = WN_USES_ROWS,
                                                .bytes = disparity_bytes,
                                                .work = disparity_work,
                                                .open = disparity_open,
                                                .gains = disparity_gains,
                                                .add = disparity_add,
                                                .close = disparity_close,
                                                .evaluate = disparity_evaluate};
