#include <wn/visible.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* Soft hyphens, joiners, marks and overrides of direction, tags, invisible operators: category Cf. */
static bool acts_unseen(utf8proc_int32_t c) {
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return c >= 0xE0000 && c <= 0xE0FFF; /* reserved for more of the kind */
    }
}

static int print_escape(char out[WN_VISIBLE_MAX], utf8proc_int32_t c) {
    static const char names[] = "\n\t\r", letters[] = "ntr";
    const char *name = c && c < 0x80 ? strchr(names, (int)c) : NULL;
    if (name) return snprintf(out, WN_VISIBLE_MAX, "\\%c", letters[name - names]);
    return snprintf(out, WN_VISIBLE_MAX, c > 0xFFFF ? "\\U%08X" : "\\u%04X", (unsigned)c);
}

size_t wn_visible_next(char out[WN_VISIBLE_MAX], size_t *len, const char *s, size_t n) {
    utf8proc_int32_t c = (unsigned char)*s;
    utf8proc_ssize_t used = 1;
    if (c >= 0x80) used = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)(n < 4 ? n : 4), &c);
    if (used < 1) {
        *len = (size_t)snprintf(out, WN_VISIBLE_MAX, "\\x%02X", (unsigned)(unsigned char)*s);
        return 1;
    }
    if (c < 0x20 || (c >= 0x7F && acts_unseen(c))) {
        *len = (size_t)print_escape(out, c);
    } else {
        memcpy(out, s, (size_t)used);
        out[used] = 0;
        *len = (size_t)used;
    }
    return (size_t)used;
}

size_t wn_visible(char *out, size_t size, const char *s, size_t n) {
    char one[WN_VISIBLE_MAX];
    size_t at = 0, len;
    for (size_t i = 0; i < n;) {
        i += wn_visible_next(one, &len, s + i, n - i);
        if (at + len >= size) break;
        memcpy(out + at, one, len);
        at += len;
    }
    if (size) out[at] = 0;
    return at;
}
