#ifndef WINNOW_OUTCOME_H
#define WINNOW_OUTCOME_H
/* What was chosen and why: what an output folder holds. `run`, `select` and `dedup` fill one and write it; `explain`
 * and `report` read it back. Sizes: n input rows (copies included), k chosen ones. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/progress.h>
#include <winnow/select.h>
#include <winnow/stages.h>

/* The columns of /obs that a choice adds, X(name, type, when): one row here is one column more in selection.h5ad, read
 * back under the same name. Types: flag (bool), index (size_t, WN_NONE is -1 in the file), f64, f32. When: always, or
 * sometimes (a NULL is not written, and read where it is). */
#define WN_OUTCOME_COLUMNS(X)           \
    X(selected, flag, always)           \
    X(rank, index, always)              \
    X(gain, f64, always)                \
    X(represented_by, index, always)    \
    X(represented_sim, f32, always)     \
    X(copy_of, index, sometimes)        \
    X(must_keep, flag, sometimes)       \
    X(excluded, flag, sometimes)        \
    X(cost, f64, sometimes)             \
    X(query, index, sometimes)          \
    X(query_sim, f32, sometimes)

typedef bool wn_column_flag;
typedef size_t wn_column_index;
typedef double wn_column_f64;
typedef float wn_column_f32;

/* [n] each. rank: from 1. gain: NaN where not chosen. represented_by: the row that stands for each, itself if chosen;
 * WN_NONE: none does. represented_sim: cosine to it. copy_of: the kept row of a copy, itself if kept; NULL: no copies
 * were looked for. must_keep, excluded: --keep or --exclude names it; NULL: none is named. cost: what a row costs;
 * NULL: there is no budget. query, query_sim: the query
 * that a row was chosen for, else the nearest one, and the cosine to it; WN_NONE and 0 for zero vectors; NULL: there
 * are no queries. */
typedef struct {
#define WN_COLUMN(name, type, when) const wn_column_##type *name;
    WN_OUTCOME_COLUMNS(WN_COLUMN)
#undef WN_COLUMN
} wn_columns;

/* The language model that made the vectors. */
typedef struct {
    const char *path, *sha256, *precision;
    size_t texts, tokens, truncated, equal;
    size_t resumed, computed_tokens; /* vectors taken from a part file; tokens of the others */
    double tokens_per_second;        /* NaN: none was computed */
} wn_outcome_model;

/* Queries that rows were chosen toward. */
typedef struct {
    const char *path, *sha256;
    const char *format;   /* of records; NULL: a matrix */
    uint64_t bytes;
    size_t n, zero;       /* queries; those that are zero vectors */
    size_t in_pool;       /* rows of the input that are queries, too */
    wn_objective method;
    double weight, alpha; /* alpha: of tsds, else NaN */
    size_t chosen;        /* rows that the method chose, the first after those to keep */
    double cosine;        /* mean of these to the query that each serves; NaN: none were */
    double cosine_random; /* mean of all rows to their nearest query: of a random choice */
} wn_outcome_query;

/* What the rows were chosen under together. All zero: nothing. */
typedef struct {
    size_t groups, per_group;
    double budget, spent, cost_power;
    double max_similarity;
    size_t had; /* rows that one had already */
} wn_outcome_limits;

