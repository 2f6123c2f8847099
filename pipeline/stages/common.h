#ifndef WINNOW_PIPELINE_COMMON_H
#define WINNOW_PIPELINE_COMMON_H
/* What several commands do alike. */
#include <winnow/config.h>
#include <winnow/encoder.h>
#include <winnow/mem.h>
#include <winnow/records.h>
#include <winnow/store.h>

/* The part of a configuration that says how records are read. A view: valid as long as c. */
wn_records_opts wn_input_options(const wn_config *c);

/* wn_corpus_read, with a word about skipped records. uniform: as in wn_records_opts. No record at all is WN_EINPUT,
 * unless "-" is an input. */
wn_code wn_corpus_take(wn_corpus *corpus, const wn_config *c, bool uniform, wn_io *io, wn_err *err);

/* Into /obs: ids, label, source, line, offset, length and cost of the records, as far as they have them. */
wn_code wn_store_put_rows(wn_store *s, const wn_corpus *corpus, wn_err *err);
/* Into /uns/winnow: config, version, command, seed and, given a corpus, input_sha256 (one a source, one a line). */
wn_code wn_store_put_origin(wn_store *s, const wn_config *c, const wn_corpus *corpus, wn_err *err);

/* Into /uns/winnow: model_sha256 and precision, where a model made the vectors. */
wn_code wn_store_put_model(wn_store *s, wn_encoder *e, wn_err *err);

/* Rows [begin, begin + n) of a corpus as one of their own, with the numbers of the rows where they have no ids.
 * Zero-initialise; the corpus must live as long. */
typedef struct {
    wn_corpus corpus;
    int64_t *row; /* [n] */
    char *text;   /* what ids point into, and where */
    unsigned long long *off;
} wn_slice;
wn_code wn_slice_init(wn_slice *s, const wn_corpus *corpus, size_t begin, size_t n, wn_err *err);
void wn_slice_free(wn_slice *s);

/* The whole of a file; wn_free *text. */
wn_code wn_read_whole(const char *path, char **text, size_t *len, wn_err *err);

/* True for a matrix file by its name (.h5ad .h5 .hdf5 .npy) or its first bytes. */
bool wn_input_is_matrix(const char *path);

/* WN_EUSAGE or WN_EIO where `path` could not be created or replaced: before the work rather than after it. */
wn_code wn_output_check(const char *path, bool overwrite, bool folder, wn_err *err);

/* Bytes that may be used: --memory, or what the machine has. */
size_t wn_memory_budget(const wn_config *c);
/* WN_EMEMORY naming need and budget where `need` bytes are more than that. `what`: "embedding 3742 texts". */
wn_code wn_memory_require(const wn_config *c, size_t need, const char *what, wn_err *err);

/* "1.3 GB" */
const char *wn_bytes_text(size_t bytes, char out[32]);

__attribute__((format(printf, 2, 3))) void wn_sayf(wn_io *io, const char *fmt, ...);   /* io may be NULL */
__attribute__((format(printf, 2, 3))) void wn_printf(wn_io *io, const char *fmt, ...); /* to io->print */
/* Text of the input to io->print, its control characters as spaces: it must not steer a terminal. */
void wn_print_text(wn_io *io, const char *s, size_t n);

#endif
