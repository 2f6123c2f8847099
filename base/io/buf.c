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

void wn_writer_bytes(wn_writer *w, const void *data, size_t n) {
    if (w->code != WN_OK) return;
    if (n > SIZE_MAX - 1 - w->len) {
        w->code = wn_err_set(w->err, WN_EMEMORY, "a buffer would exceed the address space");
        return;
    }
    w->code = wn_reserve((void **)&w->data, &w->cap, w->len + n + 1, 1, w->err);
    if (w->code != WN_OK) return;
    if (n) memcpy(w->data + w->len, data, n);
    w->len += n;
    w->data[w->len] = 0;
}

void wn_writer_put(wn_writer *w, const char *s) {
    wn_writer_bytes(w, s, strlen(s));
}

void wn_writer_printf(wn_writer *w, const char *fmt, ...) {
    va_list ap, again;
    char *text = NULL;
    if (w->code != WN_OK) return;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        w->code = wn_err_set(w->err, WN_EINTERNAL, "a message could not be formatted");
    else if (!(text = wn_alloc((size_t)n + 1, 1, w->err)))
        w->code = WN_EMEMORY;
    else {
        (void)vsnprintf(text, (size_t)n + 1, fmt, again);
        wn_writer_bytes(w, text, (size_t)n);
    }
    va_end(again);
    va_end(ap);
    wn_free(text);
}

size_t wn_json_byte(char out[8], unsigned char c) {
    if (c < 0x20) return (size_t)snprintf(out, 8, "\\u%04x", c);
    size_t n = 0;
    if (c == '"' || c == '\\') out[n++] = '\\';
    out[n++] = (char)c;
    return n;
}

void wn_writer_json(wn_writer *w, const char *s, size_t n) {
    char out[8];
    wn_writer_put(w, "\"");
    for (size_t i = 0; i < n; i++) wn_writer_bytes(w, out, wn_json_byte(out, (unsigned char)s[i]));
    wn_writer_put(w, "\"");
}
