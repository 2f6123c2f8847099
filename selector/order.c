/* The picks of graph-cut in the order in which they cover: facility location over a sample, of the picks alone.
 *
 * A pick's gain is C_x - w (sum of k(x, s) over the picks s before it), w = 2 + lambda, so only pairs whose order is
 * turned change gains; at least one row of each such pair is among the few that come first. */
#include <winnow/select.h>

#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/failure.h>
#include <wn/paged.h>
#include <wn/pairwise.h>

enum { FIRST = 1024, CANDIDATES = 8192, SAMPLE = 2048, BLOCK = 256, FRONTS = 32 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* [rows, x->cols]: the rows of x that `row` names. */
static wn_code copy_rows(wn_mat *out, const wn_mat *x, const size_t *row, size_t rows, wn_err *err) {
    wn_code code = wn_mat_init(out, rows, x->cols, err);
    for (size_t i = 0; i < rows && code == WN_OK; i++) {
        wn_paged_look();
        memcpy(wn_mat_row(out, i), wn_mat_row(x, row[i]), x->cols * sizeof(float));
    }
    return code;
}

static size_t copy_bytes(size_t rows, size_t cols) {
    return rows * ((cols + 15) / 16 * 16) * sizeof(float);
}

/* An order of the picks before `stop`: place[first] are places in s, the must-keep rows among them. */
static wn_code cover_first(size_t *place, size_t first, size_t stop, const wn_selection *s, const wn_mat *y,
                           const wn_select_opts *o, wn_err *err) {
    size_t m = least(stop, CANDIDATES), n = least(y->rows, SAMPLE), sample[SAMPLE];
    size_t copies = copy_bytes(m + n, y->cols);
    wn_mat picks = {0}, rows = {0};
    wn_selection order = {0};
    for (size_t i = 0; i < n; i++) sample[i] = (size_t)((double)y->rows * ((double)i + .5) / (double)n);
    wn_code code = copy_rows(&rows, y, sample, n, err);
    if (code != WN_OK || (code = copy_rows(&picks, y, s->ids, m, err)) != WN_OK) goto out;
    (void)wn_mat_normalize(&rows);
    (void)wn_mat_normalize(&picks);
    for (size_t i = 0; i < o->nkeep; i++) place[i] = i;
    const wn_select_opts cover = {.objective = WN_FACILITY_LOCATION,
                                  .kernel = {.kind = WN_COSINE},
                                  .represent = &rows,
                                  .keep = place,
                                  .nkeep = o->nkeep,
                                  .k = first,
                                  .memory = o->memory > copies ? o->memory - copies
                                            : o->memory        ? 1
                                                               : 0,
                                  .progress = o->progress};
    if ((code = wn_select(&picks, &cover, &order, err)) != WN_OK) goto out;
    memcpy(place, order.ids, first * sizeof *place);
out:
    wn_selection_free(&order);
    wn_mat_free(&picks);
    wn_mat_free(&rows);
    return code;
}

/* Kernel values of the rows that come first with a block of picks. */
typedef struct {
    const wn_kernel *kernel;
    const wn_mat *front, *block;
    float *value; /* [fronts, BLOCK] */
    wn_failure failure;
} front_block;

static void front_block_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    front_block *b = ctx;
    wn_err err = {0};
    if (wn_pair_tile(b->kernel, (wn_row_block){wn_mat_row(b->front, begin), b->front->stride, end - begin},
                     (wn_row_block){b->block->data, b->block->stride, b->block->rows}, b->front->cols,
                     b->value + begin * BLOCK, BLOCK, &err) != WN_OK)
        wn_failure_note(&b->failure, &err);
}

/* The new order: place[k] in s, at[k] where each went, the first rows from `from` to `first` among those before them.
 */
typedef struct {
    size_t *place, *at, from, first;
} new_order;

