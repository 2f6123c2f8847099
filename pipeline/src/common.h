#ifndef WINNOW_PIPELINE_COMMON_H
#define WINNOW_PIPELINE_COMMON_H
/* What several commands do alike. */
#include <winnow/config.h>
#include <winnow/mem.h>
#include <winnow/records.h>

/* The part of a configuration that says how records are read. A view: valid as long as c. */
wn_records_opts wn_input_options(const wn_config *c);

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

#endif
