#include <winnow/err.h>

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wn/visible.h>

enum { LONGEST = 2048 }; /* of a message before it is cut to what a wn_err holds */

/* Bytes of text that `wanted`, what vsnprintf returned, has left in text[LONGEST]: a character that the cut went
 * through is left out. */
static size_t kept_bytes(const char *text, int wanted) {
    if (wanted < 0) return 0;
    if (wanted < LONGEST) return (size_t)wanted;
    size_t n = LONGEST - 1;
    while (n && ((unsigned char)text[n - 1] & 0xC0) == 0x80) n--;
    return n && (unsigned char)text[n - 1] >= 0xC0 ? n - 1 : n;
}

/* Names come from files: nothing of theirs may steer a terminal or break a log; nor may a long one push out the cause,
 * which stands in `after`. */
__attribute__((format(printf, 2, 0))) static void set_message(wn_err *err, const char *fmt, va_list ap,
                                                            const char *after) {
    char text[LONGEST];
    size_t n = kept_bytes(text, vsnprintf(text, sizeof text, fmt, ap)), room = strlen(after);
    if (room > sizeof err->msg / 2) room = sizeof err->msg / 2;
    n = wn_visible(err->msg, sizeof err->msg - room, text, n);
    (void)wn_visible(err->msg + n, sizeof err->msg - n, after, strlen(after));
}

wn_code wn_err_set(wn_err *err, wn_code code, const char *fmt, ...) {
    assert(err);
    va_list ap;
    va_start(ap, fmt);
    err->code = code;
    set_message(err, fmt, ap, "");
    va_end(ap);
    return code;
}

wn_code wn_err_errno(wn_err *err, const char *fmt, ...) {
    char why[256];
    assert(err);
    (void)snprintf(why, sizeof why, ": %s", strerror(errno));
    va_list ap;
    va_start(ap, fmt);
    err->code = WN_EIO;
    set_message(err, fmt, ap, why);
    va_end(ap);
    return WN_EIO;
}

wn_code wn_err_prefix(wn_err *err, const char *fmt, ...) {
    assert(err);
    char old[sizeof err->msg];
    memcpy(old, err->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    set_message(err, fmt, ap, old);
    va_end(ap);
    return err->code;
}
