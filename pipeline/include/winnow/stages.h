#ifndef WINNOW_STAGES_H
#define WINNOW_STAGES_H
/* From rows to a choice and its reasons, stage by stage; each takes options of its own and what earlier stages made.
 * The commands `run`, `select` and `dedup` are these calls in order:
 *
 *     wn_rows_read           records, or wn_rows_matrices        -> rows        (winnow/rows.h)
 *     wn_lists_read          ids that must, must not be chosen   -> lists
 *     wn_copies_exact        equal texts                         -> copies
 *     wn_choice_size         k as rows
 *     (an encoder, or wn_matrices_read_some after wn_rows_beside) -> vectors.x
 *     wn_copies_near         equal vectors                       -> copies, vectors.x in another order
 *     wn_vectors_scan        rows without a direction            -> vectors.zero
 *     wn_space_make          where rbf compares rows             -> vectors.space
 *     wn_kernel_choose       the width of the kernel             -> kernel
 *     wn_class_labels_make   classes (class-herding), wn_push_choose -> classes
 *     wn_choice_make         the selection                       -> choice
 *     wn_worth_measure       what a probe learns from such rows  -> worth
 *     wn_representatives_find  who stands for whom             -> who, curves.coverage
 *     wn_curves_random       the same by chance                  -> curves.coverage_random, value_random
 *
 * n: input rows; m: rows that are no copies; d: columns; k: chosen rows. Every struct is zero-initialised by its owner,
 * filled by one stage and released by its wn_..._free, which may be called whatever a stage returned. WN_EMEMORY and
 * WN_EINTERRUPT are returned by every stage and not listed. Results do not depend on the number of threads. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/encoder.h>
#include <winnow/err.h>
#include <winnow/io.h>
#include <winnow/kernel.h>
#include <winnow/names.h>
#include <winnow/partition.h>
#include <winnow/rows.h>
#include <winnow/select.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* No row, no rank. In files: -1. */
#define WN_NONE SIZE_MAX

/* ---- lists ---- */

typedef struct {
    const char *keep_path, *exclude_path; /* one id a line; NULL: none */
} wn_lists_opts;

typedef struct {
    size_t *keep, *exclude; /* rows, in the order of the files */
    size_t nkeep, nexclude;
} wn_lists;

/* WN_EUSAGE: an id that no row has, naming file and line. WN_ECONSTRAINT: one that is in both files. */
wn_code wn_lists_read(wn_lists *out, const wn_view *rows, const wn_lists_opts *o, wn_err *err);
void wn_lists_free(wn_lists *l);

/* ---- copies ---- */

typedef enum { WN_DEDUP_OFF, WN_DEDUP_EXACT, WN_DEDUP_NEAR } wn_dedup_mode;

/* Kept rows are rows 0 .. m-1 of the matrix of vectors, in the order of the input; near copies follow them. */
typedef struct {
    size_t n, m;
    size_t *copy_of; /* [n] kept row of each row; itself if kept. NULL: no copy was looked for */
    size_t *x_row;   /* [n] row of the matrix for each row */
    size_t *row_of;  /* [m] row of each kept one */
    size_t *encoded; /* [n] x_row before wn_copies_near; NULL: as it is */
    size_t dropped, groups;
    size_t mixed; /* groups whose rows have different labels; wn_copies_labels counts them */
} wn_copies;

/* Equal texts (wn_sim_exact_duplicates) unless OFF; without texts every row is kept. A row to keep stands for itself
 * and, if it is the first such row, for its group; a group whose first row is excluded is stood for by another. */
wn_code wn_copies_exact(wn_copies *out, const wn_view *rows, const wn_lists *lists, wn_dedup_mode mode, wn_io *io,
                        wn_err *err);
/* Rows whose cosine with an earlier kept one is at least `threshold`. x [m, d], normalised, of the rows kept so far:
 * its kept rows move to the front, the copies behind them. */
wn_code wn_copies_near(wn_copies *c, wn_mat *x, const wn_lists *lists, double threshold, wn_io *io, wn_err *err);
/* Counts `mixed`; rows without a label have none that differs. */
wn_code wn_copies_labels(wn_copies *c, const wn_view *rows, wn_err *err);
/* mixed [rows->n]: is it the kept row of such a group? copy_of [rows->n] as above; rows have labels. */
wn_code wn_copies_mixed(bool *mixed, const size_t *copy_of, const wn_view *rows, wn_err *err);
void wn_copies_free(wn_copies *c);

