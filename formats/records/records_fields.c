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
        return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\": the only field is \"%s\", as if its cells stood between "
                          "\"%c\"; a csv file has commas, a tsv file tabs", field, name, mark);
    if (name[strcspn(name, " ;&|<>()$`\\\"'*?#~!")])
        return wn_err_set(err, WN_EINPUT, "missing field \"%.60s\" (fields: %s). Try %s \"%s\"", field, list, option, name);
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

wn_code wn_field_cost(const char *field, const char *s, size_t n, double *cost, wn_err *err) {
    char text[512], *end = text;
    bool plain = n && (s[0] == '.' || s[0] == '-' || s[0] == '+' || isdigit((unsigned char)s[0])) &&
                 !memchr(s, 'x', n) && !memchr(s, 'X', n) && number_text(s, n, text);
    double v = plain ? strtod(text, &end) : 0;
    if (!plain || (size_t)(end - text) != n || !isfinite(v))
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is \"%.*s\", a number is wanted", field,
                          (int)(n < 40 ? n : 40), s);
    if (v < 0) return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is %g, a cost cannot be negative", field, v);
    *cost = v;
    return WN_OK;
}

wn_code wn_field_id_check(const char *field, const char *s, size_t n, wn_err *err) {
    if (!n) return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is empty, an id is wanted", field);
    for (size_t i = 0; i < n; ++i)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
            return wn_err_set(err, WN_EINPUT, "field \"%.60s\" holds a control character, which an id must not", field);
    return WN_OK;
}

/* ---- a JSON record ---- */

static wn_code json_missing(const wn_records *r, const char *field, const char *option, wn_err *err) {
    const wn_json_members *m = &r->members;
    wn_field_name *names = wn_alloc(m->n, sizeof *names, err);
    if (!names) return WN_EMEMORY;
    for (size_t i = 0; i < m->n; ++i) {
        const wn_json_value *v = &m->at[i].value;
        names[i] = (wn_field_name){m->at[i].key.s, m->at[i].key.n, v->kind == WN_JSTRING ? v->n : 0};
    }
    wn_code code = wn_field_missing(field, option, names, m->n, err);
    wn_free(names);
    return code;
}

static wn_code json_get(const wn_records *r, const char *field, const char *option, wn_json_value *v, wn_err *err) {
    bool present = false;
    wn_code code = wn_json_find(&r->members, field, v, &present, err);
    return code != WN_OK || present ? code : json_missing(r, field, option, err);
}

static wn_code wrong_kind(const char *field, const wn_json_value *v, const char *wanted, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is %s, %s is wanted", field, wn_json_kind_name(v->kind), wanted);
}

/* Half a surrogate pair and the like: say in which field. */
static wn_code in_field(wn_code code, const char *field, wn_err *err) {
    if (code == WN_EINPUT) (void)wn_err_prefix(err, "field \"%.60s\": ", field);
    return code;
}

static wn_code append_text(wn_records *r, const char *field, const wn_json_value *v, wn_err *err) {
    bool strings = true;
    wn_code code = WN_OK;
    if (v->kind == WN_JSTRING)
        code = wn_json_unescape(v, &r->text, err);
    else if (v->kind == WN_JARRAY)
        code = wn_json_join(v, &r->text, &strings, err);
    else
        return wrong_kind(field, v, "a string", err);
    if (code == WN_OK && !strings)
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is an array that holds other things than strings", field);
    return in_field(code, field, err);
}

static wn_code json_text(wn_records *r, wn_record *rec, wn_err *err) {
    r->text.len = 0;
    for (size_t i = 0; i < r->o.ntext_fields; ++i) {
        wn_json_value v = {0};
        wn_code code = json_get(r, r->o.text_fields[i], "--text-field", &v, err);
        if (code != WN_OK) return code;
        if (r->o.ntext_fields == 1 && v.kind == WN_JSTRING && !v.escaped) {
            rec->text = v.s;
            rec->text_len = v.n;
            return WN_OK;
        }
        if (i) code = wn_buf_append(&r->text, " ", 1, err);
        if (code == WN_OK) code = append_text(r, r->o.text_fields[i], &v, err);
        if (code != WN_OK) return code;
    }
    rec->text = r->text.data ? r->text.data : "";
    rec->text_len = r->text.len;
    return WN_OK;
}

