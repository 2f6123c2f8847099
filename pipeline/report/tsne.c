#include "tsne.h"

#include "near.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/rng.h>

enum { STREAM_START = 0x54534E45, WIDTH = 64, EARLY = 60, STEPS = 250, POWER_STEPS = 24 };
enum { AFFINE = 3 * WN_TSNE_PERPLEXITY }; /* neighbours of a row that it likes at all */
#define EXAGGERATION 12.f                 /* of p in the first EARLY steps: rows find those that they like */

/* Who likes whom, both ways: entries first[i] .. first[i + 1] of row i. */
typedef struct {
    size_t *first; /* [m + 1] */
    uint32_t *to;
    float *p;
} affinities;

/* State of the descent; rows padded to a multiple of WIDTH. Vectors of x come before those of y. */
typedef struct {
    size_t m, padded;
    affinities like;
    float *at, *move, *gain, *pull, *push, *mass; /* [2, padded]; mass [padded]: sum of 1 / (1 + distance^2) */
    float exaggeration;
} descent;

/* ---- where it starts ---- */

/* at = the product of every row, less the mean, with v. */
static double tsne_product(const wn_mat *x, const double *mean, const double *v, double *t) {
    double base = 0, sum = 0;
    for (size_t j = 0; j < x->cols; j++) base += mean[j] * v[j];
    for (size_t i = 0; i < x->rows; i++) {
        const float *r = wn_mat_row(x, i);
        double s = -base;
        for (size_t j = 0; j < x->cols; j++) s += (double)r[j] * v[j];
        t[i] = s;
        sum += s * s;
    }
    return sum;
}

/* v = X't, made orthogonal to `other` (may be NULL) and normalised. */
static void tsne_direction(const wn_mat *x, const double *t, const double *other, double *v) {
    double along = 0, norm = 0;
    memset(v, 0, x->cols * sizeof *v);
    for (size_t i = 0; i < x->rows; i++) {
        const float *r = wn_mat_row(x, i);
        for (size_t j = 0; j < x->cols; j++) v[j] += (double)r[j] * t[i];
    }
    for (size_t j = 0; j < x->cols && other; j++) along += v[j] * other[j];
    for (size_t j = 0; j < x->cols; j++) {
        if (other) v[j] -= along * other[j];
        norm += v[j] * v[j];
    }
    norm = norm > 0 ? 1 / sqrt(norm) : 0;
    for (size_t j = 0; j < x->cols; j++) v[j] *= norm;
}

/* The projection on the two directions of largest variance, by power iteration from a seeded start. */
static wn_code tsne_flat(float *at, const wn_mat *x, uint64_t seed, wn_err *err) {
    size_t m = x->rows, d = x->cols;
    double *room = wn_alloc(3 * d + m, sizeof *room, err), spread = 0;
    if (!room) return WN_EMEMORY;
    double *mean = room, *v[2] = {room + d, room + 2 * d}, *t = room + 3 * d;
    wn_rng g = wn_rng_init(seed, STREAM_START);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < d; j++) mean[j] += (double)wn_mat_row(x, i)[j] / (double)m;
    for (int a = 0; a < 2; a++) {
        for (size_t i = 0; i < m; i++) t[i] = wn_rng_normal(&g);
        for (int step = 0; step < POWER_STEPS; step++) {
            double sum = 0;
            for (size_t i = 0; i < m; i++) sum += t[i] / (double)m;
            for (size_t i = 0; i < m; i++) t[i] -= sum;
            tsne_direction(x, t, a ? v[0] : NULL, v[a]);
            spread = fmax(spread, tsne_product(x, mean, v[a], t));
        }
        for (size_t i = 0; i < m; i++) at[(size_t)a * m + i] = (float)t[i];
    }
    spread = spread > 0 ? 1e-4 / sqrt(spread / (double)m) : 0; /* small: what is to come outweighs it */
    for (size_t i = 0; i < 2 * m; i++) at[i] = (float)(at[i] * spread);
    wn_free(room);
    return WN_OK;
}

/* ---- who likes whom ---- */

/* p[0 .. n) from distances^2 so that their entropy is log2(perplexity) (equation 1 of the paper), by bisection. */
static void tsne_row(const float *sim, size_t n, double perplexity, float *p) {
    double beta = 1, low = 0, high = INFINITY, want = log(perplexity), sum = 0;
    for (int step = 0; step < 60; step++) {
        double weighted = 0;
        sum = 0;
        for (size_t j = 0; j < n; j++) { /* distances from that of the nearest: a common factor falls out */
            double distance = 2 * ((double)sim[0] - (double)sim[j]), e = exp(-beta * distance);
            sum += e, weighted += e * distance;
        }
        double entropy = log(sum) + beta * weighted / sum;
        if (fabs(entropy - want) < 1e-5) break;
        if (entropy > want)
            low = beta, beta = isinf(high) ? beta * 2 : (beta + high) / 2;
        else
            high = beta, beta = (low + beta) / 2;
        if (beta > 1e9) break; /* more equal neighbours than it is to reach */
    }
    for (size_t j = 0; j < n; j++) p[j] = (float)(exp(-2 * beta * ((double)sim[0] - (double)sim[j])) / sum);
}

