#ifndef WN_PIPELINE_TARGET_H
#define WN_PIPELINE_TARGET_H
/* Where an output is to stand. */
#include <stdbool.h>
#include <winnow/err.h>

/* Whether a file is of a kind that winnow writes: only such a one, or an empty one, is replaced. wn_store_ours is one
 * for matrices. */
typedef bool (*wn_output_ours)(const char *path);
bool wn_page_ours(const char *path);   /* a report */

/* WN_EUSAGE or WN_EIO where `path` could not be created or replaced: before the work rather than after it. ours: NULL
 * for a folder, whose content wn_outdir_check looks at. */
wn_code wn_output_check(const char *path, bool overwrite, wn_output_ours ours, wn_err *err);

#endif