/* The texts of the kept rows, close together; a view of `texts` where nothing was dropped. */
wn_code wn_copies_texts(const wn_copies *c, const wn_texts *texts, wn_strings *out, wn_err *err);

/* ---- vectors ---- */

typedef struct {
    wn_mat x;         /* [>= m, d], in the order of wn_copies */
    bool *zero;       /* [x.rows] */
    size_t zero_rows; /* of the n input rows */
    wn_mat space;     /* [m, components], normalised: where the choice compares rows. Empty: in x */
    double explained; /* share of the variance of x that it has */
    wn_mat had, had_space; /* rows that one has already, where the choice takes account of them; the same in space */
} wn_vectors;

wn_code wn_vectors_scan(wn_vectors *v, const wn_copies *c, wn_err *err); /* zero and zero_rows */
void wn_vectors_free(wn_vectors *v);

/* ---- space and kernel ---- */

typedef struct {
    size_t components; /* rows of more columns are compared by so many principal components; 0: as they are */
    uint64_t seed;
} wn_space_opts;

/* v->space, where the kernel has one: kept rows less their mean, by their leading principal components (of up to 8,192
 * rows that are not zero, drawn by seed), normalised; zero rows stay zero. Wants wn_vectors_scan. O(n d dims + d^3). */
wn_code wn_space_make(wn_vectors *v, const wn_copies *c, const wn_space_opts *o, wn_io *io, wn_err *err);
size_t wn_space_dims(const wn_space_opts *o, size_t cols); /* its columns; 0: there is none */
size_t wn_space_bytes(const wn_space_opts *o, size_t rows, size_t cols);

#define WN_BALL_CLUSTERS 500 /* at the most, where the rows to choose are more */
typedef struct {
    wn_kernel_kind kind;
    double gamma;  /* of an rbf; NaN: from the distances of sampled rows (wn_sim_gamma_auto). Of a ball its radius; NaN:
                    * from so many clusters (wn_sim_radius_auto) */
    size_t clusters;
    uint64_t seed;
} wn_kernel_opts;


/* *median gets the median distance, NaN where gamma was given or does not apply. */
wn_code wn_kernel_choose(wn_kernel *out, double *median, const wn_vectors *v, const wn_copies *c,
                         const wn_kernel_opts *o, wn_io *io, wn_err *err);

/* ---- classes ---- */

typedef struct {
    double power;           /* a class of n_c rows shares in k by n_c ^ power */
    const char *share_path; /* lines of a class, a tab and what it shares in k by instead; NULL: none */
    const char *chooser;    /* who wants classes, for messages; NULL: class-herding */
    const double *share;    /* what that file says, [labels]; NULL: it is read */
    size_t wanted;          /* rows to choose, of which the classes that share must have enough; 0: not known yet */
} wn_class_opts;
/* Shares of classes that a file names; the others have 0. WN_EUSAGE names file and line; WN_EIO. */
wn_code wn_class_shares_read(double *share, const char *const *labels, size_t nlabels, const char *path, wn_err *err);

typedef struct {
    uint32_t *label;   /* [m] class of each row of the matrix that is no copy */
    size_t n;          /* classes; rows without a label are the last of them */
    size_t unlabelled; /* such rows */
    const char *const *names; /* of the others; those of the rows */
    double *share;     /* [n]; NULL: n_c ^ power */
    double power;
    double push;       /* as given, or of a class with one row to choose */
    bool push_auto;    /* it falls with the root of the rows to choose */
    double noise;      /* what the neighbours say of the labels, 0 .. 1; NaN where push was given, or no class is
                        * large enough to tell */
} wn_class_labels;

/* WN_EUSAGE: no row has a label, or as good as each has its own; else as wn_class_shares_read. WN_ECONSTRAINT: classes
 * that share in k have fewer rows. Tells io of classes that say little. */
wn_code wn_class_labels_make(wn_class_labels *out, const wn_view *rows, const wn_copies *c, const wn_class_opts *o,
                             wn_io *io, wn_err *err);
