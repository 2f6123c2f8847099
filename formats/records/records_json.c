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

static const char too_early[] =
    "it ends too early (a record is one line; jq -c . FILE puts each object of a pretty-printed file on one)";

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

/* What other programs write in place of a value, and what to write instead. */
static const char *literal_remedy(const char *s, size_t n) {
    static const struct {
        const char *word, *remedy;
    } known[] = {
        {"NaN", "NaN is not JSON; write null (Python: json.dumps(..., allow_nan=False) finds them)"},
        {"nan", "nan is not JSON; write null"},
        {"Infinity",
         "Infinity is not JSON; write null or a number (Python: json.dumps(..., allow_nan=False) finds them)"},
        {"inf", "inf is not JSON; write null or a number"},
        {"None", "None is Python, in JSON it is null (write records with json.dumps)"},
        {"True", "True is Python, in JSON it is true (write records with json.dumps)"},
        {"False", "False is Python, in JSON it is false (write records with json.dumps)"},
        {"undefined", "undefined is not JSON; write null"},
        {"'", "a string stands in double quotes (Python: write records with json.dumps)"},
        {"\xEF\xBB\xBF", "an invisible byte order mark (U+FEFF), as where files are joined; take it out: "
                         "sed 's/\\xEF\\xBB\\xBF//g'"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
        if (n >= strlen(known[i].word) && memcmp(s, known[i].word, strlen(known[i].word)) == 0) return known[i].remedy;
    return NULL;
}

static wn_code fail_at_value(const cursor *c, const char *what) {
    const char *s = c->p < c->end && (*c->p == '-' || *c->p == '+') ? c->p + 1 : c->p;
    const char *remedy = literal_remedy(s, (size_t)(c->end - s));
    return json_fail(c, remedy ? remedy : what);
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
    if (!n) {
        c->p = from;
        return fail_at_value(c, "a number is malformed");
    }
    if (n > 1 && *digits == '0') return json_fail(c, "a number is malformed");
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
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0) return fail_at_value(c, "a value is wanted here");
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
                return c->p == c->end ? json_fail(c, too_early) : fail_at_value(c, "a key is wanted");
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
        if (c->p == c->end) return json_fail(c, too_early);
        if (*c->p != ',') return json_fail(c, object ? "a comma or } is wanted" : "a comma or ] is wanted");
        ++c->p;
        skip_space(c);
    }
    ++c->p;
    *v = (wn_json_value){.s = from, .n = (size_t)(c->p - from), .kind = object ? WN_JOBJECT : WN_JARRAY};
    return WN_OK;
}

static wn_code scan_value(cursor *c, wn_json_value *v, int depth) {
    if (c->p == c->end) return json_fail(c, too_early);
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
        return fail_at_value(c, "a value is wanted here");
    }
}

wn_code wn_json_object(const char *s, size_t n, wn_json_members *m, wn_err *err) {
    cursor c = {.start = s, .p = s, .end = s + n, .err = err};
    wn_json_value v = {0};
    m->n = 0;
    skip_space(&c);
    if (c.p < c.end && *c.p == '[')
        return wn_err_set(err, WN_EINPUT,
                          "a JSON object is wanted, this is an array (jq -c '.[]' FILE puts each "
                          "element of a JSON array on a line of its own)");
    if (c.p == c.end || *c.p != '{') {
        wn_code code = scan_value(&c, &v, 0);
        if (code != WN_OK && c.p < c.end && !strchr("-+\"0123456789", *c.p) &&
            !literal_remedy(c.p, (size_t)(c.end - c.p)))
            return json_fail(&c, "a value is wanted here (--format csv, tsv or txt reads what is no JSON)");
        if (code != WN_OK) return code;
        return wn_err_set(err, WN_EINPUT, "a JSON object is wanted, this is %s", wn_json_kind_name(v.kind));
    }
    wn_code code = scan_container(&c, &v, m, 0);
    if (code != WN_OK) return code;
    const char *behind = c.p;
    skip_space(&c);
    if (c.p == c.end) return WN_OK;
    if (memchr(behind, '\r', (size_t)(c.p - behind)))
        return json_fail(&c, "something follows the object: line ends of CR alone? tr '\\r' '\\n' <FILE mends that");
    if (*c.p == ',')
        return json_fail(&c, "a comma follows the object (a record is one line, without commas between)");
    return json_fail(&c, *c.p == '{' ? "something follows the object (a record is one line; jq -c . FILE parts them)"
                                     : "something follows the object");
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

wn_json_elements wn_json_elements_of(const wn_json_value *array) {
    return (wn_json_elements){.at = array->s + 1, .end = array->s + array->n};
}

wn_code wn_json_elements_next(wn_json_elements *e, wn_json_value *v, bool *end, wn_err *err) {
    cursor c = {.start = e->at, .p = e->at, .end = e->end, .err = err};
    skip_space(&c);
    if (c.p < c.end && *c.p == ',') ++c.p;
    skip_space(&c);
    *end = c.p == c.end || *c.p == ']';
    if (*end) return WN_OK;
    wn_code code = scan_value(&c, v, 0);
    e->at = c.p;
    return code;
}

wn_code wn_json_join(const wn_json_value *array, wn_buf *out, bool *strings, wn_err *err) {
    wn_json_elements e = wn_json_elements_of(array);
    *strings = true;
    for (bool first = true;; first = false) {
        wn_json_value v = {0};
        bool end = false;
        wn_code code = wn_json_elements_next(&e, &v, &end, err);
        if (code != WN_OK || end) return code;
        if (v.kind != WN_JSTRING) {
            *strings = false;
            return WN_OK;
        }
        if (!first && (code = wn_buf_append(out, " ", 1, err)) != WN_OK) return code;
        if ((code = wn_json_unescape(&v, out, err)) != WN_OK) return code;
    }
}
