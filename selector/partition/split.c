#include "partition/split.h"

#include <stdlib.h>
#include <wn/rng.h>
#include <winnow/mem.h>

enum { STREAM = 0x70617274 };

const char *wn_partitioning_name(wn_partitioning p) {
    switch (p) { WN_PARTITIONINGS(WN_NAME_CASE) }
    return NULL;
}

void wn_part_picks_free(wn_part_picks *p) {
    wn_free(p->ids);
    *p = (wn_part_picks){0};
}

typedef struct {
    uint32_t label;
    size_t row;
} labelled_row;

static int by_label(const void *a, const void *b) {
    const labelled_row *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static wn_code sort_by_label(size_t *order, const uint32_t *label, size_t n, wn_err *err) {
    labelled_row *sorted = wn_alloc(n, sizeof *sorted, err);
    if (!sorted) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) sorted[i] = (labelled_row){label[i], i};
    qsort(sorted, n, sizeof *sorted, by_label);
    for (size_t i = 0; i < n; i++) order[i] = sorted[i].row;
    wn_free(sorted);
    return WN_OK;
}

/* order[n]: all rows, to be cut into parts. */
static wn_code order_rows(size_t *order, size_t n, const wn_partition_opts *p, uint64_t seed, wn_err *err) {
    for (size_t i = 0; i < n; i++) order[i] = i;
    switch (p->by) {
    case WN_PART_RANDOM: {
        wn_rng rng = wn_rng_init(seed, STREAM);
        wn_rng_shuffle(&rng, order, n);
        return WN_OK;
    }
    case WN_PART_ORDER:
        return WN_OK;
    case WN_PART_LABEL:
        return sort_by_label(order, p->label, n, err);
    }
    return WN_OK;
}

/* The first n % parts parts have a row more. */
static size_t part_begin(size_t n, size_t parts, size_t part) {
    const size_t longer = n % parts;
    return n / parts * part + (part < longer ? part : longer);
}

size_t wn_part_rows(size_t n, size_t parts) {
    return n / parts + (n % parts ? 1 : 0);
}

wn_code wn_part_of_rows(wn_part *out, size_t n, const wn_select_opts *o, const size_t *rows, size_t m, wn_err *err) {
    wn_code code = WN_EMEMORY;
    size_t *place = NULL; /* [n] 1: in the part; then from 1 the place that a row has there */
    *out = (wn_part){.nkeep = o->nkeep};
    if (!(place = wn_alloc(n, sizeof *place, err)) || !(out->row = wn_alloc(m + o->nkeep, sizeof *out->row, err)) ||
        !(out->keep = wn_alloc(o->nkeep, sizeof *out->keep, err)) ||
        !(out->exclude = wn_alloc(o->nexclude, sizeof *out->exclude, err)))
        goto out;
    for (size_t i = 0; i < m; i++) place[rows[i]] = 1;
    for (size_t i = 0; i < o->nkeep; i++) place[o->keep[i]] = 1;
    for (size_t i = 0; i < n; i++) {
        if (!place[i]) continue;
        out->row[out->n++] = i;
        place[i] = out->n;
    }
    for (size_t i = 0; i < o->nkeep; i++) out->keep[i] = place[o->keep[i]] - 1;
    for (size_t i = 0; i < o->nexclude; i++)
        if (place[o->exclude[i]]) {
            out->exclude[out->nexclude++] = place[o->exclude[i]] - 1;
            place[o->exclude[i]] = 0; /* once, however often it is named */
        }
    code = WN_OK;
out:
    wn_free(place);
    return code;
}

wn_code wn_part_make(wn_part *out, size_t n, const wn_select_opts *o, const wn_partition_opts *p, size_t part,
                     wn_err *err) {
    const size_t begin = part_begin(n, p->parts, part), end = part_begin(n, p->parts, part + 1);
    size_t *order = wn_alloc(n, sizeof *order, err);
    *out = (wn_part){0};
    wn_code code = order ? order_rows(order, n, p, o->seed, err) : WN_EMEMORY;
    if (code == WN_OK) code = wn_part_of_rows(out, n, o, order + begin, end - begin, err);
    wn_free(order);
    return code;
}

void wn_part_free(wn_part *p) {
    wn_free(p->row);
    wn_free(p->keep);
    wn_free(p->exclude);
    *p = (wn_part){0};
}
