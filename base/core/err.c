#include <winnow/err.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Names come from files: no control character of theirs reaches a terminal. */
static void one_line(wn_err *err) {
    for (char *p = err->msg; *p; ++p)
        if ((unsigned char)*p < ' ' || *p == 127) *p = '?';
}

wn_code wn_err_set(wn_err *err, wn_code code, const char *fmt, ...) {
    if (!err) return code;
    va_list ap;
    va_start(ap, fmt);
    err->code = code;
    (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    one_line(err);
    return code;
}

wn_code wn_err_errno(wn_err *err, const char *fmt, ...) {
    int saved = errno;
    if (!err) return WN_EIO;
    va_list ap;
    va_start(ap, fmt);
    err->code = WN_EIO;
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->msg)
        (void)snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", strerror(saved));
    one_line(err);
    return WN_EIO;
}

wn_code wn_err_prefix(wn_err *err, const char *fmt, ...) {
    if (!err) return WN_EINTERNAL;
    char old[sizeof err->msg];
    memcpy(old, err->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->msg)
        (void)snprintf(err->msg + n, sizeof err->msg - (size_t)n, "%s", old);
    return err->code;
}
