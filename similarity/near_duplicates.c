/* Near duplicates by a blocked join of the rows with the kept rows before them. */
#include <winnow/similarity.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/gemm.h>
#include <winnow/threads.h>

#include <wn/keys.h>

enum { PIECE_ROWS = 336, WAVE_MACS = 1 << 30 };

typedef struct {
    const wn_mat *x;
    float bar;
    size_t width;      /* rows of a block */
    size_t *survivors; /* [n] kept rows that are not zero, rising */
    size_t nsurvivors;
    size_t from;      /* first survivor of the present wave */
    wn_packed panels; /* the block */
    uint64_t *best;   /* [workers][width] most similar survivor of each row of the block, 0 = none */
    float *tile;      /* [width][width] the block against itself */
    size_t begin;     /* first row of the block */
} near_join;

static void near_earlier_task(void *ctx, size_t begin, size_t end, int worker) {
    const near_join *q = ctx;
    uint64_t *best = q->best + (size_t)worker * q->width;
    const size_t width = wn_packed_width(&q->panels);
    _Alignas(64) float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_ROWS];
    uint32_t hits[WN_GEMM_COLUMNS];
    for (size_t i = begin; i < end; i += WN_GEMM_ROWS) {
        const size_t m = end - i < WN_GEMM_ROWS ? end - i : WN_GEMM_ROWS, *kept = q->survivors + q->from + i;
        for (size_t r = 0; r < m; r++) rows[r] = wn_mat_row(q->x, kept[r]);
        wn_gemm_rows(rows, m, &q->panels, c, width);
        for (size_t r = 0; r < m; r++) {
            const float *v = c + r * width;
            const size_t count = wn_scan_above(v, width, q->bar, NULL, hits);
            for (size_t h = 0; h < count && hits[h] < q->panels.n; h++) {
                const uint64_t key = wn_key(v[hits[h]], kept[r]);
                if (key > best[hits[h]]) best[hits[h]] = key;
            }
        }
    }
}

static void near_tile_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const near_join *q = ctx;
    const float *rows[WN_GEMM_ROWS];
    for (size_t r = begin; r < end; r++) rows[r - begin] = wn_mat_row(q->x, q->begin + r);
    wn_gemm_rows(rows, end - begin, &q->panels, q->tile + begin * q->width, q->width);
}

/* Goes through the rows of the block in order, now that the earlier blocks are decided. */
static void near_decide(near_join *q, size_t workers, size_t *kept, float *sim) {
    uint32_t hits[WN_GEMM_COLUMNS];
    for (size_t i = 0; i < q->panels.n; i++) {
        const size_t row = q->begin + i, width = (i + WN_GEMM_PANEL - 1) / WN_GEMM_PANEL * WN_GEMM_PANEL;
        const float *v = q->tile + i * q->width;
        uint64_t best = 0;
        kept[row] = row;
        sim[row] = 1;
        if (wn_mat_row_zero(q->x, row)) continue;
        for (size_t w = 0; w < workers; w++) best = q->best[w * q->width + i] > best ? q->best[w * q->width + i] : best;
        const size_t count = wn_scan_above(v, width, q->bar, NULL, hits);
        for (size_t h = 0; h < count && hits[h] < i; h++) {
            const size_t other = q->begin + hits[h];
            if (kept[other] != other || wn_mat_row_zero(q->x, other)) continue;
            const uint64_t key = wn_key(v[hits[h]], other);
            best = key > best ? key : best;
        }
        if (best == 0) {
            q->survivors[q->nsurvivors++] = row;
            continue;
        }
        kept[row] = wn_key_row(best);
        sim[row] = wn_key_sim(best);
    }
}

static wn_code near_block(near_join *q, size_t begin, size_t workers, size_t *kept, float *sim, wn_progress *p,
                          wn_err *err) {
    const size_t n = q->x->rows, d = q->x->cols, columns = n - begin < q->width ? n - begin : q->width;
    const size_t wave = (WAVE_MACS / (q->width * (d + 1)) / PIECE_ROWS + 1) * PIECE_ROWS * workers;
    const float *rows[WN_GEMM_COLUMNS];
    for (size_t j = 0; j < columns; j++) rows[j] = wn_mat_row(q->x, begin + j);
    wn_packed_fill(&q->panels, rows, columns, d);
    q->begin = begin;
    memset(q->best, 0, workers * q->width * sizeof *q->best);
    for (q->from = 0; q->from < q->nsurvivors; q->from += wave) {
        const size_t left = q->nsurvivors - q->from;
        wn_parallel_for(left < wave ? left : wave, PIECE_ROWS, near_earlier_task, q);
        wn_code code = wn_tick(p, "find near duplicates", "rows", begin, n, err);
        if (code != WN_OK) return code;
    }
    wn_parallel_for(columns, WN_GEMM_ROWS, near_tile_task, q);
    near_decide(q, workers, kept, sim);
    return wn_tick(p, "find near duplicates", "rows", begin + columns, n, err);
}

wn_code wn_sim_near_duplicates(const wn_mat *x, double threshold, size_t *kept, float *sim, wn_progress *p,
                               wn_err *err) {
    const size_t n = x->rows, workers = (size_t)wn_threads_get();
    if (!isfinite(threshold))
        return wn_err_set(err, WN_EUSAGE, "near duplicates: the threshold is %g; it must be a number", threshold);
    if (n > UINT32_MAX) return wn_err_set(err, WN_EINPUT, "near duplicates: %zu rows; at most %u fit", n, UINT32_MAX);
    near_join q = {.x = x, .bar = (float)threshold, .width = wn_packed_columns(x->cols)};
    if ((double)q.bar < threshold) q.bar = nextafterf(q.bar, INFINITY);
    wn_code code = wn_packed_reserve(&q.panels, q.width, x->cols, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(q.survivors = wn_alloc(n, sizeof *q.survivors, err))) goto out;
    if (!(q.best = wn_alloc(workers, q.width * sizeof *q.best, err))) goto out;
    if (!(q.tile = wn_alloc(q.width, q.width * sizeof *q.tile, err))) goto out;
    code = WN_OK;
    for (size_t begin = 0; begin < n; begin += q.width)
        if ((code = near_block(&q, begin, workers, kept, sim, p, err)) != WN_OK) goto out;
out:
    wn_packed_free(&q.panels);
    wn_free(q.survivors);
    wn_free(q.best);
    wn_free(q.tile);
    return code;
}
