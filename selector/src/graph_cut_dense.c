/* Graph-cut over a materialised W: row sums, then one vector update a pick (Downie, eqs. 15-17). */
#include <math.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "linear.h"
#include "matrix.h"

size_t wn_graph_cut_dense_bytes(const wn_select_opts *o, size_t n, size_t d) {
    (void)o;
    size_t rest = 4 * n * sizeof(double) + 3 * d * sizeof(double), w = wn_matrix_bytes(n);
    return w > SIZE_MAX - rest ? SIZE_MAX : w + rest;
}

/* rbf: gain = T - scale C, C added up pick by pick: the very numbers of the matrix-free maximizer. */
static wn_code pick_rbf(wn_run *r, const float *W, double *gain, double *sums, wn_err *err) {
    size_t n = r->n;
    double *T = sums, *C = sums + n;
    wn_code code = wn_rbf_sums(r, T, err);
    for (size_t i = 0; i < n; i++) gain[i] = T[i];
    while (code == WN_OK && r->t < r->o->k) {
        size_t best = n;
        for (size_t i = 0; i < n && !wn_run_forced(r); i++)
            if (!r->taken[i] && (best == n || gain[i] > gain[best])) best = i;
        if (wn_run_forced(r)) best = r->o->keep[r->t];
        const float *w = W + best * n;
        wn_run_take(r, best, gain[best]);
        for (size_t i = 0; i < n; i++) {
            C[i] += (double)w[i];
            gain[i] = T[i] - r->scale * C[i];
        }
        code = wn_run_tick(r, err);
    }
    return code;
}

/* How far a gain built from f32 products may lie from the one in double: each product of d terms is off by at most
 * d 2^-24 |x||y| (whatever the order of its sum), there are n + scale t of them, and the double sums add their own. */
static double gain_error(const wn_run *r) {
    double n = (double)r->n, d = (double)r->d + 4, products = n + r->scale * (double)(r->t + 1);
    double each = d * (0x1p-24 * 1.01 * r->sq_max + 0x1p-126) + (2 * n + d) * 0x1p-52 * r->sq_max;
    return 2 * products * each;
}

/* Cosine and dot: the vector update of eq. 16 in f32 narrows the field, the formula of linear.h decides. */
static wn_code pick_linear(wn_run *r, const float *W, double *gain, wn_linear *l, wn_err *err) {
    size_t n = r->n;
    wn_code code = WN_OK;
    for (size_t i = 0; i < n; i++) {
        double s = 0;
        for (size_t j = 0; j < n; j++) s += j == i ? 0.0 : (double)W[i * n + j];
        gain[i] = s;
    }
    while (code == WN_OK && r->t < r->o->k) {
        size_t best = n;
        double top = -INFINITY, best_gain = -INFINITY;
        for (size_t i = 0; i < n; i++)
            if (!r->taken[i] && gain[i] > top) top = gain[i];
        double floor = top - 2 * gain_error(r);
        for (size_t i = 0; i < n && !wn_run_forced(r); i++) {
            if (r->taken[i] || gain[i] < floor) continue;
            double g = wn_linear_gain(l, i);
            if (best == n || g > best_gain) best = i, best_gain = g;
        }
        if (wn_run_forced(r)) {
            best = r->o->keep[r->t];
            best_gain = wn_linear_gain(l, best);
        }
        const float *w = W + best * n;
        wn_run_take(r, best, best_gain);
        wn_linear_pick(l, best);
        for (size_t i = 0; i < n; i++) gain[i] -= r->scale * (double)w[i];
        code = wn_run_tick(r, err);
    }
    return code;
}

wn_code wn_graph_cut_dense(wn_run *r, wn_err *err) {
    wn_linear l = {0};
    double *gain = NULL, *sums = NULL;
    float *W = NULL;
    wn_code code = wn_matrix_fill(r, &W, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(gain = wn_alloc(r->n, sizeof *gain, err))) goto out;
    if (r->o->kernel.kind == WN_RBF) {
        if (!(sums = wn_alloc(r->n, 2 * sizeof *sums, err))) goto out;
        code = pick_rbf(r, W, gain, sums, err);
    } else {
        code = wn_linear_init(&l, r, err);
        if (code == WN_OK) code = pick_linear(r, W, gain, &l, err);
    }
out:
    wn_linear_free(&l);
    wn_free(sums);
    wn_free(gain);
    wn_free(W);
    return code;
}
