/* Facility location over a k-nearest-neighbour graph: s_ij is known where i lists j or j lists i, and is 0 elsewhere.
 * The lazy greedy is exact, as in facility_pairs.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wn/failure.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/facility.h"

enum { ROWS = 256, TILE_ROWS = 16, CHOSEN = 256 };

typedef struct {
    uint32_t row;
    float sim;
} facility_edge;

typedef struct {
    const wn_ground *g;
    const wn_kernel *kernel;
    wn_progress *progress;
    size_t *start;        /* [n + 1] */
    facility_edge *edges; /* the rows that x would represent: edges[start[x] .. start[x + 1]), by row number */
    float *best;          /* [n] */
    float *chosen;        /* [CHOSEN, stride] picks at hand while the cut-off is measured */
    size_t stride, nchosen;
    wn_failure failure;
} facility_graph;

static float edge_similarity(const wn_kernel *k, double cosine) {
    if (k->kind == WN_RBF) return (float)exp(k->gamma * (cosine - 1));
    return cosine > 0 ? (float)cosine : 0.0f;
}

static wn_code check_graph(const wn_csr *g, wn_err *err) {
    if (g->indptr[0] != 0)
        return wn_err_set(err, WN_EINPUT, "graph: the first row starts at entry %lld, not 0", g->indptr[0]);
    for (size_t i = 0; i < g->rows; i++) {
        if (g->indptr[i + 1] < g->indptr[i])
            return wn_err_set(err, WN_EINPUT, "graph: row %zu ends before it starts", i);
        for (long long e = g->indptr[i]; e < g->indptr[i + 1]; e++) {
            if (g->indices[e] < 0 || (size_t)g->indices[e] >= g->cols)
                return wn_err_set(err, WN_EINPUT, "graph: row %zu lists row %lld of %zu", i, g->indices[e], g->cols);
            if (!isfinite(g->data[e])) return wn_err_set(err, WN_EINPUT, "graph: row %zu holds NaN or infinity", i);
        }
    }
    return WN_OK;
}

static int edge_by_row(const void *a, const void *b) {
    const facility_edge *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->sim > y->sim ? -1 : x->sim < y->sim;
}

static void add_edge(facility_graph *s, size_t *at, size_t x, size_t row, float sim) {
    s->edges[at[x]++] = (facility_edge){(uint32_t)row, sim};
}

/* Both directions of every edge and the row itself, sorted, each row once. */
static wn_code facility_graph_build(facility_graph *s, wn_err *err) {
    const wn_csr *g = s->g->graph;
    size_t n = s->g->n, *at = wn_alloc(n, sizeof *at, err);
    wn_code code = WN_EMEMORY;
    if (!at || !(s->start = wn_alloc(n + 1, sizeof *s->start, err))) goto out;
    for (size_t i = 0; i < n; i++) {
        s->start[i + 1] += (size_t)(g->indptr[i + 1] - g->indptr[i]) + 1;
        for (long long e = g->indptr[i]; e < g->indptr[i + 1]; e++) s->start[g->indices[e] + 1]++;
    }
    for (size_t i = 0; i < n; i++) s->start[i + 1] += s->start[i];
    if (!(s->edges = wn_alloc(s->start[n], sizeof *s->edges, err))) goto out;
    memcpy(at, s->start, n * sizeof *at);
    for (size_t i = 0; i < n; i++) {
        add_edge(s, at, i, i, edge_similarity(s->kernel, s->g->sq[i]));
        for (long long e = g->indptr[i]; e < g->indptr[i + 1]; e++) {
            float sim = edge_similarity(s->kernel, (double)g->data[e]);
            add_edge(s, at, i, (size_t)g->indices[e], sim);
            add_edge(s, at, (size_t)g->indices[e], i, sim);
        }
    }
    size_t kept = 0;
    for (size_t i = 0, begin = 0; i < n; i++) {
        size_t end = s->start[i + 1], first = kept;
        qsort(s->edges + begin, end - begin, sizeof *s->edges, edge_by_row);
        for (size_t e = begin; e < end; e++)
            if (kept == first || s->edges[e].row != s->edges[kept - 1].row) s->edges[kept++] = s->edges[e];
        s->start[i + 1] = kept;
        begin = end;
    }
    code = WN_OK;
out:
    wn_free(at);
    return code;
}

