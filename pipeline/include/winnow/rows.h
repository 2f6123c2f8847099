#ifndef WINNOW_ROWS_H
#define WINNOW_ROWS_H
/* Rows to choose from, whether they come from records or from matrix files. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/io.h>
#include <winnow/records.h>
#include <winnow/store.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What stages, reports and selection files need of n rows. A view: owns nothing. */
typedef struct {
    size_t n;
    wn_texts ids;            /* ids.n == 0: the id is the row number */
    wn_texts texts;          /* texts.n == 0: no texts */
    const uint32_t *label;   /* NULL: no labels; UINT32_MAX = none */
    const char *const *labels;
    size_t nlabels;
} wn_view;

/* The id of row i, or its number printed into `number`. Not zero-terminated. */
const char *wn_view_id(const wn_view *v, size_t i, char number[24], size_t *len);
wn_view wn_view_of(const wn_corpus *corpus); /* valid as long as the corpus */

/* A file of the input. */
typedef struct {
    const char *path, *sha256;
    const char *format; /* of records: "jsonl", ...; NULL: a matrix */
    uint64_t bytes;
    size_t rows;
} wn_input;

/* The files of a corpus, [corpus->nsources], as a view of it; wn_free the result. */
wn_input *wn_inputs_of(const wn_corpus *corpus, wn_err *err);

/* Where rows stand in files of records. A view. */
typedef struct {
    const uint32_t *file;                   /* [n] index into files; NULL: the rows are no records */
    const char *const *files;               /* [nfiles] */
    size_t nfiles;
    const uint64_t *line, *offset, *length; /* [n] first line from 1; bytes in the decompressed file */
} wn_places;

/* Where the rows of a corpus stand; `names` [corpus->nsources] gets the paths. Both must live as long. */
wn_places wn_places_of(const wn_corpus *corpus, const char **names);

/* Strings of a column as codes. Zero-initialise. */
typedef struct {
    uint32_t *code; /* [texts->n] index into names; UINT32_MAX: empty. NULL: over 65536 distinct ones, no classes */
    char **names;   /* [n], in order of first appearance */
    size_t n, cap;
} wn_label_codes;
wn_code wn_label_codes_init(wn_label_codes *l, const wn_texts *texts, wn_err *err);
void wn_label_codes_free(wn_label_codes *l);

/* Which part of all rows a file of `embed --shard` holds: "2/3 of 300 rows" at /uns/winnow/shard. */
typedef struct {
    size_t index, count; /* from 1, of how many */
    size_t rows;         /* of all shards */
} wn_shard;

/* Several matrix files of equal width as one: their rows one after the other, as the shards of an embedding. */
typedef struct {
    wn_matrix_file **files; /* [n] */
    const char *const *paths;
    size_t n, rows, cols;
    wn_shard shard; /* count 0: the first file is no shard, or does not say which */
} wn_matrices;

/* The paths must live as long; dataset as in wn_matrix_open. WN_EINPUT where the widths differ, or where several files
 * are shards and one is missing, there twice or out of order. */
wn_code wn_matrices_open(wn_matrices *m, const char *const *paths, size_t n, const char *dataset, wn_err *err);
/* Whether every file has the column; WN_EINPUT in *code where only some have it. */
bool wn_matrices_have_obs(const wn_matrices *m, const char *name, wn_code *code, wn_err *err);
wn_code wn_matrices_obs_strings(const wn_matrices *m, const char *name, wn_strings *out, wn_err *err);
wn_code wn_matrices_read_all(const wn_matrices *m, wn_mat *out, wn_err *err);
/* The same of some rows, rising. */
wn_code wn_matrices_read_some(const wn_matrices *m, const size_t *rows, size_t n, wn_mat *out, wn_err *err);
/* The same into rows that are there, block by block, each to length 1 where `normalize`. */
wn_code wn_matrices_read_into(const wn_matrices *m, const size_t *rows, size_t n, bool normalize, wn_mat *out,
                              wn_err *err);
void wn_matrices_close(wn_matrices *m);

/* The first stage: rows, and what the view points into. Zero-initialise; wn_rows_free in the end. */
typedef struct {
    wn_view view;
    wn_input *inputs; /* [ninputs] */
    size_t ninputs;
    wn_places places;
    /* owned: of records */
    wn_corpus corpus;
    const char **names;
    /* of matrices */
    wn_strings ids;
    wn_label_codes labels;
    char (*sha256)[65]; /* [ninputs]; NULL until wn_rows_hash */
} wn_rows;

wn_code wn_rows_read(wn_rows *out, const wn_records_opts *o, wn_progress *p, wn_err *err); /* records */
/* The same of a corpus, which is empty afterwards. */
wn_code wn_rows_take(wn_rows *out, wn_corpus *corpus, wn_err *err);
/* Ids and, if wanted, labels of matrices (columns _index and label), whose vectors wn_matrices_read_all reads. The
 * paths of m must live as long. */
wn_code wn_rows_matrices(wn_rows *out, const wn_matrices *m, bool labels, wn_io *io, wn_err *err);
/* Vectors for rows that were read from records: the files join the inputs, and their labels count where the records
 * have none. WN_EINPUT where there are not as many rows, or where ids differ; the rows can only be freed then. */
wn_code wn_rows_beside(wn_rows *r, const wn_matrices *m, wn_io *io, wn_err *err);
wn_code wn_rows_hash(wn_rows *r, wn_err *err); /* size and SHA-256 of the matrix files */
void wn_rows_free(wn_rows *r);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
