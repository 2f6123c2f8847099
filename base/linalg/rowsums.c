/* Sums of the rows of a kernel matrix that is never stored. */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/gemm.h>
#include <wn/pairwise.h>
#include <wn/rowsums.h>
#include <winnow/threads.h>

#include "kern.h"

enum {
    LINEAR_ROWS = 1024, /* rows of one partial sum of vectors */
    WAVE_MACS = 1 << 30 /* multiply-adds a worker does between two reports, about */
};

typedef struct {
    const wn_mat *x;
    const wn_kern *kern;
    float gamma;
    size_t width;          /* columns of a block */
    wn_packed *panels;     /* [workers] */
    wn_pair_piece *pieces; /* [wave] */
    double *results;       /* [wave][width + WN_PIECE_ROWS]: sums over the piece of its columns, then of its rows */
} symmetric;

/* Rows [row, r1) of the whole, of which x has those from `first` on, against columns [c0, c1). */
typedef struct {
    const wn_kern *kern;
    float gamma;
    const wn_mat *x;
    size_t first, r1, c0, c1;
    const float *panels;
} strips;

static void strip_sums(const strips *s, size_t row, size_t m, double *column_sums, double *row_sums) {
    _Alignas(64) float c[WN_STRIP * WN_GEMM_COLUMNS];
    const float *rows[2 * WN_STRIP];
    const size_t ahead = s->r1 - row - m < s->kern->strip ? s->r1 - row - m : s->kern->strip;
    const size_t last = row + m - 1, limit = last < s->c1 ? last - s->c0 : s->c1 - s->c0;
    const size_t npanels = (limit + WN_PANEL - 1) / WN_PANEL, width = npanels * WN_PANEL;
    for (size_t r = 0; r < m + ahead; r++) rows[r] = wn_mat_row(s->x, row + r - s->first);
    wn_strip_product(s->kern, &(wn_strip){.rows = rows, .m = m, .ahead = ahead},
                     &(wn_panels){.data = s->panels, .k = s->x->cols, .count = npanels}, c, width);
    for (size_t r = 0; r < m; r++) {
        float *v = c + r * width;
        s->kern->rbf(v, width, s->gamma);
        const size_t real = row + r < s->c1 ? row + r - s->c0 : s->c1 - s->c0;
        memset(v + real, 0, (width - real) * sizeof *v);
        row_sums[r] = s->kern->sum(v, width, column_sums);
    }
}

static void all_strips(const strips *s, size_t r0, double *row_sums, double *column_sums) {
    for (size_t r = r0; r < s->r1; r += s->kern->strip) {
        const size_t m = s->r1 - r < s->kern->strip ? s->r1 - r : s->kern->strip;
        strip_sums(s, r, m, column_sums, row_sums + (r - r0));
    }
}

static void symmetric_piece(void *ctx, size_t begin, size_t end, int worker) {
    const symmetric *s = ctx;
    wn_packed *panels = s->panels + worker;
    for (size_t t = begin; t < end; t++) {
        const wn_pair_piece *p = s->pieces + t;
        double *column_sums = s->results + t * (s->width + WN_PIECE_ROWS), *row_sums = column_sums + s->width;
        const float *rows[WN_GEMM_COLUMNS];
        for (size_t j = p->c0; j < p->c1; j++) rows[j - p->c0] = wn_mat_row(s->x, j);
        wn_packed_fill(panels, rows, p->c1 - p->c0, s->x->cols);
        memset(column_sums, 0, s->width * sizeof *column_sums);
        const strips job = {s->kern, s->gamma, s->x, 0, p->r1, p->c0, p->c1, panels->data};
        all_strips(&job, p->r0, row_sums, column_sums);
    }
}

static wn_code symmetric_init(symmetric *s, size_t workers, size_t wave, wn_err *err) {
    s->panels = wn_alloc(workers, sizeof *s->panels, err);
    s->pieces = wn_alloc(wave, sizeof *s->pieces, err);
    s->results = wn_alloc(wave, (s->width + WN_PIECE_ROWS) * sizeof *s->results, err);
    if (!s->panels || !s->pieces || !s->results) return WN_EMEMORY;
    for (size_t i = 0; i < workers; i++) {
        if (wn_packed_reserve(s->panels + i, s->width, s->x->cols, err) != WN_OK) return WN_EMEMORY;
    }
    return WN_OK;
}

static void symmetric_free(symmetric *s, size_t workers) {
    for (size_t i = 0; s->panels && i < workers; i++) wn_packed_free(s->panels + i);
    wn_free(s->panels);
    wn_free(s->pieces);
    wn_free(s->results);
}

/* The pieces of a wave are done in any order; their results are added in the order of pieces, so that the sums depend
 * neither on threads nor on the length of a wave. */