/* Each liking is held by both of its rows. */
static wn_code tsne_likings(affinities *out, const uint32_t *near, float *p, size_t m, size_t n, wn_err *err) {
    size_t *fill = wn_alloc(m, sizeof *fill, err);
    out->first = wn_alloc(m + 1, sizeof *out->first, err);
    out->to = wn_alloc(2 * m * n, sizeof *out->to, err);
    out->p = wn_alloc(2 * m * n, sizeof *out->p, err);
    wn_code code = fill && out->first && out->to && out->p ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t e = 0; e < m * n; e++) out->first[near[e] + 1]++;
    for (size_t i = 0; i < m; i++) out->first[i + 1] += out->first[i] + n, fill[i] = out->first[i];
    for (size_t e = 0; e < m * n; e++) {
        size_t i = e / n, j = near[e];
        float half = p[e] / (2 * (float)m);
        out->to[fill[i]] = (uint32_t)j, out->p[fill[i]++] = half;
        out->to[fill[j]] = (uint32_t)i, out->p[fill[j]++] = half;
    }
out:
    wn_free(fill);
    return code;
}

/* ---- the descent ---- */

/* Forces on WIDTH rows from all: inner loops over the rows of the piece, so that sums keep their order. Half of a run's
 * time under sanitizers, which look elsewhere. */
__attribute__((no_sanitize("address", "undefined"))) static void tsne_push(descent *s, size_t begin) {
    float mass[WIDTH] = {0}, fx[WIDTH] = {0}, fy[WIDTH] = {0};
    const float *x = s->at + begin, *y = s->at + s->padded + begin;
    for (size_t j = 0; j < s->m; j++) {
        const float ox = s->at[j], oy = s->at[s->padded + j];
        for (int i = 0; i < WIDTH; i++) {
            float dx = x[i] - ox, dy = y[i] - oy, q = 1 / (1 + dx * dx + dy * dy), qq = q * q;
            mass[i] += q, fx[i] += qq * dx, fy[i] += qq * dy;
        }
    }
    memcpy(s->mass + begin, mass, sizeof mass);
    memcpy(s->push + begin, fx, sizeof fx);
    memcpy(s->push + s->padded + begin, fy, sizeof fy);
}

static void tsne_pull(descent *s, size_t row) {
    const float *x = s->at, *y = s->at + s->padded;
    float fx = 0, fy = 0;
    for (size_t e = s->like.first[row]; e < s->like.first[row + 1]; e++) {
        size_t j = s->like.to[e];
        float dx = x[row] - x[j], dy = y[row] - y[j], w = s->like.p[e] / (1 + dx * dx + dy * dy);
        fx += w * dx, fy += w * dy;
    }
    s->pull[row] = fx, s->pull[s->padded + row] = fy;
}

static void tsne_forces(void *ctx, size_t begin, size_t end, int worker) {
    descent *s = ctx;
    (void)worker;
    tsne_push(s, begin);
    for (size_t i = begin; i < end; i++) tsne_pull(s, i);
}

/* A step with momentum and a rate of its own for every coordinate (Jacobs 1988, as in the paper), then centred. */
static void tsne_step(descent *s, float rate, float momentum) {
    double mass = 0;
    wn_parallel_for(s->m, WIDTH, tsne_forces, s);
    for (size_t i = 0; i < s->m; i++) mass += (double)s->mass[i] - 1;
    float scale = mass > 0 ? (float)(1 / mass) : 0;
    for (int a = 0; a < 2; a++) {
        double centre = 0;
        for (size_t k = 0; k < s->m; k++) {
            size_t i = (size_t)a * s->padded + k;
            float slope = 4 * (s->exaggeration * s->pull[i] - scale * s->push[i]);
            s->gain[i] = (slope > 0) != (s->move[i] > 0) ? s->gain[i] + .2f : fmaxf(s->gain[i] * .8f, .01f);
            s->move[i] = momentum * s->move[i] - rate * s->gain[i] * slope;
            s->at[i] += s->move[i];
            centre += (double)s->at[i] / (double)s->m;
        }
        for (size_t k = 0; k < s->m; k++) s->at[(size_t)a * s->padded + k] -= (float)centre;
    }
}

