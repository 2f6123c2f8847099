#ifndef WINNOW_IO_H
#define WINNOW_IO_H
/* What long work says while it goes on. */
#include <stdbool.h>
#include <winnow/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every member may be NULL. */
typedef struct {
    wn_progress *progress;
    void (*say)(void *ctx, const char *line);   /* one line of summary or warning, to stderr; no final newline */
    void (*print)(void *ctx, const char *text); /* to stdout: what explain, info, check and --dry-run answer */
    void (*write)(void *ctx, const void *data, size_t n); /* the same, of bytes as they are: chosen records */
    void *ctx; /* handed to say, print and write */
    bool terminal; /* a person reads what say says: advice is welcome, which in a log would be noise */
} wn_io;

#ifdef __cplusplus
}
#endif

#endif
