/* jsonl: every line is a JSON object; records_json.c reads it, this file takes the fields out of it. */
#include "records_internal.h"

#include <string.h>
#include <winnow/mem.h>

/* ---- what is wrong with a field ---- */

static wn_code json_missing(const wn_records *r, const char *field, const char *option, wn_err *err) {
    wn_field_names names = {0};
    wn_code code = wn_field_names_of(&names, &r->object, "", err);
    if (code == WN_OK) code = wn_field_missing(field, option, names.at, names.n, err);
    wn_field_names_free(&names);
    return code;
}

static wn_code json_wrong_kind(const char *field, const wn_json_value *v, const char *wanted, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is %s, %s is wanted", field, wn_json_kind_name(v->kind), wanted);
}

/* No text, but texts may stand within. */
static wn_code json_no_text(const char *field, const char *option, const wn_json_value *v, wn_err *err) {
    wn_field_names names = {0};
    wn_code code = WN_OK;
    if (v->kind == WN_JARRAY)
        (void)wn_err_set(err, WN_EINPUT, "field \"%.60s\" is an array that holds other things than strings", field);
    else
        (void)json_wrong_kind(field, v, "a string", err);
    if (v->kind != WN_JARRAY && v->kind != WN_JOBJECT) return WN_EINPUT;
    wn_err message = {0};
    code = wn_field_names_of(&names, v, field, &message);
    if (code != WN_OK)
        code = wn_err_set(err, code, "%s", message.msg);
    else
        code = wn_field_try(field, option, names.at, names.n, err);
    wn_field_names_free(&names);
    return code;
}

/* Half a surrogate pair and the like: say in which field. */
static wn_code json_in_field(wn_code code, const char *field, wn_err *err) {
    if (code == WN_EINPUT) (void)wn_err_prefix(err, "field \"%.60s\": ", field);
    return code;
}

/* Keeps what is to be said in the end if no record has a field; once is enough. */
static wn_code json_keep_missing(const wn_records *r, const wn_record *rec, const char *field, const char *option,
                                 wn_field_lack *lack, wn_err *err) {
    wn_err message = {0};
    if (lack->missing) return WN_OK;
    if (json_missing(r, field, option, &message) == WN_EMEMORY) return wn_err_set(err, WN_EMEMORY, "%s", message.msg);
    (void)wn_err_prefix(&message, "%s:%llu: ", wn_path_label(r->o.paths[rec->file]), (unsigned long long)rec->line);
    lack->missing = wn_strndup(message.msg, strlen(message.msg), err);
    return lack->missing ? WN_OK : WN_EMEMORY;
}

/* ---- texts ---- */

/* The text of a record while the values of one field come. */
typedef struct {
    wn_records *r;
    size_t field;        /* index into text_fields */
    bool nulls;          /* null is no error */
    size_t count;        /* values that hold a text */
    wn_json_value whole; /* the first of them, where it is all of the record's text and has no escapes: not copied */
} json_text_sink;

static wn_code json_append(wn_records *r, const char *field, const wn_json_value *v, wn_err *err) {
    bool strings = true;
    wn_code code = WN_OK;
    if (v->kind == WN_JSTRING)
        code = wn_json_unescape(v, &r->text, err);
    else if (v->kind == WN_JARRAY)
        code = wn_json_join(v, &r->text, &strings, err);
    else
        return json_no_text(field, r->o.text_option, v, err);
    if (code == WN_OK && !strings) return json_no_text(field, r->o.text_option, v, err);
    return json_in_field(code, field, err);
}

static wn_code json_text_value(void *ctx, const wn_json_value *v, wn_err *err) {
    json_text_sink *sink = ctx;
    wn_records *r = sink->r;
    wn_code code;
    if (v->kind == WN_JNULL && sink->nulls) return WN_OK;
    if (!sink->count++ && r->o.ntext_fields == 1 && v->kind == WN_JSTRING && !v->escaped) {
        sink->whole = *v;
        return WN_OK;
    }
    if (sink->whole.s && (code = wn_buf_append(&r->text, sink->whole.s, sink->whole.n, err)) != WN_OK) return code;
    sink->whole.s = NULL;
    if (sink->count > 1 && (code = wn_buf_append(&r->text, " ", 1, err)) != WN_OK) return code;
    return json_append(r, r->o.text_fields[sink->field], v, err);
}

