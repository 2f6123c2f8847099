#ifndef WINNOW_SELECT_H
#define WINNOW_SELECT_H
/* Subset selection: which k rows of X [n, d] stand best for all of them. docs/selection.md has the mathematics. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/data.h>
#include <winnow/kernel.h>
#include <winnow/limits.h>
#include <winnow/names.h>
#include <winnow/progress.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What is maximised. */
#define WN_SET_OBJECTIVES(X)                        \
    X(WN_GRAPH_CUT, "graph-cut")                    \
    X(WN_FACILITY_LOCATION, "facility-location")    \
    X(WN_SATURATED_COVERAGE, "saturated-coverage")  \
    X(WN_DISPARITY_MIN, "disparity-min")            \
    X(WN_LOG_DETERMINANT, "log-determinant")        \
    X(WN_FEATURE_BASED, "feature-based")            \
    X(WN_HERDING, "herding")                        \
    X(WN_CLASS_HERDING, "class-herding")            \
    X(WN_MIXTURE, "mixture")                        \
    X(WN_BY_VALUE, "by-value")                      \
    X(WN_KMEANS, "kmeans")                          \
    X(WN_TYPICLUST, "typiclust")                    \
    X(WN_RANDOM, "random")
/* Toward a target: the rows nearest to queries, which no function of the set says alone. rds: for each query in turn
 * its nearest row (Ivison et al. 2025, arXiv 2503.01807). tsds: drawn by what optimal transport from the queries leaves
 * on each row (Liu et al. 2024, arXiv 2410.11303). */
#define WN_QUERY_METHODS(X) X(WN_RDS, "rds") X(WN_TSDS, "tsds")
#define WN_OBJECTIVES(X) WN_SET_OBJECTIVES(X) WN_QUERY_METHODS(X)
typedef enum { WN_OBJECTIVES(WN_NAME_VALUE) } wn_objective;
const char *wn_objective_name(wn_objective o);
bool wn_objective_named(const char *word, wn_objective *out); /* false, and *out as it was, where none has that name */

/* Where similarities live. dense: W [n, n] in memory (the paper's algorithm, eqs. 15-17). matrix-free: computed when
 * they are needed. Same picks. */
#define WN_STORAGES(X) X(WN_STORAGE_AUTO, "auto") X(WN_DENSE, "dense") X(WN_MATRIX_FREE, "matrix-free")
typedef enum { WN_STORAGES(WN_NAME_VALUE) } wn_storage;
const char *wn_storage_name(wn_storage s);
/* Does it seek that every row has something similar among the picks? */
bool wn_objective_seeks_coverage(wn_objective o);
/* Can it be maximised over a graph of nearest neighbours (wn_select_opts.graph)? */
bool wn_objective_over_graph(wn_objective o);

/* May it be a part of a mixture? Is value added to its gains? (wn_select_opts.mix, value) */
bool wn_objective_adds_up(wn_objective o);

/* A part of a mixture: weight times f of the objective. */
typedef struct {
    wn_objective objective;
    double weight; /* 0 < weight <= 1e12 */
} wn_mix_part;

/* How the next row is found. auto: the solver made for objective, kernel and storage, else lazy where gains only fall,
 * else naive. naive: every gain at every step. lazy: old gains as bounds (Minoux 1978). These have the same picks. Two
 * others draw by `seed`: stochastic takes the best row of a sample, (n / k) ln(1 / epsilon) rows a step (Mirzasoleiman
 * et al. 2015); random-greedy one of the k rows of largest gain (Buchbinder et al. 2014), for f that is not monotone.
 */
#define WN_EXACT_MAXIMIZERS(X) X(WN_NAIVE, "naive") X(WN_LAZY, "lazy")
#define WN_DRAWING_MAXIMIZERS(X) X(WN_STOCHASTIC, "stochastic") X(WN_RANDOM_GREEDY, "random-greedy")
/* And without chance, where gains only fall: threshold takes, in the order of the rows, what gains a threshold, which
 * falls by the factor 1 - epsilon from the largest gain (Badanidiyuru and Vondrak 2014). */
