#include "page.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Decodes one character; returns its length, or 0 if the bytes are not UTF-8. */
static size_t utf8_decode(const unsigned char *s, size_t n, unsigned *cp) {
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 0;
    if (len == 0 || len > n || s[0] > 0xF4) return 0;
    unsigned c = len == 1 ? s[0] : s[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return 0;
    *cp = c;
    return len;
}

/* Characters that a reader cannot see, or that reorder what stands around them. */
static bool is_unseen(unsigned c) {
    return (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || c == 0x180E || c == 0x200B || c == 0x200E ||
           c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFFF0 && c <= 0xFFFB) || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF) ||
           (c >= 0xE0000 && c <= 0xE0FFF) || (c >= 0xE000 && c <= 0xF8FF) || c >= 0xF0000;
}

static void page_char(wn_page *p, const unsigned char *s, size_t len, unsigned c, bool plain) {
    static const char *const names[] = {"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS",  "TAB", "LF",
                                        "VT",  "FF",  "CR",  "SO",  "SI",  "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
                                        "SYN", "ETB", "CAN", "EM",  "SUB", "ESC", "FS",  "GS",  "RS",  "US"};
    if (c == '&')
        wn_page_put(p, "&amp;");
    else if (c == '<')
        wn_page_put(p, "&lt;");
    else if (c == '>')
        wn_page_put(p, "&gt;");
    else if (c == '"')
        wn_page_put(p, "&quot;");
    else if (c == '\'')
        wn_page_put(p, "&#39;");
    else if (plain && (c < 0x20 || is_unseen(c)))
        wn_page_put(p, " ");
    else if (c < 0x20)
        wn_page_printf(p, "<i class=\"c\">%s</i>", names[c]);
    else if (is_unseen(c))
        wn_page_printf(p, "<i class=\"c\">U+%04X</i>", c);
    else
        wn_page_bytes(p, (const char *)s, len);
}

static bool is_mark(unsigned c) { /* combining marks stay with their letter when a text is cut */
    return (c >= 0x300 && c < 0x370) || (c >= 0x1AB0 && c < 0x1B00) || (c >= 0x20D0 && c < 0x2100) ||
           (c >= 0xFE00 && c < 0xFE10) || (c >= 0x1F3FB && c <= 0x1F3FF) || c == 0x200D;
}

/* Where the text ends when `max` characters of it are shown: between words where one ends not far before. */
static size_t page_cut(const unsigned char *u, size_t n, size_t max) {
    enum { WORD = 24 };
    size_t chars = 0, i = 0, word = 0, word_chars = 0;
    while (i < n) {
        unsigned c = 0;
        size_t len = utf8_decode(u + i, n - i, &c);
        if (chars >= max && !(len && is_mark(c) && chars < max + 16)) {
            if (c == ' ') return i;
            return word_chars + WORD > chars && word > 0 ? word : i;
        }
        if (c == ' ') word = i, word_chars = chars;
        i += len ? len : 1;
        chars++;
    }
    return n;
}

static void page_chars(wn_page *p, const char *s, size_t n, size_t max, bool plain) {
    const unsigned char *u = (const unsigned char *)s;
    size_t end = page_cut(u, n, max);
    for (size_t i = 0; i < end;) {
        unsigned c = 0;
        size_t len = utf8_decode(u + i, n - i, &c);
        if (len)
            page_char(p, u + i, len, c, plain);
        else
            wn_page_put(p, "\xEF\xBF\xBD");
        i += len ? len : 1;
    }
    if (end < n) wn_page_put(p, "…");
}

void wn_page_text(wn_page *p, const char *s, size_t n, size_t max) {
    page_chars(p, s, n, max, false);
}

void wn_page_plain(wn_page *p, const char *s, size_t n, size_t max) {
    page_chars(p, s, n, max, true);
}

void wn_page_escape(wn_page *p, const char *s) {
    wn_page_text(p, s, strlen(s), SIZE_MAX - 16);
}

