#include "solver/typicality.h"

#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/gemm.h>

enum { NEIGHBOURS = 20, CLUSTERS_A_TICK = 64 };

typedef struct {
    const wn_ground *g;
    const size_t *rows; /* [m] of the cluster at hand */
    size_t m, wanted;
    wn_packed panels; /* some of them, from place `first` on */
    size_t first;
    float *best; /* [m, wanted] cosines to the nearest so far, falling */
} typicality;

static void offer(float *best, size_t wanted, float s) {
    size_t at = wanted;
    if (!(s > best[wanted - 1])) return;
    for (; at > 1 && s > best[at - 2]; at--) best[at - 1] = best[at - 2];
    best[at - 1] = s;
}

static void typicality_task(void *ctx, size_t begin, size_t end, int worker) {
    const typicality *t = ctx;
    const size_t width = wn_packed_width(&t->panels);
    _Alignas(64) float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_ROWS];
    (void)worker;
    for (size_t i = begin; i < end; i += WN_GEMM_ROWS) {
        const size_t m = end - i < WN_GEMM_ROWS ? end - i : WN_GEMM_ROWS;
        for (size_t r = 0; r < m; r++) rows[r] = wn_mat_row(t->g->x, t->rows[i + r]);
        wn_gemm_rows(rows, m, &t->panels, c, width);
        for (size_t r = 0; r < m; r++)
            for (size_t j = 0; j < t->panels.n; j++)
                if (t->first + j != i + r) offer(t->best + (i + r) * t->wanted, t->wanted, c[r * width + j]);
    }
}

static void score_cluster(typicality *t, double *score) {
    const float *rows[WN_GEMM_COLUMNS];
    const size_t width = wn_packed_columns(t->g->d);
    for (size_t i = 0; i < t->m * t->wanted; i++) t->best[i] = -1;
    for (t->first = 0; t->first < t->m; t->first += width) {
        const size_t n = t->m - t->first < width ? t->m - t->first : width;
        for (size_t j = 0; j < n; j++) rows[j] = wn_mat_row(t->g->x, t->rows[t->first + j]);
        wn_packed_fill(&t->panels, rows, n, t->g->d);
        wn_parallel_for(t->m, WN_GEMM_ROWS, typicality_task, t);
    }
    for (size_t i = 0; i < t->m; i++) {
        double far = 0;
        for (size_t j = 0; j < t->wanted; j++) far += sqrt(fmax(2 - 2 * (double)t->best[i * t->wanted + j], 0));
        score[t->rows[i]] = -far / (double)t->wanted;
    }
}

size_t wn_typicality_bytes(size_t n, size_t d) {
    return n * NEIGHBOURS * sizeof(float) + WN_GEMM_COLUMNS * d * sizeof(float);
}

wn_code wn_typicality(const wn_ground *g, const wn_clusters *c, double *score, wn_progress *p, wn_err *err) {
    typicality t = {.g = g};
    size_t largest = 0;
    for (size_t i = 0; i < c->n; i++) largest = c->size[i] > largest ? c->size[i] : largest;
    const size_t columns = wn_packed_columns(g->d);
    wn_code code = wn_packed_reserve(&t.panels, largest < columns ? largest : columns, g->d, err);
    if (code == WN_OK && !(t.best = wn_alloc(largest, NEIGHBOURS * sizeof *t.best, err))) code = WN_EMEMORY;
    for (size_t i = 0; i < c->n && code == WN_OK; i++) {
        t.rows = c->members + c->start[i];
        t.m = c->size[i];
        t.wanted = t.m / 2 < NEIGHBOURS ? t.m / 2 : NEIGHBOURS;
        if (t.wanted == 0) /* alone */
            for (size_t j = 0; j < t.m; j++) score[t.rows[j]] = 0;
        else
            score_cluster(&t, score);
        if (i % CLUSTERS_A_TICK == 0) code = wn_tick(p, "typicality", "clusters", i, c->n, err);
    }
    wn_packed_free(&t.panels);
    wn_free(t.best);
    return code;
}
