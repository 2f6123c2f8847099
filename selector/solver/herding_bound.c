/* Class herding's certificate (docs/certificate.md). Of q rows of a class with the target t and the sum P, f is
 *     t . P - |P|^2 / 2q + (sum of |x|^2) / 2q  <=  |v|^2 / 2q + sum of  x . (t - v / q) + |x|^2 / 2q
 * for any v, and no q rows have more of the last sum than the q largest. The right side is convex in v, its gradient
 * (v - the sum of those rows) / q: v goes from the sum of the picks toward such sums (Frank and Wolfe 1956). */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "rank.h"
#include "solver/herding_bound.h"

enum { STEPS = 24, ROWS = 256 };

typedef struct {
    wn_certificate c;
    const wn_herding *h;
    size_t *order;      /* [n] rows that may be chosen by class, those that must be kept first */
    size_t *end, *kept; /* [classes] where each class ends; must-keep rows of each */
    double *v, *rest;   /* [d]; rest: t - v / q */
    const size_t *rows; /* the class at hand */
    double q;
} herding_bound;

static void sort_rows(herding_bound *b) {
    const wn_finished *g = b->c.g;
    const uint32_t *label = b->h->label;
    for (size_t i = 0; i < b->c.free; i++) b->end[label[b->c.rows[i]]]++;
    for (size_t i = 0; i < g->o->nkeep; i++) b->kept[label[g->o->keep[i] - g->ground->first]]++;
    for (size_t c = 0, at = 0; c < b->h->classes; c++) {
        const size_t rows = b->end[c] + b->kept[c];
        b->end[c] = at;
        at += rows;
    }
    for (size_t i = 0; i < g->o->nkeep; i++) {
        const size_t row = g->o->keep[i] - g->ground->first;
        b->order[b->end[label[row]]++] = row;
    }
    for (size_t i = 0; i < b->c.free; i++) b->order[b->end[label[b->c.rows[i]]]++] = b->c.rows[i];
}

static void keys_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    herding_bound *b = ctx;
    const wn_ground *g = b->h->g;
    for (size_t i = begin; i < end; i++)
        b->c.key[b->rows[i]] =
            wn_ground_dot(wn_mat_row(g->x, b->rows[i]), b->rest, g->d) + g->sq[b->rows[i]] / (2 * b->q);
}

/* The right side for class c, whose n rows stand at `rows`: its q largest come first then. */
static double class_value(herding_bound *b, size_t c, size_t *rows, size_t n) {
    const wn_ground *g = b->h->g;
    const size_t d = g->d, q = b->h->count[c];
    const double *t = b->h->target + c * d, longest = sqrt(g->sq_max);
    double square = 0, norm = 0, sum = 0, size = 0;
    for (size_t j = 0; j < d; j++) {
        b->rest[j] = t[j] - b->v[j] / b->q;
        square += b->v[j] * b->v[j];
        norm += fabs(t[j]) + fabs(b->v[j]) / b->q;
    }
    b->rows = rows;
    wn_parallel_for(n, ROWS, keys_task, b);
    wn_rank_top(rows + b->kept[c], n - b->kept[c], q - b->kept[c], b->c.key);
    for (size_t i = 0; i < q; i++) sum += b->c.key[rows[i]], size += fabs(b->c.key[rows[i]]);
    /* what rounding does to an inner product and to the mean of n rows */
    const double push = b->c.g->o->push ? b->c.g->o->push[c] : 0, mean = (2 + 4 * push) * ((double)g->n + 16) * longest;
    const double off = longest * 0x1p-52 * (((double)d + 16) * norm + mean);
    const double fixed = square / (2 * b->q);
    return sum + fixed + b->q * off + ((double)(q + d) + 16) * 0x1p-52 * (size + fixed);
}

static double class_bound(herding_bound *b, size_t c, size_t *rows, size_t n) {
    const size_t d = b->h->g->d, q = b->h->count[c];
    double best = INFINITY;
    b->q = (double)q;
    memcpy(b->v, b->h->sum + c * d, d * sizeof *b->v);
    for (size_t step = 0; step < STEPS; step++) {
        const double toward = 2 / ((double)step + 3);
        best = fmin(best, class_value(b, c, rows, n));
        for (size_t j = 0; j < d; j++) b->v[j] *= 1 - toward;
        for (size_t i = 0; i < q; i++) {
            const float *x = wn_mat_row(b->h->g->x, rows[i]);
            for (size_t j = 0; j < d; j++) b->v[j] += toward * (double)x[j];
        }
    }
    return best;
}

wn_code wn_herding_bound(wn_finished *g, const wn_herding *h, wn_err *err) {
    herding_bound b = {.h = h};
    double bound = 0, size = 0;
    wn_code code = wn_certificate_init(&b.c, g, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(b.order = wn_alloc(g->ground->n, sizeof *b.order, err))) goto out;
    if (!(b.end = wn_alloc(h->classes, sizeof *b.end, err))) goto out;
    if (!(b.kept = wn_alloc(h->classes, sizeof *b.kept, err))) goto out;
    if (!(b.v = wn_alloc(g->ground->d, sizeof *b.v, err))) goto out;
    if (!(b.rest = wn_alloc(g->ground->d, sizeof *b.rest, err))) goto out;
    sort_rows(&b);
    for (size_t c = 0, begin = 0; c < h->classes; begin = b.end[c++]) {
        const double of_class = h->count[c] ? class_bound(&b, c, b.order + begin, b.end[c] - begin) : 0;
        bound += of_class, size += fabs(of_class);
        if ((code = wn_tick(g->o->progress, "certificate", "classes", c + 1, h->classes, err)) != WN_OK) goto out;
    }
    wn_certificate_lower(g, bound + ((double)h->classes + (double)g->o->k) * 0x1p-51 * size);
    code = WN_OK;
out:
    wn_certificate_free(&b.c);
    wn_free(b.order);
    wn_free(b.end);
    wn_free(b.kept);
    wn_free(b.v);
    wn_free(b.rest);
    return code;
}
