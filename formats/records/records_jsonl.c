/* jsonl: every line is a JSON object; records_json.c reads it, this file takes the fields out of it. */
#include "records_internal.h"

#include <string.h>
#include <winnow/mem.h>

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

static wn_code json_wrong_kind(const char *field, const wn_json_value *v, const char *wanted, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is %s, %s is wanted", field, wn_json_kind_name(v->kind), wanted);
}

/* Half a surrogate pair and the like: say in which field. */
static wn_code json_in_field(wn_code code, const char *field, wn_err *err) {
    if (code == WN_EINPUT) (void)wn_err_prefix(err, "field \"%.60s\": ", field);
    return code;
}

static wn_code json_append(wn_records *r, const char *field, const wn_json_value *v, wn_err *err) {
    bool strings = true;
    wn_code code = WN_OK;
    if (v->kind == WN_JSTRING)
        code = wn_json_unescape(v, &r->text, err);
    else if (v->kind == WN_JARRAY)
        code = wn_json_join(v, &r->text, &strings, err);
    else
        return json_wrong_kind(field, v, "a string", err);
    if (code == WN_OK && !strings)
        return wn_err_set(err, WN_EINPUT, "field \"%.60s\" is an array that holds other things than strings", field);
    return json_in_field(code, field, err);
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
        if (code == WN_OK) code = json_append(r, r->o.text_fields[i], &v, err);
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
    return json_in_field(code, field, err);
}

static wn_code json_label(wn_records *r, wn_record *rec, wn_err *err) {
    wn_json_value v = {0};
    wn_code code = json_get(r, r->o.label_field, "--label-field", &v, err);
    if (code != WN_OK || v.kind == WN_JNULL) return code;
    if (v.kind == WN_JARRAY || v.kind == WN_JOBJECT)
        return json_wrong_kind(r->o.label_field, &v, "a string, a number or a bool", err);
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
        return json_wrong_kind(r->o.id_field, &v, "a string or an integer", err);
    return code == WN_OK ? wn_field_id_check(r->o.id_field, rec->id, rec->id_len, err) : code;
}

/* A line with nothing but spaces is no record. */
static bool jsonl_gap(const char *s, size_t n) {
    for (size_t i = 0; i < n; ++i)
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r') return false;
    return true;
}

static wn_code jsonl_record(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err) {
    wn_code code = wn_json_object(s, n, &r->members, err);
    if (code != WN_OK) return code;
    if ((code = json_text(r, rec, err)) != WN_OK) return code;
    if (r->o.label_field && (code = json_label(r, rec, err)) != WN_OK) return code;
    return r->o.id_field ? json_id(r, rec, err) : WN_OK;
}

const wn_format_reader wn_reader_jsonl = {.alias = "ndjson",
                                          .fields = true,
                                          .lines = true,
                                          .end = wn_line_end,
                                          .gap = jsonl_gap,
                                          .record = jsonl_record};
