/* A gain is x.v - |x|^2. With a unit vector u, any vector w, and a = x.u, b = v.u, c in double,
 *
 *     x = a u + s q + e            s q: every value of x - a u rounded to one of 127 multiples of s; e: what that left
 *     v = b u + c w + t r + f      t r: the same of what is left of v, 255 multiples of t
 *     x.v = a b + c x.w + s t q.r + e.(t r + f) + s q.f
 *
 * q.r is a product of bytes, exact; x.w is known in double. The last two terms are not computed; |e| |t r + f| + s |q|
 * |f| exceeds them (Cauchy-Schwarz), with each of these lengths taken in double and rounded up. They are two or three
 * hundredths of |x - a u| |t r + f|, over which x.(t r) itself spreads by 1 / sqrt(d): half as much again at d = 384.
 * So where w is 0 and rows spread evenly few rows outside the pool come near the gain of a pick, and these are
 * computed.
 *
 * Where rows spread in some directions more than in others the picks take these from v: gains come to differ by little,
 * and x.v by less than |x| |v| lets expect. There w is v as it was a few picks ago: what has changed since is short. c
 * is such that it is shortest, so that an old w does no harm. x.w of all rows is a pass in double; it is worth while
 * when a third as many rows as there are have come too near a pick since the last one.
 *
 * (x - a u).u and (v - b u - c w).u are not 0 but roundings of a and b, below (d + 8) 2^-52 |x| |v| as are all others
 * here, for |c w| <= |v|: wn_linear_cut_slack is 64 (d + 16) 2^-53 of the largest |x| and |v|. */
#include "solver/linear_codes.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { COLUMN_MOST = 127, ROWS_A_PIECE = 256 };
static const double up = 1 + 0x1p-20;   /* more than rounding takes from a length... */
static const double rounding = 0x1p-48; /* ...and, of the whole, from differences */

size_t wn_linear_codes_bytes(size_t n, size_t d) {
    return d <= WN_CODES_K ? n * (wn_codes_ld(d) + sizeof(wn_code_row) + sizeof(double)) + d * sizeof(double) : 0;
}

/* v to a whole number, never beyond `most`. */
static inline int whole(double v, int most) {
    const int i = (int)lrint(v);
    return i > most ? most : i < -most ? -most : i;
}

/* A float that is no less. */
static inline float float_up(double v) {
    return nextafterf((float)v, INFINITY);
}

static void code_row(const wn_linear_codes *c, size_t i) {
    const float *x = wn_mat_row(c->g->x, i);
    const double *u = c->u, a = c->along[i];
    const size_t d = c->g->d;
    int8_t *q = c->q + i * c->ld;
    double most = 0, miss = 0;
    int32_t sum = 0, sq = 0;
    for (size_t k = 0; k < d; k++) {
        const double off = fabs((double)x[k] - a * u[k]);
        most = off > most ? off : most;
    }
    const float step = (float)(most / WN_CODE_ROW);
    const double by = step > 0 ? 1 / (double)step : 0;
    for (size_t k = 0; k < d; k++) {
        const double off = (double)x[k] - a * u[k];
        const int code = whole(off * by, WN_CODE_ROW);
        const double e = off - (double)step * code;
        q[k] = (int8_t)code;
        miss += e * e;
        sum += code;
        sq += code * code;
    }
    c->row[i] = (wn_code_row){.step = step,
                              .miss = float_up(sqrt(miss) * up + sqrt(c->g->sq[i]) * rounding),
                              .size = float_up((double)step * sqrt((double)sq) * up),
                              .sum = sum};
}

static void code_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    for (size_t i = begin; i < end; i++) code_row(ctx, i);
}

wn_code wn_linear_codes_init(wn_linear_codes *c, const wn_ground *g, const double *u, const double *along,
                             wn_err *err) {
    *c = (wn_linear_codes){.g = g, .u = u, .along = along, .ld = wn_codes_ld(g->d)};
    if (!(c->row = wn_alloc(g->n, sizeof *c->row, err)) || !(c->w = wn_alloc(g->d, sizeof *c->w, err)) ||
        !(c->ref = wn_alloc(g->n, sizeof *c->ref, err)) || !(c->q = wn_alloc(g->n, c->ld, err)))
        return WN_EMEMORY;
    wn_parallel_for(g->n, ROWS_A_PIECE, code_rows, c);
    return WN_OK;
}

void wn_linear_codes_free(wn_linear_codes *c) {
    wn_free(c->q);
    wn_free(c->row);
    wn_free(c->w);
    wn_free(c->ref);
    *c = (wn_linear_codes){0};
}

static void refer_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const wn_linear_codes *c = ctx;
    for (size_t i = begin; i < end; i++) c->ref[i] = wn_ground_dot(wn_mat_row(c->g->x, i), c->w, c->g->d);
}

void wn_linear_codes_refer(wn_linear_codes *c, const double *v) {
    double axial = 0;
    for (size_t k = 0; k < c->g->d; k++) axial += v[k] * c->u[k];
    c->w_sq = 0;
    for (size_t k = 0; k < c->g->d; k++) {
        c->w[k] = v[k] - axial * c->u[k];
        c->w_sq += c->w[k] * c->w[k];
    }
    wn_parallel_for(c->g->n, ROWS_A_PIECE, refer_rows, c);
}

/* How much of w there is in v: by least squares off the axis, u.w being about 0. */
static double part_of(const wn_linear_codes *c, const double *v) {
    double dot = 0, axial = 0, across = 0;
    if (!(c->w_sq > 0x1p-500)) return 0;
    for (size_t k = 0; k < c->g->d; k++) {
        dot += v[k] * c->w[k];
        axial += v[k] * c->u[k];
        across += c->u[k] * c->w[k];
    }
    return (dot - axial * across) / c->w_sq;
}