#define WN_THRESHOLD_MAXIMIZERS(X) X(WN_THRESHOLD, "threshold")
#define WN_MAXIMIZERS(X)                                                                              \
    X(WN_MAXIMIZER_AUTO, "auto") WN_EXACT_MAXIMIZERS(X) WN_DRAWING_MAXIMIZERS(X) WN_THRESHOLD_MAXIMIZERS(X)
typedef enum { WN_MAXIMIZERS(WN_NAME_VALUE) } wn_maximizer;
const char *wn_maximizer_name(wn_maximizer m);
#define WN_EPSILON 0.1 /* of stochastic and threshold, where none is given */
/* Is there a way to maximise o over all pairs under this kernel by these, of which AUTO is any? */
bool wn_objective_serves(wn_objective o, wn_kernel_kind kernel, wn_storage storage, wn_maximizer maximizer);

typedef struct {
    wn_objective objective;
    wn_kernel kernel;      /* rows must be normalised for cosine and rbf */
    wn_storage storage;    /* AUTO: dense where n^2 floats fit `memory` and it is faster */
    wn_maximizer maximizer;
    size_t k;              /* 1 <= k <= n - nexclude */
    double lambda;         /* graph-cut trade-off, >= 0; NaN = auto: max(0, n/k - 2) */
    double epsilon;        /* of the maximizers stochastic and threshold, 0 .. 1; 0: WN_EPSILON */
    double saturation;     /* saturated coverage: share of all that is similar to a row at which picks have done enough
                              for it, at most 1; 0 or NaN = auto: k/n */
    uint64_t seed;         /* random, tsds, maximizers that draw; rds: whose turn comes first; herding: how large
                              classes are cut */
    const size_t *keep;    /* [nkeep] picked first, in this order; counted in k */
    size_t nkeep;
    const size_t *exclude; /* [nexclude] never picked; still part of the ground set that is represented */
    size_t nexclude;
    const wn_csr *graph;   /* facility location, saturated coverage: kNN graph of cosines (self implied); NULL: all
                              pairs, exact */
    const double *weight;  /* [n] >= 0: row i is represented as if it stood there so often; NULL: once each */
    const double *value;   /* [n] of any sign, finite: what row i brings by itself, added to f and its gain; by-value
                              has nothing else; NULL: nothing */
    const wn_mix_part *mix; /* [nmix] mixture: f is the sum of its parts, each with the kernel, lambda, ... of these */
    size_t nmix;
    double apart;          /* by-value: a row whose cosine with a pick is at least that comes after others; 0: none */
    const wn_mat *represent; /* [m, d] facility location over all pairs: rows that x's are to stand for; NULL: x. No
                                weight then */
    /* class-herding, which cannot do without labels: */
    const uint32_t *label; /* [n] the class of each row, below `classes` */
    size_t classes;
    double quota_power;    /* a class of n_c rows shares in k by n_c ^ quota_power: 1 proportional, 0 equal; 0 .. 1 */
    const double *share;   /* [classes] what it shares in k by instead; NULL: that */
    const double *push;    /* [classes] how far each one's target lies from the other classes: 0 .. 100 */
    /* rds and tsds, which cannot do without queries: */
    const wn_mat *query;   /* [q, d] of norm 1 or 0; zero rows are passed over */
    double alpha;          /* tsds: how much nearness counts against spread, above 0, at most 1 */
    size_t listed;         /* neighbours that are looked up for a query at first; 0: as many as suit. rds has the same
                              picks whatever it is */
    size_t part_rows;      /* herding: a class of more is cut into parts that pick by themselves; 0: 16384 */
    /* Where x is a part of a whole: */
    size_t first;          /* row number of x's first row; ids, keep and exclude are numbers in the whole */
    size_t n_all;          /* rows of the whole, for lambda auto; 0: those of x, by their weights */
    const double *sums;    /* graph-cut: sums over the whole, [d] for cosine and dot, [n] for rbf, as wn_select_sums
                              gives them; NULL: over x. Other objectives have no use for them */
    size_t sum_rows;       /* graph-cut over rbf: T_x, the sum over all rows but x, is estimated from so many rows drawn
                              by `seed`, in O(n sum_rows d): (n - 1) / sum_rows times their sum. 0, from n on, with
                              weights or with `sums`: it is exact, O(n^2 d) */
    bool certify;          /* find `bound`, too: some passes over rows or similarities more, a few seconds at most where
                              these are in memory */
    wn_limits limit;       /* which rows may be chosen together; zero: all */
    size_t memory;         /* bytes it may use beyond X; 0 = no bound. More needed: WN_EMEMORY before any work */
    wn_progress *progress;
} wn_select_opts;

