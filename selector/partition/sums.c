#include "partition/sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wn/pairwise.h>
#include <wn/rng.h>
#include <winnow/mem.h>

#include "ground.h"
#include "rank.h"

enum { STREAM = 0x73756d, ROWS_A_TICK = 4096 };

wn_code wn_cut_sample_draw(wn_cut_sample *out, size_t n, size_t R, uint64_t seed, wn_err *err) {
    *out = (wn_cut_sample){.n = n};
    if (R >= n) return WN_OK;
    size_t *order = wn_alloc(n, sizeof *order, err);
    if (!order) return WN_EMEMORY;
    wn_rng rng = wn_rng_init(seed, STREAM);
    for (size_t i = 0; i < n; i++) order[i] = i;
    for (size_t i = 0; i < R; i++) { /* the first R of a shuffle */
        size_t other = i + (size_t)wn_rng_below(&rng, n - i), row = order[other];
        order[other] = order[i];
        order[i] = row;
    }
    qsort(order, R, sizeof *order, wn_rank_rising);
    *out = (wn_cut_sample){order, R};
    return WN_OK;
}

static bool sampled(const wn_cut_sample *s, size_t row) {
    return !s->row || bsearch(&row, s->row, s->n, sizeof row, wn_rank_rising) != NULL;
}