static wn_code facility_graph_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    (void)err;
    const facility_graph *s = f;
    const double *weight = s->g->weight;
    for (size_t i = 0; i < m; i++) {
        double gain = 0;
        for (size_t e = s->start[rows[i]]; e < s->start[rows[i] + 1]; e++) {
            size_t row = s->edges[e].row;
            double more = (double)s->edges[e].sim - (double)s->best[row];
            if (more > 0) gain += weight ? weight[row] * more : more;
        }
        out[i] = gain;
    }
    return WN_OK;
}

static wn_code facility_graph_add(void *f, size_t row, wn_err *err) {
    (void)err;
    facility_graph *s = f;
    for (size_t e = s->start[row]; e < s->start[row + 1]; e++)
        if (s->edges[e].sim > s->best[s->edges[e].row]) s->best[s->edges[e].row] = s->edges[e].sim;
    return WN_OK;
}

static void facility_nearest_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    facility_graph *s = ctx;
    const wn_mat *x = s->g->x;
    float tile[TILE_ROWS * CHOSEN];
    for (size_t i = begin; i < end; i += TILE_ROWS) {
        size_t m = end - i < TILE_ROWS ? end - i : TILE_ROWS;
        wn_err err = {0};
        if (wn_pair_tile(s->kernel, (wn_row_block){wn_mat_row(x, i), x->stride, m},
                         (wn_row_block){s->chosen, s->stride, s->nchosen}, x->cols, tile, CHOSEN, &err) != WN_OK) {
            wn_failure_note(&s->failure, &err);
            return;
        }
        for (size_t a = 0; a < m; a++)
            for (size_t b = 0; b < s->nchosen; b++)
                if (tile[a * CHOSEN + b] > s->best[i + a]) s->best[i + a] = tile[a * CHOSEN + b];
    }
}

static double facility_graph_value(const facility_graph *s) {
    double sum = 0;
    for (size_t i = 0; i < s->g->n; i++) sum += wn_ground_weight(s->g, i) * (double)s->best[i];
    return sum;
}

/* How much of f(S), over all pairs, the graph does not see. O(n k d). */
static wn_code facility_graph_finish(void *f, wn_selection *out, wn_err *err) {
    facility_graph *s = f;
    const wn_ground *g = s->g;
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
    size_t entries = o->graph && o->graph->rows == n ? (size_t)o->graph->indptr[n] : 0;
    return (2 * entries + n) * sizeof(facility_edge) + n * (2 * sizeof(size_t) + sizeof(float)) +
           CHOSEN * (d + 16) * sizeof(float);
}

static wn_code facility_graph_open(void **f, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    facility_graph *s = wn_alloc(1, sizeof *s, err);
    if (!(*f = s)) return WN_EMEMORY;
    *s = (facility_graph){.g = g, .kernel = &o->kernel, .progress = o->progress, .failure = WN_FAILURE_INIT};
    s->stride = (g->d + 15) / 16 * 16;
    wn_code code = check_graph(g->graph, err);
    if (code != WN_OK) return code;
    if (g->n > UINT32_MAX) return wn_err_set(err, WN_EUSAGE, "graph: %zu rows; at most 2^32 can be handled", g->n);
    if ((code = facility_graph_build(s, err)) != WN_OK) return code;
    if (!(s->best = wn_alloc(g->n, sizeof *s->best, err))) return WN_EMEMORY;
    return (s->chosen = wn_alloc(CHOSEN, s->stride * sizeof *s->chosen, err)) ? WN_OK : WN_EMEMORY;
}

static void facility_graph_close(void *f) {
    facility_graph *s = f;
    if (!s) return;
    wn_free(s->chosen);
    wn_free(s->best);
    wn_free(s->edges);
    wn_free(s->start);
    wn_free(s);
}

const wn_objective_vt wn_objective_facility_graph = {.traits = WN_GAINS_FALL | WN_USES_ROWS | WN_SEEKS_COVERAGE,
                                                     .bytes = facility_graph_bytes,
                                                     .open = facility_graph_open,
                                                     .gains = facility_graph_gains,
                                                     .add = facility_graph_add,
                                                     .finish = facility_graph_finish,
                                                     .close = facility_graph_close,
                                                     .evaluate = wn_facility_evaluate};
