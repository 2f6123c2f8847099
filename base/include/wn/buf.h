#ifndef WN_BUF_H
#define WN_BUF_H
/* A growing byte buffer. */
#include <stddef.h>
#include <winnow/err.h>

/* Zero-initialise; wn_free(data) in the end. */
typedef struct {
    char *data;
    size_t len, cap;
} wn_buf;
wn_code wn_buf_append(wn_buf *b, const void *data, size_t n, wn_err *err);

/* A buffer for putting a page of text together: the first failure sticks, later writes do nothing, and `code` is looked
 * at once. data is NULL or ends with a zero that len does not count. Initialise with {.err = err}; wn_free(data) in the
 * end. */
typedef struct {
    char *data;
    size_t len, cap;
    wn_code code;
    wn_err *err;
} wn_writer;
void wn_writer_bytes(wn_writer *w, const void *data, size_t n);
void wn_writer_put(wn_writer *w, const char *s);
__attribute__((format(printf, 2, 3))) void wn_writer_printf(wn_writer *w, const char *fmt, ...);
/* A byte of UTF-8 within a string of JSON; returns how many bytes of out it took. */
size_t wn_json_byte(char out[8], unsigned char c);
/* s[0 .. n) as such a string, quotes included. */
void wn_writer_json(wn_writer *w, const char *s, size_t n);

#endif
