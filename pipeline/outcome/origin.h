#ifndef WN_PIPELINE_ORIGIN_H
#define WN_PIPELINE_ORIGIN_H
/* What every .h5ad of ours says about its rows and about what made it. */
#include <winnow/rows.h>
#include <winnow/store.h>

/* Into /obs: ids, label, source, line, offset and length of the rows, as far as they have them. */
wn_code wn_store_put_view(wn_store *s, const wn_view *rows, const wn_places *places, wn_err *err);
wn_code wn_store_put_rows(wn_store *s, const wn_corpus *corpus, wn_err *err); /* the same of a corpus */

/* Into /uns/winnow: version, and what was asked for. */
typedef struct {
    const char *config, *command; /* options as JSON, canonical command line */
    uint64_t seed;
    const wn_input *inputs; /* [ninputs] */
    size_t ninputs;         /* 0: no input_sha256 */
} wn_origin;
/* input_sha256: 64 hex digits a file, one file a line, in the order of the inputs, no final newline. */
wn_code wn_store_put_origin(wn_store *s, const wn_origin *o, wn_err *err);

/* Into /uns/winnow: model_sha256 and precision. */
wn_code wn_store_put_model(wn_store *s, const char *sha256, const char *precision, wn_err *err);

#endif