typedef struct {
    size_t k;
    size_t *ids;       /* [k] in order of choice; as wn_select leaves them a prefix is the selection for a
                          smaller k */
    double *gain;      /* [k] f(S + x) - f(S); random: 0; rds, tsds: cosine to the query that the row serves */
    size_t *query;     /* [k] that query: rds: the one whose turn it was, of a must-keep row the nearest; tsds: the
                          nearest. NULL for other objectives */
    double *objective; /* [k] f of the prefix = running sum of gains */
    double bound;      /* no k rows with the must-keep ones and without the excluded have more f; over a graph f by its
                          edges. NaN: none is known, or asked for. docs/certificate.md */
    double lambda, saturation; /* as used */
    size_t negative_from; /* first step of the greedy with a negative gain, k if none */
    wn_storage storage; /* as used */
    wn_maximizer maximizer; /* as used; auto: a solver of the objective's own */
    double cut_off;    /* facility location over a graph: the share of f(S) that the missing edges hide; else 0 */
    size_t summed;     /* rows that sums were estimated from: the choice goes by estimates then, but `gain` and
                          `objective` are exact, counted over all rows afterwards in O(n k d); there is no bound. 0:
                          none was estimated */
    double sum_error;  /* then: how far estimates lie from the sums, root mean square over 256 rows for which both were
                          computed, as a share of the mean sum; else 0 */
    size_t refreshed;  /* gains computed anew after the first, all picks together: what laziness left to do */
    bool by_coverage;  /* wn_selection_by_coverage has put them into another order */
    size_t passes;     /* matrix-free graph-cut: how often the candidate pool was filled */
} wn_selection;

/* Chooses k rows of x greedily: each step the row of largest gain, ties to the lowest row. x: [n, d] finite, rows of
 * norm 1 or 0 for cosine and rbf. *out is written on success only; release it with wn_selection_free. Equal bytes for
 * any number of threads; storages and exact maximizers give the same picks (docs/selection.md says why).
 * class-herding takes its picks class by class (objective/herding.h has f), and orders them so that a prefix has each
 * class in about its share: at every step the row is the best of its class, not of all. Kernel cosine.
 * mixture: its gains are the weighted sums of those of its parts.
 * kmeans and typiclust maximise nothing: every cluster in turn gives a row (objective/clusters.h); gains are 0. Kernel
 * cosine. by-value: the rows of most value, gains their values. Kernel cosine.
 * Kernel precomputed: x [n, n] is the symmetric matrix of similarities; graph-cut, facility location, saturated
 * coverage, log-determinant (positive semidefinite ones), mixtures of them, random.
 * herding is that with all rows in one class and no labels; kernel cosine or dot, as for feature-based.
 * rds and tsds: kernel cosine; the objective is the sum of the cosines.
 * Similarity in facility location and saturated coverage: max(cos, 0), max(dot, 0) or the rbf value; a row also
 * represents itself.
 * WN_EUSAGE: an option out of range (lambda beyond 0 .. 1e12, a weight beyond 0 .. 1e12, a value beyond 1e12, k of 0, a
 * row that does not exist, a repeated keep row, rows not normalised, a matrix of similarities that is not square, a mix
 * that is missing or has parts that do not add up, labels, shares, pushes, queries or values that are missing or out of
 * range), or a storage or maximizer that the objective does not have;
 * WN_EINPUT: x or sums not finite, similarities not symmetric; WN_ECONSTRAINT: k, keep, exclude and shares cannot be
 * met together;
 * WN_EMEMORY; WN_EINTERRUPT. Downie, "Fine-Tuning BERT via Submodular Maximization", eqs. 15-17; Minoux 1978 (lazy). */