wn_code wn_select_sums(const wn_mat *x, const wn_select_opts *o, double *sums, wn_err *err) {
    wn_ground g = {0};
    wn_select_opts own = *o;
    double *result = NULL;
    own.sums = NULL;
    wn_code code = wn_kernel_check(&o->kernel, err);
    if (code != WN_OK) return code;
    if ((code = wn_ground_init(&g, x, &own, err)) != WN_OK) goto out;
    if ((code = wn_ground_read(&g, &o->kernel, err)) != WN_OK) goto out;
    size_t size = o->kernel.kind == WN_RBF ? g.n : g.d;
    if (!(result = wn_alloc(size, sizeof *result, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    if (o->kernel.kind == WN_RBF)
        code = wn_ground_rbf_sums(&g, &o->kernel, o->progress, result, err);
    else
        wn_ground_vector_sums(&g, result);
    if (code == WN_OK) memcpy(sums, result, size * sizeof *sums);
out:
    wn_free(result);
    wn_ground_free(&g);
    return code;
}

/* k(x_i, x_i), in the bits that it has among the others. */
static wn_code self_value(const wn_mat *x, const wn_kernel *kernel, size_t row, float *value, wn_err *err) {
    const wn_row_block one = {wn_mat_row(x, row), x->stride, 1};
    return wn_pair_tile(kernel, one, one, x->cols, value, 1, err);
}

static wn_code weighted_sums(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t m, double *sums,
                             wn_err *err) {
    double *all = wn_alloc(x->rows, sizeof *all, err);
    wn_code code = all ? wn_select_sums(x, o, all, err) : WN_EMEMORY;
    for (size_t i = 0; i < m && code == WN_OK; i++) sums[i] = all[rows[i]];
    wn_free(all);
    return code;
}

wn_code wn_cut_sums(const wn_mat *x, const wn_select_opts *o, const wn_cut_sample *sample, const size_t *rows, size_t m,
                    double *sums, wn_err *err) {
    if (o->weight) return weighted_sums(x, o, rows, m, sums, err);
    size_t *every = NULL;
    wn_code code = WN_OK;
    if (!sample->row) {
        if (!(every = wn_alloc(x->rows, sizeof *every, err))) return WN_EMEMORY;
        for (size_t i = 0; i < x->rows; i++) every[i] = i;
    }
    memset(sums, 0, m * sizeof *sums);
    for (size_t at = 0; at < m; at += ROWS_A_TICK) {
        size_t n = m - at < ROWS_A_TICK ? m - at : ROWS_A_TICK;
        code = wn_pair_sums(&o->kernel, x, rows + at, n, every ? every : sample->row, sample->n, sums + at, err);
        if (code != WN_OK) goto out;
        if ((code = wn_tick(o->progress, "sum similarities", "rows", at + n, m, err)) != WN_OK) goto out;
    }
    for (size_t i = 0; i < m; i++) {
        float self = 0;
        const bool in = sampled(sample, rows[i]);
        if (in && (code = self_value(x, &o->kernel, rows[i], &self, err)) != WN_OK) goto out;
        const size_t others = sample->n - (in ? 1 : 0);
        sums[i] -= (double)self;
        if (sample->row && others) sums[i] *= (double)(x->rows - 1) / (double)others;
    }
out:
    wn_free(every);
    return code;
}

wn_code wn_cut_value(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k, const double *sums,
                     double *value, wn_err *err) {
    double *pairs = wn_alloc(k, sizeof *pairs, err), f = 0;
    wn_code code = pairs ? wn_pair_sums(&o->kernel, x, rows, k, rows, k, pairs, err) : WN_EMEMORY;
    for (size_t i = 0; i < k && code == WN_OK; i++) {
        float self = 0;
        if ((code = self_value(x, &o->kernel, rows[i], &self, err)) != WN_OK) break;
        const double T = o->kernel.kind == WN_RBF ? sums[rows[i]]
                                                  : wn_ground_dot(wn_mat_row(x, rows[i]), sums, x->cols) - (double)self;
        f += T - .5 * (2 + o->lambda) * (pairs[i] - (double)self);
    }
    if (code == WN_OK) *value = f;
    wn_free(pairs);
    return code;
}

bool wn_cut_over_rbf(const wn_select_opts *o) {
    return o->objective == WN_GRAPH_CUT && o->kernel.kind == WN_RBF;
}

wn_code wn_cut_sums_of(double **out, const wn_mat *x, const wn_select_opts *o, size_t R, const size_t *rows, size_t m,
                       wn_err *err) {
    const size_t size = wn_cut_over_rbf(o) ? m : x->cols;
    wn_cut_sample sample = {0};
    wn_code code = WN_EMEMORY;
    if (!(*out = wn_alloc(size, sizeof **out, err))) return WN_EMEMORY;
    if (!wn_cut_over_rbf(o)) {
        if (!o->sums) return wn_select_sums(x, o, *out, err);
        memcpy(*out, o->sums, size * sizeof **out);
        return WN_OK;
    }
    code = wn_cut_sample_draw(&sample, x->rows, R, o->seed, err);
    if (code == WN_OK) code = wn_cut_sums(x, o, &sample, rows, m, *out, err);
    wn_free(sample.row);
    return code;
}

/* ---- estimates in place of the sums ---- */

enum { CHECKED = 256 };

bool wn_cut_estimated(const wn_select_opts *o, size_t n) {
    return wn_cut_over_rbf(o) && !o->sums && !o->weight && !o->value && o->sum_rows && o->sum_rows < n;
}

size_t wn_cut_estimate_bytes(const wn_select_opts *o, size_t n) {
    if (!wn_cut_estimated(o, n)) return 0;
    return n * (sizeof(double) + 2 * sizeof(size_t)) + o->k * (sizeof(size_t) + sizeof(double));
}

/* Root mean square of what estimates are off, over the mean of the sums. */
static wn_code estimate_error(double *error, const double *sums, const wn_mat *x, const wn_select_opts *o,
                              wn_err *err) {
    const size_t m = x->rows < CHECKED ? x->rows : CHECKED;
    wn_cut_sample checked = {0};
    size_t every[CHECKED];
    double *exact = NULL, off = 0, mean = 0;
    for (size_t i = 0; i < m; i++) every[i] = i;
    wn_code code = wn_cut_sample_draw(&checked, x->rows, m, o->seed, err);
    const size_t *rows = checked.row ? checked.row : every;
    if (code == WN_OK) code = wn_cut_sums_of(&exact, x, o, x->rows, rows, m, err);
    for (size_t i = 0; i < m && code == WN_OK; i++) {
        const double by = sums[rows[i]] - exact[i];
        off += by * by, mean += exact[i];
    }
    *error = mean > 0 ? sqrt(off * (double)m) / mean : 0;
    wn_free(exact);
    wn_free(checked.row);
    return code;
}

wn_code wn_cut_estimate(double **sums, wn_selection *s, const wn_mat *x, const wn_select_opts *o, wn_err *err) {
    const size_t n = x->rows;
    size_t *every = wn_alloc(n, sizeof *every, err);
    wn_code code = every ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; i < n && every; i++) every[i] = i;
    if (code == WN_OK) code = wn_cut_sums_of(sums, x, o, o->sum_rows, every, n, err);
    wn_free(every);
    if (code == WN_OK) code = estimate_error(&s->sum_error, *sums, x, o, err);
    s->summed = o->sum_rows;
    return code;
}

wn_code wn_cut_recount(wn_selection *s, const double *used, const wn_mat *x, const wn_select_opts *o, wn_err *err) {
    double *sums = NULL;
    size_t *rows = wn_alloc(s->k, sizeof *rows, err);
    wn_code code = rows ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; i < s->k && rows; i++) rows[i] = s->ids[i] - o->first;
    if (code == WN_OK) code = wn_cut_sums_of(&sums, x, o, x->rows, rows, s->k, err);
    s->negative_from = s->k;
    for (size_t i = 0; i < s->k && code == WN_OK; i++) {
        s->gain[i] += sums[i] - used[rows[i]];
        s->objective[i] = s->gain[i] + (i ? s->objective[i - 1] : 0);
        if (s->gain[i] < 0 && s->negative_from == s->k) s->negative_from = i;
    }
    wn_free(sums);
    wn_free(rows);
    return code;
}
