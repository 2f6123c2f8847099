#include <winnow/paired.h>

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "kern.h"

enum {
    PRODUCTS = 7,
    BLOCK = 320,
    PAD = 64 * 1024
}; /* BLOCK: entries whose combinations stay in the second-level cache */

/* What a product multiplies, and where it counts: coefficients of the blocks of x [row][half of k], of W [half of
 * k][half of the columns] and of y [row][half of the columns]. */
typedef struct {
    int8_t x[2][2], w[2][2], y[2][2];
} term;

static const term terms[PRODUCTS] = {
    {{{1, 0}, {0, 1}}, {{1, 0}, {0, 1}}, {{1, 0}, {0, 1}}},  {{{0, 0}, {1, 1}}, {{1, 0}, {0, 0}}, {{0, 0}, {1, -1}}},
    {{{1, 0}, {0, 0}}, {{0, 1}, {0, -1}}, {{0, 1}, {0, 1}}}, {{{0, 0}, {0, 1}}, {{-1, 0}, {1, 0}}, {{1, 0}, {1, 0}}},
    {{{1, 1}, {0, 0}}, {{0, 0}, {0, 1}}, {{-1, 1}, {0, 0}}}, {{{-1, 0}, {1, 0}}, {{1, 1}, {0, 0}}, {{0, 0}, {0, 1}}},
    {{{0, 1}, {0, -1}}, {{0, 0}, {1, 1}}, {{1, 0}, {0, 0}}},
};

/* out[n] = the combination of the four blocks that `of` tells; at most two have a coefficient. `rows` = 1 leaves out
 * the second row's. */
static void combination(const wn_kern *kern, const int8_t of[2][2], size_t rows, const float *const block[2][2],
                        size_t n, float *out) {
    const float *plus = NULL, *other = NULL;
    bool minus = false;
    for (size_t i = 0; i < 2 * rows; i++) {
        int sign = of[i / 2][i % 2];
        if (sign == 0) continue;
        if (sign > 0 && !plus)
            plus = block[i / 2][i % 2];
        else
            other = block[i / 2][i % 2], minus = sign < 0;
    }
    if (!other)
        memcpy(out, plus, n * sizeof *out);
    else
        kern->combine(plus, other, minus, n, out);
}

bool wn_paired_fits(size_t n, size_t k) {
    return n && k && n % 64 == 0 && k % 2 == 0;
}

typedef struct {
    const wn_kern *kern;
    const float *w;
    size_t n, k;
    float *data, *scale, *rows; /* rows: [workers][5][width][WN_PAIRED_LD] */
} packing;

/* Panels of combinations lie as [block of k][product][panel][k][width]. */
static float *panel_at(float *data, size_t n, size_t from, size_t part, size_t product, size_t column) {
    return data + PRODUCTS * n / 2 * from + (product * n / 2 + column) * part;
}

/* A power of two near the size of w[k], by the mean of its fourth powers: large elements matter, since large values of
 * x meet them. */
static float size_of(const float *w, size_t k) {
    double sum = 0;
    for (size_t i = 0; i < k; i++) sum += (double)w[i] * (double)w[i] * (double)w[i] * (double)w[i];
    return sum > 0 && isfinite(sum) ? exp2f((float)rint(log2(sum / (double)k) / 4)) : 1.0f;
}

/* W's rows are packed at equal sizes. One that is larger than its partner in the other half of the columns, as those
 * that write an encoder's outlying dimensions are, would leave its rounding errors in the partner's results. */
static void pack_panels(void *ctx, size_t begin, size_t end, int worker) {
    const packing *p = ctx;
    const size_t half = p->k / 2, width = p->kern->paired_width, quarter = width * WN_PAIRED_LD;
    float *temp = p->rows + (size_t)worker * 5 * quarter;
    const float *rows[WN_PANEL];
    for (size_t c = 0; c < width; c++) rows[c] = temp + 4 * quarter + c * WN_PAIRED_LD;
    for (size_t column = begin * width; column < end * width; column += width)
        for (size_t from = 0; from < half; from += WN_PAIRED_KC) {
            const size_t part = half - from < WN_PAIRED_KC ? half - from : WN_PAIRED_KC;
            for (size_t i = 0; i < 4 * width; i++) {
                const size_t c = i / 4, j = column + c + (i % 2 ? p->n / 2 : 0);
                const float *w = p->w + j * p->k + from + (i % 4 / 2) * half, down = 1.0f / p->scale[j];
                float *to = temp + i % 4 * quarter + c * WN_PAIRED_LD;
                for (size_t e = 0; e < part; e++) to[e] = w[e] * down;
            }
            for (size_t q = 0; q < PRODUCTS; q++) {
                for (size_t c = 0; c < width; c++) {
                    const float *at = temp + c * WN_PAIRED_LD;
                    const float *const block[2][2] = {{at, at + quarter}, {at + 2 * quarter, at + 3 * quarter}};
                    combination(p->kern, terms[q].w, 2, block, part, temp + 4 * quarter + c * WN_PAIRED_LD);
                }
                wn_pack_panel(rows, width, part, width, panel_at(p->data, p->n, from, part, q, column));
            }
        }
}

