/* Facility location over a graph of nearest neighbours (edges.h). The lazy greedy is exact, as in facility_pairs.c. */
#include <math.h>
#include <string.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/edges.h"
#include "objective/facility.h"

enum { ROWS = 256, TILE_ROWS = 16, CHOSEN = 256 };

typedef struct {
    wn_edges e;
    wn_progress *progress;
    float *chosen; /* [CHOSEN, stride] picks at hand while the cut-off is measured */
    size_t stride, nchosen;
    wn_failure failure;
} facility_graph;

static void facility_nearest_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    facility_graph *s = ctx;
    const wn_mat *x = s->e.g->x;
    double *best = s->e.state;
    float tile[TILE_ROWS * CHOSEN];
    for (size_t i = begin; i < end; i += TILE_ROWS) {
        size_t m = end - i < TILE_ROWS ? end - i : TILE_ROWS;
        wn_err err = {0};
        if (wn_pair_tile(s->e.kernel, (wn_row_block){wn_mat_row(x, i), x->stride, m},
                         (wn_row_block){s->chosen, s->stride, s->nchosen}, x->cols, tile, CHOSEN, &err) != WN_OK) {
            wn_failure_note(&s->failure, &err);
            return;
        }
        for (size_t a = 0; a < m; a++)
            for (size_t b = 0; b < s->nchosen; b++) best[i + a] = fmax(best[i + a], (double)tile[a * CHOSEN + b]);
    }
}

static double facility_graph_value(const facility_graph *s) {
    double sum = 0;
    for (size_t i = 0; i < s->e.g->n; i++) sum += wn_ground_weight(s->e.g, i) * s->e.state[i];
    return sum;
}

/* How much of f(S), over all pairs, the graph does not see. O(n k d). */
static wn_code facility_graph_finish(void *f, wn_selection *out, wn_err *err) {
    facility_graph *s = f;
    const wn_ground *g = s->e.g;
    double seen = facility_graph_value(s);
    for (size_t first = 0; first < out->k; first += CHOSEN) {
        s->nchosen = out->k - first < CHOSEN ? out->k - first : CHOSEN;
        for (size_t b = 0; b < s->nchosen; b++)
            memcpy(s->chosen + b * s->stride, wn_mat_row(g->x, out->ids[first + b] - g->first),
                   g->d * sizeof *s->chosen);
        wn_parallel_for(g->n, ROWS, facility_nearest_task, s);
        wn_code code = wn_failure_take(&s->failure, err);
        if (code != WN_OK) return code;
        if ((code = wn_tick(s->progress, "cut-off", "picks", first, out->k, err)) != WN_OK) return code;
    }
    double all = facility_graph_value(s);
    out->cut_off = all > 0 ? (all - seen) / all : 0;
    return WN_OK;
}

static size_t facility_graph_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return wn_edges_bytes(o, n) + CHOSEN * (d + 16) * sizeof(float);
}

static wn_code facility_graph_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    facility_graph *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    *s = (facility_graph){.progress = o->progress, .stride = (g->d + 15) / 16 * 16, .failure = WN_FAILURE_INIT};
    wn_code code = wn_edges_open(&s->e, g, o, &wn_facility_rule, err);
    if (code != WN_OK) return code;
    return (s->chosen = wn_alloc(CHOSEN, s->stride * sizeof *s->chosen, err)) ? WN_OK : WN_EMEMORY;
}

static void facility_graph_above(void *f, const size_t *rows, size_t m, uint32_t *count) {
    const wn_edges *s = f;
    for (size_t i = 0; i < m; i++)
        for (size_t e = s->start[rows[i]]; e < s->start[rows[i] + 1]; e++)
            count[s->edges[e].row] += (double)s->edges[e].sim > s->state[s->edges[e].row];
}

static wn_code facility_graph_bound(void *f, wn_finished *g, const double *gain, wn_err *err) {
    wn_edges *s = f;
    const wn_facility at_hand = {s, wn_edges_gains, facility_graph_above, s->state, s->start[s->g->n]};
    return wn_facility_bound(&at_hand, g, gain, err);
}

static void facility_graph_close(void *f) {
    facility_graph *s = f;
    if (!s) return;
    wn_edges_free(&s->e);
    wn_free(s->chosen);
    wn_free(s);
}

const wn_objective_vt wn_objective_facility_graph = {.traits = WN_GAINS_FALL | WN_USES_ROWS | WN_SEEKS_COVERAGE,
                                                     .bytes = facility_graph_bytes,
                                                     .work = wn_facility_work,
                                                     .open = facility_graph_open,
                                                     .gains = wn_edges_gains,
                                                     .add = wn_edges_add,
                                                     .bound = facility_graph_bound,
                                                     .off = wn_facility_off,
                                                     .finish = facility_graph_finish,
                                                     .close = facility_graph_close,
                                                     .evaluate = wn_facility_evaluate};
