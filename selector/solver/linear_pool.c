#include "solver/linear_pool.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/paged.h>

#include "rank.h"

/* The least pool is small, so that ten rows go through all of this as a million do. */
enum { POOL_MIN = 4, POOL_MAX = 12288, ROWS_A_PLACE = 8, PIECE = 256, COPIED = 64, LOOK = 16, SAMPLED = 1024 };

static size_t pool_cap(size_t n) {
    size_t cap = n / ROWS_A_PLACE;
    cap = cap < POOL_MIN ? POOL_MIN : cap > POOL_MAX ? POOL_MAX : cap;
    return cap < n ? cap : n;
}

static size_t pool_stride(size_t d) {
    return (d + 15) / 16 * 16;
}

size_t wn_linear_pool_bytes(size_t n, size_t d, bool codes) {
    const size_t cap = pool_cap(n), row = codes ? wn_codes_ld(d) + sizeof(wn_code_row) : pool_stride(d) * sizeof(float);
    return n * (sizeof(size_t) + sizeof(bool)) + cap * (row + sizeof(size_t) + 5 * sizeof(double)) +
           (cap / PIECE + 1) * (sizeof(size_t) + sizeof(double)) + (codes ? wn_codes_ld(d) : 0);
}

wn_code wn_linear_pool_init(wn_linear_pool *p, const wn_greedy *g, const wn_linear_codes *codes, wn_err *err) {
    const size_t n = g->ground.n, cap = pool_cap(n), pieces = cap / PIECE + 1;
    *p = (wn_linear_pool){.g = g, .codes = codes, .cap = cap};
    if (!(p->ids = wn_alloc(cap, sizeof *p->ids, err)) || !(p->value = wn_alloc(cap, sizeof *p->value, err)) ||
        !(p->high = wn_alloc(cap, sizeof *p->high, err)) || !(p->inside = wn_alloc(n, sizeof *p->inside, err)) ||
        !(p->order = wn_alloc(n, sizeof *p->order, err)) || !(p->along = wn_alloc(cap, sizeof *p->along, err)) ||
        !(p->ref = wn_alloc(cap, sizeof *p->ref, err)) || !(p->sq = wn_alloc(cap, sizeof *p->sq, err)) ||
        !(p->top = wn_alloc(pieces, sizeof *p->top, err)) || !(p->reach = wn_alloc(pieces, sizeof *p->reach, err)))
        return WN_EMEMORY;
    if (!codes->q)
        return (p->rows = wn_alloc(cap, pool_stride(g->ground.d) * sizeof *p->rows, err)) ? WN_OK : WN_EMEMORY;
    if (!(p->q = wn_alloc(cap, codes->ld, err)) || !(p->row = wn_alloc(cap, sizeof *p->row, err)) ||
        !(p->column = wn_alloc(codes->ld, 1, err)))
        return WN_EMEMORY;
    return WN_OK;
}

void wn_linear_pool_free(wn_linear_pool *p) {
    void *all[] = {p->ids, p->value, p->high,   p->inside, p->order, p->rows, p->q,
                   p->row, p->along, p->column, p->top,    p->reach, p->sq,   p->ref};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
    *p = (wn_linear_pool){0};
}

static void copy_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    wn_linear_pool *p = ctx;
    const wn_ground *g = &p->g->ground;
    const wn_linear_codes *c = p->codes;
    for (size_t i = begin; i < end; i++) {
        const size_t id = p->ids[i];
        p->sq[i] = g->sq[id];
        if (c->q) {
            memcpy(p->q + i * c->ld, c->q + id * c->ld, c->ld);
            p->row[i] = c->row[id];
            p->along[i] = c->along[id];
            p->ref[i] = c->ref[id];
            continue;
        }
        if (i % LOOK == 0) wn_paged_look(); /* they stand anywhere */
        memcpy(p->rows + i * pool_stride(g->d), wn_mat_row(g->x, id), g->d * sizeof *p->rows);
    }
}

/* A base that somewhat more rows than the pool has room for will have, by some rows at even distances. */
static double likely_least(wn_linear_pool *p, const double *base) {
    const size_t n = p->g->ground.n, step = n / SAMPLED + 1;
    size_t m = 0;
    for (size_t i = 0; i < n; i += step)
        if (wn_constraint_feasible(&p->g->constraint, i)) p->order[m++] = i;
    const double places = (double)p->cap / (double)step;
    const size_t top = (size_t)(places + 3 * sqrt(places)) + 1;
    if (top >= m) return -INFINITY;
    wn_rank_top(p->order, m, top, base);
    double least = INFINITY;
    for (size_t i = 0; i < top; i++) least = fmin(least, base[p->order[i]]);
    return least;
}

