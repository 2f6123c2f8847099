#ifndef WINNOW_SELECTOR_EDGES_H
#define WINNOW_SELECTOR_EDGES_H
/* Objectives over a graph of nearest neighbours: as over all pairs (pairs.h), with s_ij known where i lists j or j
 * lists i, and 0 elsewhere. O(edges of a row) a gain. */
#include <stdint.h>

#include "objective/pairs.h"

typedef struct {
    uint32_t row;
    float sim;
} wn_edge;

typedef struct {
    const wn_ground *g;
    const wn_kernel *kernel;
    const wn_pairs_rule *rule;
    size_t *start;  /* [n + 1] */
    wn_edge *edges; /* the rows that x would represent: edges[start[x] .. start[x + 1]), by row number, x among them */
    double *state;  /* [n] 0 at first */
} wn_edges;

size_t wn_edges_bytes(const wn_select_opts *o, size_t n);
/* WN_EINPUT: the graph is broken. Release with wn_edges_free, even after an error. */
wn_code wn_edges_open(wn_edges *s, const wn_ground *g, const wn_select_opts *o, const wn_pairs_rule *rule, wn_err *err);
void wn_edges_free(wn_edges *s);
/* Parts of a wn_objective_vt, whose state starts with a wn_edges. */
wn_code wn_edges_gains(void *f, const size_t *rows, size_t m, double *out, wn_err *err);
wn_code wn_edges_add(void *f, size_t row, wn_err *err);

#endif
