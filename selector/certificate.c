#include "certificate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "rank.h"

enum { HALVINGS = 40, ROWS = 512 };

/* ---- what may be chosen ---- */

static int most_worth(const void *a, const void *b) {
    const wn_certificate_worth *x = a, *y = b;
    if (x->worth < y->worth || x->worth > y->worth) return x->worth < y->worth ? 1 : -1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Could another choice have the row? Also where a limit has closed it. */
static bool left_out(const wn_constraint *c, size_t row) {
    return c->closed[row] != WN_PICKED && c->closed[row] != WN_EXCLUDED;
}

wn_code wn_certificate_init(wn_certificate *c, const wn_finished *g, wn_err *err) {
    const wn_selection *s = g->out;
    const wn_limits *l = &g->o->limit;
    const size_t n = g->ground->n, forced = wn_constraint_forced(g->constraint);
    *c = (wn_certificate){.g = g, .count = s->k - forced, .left = l->budget};
    for (size_t i = 0; l->cost && i < g->o->nkeep; i++) c->left -= l->cost[g->o->keep[i] - g->ground->first];
    if (!(c->rows = wn_alloc(n, sizeof *c->rows, err))) return WN_EMEMORY;
    if (!(c->key = wn_alloc(n, sizeof *c->key, err))) return WN_EMEMORY;
    if (l->cost && !(c->worth = wn_alloc(n, sizeof *c->worth, err))) return WN_EMEMORY;
    for (size_t t = forced; t < s->k; t++) c->rows[c->free++] = s->ids[t] - g->ground->first;
    for (size_t i = 0; i < n; i++)
        if (left_out(g->constraint, i)) c->rows[c->free++] = i;
    return WN_OK;
}

void wn_certificate_free(wn_certificate *c) {
    wn_free(c->rows);
    wn_free(c->key);
    wn_free(c->worth);
    *c = (wn_certificate){0};
}

size_t wn_certificate_bytes(size_t n, size_t d, size_t k) {
    return n * (4 * sizeof(size_t) + 3 * sizeof(double)) + 2 * d * sizeof(double) + k * sizeof(size_t);
}

bool wn_certificate_one_set(const wn_certificate *c) {
    return !c->g->o->limit.cost && (c->count == 0 || c->count == c->free);
}

/* Keys above 0, the most for their cost first, as far as the budget goes. */
static void fill_budget(wn_certificate *c, double *sum, double *size) {
    const double *cost = c->g->o->limit.cost;
    double left = c->left * (1 + 0x1p-40);
    for (size_t i = 0; i < c->free; i++)
        c->worth[i] = (wn_certificate_worth){c->key[c->rows[i]] / cost[c->rows[i]], c->rows[i]};
    qsort(c->worth, c->free, sizeof *c->worth, most_worth);
    for (size_t i = 0; i < c->free; i++) c->rows[i] = c->worth[i].row;
    c->count = 0;
    while (c->count < c->free && left > 0 && c->key[c->rows[c->count]] > 0) {
        const size_t row = c->rows[c->count++];
        const double part = cost[row] > left ? left / cost[row] : 1;
        *sum += part * c->key[row];
        *size += part * c->key[row];
        left -= cost[row];
    }
}

double wn_certificate_most(wn_certificate *c) {
    const wn_finished *g = c->g;
    const size_t forced = wn_constraint_forced(g->constraint);
    const bool budget = g->o->limit.cost;
    double sum = 0, size = 0;
    if (budget)
        fill_budget(c, &sum, &size);
    else
        wn_rank_top(c->rows, c->free, c->count, c->key);
    for (size_t i = 0; i < forced + (budget ? 0 : c->count); i++) {
        const double key = c->key[i < forced ? wn_constraint_forced_row(g->constraint, i) : c->rows[i - forced]];
        sum += key;
        size += fabs(key);
    }
    return sum + ((double)(forced + c->count) + 8) * 0x1p-52 * size; /* each key is right to a few roundings */
}

void wn_certificate_lower(wn_finished *g, double bound) {
    if (isfinite(bound)) g->out->bound = fmin(g->out->bound, bound); /* NaN: none so far */
}

/* f(S), as added up. */
static double reached(const wn_finished *g, size_t picks) {
    return picks ? g->out->objective[picks - 1] : 0;
}

/* An inner product of d values in f32 is off by (d + 4) 2^-24 |x||y| at most, whatever the order of its sum. Before
 * exp come a multiplication and maybe a subtraction, and gamma is rounded; exp itself is right to a few units in the
 * last place, and 0 where no normal float is left. */
wn_certificate_error wn_certificate_similarity(const wn_kernel *k, size_t d, double sq) {
    const double product = ((double)d + 4) * 0x1p-24 * 1.01 * sq;
    if (k->kind == WN_BALL || k->kind == WN_PRECOMPUTED) return (wn_certificate_error){0}; /* they are what they are */
    if (k->kind != WN_RBF) return (wn_certificate_error){.absolute = product + (double)d * 0x1p-126};
    return (wn_certificate_error){expm1(k->gamma * (product + 8 * 0x1p-24 * (1 + sq)) + 0x1p-20), 0x1p-125};
}

/* ---- from gains ---- */

wn_code wn_certificate_of_gains(wn_finished *g, const double *gain, const wn_certificate_error *off, wn_err *err) {
    wn_certificate c;
    wn_code code = wn_certificate_init(&c, g, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < c.free; i++)
        c.key[c.rows[i]] = g->constraint->closed[c.rows[i]] == WN_PICKED ? 0 : gain[c.rows[i]];
    double value = reached(g, g->out->k), size = 0;
    for (size_t t = 0; t < g->out->k && g->o->value; t++) { /* a chosen row is worth its value, in S or not */
        const size_t row = g->out->ids[t] - g->ground->first;
        c.key[row] = g->o->value[row];
        value -= c.key[row];
        size += fabs(c.key[row]);
    }
    const double left = wn_certificate_most(&c), added = ((double)g->ground->of->rows + (double)g->out->k) * 0x1p-52;
    size += fabs(value) + fabs(left);
    wn_certificate_lower(g, value + left + (added + 2 * off->relative) * size + off->absolute);
out:
    wn_certificate_free(&c);
    return code;
}

wn_code wn_certificate_of_gains_anew(wn_finished *g,
                                     wn_code (*gains)(void *f, const size_t *rows, size_t m, double *out, wn_err *err),
                                     void *f, const wn_certificate_error *off, wn_err *err) {
    const size_t n = g->ground->n;
    size_t *rows = wn_alloc(n, sizeof *rows, err), m = 0;
    double *gain = wn_alloc(n, sizeof *gain, err), *some = wn_alloc(n, sizeof *some, err);
    wn_code code = rows && gain && some ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; i < n && code == WN_OK; i++)
        if (left_out(g->constraint, i)) rows[m++] = i;
    if (code == WN_OK) code = gains(f, rows, m, some, err);
    for (size_t i = 0; i < m && code == WN_OK; i++) gain[rows[i]] = some[i];
    if (code == WN_OK) code = wn_certificate_of_gains(g, gain, off, err);
    wn_free(rows);
    wn_free(gain);
    wn_free(some);
    return code;
}

