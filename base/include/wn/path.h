#ifndef WN_PATH_H
#define WN_PATH_H
/* Paths as text: nothing here looks at the disk. */
#include <stddef.h>
#include <winnow/err.h>

/* Bytes of `path` without the slashes at its end; "/" stays. */
size_t wn_path_trim(const char *path);
/* What follows the last slash: part of `path`, which does not end with one. */
const char *wn_path_name(const char *path);
/* The folder of a path without a slash at its end: "a/b" of "a/b/c", "." of "c", "/" of "/c". wn_free the result. */
char *wn_path_folder(const char *path, wn_err *err);
/* folder/name, whether or not the folder ends with slashes; wn_free the result. */
char *wn_path_join(const char *folder, const char *name, wn_err *err);

#endif
