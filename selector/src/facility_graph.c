/* Facility location over a k-nearest-neighbour graph: s_ij is known where i lists j or j lists i, and is 0 elsewhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/pairwise.h>

#include "lazy.h"

enum { ROWS = 256, CHOSEN = 256 };

typedef struct {
    uint32_t row;
    float sim;
} edge;

typedef struct {
    wn_run *r;
    size_t *start; /* [n + 1] */
    edge *edges;   /* the rows that x would represent: edges[start[x] .. start[x + 1]), by row number */
    float *best;   /* [n] */
    float *chosen; /* [CHOSEN, stride] */
    size_t stride, first;
    wn_failure failure;
} state;

static float similarity(const wn_kernel *k, double cosine) {
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

static int by_row(const void *a, const void *b) {
    const edge *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->sim > y->sim ? -1 : x->sim < y->sim;
}

static void add_edge(state *s, size_t *at, size_t x, size_t row, float sim) {
    s->edges[at[x]++] = (edge){(uint32_t)row, sim};
}

/* Both directions of every edge and the row itself, sorted, each row once. */
static wn_code build(state *s, wn_err *err) {
    const wn_csr *g = s->r->o->graph;
    const wn_kernel *kernel = &s->r->o->kernel;
    size_t n = s->r->n, *at = wn_alloc(n, sizeof *at, err);
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
        add_edge(s, at, i, i, similarity(kernel, s->r->sq[i]));
        for (long long e = g->indptr[i]; e < g->indptr[i + 1]; e++) {
            float sim = similarity(kernel, (double)g->data[e]);
            add_edge(s, at, i, (size_t)g->indices[e], sim);
            add_edge(s, at, (size_t)g->indices[e], i, sim);
        }
    }
    size_t kept = 0;
    for (size_t i = 0, begin = 0; i < n; i++) {
        size_t end = s->start[i + 1], first = kept;
        qsort(s->edges + begin, end - begin, sizeof *s->edges, by_row);
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

static wn_code gains(void *ctx, const size_t *ids, size_t m, double *out, wn_err *err) {
    (void)err;
    const state *s = ctx;
    for (size_t i = 0; i < m; i++) {
        out[i] = 0;
        for (size_t e = s->start[ids[i]]; e < s->start[ids[i] + 1]; e++) {
            double more = (double)s->edges[e].sim - (double)s->best[s->edges[e].row];
            if (more > 0) out[i] += more;
        }
    }
    return WN_OK;
}

static wn_code pick(void *ctx, size_t id, wn_err *err) {
    (void)err;
    state *s = ctx;
    for (size_t e = s->start[id]; e < s->start[id + 1]; e++)
        if (s->edges[e].sim > s->best[s->edges[e].row]) s->best[s->edges[e].row] = s->edges[e].sim;
    return WN_OK;
}

static void nearest_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    state *s = ctx;
    const wn_run *r = s->r;
    float tile[16 * CHOSEN];
    size_t chosen = r->t - s->first < CHOSEN ? r->t - s->first : CHOSEN;
    for (size_t i = begin; i < end; i += 16) {
        size_t m = end - i < 16 ? end - i : 16;
        wn_err err = {0};
        if (wn_pair_tile(&r->o->kernel, wn_mat_row(r->x, i), r->x->stride, m, s->chosen, s->stride, chosen, r->d, tile,
                         CHOSEN, &err) != WN_OK) {
            wn_failure_note(&s->failure, &err);
            return;
        }
        for (size_t a = 0; a < m; a++)
            for (size_t b = 0; b < chosen; b++)
                if (tile[a * CHOSEN + b] > s->best[i + a]) s->best[i + a] = tile[a * CHOSEN + b];
    }
}

/* How much of f(S), over all pairs, the graph does not see. O(n k d). */
static wn_code measure_cut_off(state *s, wn_err *err) {
    wn_run *r = s->r;
    double seen = 0, all = 0;
    wn_code code = WN_OK;
    for (size_t i = 0; i < r->n; i++) seen += (double)s->best[i];
    for (s->first = 0; s->first < r->t && code == WN_OK; s->first += CHOSEN) {
        for (size_t b = 0; b < CHOSEN && s->first + b < r->t; b++)
            memcpy(s->chosen + b * s->stride, wn_mat_row(r->x, r->out->ids[s->first + b]), r->d * sizeof *s->chosen);
        wn_parallel_for(r->n, ROWS, nearest_task, s);
        code = wn_failure_take(&s->failure, err);
        if (code == WN_OK) code = wn_tick(r->o->progress, "cut-off", "picks", s->first, r->t, err);
    }
    for (size_t i = 0; i < r->n; i++) all += (double)s->best[i];
    r->out->cut_off = all > 0 ? (all - seen) / all : 0;
    return code;
}

size_t wn_facility_graph_bytes(const wn_select_opts *o, size_t n, size_t d) {
    size_t entries = o->graph && o->graph->rows == n ? (size_t)o->graph->indptr[n] : 0;
    return (2 * entries + n) * sizeof(edge) + n * (2 * sizeof(size_t) + sizeof(float) + sizeof(double)) +
           wn_lazy_bytes(n) + CHOSEN * (d + 16) * sizeof(float);
}

wn_code wn_facility_graph(wn_run *r, wn_err *err) {
    state s = {.r = r, .stride = (r->d + 15) / 16 * 16, .failure = WN_FAILURE_INIT};
    double *bound = NULL;
    size_t *all = NULL;
    wn_code code = check_graph(r->o->graph, err);
    if (code != WN_OK) return code;
    if (r->n > UINT32_MAX) return wn_err_set(err, WN_EUSAGE, "graph: %zu rows; at most 2^32 can be handled", r->n);
    if ((code = build(&s, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(s.best = wn_alloc(r->n, sizeof *s.best, err)) || !(bound = wn_alloc(r->n, sizeof *bound, err)) ||
        !(all = wn_alloc(r->n, sizeof *all, err)) || !(s.chosen = wn_alloc(CHOSEN, s.stride * sizeof *s.chosen, err)))
        goto out;
    for (size_t i = 0; i < r->n; i++) all[i] = i;
    code = gains(&s, all, r->n, bound, err);
    wn_lazy_ops ops = {.gains = gains, .pick = pick, .ctx = &s};
    if (code == WN_OK) code = wn_lazy_run(r, &ops, bound, err);
    if (code == WN_OK) code = measure_cut_off(&s, err);
out:
    wn_free(s.chosen);
    wn_free(all);
    wn_free(bound);
    wn_free(s.best);
    wn_free(s.edges);
    wn_free(s.start);
    return code;
}
