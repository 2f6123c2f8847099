#include <wn/kmeans.h>

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/failure.h>
#include <wn/nearest.h>
#include <wn/pairwise.h>
#include <wn/rng.h>

enum { STREAM = 0x6b6d6561, ROUNDS = 25, STILL = 1000, ROWS = 512, SEEDS_A_TICK = 16 };

typedef struct {
    const wn_mat *x;
    const wn_kmeans_opts *o;
    wn_clusters *c;
    size_t *rows; /* [nrows] those that are not zero */
    size_t nrows;
    double *far;     /* [n] weight times squared distance to the nearest seed */
    size_t seed;     /* row at hand */
    wn_mat centre;   /* [n, d] */
    size_t *nearest; /* [nrows] */
    float *sim;      /* [nrows] */
    wn_failure failure;
} kmeans;

static double weight_of(const kmeans *k, size_t row) {
    return k->o->weight ? k->o->weight[row] : 1;
}

/* ---- seeds ---- */

static void seed_task(void *ctx, size_t begin, size_t end, int worker) {
    kmeans *k = ctx;
    const wn_kernel cosine = {WN_COSINE, 0};
    const wn_row_block rows = {wn_mat_row(k->x, begin), k->x->stride, end - begin},
                       seed = {wn_mat_row(k->x, k->seed), k->x->stride, 1};
    float near[ROWS];
    wn_err err = {0};
    (void)worker;
    if (wn_pair_tile(&cosine, rows, seed, k->x->cols, near, 1, &err) != WN_OK) {
        wn_failure_note(&k->failure, &err);
        return;
    }
    for (size_t i = begin; i < end; i++)
        k->far[i] = fmin(k->far[i], weight_of(k, i) * fmax(2 - 2 * (double)near[i - begin], 0));
    if (begin <= k->seed && k->seed < end) k->far[k->seed] = 0;
}

/* By its share of all that is far; the first row that is no seed where nothing is. */
static size_t draw_seed(const kmeans *k, const bool *taken, wn_rng *r) {
    double all = 0, at = 0;
    size_t first = 0;
    while (taken[k->rows[first]]) first++;
    for (size_t i = 0; i < k->nrows; i++) all += k->far[k->rows[i]];
    const double wanted = wn_rng_uniform(r) * all;
    for (size_t i = 0; i < k->nrows && all > 0; i++) {
        at += k->far[k->rows[i]];
        if (at > wanted && !taken[k->rows[i]]) return k->rows[i];
    }
    return k->rows[first];
}

static wn_code draw_seeds(kmeans *k, wn_err *err) {
    wn_rng r = wn_rng_init(k->o->seed, STREAM);
    bool *taken = wn_alloc(k->x->rows, sizeof *taken, err);
    wn_code code = taken ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; i < k->x->rows && taken; i++) k->far[i] = weight_of(k, i);
    for (size_t c = 0; c < k->c->n && code == WN_OK; c++) {
        k->seed = draw_seed(k, taken, &r);
        taken[k->seed] = true;
        if (c == 0)
            for (size_t i = 0; i < k->x->rows; i++) k->far[i] = INFINITY;
        memcpy(wn_mat_row(&k->centre, c), wn_mat_row(k->x, k->seed), k->x->cols * sizeof(float));
        wn_parallel_for(k->x->rows, ROWS, seed_task, k);
        code = wn_failure_take(&k->failure, err);
        if (code == WN_OK && c % SEEDS_A_TICK == 0)
            code = wn_tick(k->o->progress, "seed clusters", "seeds", c + 1, k->c->n, err);
    }
    wn_free(taken);
    return code;
}

/* ---- rounds ---- */

/* Members by cluster; how many rows have another cluster than before. */
static size_t take_members(kmeans *k) {
    wn_clusters *c = k->c;
    size_t changed = 0;
    memset(c->size, 0, c->n * sizeof *c->size);
    for (size_t i = 0; i < k->nrows; i++) {
        const size_t row = k->rows[i];
        changed += c->cluster[row] != (uint32_t)k->nearest[i];
        c->cluster[row] = (uint32_t)k->nearest[i];
        c->near[row] = k->sim[i];
        c->size[k->nearest[i]]++;
    }
    c->start[0] = 0;
    for (size_t j = 0; j < c->n; j++) c->start[j + 1] = c->start[j] + c->size[j];
    for (size_t i = 0; i < k->nrows; i++) c->members[c->start[k->nearest[i]]++] = k->rows[i];
    for (size_t j = c->n; j > 0; j--) c->start[j] = c->start[j - 1];
    c->start[0] = 0;
    return changed;
}