/* One field of several may be null or left out: it counts as empty. So may elements of an array. */
static wn_code json_text_field(json_text_sink *sink, const wn_record *rec, wn_err *err) {
    wn_records *r = sink->r;
    const char *name = r->o.text_fields[sink->field];
    bool found = false, several = r->o.ntext_fields > 1;
    sink->nulls = several || strstr(name, "[]");
    wn_code code = wn_json_walk(&r->members, name, &r->role, json_text_value, sink, &found, err);
    if (code != WN_OK) return code;
    r->text_seen |= sink->count > 0;
    r->lack[sink->field].seen |= found;
    if (found || (several && r->lack[sink->field].seen)) return WN_OK;
    if (!several) return json_missing(r, name, r->o.text_option, err);
    return json_keep_missing(r, rec, name, r->o.text_option, &r->lack[sink->field], err);
}

static wn_code json_text(wn_records *r, wn_record *rec, wn_err *err) {
    size_t begin = 0, end = 0;
    r->text.len = 0;
    for (size_t i = 0; i < r->o.ntext_fields && !r->o.no_text; ++i) {
        json_text_sink sink = {.r = r, .field = i};
        bool joined = i > 0 && !r->o.only_text;
        wn_code code = joined ? wn_buf_append(&r->text, " ", 1, err) : WN_OK;
        if (code != WN_OK) return code;
        if (i + 1 == r->o.only_text) begin = r->text.len;
        if ((code = json_text_field(&sink, rec, err)) != WN_OK) return code;
        if (i + 1 == r->o.only_text || !r->o.only_text) end = r->text.len;
        if (!sink.whole.s) continue;
        rec->text = sink.whole.s;
        rec->text_len = sink.whole.n;
        return WN_OK;
    }
    rec->text = r->text.data ? r->text.data + begin : "";
    rec->text_len = end - begin;
    return WN_OK;
}

/* ---- labels and ids ---- */

/* The one value of a field. *count = 0: it is not there. */
static wn_code json_one(const wn_records *r, const char *field, wn_json_value *v, size_t *count, wn_err *err) {
    wn_code code = wn_json_find(&r->members, field, v, count, err);
    if (code != WN_OK || *count < 2) return code;
    return wn_err_set(err, WN_EINPUT, "field \"%.60s\" names %zu values, one is wanted (like \"[0]\" for the first)",
                      field, *count);
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
    return json_in_field(code, field, err);
}

/* A string, number or bool as text; NULL where it is left out, null or empty. */
typedef struct {
    const char *field, *option, *what;
    wn_field_lack *lack;
    wn_buf *buf;
    const char **s;
    size_t *n;
} json_plain;

static wn_code json_plain_value(const wn_records *r, const wn_record *rec, const json_plain *p, wn_err *err) {
    wn_json_value v = {0};
    size_t count = 0;
    wn_code code = json_one(r, p->field, &v, &count, err);
    if (code != WN_OK) return code;
    if (!count) return p->lack->seen ? WN_OK : json_keep_missing(r, rec, p->field, p->option, p->lack, err);
    p->lack->seen = true;
    if (v.kind == WN_JNULL) return WN_OK;
    if (v.kind == WN_JARRAY || v.kind == WN_JOBJECT)
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" (%s) is %s, a string, a number or a bool is wanted",
                          p->field, p->option, wn_json_kind_name(v.kind));
    if (v.kind == WN_JSTRING)
        code = json_string(&v, p->field, p->buf, p->s, p->n, err);
    else if (v.kind == WN_JNUMBER) {
        code = wn_field_number(v.s, v.n, p->buf, err);
        *p->s = p->buf->data;
        *p->n = p->buf->len;
    } else {
        *p->s = v.s;
        *p->n = v.n;
    }
    if (code == WN_OK && memchr(*p->s, '\0', *p->n))
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" holds U+0000, which %s must not", p->field, p->what);
    if (!*p->n) *p->s = NULL;
    return code;
}

