#ifndef WN_PIPELINE_ENCODING_H
#define WN_PIPELINE_ENCODING_H
/* Vectors of the rows that are no copies, and who made them; shared by run and dedup. */
#include "embedding/encode.h"

#include <winnow/stages.h>
#include <wn/outcome.h>

/* Texts that no encoder learns from, and their vectors. */
typedef struct {
    const wn_texts *texts;
    wn_mat *x; /* [texts->n, dims] normalised; the caller's to free */
} wn_encoding_more;

/* x [m, dims] of the kept rows' texts; more (may be NULL) is encoded with them. Of e only what takes no memory stays:
 * what it was, and how to commit it. */
wn_code wn_encoding_kept(wn_mat *x, wn_encoder *e, const wn_config *c, const wn_texts *texts, const wn_copies *copies,
                         const wn_encoding_more *more, wn_io *io, wn_err *err);
/* The model that made the vectors: *model points to *out, or is NULL where none did. A view of e, which may be NULL. */
wn_code wn_encoding_model(const wn_outcome_model **model, wn_outcome_model *out, wn_encoder *e, wn_err *err);

#endif
