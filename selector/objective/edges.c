#include "objective/edges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { ROWS = 128, SOME = 64 /* edges that a rule is asked about together */ };

static float edge_similarity(const wn_kernel *k, double cosine) {
    if (k->kind == WN_RBF) return (float)exp(k->gamma * (cosine - 1));
    if (k->kind == WN_BALL) return cosine > 1 - k->gamma * k->gamma / 2 ? 1.0f : 0.0f;
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
    const wn_edge *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->sim > y->sim ? -1 : x->sim < y->sim;
}

static void add_edge(wn_edges *s, size_t *at, size_t x, size_t row, float sim) {
    s->edges[at[x]++] = (wn_edge){(uint32_t)row, sim};
}

/* Both directions of every edge and the row itself, sorted, each row once. */
static wn_code build_edges(wn_edges *s, wn_err *err) {
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
        add_edge(s, at, i, i, edge_similarity(s->kernel, (double)(float)s->g->sq[i])); /* as exact as a copy's */
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

/* What edges [first, first + m) know: their similarities, and of the rows at their ends number and weight. */
static void gather(const wn_edges *s, size_t first, size_t m, float *w, double *state, double *weight) {
    for (size_t i = 0; i < m; i++) {
        const wn_edge *e = &s->edges[first + i];
        w[i] = e->sim;
        state[i] = s->state[e->row];
        weight[i] = wn_ground_weight(s->g, e->row);
    }
}

/* A batch of gains. */
typedef struct {
    const wn_edges *s;
    const size_t *rows;
    double *out;
} edges_job;

static void gains_task(void *ctx, size_t begin, size_t end, int worker) {
    const edges_job *j = ctx;
    const wn_edges *s = j->s;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        double lanes[WN_LANES] = {0}, state[SOME], weight[SOME];
        float w[SOME];
        const size_t last = s->start[j->rows[i] + 1];
        for (size_t e = s->start[j->rows[i]]; e < last; e += SOME) {
            const size_t some = last - e < SOME ? last - e : SOME;
            gather(s, e, some, w, state, weight);
            s->rule->gain(w, state, s->g->weight ? weight : NULL, some, lanes);
        }
        j->out[i] = wn_lanes_sum(lanes);
    }
}

wn_code wn_edges_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err) {
    (void)err;
    wn_parallel_for(m, ROWS, gains_task, &(edges_job){f, rows, out});
    return WN_OK;
}

wn_code wn_edges_add(void *f, size_t row, wn_err *err) {
    (void)err;
    wn_edges *s = f;
    double state[SOME], weight[SOME];
    float w[SOME];
    const size_t end = s->start[row + 1];
    for (size_t e = s->start[row]; e < end; e += SOME) {
        const size_t some = end - e < SOME ? end - e : SOME;
        gather(s, e, some, w, state, weight);
        s->rule->take(w, state, some);
        for (size_t i = 0; i < some; i++) s->state[s->edges[e + i].row] = state[i];
    }
    return WN_OK;
}

size_t wn_edges_bytes(const wn_select_opts *o, size_t n) {
    const size_t entries = o->graph && o->graph->rows == n ? (size_t)o->graph->indptr[n] : 0;
    return (2 * entries + n) * sizeof(wn_edge) + n * (2 * sizeof(size_t) + sizeof(double));
}

wn_code wn_edges_open(wn_edges *s, const wn_ground *g, const wn_select_opts *o, const wn_pairs_rule *rule,
                      wn_err *err) {
    *s = (wn_edges){.g = g, .kernel = &o->kernel, .rule = rule};
    wn_code code = check_graph(g->graph, err);
    if (code != WN_OK) return code;
    if (g->n > UINT32_MAX) return wn_err_set(err, WN_EUSAGE, "graph: %zu rows; at most 2^32 can be handled", g->n);
    if ((code = build_edges(s, err)) != WN_OK) return code;
    return (s->state = wn_alloc(g->n, sizeof *s->state, err)) ? WN_OK : WN_EMEMORY;
}

void wn_edges_free(wn_edges *s) {
    wn_free(s->state);
    wn_free(s->edges);
    wn_free(s->start);
}
