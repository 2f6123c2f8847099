/* How far class-herding pushes its targets away from other classes: the less the labels can be trusted, the further.
 *
 * What labels are worth is seen where they should be surest. The nearest neighbours of a row are split: one half
 * proposes a class, and where the proposal is most unanimous the other half is asked. With clean labels nearly all of
 * it agrees, in some region of almost any data; where a share of the labels is wrong, so is that share of the
 * neighbours everywhere. The other half decides alone: the one that was chosen by would flatter itself. */
#include <winnow/stages.h>

#include "kept.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <wn/rng.h>

enum { SAMPLE = 8192, HALF = 10, NEIGHBOURS = 2 * HALF, STREAM = 0x70757368 };
/* The surest tenth of the rows is asked. */
static const double surest = .1;

/* Up to SAMPLE rows that have a label and a direction, by chance but in their order. */
static wn_code draw_rows(wn_mat *x, uint32_t **label, const wn_class_labels *c, const wn_vectors *v,
                         const wn_copies *copies, uint64_t seed, wn_err *err) {
    const size_t known = c->n - (c->unlabelled > 0);
    size_t n = 0, at = 0, *rows = wn_alloc(copies->m, sizeof *rows, err);
    wn_code code = WN_EMEMORY;
    if (!rows) return WN_EMEMORY;
    for (size_t i = 0; i < copies->m; i++)
        if (c->label[i] < known && !v->zero[i]) rows[n++] = i;
    const size_t drawn = n < SAMPLE ? n : SAMPLE;
    wn_rng g = wn_rng_init(seed, STREAM);
    for (size_t i = 0; i < n; i++)
        if (wn_rng_below(&g, n - i) < drawn - at) rows[at++] = rows[i];
    if (!(*label = wn_alloc(drawn, sizeof **label, err))) goto out;
    if ((code = wn_mat_init(x, drawn, v->x.cols, err)) != WN_OK) goto out;
    for (size_t i = 0; i < drawn; i++) {
        memcpy(wn_mat_row(x, i), wn_mat_row(&v->x, rows[i]), x->cols * sizeof *x->data);
        (*label)[i] = c->label[rows[i]];
    }
out:
    wn_free(rows);
    return code;
}

/* Even ranks propose a class and odd ones answer: how many of each are for it. */
static void ask(const wn_csr *graph, const uint32_t *label, size_t row, size_t *proposed, size_t *agree) {
    const long long begin = graph->indptr[row], end = graph->indptr[row + 1];
    uint32_t class = 0;
    *proposed = *agree = 0;
    for (long long a = begin; a < end; a += 2) {
        const uint32_t one = label[graph->indices[a]];
        size_t votes = 0;
        for (long long b = begin; b < end; b += 2) votes += label[graph->indices[b]] == one;
        if (votes < *proposed || (votes == *proposed && one >= class)) continue;
        *proposed = votes;
        class = one;
    }
    for (long long b = begin + 1; b < end; b += 2) *agree += label[graph->indices[b]] == class;
}

/* Of the surest rows' second halves the share that does not agree. Rows as sure as the last one count, too. */
static double disagreement(const wn_csr *graph, const uint32_t *label) {
    size_t rows[HALF + 1] = {0}, agree[HALF + 1] = {0}, proposed, agrees, asked = 0, agreed = 0;
    for (size_t i = 0; i < graph->rows; i++) {
        ask(graph, label, i, &proposed, &agrees);
        rows[proposed]++;
        agree[proposed] += agrees;
    }
    for (size_t p = HALF + 1; p-- > 0 && (double)asked < surest * (double)graph->rows;)
        asked += rows[p], agreed += agree[p];
    return 1 - (double)agreed / (double)(asked * HALF);
}

/* Are there two classes, and one whose rows can have neighbours of their own class alone? count [classes]: zeros. */
static bool can_agree(size_t *count, const uint32_t *label, size_t n, size_t classes) {
    size_t most = 0;
    for (size_t i = 0; i < n; i++) count[label[i]]++;
    for (size_t c = 0; c < classes; c++) most = count[c] > most ? count[c] : most;
    return most > NEIGHBOURS && most < n;
}

size_t wn_push_bytes(size_t m, size_t d) {
    const size_t n = m < SAMPLE ? m : SAMPLE;
    return n * ((d + 15) / 16 * 16 * sizeof(float) + sizeof(uint32_t)) + m * sizeof(size_t) +
           wn_sim_knn_memory(n, d, NEIGHBOURS);
}

double wn_push_of_class(const wn_class_labels *c, size_t quota) {
    return c->push_auto && quota > 1 ? c->push / sqrt((double)quota) : c->push;
}

wn_code wn_push_choose(wn_class_labels *c, const wn_vectors *v, const wn_copies *copies, double push, uint64_t seed,
                       wn_err *err) {
    wn_mat x = {0};
    wn_csr graph = {0};
    uint32_t *label = NULL;
    size_t *count = NULL;
    c->push = push;
    c->noise = NAN;
    if (!isnan(push)) return WN_OK;
    c->push = WN_PUSH_LEAST;
    c->push_auto = true;
    wn_code code = draw_rows(&x, &label, c, v, copies, seed, err);
    if (code != WN_OK) goto out;
    if (!(count = wn_alloc(c->n, sizeof *count, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    if (!can_agree(count, label, x.rows, c->n)) goto out;
    if ((code = wn_sim_knn(&x, NEIGHBOURS, &graph, NULL, err)) != WN_OK) goto out;
    c->noise = disagreement(&graph, label);
    c->push += (WN_PUSH_MOST - WN_PUSH_LEAST) * fmin(1, c->noise / WN_PUSH_NOISE);
out:
    wn_csr_free(&graph);
    wn_mat_free(&x);
    wn_free(label);
    wn_free(count);
    return code;
}
