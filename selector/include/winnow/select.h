#ifndef WINNOW_SELECT_H
#define WINNOW_SELECT_H
/* Subset selection: which k rows of X [n, d] stand best for all of them. docs/selection.md has the mathematics. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/mem.h>
#include <winnow/pairwise.h>
#include <winnow/progress.h>

typedef enum { WN_GRAPH_CUT, WN_FACILITY_LOCATION, WN_RANDOM } wn_objective;
/* dense: W in memory, vector update (the paper's algorithm, eqs. 15-17). free: matrix-free and exact. Same picks. */
typedef enum { WN_MAXIMIZER_AUTO, WN_DENSE, WN_MATRIX_FREE } wn_maximizer;

typedef struct {
    wn_objective objective;
    wn_kernel kernel;       /* rows must be normalised for cosine and rbf */
    wn_maximizer maximizer; /* AUTO: dense where n^2 floats fit `memory` and it is faster */
    size_t k;               /* 1 <= k <= n - nexclude */
    double lambda;          /* graph-cut trade-off, >= 0; NaN = auto: max(0, n/k - 2) */
    uint64_t seed;          /* random only */
    const size_t *keep;     /* [nkeep] picked first, in this order; counted in k */
    size_t nkeep;
    const size_t *exclude;  /* [nexclude] never picked; still part of the ground set that is represented */
    size_t nexclude;
    const wn_csr *graph;    /* facility location: kNN graph of cosines (self implied); NULL: dense or matrix-free exact */
    size_t memory;          /* bytes it may use beyond X; 0 = no bound */
    wn_progress *progress;
} wn_select_opts;

typedef struct {
    size_t k;
    size_t *ids;       /* [k] in order of choice; a prefix is the selection for a smaller k */
    double *gain;      /* [k] f(S + x) - f(S) */
    double *objective; /* [k] f of the prefix = running sum of gains */
    double lambda;     /* as used */
    size_t negative_from; /* first step with a negative gain, k if none */
    wn_maximizer maximizer; /* as used */
} wn_selection;

wn_code wn_select(const wn_mat *x, const wn_select_opts *o, wn_selection *out, wn_err *err);
void wn_selection_free(wn_selection *s);

/* f(S) straight from its definition, in double: for tests and reports. O(n k d). */
wn_code wn_select_evaluate(const wn_mat *x, const wn_select_opts *o, const size_t *ids, size_t k, double *value,
                           wn_err *err);

/* Bytes that wn_select will need beyond X. */
size_t wn_select_memory(const wn_select_opts *o, size_t n, size_t d);

#endif
