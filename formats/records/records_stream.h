#ifndef WINNOW_RECORDS_STREAM_H
#define WINNOW_RECORDS_STREAM_H
/* The bytes of a file or of standard input, decompressed where magic bytes say gzip or zstd. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <wn/input_fd.h>

/* Sees every stored (still compressed) byte once, in order. */
typedef wn_code (*wn_tap)(void *ctx, const void *stored, size_t n, wn_err *err);

typedef struct wn_stream wn_stream;

/* `path` names the input in messages. fd >= 0 is read in its place (from its start if it can seek) and stays open;
 * with fd < 0 the file is opened, "-" being standard input. `tap` may be NULL. */
wn_code wn_stream_open(wn_stream **out, const char *path, int fd, wn_tap tap, void *ctx, wn_err *err);
/* Up to cap (> 0) bytes; *got = 0 only at the end. WN_EINPUT where a compressed stream is damaged or cut. */
wn_code wn_stream_read(wn_stream *s, void *dst, size_t cap, size_t *got, wn_err *err);
/* Shows the rest of the stored bytes to the tap without decoding them. */
wn_code wn_stream_drain(wn_stream *s, wn_err *err);
bool wn_stream_regular(const wn_stream *s); /* can the file be read again? */
void wn_stream_close(wn_stream *s);         /* NULL is fine */

#endif
