#ifndef WN_PIPELINE_QUERYING_H
#define WN_PIPELINE_QUERYING_H
/* The queries that `run` and `select` choose toward: read, made into vectors, and what became of them. */
#include <winnow/config.h>
#include <winnow/stages.h>
#include <wn/outcome.h>

/* Zero-initialise. */
typedef struct {
    wn_rows rows;  /* of records, or of a matrix; no rows: there are no queries */
    wn_mat x;      /* [n, d] normalised; of records only the number of rows until they are encoded */
    size_t *of_row; /* [n input rows] the query that each is chosen for, else its nearest; WN_NONE: zero vectors */
    float *sim;     /* [n input rows] cosine to it */
    wn_outcome_query outcome;
} wn_querying;

/* With the options read: records without label and id, or a matrix of `cols` columns. WN_EINPUT: there are none, or of
 * another width. */
wn_code wn_querying_read(wn_querying *q, const wn_config *c, size_t cols, wn_io *io, wn_err *err);
/* With vectors: counts those that are zero, which are passed over, and says so; words: they come of known words.
 * WN_EINPUT: all are. */
wn_code wn_querying_look(wn_querying *q, bool words, wn_io *io, wn_err *err);
/* With the choice: of_row, sim and outcome. O(n q d). */
wn_code wn_querying_find(wn_querying *q, const wn_view *rows, const wn_copies *c, const wn_vectors *v,
                         const wn_choice *choice, wn_io *io, wn_err *err);
void wn_querying_free(wn_querying *q);

#endif
