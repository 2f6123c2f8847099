/* The choice: kernel width, selection, who stands for whom, and the curves beside random. */
#include "common.h"
#include "job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wn/pairwise.h>
#include <wn/rng.h>

/* Facility location is exact up to here; beyond, over the graph of -K nearest neighbours. */
enum { EXACT_FACILITY_ROWS = 20000 };
enum { STREAM_RANDOM = 0x52414E44, STREAM_PROBE };
static const double default_gamma = 7.5, little_balance = 0.5;

size_t wn_job_neighbours(const wn_job *j) {
    if (j->c->objective != WN_FACILITY_LOCATION || j->m <= EXACT_FACILITY_ROWS) return 0;
    size_t K = j->c->neighbours ? j->c->neighbours : 50;
    return K < j->m ? K : j->m - 1;
}

/* The kept rows, which are what is chosen from. */
static wn_mat kept_rows(const wn_job *j) {
    wn_mat x = j->x;
    x.rows = j->m;
    return x;
}

static wn_code set_kernel(wn_job *j, wn_err *err) {
    j->kernel.kind = j->c->similarity;
    if (j->kernel.kind != WN_RBF) return WN_OK;
    j->kernel.gamma = j->c->gamma;
    if (!isnan(j->c->gamma)) return WN_OK;
    wn_mat x = kept_rows(j);
    wn_err why = {0};
    wn_code code = wn_sim_gamma_auto(&x, j->c->seed, 10000, &j->kernel.gamma, &j->gamma_median, &why);
    if (code != WN_EINPUT) {
        if (code != WN_OK && err) *err = why;
        return code;
    }
    j->kernel.gamma = default_gamma;
    j->gamma_median = NAN;
    if (x.rows > 1) wn_sayf(j->io, "warning: the vectors do not differ, so gamma has no natural value; %g is used", default_gamma);
    return WN_OK;
}

static wn_code find_zero_rows(wn_job *j, wn_err *err) {
    j->zero = wn_alloc(j->x.rows, sizeof *j->zero, err);
    if (!j->zero) return WN_EMEMORY;
    for (size_t i = 0; i < j->x.rows; i++) {
        const float *v = wn_mat_row(&j->x, i);
        size_t c = 0;
        while (c < j->x.cols && v[c] == 0) c++;
        j->zero[i] = c == j->x.cols;
    }
    j->zero_rows = 0;
    for (size_t i = 0; i < j->n; i++) j->zero_rows += j->zero[j->x_row[i]];
    return WN_OK;
}

/* Rows of x that may not be picked: excluded ones, and zero vectors as long as others are left for k. */
static wn_code barred(wn_job *j, size_t **rows, size_t *nrows, wn_err *err) {
    bool *no = wn_alloc(j->m, sizeof *no, err), *keep = wn_alloc(j->m, sizeof *keep, err);
    *rows = wn_alloc(j->m, sizeof **rows, err);
    wn_code code = no && keep && *rows ? WN_OK : WN_EMEMORY;
    size_t listed = 0, zeros = 0;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < j->nkeep; i++) keep[j->x_row[j->keep[i]]] = true;
    for (size_t i = 0; i < j->nexclude; i++) {
        size_t row = j->x_row[j->exclude[i]]; /* a dropped copy was never to be picked */
        if (row < j->m && j->row_of[row] == j->exclude[i]) no[row] = true;
    }
    for (size_t i = 0; i < j->m; i++) {
        listed += no[i];
        zeros += !no[i] && j->zero[i] && !keep[i];
    }
    j->k = j->wanted < j->m - listed ? j->wanted : j->m - listed;
    bool bar_zeros = j->k <= j->m - listed - zeros;
    *nrows = 0;
    for (size_t i = 0; i < j->m; i++)
        if (no[i] || (bar_zeros && j->zero[i] && !keep[i])) (*rows)[(*nrows)++] = i;
out:
    wn_free(no);
    wn_free(keep);
    if (code != WN_OK) wn_free(*rows), *rows = NULL;
    return code;
}

