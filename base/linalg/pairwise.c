#include <wn/pairwise.h>

#include <math.h>
#include <string.h>
#include <wn/gemm.h>
#include <winnow/threads.h>

#include "kern.h"

enum { ROW_PIECE = 168 }; /* rows that one task takes: whole strips of every kernel */

bool wn_pair_next(wn_pair_piece *p, size_t n, size_t columns, size_t rows) {
    if (p->c1 == 0 || p->r1 == n) { /* a new block of columns */
        if (p->c1 >= n) return false;
        p->c0 = p->r1 = p->c1;
        p->c1 = n - p->c0 < columns ? n : p->c0 + columns;
    }
    p->r0 = p->r1;
    p->r1 = n - p->r0 < rows ? n : p->r0 + rows;
    return true;
}

/* k(a_i, b_j) from inner products, for any n. */
static void kernel_values(const wn_kern *kern, const wn_kernel *k, float *v, size_t n) {
    const float edge = (float)(1 - k->gamma * k->gamma / 2);
    for (size_t i = 0; k->kind == WN_BALL && i < n; i++) v[i] = v[i] > edge ? 1.0f : 0.0f;
    if (k->kind != WN_RBF) return;
    const size_t whole = n / WN_PANEL * WN_PANEL;
    float tail[WN_PANEL] = {0};
    kern->rbf(v, whole, (float)k->gamma);
    if (whole == n) return;
    memcpy(tail, v + whole, (n - whole) * sizeof *v);
    kern->rbf(tail, WN_PANEL, (float)k->gamma);
    memcpy(v + whole, tail, (n - whole) * sizeof *v);
}

wn_code wn_pair_tile(const wn_kernel *k, wn_row_block a, wn_row_block b, size_t d, float *out, size_t ldo,
                     wn_err *err) {
    const size_t width = wn_packed_columns(d);
    const wn_kern *kern = wn_kern_get();
    wn_packed panels = {0};
    wn_code code = wn_kernel_check(k, err);
    if (code != WN_OK) return code;
    for (size_t j = 0; j < b.n; j += width) {
        const size_t columns = b.n - j < width ? b.n - j : width;
        if ((code = wn_packed_init(&panels, b.rows + j * b.stride, b.stride, columns, d, err)) != WN_OK) return code;
        wn_gemm_packed(a.rows, a.stride, a.n, &panels, out + j, ldo, 0);
        for (size_t i = 0; i < a.n; i++) kernel_values(kern, k, out + i * ldo + j, columns);
        wn_packed_free(&panels);
    }
    return WN_OK;
}

void wn_pair_rows(const wn_kernel *k, const float *const *rows, size_t m, const wn_packed *b, float *out, size_t ldo) {
    const wn_kern *kern = wn_kern_get();
    wn_gemm_rows(rows, m, b, out, ldo);
    for (size_t i = 0; i < m; i++) kernel_values(kern, k, out + i * ldo, wn_packed_width(b));
}

typedef struct {
    const wn_kernel *kernel;
    const wn_kern *kern;
    const wn_mat *x;
    const size_t *rows; /* [nx] or NULL */
    const wn_packed *cols;
    double *sums; /* [nx] */
} sums_task;

static void sums_piece(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const sums_task *t = ctx;
    const wn_kern *kern = t->kern;
    const size_t width = wn_packed_width(t->cols), n = t->cols->n;
    const wn_panels panels = {.data = t->cols->data, .k = t->x->cols, .count = width / WN_PANEL};
    _Alignas(64) float c[WN_STRIP * WN_GEMM_COLUMNS];
    const float *rows[ROW_PIECE];
    for (size_t i = begin; i < end; i++) rows[i - begin] = wn_mat_row(t->x, t->rows ? t->rows[i] : i);
    for (size_t i = begin; i < end; i += kern->strip) {
        const size_t m = end - i < kern->strip ? end - i : kern->strip, left = end - i - m;
        const wn_strip strip = {.rows = rows + (i - begin), .m = m, .ahead = left < kern->strip ? left : kern->strip};
        wn_strip_product(kern, &strip, &panels, c, width);
        for (size_t r = 0; r < m; r++) {
            float *v = c + r * width;
            kernel_values(kern, t->kernel, v, width);
            memset(v + n, 0, (width - n) * sizeof *v);
            t->sums[i + r] += kern->sum(v, width, NULL);
        }
    }
}

wn_code wn_pair_sums(const wn_kernel *k, const wn_mat *x, const size_t *rows, size_t nx, const size_t *cols, size_t ny,
                     double *sums, wn_err *err) {
    const size_t columns = wn_packed_columns(x->cols), width = ny < columns ? ny : columns;
    wn_packed panels = {0};
    const float *pointers[WN_GEMM_COLUMNS];
    sums_task t = {.kernel = k, .kern = wn_kern_get(), .x = x, .rows = rows, .cols = &panels, .sums = sums};
    wn_code code = wn_kernel_check(k, err);
    if (code != WN_OK) return code;
    if ((code = wn_packed_reserve(&panels, width, x->cols, err)) != WN_OK) return code;
    for (size_t j = 0; j < ny; j += width) {
        const size_t n = ny - j < width ? ny - j : width;
        for (size_t i = 0; i < n; i++) pointers[i] = wn_mat_row(x, cols[j + i]);
        wn_packed_fill(&panels, pointers, n, x->cols);
        wn_parallel_for(nx, ROW_PIECE, sums_piece, &t);
    }
    wn_packed_free(&panels);
    return WN_OK;
}

void wn_pair_above(const float *v, const double *low, size_t n, double lanes[8]) {
    const size_t whole = n / 8 * 8;
    wn_kern_get()->above(v, low, whole, lanes);
    for (size_t i = whole; i < n; i++) {
        const double more = (double)v[i] - low[i];
        lanes[i - whole] += more > 0 ? more : 0;
    }
}

void wn_pair_below(const float *v, const double *high, size_t n, double lanes[8]) {
    const size_t whole = n / 8 * 8;
    wn_kern_get()->below(v, high, whole, lanes);
    for (size_t i = whole; i < n; i++) {
        const double part = v[i] > 0 ? (double)v[i] : 0;
        lanes[i - whole] += part < high[i] ? part : high[i];
    }
}

void wn_pair_roots(const float *v, const double *has, const double *root, size_t n, double lanes[8]) {
    const size_t whole = n / 8 * 8;
    wn_kern_get()->roots(v, has, root, whole, n, lanes);
    for (size_t i = whole; i < n; i++) {
        const size_t part = v[i] < 0 ? n + i : i;
        const double size = fabs((double)v[i]);
        if (size > 0) lanes[i - whole] += size / (sqrt(has[part] + size) + root[part]);
    }
}
