/* Exact nearest neighbours: one symmetric pass, each row keeping the best it has met. */
#include <winnow/similarity.h>

#include <math.h>
#include <stdbool.h>
#include <winnow/mem.h>
#include <wn/best.h>
#include <wn/gemm.h>
#include <winnow/threads.h>
#include <wn/pairwise.h>

enum {
    PIECE_ROWS = 1008,  /* rows that pass over one packed block of columns */
    PIECES_A_WAVE = 16  /* pieces a worker does between two reports, about */
};

typedef struct {
    const wn_mat *x;
    size_t K, width;
    wn_packed *panels; /* [workers] */
    wn_pair_piece *pieces;
    wn_best best;
} knn;

/* Offers the similarities v of `row` to columns c0 .. c0 + n: to the row, and the row to each column. */
static void knn_offer(knn *g, size_t row, size_t c0, size_t n, const float *v, const float *bars, uint32_t *hits) {
    const size_t whole = (n + WN_GEMM_PANEL - 1) / WN_GEMM_PANEL * WN_GEMM_PANEL;
    const float bar = wn_best_bar(&g->best, row);
    const size_t count = wn_scan_above(v, whole, bar, bars, hits);
    uint64_t keys[WN_GEMM_COLUMNS];
    size_t mine = 0;
    for (size_t h = 0; h < count && hits[h] < n; h++) {
        const float sim = v[hits[h]];
        const size_t column = c0 + hits[h];
        keys[mine] = wn_key(sim, column);
        mine += sim >= bar;
        if (sim < bars[hits[h]]) continue;
        wn_best_offer(&g->best, column, wn_key(sim, row));
    }
    if (mine > 0) wn_best_offer_many(&g->best, row, keys, mine);
}

static void knn_task(void *ctx, size_t begin, size_t end, int worker) {
    knn *g = ctx;
    wn_packed *panels = g->panels + worker;
    _Alignas(64) float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    float bars[WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_COLUMNS];
    uint32_t hits[WN_GEMM_COLUMNS];
    for (size_t t = begin; t < end; t++) {
        const wn_pair_piece *p = g->pieces + t;
        const size_t columns = p->c1 - p->c0;
        for (size_t j = 0; j < columns; j++) rows[j] = wn_mat_row(g->x, p->c0 + j);
        for (size_t j = columns; j < g->width; j++) bars[j] = INFINITY;
        wn_packed_fill(panels, rows, columns, g->x->cols);
        const size_t ldc = wn_packed_width(panels);
        for (size_t i = p->r0; i < p->r1; i += WN_GEMM_ROWS) {
            const size_t m = p->r1 - i < WN_GEMM_ROWS ? p->r1 - i : WN_GEMM_ROWS;
            for (size_t r = 0; r < m; r++) rows[r] = wn_mat_row(g->x, i + r);
            for (size_t j = 0; j < columns; j++)
                bars[j] = wn_best_bar(&g->best, p->c0 + j);
            wn_gemm_rows(rows, m, panels, c, ldc);
            for (size_t r = 0; r < m; r++) {
                const size_t n = i + r < p->c1 ? i + r - p->c0 : columns;
                knn_offer(g, i + r, p->c0, n, c + r * ldc, bars, hits);
            }
        }
    }
}

static wn_code knn_init(knn *g, size_t workers, size_t wave, wn_err *err) {
    if (!(g->panels = wn_alloc(workers, sizeof *g->panels, err))) return WN_EMEMORY;
    if (!(g->pieces = wn_alloc(wave, sizeof *g->pieces, err))) return WN_EMEMORY;
    for (size_t i = 0; i < workers; i++) {
        if (wn_packed_reserve(g->panels + i, g->width, g->x->cols, err) != WN_OK) return WN_EMEMORY;
    }
    return wn_best_init(&g->best, g->x->rows, g->K, err);
}

static void knn_free(knn *g, size_t workers) {
    for (size_t i = 0; g->panels && i < workers; i++) wn_packed_free(g->panels + i);
    wn_free(g->panels);
    wn_free(g->pieces);
    wn_best_free(&g->best);
}

typedef struct {
    knn *g;
    wn_csr *out;
} knn_writing;

static void knn_write_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const knn_writing *w = ctx;
    knn *g = w->g;
    for (size_t i = begin; i < end; i++) {
        size_t count = 0;
        const uint64_t *keys = wn_best_sorted(&g->best, i, &count);
        for (size_t j = 0; j < g->K; j++) {
            w->out->indices[i * g->K + j] = (long long)wn_key_row(keys[j]);
            w->out->data[i * g->K + j] = wn_key_sim(keys[j]);
        }
    }
}

static wn_code knn_write(knn *g, wn_csr *graph, wn_err *err) {
    const size_t n = g->x->rows;
    for (size_t i = 0; i < n; i++) {
        if (g->best.rows[i].count < g->K)
            return wn_err_set(err, WN_EINPUT, "nearest neighbours: row %zu has similarities that are not numbers", i);
    }
    wn_csr out = {.rows = n, .cols = n};
    wn_code code = WN_EMEMORY;
    if (!(out.indptr = wn_alloc(n + 1, sizeof *out.indptr, err))) goto out;
    if (!(out.indices = wn_alloc(n, g->K * sizeof *out.indices, err))) goto out;
    if (!(out.data = wn_alloc(n, g->K * sizeof *out.data, err))) goto out;
    for (size_t i = 0; i <= n; i++) out.indptr[i] = (long long)(i * g->K);
    wn_parallel_for(n, 256, knn_write_task, &(knn_writing){g, &out});
    *graph = out;
    out = (wn_csr){0};
    code = WN_OK;
out:
    wn_csr_free(&out);
    return code;
}

size_t wn_sim_knn_memory(size_t n, size_t d, size_t K) {
    const size_t working = wn_best_bytes(1, K), result = K * (sizeof(long long) + sizeof(float)) + sizeof(long long);
    const size_t panels = (size_t)wn_threads_get() * wn_packed_columns(d) * d * sizeof(float);
    size_t rows = 0, all = 0;
    return __builtin_mul_overflow(n, working + result, &rows) || __builtin_add_overflow(rows, panels, &all) ? SIZE_MAX
                                                                                                            : all;
}

wn_code wn_sim_knn(const wn_mat *x, size_t K, wn_csr *graph, wn_progress *p, wn_err *err) {
    const size_t n = x->rows;
    if (K == 0 || K >= n)
        return wn_err_set(err, WN_EUSAGE, "nearest neighbours: %zu asked for; with %zu rows it can be 1 to %zu", K, n,
                          n > 0 ? n - 1 : 0);
    if (n > UINT32_MAX)
        return wn_err_set(err, WN_EINPUT, "nearest neighbours: %zu rows; at most %u fit", n, UINT32_MAX);
    const size_t workers = (size_t)wn_threads_get(), wave = PIECES_A_WAVE * workers;
    knn g = {.x = x, .K = K, .width = wn_packed_columns(x->cols)};
    wn_pair_piece at = {0};
    wn_code code = knn_init(&g, workers, wave, err);
    if (code != WN_OK) goto out;
    for (bool more = true; more;) {
        size_t count = 0;
        while (count < wave && (more = wn_pair_next(&at, n, g.width, PIECE_ROWS))) g.pieces[count++] = at;
        wn_parallel_for(count, 1, knn_task, &g);
        if ((code = wn_tick(p, "find neighbours", "rows", more ? at.c0 : n, n, err)) != WN_OK) goto out;
    }
    code = knn_write(&g, graph, err);
out:
    knn_free(&g, workers);
    return code;
}
