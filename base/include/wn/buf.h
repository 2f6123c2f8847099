#ifndef WN_BUF_H
#define WN_BUF_H
/* A growing byte buffer. */
#include <stddef.h>
#include <winnow/err.h>

/* Zero-initialise; wn_free(data) in the end. The first failure sticks: later appends do nothing and return it, so that
 * a page of text can be put together and `failed` be looked at once, with the same `err` throughout. */
typedef struct {
    char *data;
    size_t len, cap;
    wn_code failed;
} wn_buf;
wn_code wn_buf_append(wn_buf *b, const void *data, size_t n, wn_err *err);
__attribute__((format(printf, 3, 4))) wn_code wn_buf_printf(wn_buf *b, wn_err *err, const char *fmt, ...);

#endif
