#ifndef WINNOW_SAFEFILE_H
#define WINNOW_SAFEFILE_H
/* Files and folders that appear whole or not at all: written beside the target, synced, then renamed over it. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>
#include <wn/fd.h>

typedef struct wn_safefile wn_safefile;

/* Starts a temporary file in the folder of `path`. Without `overwrite` an existing target is refused (WN_EUSAGE)
 * here and again at commit; with it, one that is another at commit than it is here. Left-over temporaries of dead
 * processes for the same target are removed. */
wn_code wn_safefile_create(wn_safefile **out, const char *path, bool overwrite, wn_err *err);
/* Where the temporary stands, for libraries that open files by name (they must have closed it before commit). */
const char *wn_safefile_temp(const wn_safefile *f);
/* From here on commit refuses to replace a target that is not empty and holds other bytes than were written. */
void wn_safefile_keep_other(wn_safefile *f);
/* Buffered writing; a failure is remembered and commit refuses. */
wn_code wn_safefile_write(wn_safefile *f, const void *data, size_t n, wn_err *err);
__attribute__((format(printf, 3, 4))) wn_code wn_safefile_printf(wn_safefile *f, wn_err *err, const char *fmt, ...);
/* Flushes, syncs, renames, syncs the folder. Frees f whatever the outcome; on failure the old target stands, except
 * where the file system cannot exchange two names and the folder cannot be synced after the rename. */
wn_code wn_safefile_commit(wn_safefile *f, wn_err *err);
void wn_safefile_abort(wn_safefile *f); /* removes the temporary; NULL is fine */
/* Removes what killed processes left of writing `path`, where nothing writes it again. */
void wn_safefile_sweep(const char *path);

/* The same for a whole folder: write into wn_safedir_temp, then commit. With a guard an existing folder is exchanged in
 * one step and then removed, unless the guard refuses what stands in it: then it is as before. */
typedef struct wn_safedir wn_safedir;
/* WN_OK where all that stands in `folder` may be removed; messages call it `named`. */
typedef wn_code (*wn_safedir_guard)(const char *folder, const char *named, wn_err *err);
wn_code wn_safedir_create(wn_safedir **out, const char *path, wn_safedir_guard guard, wn_err *err);
const char *wn_safedir_temp(const wn_safedir *d);
wn_code wn_safedir_commit(wn_safedir *d, wn_err *err);
void wn_safedir_abort(wn_safedir *d);

#endif