/* more[k], by place in s: what the new order adds to the gains. */
static wn_code turned_pairs(double *more, const wn_selection *s, const new_order *n, const wn_mat *x,
                            const wn_select_opts *o, wn_err *err) {
    const double w = 2 + s->lambda;
    const size_t fronts = n->first - n->from, *place = n->place + n->from;
    size_t end = 0, *row = wn_alloc(fronts, sizeof *row, err);
    wn_mat front = {0}, block = {0};
    front_block b = {&o->kernel, &front, &block, wn_alloc(fronts * BLOCK, sizeof(float), err), WN_FAILURE_INIT};
    wn_code code = row && b.value ? WN_OK : WN_EMEMORY;
    for (size_t f = 0; f < fronts && code == WN_OK; f++) {
        row[f] = s->ids[place[f]];
        if (place[f] > end) end = place[f];
    }
    if (code == WN_OK) code = copy_rows(&front, x, row, fronts, err);
    for (size_t begin = n->from; begin < end && code == WN_OK; begin += BLOCK) {
        size_t m = least(end - begin, BLOCK);
        if ((code = copy_rows(&block, x, s->ids + begin, m, err)) != WN_OK) break;
        wn_parallel_for(fronts, FRONTS, front_block_task, &b);
        code = wn_failure_take(&b.failure, err);
        for (size_t f = 0; f < fronts && code == WN_OK; f++)
            for (size_t p = place[f], i = 0, q = begin; i < m && q < p; i++, q++) {
                double value = n->at[q] > n->from + f ? w * (double)b.value[f * BLOCK + i] : 0;
                more[p] += value, more[q] -= value;
            }
        wn_mat_free(&block);
        if (code == WN_OK) code = wn_tick(o->progress, "order", "picks", begin + m, end, err);
    }
    wn_mat_free(&block);
    wn_mat_free(&front);
    wn_free(b.value);
    wn_free(row);
    return code;
}

static wn_code check_whole(const wn_mat *x, const wn_mat *y, const wn_select_opts *o, wn_err *err) {
    if (o->objective == WN_GRAPH_CUT && o->first == 0 && x->rows == y->rows) return WN_OK;
    return wn_err_set(err, WN_EUSAGE,
                      "order: only graph-cut's picks of all rows, %zu and %zu, have an order by coverage", x->rows,
                      y->rows);
}

wn_code wn_selection_by_coverage(wn_selection *s, const wn_mat *x, const wn_mat *y, const wn_select_opts *o,
                                 wn_err *err) {
    size_t stop = o->nkeep; /* beyond, the old order says where to stop */
    wn_code code = check_whole(x, y, o, err);
    if (code != WN_OK) return code;
    while (stop < s->k && s->gain[stop] >= 0) stop++;
    const size_t k = stop, first = least(least(k, o->nkeep + FIRST), CANDIDATES);
    if (o->nkeep >= first) return WN_OK;
    new_order n = {wn_alloc(k, sizeof *n.place, err), wn_alloc(k, sizeof *n.at, err), o->nkeep, first};
    size_t *ids = wn_alloc(k, sizeof *ids, err);
    double *more = wn_alloc(k, sizeof *more, err), *gain = wn_alloc(k, sizeof *gain, err);
    code = n.place && n.at && ids && more && gain ? WN_OK : WN_EMEMORY;
    if (code != WN_OK || (code = cover_first(n.place, first, stop, s, y, o, err)) != WN_OK) goto out;
    for (size_t i = 0; i < k; i++) n.at[i] = k;
    for (size_t i = 0; i < first; i++) n.at[n.place[i]] = i;
    for (size_t i = 0, next = first; i < k; i++) {
        if (n.at[i] == k) n.place[n.at[i] = next++] = i;
    }
    if ((code = turned_pairs(more, s, &n, x, o, err)) != WN_OK) goto out;
    for (size_t i = 0; i < k; i++) ids[i] = s->ids[n.place[i]], gain[i] = s->gain[n.place[i]] + more[n.place[i]];
    memcpy(s->ids, ids, k * sizeof *ids);
    memcpy(s->gain, gain, k * sizeof *gain);
    s->by_coverage = true;
    for (size_t i = 0; i < s->k; i++) s->objective[i] = s->gain[i] + (i ? s->objective[i - 1] : 0);
out:
    wn_free(n.place);
    wn_free(n.at);
    wn_free(ids);
    wn_free(more);
    wn_free(gain);
    return code;
}

size_t wn_selection_by_coverage_memory(size_t k, size_t n, size_t x_cols, size_t y_cols) {
    const size_t m = least(k, CANDIDATES), sample = least(n, SAMPLE), fronts = least(k, FIRST);
    const wn_select_opts cover = {
        .objective = WN_FACILITY_LOCATION, .storage = WN_MATRIX_FREE, .k = m < FIRST ? m : FIRST};
    const size_t choose = copy_bytes(m + sample, y_cols) + wn_select_memory(&cover, m, y_cols) + sample * sizeof(float);
    const size_t turn = copy_bytes(fronts + BLOCK, x_cols) + fronts * (BLOCK * sizeof(float) + sizeof(size_t));
    return k * (3 * sizeof(size_t) + 2 * sizeof(double)) + (choose > turn ? choose : turn);
}