/* order[m] = the feasible rows whose base is at least that. */
static size_t gather(wn_linear_pool *p, const double *base, double least) {
    size_t m = 0;
    for (size_t i = 0; i < p->g->ground.n; i++) {
        p->order[m] = i;
        m += base[i] >= least && wn_constraint_feasible(&p->g->constraint, i);
    }
    return m;
}

void wn_linear_pool_fill(wn_linear_pool *p, const double *base) {
    const double least = likely_least(p, base);
    size_t m = gather(p, base, least);
    if (m < p->cap && least > -INFINITY) m = gather(p, base, -INFINITY);
    for (size_t i = 0; i < p->size; i++) p->inside[p->ids[i]] = false;
    p->size = m < p->cap ? m : p->cap;
    wn_rank_top(p->order, m, p->size, base);
    for (size_t i = 0; i < p->size; i++) {
        p->ids[i] = p->order[i];
        p->high[i] = 0;
        p->inside[p->ids[i]] = true;
    }
    wn_parallel_for(p->size, COPIED, copy_rows, p);
}

typedef struct {
    wn_linear_pool *p;
    const double *v;
    wn_code_column column; /* of v, with codes */
    double loose, *base;
} pool_move;

/* value and slack[m] of the rows from place `begin` on. */
static void values_of(const pool_move *move, size_t begin, size_t m, double *slack) {
    const wn_linear_pool *p = move->p;
    const wn_ground *g = &p->g->ground;
    int32_t y[PIECE];
    if (!p->q) {
        for (size_t i = 0; i < m; i++) {
            const size_t at = begin + i;
            p->value[at] = wn_ground_dot(p->rows + at * pool_stride(g->d), move->v, g->d) - p->sq[at];
            slack[i] = 0;
        }
        return;
    }
    wn_codes_dots(p->q + begin * p->codes->ld, m, p->codes->ld, p->column, y);
    for (size_t i = 0; i < m; i++) {
        const size_t at = begin + i;
        const wn_code_row *x = &p->row[at];
        p->value[at] = wn_code_value(&move->column, x, p->along[at], p->ref[at], y[i]) - p->sq[at];
        slack[i] = wn_code_slack(&move->column, x) + move->loose;
    }
}

static void move_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const pool_move *move = ctx;
    wn_linear_pool *p = move->p;
    double slack[PIECE], reach = -INFINITY;
    size_t top = p->size;
    values_of(move, begin, end - begin, slack);
    for (size_t i = begin; i < end; i++) {
        if (move->base) move->base[p->ids[i]] = p->value[i];
        if (p->high[i] == -INFINITY) continue;
        p->high[i] = p->value[i] + slack[i - begin];
        reach = fmax(reach, p->high[i]);
        if (top == p->size || p->value[i] > p->value[top]) top = i;
    }
    p->top[begin / PIECE] = top;
    p->reach[begin / PIECE] = reach;
}

void wn_linear_pool_move(wn_linear_pool *p, const double *v, double loose, double *base) {
    pool_move move = {.p = p, .v = v, .loose = loose, .base = base};
    if (p->q) move.column = wn_code_column_of(p->codes, v, p->column);
    wn_parallel_for(p->size, PIECE, move_rows, &move);
}

static double exact_gain(const wn_linear_pool *p, size_t place, const double *v) {
    const wn_ground *g = &p->g->ground;
    const float *x = p->rows ? p->rows + place * pool_stride(g->d) : wn_mat_row(g->x, p->ids[place]);
    if (!p->rows) wn_paged_look();
    return wn_ground_dot(x, v, g->d) - p->sq[place];
}

size_t wn_linear_pool_best(wn_linear_pool *p, const double *v, double *gain) {
    size_t best = p->size, first;
    const size_t pieces = (p->size + PIECE - 1) / PIECE;
    for (size_t j = 0; j < pieces; j++) {
        const size_t top = p->top[j];
        if (top < p->size && (best == p->size || p->value[top] > p->value[best])) best = top;
    }
    if (best == p->size) return best;
    *gain = exact_gain(p, first = best, v);
    for (size_t i = 0; i < p->size; i++) {
        if (i % PIECE == 0 && p->reach[i / PIECE] < *gain) {
            i += PIECE - 1;
            continue;
        }
        if (p->high[i] < *gain || i == first) continue;
        const double other = exact_gain(p, i, v);
        p->computed++;
        if (wn_rank_before(other, p->ids[i], *gain, p->ids[best])) best = i, *gain = other;
    }
    return best;
}

void wn_linear_pool_take(wn_linear_pool *p, size_t place) {
    p->high[place] = -INFINITY;
}
