#ifndef WN_PIPELINE_SUMS_H
#define WN_PIPELINE_SUMS_H
/* SHA256SUMS of an output folder: what winnow wrote there, and whether it still is that. */
#include <stddef.h>
#include <winnow/err.h>

typedef struct {
    char sha256[65];
    char *name;
} wn_sum;

/* Zero-initialise. */
typedef struct {
    wn_sum *list; /* [n] in the order of the file */
    size_t n, cap;
} wn_sums;

/* WN_EINPUT where there is none, where a line is none, or where it is not the SHA256SUMS whose checksum manifest.json
 * holds: the manifest itself holds timings and is in no list. */
wn_code wn_sums_read(wn_sums *out, const char *folder, wn_err *err);
void wn_sums_free(wn_sums *s);

/* WN_OK where all that the folder holds is as winnow wrote it, or where it is empty; else WN_EUSAGE names what is not.
 * Messages call the folder `named`. A wn_safedir_guard. */
wn_code wn_folder_ours(const char *folder, const char *named, wn_err *err);
/* The same of one file of it, which need not be there. WN_EINPUT as wn_sums_read. */
wn_code wn_file_ours(const char *folder, const char *name, wn_err *err);

#endif