/* ---- graph-cut ---- */

/* y_x = <phi_x, M>, M the sum of all that is represented, which is y to |y| relative + absolute. */
typedef struct {
    wn_certificate c;
    const double *y, *diag; /* [n]; diag: |phi_x|^2 */
    double relative, absolute;
    double square; /* >= |M|^2 */
    double scale;  /* 2 + lambda */
    double *own;   /* y or diag, where they are of our own making */
} cut_certificate;

static double cut_high(const cut_certificate *t, size_t row) {
    return t->y[row] + fabs(t->y[row]) * t->relative + t->absolute;
}
static double cut_low(const cut_certificate *t, size_t row) {
    return t->y[row] - fabs(t->y[row]) * t->relative - t->absolute;
}

/* The bound with v = step M, and *slope, of the sign of its derivative by the step. */
static double cut_bound(cut_certificate *t, double step, double *slope) {
    wn_certificate *c = &t->c;
    const wn_finished *g = c->g;
    const double left = 1 - t->scale * step, self = 0.5 * t->scale - 1;
    for (size_t i = 0; i < g->ground->n; i++)
        c->key[i] = left * (left >= 0 ? cut_high(t, i) : cut_low(t, i)) + self * t->diag[i];
    double most = wn_certificate_most(c), above = 0;
    for (size_t i = 0; i < c->count; i++) above += t->y[c->rows[i]];
    for (size_t i = 0; i < wn_constraint_forced(g->constraint); i++)
        above += t->y[wn_constraint_forced_row(g->constraint, i)];
    *slope = step * t->square - above;
    return most + 0.5 * t->scale * step * step * t->square * (1 + 0x1p-48);
}

/* It is convex in the step: halved until nothing is left, and at 1 / scale, where it has its kink. */
static void cut_best_step(cut_certificate *t, wn_finished *g) {
    double low = INFINITY, high = -INFINITY, slope;
    for (size_t i = 0; i < g->ground->n; i++) {
        low = fmin(low, t->y[i]);
        high = fmax(high, t->y[i]);
    }
    wn_certificate_lower(g, cut_bound(t, 1 / t->scale, &slope));
    if (!(t->square > 0)) return;
    low *= (double)g->o->k / t->square, high *= (double)g->o->k / t->square;
    if (slope > 0)
        high = 1 / t->scale;
    else
        low = 1 / t->scale;
    for (int i = 0; i < HALVINGS && low < high; i++) {
        const double step = low + (high - low) / 2;
        wn_certificate_lower(g, cut_bound(t, step, &slope));
        if (slope > 0)
            high = step;
        else
            low = step;
    }
}

