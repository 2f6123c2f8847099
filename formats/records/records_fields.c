#include "records_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <winnow/mem.h>

/* ---- a field that is not there ---- */

enum { NAME_SHOWN = 40, NAMES_SHOWN = 12, DISTANCE_MAX = 32 };

/* Levenshtein distance without regard to case; names longer than DISTANCE_MAX are far from everything. */
static size_t distance(const char *a, size_t n, const char *b, size_t m) {
    size_t row[DISTANCE_MAX + 1];
    if (n > DISTANCE_MAX || m > DISTANCE_MAX) return SIZE_MAX;
    for (size_t j = 0; j <= m; ++j) row[j] = j;
    for (size_t i = 1; i <= n; ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; ++j) {
            size_t change = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            diagonal = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[m];
}

static bool is_known_text_name(const wn_field_name *f) {
    static const char *const known[] = {"text",  "body",    "content",  "sentence", "document",    "review", "story",
                                        "gloss", "message", "abstract", "passage",  "description", "tweet",  "comment"};
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
        if (strlen(known[i]) == f->name_len && strncasecmp(known[i], f->name, f->name_len) == 0) return true;
    return false;
}

/* The name that was probably meant: a near spelling; for a text, also a usual name or the longest string. */
static const wn_field_name *suggest(const char *field, bool text, const wn_field_name *names, size_t n) {
    const wn_field_name *best = NULL;
    size_t length = strlen(field), near = length / 3 + 1;
    for (size_t i = 0; i < n; ++i) {
        size_t d = distance(field, length, names[i].name, names[i].name_len);
        if (d < near || (d == near && !best)) {
            best = &names[i];
            near = d;
        }
    }
    if (best || !text) return best;
    for (size_t i = 0; i < n; ++i)
        if (names[i].text_len && is_known_text_name(&names[i])) return &names[i];
    for (size_t i = 0; i < n; ++i)
        if (names[i].text_len && (!best || names[i].text_len > best->text_len)) best = &names[i];
    return best;
}

/* Copies a name for a message: cut, and without control characters. */
static int shown(const wn_field_name *f, char out[NAME_SHOWN + 1]) {
    size_t n = f->name_len < NAME_SHOWN ? f->name_len : NAME_SHOWN;
    while (n && n < f->name_len && ((unsigned char)f->name[n] & 0xC0) == 0x80) --n; /* not within a character */
    for (size_t i = 0; i < n; ++i) out[i] = (unsigned char)f->name[i] < 0x20 || f->name[i] == 0x7F ? '?' : f->name[i];
    out[n] = '\0';
    return (int)n;
}

wn_code wn_field_missing(const char *field, const char *option, const wn_field_name *names, size_t n, wn_err *err) {
    char list[256] = "", name[NAME_SHOWN + 1];
    size_t at = 0, i = 0;
    for (; i < n && i < NAMES_SHOWN && at + NAME_SHOWN + 8 < sizeof list; ++i) {
        (void)shown(&names[i], name);
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", name);
    }
    if (i < n) (void)snprintf(list + at, sizeof list - at, ", ...");
    const wn_field_name *guess = suggest(field, strcmp(option, "--text-field") == 0, names, n);
    if (!guess) return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s)", field, n ? list : "none");
    (void)shown(guess, name);
    char mark = n != 1 ? 0 : strchr(name, ';') ? ';' : strchr(name, '|') ? '|' : 0;
    if (mark)
        return wn_err_set(err, WN_EINPUT,
                          "missing field \"%.60s\": the only field is \"%s\", as if its cells stood between "
                          "\"%c\"; a csv file has commas, a tsv file tabs",
                          field, name, mark);
    if (name[strcspn(name, " ;&|<>()$`\\\"'*?#~!")])
        return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s). Try %s \"%s\"", field, list, option,
                          name);
    return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s). Try %s %s", field, list, option, name);
}

/* ---- values ---- */

/* A zero-terminated copy for strtod; false if it is too long to be a sensible number. */
static bool number_text(const char *s, size_t n, char out[512]) {
    if (n >= 512) return false;
    memcpy(out, s, n);
    out[n] = '\0';
    return true;
}

wn_code wn_field_number(const char *s, size_t n, wn_buf *out, wn_err *err) {
    char text[512], print[40];
    bool integer = !memchr(s, '.', n) && !memchr(s, 'e', n) && !memchr(s, 'E', n);
    out->len = 0;
    if (n == 2 && memcmp(s, "-0", 2) == 0) return wn_buf_append(out, "0", 1, err);
    if (integer || !number_text(s, n, text)) return wn_buf_append(out, s, n, err);
    double v = strtod(text, NULL);
    if (!isfinite(v)) return wn_buf_append(out, s, n, err);
    int length = 0;
    for (int digits = 15; digits <= 17; ++digits) { /* the fewest digits that give the number back */
        length = snprintf(print, sizeof print, "%.*g", digits, v == 0 ? 0.0 : v);
        if (strtod(print, NULL) == v) break;
    }
    return wn_buf_append(out, print, (size_t)length, err);
}

wn_code wn_field_id_check(const char *field, const char *s, size_t n, wn_err *err) {
    if (!n) return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is empty, an id is wanted", field);
    for (size_t i = 0; i < n; ++i)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
            return wn_err_set(err, WN_EINPUT, "field \"%.60s\" holds a control character, which an id must not", field);
    return WN_OK;
}