wn_code wn_paired_init(wn_paired *p, const float *w, size_t n, size_t k, wn_err *err) {
    return wn_paired_pack(p, wn_kern_get(), w, n, k, err);
}

wn_code wn_paired_pack(wn_paired *p, const wn_kern *kern, const float *w, size_t n, size_t k, wn_err *err) {
    *p = (wn_paired){0};
    packing pack = {.kern = kern, .w = w, .n = n, .k = k};
    const size_t width = pack.kern->paired_width;
    if (k > (SIZE_MAX / PRODUCTS - PAD) / sizeof(float) / n)
        return wn_err_set(err, WN_EMEMORY, "packing a matrix of %zu rows of %zu: too large for this machine", n, k);
    pack.data = wn_alloc(PRODUCTS * (n / 2) * (k / 2) + PAD / sizeof(float), sizeof *pack.data, err);
    pack.scale = wn_alloc(2 * n, sizeof *pack.scale, err);
    pack.rows = wn_alloc((size_t)wn_threads_get() * 5 * width, WN_PAIRED_LD * sizeof *pack.rows, err);
    *p = (wn_paired){.n = n, .k = k, .data = pack.data, .scale = pack.scale, .kern = pack.kern};
    if (!pack.data || !pack.scale || !pack.rows) {
        wn_free(pack.rows);
        wn_paired_free(p);
        return WN_EMEMORY;
    }
    for (size_t j = 0; j < n; j++) {
        pack.scale[j] = size_of(w + j * k, k);
        pack.scale[n + j] = -pack.scale[j];
    }
    wn_parallel_for(n / 2 / width, 1, pack_panels, &pack);
    wn_free(pack.rows);
    return WN_OK;
}

void wn_paired_free(wn_paired *p) {
    if (!p) return;
    wn_free(p->data);
    wn_free(p->scale);
    *p = (wn_paired){0};
}

size_t wn_paired_scratch(void) {
    return BLOCK * WN_PAIRED_LD;
}

/* Entries [begin, end) of the list of rows, of which the first `pairs` have a partner, through one block of k. */
typedef struct {
    const wn_paired *p;
    const wn_kern *kern;
    const uint32_t *first; /* of the block's entries */
    size_t pairs, entries;
    const float *x;
    size_t ldx;
    float *y;
    size_t ldy, from, part;
    float *a; /* [entries][WN_PAIRED_LD] */
    wn_paired_finish finish;
    void *ctx;
} block;

static bool counts(const term *t, size_t row) {
    return (t->x[0][0] || t->x[0][1] || row) && (t->y[0][0] || t->y[0][1] || row);
}

static void combine_rows(const block *b, const term *t) {
    const size_t half = b->p->k / 2;
    for (size_t e = 0; e < b->entries; e++) {
        if (e >= b->pairs && !counts(t, 0)) break;
        const float *x = b->x + b->first[e] * b->ldx + b->from, *next = x + b->ldx;
        const float *const blocks[2][2] = {{x, x + half}, {next, next + half}};
        combination(b->kern, t->x, e < b->pairs ? 2 : 1, blocks, b->part, b->a + e * WN_PAIRED_LD);
    }
}

/* Whether a product before (after) q counts in the same block of y. */
static bool touched(size_t row, size_t half, size_t begin, size_t end) {
    for (size_t q = begin; q < end; q++)
        if (terms[q].y[row][half]) return true;
    return false;
}

