/* What a random choice of each budget has. */
#include <winnow/stages.h>

#include "cover.h"
#include "kept.h"

#include <winnow/mem.h>
#include <wn/pairwise.h>
#include <wn/rng.h>

enum { STREAM_RANDOM = 0x52414E44, STREAM_PROBE };

/* Mean similarity of two different kept rows: exact for a seeded sample of rows against all. */
static wn_code mean_similarity(double *mean, const wn_mat *x, const wn_choice_opts *o, wn_err *err) {
    enum { PROBES = 256 };
    size_t m = x->rows, probes = m < PROBES ? m : PROBES, n = 0, rows[PROBES], *all = wn_alloc(m, sizeof *all, err);
    double sums[PROBES] = {0}, self[PROBES] = {0}, total = 0;
    wn_code code = all ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    wn_rng g = wn_rng_init(o->seed, STREAM_PROBE);
    for (size_t i = 0; i < m; i++) {
        all[i] = i;
        if (n < probes && wn_rng_below(&g, m - i) < probes - n) rows[n++] = i;
    }
    if ((code = wn_pair_sums(&o->kernel, x, rows, n, all, m, sums, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        if ((code = wn_pair_sums(&o->kernel, x, &rows[i], 1, &rows[i], 1, &self[i], err)) != WN_OK) goto out;
        total += sums[i] - self[i];
    }
    *mean = m > 1 ? total / (double)n / (double)(m - 1) : 0;
out:
    wn_free(all);
    return code;
}

/* Graph-cut of a random subset of k of the m kept rows, on average: every pair counts with the mean similarity. */
static wn_code expect_graph_cut(wn_curves *curves, const wn_mat *x, double lambda, const wn_choice_opts *o,
                                wn_err *err) {
    double mean = 0, m = (double)x->rows;
    wn_code code = mean_similarity(&mean, x, o, err);
    if (code != WN_OK) return code;
    for (size_t p = 0; p < curves->n; p++) {
        double k = (double)curves->k[p];
        curves->value_random[p] = mean * (k * (m - k) - lambda * k * (k - 1) / 2);
    }
    curves->has_value_random = true;
    return WN_OK;
}

/* k of the n input rows by chance, as rows of the matrix; the first of them are the choice for a smaller budget. */
static wn_code random_order(size_t **order, const wn_copies *c, size_t k, uint64_t seed, wn_err *err) {
    size_t *all = wn_alloc(c->n, sizeof *all, err);
    if (!all) return WN_EMEMORY;
    for (size_t i = 0; i < c->n; i++) all[i] = i;
    wn_rng g = wn_rng_init(seed, STREAM_RANDOM);
    for (size_t i = 0; i < k; i++) {
        size_t other = i + (size_t)wn_rng_below(&g, c->n - i), row = all[other];
        all[other] = all[i];
        all[i] = row;
    }
    for (size_t i = 0; i < k; i++) all[i] = wn_kept_row(c, all[i]);
    *order = all;
    return WN_OK;
}

/* How far all rows are from the nearest random one. */
static void count_nearest(wn_curves *curves, const wn_cover *cover, const wn_vectors *v, const wn_copies *c) {
    for (size_t i = 0; i < c->n; i++) {
        size_t row = wn_kept_row(c, i);
        curves->nearest_random[wn_curve_bin(v->zero[row] ? 0 : cover->best[row])]++;
    }
}

wn_code wn_curves_random(wn_curves *curves, const wn_vectors *v, const wn_copies *c, const wn_choice *choice,
                         const wn_choice_opts *o, wn_io *io, wn_err *err) {
    const wn_mat x = wn_space_rows(v, c);
    const bool given = o->kernel.kind == WN_PRECOMPUTED;
    bool valued = o->kernel.kind != WN_DOT && !given && !o->value && !o->weight,
         facility = valued && o->objective == WN_FACILITY_LOCATION;
    size_t *order = NULL;
    wn_cover cover = {.best = wn_alloc(c->m, sizeof *cover.best, err),
                      .at = wn_alloc(c->m, sizeof *cover.at, err),
                      .mean = curves->coverage_random};
    double in_space[WN_CURVE_POINTS];
    wn_code code = cover.best && cover.at ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = random_order(&order, c, choice->k, o->seed, err)) != WN_OK) goto out;
    wn_cover_opts by = {
        .order = order, .budget = curves->k, .npoints = curves->n, .given = given, .ranks = choice->ranks};
    if ((code = wn_cover_curve(&cover, v, c, &by, io, err)) != WN_OK) goto out;
    count_nearest(curves, &cover, v, c);
    if (facility) { /* its value goes by what the choice compared */
        by.kernel = &o->kernel, by.in_space = true;
        cover.mean = in_space, cover.value = curves->value_random;
        if ((code = wn_cover_curve(&cover, v, c, &by, io, err)) != WN_OK) goto out;
    }
    curves->has_value_random = facility;
    if (valued && o->objective == WN_GRAPH_CUT) code = expect_graph_cut(curves, &x, choice->selection.lambda, o, err);
out:
    wn_free(cover.best);
    wn_free(cover.at);
    wn_free(order);
    return code;
}
