#ifndef WN_PIPELINE_MADE_OF_H
#define WN_PIPELINE_MADE_OF_H
/* What a matrix file of winnow says of the records that its rows were made of. */
#include <cjson/cJSON.h>
#include <winnow/store.h>

/* Zero-initialise; wn_made_of_free in the end. */
typedef struct {
    cJSON *config; /* options by their long names; NULL: the file says nothing of records */
    char *sums;    /* SHA-256 of the files, 64 digits each, one a line */
    size_t n;      /* files that were read */
} wn_made_of;

/* Of an .h5ad that embed or run wrote; of others nothing is said. */
wn_code wn_made_of_read(wn_made_of *out, wn_matrix_file *m, wn_err *err);
const char *wn_made_of_path(const wn_made_of *o, size_t i); /* as it was named then */
bool wn_made_of_is(const wn_made_of *o, size_t i, const char *sha256);
void wn_made_of_free(wn_made_of *o);

#endif
