#include "cover.h"

#include "kept.h"
#include "ranks/ranks.h"

#include <math.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>

/* Similarity of facility location to a cosine. */
static double cover_value(const wn_kernel *k, float cosine) {
    if (k->kind == WN_BALL) return (double)cosine > 1 - k->gamma * k->gamma / 2;
    return k->kind == WN_RBF ? exp(k->gamma * ((double)cosine - 1)) : fmax(cosine, 0);
}

/* wn_sim_nearest over given similarities. */
static void given_nearest(const wn_mat *x, const size_t *chosen, size_t k, size_t *nearest, float *sim) {
    for (size_t i = 0; i < x->rows; i++) {
        const float *w = wn_mat_row(x, i);
        nearest[i] = 0;
        for (size_t j = 1; j < k; j++)
            if (w[chosen[j]] > w[chosen[nearest[i]]]) nearest[i] = j;
        sim[i] = w[chosen[nearest[i]]];
    }
}

wn_code wn_cover_curve(wn_cover *out, const wn_vectors *v, const wn_copies *c, const wn_cover_opts *o, wn_io *io,
                       wn_err *err) {
    const wn_mat x = o->in_space ? wn_space_rows(v, c) : wn_kept_rows(v, c);
    size_t *chunk_at = wn_alloc(c->m, sizeof *chunk_at, err), *weight = wn_alloc(c->m, sizeof *weight, err);
    float *chunk = wn_alloc(c->m, sizeof *chunk, err);
    wn_code code = chunk_at && chunk && weight ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < c->n; i++) weight[wn_kept_row(c, i)]++;
    for (size_t p = 0; p < o->npoints; p++) {
        size_t begin = p ? o->budget[p - 1] : 0;
        const size_t *order = o->order + begin, count = o->budget[p] - begin;
        if (o->given)
            given_nearest(&x, order, count, chunk_at, chunk);
        else if (o->ranks && !o->in_space)
            code = wn_ranks_nearest(o->ranks, &x, order, count, chunk_at, chunk, io->progress, err);
        else
            code = wn_sim_nearest(&x, order, count, chunk_at, chunk, io->progress, err);
        if (code != WN_OK) goto out;
        double sum = 0, value = 0;
        for (size_t i = 0; i < c->m; i++) {
            if (p == 0 || chunk[i] > out->best[i]) out->best[i] = chunk[i], out->at[i] = begin + chunk_at[i];
            float cosine = o->given ? out->best[i] : wn_cosine_bound(out->best[i]);
            sum += (double)cosine * (double)weight[i];
            if (out->value) value += cover_value(o->kernel, cosine);
        }
        out->mean[p] = sum / (double)c->n;
        if (out->value) out->value[p] = value;
    }
    for (size_t i = 0; i < c->m && o->npoints && !o->given; i++) out->best[i] = wn_cosine_bound(out->best[i]);
out:
    wn_free(chunk_at);
    wn_free(chunk);
    wn_free(weight);
    return code;
}