/* A string value, where it stands if it has no escapes, else written out in `buf`. */
static wn_code json_string(const wn_json_value *v, const char *field, wn_buf *buf, const char **s, size_t *n,
                           wn_err *err) {
    *s = v->s;
    *n = v->n;
    if (!v->escaped) return WN_OK;
    buf->len = 0;
    wn_code code = wn_json_unescape(v, buf, err);
    *s = buf->data;
    *n = buf->len;
    return in_field(code, field, err);
}

static wn_code json_label(wn_records *r, wn_record *rec, wn_err *err) {
    wn_json_value v = {0};
    wn_code code = json_get(r, r->o.label_field, "--label-field", &v, err);
    if (code != WN_OK || v.kind == WN_JNULL) return code;
    if (v.kind == WN_JARRAY || v.kind == WN_JOBJECT)
        return wrong_kind(r->o.label_field, &v, "a string, a number or a bool", err);
    if (v.kind == WN_JSTRING)
        code = json_string(&v, r->o.label_field, &r->label, &rec->label, &rec->label_len, err);
    else if (v.kind == WN_JNUMBER) {
        code = wn_field_number(v.s, v.n, &r->label, err);
        rec->label = r->label.data;
        rec->label_len = r->label.len;
    } else {
        rec->label = v.s;
        rec->label_len = v.n;
    }
    if (code == WN_OK && memchr(rec->label, '\0', rec->label_len))
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" holds U+0000, which a label must not", r->o.label_field);
    if (!rec->label_len) rec->label = NULL;
    return code;
}

static wn_code json_id(wn_records *r, wn_record *rec, wn_err *err) {
    wn_json_value v = {0};
    wn_code code = json_get(r, r->o.id_field, "--id-field", &v, err);
    if (code != WN_OK) return code;
    if (v.kind == WN_JSTRING)
        code = json_string(&v, r->o.id_field, &r->id, &rec->id, &rec->id_len, err);
    else if (v.kind == WN_JNUMBER && !memchr(v.s, '.', v.n) && !memchr(v.s, 'e', v.n) && !memchr(v.s, 'E', v.n)) {
        rec->id = v.s; /* as it stands: integers beyond 2^53 keep every digit */
        rec->id_len = v.n;
    } else if (v.kind == WN_JNUMBER)
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is %.*s, a string or an integer is wanted", r->o.id_field,
                          (int)(v.n < 40 ? v.n : 40), v.s);
    else
        return wrong_kind(r->o.id_field, &v, "a string or an integer", err);
    return code == WN_OK ? wn_field_id_check(r->o.id_field, rec->id, rec->id_len, err) : code;
}

static wn_code json_cost(wn_records *r, wn_record *rec, wn_err *err) {
    wn_json_value v = {0};
    wn_code code = json_get(r, r->o.cost_field, "--cost-field", &v, err);
    if (code != WN_OK) return code;
    if (v.kind != WN_JNUMBER) return wrong_kind(r->o.cost_field, &v, "a number", err);
    return wn_field_cost(r->o.cost_field, v.s, v.n, &rec->cost, err);
}

wn_code wn_parse_json(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err) {
    wn_code code = wn_json_object(s, n, &r->members, err);
    if (code == WN_OK) code = json_text(r, rec, err);
    if (code == WN_OK && r->o.label_field) code = json_label(r, rec, err);
    if (code == WN_OK && r->o.id_field) code = json_id(r, rec, err);
    if (code == WN_OK && r->o.cost_field) code = json_cost(r, rec, err);
    return code;
}
