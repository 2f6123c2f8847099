/* Exact nearest neighbours: one symmetric pass, each row keeping the best it has met. */
#include <winnow/similarity.h>

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <winnow/mem.h>
#include <wn/gemm.h>
#include <winnow/threads.h>
#include <wn/pairwise.h>

#include "keys.h"

enum {
    PIECE_ROWS = 1008,  /* rows that pass over one packed block of columns */
    PIECES_A_WAVE = 16, /* pieces a worker does between two reports, about */
    SPARE = 16          /* least room of a row beyond K */
};

/* What row i keeps: `count` keys, of which the K best matter. Whoever holds `lock` may change it; `bar`, the
 * similarity below which a candidate cannot count, only rises and may be read at any time. */
typedef struct {
    atomic_flag lock;
    uint32_t count;
    uint64_t worst; /* the K-th best when last pruned, 0 before */
} knn_best;

typedef struct {
    const wn_mat *x;
    size_t K, room, width;
    wn_packed *panels; /* [workers] */
    wn_pair_piece *pieces;
    knn_best *rows;      /* [n] */
    _Atomic float *bars; /* [n] */
    uint64_t *keys;      /* [n][room] */
} knn;

/* Keeps the K best of `keys` for the row, which may be its own keys. */
static void best_keep(const knn *g, size_t row, uint64_t *keys, size_t count) {
    knn_best *b = g->rows + row;
    wn_keys_select(keys, count, g->K);
    b->count = (uint32_t)g->K;
    b->worst = keys[0];
    for (size_t i = 1; i < g->K; i++) b->worst = keys[i] < b->worst ? keys[i] : b->worst;
    atomic_store_explicit(&g->bars[row], wn_key_sim(b->worst), memory_order_relaxed);
}

static void best_insert(const knn *g, size_t row, uint64_t key) {
    knn_best *b = g->rows + row;
    if (key < b->worst) return;
    g->keys[row * g->room + b->count++] = key;
    if (b->count == g->room) best_keep(g, row, g->keys + row * g->room, b->count);
}

static void best_lock(knn_best *b) {
    while (atomic_flag_test_and_set_explicit(&b->lock, memory_order_acquire)) {
    }
}

static void best_unlock(knn_best *b) {
    atomic_flag_clear_explicit(&b->lock, memory_order_release);
}

/* Many candidates for one row: the best of the block first, at once, then one by one. */
static void best_insert_many(const knn *g, size_t row, uint64_t *keys, size_t count) {
    if (count > g->K) {
        wn_keys_select(keys, count, g->K);
        count = g->K;
    }
    best_lock(g->rows + row);
    for (size_t i = 0; i < count; i++) best_insert(g, row, keys[i]);
    best_unlock(g->rows + row);
}

/* Offers the similarities v of `row` to columns c0 .. c0 + n: to the row, and the row to each column. */
static void knn_offer(const knn *g, size_t row, size_t c0, size_t n, const float *v, const float *bars,
                      uint32_t *hits) {
    const size_t whole = (n + WN_GEMM_PANEL - 1) / WN_GEMM_PANEL * WN_GEMM_PANEL;
    const float bar = atomic_load_explicit(&g->bars[row], memory_order_relaxed);
    const size_t count = wn_scan_above(v, whole, bar, bars, hits);
    uint64_t keys[WN_GEMM_COLUMNS];
    size_t mine = 0;
    for (size_t h = 0; h < count && hits[h] < n; h++) {
        const float sim = v[hits[h]];
        const size_t column = c0 + hits[h];
        keys[mine] = wn_key(sim, column);
        mine += sim >= bar;
        if (sim < bars[hits[h]]) continue;
        best_lock(g->rows + column);
        best_insert(g, column, wn_key(sim, row));
        best_unlock(g->rows + column);
    }
    if (mine > 0) best_insert_many(g, row, keys, mine);
}

static void knn_task(void *ctx, size_t begin, size_t end, int worker) {
    const knn *g = ctx;
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
                bars[j] = atomic_load_explicit(&g->bars[p->c0 + j], memory_order_relaxed);
            wn_gemm_rows(rows, m, panels, c, ldc);
            for (size_t r = 0; r < m; r++) {
                const size_t n = i + r < p->c1 ? i + r - p->c0 : columns;
                knn_offer(g, i + r, p->c0, n, c + r * ldc, bars, hits);
            }
        }
    }
}

static wn_code knn_init(knn *g, size_t workers, size_t wave, wn_err *err) {
    const size_t n = g->x->rows;
    if (!(g->panels = wn_alloc(workers, sizeof *g->panels, err))) return WN_EMEMORY;
    if (!(g->pieces = wn_alloc(wave, sizeof *g->pieces, err))) return WN_EMEMORY;
    if (!(g->rows = wn_alloc(n, sizeof *g->rows, err))) return WN_EMEMORY;
    if (!(g->bars = wn_alloc(n, sizeof *g->bars, err))) return WN_EMEMORY;
    if (!(g->keys = wn_alloc(n, g->room * sizeof *g->keys, err))) return WN_EMEMORY;
    for (size_t i = 0; i < workers; i++) {
        if (wn_packed_reserve(g->panels + i, g->width, g->x->cols, err) != WN_OK) return WN_EMEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        atomic_flag_clear(&g->rows[i].lock);
        atomic_init(&g->bars[i], -INFINITY);
    }
    return WN_OK;
}

static void knn_free(knn *g, size_t workers) {
    for (size_t i = 0; g->panels && i < workers; i++) wn_packed_free(g->panels + i);
    wn_free(g->panels);
    wn_free(g->pieces);
    wn_free(g->rows);
    wn_free(g->bars);
    wn_free(g->keys);
}

typedef struct {
    const knn *g;
    wn_csr *out;
} knn_writing;

static void knn_write_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const knn_writing *w = ctx;
    const knn *g = w->g;
    for (size_t i = begin; i < end; i++) {
        uint64_t *keys = g->keys + i * g->room;
        wn_keys_select(keys, g->rows[i].count, g->K);
        wn_keys_sort(keys, g->K);
        for (size_t j = 0; j < g->K; j++) {
            w->out->indices[i * g->K + j] = (long long)wn_key_row(keys[j]);
            w->out->data[i * g->K + j] = wn_key_sim(keys[j]);
        }
    }
}

static wn_code knn_write(const knn *g, wn_csr *graph, wn_err *err) {
    const size_t n = g->x->rows;
    for (size_t i = 0; i < n; i++) {
        if (g->rows[i].count < g->K)
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

/* Keys that a row has room for: half as many again as it keeps, so that it is not pruned at every insertion. */
static size_t row_room(size_t K) {
    return K + K / 2 + SPARE;
}

size_t wn_sim_knn_memory(size_t n, size_t d, size_t K) {
    const size_t working = row_room(K) * sizeof(uint64_t) + sizeof(knn_best) + sizeof(float);
    const size_t result = K * (sizeof(long long) + sizeof(float)) + sizeof(long long);
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
    knn g = {.x = x, .K = K, .room = row_room(K), .width = wn_packed_columns(x->cols)};
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
