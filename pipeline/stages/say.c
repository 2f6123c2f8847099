#include "say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

const char *wn_bytes_text(size_t bytes, char out[32]) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1024 && u < 6; u++) v /= 1024;
    (void)snprintf(out, 32, u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, units[u]);
    return out;
}

void wn_sayf(wn_io *io, const char *fmt, ...) {
    char line[1024];
    if (!io || !io->say) return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    io->say(io->ctx, line);
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
    size_t at = 0;
    if (!io || !io->print) return;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i], next = i + 1 < n ? (unsigned char)s[i + 1] : 0;
        bool high = c == 0xC2 && next >= 0x80 && next < 0xA0; /* U+0080 to U+009F */
        piece[at++] = (char)(c < 0x20 || c == 0x7F || high ? ' ' : c);
        i += high;
        if (at + 1 < sizeof piece && i + 1 < n) continue;
        piece[at] = 0;
        io->print(io->ctx, piece);
        at = 0;
    }
}