static wn_code json_label(wn_records *r, wn_record *rec, wn_err *err) {
    const json_plain p = {.field = r->o.label_field,
                          .option = "--label-field",
                          .what = "a label",
                          .lack = &r->lack[r->o.ntext_fields],
                          .buf = &r->label,
                          .s = &rec->label,
                          .n = &rec->label_len};
    return json_plain_value(r, rec, &p, err);
}

static wn_code json_more(wn_records *r, wn_record *rec, wn_err *err) {
    wn_code code = WN_OK;
    for (size_t i = 0; i < r->o.nmore && code == WN_OK; ++i) {
        const json_plain p = {.field = r->o.more[i].name,
                              .option = r->o.more[i].option,
                              .what = "it",
                              .lack = &r->lack[r->o.ntext_fields + 1 + i],
                              .buf = &r->more[i],
                              .s = &rec->more[i],
                              .n = &rec->more_len[i]};
        code = json_plain_value(r, rec, &p, err);
    }
    return code;
}

static wn_code json_id(wn_records *r, wn_record *rec, wn_err *err) {
    const char *field = r->o.id_field;
    wn_json_value v = {0};
    size_t count = 0;
    wn_code code = json_one(r, field, &v, &count, err);
    if (code != WN_OK) return code;
    if (!count) return json_missing(r, field, "--id-field", err);
    if (v.kind == WN_JSTRING)
        code = json_string(&v, field, &r->id, &rec->id, &rec->id_len, err);
    else if (v.kind == WN_JNUMBER && !memchr(v.s, '.', v.n) && !memchr(v.s, 'e', v.n) && !memchr(v.s, 'E', v.n)) {
        rec->id = v.s; /* as it stands: integers beyond 2^53 keep every digit */
        rec->id_len = v.n;
    } else if (v.kind == WN_JNUMBER)
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is %.*s, a string or an integer is wanted", field,
                          (int)(v.n < 40 ? v.n : 40), v.s);
    else
        return json_wrong_kind(field, &v, "a string or an integer", err);
    return code == WN_OK ? wn_field_id_check(field, rec->id, rec->id_len, err) : code;
}

wn_code wn_jsonl_check_seen(const wn_records *r, wn_err *err) {
    const wn_json_role *role = &r->role;
    const wn_field_lack *label = &r->lack[r->o.ntext_fields]; /* and more fields */
    if (!r->good) return WN_OK;
    if (role->wanted && !role->met)
        return wn_err_set(err, WN_EINPUT,
                          "%s: no object of an array in a text field has the role \"%.60s\" (its member \"role\" or "
                          "\"from\")%s%s",
                          wn_path_label(r->o.paths[0]), role->wanted, role->other[0] ? "; one has " : "", role->other);
    for (size_t i = 0; i < r->o.ntext_fields; ++i)
        if (r->lack[i].missing && !(r->lack[i].seen && r->text_seen))
            return wn_err_set(err, WN_EINPUT, "%s", r->lack[i].missing);
    for (size_t i = 0; i <= r->o.nmore; ++i)
        if (label[i].missing && !label[i].seen && !(i && r->o.may_lack[i - 1]))
            return wn_err_set(err, WN_EINPUT, "%s", label[i].missing);
    return WN_OK;
}

/* ---- the format ---- */

/* A line with nothing but spaces is no record. */
static bool jsonl_gap(const char *s, size_t n) {
    for (size_t i = 0; i < n; ++i)
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r') return false;
    return true;
}

static wn_code jsonl_record(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err) {
    r->object = (wn_json_value){.s = s, .n = n, .kind = WN_JOBJECT};
    wn_code code = wn_json_object(s, n, &r->members, err);
    if (code != WN_OK) return code;
    if ((code = json_text(r, rec, err)) != WN_OK) return code;
    if (r->o.label_field && (code = json_label(r, rec, err)) != WN_OK) return code;
    if ((code = json_more(r, rec, err)) != WN_OK) return code;
    return r->o.id_field ? json_id(r, rec, err) : WN_OK;
}

const wn_format_reader wn_reader_jsonl = {.alias = "ndjson",
                                          .fields = true,
                                          .lines = true,
                                          .end = wn_line_end,
                                          .gap = jsonl_gap,
                                          .record = jsonl_record};
