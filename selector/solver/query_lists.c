#include "solver/query_lists.h"

#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/gemm.h>

enum { BLOCKS_A_WAVE = 16 }; /* blocks of rows that a worker does between two reports, about */

typedef struct {
    const wn_target *t;
    const wn_constraint *c;
    const size_t *which;
    wn_best *lists;
    wn_packed *panels; /* [workers] */
    size_t width;      /* rows of a block */
    size_t first;      /* block of this wave */
} listing;

static const float *query_of(const listing *s, size_t i) {
    return wn_mat_row(s->t->q, s->t->live[s->which ? s->which[i] : i]);
}

/* Offers rows begin .. begin + n, whose similarities to query i are v, to its list. */
static void offer_rows(const listing *s, size_t i, size_t begin, size_t n, const float *v) {
    const size_t whole = (n + WN_GEMM_PANEL - 1) / WN_GEMM_PANEL * WN_GEMM_PANEL;
    uint32_t hits[WN_GEMM_COLUMNS];
    uint64_t keys[WN_GEMM_COLUMNS];
    const size_t count = wn_scan_above(v, whole, wn_best_bar(s->lists, i), NULL, hits);
    size_t mine = 0;
    for (size_t h = 0; h < count && hits[h] < n; h++)
        if (wn_constraint_feasible(s->c, begin + hits[h])) keys[mine++] = wn_key(v[hits[h]], begin + hits[h]);
    if (mine > 0) wn_best_offer_many(s->lists, i, keys, mine);
}

static void list_task(void *ctx, size_t begin, size_t end, int worker) {
    listing *s = ctx;
    wn_packed *panels = s->panels + worker;
    _Alignas(64) float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_COLUMNS];
    for (size_t b = s->first + begin; b < s->first + end; b++) {
        const size_t from = b * s->width, left = s->t->g->n - from, n = left < s->width ? left : s->width;
        for (size_t j = 0; j < n; j++) rows[j] = wn_mat_row(s->t->g->x, from + j);
        wn_packed_fill(panels, rows, n, s->t->g->d);
        const size_t ldc = wn_packed_width(panels);
        for (size_t i = 0; i < s->lists->n; i += WN_GEMM_ROWS) {
            const size_t m = s->lists->n - i < WN_GEMM_ROWS ? s->lists->n - i : WN_GEMM_ROWS;
            for (size_t r = 0; r < m; r++) rows[r] = query_of(s, i + r);
            wn_gemm_rows(rows, m, panels, c, ldc);
            for (size_t r = 0; r < m; r++) offer_rows(s, i + r, from, n, c + r * ldc);
        }
    }
}

size_t wn_query_lists_bytes(size_t q, size_t d, size_t K) {
    size_t lists = wn_best_bytes(q, K), panels = wn_packed_columns(d) * d * sizeof(float), all = 0;
    panels *= (size_t)wn_threads_get();
    return __builtin_add_overflow(lists, panels, &all) ? SIZE_MAX : all;
}

wn_code wn_query_lists(wn_best *lists, const wn_target *t, const wn_constraint *c, const size_t *which, size_t m,
                       size_t K, wn_progress *p, wn_err *err) {
    const size_t n = t->g->n, width = wn_packed_columns(t->g->d), blocks = (n + width - 1) / width;
    const size_t workers = (size_t)wn_threads_get(), wave = BLOCKS_A_WAVE * workers;
    listing s = {.t = t, .c = c, .which = which, .lists = lists, .width = width};
    wn_code code = wn_best_init(lists, m, K, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(s.panels = wn_alloc(workers, sizeof *s.panels, err))) goto out;
    for (size_t i = 0; i < workers; i++)
        if (wn_packed_reserve(s.panels + i, width, t->g->d, err) != WN_OK) goto out;
    for (; s.first < blocks; s.first += wave) {
        const size_t some = blocks - s.first < wave ? blocks - s.first : wave;
        wn_parallel_for(some, 1, list_task, &s);
        const size_t done = (s.first + some) * width;
        if ((code = wn_tick(p, "find neighbours", "rows", done < n ? done : n, n, err)) != WN_OK) goto out;
    }
    code = WN_OK;
out:
    for (size_t i = 0; s.panels && i < workers; i++) wn_packed_free(s.panels + i);
    wn_free(s.panels);
    return code;
}