/* A view: owns nothing, unless wn_outcome_read filled it. */
typedef struct {
    /* what was done, from what */
    const char *version, *command; /* of winnow; the canonical command line without -o */
    const char *config;            /* JSON: every option that decides the result */
    const char *day;               /* it was made on, "2031-07-24"; NULL: not known */
    uint64_t seed;
    const wn_input *inputs; /* [ninputs] */
    size_t ninputs;
    const wn_outcome_model *model; /* NULL: none */
    const char *encoder;           /* "lsa, 128 dimensions, 18344 words"; NULL: the vectors were read */
    wn_objective objective;
    wn_kernel_kind similarity;
    wn_storage storage;                          /* as used */
    size_t passes;                               /* over all rows that the choice took; 0: not counted */
    wn_maximizer maximizer;                      /* as used; auto: a solver of the objective's own */
    double lambda, saturation, gamma, radius, gamma_median, cut_off; /* NaN: does not apply */
    double bound;                                /* as in wn_selection; NaN: none */
    size_t components;                           /* that rows were compared by; 0: as they are */
    double explained;                            /* share of the variance that these have; NaN: does not apply */
    wn_outcome_limits limits;
    const wn_outcome_query *query;               /* NULL: none */
    const wn_worth *worth;                       /* what a probe learns from such rows; NULL: not asked */
    /* of class-herding; label_noise NaN: push was given; quota_power: of wn_class_opts, NaN: shares came
     * from a file, negative: not known */
    double push, label_noise, quota_power;

    /* how many */
    size_t n, k, wanted, dropped, groups, mixed, skipped, empty, zero_rows, nkeep, nexclude;

    /* rows */
    wn_view rows;        /* [n] id, text (may be absent), label */
    wn_places places;    /* [n] where they stand in the input; matrices have none */
    const wn_mat *x;     /* [m, d] normalised vectors; NULL: none */
    const size_t *x_row; /* [n] row of x for each row; NULL: m = n and row i is i */
    wn_columns column;

    /* choices, in their order */
    const size_t *chosen;        /* [k] rows; NULL: nothing was to be chosen (dedup) */
    const double *gain, *value;  /* [k] gain and running objective: 0 for random */
    const size_t *n_represented; /* [k] rows that each stands for, itself and copies included */
    size_t negative_from;        /* first choice of the greedy with a negative gain, k if none */
    bool by_coverage;            /* the choices stand in the order in which they cover */
    size_t summed; /* rows that sums were estimated from; 0: none was */
    double sum_error;
    size_t parts; /* the choice was made in so many; 0: at once */
    wn_partitioning parts_by;
    wn_partitioned rounds;

    /* curves over the budget */
    size_t npoints;
    const size_t *points;                     /* [npoints] budgets, rising; the last is k */
    const double *coverage, *coverage_random; /* [npoints] mean cosine of all rows to their nearest chosen one */
    const double *value_random;               /* [npoints] objective that a random choice has; NULL: not known */
    const size_t *nearest_random;             /* [WN_CURVE_BINS] as wn_curves; NULL: not known */

    struct wn_outcome_own *own; /* what wn_outcome_read allocated; NULL: a view */
} wn_outcome;

/* f of the chosen rows is at least this share of the best that as many rows can reach, in steps of .001, rounded down.
 * NaN: no bound is known, or one of the two is not above 0. */
double wn_outcome_certified(const wn_outcome *o);
enum { WN_CERTIFIED_TEXT = 200 };
/* "at least 97.3% of the best that 100 rows can reach"; false: there is nothing to say. */
bool wn_outcome_certified_text(char out[WN_CERTIFIED_TEXT], const wn_outcome *o);

/* Was the choice of this rank, from 1, made toward its query? */
static inline bool wn_outcome_served(const wn_outcome *o, size_t rank) {
    return o->query && o->column.query && rank > o->nkeep && rank <= o->nkeep + o->query->chosen;
}

/* Parts of a folder, for wn_outcome_read. */
enum {
    WN_READ_MANIFEST = 1, /* manifest.json: what was done, how many, curves */
    /* selection.h5ad: config, ids, labels, places, columns, choices; n and k, too. A folder without one, as dedup
     * writes: assignment.tsv, whose rows have rank, represented_by, represented_sim, copy_of; `chosen` stays NULL */
    WN_READ_COLUMNS = 2,
    WN_READ_VECTORS = 4,  /* and its matrix, where there is one */
    WN_READ_TEXTS = 8     /* subset.* and rest.*, which must be as they were written; none for a matrix */
};

/* Reads the parts named of the folder that a command wrote. Overwrites *o; wn_outcome_free it whatever the outcome.
 * WN_EINPUT where the folder is none of ours or its parts do not fit together. */
wn_code wn_outcome_read(wn_outcome *o, const char *folder, unsigned parts, wn_progress *p, wn_err *err);
void wn_outcome_free(wn_outcome *o); /* nothing to do for a view */

/* A row whose text is wanted. */
typedef struct {
    size_t row;
    char *text; /* wn_free it; NULL: not known */
} wn_quote;

/* The texts of a few rows, cut to `bytes`, from subset.* and rest.* of a folder that was read (manifest and columns).
 * What cannot be read, or is not as it was written, stays NULL; io hears why. */
void wn_outcome_quote(const wn_outcome *o, wn_quote *q, size_t n, size_t bytes, wn_io *io);
/* Says which files of the input are not as they were read. Those that are not there are nobody's fault. */
void wn_outcome_inputs_say(const wn_outcome *o, wn_io *io);

#endif
