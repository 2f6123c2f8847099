#ifndef WN_PIPELINE_SELECTING_H
#define WN_PIPELINE_SELECTING_H
/* What `run` and `select` have in common: the stages of winnow/stages.h in order, and the folder they end in. Only
 * where rows and vectors come from differs. */
#include "encoding.h"
#include "limiting.h"
#include "querying.h"
#include "outcome/outdir.h"

#include <winnow/config.h>
#include <winnow/stages.h>
#include <wn/outcome.h>
#include <wn/timings.h>

/* What the stages have made so far. Zero-initialise. */
typedef struct {
    wn_timings timings;
    wn_rows rows;
    wn_lists lists;
    wn_copies copies;
    wn_encoder *encoder; /* who makes the vectors; NULL: files hold them */
    wn_matrices in;      /* those files */
    wn_vectors vectors;
    wn_querying query;       /* what rows are chosen toward; none: empty */
    wn_class_labels classes; /* of class-herding */
    double *value, *weight;           /* [n] of the rows; NULL: none */
    double *kept_value, *kept_weight; /* [m] of the rows of the matrix */
    wn_limiting limiting;    /* what may be chosen together */
    wn_choice_opts opts;
    double gamma_median;
    wn_choice choice;
    wn_worth worth;
    bool judged; /* worth was asked for */
    wn_plan plan;
    wn_representatives who;
    wn_curves curves;
    wn_outdir dir;
} wn_selecting;

/* With files open and records read: whether they belong together (wn_rows_beside). */
wn_code wn_selecting_match(wn_selecting *s, wn_io *io, wn_err *err);
/* With rows: lists, copies, and k as a number of rows. */
wn_code wn_selecting_begin(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
/* Where every row of a matrix is one to choose from, before the tables of rows are made: what would not fit. */
wn_code wn_selecting_plan_early(const wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
/* What the rest will take; --dry-run prints it. WN_EMEMORY where it is too much. */
wn_code wn_selecting_plan(wn_selecting *s, const wn_config *c, const wn_plan_opts *o, wn_io *io, wn_err *err);
/* The vectors of the rows that are no copies, from files. */
wn_code wn_selecting_vectors(wn_selecting *s, const wn_config *c, wn_err *err);
/* With vectors: near copies, and all else that a choice is made with. */
wn_code wn_selecting_prepare(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
/* The choice, who stands for whom, curves. */
wn_code wn_selecting_choose(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
/* The output folder, and the summary. */
wn_code wn_selecting_write(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
void wn_selecting_free(wn_selecting *s); /* and removes an unfinished output folder */

/* What a person reads when the work is done. zeros_last: zero vectors were chosen only when nothing else was left. */
void wn_summary_say(const wn_config *c, const wn_outcome *o, bool zeros_last, wn_io *io);

#endif