void wn_page_name(wn_page *p, const char *s, size_t max) {
    enum { PIECE = 20 };
    size_t n = strlen(s), end = page_cut((const unsigned char *)s, n, max);
    for (size_t begin = 0, i = 0, chars = 0; i < end; begin = i, chars = 0) {
        for (; i < end && chars < PIECE && (i == begin || !strchr("._-/:", s[i - 1])); chars++)
            do i++;
            while (i < end && ((unsigned char)s[i] & 0xC0) == 0x80);
        if (begin) wn_page_put(p, "<wbr>");
        wn_page_text(p, s + begin, i - begin, SIZE_MAX - 16);
    }
    if (end < n) wn_page_put(p, "…");
}

void wn_page_command(wn_page *p, const char *command) {
    wn_page_put(p, "<pre>");
    for (const char *s = command; *s;) {
        size_t n = strcspn(s, " ");
        wn_page_put(p, "<span>");
        wn_page_text(p, s, n, SIZE_MAX - 16);
        wn_page_put(p, "</span>");
        s += n;
        for (; *s == ' '; s++) wn_page_put(p, " ");
    }
    wn_page_put(p, "</pre>\n");
}

void wn_page_count(wn_page *p, size_t v) {
    char digits[24], out[32];
    int n = snprintf(digits, sizeof digits, "%zu", v);
    size_t o = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) out[o++] = ',';
        out[o++] = digits[i];
    }
    wn_page_bytes(p, out, o);
}

void wn_page_number(wn_page *p, double v) {
    double a = fabs(v);
    const char *sign = v < 0 ? "−" : "";
    if (!isfinite(v))
        wn_page_put(p, "—");
    else if (a >= 1e9 || (a > 0 && a < 1e-3))
        wn_page_printf(p, "%s%.2e", sign, a);
    else if (a >= 999.5) {
        wn_page_put(p, sign);
        wn_page_count(p, (size_t)(a + 0.5));
    } else
        wn_page_printf(p, "%s%.*f", sign, a >= 99.95 ? 0 : a >= 9.995 ? 1 : a >= 0.9995 ? 2 : 3, a);
}

void wn_page_id(wn_page *p, const wn_view *v, size_t row) {
    if (v->ids.n == 0) {
        wn_page_printf(p, "%zu", row);
        return;
    }
    size_t begin = (size_t)v->ids.off[row];
    wn_page_text(p, v->ids.base + begin, (size_t)v->ids.off[row + 1] - begin, 80);
}

/* The text of a row; NULL: rows have none. */
static const char *row_text(const wn_view *v, size_t row, size_t *len) {
    if (v->texts.n == 0) return NULL;
    *len = (size_t)(v->texts.off[row + 1] - v->texts.off[row]);
    return v->texts.base + v->texts.off[row];
}

void wn_page_row_text(wn_page *p, const wn_view *v, size_t row, size_t max) {
    size_t len = 0;
    const char *text = row_text(v, row, &len);
    if (!text) {
        wn_page_put(p, "<span class=\"m\">row</span> ");
        wn_page_id(p, v, row);
    } else if (len == 0)
        wn_page_put(p, "<span class=\"m\">empty text</span>");
    else
        wn_page_text(p, text, len, max);
}

void wn_page_row_plain(wn_page *p, const wn_view *v, size_t row, size_t max) {
    size_t len = 0;
    const char *text = row_text(v, row, &len);
    if (text)
        wn_page_plain(p, text, len, max);
    else if (v->ids.n == 0)
        wn_page_printf(p, "row %zu", row);
    else
        wn_page_plain(p, v->ids.base + v->ids.off[row], (size_t)(v->ids.off[row + 1] - v->ids.off[row]), 80);
}

void wn_page_label(wn_page *p, const wn_view *v, size_t row) {
    if (!v->label || v->label[row] >= v->nlabels) return;
    const char *name = v->labels[v->label[row]];
    wn_page_put(p, "<span class=\"tag\">");
    wn_page_text(p, name, strlen(name), 60);
    wn_page_put(p, "</span>");
}
