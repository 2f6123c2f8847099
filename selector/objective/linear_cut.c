#include "objective/linear_cut.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>

wn_code wn_linear_cut_init(wn_linear_cut *l, const wn_ground *g, double lambda, wn_err *err) {
    *l = (wn_linear_cut){.g = g, .scale = 2 + lambda};
    double *all = wn_alloc(3, g->d * sizeof *all, err), sq = 0;
    if (!all) return WN_EMEMORY;
    l->T = all;
    l->P = all + g->d;
    l->v = all + 2 * g->d;
    wn_ground_vector_sums(g, l->T);
    memcpy(l->v, l->T, g->d * sizeof *l->v);
    for (size_t c = 0; c < g->d; c++) sq += l->T[c] * l->T[c];
    l->T_norm = sqrt(sq);
    return WN_OK;
}

void wn_linear_cut_free(wn_linear_cut *l) {
    if (!l) return;
    wn_free(l->T);
    *l = (wn_linear_cut){0};
}

void wn_linear_cut_add(wn_linear_cut *l, size_t row) {
    wn_linear_cut_take(l, wn_mat_row(l->g->x, row));
}

void wn_linear_cut_take(wn_linear_cut *l, const float *x) {
    for (size_t c = 0; c < l->g->d; c++) {
        l->P[c] += (double)x[c];
        l->v[c] = l->T[c] - l->scale * l->P[c];
    }
}

void wn_linear_cut_axis(const wn_linear_cut *l, double *u) {
    const double shortest = 0x1p-500; /* squares of less may be lost */
    for (size_t c = 0; c < l->g->d; c++) u[c] = l->T_norm > shortest ? l->T[c] / l->T_norm : 0;
}

double wn_linear_cut_slack(const wn_linear_cut *l, size_t picks) {
    double x = sqrt(l->g->sq_max), reach = l->T_norm + x * (1 + 4 * l->scale * (double)(picks + 1));
    return 64 * ((double)l->g->d + 16) * 0x1p-53 * x * reach;
}