static wn_code tsne_descend(descent *s, float *at, wn_err *err) {
    size_t m = s->m, n = 2 * s->padded;
    float *room = wn_alloc(5 * n + s->padded, sizeof *room, err), rate = fmaxf((float)m / (4 * EXAGGERATION), 50);
    if (!room) return WN_EMEMORY;
    s->at = room, s->move = room + n, s->gain = room + 2 * n, s->pull = room + 3 * n, s->push = room + 4 * n;
    s->mass = room + 5 * n;
    for (size_t i = 0; i < n; i++) s->gain[i] = 1;
    memcpy(s->at, at, m * sizeof *at);
    memcpy(s->at + s->padded, at + m, m * sizeof *at);
    for (int step = 0; step < STEPS; step++) {
        s->exaggeration = step < EARLY ? EXAGGERATION : 1;
        tsne_step(s, rate, step < EARLY ? .5f : .8f);
    }
    memcpy(at, s->at, m * sizeof *at);
    memcpy(at + m, s->at + s->padded, m * sizeof *at);
    wn_free(room);
    return WN_OK;
}

/* ---- how well neighbours are kept ---- */

typedef struct {
    const float *at;
    const uint32_t *near;    /* [m, stride] */
    size_t m, stride, *hits; /* [m] */
} keeping;

static void tsne_keeping(void *ctx, size_t begin, size_t end, int worker) {
    keeping *k = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        float best[WN_TSNE_NEAREST];
        uint32_t at[WN_TSNE_NEAREST];
        size_t n = 0;
        for (size_t j = 0; j < k->m; j++) {
            float dx = k->at[i] - k->at[j], dy = k->at[k->m + i] - k->at[k->m + j], far = dx * dx + dy * dy;
            if (j == i || (n == WN_TSNE_NEAREST && !(far < best[n - 1]))) continue;
            size_t b = n < WN_TSNE_NEAREST ? n++ : n - 1;
            for (; b > 0 && far < best[b - 1]; b--) best[b] = best[b - 1], at[b] = at[b - 1];
            best[b] = far, at[b] = (uint32_t)j;
        }
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < WN_TSNE_NEAREST; b++) k->hits[i] += at[a] == k->near[i * k->stride + b];
    }
}

static wn_code tsne_kept(double *kept, const float *at, const uint32_t *near, size_t m, size_t stride, wn_err *err) {
    keeping k = {at, near, m, stride, wn_alloc(m, sizeof *k.hits, err)};
    size_t total = 0;
    if (!k.hits) return WN_EMEMORY;
    wn_parallel_for(m, WIDTH, tsne_keeping, &k);
    for (size_t i = 0; i < m; i++) total += k.hits[i];
    *kept = (double)total / (double)(m * WN_TSNE_NEAREST);
    wn_free(k.hits);
    return WN_OK;
}

/* ---- together ---- */

static size_t tsne_neighbours(size_t m) {
    return m - 1 < AFFINE ? m - 1 : AFFINE;
}

wn_code wn_tsne_make(wn_tsne *out, const wn_mat *x, uint64_t seed, wn_err *err) {
    size_t m = x->rows, n = tsne_neighbours(m);
    descent s = {.m = m, .padded = (m + WIDTH - 1) / WIDTH * WIDTH};
    uint32_t *near = wn_alloc(m * n, sizeof *near, err);
    float *sim = wn_alloc(m * n, sizeof *sim, err), *p = wn_alloc(m * n, sizeof *p, err);
    size_t *rows = wn_alloc(m, sizeof *rows, err);
    wn_code code = WN_EMEMORY;
    out->m = m;
    out->at = wn_alloc(2 * m, sizeof *out->at, err);
    if (!near || !sim || !p || !rows || !out->at) goto out;
    for (size_t i = 0; i < m; i++) rows[i] = i;
    const wn_near_opts o = {.x = x, .rows = rows, .n = m, .among = x, .count = n, .same = true};
    if ((code = wn_near_find(near, sim, &o, err)) != WN_OK) goto out;
    double perplexity = fmin(WN_TSNE_PERPLEXITY, (double)n / 3);
    for (size_t i = 0; i < m; i++) tsne_row(sim + i * n, n, perplexity, p + i * n);
    if ((code = tsne_likings(&s.like, near, p, m, n, err)) != WN_OK) goto out;
    if ((code = tsne_flat(out->at, x, seed, err)) != WN_OK) goto out;
    if ((code = tsne_kept(&out->flat, out->at, near, m, n, err)) != WN_OK) goto out;
    if ((code = tsne_descend(&s, out->at, err)) != WN_OK) goto out;
    code = tsne_kept(&out->kept, out->at, near, m, n, err);
out:
    wn_free(near);
    wn_free(sim);
    wn_free(p);
    wn_free(rows);
    wn_free(s.like.first);
    wn_free(s.like.to);
    wn_free(s.like.p);
    return code;
}

void wn_tsne_free(wn_tsne *t) {
    wn_free(t->at);
    *t = (wn_tsne){0};
}

size_t wn_tsne_memory(size_t m, size_t d) {
    return m * (AFFINE * (3 * sizeof(float) + 2 * (sizeof(float) + sizeof(uint32_t))) + 96) + 3 * d * sizeof(double) +
           wn_near_memory(m, d);
}
