/* Class herding (herding.h): targets and gains. Its picks are found by solver/class_herding.c alone. */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "objective/herding.h"

/* Columns that one task adds up. */
enum { COLUMNS = 32 };

static void class_sums_task(void *ctx, size_t begin, size_t end, int worker) {
    const wn_herding *h = ctx;
    (void)worker;
    for (size_t i = 0; i < h->g->n; i++) {
        const float *x = wn_mat_row(h->g->x, i);
        double *sum = h->target + h->label[i] * h->g->d;
        const double weight = wn_ground_weight(h->g, i);
        for (size_t c = begin; c < end; c++) sum[c] += weight * (double)x[c];
    }
}

/* The targets, of which h->target holds the sums of the classes; total [d] and rows [classes] are scratch. */
static void set_targets(wn_herding *h, const double *push, double *total, double *rows) {
    const size_t d = h->g->d;
    double all = 0;
    for (size_t i = 0; i < h->g->n; i++) rows[h->label[i]] += wn_ground_weight(h->g, i);
    for (size_t c = 0; c < h->classes; c++) {
        all += rows[c];
        for (size_t j = 0; j < d; j++) total[j] += h->target[c * d + j];
    }
    for (size_t c = 0; c < h->classes; c++) {
        const double others = all - rows[c];
        for (size_t j = 0; j < d && rows[c] > 0; j++) {
            const double sum = h->target[c * d + j], mean = sum / rows[c];
            const double rest = others > 0 ? (total[j] - sum) / others : mean;
            h->target[c * d + j] = mean + (push ? push[c] : 0) * (mean - rest);
        }
    }
}

size_t wn_herding_classes(const wn_select_opts *o) {
    return o->classes ? o->classes : 1;
}

size_t wn_herding_part_rows(const wn_select_opts *o) {
    return o->part_rows ? o->part_rows : 16384;
}

size_t wn_herding_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return wn_herding_classes(o) * (2 * d + 3) * sizeof(double) + d * sizeof(double) +
           (o->classes ? 0 : n * sizeof(uint32_t));
}

wn_code wn_herding_init(wn_herding *h, const wn_ground *g, const wn_select_opts *o, wn_err *err) {
    const size_t classes = wn_herding_classes(o);
    *h = (wn_herding){.g = g, .label = o->label, .classes = classes};
    if (!o->label && !(h->label = h->own = wn_alloc(g->n, sizeof *h->own, err))) return WN_EMEMORY;
    double *scratch = wn_alloc(g->d + classes, sizeof *scratch, err);
    if (!scratch) return WN_EMEMORY;
    h->target = wn_alloc(classes, g->d * sizeof *h->target, err);
    h->sum = wn_alloc(classes, g->d * sizeof *h->sum, err);
    h->pairs = wn_alloc(classes, sizeof *h->pairs, err);
    h->count = wn_alloc(classes, sizeof *h->count, err);
    const bool room = h->target && h->sum && h->pairs && h->count;
    if (room) {
        wn_parallel_for(g->d, COLUMNS, class_sums_task, h);
        set_targets(h, o->push, scratch, scratch + g->d);
    }
    wn_free(scratch);
    return room ? WN_OK : WN_EMEMORY;
}

void wn_herding_free(wn_herding *h) {
    wn_free(h->own);
    wn_free(h->target);
    wn_free(h->sum);
    wn_free(h->pairs);
    wn_free(h->count);
    *h = (wn_herding){0};
}

double wn_herding_gain(const wn_herding *h, size_t row) {
    const size_t d = h->g->d, c = h->label[row];
    const float *x = wn_mat_row(h->g->x, row);
    const double j = (double)h->count[c], toward = wn_ground_dot(x, h->target + c * d, d);
    if (h->count[c] == 0) return toward;
    return toward - wn_ground_dot(x, h->sum + c * d, d) / (j + 1) + h->pairs[c] / (j * (j + 1));
}

void wn_herding_add(wn_herding *h, size_t row) {
    const size_t d = h->g->d, c = h->label[row];
    const float *x = wn_mat_row(h->g->x, row);
    double *sum = h->sum + c * d;
    h->pairs[c] += wn_ground_dot(x, sum, d);
    for (size_t j = 0; j < d; j++) sum[j] += (double)x[j];
    h->count[c]++;
}

/* From the vectors' sums and the pairs themselves, not from gains. */
static wn_code herding_evaluate(const wn_evaluation *e, double *value, wn_err *err) {
    wn_herding h;
    wn_code code = wn_herding_init(&h, e->g, e->o, err);
    *value = 0;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < e->k; i++) wn_herding_add(&h, e->rows[i]);
    for (size_t i = 0; i < e->k; i++) {
        const size_t c = h.label[e->rows[i]];
        double pairs = 0;
        for (size_t j = 0; j < i; j++)
            if (h.label[e->rows[j]] == c) pairs += wn_evaluate_pair(e, e->rows[i], e->rows[j]);
        *value += wn_ground_dot(wn_mat_row(e->g->x, e->rows[i]), h.target + c * e->g->d, e->g->d);
        *value -= pairs / (double)h.count[c];
    }
out:
    wn_herding_free(&h);
    return code;
}

/* A pick is sought among the rows of its class, or of a part of it. */
static double herding_work(const wn_select_opts *o, double n, double d) {
    const double part = fmin(n / (double)wn_herding_classes(o), (double)wn_herding_part_rows(o));
    return 4 * n * d + (double)o->k * part * d;
}

/* No gains to search through: it has a solver only. */
const wn_objective_vt wn_objective_class_herding = {
    .traits = WN_USES_ROWS | WN_USES_LABELS, .work = herding_work, .evaluate = herding_evaluate};
const wn_objective_vt wn_objective_herding = {
    .traits = WN_USES_ROWS, .work = herding_work, .evaluate = herding_evaluate};
