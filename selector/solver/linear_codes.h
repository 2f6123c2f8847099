#ifndef WINNOW_SELECTOR_LINEAR_CODES_H
#define WINNOW_SELECTOR_LINEAR_CODES_H
/* Gains of graph-cut over an inner product from codes of the rows, a byte a value, within a known slack:
 * which rows need not be computed. linear_codes.c has the formula. */
#include <wn/codes.h>

#include "ground.h"

/* What is known of a row x = along u + step q + e beside its codes q. */
typedef struct {
    float step, miss, size; /* miss >= |e|, size >= step |q| */
    int32_t sum;            /* of q */
} wn_code_row;

/* Zero-initialise. */
typedef struct {
    const wn_ground *g;
    const double *u, *along; /* [d] an axis; [n] x.u */
    double *w, *ref;         /* [d] part of an earlier v off the axis; [n] x.w */
    double w_sq;             /* w.w */
    size_t ld;
    int8_t *q;        /* [n, ld]; NULL: there are none */
    wn_code_row *row; /* [n] */
} wn_linear_codes;

/* 0: there are no codes of such rows. */
size_t wn_linear_codes_bytes(size_t n, size_t d);
/* g, u and along must outlive it. O(nd). */
wn_code wn_linear_codes_init(wn_linear_codes *c, const wn_ground *g, const double *u, const double *along, wn_err *err);
void wn_linear_codes_free(wn_linear_codes *c);
/* Takes w from v: values at vectors near v are closer from now on. O(nd). */
void wn_linear_codes_refer(wn_linear_codes *c, const double *v);

enum { WN_CODE_ZERO = 128 };
/* A vector v = axial u + part w + step r + f, of which r + WN_CODE_ZERO is what the products take. */
typedef struct {
    double axial, part, step, off, lost; /* off >= |step r + f|, lost >= |f| */
} wn_code_column;
/* bytes[ld]. */
wn_code_column wn_code_column_of(const wn_linear_codes *c, const double *v, uint8_t *bytes);

/* About x.v, by y, the product of the codes. */
static inline double wn_code_value(const wn_code_column *v, const wn_code_row *x, double along, double ref, int32_t y) {
    return v->axial * along + v->part * ref + v->step * ((double)x->step * (double)(y - WN_CODE_ZERO * x->sum));
}
/* How far that may be from x.v, beside roundings in double, which wn_linear_cut_slack exceeds. */
static inline double wn_code_slack(const wn_code_column *v, const wn_code_row *x) {
    return (double)x->miss * v->off + (double)x->size * v->lost;
}

/* Which rows reach which bars at vectors of their own. Release with wn_code_pass_free. */
typedef struct {
    const wn_linear_codes *codes;
    size_t columns;
    uint8_t *panels;                   /* of WN_CODES_WIDTH columns each */
    double *axial, *part, *step, *bar; /* [columns in whole panels] */
    wn_code_column widest;             /* off and lost: the largest of those with a bar */
    double loose;                      /* what roundings may have done */
} wn_code_pass;

size_t wn_code_pass_bytes(size_t columns, size_t d);
/* Room for so many columns. */
wn_code wn_code_pass_init(wn_code_pass *p, const wn_linear_codes *c, size_t columns, double loose, wn_err *err);
void wn_code_pass_free(wn_code_pass *p);
void wn_code_pass_column(wn_code_pass *p, size_t column, const double *v, double bar);
/* Of up to WN_CODES_STRIP rows: bit r is set where the gain of row ids[r] may reach the bar of one of the first
 * `columns`. about[r][0 .. 1]: about its gains at the first two (one where there is only one). *close grows by the
 * rows that may reach the bar of the second. */
unsigned wn_code_pass_strip(const wn_code_pass *p, const size_t *ids, size_t m, size_t columns,
                            double about[WN_CODES_STRIP][2], size_t *close);

#endif
