#ifndef WN_PIPELINE_JOB_H
#define WN_PIPELINE_JOB_H
/* One selection from rows to output folder: what `run` and `select` share. The stages fill it from top to bottom. */
#include "labels.h"
#include "outcome/outdir.h"

#include <winnow/config.h>
#include <winnow/encoder.h>
#include <wn/corpus_view.h>
#include <winnow/records.h>
#include <winnow/select.h>
#include <winnow/similarity.h>
#include <winnow/store.h>

enum { WN_JOB_STAGES = 12, WN_JOB_POINTS = 20 };

#define WN_REPORT_TITLE "winnow: what was chosen"

typedef struct {
    const char *name;
    double seconds;
} wn_stage;

/* A matrix file of the input: rows [begin, begin + rows) of all. */
typedef struct {
    const char *path;
    char sha256[65];
    uint64_t bytes;
    size_t begin, rows;
} wn_matrix_input;

typedef struct {
    const wn_config *c;
    wn_io *io;
    double started, lap;
    wn_stage stages[WN_JOB_STAGES];
    size_t nstages;

    /* rows: records (run) or a matrix file (select) */
    size_t n;
    wn_corpus corpus;
    wn_strings ids, labels; /* select: columns of /obs */
    wn_label_codes codes;   /* select: of `labels` */
    wn_matrix_input *matrices; /* select, dedup of a matrix: [nmatrices] */
    size_t nmatrices;
    wn_view view;           /* [n] of whichever it is */

    /* duplicates */
    size_t *copy_of;        /* [n] kept row of each row; itself if kept. NULL: no duplicate was looked for */
    size_t dropped, groups;

    /* vectors: rows 0 .. m-1 of x are the kept rows in input order; near duplicates follow */
    wn_mat x;
    size_t m;
    size_t *x_row;          /* [n] row of x for each input row */
    size_t *row_of;         /* [m] input row of each kept row */
    size_t zero_rows;       /* input rows with a zero vector */
    bool *zero;             /* [m] */
    char encoder[192];
    wn_encoder *made_by;    /* of the vectors; NULL: they come from a matrix file */

    /* lists, as input rows */
    size_t *keep, *exclude, nkeep, nexclude;

    /* selection */
    size_t wanted, k;       /* as asked for, as possible */
    wn_kernel kernel;
    double gamma_median;    /* NaN: gamma was given, or does not apply */
    wn_selection selection; /* ids are rows of x */
    size_t *chosen;         /* [k] input rows in order of choice */
    size_t *rank;           /* [n] from 1; 0: not chosen */
    size_t *by;             /* [n] input row that stands for each; SIZE_MAX: none (zero vector) */
    float *sim;             /* [n] cosine to it */
    size_t *count;          /* [k] input rows that each chosen one stands for, itself and copies included */

    /* curves */
    size_t points[WN_JOB_POINTS], npoints;
    double coverage[WN_JOB_POINTS], coverage_random[WN_JOB_POINTS], value_random[WN_JOB_POINTS];
    bool has_value_random;

    wn_outdir out;
} wn_job;

void wn_job_init(wn_job *j, const wn_config *c, wn_io *io);
void wn_job_free(wn_job *j); /* and removes an unfinished output folder */
/* Ends a stage: adds the time since the last call to `name`. */
void wn_job_lap(wn_job *j, const char *name);
/* Facility location: the neighbours a row of the graph that it is computed over; 0: over all pairs of the m rows. */
size_t wn_job_neighbours(const wn_job *j);
/* Sizes and sums of the matrix files, which hold rows[i] rows each. */
wn_code wn_job_matrices(wn_job *j, const size_t *rows, size_t n, wn_err *err);
/* Bytes that rows, vectors and tables hold while the choice is made. */
size_t wn_job_held(const wn_job *j);

/* ---- stages, in this order ---- */
/* --keep and --exclude files to rows. WN_EUSAGE: an id that no row has, naming file and line. */
wn_code wn_job_lists(wn_job *j, wn_err *err);
/* copy_of from exact or near duplicates; then a row to keep stands for its own group, one to exclude for none. */
wn_code wn_job_exact(wn_job *j, wn_err *err);
wn_code wn_job_encode(wn_job *j, wn_err *err); /* x of the kept rows' texts */
wn_code wn_job_near(wn_job *j, wn_err *err); /* after the vectors; puts dropped rows behind the kept ones */
/* wanted, k; WN_ECONSTRAINT where more rows must be kept than chosen. */
wn_code wn_job_size(wn_job *j, wn_err *err);
wn_code wn_job_plan(wn_job *j, wn_err *err); /* memory: WN_EMEMORY; --dry-run: prints the plan */
wn_code wn_job_select(wn_job *j, wn_err *err);           /* gamma, the choice, who stands for whom, curves */
wn_code wn_job_write(wn_job *j, wn_err *err);            /* everything but the records */
wn_code wn_job_assignment(wn_job *j, wn_err *err);       /* assignment.tsv alone, from by and sim */
wn_code wn_job_records(wn_job *j, wn_err *err);          /* subset.*, rest.* */
wn_code wn_job_manifest(wn_job *j, wn_err *err);
void wn_job_summary(wn_job *j);
/* The command to repeat a run, from its canonical line; wn_free the result. */
char *wn_repeat_command(const char *command_line, wn_err *err);

#endif
