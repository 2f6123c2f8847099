#include "records_json.h"

#include <stdint.h>
#include <string.h>
#include <winnow/mem.h>

enum { MAX_DEPTH = 200 };

const char *wn_json_kind_name(wn_json_kind k) {
    static const char *const name[] = {"null", "false", "true", "a number", "a string", "an array", "an object"};
    return name[k];
}

typedef struct {
    const char *start, *p, *end;
    wn_err *err;
} cursor;

static wn_code json_fail(const cursor *c, const char *what) {
    return wn_err_set(c->err, WN_EINPUT, "not valid JSON at byte %zu: %s", (size_t)(c->p - c->start) + 1, what);
}

static void skip_space(cursor *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n')) ++c->p;
}

/* Nonzero if one of eight bytes is below 0x20, a quote or a backslash. */
static uint64_t special_bytes(uint64_t w) {
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
    return (((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & high;
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static wn_code scan_escape(cursor *c) {
    if (c->end - c->p < 2) return json_fail(c, "a string is not closed");
    char e = c->p[1];
    if (e == 'u') {
        if (c->end - c->p < 6 || !is_hex(c->p[2]) || !is_hex(c->p[3]) || !is_hex(c->p[4]) || !is_hex(c->p[5]))
            return json_fail(c, "\\u needs four hexadecimal digits");
        c->p += 6;
        return WN_OK;
    }
    if (e == '\0' || !strchr("\"\\/bfnrt", e)) return json_fail(c, "unknown escape in a string");
    c->p += 2;
    return WN_OK;
}

/* At the opening quote; ends behind the closing one. */
static wn_code scan_string(cursor *c, wn_json_value *v) {
    const char *open = c->p++;
    bool escaped = false;
    for (;;) {
        for (uint64_t w; c->end - c->p >= 8; c->p += 8) {
            memcpy(&w, c->p, 8);
            if (special_bytes(w)) break;
        }
        while (c->p < c->end && *c->p != '"' && *c->p != '\\' && (unsigned char)*c->p >= 0x20) ++c->p;
        if (c->p == c->end) {
            c->p = open;
            return json_fail(c, "a string is not closed");
        }
        if (*c->p == '"') break;
        if (*c->p != '\\') return json_fail(c, "a control character in a string (write it as an escape)");
        escaped = true;
        wn_code code = scan_escape(c);
        if (code != WN_OK) return code;
    }
    *v = (wn_json_value){.s = open + 1, .n = (size_t)(c->p - open - 1), .kind = WN_JSTRING, .escaped = escaped};
    ++c->p;
    return WN_OK;
}

static size_t scan_digits(cursor *c) {
    const char *from = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9') ++c->p;
    return (size_t)(c->p - from);
}

static wn_code scan_number(cursor *c, wn_json_value *v) {
    const char *from = c->p;
    if (*c->p == '-') ++c->p;
    const char *digits = c->p;
    size_t n = scan_digits(c);
    if (!n || (n > 1 && *digits == '0')) return json_fail(c, "a number is malformed");
    if (c->p < c->end && *c->p == '.') {
        ++c->p;
        if (!scan_digits(c)) return json_fail(c, "a number is malformed");
    }
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        ++c->p;
        if (c->p < c->end && (*c->p == '+' || *c->p == '-')) ++c->p;
        if (!scan_digits(c)) return json_fail(c, "a number is malformed");
    }
    *v = (wn_json_value){.s = from, .n = (size_t)(c->p - from), .kind = WN_JNUMBER};
    return WN_OK;
}

static wn_code scan_literal(cursor *c, const char *word, wn_json_kind kind, wn_json_value *v) {
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0) return json_fail(c, "a value is wanted here");
    *v = (wn_json_value){.s = c->p, .n = n, .kind = kind};
    c->p += n;
    return WN_OK;
}

static wn_code scan_value(cursor *c, wn_json_value *v, int depth);

/* At '{' or '['. The members of an object go to `list` if that is not NULL. */
static wn_code scan_container(cursor *c, wn_json_value *v, wn_json_members *list, int depth) {
    const char *from = c->p;
    bool object = *c->p++ == '{';
    char close = object ? '}' : ']';
    if (depth == MAX_DEPTH) return json_fail(c, "nested deeper than 200 levels");
    skip_space(c);
    bool empty = c->p < c->end && *c->p == close;
    while (!empty) {
        wn_json_member m = {0};
        wn_code code = WN_OK;
        if (object) {
            if (c->p == c->end || *c->p != '"')
                return json_fail(c, c->p == c->end ? "it ends too early" : "a key is wanted");
            if ((code = scan_string(c, &m.key)) != WN_OK) return code;
            skip_space(c);
            if (c->p == c->end || *c->p != ':') return json_fail(c, "a colon is wanted after the key");
            ++c->p;
            skip_space(c);
        }
        if ((code = scan_value(c, &m.value, depth + 1)) != WN_OK) return code;
        if (list) {
            code = wn_reserve((void **)&list->at, &list->cap, list->n + 1, sizeof *list->at, c->err);
            if (code != WN_OK) return code;
            list->at[list->n++] = m;
        }
        skip_space(c);
        if (c->p < c->end && *c->p == close) break;
        if (c->p == c->end) return json_fail(c, "it ends too early");
        if (*c->p != ',') return json_fail(c, object ? "a comma or } is wanted" : "a comma or ] is wanted");
        ++c->p;
        skip_space(c);
    }
    ++c->p;
    *v = (wn_json_value){.s = from, .n = (size_t)(c->p - from), .kind = object ? WN_JOBJECT : WN_JARRAY};
    return WN_OK;
}

static wn_code scan_value(cursor *c, wn_json_value *v, int depth) {
    if (c->p == c->end) return json_fail(c, "it ends too early");
    switch (*c->p) {
    case '"':
        return scan_string(c, v);
    case '{':
    case '[':
        return scan_container(c, v, NULL, depth);
    case 't':
        return scan_literal(c, "true", WN_JTRUE, v);
    case 'f':
        return scan_literal(c, "false", WN_JFALSE, v);
    case 'n':
        return scan_literal(c, "null", WN_JNULL, v);
    default:
        if (*c->p == '-' || (*c->p >= '0' && *c->p <= '9')) return scan_number(c, v);
        return json_fail(c, "a value is wanted here");
    }
}

wn_code wn_json_object(const char *s, size_t n, wn_json_members *m, wn_err *err) {
    cursor c = {.start = s, .p = s, .end = s + n, .err = err};
    wn_json_value v = {0};
    m->n = 0;
    skip_space(&c);
    if (c.p == c.end || *c.p != '{') {
        wn_code code = scan_value(&c, &v, 0);
        if (code != WN_OK) return code;
        return wn_err_set(err, WN_EINPUT, "a JSON object is wanted, this is %s", wn_json_kind_name(v.kind));
    }
    wn_code code = scan_container(&c, &v, m, 0);
    if (code != WN_OK) return code;
    skip_space(&c);
    return c.p == c.end ? WN_OK : json_fail(&c, "something follows the object");
}

/* ---- strings ---- */

static uint32_t hex4(const char *s) {
    uint32_t v = 0;
    for (int i = 0; i < 4; ++i) {
        unsigned char c = (unsigned char)s[i];
        v = v << 4 | (c <= '9' ? c - 48u : (c | 0x20u) - 87u);
    }
    return v;
}

static size_t put_utf8(uint32_t c, char *out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; --i;) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

/* One escape at s (checked by scan_escape; the string ends at `end`). *used bytes of it give *made bytes in out. */
static wn_code put_escape(const char *s, const char *end, char *out, size_t *used, size_t *made, wn_err *err) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    *used = 2;
    *made = 1;
    if (s[1] != 'u') {
        *out = to[strchr(from, s[1]) - from];
        return WN_OK;
    }
    uint32_t c = hex4(s + 2);
    *used = 6;
    if (c >= 0xD800 && c <= 0xDFFF) {
        uint32_t low = end - s >= 12 && s[6] == '\\' && s[7] == 'u' ? hex4(s + 8) : 0;
        if (c >= 0xDC00 || low < 0xDC00 || low > 0xDFFF)
            return wn_err_set(err, WN_EINPUT, "\\u%.4s is half of a surrogate pair", s + 2);
        c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
        *used = 12;
    }
    *made = put_utf8(c, out);
    return WN_OK;
}

wn_code wn_json_unescape(const wn_json_value *v, wn_buf *out, wn_err *err) {
    if (!v->escaped) return wn_buf_append(out, v->s, v->n, err);
    wn_code code = wn_reserve((void **)&out->data, &out->cap, out->len + v->n, 1, err);
    if (code != WN_OK) return code;
    const char *s = v->s, *end = v->s + v->n;
    char *o = out->data + out->len; /* an escape is never shorter than what it stands for */
    while (s < end) {
        const char *slash = memchr(s, '\\', (size_t)(end - s));
        size_t plain = (size_t)((slash ? slash : end) - s), used = 0, made = 0;
        memcpy(o, s, plain);
        o += plain;
        s += plain;
        if (!slash) break;
        if ((code = put_escape(s, end, o, &used, &made, err)) != WN_OK) return code;
        s += used;
        o += made;
    }
    out->len = (size_t)(o - out->data);
    return WN_OK;
}

wn_code wn_json_join(const wn_json_value *array, wn_buf *out, bool *strings, wn_err *err) {
    cursor c = {.start = array->s, .p = array->s + 1, .end = array->s + array->n, .err = err};
    bool first = true;
    *strings = true;
    for (skip_space(&c); *c.p != ']'; skip_space(&c)) {
        wn_json_value v = {0};
        wn_code code = scan_value(&c, &v, 0);
        if (code != WN_OK) return code;
        if (v.kind != WN_JSTRING) {
            *strings = false;
            return WN_OK;
        }
        if (!first && (code = wn_buf_append(out, " ", 1, err)) != WN_OK) return code;
        if ((code = wn_json_unescape(&v, out, err)) != WN_OK) return code;
        first = false;
        skip_space(&c);
        if (*c.p == ',') ++c.p;
    }
    return WN_OK;
}

/* ---- lookup ---- */

static wn_code key_equals(const wn_json_value *key, const char *name, size_t n, wn_buf *scratch, bool *equal,
                          wn_err *err) {
    *equal = false;
    if (!key->escaped) {
        *equal = key->n == n && memcmp(key->s, name, n) == 0;
        return WN_OK;
    }
    if (key->n < n) return WN_OK;
    scratch->len = 0;
    wn_err ignored = {0}; /* a key with half a surrogate equals no name */
    wn_code code = wn_json_unescape(key, scratch, &ignored);
    if (code == WN_EMEMORY) return wn_err_set(err, code, "%s", ignored.msg);
    *equal = code == WN_OK && scratch->len == n && memcmp(scratch->data, name, n) == 0;
    return WN_OK;
}

static wn_code find_member(const wn_json_members *m, const char *name, size_t n, wn_buf *scratch, wn_json_value *found,
                      bool *present, wn_err *err) {
    *present = false;
    for (size_t i = m->n; i-- && !*present;) {
        wn_code code = key_equals(&m->at[i].key, name, n, scratch, present, err);
        if (code != WN_OK) return code;
        if (*present) *found = m->at[i].value;
    }
    return WN_OK;
}

static wn_code find_path(const wn_json_members *m, const char *field, wn_buf *scratch, wn_json_value *found,
                       bool *present, wn_err *err) {
    wn_code code = find_member(m, field, strlen(field), scratch, found, present, err);
    if (code != WN_OK) return code;
    for (const char *dot = strchr(field, '.'); !*present && dot; dot = strchr(dot + 1, '.')) {
        wn_json_value inner = {0};
        code = find_member(m, field, (size_t)(dot - field), scratch, &inner, present, err);
        if (code != WN_OK) return code;
        if (!*present) continue;
        *present = false;
        if (inner.kind != WN_JOBJECT) continue;
        wn_json_members members = {0};
        code = wn_json_object(inner.s, inner.n, &members, err);
        if (code == WN_OK) code = find_path(&members, dot + 1, scratch, found, present, err);
        wn_free(members.at);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_json_find(const wn_json_members *m, const char *field, wn_json_value *found, bool *present, wn_err *err) {
    wn_buf scratch = {0};
    wn_code code = find_path(m, field, &scratch, found, present, err);
    wn_free(scratch.data);
    return code;
}