/* At least f of the first picks, each of whose gains is off by `absolute` and by a share of what it is made of. */
static double cut_reached(const cut_certificate *t, size_t picks) {
    const wn_finished *g = t->c.g;
    const double value = reached(g, picks);
    double T = 0, size = 0;
    for (size_t i = 0; i < picks; i++) {
        const size_t row = g->out->ids[i] - g->ground->first;
        T += t->y[row] - t->diag[row];
        size += fabs(t->y[row]) + t->diag[row];
    }
    return value + 2 * (t->relative + (double)picks * 0x1p-52) * (size + fabs(T - value)) +
           2 * (double)picks * t->absolute;
}

/* No similarity is negative: what must be kept, and the largest sums. */
static void cut_modular(cut_certificate *t, wn_finished *g) {
    for (size_t i = 0; i < g->ground->n; i++) t->c.key[i] = cut_high(t, i) - t->diag[i];
    const size_t forced = wn_constraint_forced(g->constraint);
    for (size_t i = 0; i < forced; i++) t->c.key[wn_constraint_forced_row(g->constraint, i)] = 0;
    wn_certificate_lower(g, cut_reached(t, forced) + wn_certificate_most(&t->c));
}

/* rbf: y = T + diag. What rounds T to its 34 bits is part of the error. */
static wn_code cut_open_rbf(cut_certificate *t, const wn_finished *g, double *T, wn_err *err) {
    const wn_ground *ground = g->ground;
    const wn_certificate_error e = wn_certificate_similarity(&g->o->kernel, ground->d, ground->sq_max);
    double largest = 0;
    if (!(t->own = wn_alloc(ground->n, sizeof *t->own, err))) return WN_EMEMORY;
    for (size_t i = 0; i < ground->n; i++) {
        t->own[i] = exp(g->o->kernel.gamma * (ground->sq[i] - 1));
        largest = fmax(largest, t->own[i]);
        T[i] += t->own[i];
    }
    t->y = T;
    t->diag = t->own;
    t->relative = e.relative + 0x1p-32;
    t->absolute = t->relative * largest + e.absolute * (ground->n_all + (double)ground->n);
    for (size_t i = 0; i < ground->n; i++) t->square += wn_ground_weight(ground, i) * fmax(cut_high(t, i), 0);
    t->square *= 1 + (double)ground->n * 0x1p-52;
    return WN_OK;
}

typedef struct {
    const wn_ground *g;
    const double *v;
    double *out; /* [n] x . v */
} dot_job;

static void dot_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const dot_job *j = ctx;
    for (size_t i = begin; i < end; i++) j->out[i] = wn_ground_dot(wn_mat_row(j->g->x, i), j->v, j->g->d);
}

/* An inner product: phi_x is x. Sums that came from outside are what they are; others were added up row by row. */
static wn_code cut_open_linear(cut_certificate *t, const wn_finished *g, wn_err *err) {
    const wn_ground *ground = g->ground;
    double *M = wn_alloc(ground->d, sizeof *M, err), *y = t->own = wn_alloc(ground->n, sizeof *y, err), lengths = 0;
    const double longest = sqrt(ground->sq_max);
    if (M && y) {
        wn_ground_vector_sums(ground, M);
        for (size_t c = 0; c < ground->d; c++) t->square += M[c] * M[c];
        for (size_t i = 0; i < ground->n && !ground->sums; i++)
            lengths += wn_ground_weight(ground, i) * sqrt(ground->sq[i]);
        wn_parallel_for(ground->n, ROWS, dot_task, &(dot_job){ground, M, y});
        t->y = y;
        t->diag = ground->sq;
        t->relative = ((double)ground->d + 16) * 0x1p-52;
        t->absolute = longest * (t->relative * (sqrt(t->square) + t->scale * (double)g->o->k * longest) +
                                 ((double)ground->n + 2) * 0x1p-52 * lengths);
    }
    wn_free(M);
    return M && y ? WN_OK : WN_EMEMORY;
}

wn_code wn_certificate_of_cut(wn_finished *g, double *T, wn_err *err) {
    cut_certificate t = {.scale = 2 + g->o->lambda};
    wn_code code = wn_certificate_init(&t.c, g, err);
    if (code != WN_OK) goto out;
    if ((code = T ? cut_open_rbf(&t, g, T, err) : cut_open_linear(&t, g, err)) != WN_OK) goto out;
    if (wn_certificate_one_set(&t.c)) wn_certificate_lower(g, cut_reached(&t, g->out->k));
    if (T) cut_modular(&t, g);
    if (!T || !g->ground->sums) cut_best_step(&t, g);
out:
    wn_certificate_free(&t.c);
    wn_free(t.own);
    return code;
}
