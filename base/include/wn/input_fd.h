#ifndef WN_INPUT_FD_H
#define WN_INPUT_FD_H
/* Files and pipes that are read once from their start, without becoming deaf to an interruption. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <winnow/err.h>

/* Opens `path` ("-" is standard input: descriptor 0, not to be closed). A pipe that nobody writes to yet does not block
 * here, but in the first reading. WN_EIO: it cannot be opened, or is a folder. *regular: it can be read again. */
wn_code wn_input_fd_open(int *fd, bool *regular, const char *path, wn_err *err);
/* Opens a regular file; anything else is WN_EINPUT, and a pipe is not waited for. */
wn_code wn_input_file_open(int *fd, const char *path, wn_err *err);
wn_code wn_input_file_stream(FILE **f, const char *path, wn_err *err); /* the same, to be closed by fclose */
/* The first bytes of a regular file, as many as there are up to cap; false for anything else and where it cannot be
 * read. */
bool wn_input_file_head(void *head, size_t cap, size_t *got, const char *path);
/* A device other than a terminal and /dev/null: it may have no end. */
bool wn_input_fd_endless(int fd);
/* Up to cap bytes; *got = 0 at the end. Waits for a pipe; WN_EINTERRUPT where the process is asked to stop. */
wn_code wn_input_fd_read(int fd, bool regular, void *dst, size_t cap, size_t *got, const char *path, wn_err *err);
/* Leaves standard input open. */
void wn_input_fd_close(int fd);

const char *wn_path_label(const char *path); /* "-" is "standard input" */

#endif
