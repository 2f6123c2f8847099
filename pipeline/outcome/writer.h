#ifndef WN_PIPELINE_WRITER_H
#define WN_PIPELINE_WRITER_H
/* Writing an output folder: first the records, then the rest, then commit. */
#include "outdir.h"

#include <winnow/progress.h>
#include <winnow/records.h>
#include <wn/outcome.h>
#include <wn/timings.h>

/* subset.* and rest.*: the records of the corpus byte for byte, by column.rank. */
typedef struct {
    bool annotate;   /* rank, gain and n_represented with each chosen record */
    bool rank_order; /* subset.* in order of choice rather than of input */
} wn_records_out_opts;
wn_code wn_outcome_records(const wn_outcome *o, const wn_corpus *corpus, const wn_records_out_opts *opts, wn_outdir *d,
                           wn_progress *p, wn_err *err);

/* subset.h5ad, the rows of a matrix that are kept by column.copy_of, or rest.h5ad, the others; with their ids. */
wn_code wn_outcome_rows(const wn_outcome *o, bool kept, wn_outdir *d, wn_progress *p, wn_err *err);

/* Everything else: tables, selection.h5ad and report.html (where rows were chosen), SHA256SUMS, manifest.json. */
wn_code wn_outcome_write(const wn_outcome *o, wn_outdir *d, wn_timings *t, wn_progress *p, wn_err *err);
/* What a command that makes no choice of its own says of itself: an object, as JSON. */
typedef struct {
    const char *name, *json;
} wn_manifest_part;
/* part: in place of counts, choice and curves; NULL: those. */
wn_code wn_manifest_write(const wn_outcome *o, const wn_manifest_part *part, wn_outdir *d, const wn_timings *t,
                          wn_err *err);

#endif
