#include <wn/nearest.h>

#include <math.h>
#include <string.h>
#include <wn/gemm.h>
#include <wn/paged.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

/* Rows of a piece; bytes of rows that all of the others pass over, which are read once for them, from a file maybe. */
enum { ROW_PIECE = 168, WAVE_BYTES = 16 << 20, ROWS_A_LOOK = 16 };

typedef struct {
    const wn_some_rows *x;
    const wn_packed *to; /* a block of the others, from position `first` on */
    size_t first;
    size_t begin; /* of the rows */
    size_t *nearest;
    float *sim;
} nearest_job;

static inline const float *row_of(const wn_some_rows *r, size_t i) {
    return wn_mat_row(r->m, r->rows ? r->rows[i] : i);
}

static void nearest_row(const nearest_job *t, size_t row, const float *v, size_t width) {
    enum { STEP = 2 * WN_GEMM_PANEL }; /* a short step soon raises the bar for the rest */
    uint32_t hits[STEP];
    for (size_t j = 0; j < width; j += STEP) {
        const size_t n = width - j < STEP ? width - j : STEP;
        const size_t count = wn_scan_above(v + j, n, t->sim[row], NULL, hits);
        for (size_t h = 0; h < count && j + hits[h] < t->to->n; h++) {
            if (!(v[j + hits[h]] > t->sim[row])) continue;
            t->sim[row] = v[j + hits[h]];
            t->nearest[row] = t->first + j + hits[h];
        }
    }
}

static void nearest_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const nearest_job *t = ctx;
    const size_t width = wn_packed_width(t->to);
    _Alignas(64) float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_ROWS];
    for (size_t i = t->begin + begin; i < t->begin + end; i += WN_GEMM_ROWS) {
        const size_t left = t->begin + end - i, m = left < WN_GEMM_ROWS ? left : WN_GEMM_ROWS;
        for (size_t r = 0; r < m; r++) rows[r] = row_of(t->x, i + r);
        wn_gemm_rows(rows, m, t->to, c, width);
        for (size_t r = 0; r < m; r++) nearest_row(t, i + r, c + r * width, width);
    }
}

/* Rows from `first` on. They may stand anywhere in a file, where each brings in as much as a huge page: after a few of
 * them somebody looks. block: [n, d]. */
static void fill_panels(wn_packed *panels, const wn_some_rows *to, size_t first, size_t n, float *block) {
    const float *rows[WN_GEMM_COLUMNS];
    const size_t d = to->m->cols;
    for (size_t j = 0; j < n; j++) {
        rows[j] = memcpy(block + j * d, row_of(to, first + j), d * sizeof *block);
        if (j % ROWS_A_LOOK == 0) wn_paged_look();
    }
    wn_packed_fill(panels, rows, n, d);
}

wn_code wn_nearest(const wn_some_rows *x, const wn_some_rows *to, size_t *nearest, float *sim, const char *phase,
                   wn_progress *p, wn_err *err) {
    const size_t columns = wn_packed_columns(x->m->cols), width = to->n < columns ? to->n : columns;
    wn_packed panels = {0};
    nearest_job t = {.x = x, .to = &panels, .nearest = nearest, .sim = sim};
    float *block = wn_alloc(width, x->m->cols * sizeof *block, err);
    wn_code code = block ? wn_packed_reserve(&panels, width, x->m->cols, err) : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < x->n; i++) {
        nearest[i] = 0;
        sim[i] = -INFINITY;
    }
    const size_t row_bytes = x->m->stride * sizeof(float) + 1, a_wave = WAVE_BYTES / row_bytes + ROW_PIECE;
    for (; t.begin < x->n; t.begin += a_wave) {
        const size_t m = x->n - t.begin < a_wave ? x->n - t.begin : a_wave;
        for (t.first = 0; t.first < to->n; t.first += width) {
            const size_t n = to->n - t.first < width ? to->n - t.first : width;
            fill_panels(&panels, to, t.first, n, block);
            wn_parallel_for(m, ROW_PIECE, nearest_task, &t);
            const double done = (double)t.begin * (double)to->n + (double)m * (double)(t.first + n);
            if ((code = wn_tick(p, phase, "chosen", (size_t)(done / (double)x->n), to->n, err)) != WN_OK) goto out;
        }
    }
out:
    wn_packed_free(&panels);
    wn_free(block);
    return code;
}