static wn_code choose(wn_job *j, wn_err *err) {
    const wn_config *c = j->c;
    wn_mat x = kept_rows(j);
    wn_csr graph = {0};
    size_t *exclude = NULL, nexclude = 0, used = wn_memory_budget(c), *keep = wn_alloc(j->nkeep, sizeof *keep, err);
    wn_code code = keep ? barred(j, &exclude, &nexclude, err) : WN_EMEMORY;
    if (code != WN_OK || j->k == 0) goto out;
    for (size_t i = 0; i < j->nkeep; i++) keep[i] = j->x_row[j->keep[i]];
    size_t held = wn_job_held(j);
    wn_select_opts o = {.objective = c->objective, .kernel = j->kernel, .storage = c->storage, .k = j->k, .lambda = c->lambda,
                        .seed = c->seed, .keep = keep, .nkeep = j->nkeep, .exclude = exclude, .nexclude = nexclude,
                        .memory = used > held ? used - held : 1, .progress = j->io->progress};
    size_t K = wn_job_neighbours(j);
    if (K > 0) {
        code = wn_sim_knn(&x, K, &graph, o.progress, err);
        o.graph = &graph;
        held = j->m * K * (sizeof *graph.indices + sizeof *graph.data);
        o.memory = o.memory > held ? o.memory - held : 1;
    }
    if (code == WN_OK && o.objective == WN_GRAPH_CUT && !isnan(c->lambda) &&
        wn_select_balance(c->lambda, j->m, j->k) < little_balance)
        wn_sayf(j->io, "warning: with lambda %g and this k, (2 + lambda) k / n is only %.2f, and graph-cut tends to spend "
                       "its picks on the densest group; --lambda auto suits k", c->lambda,
                wn_select_balance(c->lambda, j->m, j->k));
    if (code == WN_OK) code = wn_select(&x, &o, &j->selection, err);
out:
    wn_csr_free(&graph);
    wn_free(exclude);
    wn_free(keep);
    return code;
}

/* chosen and rank, as input rows. */
static wn_code name_chosen(wn_job *j, wn_err *err) {
    j->chosen = wn_alloc(j->k, sizeof *j->chosen, err);
    j->rank = wn_alloc(j->n, sizeof *j->rank, err);
    if (!j->chosen || !j->rank) return WN_EMEMORY;
    for (size_t i = 0; i < j->k; i++) {
        j->chosen[i] = j->row_of[j->selection.ids[i]];
        j->rank[j->chosen[i]] = i + 1;
    }
    return WN_OK;
}

/* ---- curves ---- */

/* Budgets from 1 to k, denser where the curves bend. */
static void set_points(wn_job *j) {
    size_t last = 0;
    for (size_t i = 1; i <= WN_JOB_POINTS; i++) {
        double t = (double)i / WN_JOB_POINTS;
        size_t at = (size_t)((double)j->k * t * t + .5);
        if (i == WN_JOB_POINTS) at = j->k;
        if (at > last) j->points[j->npoints++] = last = at;
    }
}

/* For each budget the mean cosine of all input rows to the nearest of order[0 .. budget), in one pass over the chunks
 * between budgets. best, at [m]: cosine to, and index in `order` of, the nearest of all. facility (may be NULL) gets
 * the facility-location value of each budget. */
static wn_code cover(wn_job *j, const size_t *order, float *best, size_t *at, double *mean, double *facility,
                     wn_err *err) {
    wn_mat x = kept_rows(j);
    size_t *chunk_at = wn_alloc(j->m, sizeof *chunk_at, err), *weight = wn_alloc(j->m, sizeof *weight, err);
    float *chunk = wn_alloc(j->m, sizeof *chunk, err);
    wn_code code = chunk_at && chunk && weight ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < j->n; i++)
        weight[j->copy_of ? j->x_row[j->copy_of[i]] : j->x_row[i]]++;
    for (size_t p = 0; code == WN_OK && p < j->npoints; p++) {
        size_t begin = p ? j->points[p - 1] : 0;
        code = wn_sim_nearest(&x, order + begin, j->points[p] - begin, chunk_at, chunk, j->io->progress, err);
        double sum = 0, value = 0;
        for (size_t i = 0; code == WN_OK && i < j->m; i++) {
            if (p == 0 || chunk[i] > best[i]) best[i] = chunk[i], at[i] = begin + chunk_at[i];
            sum += (double)best[i] * (double)weight[i];
            if (facility)
                value += j->kernel.kind == WN_RBF ? exp(j->kernel.gamma * ((double)best[i] - 1)) : fmax(best[i], 0);
        }
        mean[p] = sum / (double)j->n;
        if (facility) facility[p] = value;
    }
    wn_free(chunk_at);
    wn_free(chunk);
    wn_free(weight);
    return code;
}

/* Mean similarity of two different kept rows: exact for a seeded sample of rows against all. */
static wn_code mean_similarity(wn_job *j, double *mean, wn_err *err) {
    enum { PROBES = 256 };
    wn_mat x = kept_rows(j);
    size_t m = j->m, probes = m < PROBES ? m : PROBES, n = 0, rows[PROBES], *all = wn_alloc(m, sizeof *all, err);
    double sums[PROBES] = {0}, self[PROBES] = {0}, total = 0;
    if (!all) return WN_EMEMORY;
    wn_rng g = wn_rng_init(j->c->seed, STREAM_PROBE);
    for (size_t i = 0; i < m; i++) {
        all[i] = i;
        if (n < probes && wn_rng_below(&g, m - i) < probes - n) rows[n++] = i;
    }
    wn_code code = wn_pair_sums(&j->kernel, &x, rows, n, all, m, sums, err);
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        code = wn_pair_sums(&j->kernel, &x, &rows[i], 1, &rows[i], 1, &self[i], err);
        total += sums[i] - self[i];
    }
    wn_free(all);
    *mean = m > 1 ? total / (double)n / (double)(m - 1) : 0;
    return code;
}