/* How far targets are pushed away from the other classes: `push`, or where it is NaN from WN_PUSH_LEAST to WN_PUSH_MOST
 * the more of the surest labels are disputed by the rows nearest to them. O(8192^2 d) at most. */
#define WN_PUSH_LEAST 1.
#define WN_PUSH_MOST 2.
#define WN_PUSH_NOISE .2 /* disputed labels that get the whole push */
wn_code wn_push_choose(wn_class_labels *c, const wn_vectors *v, const wn_copies *copies, double push, uint64_t seed,
                       wn_err *err);
/* Bytes that it takes for m rows of d values. */
size_t wn_push_bytes(size_t m, size_t d);
/* The push of a class that gives `quota` rows. */
double wn_push_of_class(const wn_class_labels *c, size_t quota);
void wn_class_labels_free(wn_class_labels *c);

/* ---- choice ---- */

typedef struct {
    double k;     /* rows, or percent of all rows */
    bool percent;
} wn_size_opts;

/* k as a number of rows, 1 .. n. WN_ECONSTRAINT where more rows must be kept than chosen. */
wn_code wn_choice_size(size_t *wanted, const wn_size_opts *o, size_t n, const wn_lists *lists, wn_err *err);

/* A choice in parts and two rounds (winnow/partition.h). */
typedef struct {
    size_t parts;                /* 0: none, the whole at once */
    wn_partitioning by;
    const uint32_t *label;       /* [n] for WN_PART_LABEL */
    const wn_part_picks *picks;  /* [parts] of the first round, rows of the matrix; NULL: it is part of the choice */
} wn_choice_parts;

/* Where the sums of graph-cut over rbf come from: all rows, or a sample. auto: a sample beyond WN_EXACT_SUMS rows. */
#define WN_SUM_WAYS(X) X(WN_SUMS_AUTO, "auto") X(WN_SUMS_EXACT, "exact") X(WN_SUMS_SAMPLED, "sampled")
typedef enum { WN_SUM_WAYS(WN_NAME_VALUE) } wn_sum_way;
enum { WN_EXACT_SUMS = 500000 };

/* What rows may be chosen together (winnow/limits.h has what each means), by input row, [n]. */
typedef struct {
    const uint32_t *group; /* NULL: none */
    size_t groups, per_group;
    const char *const *group_names;
    const double *cost; /* NULL: no budget */
    double budget, cost_power;
    bool apart;
    double max_similarity; /* of the vectors themselves, whatever the choice compares */
    size_t had;            /* rows of wn_vectors.had */
} wn_choice_limits;

/* Processes that hold the rows, too, and help (pipeline/ranks). */
typedef struct wn_ranks wn_ranks;

typedef struct {
    wn_objective objective;
    wn_space_opts space;
    wn_kernel kernel;
    wn_storage storage;
    wn_maximizer maximizer;
    double epsilon;    /* of stochastic; 0: as wn_select_opts */
    const wn_mix_part *mix; /* [nmix] of a mixture */
    size_t nmix;
    const double *value;  /* [m] rows of the matrix; NULL: none */
    const double *weight; /* [m] the same */
    double apart;      /* of objective value, as wn_select_opts */
    size_t wanted;     /* rows to choose; fewer where fewer are left */
    double lambda;     /* of graph-cut; NaN: as wn_select_opts */
    double saturation; /* of saturated coverage, as wn_select_opts */
    wn_sum_way sums;
    size_t sum_rows;   /* of the sample; 0: all. In parts: of theirs, 0: as wn_partition_opts */
    uint64_t seed;
    const wn_class_labels *classes; /* of class-herding; of other objectives: each gives its share of k at most */
    const wn_choice_limits *limits; /* NULL: none */
    const wn_mat *query;   /* [q, d] rows of norm 1 or 0 to choose toward; NULL: none */
    wn_objective toward;   /* how: WN_RDS or WN_TSDS */
    double query_weight;   /* share of the rows that is chosen so, 0 .. 1; the objective chooses the rest, on top */
    double query_alpha;    /* of tsds */
    size_t part_rows;  /* of class-herding, as wn_select_opts */
    size_t neighbours; /* facility location over many rows: edges a row of the graph it is computed over; 0: 50 */
    size_t memory;     /* bytes it may use beyond what is there */
    wn_choice_parts partition;
    wn_ranks *ranks;   /* who help with the choice of all rows, and what comes after it; NULL: nobody */
    bool any_order;    /* the rows are what counts: no time is spent on their order, or on a bound */
} wn_choice_opts;

