#ifndef WN_PIPELINE_KIND_H
#define WN_PIPELINE_KIND_H
/* What stands at a path: the table of kinds, in the order in which they are recognised. A kind is one row here and
 * three functions: is_NAME in kind.c, info_NAME in info.c, check_NAME in check.c. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/config.h>
#include <winnow/err.h>

#define WN_KINDS(X)                 \
    X(model, WN_KIND_MODEL)         \
    X(folder, WN_KIND_FOLDER)       \
    X(matrix, WN_KIND_MATRIX)       \
    X(encoder, WN_KIND_ENCODER)     \
    X(records, WN_KIND_RECORDS)

#define WN_KIND_VALUE(name, value) value,
typedef enum { WN_KINDS(WN_KIND_VALUE) } wn_kind;
#undef WN_KIND_VALUE

/* By the type of the path, its first bytes and its name. "-" is records. WN_EIO if it is not there. */
wn_code wn_kind_of(const char *path, wn_kind *kind, wn_err *err);
/* True for a matrix file by its name (.h5ad .h5 .hdf5 .npy) or its first bytes. */
bool wn_input_is_matrix(const char *path);

wn_code wn_info_records(const wn_config *c, const char *path, wn_io *io, wn_err *err);
wn_code wn_info_folder(const char *path, wn_io *io, wn_err *err);
/* A model folder: what it holds; whether it and its tokenizer open. */
wn_code wn_info_model(const char *dir, wn_io *io, wn_err *err);
wn_code wn_check_model(const char *dir, char *summary, size_t size, wn_err *err);

#endif
