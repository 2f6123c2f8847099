#ifndef WN_TEXTFILE_H
#define WN_TEXTFILE_H
/* Small text files that a person names: lists of ids and of files, configurations. */
#include <stddef.h>
#include <winnow/err.h>

/* The bytes of a text file or pipe ("-": standard input) of at most `max` bytes, without a byte order mark at its
 * start, and a zero behind them; wn_free *text. Zero bytes (UTF-16, something binary, a device) and line ends of CR
 * alone are named: WN_EUSAGE, as for a file too large. WN_EIO: it cannot be read. */
wn_code wn_textfile_read(char **text, size_t *len, const char *path, size_t max, wn_err *err);
/* The same of a regular file alone; a pipe is not waited for, but WN_EINPUT. */
wn_code wn_textfile_read_regular(char **text, size_t *len, const char *path, size_t max, wn_err *err);

#endif