typedef struct {
    size_t k;
    wn_selection selection; /* ids are rows of the matrix */
    size_t nkeep;           /* must-keep rows, which come first */
    size_t toward;          /* must-keep rows and those chosen toward queries: the first so many; the others are the
                             * objective's. selection.query has what the former serve; NULL: no queries */
    wn_partitioned rounds;  /* of a choice in parts */
    size_t *chosen;         /* [k] input rows in order of choice */
    bool given;             /* by similarities that are given: who stands for whom goes by them, too */
    size_t *rank;           /* [n] from 1; WN_NONE: not chosen */
    wn_ranks *ranks;        /* as in the options */
} wn_choice;

/* Excluded rows are never chosen, zero vectors only when others do not suffice for k. */
wn_code wn_choice_make(wn_choice *out, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                       const wn_choice_opts *o, wn_io *io, wn_err *err);
void wn_choice_free(wn_choice *c);
/* The first round of part 0 .. parts - 1, as wn_choice_make has it: rows of the matrix. */
wn_code wn_choice_part(wn_part_picks *out, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                       const wn_choice_opts *o, size_t part, wn_io *io, wn_err *err);
/* Rows that sums over m rows are estimated from, when not in parts; 0: none, they are exact, as beside values and
 * weights. */
size_t wn_choice_sum_rows(const wn_choice_opts *o, size_t m);
/* The same of several, by o->ranks where there are such: done() gets the picks of each, whose ids it may take. */
typedef struct {
    const size_t *parts; /* [n] from 0 */
    size_t n;
    wn_code (*done)(void *ctx, size_t part, wn_part_picks *picks, wn_err *err);
    void *ctx;
} wn_choice_todo;
wn_code wn_choice_parts_do(const wn_choice_todo *todo, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                           const wn_choice_opts *o, wn_io *io, wn_err *err);
/* Edges a row of that graph for m rows; 0: over all pairs. */
size_t wn_choice_neighbours(const wn_choice_opts *o, size_t m);

/* ---- what a choice is worth ---- */

#define WN_VERDICT_LEVEL .95 /* of every interval; a verdict needs p <= 1 - level */
#define WN_VERDICTS(X) \
    X(WN_VERDICT_NONE, "no difference shown") X(WN_VERDICT_BETTER, "better") X(WN_VERDICT_WORSE, "worse")
typedef enum { WN_VERDICTS(WN_NAME_VALUE) } wn_verdict;
const char *wn_verdict_word(wn_verdict v);

/* Accuracy, 0 .. 1, or a difference of two; NaN: not measured. */
typedef struct {
    double mean, low, high;
} wn_estimate;

enum { WN_WORTH_NONE = 160 };

typedef struct {
    char none[WN_WORTH_NONE];  /* why nothing was measured; empty: it was */
    wn_verdict verdict;        /* chosen rows against random ones */
    wn_estimate chosen;        /* of what is learnt from rows chosen like these */
    wn_estimate random;        /* from as many random rows without copies */
    bool limited;              /* these were drawn under the limits of the choice */
    wn_estimate all;           /* from all_rows random rows */
    wn_estimate gain;          /* chosen less random */
    double guess;              /* accuracy of always the largest class, of the rows tested */
    double p;                  /* of no gain, over the folds */
    size_t folds, held_out;    /* how often, each time tested on so many rows */
    size_t rows;               /* rows learnt from: chosen, random */
    size_t all_folds, all_rows, of; /* of all: in so many folds, so many of the rows that a fold has, `of` */
    double c;                  /* inverse regularisation of the probe */
} wn_worth;

/* A choice, and what it was made from. */
typedef struct {
    const wn_copies *copies;
    const wn_view *rows;
    const wn_lists *lists;
    const wn_choice_opts *opts;
    const wn_choice *choice;
    const wn_encoder *encoder; /* that made the vectors of the rows of `copies`; NULL: they came from files */
} wn_chosen;

