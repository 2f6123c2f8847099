#ifndef WN_VISIBLE_H
#define WN_VISIBLE_H
/* Text of others (names and contents of files, labels, ids) for terminals, logs and files of ours: valid UTF-8, and no
 * character that acts instead of being seen. Bytes that are no UTF-8 become \xFF; control characters (C0, DEL, C1),
 * those that turn the direction of text or show nothing, and separators of lines become \n, \t, \r, \u202E or
 * \U000E0001. Anything else stays as it is, a backslash too: what was made visible once stays as it is. */
#include <stddef.h>
#include <winnow/err.h>

enum { WN_VISIBLE_MAX = 11 }; /* bytes that one character can take, the final zero included */

/* The visible form of what begins at s[0 < n], with a final zero; *len its length. Returns the bytes of s it covers. */
size_t wn_visible_next(char out[WN_VISIBLE_MAX], size_t *len, const char *s, size_t n);

/* The visible form of s[n], with a final zero, cut between characters to size - 1 bytes. Returns its length. */
size_t wn_visible(char *out, size_t size, const char *s, size_t n);

/* A name for a file of ours: as it is where it is valid UTF-8, else its visible form. wn_free it; NULL: no memory. */
char *wn_visible_name(const char *name, wn_err *err);

#endif