static void add_targets(const block *b, size_t q, size_t rows, wn_paired_strip *s) {
    s->targets = 0;
    for (size_t i = 0; i < 2 * rows; i++) {
        size_t row = i / 2, half = i % 2;
        if (!terms[q].y[row][half]) continue;
        s->to[s->targets].at = row * b->ldy + half * (b->p->n / 2);
        s->to[s->targets].scale = b->p->scale + half * (b->p->n / 2) + (terms[q].y[row][half] < 0 ? b->p->n : 0);
        s->to[s->targets++].add = b->from > 0 || touched(row, half, 0, q);
    }
}

/* Tells of the columns at `column` that product q was the last to change, in runs of rows at equal distances. */
static void tell(const block *b, size_t q, size_t column, size_t width) {
    for (size_t i = 0; i < 4; i++) {
        const size_t row = i / 2, half = i % 2, n = row ? b->pairs : b->entries;
        if (!terms[q].y[row][half] || touched(row, half, q + 1, PRODUCTS)) continue;
        const size_t at = column + half * (b->p->n / 2);
        for (size_t e = 0, run; e < n; e += run) {
            const size_t step = e + 1 < n && b->first[e + 1] > b->first[e] ? b->first[e + 1] - b->first[e] : 1;
            for (run = 1; e + run < n && b->first[e + run] == b->first[e] + run * step; run++) {
            }
            b->finish(b->ctx, b->y + (b->first[e] + row) * b->ldy + at, run, step * b->ldy, at, width);
        }
    }
}

/* Strips of entries [begin, end) times one panel. */
static void panel_strips(const block *b, wn_paired_strip s, size_t begin, size_t end, size_t column) {
    float *c[WN_STRIP];
    s.c = c;
    for (size_t t = 0; t < s.targets; t++) s.to[t].scale += column;
    for (size_t e = begin; e < end; e += s.m) {
        s.m = end - e < b->kern->paired_rows ? end - e : b->kern->paired_rows;
        s.a = b->a + e * WN_PAIRED_LD;
        for (size_t r = 0; r < s.m; r++) c[r] = b->y + b->first[e + r] * b->ldy + column;
        b->kern->paired(&s);
        s.ahead += s.lines * 64;
    }
}

static void run_product(const block *b, size_t q) {
    const size_t width = b->kern->paired_width, strips = b->entries / b->kern->paired_rows + 1;
    const bool alone = counts(&terms[q], 0) && b->pairs < b->entries, last = b->from + b->part == b->p->k / 2;
    wn_paired_strip pairs = {.k = b->part}, singles = {.k = b->part};
    add_targets(b, q, 2, &pairs);
    add_targets(b, q, 1, &singles);
    combine_rows(b, &terms[q]);
    for (size_t column = 0; column < b->p->n / 2; column += width) {
        pairs.b = singles.b = panel_at(b->p->data, b->p->n, b->from, b->part, q, column);
        pairs.ahead = (const char *)(pairs.b + b->part * width); /* the next panel comes while this one is worked on */
        pairs.lines = b->part * width * sizeof(float) / 64 / strips + 1;
        panel_strips(b, pairs, 0, b->pairs, column);
        if (alone) panel_strips(b, singles, b->pairs, b->entries, column);
        if (b->finish && last) tell(b, q, column, width);
    }
}

void wn_paired_apply(const wn_paired *p, const float *x, size_t ldx, const wn_row_pairs *rows, float *y, size_t ldy,
                     float *scratch, wn_paired_finish finish, void *ctx) {
    const wn_kern *kern = p->kern;
    const size_t total = rows->pairs + rows->singles, blocks = (total + BLOCK - 1) / BLOCK;
    size_t share = blocks ? (total + blocks - 1) / blocks : 0;
    if (share + kern->paired_rows <= BLOCK)
        share = (share + kern->paired_rows - 1) / kern->paired_rows * kern->paired_rows;
    for (size_t i = 0; i < total; i += share) {
        block b = {.p = p,
                   .kern = kern,
                   .first = rows->first + i,
                   .x = x,
                   .ldx = ldx,
                   .y = y,
                   .ldy = ldy,
                   .a = scratch,
                   .finish = finish,
                   .ctx = ctx};
        b.entries = total - i < share ? total - i : share;
        b.pairs = i >= rows->pairs ? 0 : rows->pairs - i < b.entries ? rows->pairs - i : b.entries;
        for (b.from = 0; b.from < p->k / 2; b.from += WN_PAIRED_KC) {
            b.part = p->k / 2 - b.from < WN_PAIRED_KC ? p->k / 2 - b.from : WN_PAIRED_KC;
            for (size_t q = 0; q < PRODUCTS; q++) run_product(&b, q);
        }
    }
}