static wn_code rbf_rowsums(const wn_kernel *k, const wn_mat *x, double *sums, wn_progress *p, wn_err *err) {
    const size_t n = x->rows, workers = (size_t)wn_threads_get(), width = wn_packed_columns(x->cols);
    const size_t work = WN_PIECE_ROWS * width * (x->cols + 1), a_worker = WAVE_MACS / work * 4 + 8,
                 wave = a_worker * workers;
    symmetric s = {.x = x, .kern = wn_kern_get(), .gamma = (float)k->gamma, .width = width};
    wn_pair_piece at = {0};
    double *total = NULL;
    wn_code code = symmetric_init(&s, workers, wave, err);
    if (code != WN_OK) goto out;
    total = wn_alloc(n, sizeof *total, err);
    code = total ? WN_OK : WN_EMEMORY;
    for (bool more = true; code == WN_OK && more;) {
        size_t count = 0;
        while (count < wave && (more = wn_pair_next(&at, n, width, WN_PIECE_ROWS))) s.pieces[count++] = at;
        wn_parallel_for(count, 1, symmetric_piece, &s);
        for (size_t t = 0; t < count; t++) {
            const wn_pair_piece *q = s.pieces + t;
            const double *result = s.results + t * (width + WN_PIECE_ROWS);
            for (size_t j = q->c0; j < q->c1; j++) total[j] += result[j - q->c0];
            for (size_t i = q->r0; i < q->r1; i++) total[i] += result[width + i - q->r0];
        }
        /* columns that are wholly done stand for rows */
        code = wn_tick(p, "sum similarities", "rows", more ? at.c0 : n, n, err);
    }
    if (code != WN_OK) goto out;
    memcpy(sums, total, n * sizeof *sums);
out:
    wn_free(total);
    symmetric_free(&s, workers);
    return code;
}

/* ---- for rows in several processes ---- */

void wn_column_block_fill(wn_column_block *b, const wn_mat *x, size_t first) {
    const float *rows[WN_GEMM_COLUMNS];
    for (size_t j = 0; j < x->rows; j++) rows[j] = wn_mat_row(x, j);
    wn_packed_fill(&b->panels, rows, x->rows, x->cols);
    b->first = first, b->n = x->rows;
}

void wn_column_block_sums(const wn_column_block *b, const wn_kernel *k, const wn_mat *x, size_t first, double *row_sums,
                          double *column_sums) {
    const strips job = {wn_kern_get(),   (float)k->gamma, x, first, first + x->rows, b->first,
                        b->first + b->n, b->panels.data};
    all_strips(&job, first, row_sums, column_sums);
}

/* ---- inner products ---- */

typedef struct {
    const wn_mat *x;
    double *parts; /* [pieces][d] sums of the rows of a piece */
    double *sums;
} linear;

static void linear_parts(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const linear *l = ctx;
    double *part = l->parts + begin / LINEAR_ROWS * l->x->cols;
    for (size_t i = begin; i < end; i++) {
        const float *row = wn_mat_row(l->x, i);
        for (size_t k = 0; k < l->x->cols; k++) part[k] += (double)row[k];
    }
}

static void linear_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const linear *l = ctx;
    for (size_t i = begin; i < end; i++) {
        const float *row = wn_mat_row(l->x, i);
        double all = 0, self = 0;
        for (size_t k = 0; k < l->x->cols; k++) {
            all += (double)row[k] * l->parts[k];
            self += (double)row[k] * (double)row[k];
        }
        l->sums[i] = all - self;
    }
}

/* sum over j != i of x_i.x_j = x_i . (sum of all x_j) - x_i.x_i */
static wn_code linear_rowsums(const wn_mat *x, double *sums, wn_progress *p, wn_err *err) {
    const size_t n = x->rows, d = x->cols, pieces = (n + LINEAR_ROWS - 1) / LINEAR_ROWS;
    wn_code code = wn_tick(p, "sum similarities", "rows", 0, n, err);
    if (code != WN_OK) return code;
    linear l = {.x = x, .parts = wn_alloc(pieces, d * sizeof(double), err), .sums = sums};
    if (!l.parts) return WN_EMEMORY;
    wn_parallel_for(n, LINEAR_ROWS, linear_parts, &l);
    for (size_t i = 1; i < pieces; i++) {
        for (size_t k = 0; k < d; k++) l.parts[k] += l.parts[i * d + k];
    }
    wn_parallel_for(n, LINEAR_ROWS, linear_rows, &l);
    wn_free(l.parts);
    return wn_tick(p, "sum similarities", "rows", n, n, err);
}

wn_code wn_pair_rowsums(const wn_kernel *k, const wn_mat *x, double *sums, wn_progress *p, wn_err *err) {
    wn_code code = wn_kernel_check(k, err);
    if (code != WN_OK) return code;
    if (k->kind == WN_BALL) return wn_err_set(err, WN_EUSAGE, "row sums: there are none of the kernel ball");
    return k->kind == WN_RBF ? rbf_rowsums(k, x, sums, p, err) : linear_rowsums(x, sums, p, err);
}