/* The direction of the members' sum; a centre whose members have none stays where it is. */
static void centre_task(void *ctx, size_t begin, size_t end, int worker) {
    kmeans *k = ctx;
    const wn_clusters *c = k->c;
    enum { COLUMNS = 64 };
    double sum[COLUMNS];
    (void)worker;
    for (size_t j = begin; j < end; j++) {
        double square = 0;
        float *centre = wn_mat_row(&k->centre, j);
        for (int pass = 0; pass < 2; pass++) /* the length first, for want of room for d sums */
            for (size_t at = 0; at < k->x->cols && (pass == 0 || square > 0); at += COLUMNS) {
                const size_t m = k->x->cols - at < COLUMNS ? k->x->cols - at : COLUMNS;
                memset(sum, 0, sizeof sum);
                for (size_t i = c->start[j]; i < c->start[j + 1]; i++) {
                    const float *x = wn_mat_row(k->x, c->members[i]) + at;
                    const double w = weight_of(k, c->members[i]);
                    for (size_t v = 0; v < m; v++) sum[v] += w * (double)x[v];
                }
                for (size_t v = 0; v < m; v++) {
                    if (pass == 0)
                        square += sum[v] * sum[v];
                    else
                        centre[at + v] = (float)(sum[v] / sqrt(square));
                }
            }
    }
}

static wn_code run_rounds(kmeans *k, wn_err *err) {
    const wn_some_rows rows = {.m = k->x, .rows = k->rows, .n = k->nrows}, centres = {.m = &k->centre, .n = k->c->n};
    for (int round = 0;; round++) {
        const wn_code code = wn_nearest(&rows, &centres, k->nearest, k->sim, "cluster", k->o->progress, err);
        if (code != WN_OK) return code;
        if (take_members(k) <= k->nrows / STILL || round == ROUNDS) return WN_OK;
        wn_parallel_for(k->c->n, 1, centre_task, k);
    }
}

/* ---- all of it ---- */

size_t wn_kmeans_bytes(size_t n, size_t d, size_t clusters) {
    size_t centres = 0, sum = n * (3 * sizeof(size_t) + sizeof(double) + sizeof(uint32_t) + 2 * sizeof(float) + 1);
    if (__builtin_mul_overflow(clusters, (d + 15) / 16 * 16 * sizeof(float) + 2 * sizeof(size_t), &centres) ||
        __builtin_add_overflow(sum, centres, &sum))
        return SIZE_MAX;
    return sum;
}

static wn_code open_clusters(kmeans *k, wn_err *err) {
    wn_clusters *c = k->c;
    const size_t n = k->x->rows;
    if (!(k->rows = wn_alloc(n, sizeof *k->rows, err))) return WN_EMEMORY;
    if (!(c->cluster = wn_alloc(n, sizeof *c->cluster, err))) return WN_EMEMORY;
    if (!(c->near = wn_alloc(n, sizeof *c->near, err))) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        c->cluster[i] = WN_NO_CLUSTER;
        if (!wn_mat_row_zero(k->x, i)) k->rows[k->nrows++] = i;
    }
    c->n = k->o->clusters < k->nrows ? k->o->clusters : k->nrows;
    if (!(c->size = wn_alloc(c->n, sizeof *c->size, err))) return WN_EMEMORY;
    if (!(c->start = wn_alloc(c->n + 1, sizeof *c->start, err))) return WN_EMEMORY;
    if (!(c->members = wn_alloc(k->nrows, sizeof *c->members, err))) return WN_EMEMORY;
    if (!(k->far = wn_alloc(n, sizeof *k->far, err))) return WN_EMEMORY;
    if (!(k->nearest = wn_alloc(k->nrows, sizeof *k->nearest, err))) return WN_EMEMORY;
    if (!(k->sim = wn_alloc(k->nrows, sizeof *k->sim, err))) return WN_EMEMORY;
    return wn_mat_init(&k->centre, c->n, k->x->cols, err);
}

wn_code wn_kmeans(wn_clusters *out, const wn_mat *x, const wn_kmeans_opts *o, wn_err *err) {
    wn_clusters c = {0};
    kmeans k = {.x = x, .o = o, .c = &c, .failure = WN_FAILURE_INIT};
    wn_code code = open_clusters(&k, err);
    if (code == WN_OK && c.n > 0) code = draw_seeds(&k, err);
    if (code == WN_OK && c.n > 0) code = run_rounds(&k, err);
    if (code == WN_OK) {
        *out = c;
        c = (wn_clusters){0};
    }
    wn_clusters_free(&c);
    wn_mat_free(&k.centre);
    wn_free(k.rows);
    wn_free(k.far);
    wn_free(k.nearest);
    wn_free(k.sim);
    return code;
}

void wn_clusters_free(wn_clusters *c) {
    wn_free(c->cluster);
    wn_free(c->near);
    wn_free(c->size);
    wn_free(c->start);
    wn_free(c->members);
    *c = (wn_clusters){0};
}
