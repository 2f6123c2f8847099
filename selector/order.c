/* The picks of graph-cut in the order in which they cover: facility location over a sample, of the picks alone.
 *
 * A pick's gain is C_x - w (sum of k(x, s) over the picks s before it), w = 2 + lambda, so only pairs whose order is
 * turned change gains; at least one row of each such pair is among the few that come first. */
#include <winnow/select.h>

#include <string.h>
#include <winnow/mem.h>
#include <wn/pairwise.h>

enum { FIRST = 1024, CANDIDATES = 16384, SAMPLE = 2048, BLOCK = 256 };

/* [rows, x->cols]: the rows of x that `row` names. */
static wn_code copy_rows(wn_mat *out, const wn_mat *x, const size_t *row, size_t rows, wn_err *err) {
    wn_code code = wn_mat_init(out, rows, x->cols, err);
    for (size_t i = 0; i < rows && code == WN_OK; i++)
        memcpy(wn_mat_row(out, i), wn_mat_row(x, row[i]), x->cols * sizeof(float));
    return code;
}

/* place[first] = places in s of the picks that come first, the must-keep rows among them. */
static wn_code cover_first(size_t *place, size_t first, const wn_selection *s, const wn_mat *y, const wn_select_opts *o,
                           wn_err *err) {
    size_t m = s->negative_from < CANDIDATES ? s->negative_from : CANDIDATES, n = y->rows < SAMPLE ? y->rows : SAMPLE,
           sample[SAMPLE];
    wn_mat picks = {0}, rows = {0};
    wn_selection order = {0};
    for (size_t i = 0; i < n; i++) sample[i] = (size_t)((double)y->rows * ((double)i + .5) / (double)n);
    wn_code code = copy_rows(&rows, y, sample, n, err);
    if (code != WN_OK || (code = copy_rows(&picks, y, s->ids, m, err)) != WN_OK) goto out;
    for (size_t i = 0; i < o->nkeep; i++) place[i] = i;
    const wn_select_opts cover = {.objective = WN_FACILITY_LOCATION,
                                  .kernel = {.kind = WN_COSINE},
                                  .represent = &rows,
                                  .keep = place,
                                  .nkeep = o->nkeep,
                                  .k = first};
    if ((code = wn_select(&picks, &cover, &order, err)) != WN_OK) goto out;
    memcpy(place, order.ids, first * sizeof *place);
out:
    wn_selection_free(&order);
    wn_mat_free(&picks);
    wn_mat_free(&rows);
    return code;
}

/* more[k], by place in s, k = negative_from: what the new order adds to the gains. at[k]: the new place of each. */
static wn_code turned_pairs(double *more, const wn_selection *s, const size_t *at, const size_t *place, size_t first,
                            const wn_mat *x, const wn_select_opts *o, wn_err *err) {
    const double w = 2 + s->lambda;
    const size_t k = s->negative_from;
    wn_mat rows = {0};
    float values[BLOCK];
    wn_code code = WN_OK;
    for (size_t begin = 0; begin < k && code == WN_OK; begin += BLOCK) {
        size_t m = k - begin < BLOCK ? k - begin : BLOCK;
        if ((code = copy_rows(&rows, x, s->ids + begin, m, err)) != WN_OK) break;
        for (size_t f = 0; f < first && code == WN_OK; f++) {
            const size_t p = place[f];
            if (p <= begin) continue;
            code = wn_pair_tile(&o->kernel, (wn_row_block){rows.data, rows.stride, m},
                                (wn_row_block){wn_mat_row(x, s->ids[p]), x->stride, 1}, x->cols, values, 1, err);
            for (size_t i = 0; i < m && code == WN_OK; i++) {
                const size_t q = begin + i;
                if (q < p && at[q] > f) more[p] += w * (double)values[i], more[q] -= w * (double)values[i];
            }
        }
        wn_mat_free(&rows);
    }
    return code;
}

wn_code wn_selection_by_coverage(wn_selection *s, const wn_mat *x, const wn_mat *y, const wn_select_opts *o,
                                 wn_err *err) {
    const size_t k = s->negative_from, first = k < FIRST ? k : FIRST; /* beyond, the old order says where to stop */
    if (o->nkeep >= first) return WN_OK;
    size_t *place = wn_alloc(k, sizeof *place, err), *at = wn_alloc(k, sizeof *at, err);
    size_t *ids = wn_alloc(k, sizeof *ids, err);
    double *more = wn_alloc(k, sizeof *more, err), *gain = wn_alloc(k, sizeof *gain, err);
    wn_code code = place && at && ids && more && gain ? WN_OK : WN_EMEMORY;
    if (code != WN_OK || (code = cover_first(place, first, s, y, o, err)) != WN_OK) goto out;
    for (size_t i = 0; i < k; i++) at[i] = k;
    for (size_t i = 0; i < first; i++) at[place[i]] = i;
    for (size_t i = 0, next = first; i < k; i++) {
        if (at[i] == k) place[at[i] = next++] = i;
    }
    if ((code = turned_pairs(more, s, at, place, first, x, o, err)) != WN_OK) goto out;
    for (size_t i = 0; i < k; i++) ids[i] = s->ids[place[i]], gain[i] = s->gain[place[i]] + more[place[i]];
    memcpy(s->ids, ids, k * sizeof *ids);
    memcpy(s->gain, gain, k * sizeof *gain);
    for (size_t i = 0; i < s->k; i++) s->objective[i] = s->gain[i] + (i ? s->objective[i - 1] : 0);
out:
    wn_free(place);
    wn_free(at);
    wn_free(ids);
    wn_free(more);
    wn_free(gain);
    return code;
}
