#ifndef WINNOW_SELECTOR_LINEAR_POOL_H
#define WINNOW_SELECTOR_LINEAR_POOL_H
/* The rows from which graph-cut over an inner product makes picks ahead of time: those that seem to have the largest
 * gains. Each pick is the best of them exactly. With codes only the rows near it are computed, else all. */
#include "greedy.h"
#include "objective/linear_cut.h"
#include "solver/linear_codes.h"

typedef struct {
    const wn_greedy *g;
    const wn_linear_codes *codes;
    size_t cap, size;    /* rows that it has room for, and has */
    size_t *ids;         /* [cap] */
    double *value;       /* [cap] about the gain, and... */
    double *high;        /* ...what it does not exceed; -INFINITY: the row was taken */
    bool *inside;        /* [n] in the pool */
    size_t *order;       /* [n] scratch */
    float *rows;         /* [cap, stride] without codes */
    int8_t *q;           /* [cap, ld] */
    wn_code_row *row;    /* [cap] */
    double *along, *ref; /* [cap] */
    double *sq;          /* [cap] */
    uint8_t *column;     /* [ld] */
    size_t *top;         /* of each piece of a loop: the place of the largest value, and... */
    double *reach;       /* ...the largest `high` */
    size_t computed;     /* gains in double, so far */
} wn_linear_pool;

/* Of rows [n, d] of an instance with or without codes. */
size_t wn_linear_pool_bytes(size_t n, size_t d, bool codes);
/* codes: those of the solver, maybe empty; they and g must outlive it. Zero-initialise. */
wn_code wn_linear_pool_init(wn_linear_pool *p, const wn_greedy *g, const wn_linear_codes *codes, wn_err *err);
void wn_linear_pool_free(wn_linear_pool *p);
/* The feasible rows of largest base[n]. */
void wn_linear_pool_fill(wn_linear_pool *p, const double *base);
/* Values at v, which base[n], where it is not NULL, takes over for the rows of the pool. loose: what roundings may do
 * to them. */
void wn_linear_pool_move(wn_linear_pool *p, const double *v, double loose, double *base);
/* The place of the best row not yet taken, after a move to v, and its gain; p->size: there is none. */
size_t wn_linear_pool_best(wn_linear_pool *p, const double *v, double *gain);
void wn_linear_pool_take(wn_linear_pool *p, size_t place);

#endif
