#include <wn/buf.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

wn_code wn_buf_append(wn_buf *b, const void *data, size_t n, wn_err *err) {
    if (n > SIZE_MAX - b->len) return wn_err_set(err, WN_EMEMORY, "a buffer would exceed the address space");
    wn_code code = wn_reserve((void **)&b->data, &b->cap, b->len + n, 1, err);
    if (code != WN_OK) return code;
    if (n) memcpy(b->data + b->len, data, n);
    b->len += n;
    return WN_OK;
}

wn_code wn_buf_printf(wn_buf *b, wn_err *err, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *text = n < 0 ? NULL : wn_alloc((size_t)n + 1, 1, err);
    if (text) (void)vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    if (n < 0) return wn_err_set(err, WN_EINTERNAL, "a message could not be formatted");
    if (!text) return WN_EMEMORY;
    wn_code code = wn_buf_append(b, text, (size_t)n, err);
    wn_free(text);
    return code;
}
