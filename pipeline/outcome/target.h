#ifndef WN_PIPELINE_TARGET_H
#define WN_PIPELINE_TARGET_H
/* Where an output is to stand. */
#include <stdbool.h>
#include <winnow/err.h>

/* WN_EUSAGE or WN_EIO where `path` could not be created or replaced: before the work rather than after it. */
wn_code wn_output_check(const char *path, bool overwrite, bool folder, wn_err *err);

#endif
