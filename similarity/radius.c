/* The radius of balls from the data (ProbCover: Yehuda, Dekel, Hacohen and Weinshall 2022). */
#include <winnow/similarity.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/kmeans.h>
#include <wn/pairwise.h>
#include <wn/failure.h>
#include <winnow/threads.h>
#include <wn/rng.h>

enum { PROBES = 4096, ROWS = 128, COLUMNS = 32, STREAM = 0x72616469 };
static const double least = 1e-3; /* cosines in f32 tell no smaller distances */
static const double impure = .05; /* share of balls that may hold rows of another cluster */

typedef struct {
    const wn_mat *x;
    const wn_clusters *c;
    const size_t *rows; /* [m] */
    wn_mat probes;      /* [m, d] those rows */
    double *nearest;    /* [m] largest cosine to a row of another cluster; -2: there is none */
    wn_failure failure;
} radius_job;

static void radius_task(void *ctx, size_t begin, size_t end, int worker) {
    radius_job *j = ctx;
    const wn_kernel cosine = {WN_COSINE, 0};
    const wn_row_block probes = {wn_mat_row(&j->probes, begin), j->probes.stride, end - begin};
    float tile[ROWS * COLUMNS];
    (void)worker;
    for (size_t at = 0; at < j->x->rows; at += ROWS) {
        const size_t n = j->x->rows - at < ROWS ? j->x->rows - at : ROWS;
        wn_err err = {0};
        if (wn_pair_tile(&cosine, (wn_row_block){wn_mat_row(j->x, at), j->x->stride, n}, probes, j->x->cols, tile,
                         COLUMNS, &err) != WN_OK) {
            wn_failure_note(&j->failure, &err);
            return;
        }
        for (size_t r = 0; r < n; r++)
            for (size_t i = begin; i < end; i++) {
                const uint32_t other = j->c->cluster[at + r];
                if (other != WN_NO_CLUSTER && other != j->c->cluster[j->rows[i]])
                    j->nearest[i] = fmax(j->nearest[i], (double)tile[r * COLUMNS + i - begin]);
            }
    }
}

static int falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Up to PROBES rows that are in a cluster, rising. */
static size_t draw_probes(size_t *out, const wn_clusters *c, size_t n, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, STREAM);
    size_t left = 0, m = 0;
    for (size_t i = 0; i < n; i++) left += c->cluster[i] != WN_NO_CLUSTER;
    const size_t probes = left < PROBES ? left : PROBES;
    for (size_t i = 0; i < n; i++) {
        if (c->cluster[i] == WN_NO_CLUSTER) continue;
        if (wn_rng_below(&r, left--) < probes - m) out[m++] = i;
    }
    return m;
}

wn_code wn_sim_radius_auto(const wn_mat *x, size_t clusters, uint64_t seed, double *radius, wn_progress *p,
                           wn_err *err) {
    const wn_kmeans_opts o = {.clusters = clusters, .seed = seed, .progress = p};
    wn_clusters c = {0};
    size_t *rows = wn_alloc(PROBES, sizeof *rows, err);
    double *nearest = wn_alloc(PROBES, sizeof *nearest, err);
    wn_code code = rows && nearest ? wn_kmeans(&c, x, &o, err) : WN_EMEMORY;
    if (code != WN_OK) goto out;
    radius_job j = {.x = x, .c = &c, .rows = rows, .nearest = nearest, .failure = WN_FAILURE_INIT};
    const size_t m = draw_probes(rows, &c, x->rows, seed);
    if ((code = wn_mat_init(&j.probes, m, x->cols, err)) != WN_OK) goto out;
    for (size_t i = 0; i < m; i++) {
        memcpy(wn_mat_row(&j.probes, i), wn_mat_row(x, rows[i]), x->cols * sizeof(float));
        nearest[i] = -2;
    }
    wn_parallel_for(m, COLUMNS, radius_task, &j);
    wn_mat_free(&j.probes);
    if ((code = wn_failure_take(&j.failure, err)) != WN_OK) goto out;
    qsort(nearest, m, sizeof *nearest, falling);
    /* a ball is pure as long as its radius is at most the distance to the nearest row of another cluster */
    const double edge = m ? nearest[(size_t)floor(impure * (double)m)] : -2;
    *radius = edge <= -1 ? 2 : fmax(sqrt(fmax(2 - 2 * edge, 0)), least);
out:
    wn_clusters_free(&c);
    wn_free(rows);
    wn_free(nearest);
    return code;
}