wn_code_column wn_code_column_of(const wn_linear_codes *c, const double *v, uint8_t *bytes) {
    const size_t d = c->g->d;
    wn_code_column column = {.part = part_of(c, v)};
    double most = 0, off = 0, lost = 0, all = 0;
    for (size_t k = 0; k < d; k++) column.axial += (v[k] - column.part * c->w[k]) * c->u[k];
    for (size_t k = 0; k < d; k++) {
        const double rest = fabs(v[k] - column.part * c->w[k] - column.axial * c->u[k]);
        most = rest > most ? rest : most;
        all += v[k] * v[k];
    }
    column.step = most > 0x1p-500 ? most / COLUMN_MOST : 0;
    const double by = column.step > 0 ? 1 / column.step : 0;
    for (size_t k = 0; k < d; k++) {
        const double rest = v[k] - column.part * c->w[k] - column.axial * c->u[k];
        const int code = whole(rest * by, COLUMN_MOST);
        const double f = rest - column.step * code;
        bytes[k] = (uint8_t)(code + WN_CODE_ZERO);
        off += rest * rest;
        lost += f * f;
    }
    memset(bytes + d, WN_CODE_ZERO, c->ld - d);
    const double rounded = (sqrt(all) + fabs(column.part) * sqrt(c->w_sq)) * rounding;
    column.off = sqrt(off) * up + rounded;
    column.lost = sqrt(lost) * up + rounded;
    return column;
}

static size_t whole_panels(size_t columns) {
    return (columns + WN_CODES_WIDTH - 1) / WN_CODES_WIDTH * WN_CODES_WIDTH;
}

size_t wn_code_pass_bytes(size_t columns, size_t d) {
    const size_t width = whole_panels(columns);
    return (width + 1) * wn_codes_ld(d) + 4 * width * sizeof(double);
}

wn_code wn_code_pass_init(wn_code_pass *p, const wn_linear_codes *c, size_t columns, double loose, wn_err *err) {
    const size_t width = whole_panels(columns);
    *p = (wn_code_pass){.codes = c, .columns = columns, .loose = loose};
    if (!(p->panels = wn_alloc(width + 1, c->ld, err)) || !(p->axial = wn_alloc(4 * width, sizeof *p->axial, err)))
        return WN_EMEMORY;
    p->part = p->axial + width;
    p->step = p->part + width;
    p->bar = p->step + width;
    for (size_t i = 0; i < width; i++) p->bar[i] = INFINITY;
    return WN_OK;
}

void wn_code_pass_free(wn_code_pass *p) {
    wn_free(p->panels);
    wn_free(p->axial);
    *p = (wn_code_pass){0};
}

void wn_code_pass_column(wn_code_pass *p, size_t column, const double *v, double bar) {
    const size_t ld = p->codes->ld, width = whole_panels(p->columns);
    uint8_t *bytes = p->panels + width * ld;
    const wn_code_column c = wn_code_column_of(p->codes, v, bytes);
    wn_codes_pack(bytes, ld, column % WN_CODES_WIDTH, p->panels + column / WN_CODES_WIDTH * WN_CODES_WIDTH * ld);
    p->axial[column] = c.axial;
    p->part[column] = c.part;
    p->step[column] = c.step;
    p->bar[column] = bar;
    if (bar == INFINITY) return;
    p->widest.off = fmax(p->widest.off, c.off);
    p->widest.lost = fmax(p->widest.lost, c.lost);
}

/* A row at one panel of columns: does it reach a bar? */
static inline bool reaches(const wn_code_pass *p, size_t i, size_t panel, const int32_t y[WN_CODES_WIDTH],
                           double about[2], size_t *close) {
    const wn_code_row *x = &p->codes->row[i];
    const double along = p->codes->along[i], ref = p->codes->ref[i], sq = p->codes->g->sq[i], step = (double)x->step;
    const double most = wn_code_slack(&p->widest, x) + p->loose - sq;
    const size_t at = panel * WN_CODES_WIDTH;
    const double *axial = p->axial + at, *part = p->part + at, *steps = p->step + at, *bar = p->bar + at;
    double value[WN_CODES_WIDTH];
    int hits = 0;
    for (size_t c = 0; c < WN_CODES_WIDTH; c++)
        value[c] = axial[c] * along + part[c] * ref + steps[c] * (step * (double)(y[c] - WN_CODE_ZERO * x->sum));
    if (panel == 0) {
        about[0] = value[0] - sq, about[1] = value[1] - sq;
        *close += !(value[1] + most < bar[1]);
    }
    for (size_t c = 0; c < WN_CODES_WIDTH; c++) hits += !(value[c] + most < bar[c]);
    return hits > 0;
}

unsigned wn_code_pass_strip(const wn_code_pass *p, const size_t *ids, size_t m, size_t columns,
                            double about[WN_CODES_STRIP][2], size_t *close) {
    const size_t ld = p->codes->ld;
    const int8_t *rows[WN_CODES_STRIP];
    int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH];
    unsigned found = 0;
    for (size_t r = 0; r < WN_CODES_STRIP; r++) {
        rows[r] = p->codes->q + ids[r < m ? r : 0] * ld;
        for (size_t k = 0; k < ld; k += WN_CODES_LINE) /* mostly of the next strip */
            __builtin_prefetch(rows[r] + WN_CODES_STRIP * ld + k, 0, 2);
    }
    for (size_t c = 0; c < columns; c += WN_CODES_WIDTH) {
        wn_codes_product(rows, ld, p->panels + c * ld, y);
        for (size_t r = 0; r < m; r++)
            if (reaches(p, ids[r], c / WN_CODES_WIDTH, y[r], about[r], close)) found |= 1u << r;
    }
    return found;
}
