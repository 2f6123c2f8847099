#include <wn/buf.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

wn_code wn_buf_append(wn_buf *b, const void *data, size_t n, wn_err *err) {
    if (b->failed != WN_OK) return b->failed;
    if (n > SIZE_MAX - b->len)
        return b->failed = wn_err_set(err, WN_EMEMORY, "a buffer would exceed the address space");
    b->failed = wn_reserve((void **)&b->data, &b->cap, b->len + n, 1, err);
    if (b->failed != WN_OK) return b->failed;
    if (n) memcpy(b->data + b->len, data, n);
    b->len += n;
    return WN_OK;
}

wn_code wn_buf_printf(wn_buf *b, wn_err *err, const char *fmt, ...) {
    va_list ap, again;
    char *text = NULL;
    if (b->failed != WN_OK) return b->failed;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        b->failed = wn_err_set(err, WN_EINTERNAL, "a message could not be formatted");
    else if (!(text = wn_alloc((size_t)n + 1, 1, err)))
        b->failed = WN_EMEMORY;
    else {
        (void)vsnprintf(text, (size_t)n + 1, fmt, again);
        (void)wn_buf_append(b, text, (size_t)n, err);
    }
    va_end(again);
    va_end(ap);
    wn_free(text);
    return b->failed;
}
