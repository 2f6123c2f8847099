#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wn/visible.h>

size_t wn_cut_text(const char *s, size_t n, size_t most) {
    if (n <= most) return n;
    while (most && ((unsigned char)s[most] & 0xC0) == 0x80) most--;
    return most;
}

void wn_sayf(wn_io *io, const char *fmt, ...) {
    char line[4096], visible[4096];
    if (!io || !io->say) return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    (void)wn_visible(visible, sizeof visible, line, strlen(line));
    io->say(io->ctx, visible);
}

void wn_printf(wn_io *io, const char *fmt, ...) {
    char text[4096];
    if (!io || !io->print) return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    io->print(io->ctx, text);
}

void wn_print_text(wn_io *io, const char *s, size_t n) {
    char piece[512];
    size_t at = 0, len = 0;
    if (!io || !io->print) return;
    for (size_t i = 0; i < n;) {
        i += wn_visible_next(piece + at, &len, s + i, n - i);
        at += len;
        if (at + WN_VISIBLE_MAX <= sizeof piece && i < n) continue;
        io->print(io->ctx, piece);
        at = 0;
    }
}

void wn_print_name(wn_io *io, const char *s) {
    wn_print_text(io, s, strlen(s));
}