/* Rows are held out by chance, the choice is made anew among the others, as it was, and a logistic regression
 * that learnt from it is tested on them (docs/verdict.md). How often, and on how many rows, depends on sizes alone, so
 * that it takes a small part of a run. v's rows change places and come back. Rows have labels. Random rows are drawn
 * under the limits of the choice; under a budget, or beside rows that one has, nothing is measured. */
wn_code wn_worth_measure(wn_worth *out, wn_vectors *v, const wn_chosen *chosen, wn_io *io, wn_err *err);
/* In words: "better than a random choice: expected accuracy with these rows 0.712 +- 0.010, ...". */
enum { WN_WORTH_TEXT = 320 };
void wn_worth_text(char out[WN_WORTH_TEXT], const wn_worth *w);
/* Bytes that it takes beyond the vectors for `m` rows of d values, where a choice takes `choice` bytes. */
size_t wn_worth_bytes(const wn_choice_opts *o, size_t m, size_t d, size_t classes, size_t choice);

/* ---- who stands for whom, and curves over the budget ---- */

typedef struct {
    size_t *by;    /* [n] chosen row that stands for each, itself if chosen; WN_NONE: none (zero vector) */
    float *sim;    /* [n] cosine to it */
    size_t *count; /* [k] rows that each chosen one stands for, itself and copies included */
} wn_representatives;

enum { WN_CURVE_POINTS = 20, WN_CURVE_BINS = 50 };
/* Cosines in equal steps from 0 to 1; below 0 counts as 0. */
static inline size_t wn_curve_bin(float cosine) {
    size_t bin = cosine > 0 ? (size_t)(cosine * WN_CURVE_BINS) : 0;
    return bin < WN_CURVE_BINS ? bin : WN_CURVE_BINS - 1;
}

typedef struct {
    size_t n, k[WN_CURVE_POINTS]; /* budgets, rising; the last is all of the choice */
    /* mean cosine of all rows to the nearest chosen one, and to the nearest of as many random ones */
    double coverage[WN_CURVE_POINTS], coverage_random[WN_CURVE_POINTS];
    double value_random[WN_CURVE_POINTS]; /* objective that a random choice has */
    bool has_value_random;
    size_t nearest_random[WN_CURVE_BINS]; /* input rows by their cosine to the nearest of k random ones */
} wn_curves;

/* x must be normalised (also where the choice was made by dot products). O(n k d). */
wn_code wn_representatives_find(wn_representatives *out, wn_curves *curves, const wn_vectors *v, const wn_copies *c,
                                const wn_choice *choice, wn_io *io, wn_err *err);
void wn_representatives_free(wn_representatives *a);
wn_code wn_curves_random(wn_curves *curves, const wn_vectors *v, const wn_copies *c, const wn_choice *choice,
                         const wn_choice_opts *o, wn_io *io, wn_err *err);

/* ---- plan ---- */

typedef struct {
    size_t dims;           /* columns of the vectors */
    size_t encode_bytes;   /* that making them takes, with what it keeps; 0: they are read */
    double encode_seconds; /* on one thread */
    bool verdict;          /* with labels what a choice is worth is measured (wn_worth_measure) */
    bool streams;          /* the vectors may be in a file rather than in memory */
    size_t budget;         /* bytes of memory: where they do not suffice for the vectors, these are streamed */
} wn_plan_opts;

typedef struct {
    size_t dims;                      /* as above */
    size_t text, vectors, need, disk; /* bytes: of the texts, of the vectors; memory and disk that the work takes */
    bool streamed;                    /* the vectors are in a file as large as they are, which counts as disk */
    size_t resident;                  /* then: of the vectors in memory at a time, which counts as need */
    double seconds;
} wn_plan;

/* What a choice will take, before the vectors are made. An estimate from above, but for the time. */
wn_plan wn_plan_make(const wn_rows *rows, const wn_copies *c, const wn_choice_opts *choice, const wn_plan_opts *o);
/* Bytes that rows, tables and vectors hold while the choice is made. */
size_t wn_plan_held(const wn_rows *rows, const wn_vectors *v, const wn_choice_opts *c);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
