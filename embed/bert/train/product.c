#include "bert/train/product.h"

#include <string.h>
#include <wn/gemm.h>

enum { PANEL = WN_GEMM_PANEL };

size_t wn_operand_panels(size_t n) { return (n + PANEL - 1) / PANEL; }
size_t wn_operand_size(size_t n, size_t k) { return wn_operand_panels(n) * PANEL * k; }

void wn_operand_rows_part(const wn_operand *o, const wn_real *b, size_t ldb, size_t first, size_t last) {
    for (size_t i = first * PANEL; i < last * PANEL && i < o->n; i += PANEL) {
        const size_t rows = o->n - i < PANEL ? o->n - i : PANEL;
        wn_real *panel = o->data + i * o->k;
        if (rows < PANEL) memset(panel, 0, PANEL * o->k * sizeof *panel);
        wn_transpose(panel, PANEL, b + i * ldb, ldb, rows, o->k);
    }
}

void wn_operand_columns_part(const wn_operand *o, const wn_real *b, size_t ldb, size_t first, size_t last) {
    for (size_t i = first * PANEL; i < last * PANEL && i < o->n; i += PANEL) {
        const size_t rows = o->n - i < PANEL ? o->n - i : PANEL;
        wn_real *panel = o->data + i * o->k;
        for (size_t p = 0; p < o->k; p++, panel += PANEL) {
            for (size_t r = rows; r < PANEL; r++) panel[r] = 0;
            memcpy(panel, b + p * ldb + i, rows * sizeof *panel);
        }
    }
}

void wn_operand_rows(wn_operand *o, const wn_real *b, size_t ldb, size_t n, size_t k) {
    o->n = n;
    o->k = k;
    wn_operand_rows_part(o, b, ldb, 0, wn_operand_panels(n));
}

void wn_operand_columns(wn_operand *o, const wn_real *b, size_t ldb, size_t n, size_t k) {
    o->n = n;
    o->k = k;
    wn_operand_columns_part(o, b, ldb, 0, wn_operand_panels(n));
}

typedef wn_real four __attribute__((vector_size(4 * sizeof(wn_real))));

/* A square of four. */
static void turn_square(wn_real *to, size_t ldt, const wn_real *from, size_t ldf) {
    four a, b, c, d;
    memcpy(&a, from, sizeof a);
    memcpy(&b, from + ldf, sizeof b);
    memcpy(&c, from + 2 * ldf, sizeof c);
    memcpy(&d, from + 3 * ldf, sizeof d);
    const four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
               ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const four rows[4] = {
        __builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
        __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
    for (size_t i = 0; i < 4; i++) memcpy(to + i * ldt, &rows[i], sizeof rows[i]);
}

static void turn_rest(wn_real *to, size_t ldt, const wn_real *from, size_t ldf, size_t m, size_t n) {
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++) to[j * ldt + i] = from[i * ldf + j];
}

/* By strips of SIDE columns, a cache line each, whose rows in `to` stay in the first cache. */
void wn_transpose(wn_real *to, size_t ldt, const wn_real *from, size_t ldf, size_t m, size_t n) {
    enum { SIDE = 16 };
    const size_t whole = m / 4 * 4;
    for (size_t j = 0; j < n; j += SIDE) {
        const size_t end = n - j < SIDE ? n : j + SIDE, squares = j + (end - j) / 4 * 4;
        for (size_t i = 0; i < whole; i += 4) {
            for (size_t c = j; c < squares; c += 4) turn_square(to + c * ldt + i, ldt, from + i * ldf + c, ldf);
            turn_rest(to + squares * ldt + i, ldt, from + i * ldf + squares, ldf, 4, end - squares);
        }
        turn_rest(to + j * ldt + whole, ldt, from + whole * ldf + j, ldf, m - whole, end - j);
    }
}

#ifdef WN_TRAIN_IN_DOUBLE
/* A row against a panel. */
static void row_product(wn_real *restrict c, const wn_real *restrict a, const wn_real *restrict panel, size_t k,
                        size_t n, bool more) {
    wn_real sums[PANEL] = {0};
    for (size_t j = 0; more && j < n; j++) sums[j] = c[j];
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < PANEL; j++) sums[j] += a[p] * panel[p * PANEL + j];
    memcpy(c, sums, n * sizeof *c);
}

void wn_operand_product(wn_real *c, size_t ldc, const wn_real *a, size_t lda, size_t m, const wn_operand *b,
                        bool more) {
    for (size_t j = 0; j < b->n; j += PANEL)
        for (size_t i = 0; i < m; i++)
            row_product(c + i * ldc + j, a + i * lda, b->data + j * b->k, b->k, b->n - j < PANEL ? b->n - j : PANEL,
                        more);
}
#else
void wn_operand_product(wn_real *c, size_t ldc, const wn_real *a, size_t lda, size_t m, const wn_operand *b,
                        bool more) {
    const wn_packed packed = {.n = b->n, .k = b->k, .data = b->data};
    wn_gemm_packed(a, lda, m, &packed, c, ldc, more);
}
#endif
