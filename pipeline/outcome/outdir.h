#ifndef WN_PIPELINE_OUTDIR_H
#define WN_PIPELINE_OUTDIR_H
/* The output folder: its files are hashed as they are written, and it appears whole or not at all. */
#include <stdbool.h>
#include <stdint.h>
#include <winnow/err.h>
#include <wn/safefile.h>

enum { WN_OUTDIR_FILES = 16 };

typedef struct {
    char name[40], sha256[65];
    uint64_t bytes;
} wn_outentry;

typedef struct {
    wn_safedir *dir;
    wn_outentry files[WN_OUTDIR_FILES]; /* finished ones, in order of writing */
    size_t nfiles;
} wn_outdir;

/* Starts the folder beside `path`. With `overwrite` an existing folder is replaced at commit, but only an empty one or
 * one that holds nothing but what winnow wrote there, unchanged: WN_EUSAGE otherwise, and it stays as it is. */
wn_code wn_outdir_create(wn_outdir *d, const char *path, bool overwrite, wn_err *err);
/* The same refusals, before any work is done, and those of wn_output_check. */
wn_code wn_outdir_check(const char *path, bool overwrite, wn_err *err);
/* Path of a file in the unfinished folder; wn_free the result. */
char *wn_outdir_path(const wn_outdir *d, const char *name, wn_err *err);
/* Hashes and lists a file that a library wrote there by name. */
wn_code wn_outdir_adopt(wn_outdir *d, const char *name, wn_err *err);
/* SHA256SUMS of every file so far, by name, as sha256sum -c reads it. */
wn_code wn_outdir_sums(wn_outdir *d, wn_err *err);
wn_code wn_outdir_commit(wn_outdir *d, wn_err *err);
void wn_outdir_abort(wn_outdir *d); /* removes what was written; nothing started is fine */

/* A file of the folder. The first failure sticks: later writes do nothing; check says it, and close returns it. */
typedef struct wn_outfile wn_outfile;
wn_code wn_outfile_open(wn_outfile **out, wn_outdir *d, const char *name, wn_err *err);
void wn_outfile_write(wn_outfile *f, const void *data, size_t n);
__attribute__((format(printf, 2, 3))) void wn_outfile_printf(wn_outfile *f, const char *fmt, ...);
wn_code wn_outfile_check(const wn_outfile *f, wn_err *err);
/* Flushes, closes, lists the file with its hash. Frees f whatever the outcome; NULL is fine. */
wn_code wn_outfile_close(wn_outfile *f, wn_err *err);
void wn_outfile_abort(wn_outfile *f); /* NULL is fine */

#endif
