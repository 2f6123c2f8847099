/* Plain f32 products by base's packed gemm: for shapes that nothing else takes, and for careful layers. */
#include "linear.h"

#include <wn/gemm.h>

enum {
    CAREFUL = 32, /* values of k in one chain */
    COLUMNS = 64  /* with WN_GEMM_ROWS rows a tile that stays in the first-level cache */
};

/* W in blocks of `block` values of k, each packed by itself. */
typedef struct {
    size_t n, k, block, count;
    wn_packed *blocks; /* [count] */
} plain;

static bool plain_has(wn_precision p) { return p == WN_PREC_F32; }
static bool plain_fits(size_t n, size_t k) { return n && k; }
static size_t plain_scratch(size_t n, size_t k, size_t rows) {
    (void)n, (void)k, (void)rows;
    return 0;
}

static void plain_free(void *state) {
    plain *p = state;
    if (!p) return;
    for (size_t i = 0; p->blocks && i < p->count; i++) wn_packed_free(&p->blocks[i]);
    wn_free(p->blocks);
    wn_free(p);
}

static wn_code plain_pack(void **state, const wn_linear_opts *o, const float *w, size_t n, size_t k, wn_err *err) {
    wn_code code = WN_EMEMORY;
    plain *p = wn_alloc(1, sizeof *p, err);
    if (!p) goto out;
    *p = (plain){.n = n, .k = k, .block = o->careful ? CAREFUL : k};
    p->count = (k + p->block - 1) / p->block;
    p->blocks = wn_alloc(p->count, sizeof *p->blocks, err);
    if (!p->blocks) goto out;
    for (size_t i = 0; i < p->count; i++) {
        const size_t from = i * p->block, part = k - from < p->block ? k - from : p->block;
        if ((code = wn_packed_init(&p->blocks[i], w + from, k, n, part, err)) != WN_OK) goto out;
    }
    *state = p;
    p = NULL;
    code = WN_OK;
out:
    plain_free(p);
    return code;
}

/* y[rows, n] of the columns from j on: a block's sums, then those of the next added to them. */
static void plain_tile(const plain *p, const float *x, size_t ldx, size_t rows, size_t j, size_t n, float *y,
                       size_t ldy) {
    float sums[WN_GEMM_ROWS * COLUMNS];
    for (size_t from = 0; from < p->k; from += p->block) {
        const wn_packed *w = &p->blocks[from / p->block], part = {.n = n, .k = w->k, .data = w->data + j * w->k};
        wn_gemm_packed(x + from, ldx, rows, &part, from ? sums : y, from ? COLUMNS : ldy, 0);
        for (size_t r = 0; from && r < rows; r++)
            for (size_t c = 0; c < n; c++) y[r * ldy + c] += sums[r * COLUMNS + c];
    }
}

static void plain_apply(const void *state, const wn_linear_rows *x, const wn_epilogue *e, float *y, size_t ldy,
                        void *scratch) {
    (void)scratch;
    const plain *p = state;
    const size_t m = wn_linear_rows_count(x);
    for (size_t j = 0; j < p->n; j += COLUMNS) {
        const size_t n = p->n - j < COLUMNS ? p->n - j : COLUMNS;
        for (size_t i = 0; i < m; i += WN_GEMM_ROWS) {
            const size_t rows = m - i < WN_GEMM_ROWS ? m - i : WN_GEMM_ROWS;
            float *to = y + i * ldy + j;
            plain_tile(p, x->x + i * x->stride, x->stride, rows, j, n, to, ldy);
            if (e->bias || e->activation != WN_ACT_IDENTITY)
                e->activate(e->bias ? e->bias + j : NULL, e->activation, to, ldy, rows, n, to, ldy);
        }
    }
}

const wn_linear_vt wn_linear_plain = {.name = "plain",
                                      .has = plain_has,
                                      .fits = plain_fits,
                                      .scratch = plain_scratch,
                                      .pack = plain_pack,
                                      .apply = plain_apply,
                                      .free = plain_free};
