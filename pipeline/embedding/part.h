#ifndef WINNOW_PIPELINE_PART_H
#define WINNOW_PIPELINE_PART_H
/* The part file of a long job: vectors as they come, in checksummed blocks behind one another, so that a job that was
 * killed at any moment goes on from what it has. It stands beside the output, hidden, and belongs to one process. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

/* What the vectors depend on; compared byte by byte. */
typedef struct {
    char model[33], texts[33]; /* fingerprints in hex */
    char options[160];         /* readable: "precision f32, layer 6, ..." */
} wn_part_key;

typedef struct wn_part wn_part;

/* Where the part of `output` stands: .NAME.winnow.part in its folder; wn_free the result. */
char *wn_part_path(const char *output, wn_err *err);

/* A part for `rows` vectors of `width` floats. resume: goes on with what an existing file holds, up to its first block
 * that is not whole, and refuses one of another key (WN_EUSAGE says what differs); else an existing one is replaced,
 * unless it is no part at all (WN_EUSAGE).
 * *found (may be NULL) tells whether there was one. WN_EUSAGE where another process works on it. */
wn_code wn_part_open(wn_part **out, const char *path, const wn_part_key *key, size_t rows, size_t width, bool resume,
                     bool *found, wn_err *err);
/* WN_EUSAGE where the part of `output` holds vectors, saying how many, and what goes on with them or starts anew. */
wn_code wn_part_refuse_left(const char *output, wn_err *err);
size_t wn_part_count(const wn_part *p); /* rows that it holds */
bool wn_part_has(const wn_part *p, size_t row);
/* The vector of a row that it holds: out[width]. */
wn_code wn_part_read(const wn_part *p, size_t row, float *out, wn_err *err);
/* Adds n vectors [n, width] of the rows named, as one block: whole or not there. Synced to disk now and then. */
wn_code wn_part_append(wn_part *p, const uint64_t *rows, const float *vectors, size_t n, wn_err *err);
void wn_part_close(wn_part *p);  /* keeps the file, unless it holds nothing */
void wn_part_remove(wn_part *p); /* the job is done: removes the file and closes */

#endif