/* Graph-cut of a random subset of k of the m kept rows, on average: every pair counts with the mean similarity. */
static wn_code expected_graph_cut(wn_job *j, wn_err *err) {
    double mean = 0, m = (double)j->m;
    wn_code code = mean_similarity(j, &mean, err);
    for (size_t p = 0; p < j->npoints; p++) {
        double k = (double)j->points[p];
        j->value_random[p] = mean * (k * (m - k) - j->selection.lambda * k * (k - 1) / 2);
    }
    j->has_value_random = code == WN_OK;
    return code;
}

/* Who stands for each input row: the nearest chosen one of its kept row; a chosen row for itself; none for a zero
 * vector, which is near nothing. */
static wn_code assign(wn_job *j, const float *best, const size_t *at, wn_err *err) {
    j->by = wn_alloc(j->n, sizeof *j->by, err);
    j->sim = wn_alloc(j->n, sizeof *j->sim, err);
    j->count = wn_alloc(j->k, sizeof *j->count, err);
    if (!j->by || !j->sim || !j->count) return WN_EMEMORY;
    for (size_t i = 0; i < j->n; i++) {
        size_t root = j->copy_of ? j->copy_of[i] : i, row = j->x_row[root], own = j->x_row[i];
        size_t rank = j->rank[root] ? j->rank[root] - 1 : at[row];
        if (!j->rank[root] && j->zero[row]) {
            j->by[i] = SIZE_MAX;
            continue;
        }
        j->by[i] = j->chosen[rank];
        j->count[rank]++;
        j->sim[i] = root == j->chosen[rank] && own == row ? 1 : best[row];
        if (own == row) continue;
        /* a near duplicate has a vector of its own */
        const float *a = wn_mat_row(&j->x, own), *b = wn_mat_row(&j->x, j->x_row[j->by[i]]);
        double dot = 0;
        for (size_t d = 0; d < j->x.cols; d++) dot += (double)a[d] * (double)b[d];
        j->sim[i] = (float)dot;
    }
    return WN_OK;
}

/* k of the n input rows by chance, as rows of x; the first of them are the choice for a smaller budget. */
static wn_code random_order(wn_job *j, size_t **order, wn_err *err) {
    size_t *all = wn_alloc(j->n, sizeof *all, err);
    if (!all) return WN_EMEMORY;
    for (size_t i = 0; i < j->n; i++) all[i] = i;
    wn_rng g = wn_rng_init(j->c->seed, STREAM_RANDOM);
    for (size_t i = 0; i < j->k; i++) {
        size_t other = i + (size_t)wn_rng_below(&g, j->n - i), row = all[other];
        all[other] = all[i];
        all[i] = row;
    }
    for (size_t i = 0; i < j->k; i++) all[i] = j->x_row[j->copy_of ? j->copy_of[all[i]] : all[i]];
    *order = all;
    return WN_OK;
}

static wn_code curves(wn_job *j, wn_err *err) {
    float *best = wn_alloc(j->m, sizeof *best, err);
    size_t *at = wn_alloc(j->m, sizeof *at, err), *order = NULL;
    wn_objective objective = j->c->objective;
    bool facility = objective == WN_FACILITY_LOCATION && j->kernel.kind != WN_DOT;
    wn_code code = best && at ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    set_points(j);
    if (j->kernel.kind == WN_DOT) (void)wn_mat_normalize(&j->x); /* what stands for what is measured by cosine */
    code = cover(j, j->selection.ids, best, at, j->coverage, NULL, err);
    if (code == WN_OK) code = assign(j, best, at, err);
    if (code == WN_OK) code = random_order(j, &order, err);
    if (code == WN_OK) code = cover(j, order, best, at, j->coverage_random, facility ? j->value_random : NULL, err);
    if (code == WN_OK && facility) j->has_value_random = true;
    if (code == WN_OK && objective == WN_GRAPH_CUT && j->kernel.kind != WN_DOT) code = expected_graph_cut(j, err);
out:
    wn_free(best);
    wn_free(at);
    wn_free(order);
    return code;
}

wn_code wn_job_select(wn_job *j, wn_err *err) {
    wn_code code = find_zero_rows(j, err);
    if (code == WN_OK) code = set_kernel(j, err);
    if (code == WN_OK) code = choose(j, err);
    if (code == WN_OK) code = name_chosen(j, err);
    if (code == WN_OK) wn_job_lap(j, "select");
    if (code == WN_OK && j->k > 0) code = curves(j, err);
    else if (code == WN_OK) {
        j->by = wn_alloc(j->n, sizeof *j->by, err);
        j->sim = wn_alloc(j->n, sizeof *j->sim, err);
        j->count = wn_alloc(1, sizeof *j->count, err);
        code = j->by && j->sim && j->count ? WN_OK : WN_EMEMORY;
        for (size_t i = 0; code == WN_OK && i < j->n; i++) j->by[i] = SIZE_MAX;
    }
    if (code == WN_OK) wn_job_lap(j, "assign");
    return code;
}