wn_code wn_select(const wn_mat *x, const wn_select_opts *o, wn_selection *out, wn_err *err);
void wn_selection_free(wn_selection *s);

/* Puts the picks of graph-cut, `s` of wn_select(x, o), into the order in which they cover, so that a prefix is a good
 * smaller choice where lambda suits this k alone. After the must-keep rows come up to 1,024 of the first 8,192 picks,
 * each the one that raises the mean cosine of 2,048 rows, evenly drawn from y, to their nearest pick most; then the
 * others as they were. Picks from the first negative gain on keep their places, and where 8,192 rows or more are must-
 * keep, all do. y: [n, d'] of any norms, maybe x. Gains and objective become those of the new order; negative_from
 * stays. O(min(k, 8192) (2048 d' + 1024 d)) and 2,048 a gain computed anew. WN_EUSAGE: another objective, a part of a
 * whole, or y of other rows; WN_EMEMORY; WN_EINTERRUPT. After an error s is as it was. */
wn_code wn_selection_by_coverage(wn_selection *s, const wn_mat *x, const wn_mat *y, const wn_select_opts *o,
                                 wn_err *err);
/* Bytes that it takes at the least; with more it is faster. */
size_t wn_selection_by_coverage_memory(size_t k, size_t n, size_t x_cols, size_t y_cols);

/* f(S) straight from its definition, in double: for tests and reports. Uses objective, kernel, lambda and saturation
 * (auto for this k), weight and the part of a whole in `o`, every pair of rows whatever graph `o` has, and is 0 for
 * random. O(n k d); saturated coverage O(n^2 d), log-determinant O(k^2 (k + d)). */
wn_code wn_select_evaluate(const wn_mat *x, const wn_select_opts *o, const size_t *ids, size_t k, double *value,
                           wn_err *err);

/* May these k rows be chosen together under the limits of `o`, by their definitions? rows[k] of x, those that one has
 * among them. O(k^2 d). */
bool wn_select_allows(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k);
/* Is there a way to maximise o under limits? */
bool wn_objective_takes_limits(wn_objective o);

/* The sums that `o->sums` takes, over all rows of x, by kernel and weight of `o`. cosine and dot: sums[d], the sum of
 * the rows; add those of all parts. rbf: sums[n], sum over j of weight_j k(x_i, x_j) less one k(x_i, x_i); a part
 * takes those of its own rows. O(nd) or O(n^2 d). Errors as wn_select. */
wn_code wn_select_sums(const wn_mat *x, const wn_select_opts *o, double *sums, wn_err *err);

/* Bytes that wn_select will need beyond X with these options (AUTO resolved as wn_select does). SIZE_MAX where they
 * cannot be counted. */
size_t wn_select_memory(const wn_select_opts *o, size_t n, size_t d);

/* Multiply-adds that wn_select will take, roughly: to tell a short job from a long one. */
double wn_select_work(const wn_select_opts *o, size_t n, size_t d);

/* Is there a way to do what `o` asks for, by objective, mix, values, kernel, storage and maximizer? */
bool wn_select_serves(const wn_select_opts *o);

/* How many of the k rows of `o` each class gives, by class-herding: quota[classes]; must-keep rows count, excluded ones
 * are not there to be given. The lists of `o` must be those of wn_select. WN_ECONSTRAINT: classes that share in k have
 * fewer than k rows. */
wn_code wn_select_quotas(const wn_select_opts *o, size_t n, size_t *quota, wn_err *err);

/* lambda as used: NaN becomes max(0, n/k - 2). */
double wn_select_lambda(double lambda, size_t n, size_t k);
/* (2 + lambda) k / n: how much of the pool's mass k picks take back. Below 0.5 graph-cut tends to spend them on the
 * densest group, and the caller should warn. */
double wn_select_balance(double lambda, size_t n, size_t k);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
