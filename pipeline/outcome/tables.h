#ifndef WN_PIPELINE_TABLES_H
#define WN_PIPELINE_TABLES_H
/* The files that wn_outcome_write puts together, each a writer of its own. */
#include "outdir.h"

#include <wn/outcome.h>
#include <winnow/progress.h>

wn_code wn_selection_tsv_write(const wn_outcome *o, wn_outdir *d, wn_err *err);
wn_code wn_assignment_tsv_write(const wn_outcome *o, wn_outdir *d, wn_err *err);
/* Nothing where no copies have different labels. */
wn_code wn_conflicts_tsv_write(const wn_outcome *o, wn_outdir *d, wn_err *err);
wn_code wn_selection_h5ad_write(const wn_outcome *o, wn_outdir *d, wn_progress *p, wn_err *err);

#endif
