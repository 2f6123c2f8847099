#include "records_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <winnow/mem.h>

/* ---- a field that is not there ---- */

enum { NAME_SHOWN = 40, NAMES_SHOWN = 12, NAME_QUOTED = 100, DISTANCE_MAX = 64 };

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

/* The last step of a path: what stands behind its last dot. */
static const char *last_step(const char *s, size_t n, size_t *len) {
    size_t at = n;
    while (at && s[at - 1] != '.') --at;
    *len = n - at;
    return s + at;
}

static bool is_known_text_name(const wn_field_name *f) {
    static const char *const known[] = {"text",  "body",    "content",  "sentence", "document",    "review", "story",
                                        "gloss", "message", "abstract", "passage",  "description", "tweet",  "comment",
                                        "value", "utterance"};
    size_t n = 0;
    const char *step = last_step(f->name, f->name_len, &n);
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
        if (strlen(known[i]) == n && strncasecmp(known[i], step, n) == 0) return true;
    return false;
}

static const wn_field_name *nearest(const char *field, const wn_field_name *names, size_t n, bool steps) {
    const wn_field_name *best = NULL;
    size_t length = strlen(field);
    const char *wanted = steps ? last_step(field, length, &length) : field;
    size_t near = length / 3 + 1;
    for (size_t i = 0; i < n; ++i) {
        size_t m = names[i].name_len;
        const char *name = steps ? last_step(names[i].name, m, &m) : names[i].name;
        size_t d = distance(wanted, length, name, m);
        bool likelier = !best || (is_known_text_name(&names[i]) && !is_known_text_name(best));
        if (d < near || (d == near && likelier)) {
            best = &names[i];
            near = d;
        }
    }
    return best;
}

/* The name that was probably meant: a near spelling of it, or of its last step; for a text, also a usual name or the
 * longest string. */
static const wn_field_name *suggest(const char *field, bool text, const wn_field_name *names, size_t n) {
    const wn_field_name *best = nearest(field, names, n, false);
    if (!best) best = nearest(field, names, n, true);
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

/* A name as a shell takes it. false: it cannot be typed, or is too long to be shown. */
static bool shell_quoted(const wn_field_name *f, char out[NAME_QUOTED + 3]) {
    char name[NAME_QUOTED + 1];
    if (!f->name_len || f->name_len > NAME_QUOTED) return false;
    memcpy(name, f->name, f->name_len);
    name[f->name_len] = '\0';
    for (size_t i = 0; i < f->name_len; ++i)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F) return false;
    bool plain = !name[strcspn(name, " ;&|<>(){}[]$`\\\"'*?#~!")], expands = name[strcspn(name, "$`\\\"!")];
    if (expands && strchr(name, '\'')) return false;
    const char *quote = plain ? "" : expands ? "'" : "\"";
    (void)snprintf(out, NAME_QUOTED + 3, "%s%s%s", quote, name, quote);
    return true;
}

/* Are there names of this record between the commas (or the like) of `field`? */
static bool is_list_of_names(const char *field, const wn_field_name *names, size_t n) {
    static const char between[] = ",;+| ";
    if (!field[strcspn(field, between)]) return false;
    for (const char *part = field + strspn(field, between); *part;) {
        size_t length = strcspn(part, between);
        for (size_t i = 0; i < n; ++i)
            if (names[i].name_len == length && memcmp(names[i].name, part, length) == 0) return true;
        part += length;
        part += strspn(part, between);
    }
    return false;
}

/* What stands between the cells of a table that was cut into one column; 0: nothing known. */
static char other_separator(const wn_field_name *names, size_t n) {
    static const char marks[] = "\t;|,";
    for (const char *mark = marks; n == 1 && *mark; ++mark)
        if (memchr(names->name, *mark, names->name_len)) return *mark;
    return 0;
}

static wn_code wrong_separator(const char *field, const wn_field_name *only, char mark, wn_err *err) {
    char name[NAME_SHOWN + 1];
    (void)shown(only, name);
    if (mark == '\t' || mark == ',')
        return wn_err_set(err, WN_EINPUT,
                          "missing field \"%.60s\": the only field is \"%s\", as if its cells stood between %s; use "
                          "--format %s",
                          field, name, mark == ',' ? "commas" : "tabs", wn_format_name(mark == ',' ? WN_CSV : WN_TSV));
    return wn_err_set(err, WN_EINPUT,
                      "missing field \"%.60s\": the only field is \"%s\", as if its cells stood between "
                      "\"%c\"; a csv file has commas, a tsv file tabs",
                      field, name, mark);
}

static void list_names(const wn_field_name *names, size_t n, char list[256]) {
    char name[NAME_SHOWN + 1];
    size_t at = 0, i = 0;
    (void)snprintf(list, 256, "%s", n ? "" : "none");
    for (; i < n && i < NAMES_SHOWN && at + NAME_SHOWN + 8 < 256; ++i) {
        (void)shown(&names[i], name);
        at += (size_t)snprintf(list + at, 256 - at, "%s%s", i ? ", " : "", name);
    }
    if (i < n) (void)snprintf(list + at, 256 - at, ", ...");
}

/* --text-field, --query-text-field: may be given several times, and a guess looks for a text. */
static bool of_texts(const char *option) { return strstr(option, "text-field") != NULL; }

/* Whether the message got a guess. */
static bool suggested(const char *field, const char *option, const wn_field_name *names, size_t n, wn_err *err) {
    char name[NAME_QUOTED + 3], told[sizeof err->msg];
    const wn_field_name *guess = suggest(field, of_texts(option), names, n);
    if (!err || !guess || !shell_quoted(guess, name) || strcmp(field, name) == 0) return false;
    (void)snprintf(told, sizeof told, "%s", err->msg);
    (void)wn_err_set(err, WN_EINPUT, "%s. Try %s %s", told, option, name);
    return true;
}

wn_code wn_field_try(const char *field, const char *option, const wn_field_name *names, size_t n, wn_err *err) {
    (void)suggested(field, option, names, n, err);
    return WN_EINPUT;
}

wn_code wn_field_missing(const char *field, const char *option, const wn_field_name *names, size_t n, wn_err *err) {
    char list[256], mark = other_separator(names, n);
    if (mark) return wrong_separator(field, names, mark, err);
    list_names(names, n, list);
    if (is_list_of_names(field, names, n) && of_texts(option))
        return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s). Give %s once for each field", field,
                          list, option);
    if (is_list_of_names(field, names, n))
        return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s). %s takes one field, not a list", field,
                          list, option);
    (void)wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s)", field, list);
    if (suggested(field, option, names, n, err)) return WN_EINPUT;
    return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s). %s asks for it%s", field, list, option,
                      n ? ": name one of these" : "");
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
