#ifndef WINNOW_PIPELINE_KIND_H
#define WINNOW_PIPELINE_KIND_H
/* What stands at a path, for info, check and explain. */
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <winnow/config.h>
#include <winnow/err.h>

typedef enum { WN_KIND_RECORDS, WN_KIND_MATRIX, WN_KIND_FOLDER, WN_KIND_MODEL, WN_KIND_ENCODER } wn_kind;

/* By the type of the path, its first bytes and its name. "-" is records. WN_EIO if it is not there. */
wn_code wn_kind_of(const char *path, wn_kind *kind, wn_err *err);

/* A model folder: what it holds; whether it and its tokenizer open. */
wn_code wn_info_model(const char *dir, wn_io *io, wn_err *err);
wn_code wn_check_model(const char *dir, char *summary, size_t size, wn_err *err);

/* The JSON object in a file; cJSON_Delete the result. WN_EINPUT where it is none. */
wn_code wn_json_read(const char *path, cJSON **out, wn_err *err);

/* wn_store_check in a child process, because libhdf5 crashes on some broken files: WN_EINPUT then. */
wn_code wn_store_check_guarded(const char *path, char *summary, size_t size, wn_err *err);

#endif
