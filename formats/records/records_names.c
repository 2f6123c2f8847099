/* The paths that a record offers, for messages: leaves of its objects, and of the first element of its arrays. */
#include "records_internal.h"

#include <string.h>
#include <winnow/mem.h>

enum { PATHS_MAX = 64, DEPTH_MAX = 4 };

static wn_code list_value(wn_field_names *l, const wn_json_value *v, size_t path, size_t depth, wn_err *err);

/* Appends the path at [from, from + n) of the names, which may move. */
static wn_code repeat_path(wn_buf *b, size_t from, size_t n, wn_err *err) {
    wn_code code = wn_reserve((void **)&b->data, &b->cap, b->len + n + 1, 1, err);
    if (code != WN_OK) return code;
    memmove(b->data + b->len, b->data + from, n);
    b->len += n;
    return WN_OK;
}

static wn_code list_members(wn_field_names *l, const wn_json_members *m, size_t path, size_t depth, wn_err *err) {
    size_t n = l->text.len - path;
    for (size_t i = 0; i < m->n && l->n < PATHS_MAX; ++i) {
        size_t begin = l->text.len;
        wn_code code = repeat_path(&l->text, path, n, err);
        if (code != WN_OK) return code;
        if (n && (code = wn_buf_append(&l->text, ".", 1, err)) != WN_OK) return code;
        wn_err ignored = {0};
        code = wn_json_unescape(&m->at[i].key, &l->text, &ignored);
        if (code == WN_EMEMORY) return wn_err_set(err, code, "%s", ignored.msg);
        if (code != WN_OK) continue; /* half a surrogate: no name that can be given */
        if ((code = list_value(l, &m->at[i].value, begin, depth + 1, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code list_leaf(wn_field_names *l, const wn_json_value *v, size_t path, wn_err *err) {
    bool text = v->kind == WN_JSTRING || (v->kind == WN_JARRAY && v->n > 2);
    wn_code code = wn_reserve((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at, err);
    if (code != WN_OK) return code;
    /* `name` is set when the text stands still */
    l->at[l->n++] = (wn_field_name){.at = path, .name_len = l->text.len - path, .text_len = text ? v->n : 0};
    return WN_OK;
}

/* The path of v is the end of the text, from `path` on. */
static wn_code list_value(wn_field_names *l, const wn_json_value *v, size_t path, size_t depth, wn_err *err) {
    wn_json_members m = {0};
    wn_json_value first = {0};
    bool end = true;
    wn_code code = WN_OK;
    if (depth < DEPTH_MAX && v->kind == WN_JARRAY) {
        wn_json_elements e = wn_json_elements_of(v);
        if ((code = wn_json_elements_next(&e, &first, &end, err)) != WN_OK) goto out;
        if (!end && (first.kind == WN_JOBJECT || first.kind == WN_JARRAY)) {
            if ((code = wn_buf_append(&l->text, "[]", 2, err)) != WN_OK) goto out;
            code = list_value(l, &first, path, depth + 1, err);
            goto out;
        }
    }
    if (depth < DEPTH_MAX && v->kind == WN_JOBJECT) {
        if ((code = wn_json_object(v->s, v->n, &m, err)) != WN_OK) goto out;
        if (m.n) {
            code = list_members(l, &m, path, depth, err);
            goto out;
        }
    }
    code = list_leaf(l, v, path, err);
out:
    wn_free(m.at);
    return code;
}

wn_code wn_field_names_of(wn_field_names *out, const wn_json_value *v, const char *prefix, wn_err *err) {
    wn_field_names l = {0};
    wn_code code = wn_buf_append(&l.text, prefix, strlen(prefix), err);
    if (code != WN_OK) goto out;
    if ((code = list_value(&l, v, 0, 0, err)) != WN_OK) goto out;
    if (l.n && !l.at[0].name_len) l.n = 0; /* an object without members */
    for (size_t i = 0; i < l.n; ++i) l.at[i].name = l.text.data + l.at[i].at;
    *out = l;
    l = (wn_field_names){0};
out:
    wn_field_names_free(&l);
    return code;
}

void wn_field_names_free(wn_field_names *names) {
    wn_free(names->at);
    wn_free(names->text.data);
    *names = (wn_field_names){0};
}
