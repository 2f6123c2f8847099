#include "solver/transport.h"

#include <math.h>
#include <winnow/mem.h>

/* A query whose first k + 1 rows are full once s is `full`, the sum of their 1 / density. */
typedef struct {
    double full;
    size_t k, j;
} transport_step;

static bool before(const transport_step *a, const transport_step *b) {
    if (a->full < b->full || a->full > b->full) return a->full < b->full;
    return a->j < b->j;
}

/* Moves the first of heap[n] down to its place. */
static void sift(transport_step *heap, size_t n) {
    for (size_t at = 0, child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && before(&heap[child + 1], &heap[child])) child++;
        if (!before(&heap[child], &heap[at])) return;
        const transport_step step = heap[at];
        heap[at] = heap[child];
        heap[child] = step;
    }
}

static double distance(const wn_transport *t, size_t j, size_t k) { return t->distance[j * t->K + k]; }
static double share(const wn_transport *t, size_t j, size_t k) { return 1 / t->density[j * t->K + k]; }

/* heap[M] and nearest[M], the sum of distance / density of the rows that are full or the next to be. */
static void begin_steps(const wn_transport *t, transport_step *heap, double *nearest) {
    for (size_t j = 0; j < t->queries; j++) {
        heap[j] = (transport_step){.full = share(t, j, 0), .j = j};
        nearest[j] = distance(t, j, 0) * share(t, j, 0);
        for (size_t at = j; at > 0 && before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2) {
            const transport_step up = heap[at];
            heap[at] = heap[(at - 1) / 2];
            heap[(at - 1) / 2] = up;
        }
    }
}

/* Query j moves on to its row k + 1 at the rate that its full rows lose: cost[j] is what that costs per 1/s. */
wn_code wn_transport_spread(const wn_transport *t, double *s, bool *ended, wn_err *err) {
    transport_step *heap = wn_alloc(t->queries, sizeof *heap, err);
    double *nearest = wn_alloc(t->queries, sizeof *nearest, err), *cost = wn_alloc(t->queries, sizeof *cost, err);
    const wn_code code = heap && nearest && cost ? WN_OK : WN_EMEMORY;
    const double gain = (1 - t->alpha) * (double)t->queries * (1 - 1e-12); /* of a larger s; less rounding */
    double total = 0, last = INFINITY; /* a query has no further row from there on */
    *ended = false;
    if (code != WN_OK) goto out;
    begin_steps(t, heap, nearest);
    while (heap[0].full <= last) {
        transport_step *step = &heap[0];
        const size_t j = step->j, next = step->k + 1;
        *s = step->full;
        if (next < t->count[j]) {
            total -= cost[j];
            cost[j] = distance(t, j, next) * step->full - nearest[j];
            total += cost[j];
            if (t->alpha * total >= gain) goto out;
            nearest[j] += distance(t, j, next) * share(t, j, next);
            step->full += share(t, j, next);
            step->k = next;
        } else { /* others may move at the same s, and make it the last all the same */
            if (isinf(last)) last = step->full * (1 + 1e-12);
            step->full = INFINITY;
        }
        sift(heap, t->queries);
    }
    *ended = true;
out:
    wn_free(heap);
    wn_free(nearest);
    wn_free(cost);
    return code;
}

void wn_transport_mass(const wn_transport *t, double s, size_t j, double *mass) {
    const double all = 1 / (double)t->queries;
    double left = all;
    for (size_t k = 0; k < t->count[j]; k++) {
        const double most = all * share(t, j, k) / s;
        mass[k] = most < left ? most : left;
        left -= mass[k];
        if (left < 1e-12 * all) left = 0; /* rounding */
    }
}
