/* A vector as though its text had not been learned from.
 *
 * Row x of A has the projection t = x V and the rest r = x - t V^T, along words that the basis has no room
 * for. In the space of V and r, A^T A is diag(sigma^2, d), d the part that r's direction has. Row i alone spans one
 * direction of it, the dual of x: without x A^T A is singular there, so a basis that never met x has nothing along it.
 * That is q = (t_j / sigma_j^2, |r| / d). What is left of t without it:
 *
 *     t_j (1 - 1 / (sigma_j^2 Q)),   Q = sum t_j^2 / sigma_j^4 + ((1 - l) / |r|)^2,   l = sum t_j^2 / sigma_j^2
 *
 * with d = |r|^2 / (1 - l), the least that it can be, since a row's leverage is at most 1. A direction that many rows
 * share hardly shrinks; one that hangs on this row goes. */
#include "internal.h"

#include <math.h>
#include <winnow/mem.h>

wn_code wn_lsa_learnt_init(wn_lsa_learnt **out, size_t n, const wn_lsa_basis *b, wn_err *err) {
    wn_lsa_learnt *l = *out = wn_alloc(1, sizeof *l, err);
    if (!l) return WN_EMEMORY;
    l->n = n, l->dims = b->dims;
    if (!(l->value = wn_alloc(b->dims, sizeof *l->value, err))) return WN_EMEMORY;
    if (!(l->part = wn_alloc(n, sizeof *l->part, err))) return WN_EMEMORY;
    for (size_t j = 0; j < b->dims; j++) l->value[j] = b->sigma[j] * b->sigma[j];
    return WN_OK;
}

void wn_lsa_learnt_free(wn_lsa_learnt *l) {
    if (!l) return;
    wn_free(l->value);
    wn_free(l->part);
    wn_free(l);
}

wn_lsa_learnt *wn_lsa_learnt_take(wn_lsa *model) {
    wn_lsa_learnt *l = model->learnt;
    model->learnt = NULL;
    return l;
}

void wn_lsa_unseen(const wn_lsa_learnt *l, size_t row, float *x) {
    if (row >= l->n) return;
    const double in = (double)l->part[row].in, rest = (double)l->part[row].out;
    double leverage = 0, dual = 0, left = 0;
    for (size_t j = 0; j < l->dims && l->value[j] > 0; j++) {
        const double t2 = in * (double)x[j] * (double)x[j];
        leverage += t2 / l->value[j];
        dual += t2 / (l->value[j] * l->value[j]);
    }
    /* a row that fits in whole has no rest to be told apart by */
    if (!(rest > 1e-9) || !(leverage < 1) || !(dual > 0)) return;
    dual += (1 - leverage) * (1 - leverage) / rest;
    for (size_t j = 0; j < l->dims; j++) {
        if (l->value[j] > 0) x[j] = (float)((double)x[j] * (1 - 1 / (l->value[j] * dual)));
        left += (double)x[j] * (double)x[j];
    }
    for (size_t j = 0; j < l->dims && left > 0; j++) x[j] = (float)((double)x[j] / sqrt(left));
}
