/* Paths into a record: the values that a name with dots and brackets stands for. */
#include "records_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

typedef struct {
    wn_json_role *role;
    wn_json_sink sink;
    void *ctx;        /* of sink */
    wn_buf unescaped; /* scratch */
} path_walk;

/* ---- keys ---- */

static wn_code key_equals(path_walk *w, const wn_json_value *key, const char *name, size_t n, bool *equal,
                          wn_err *err) {
    wn_buf *scratch = &w->unescaped;
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

/* The last one, where a key is repeated. */
static wn_code find_member(path_walk *w, const wn_json_members *m, const char *name, size_t n, wn_json_value *found,
                           bool *present, wn_err *err) {
    *present = false;
    for (size_t i = m->n; i-- && !*present;) {
        wn_code code = key_equals(w, &m->at[i].key, name, n, present, err);
        if (code != WN_OK) return code;
        if (*present) *found = m->at[i].value;
    }
    return WN_OK;
}

/* ---- brackets ---- */

/* At '[': the step, and where it ends. */
typedef struct {
    bool all;
    long index;
    const char *behind; /* NULL: no step */
} bracket;

static bracket read_bracket(const char *s) {
    bracket b = {.all = s[1] == ']', .behind = NULL};
    char *end = (char *)(uintptr_t)(s + 1);
    size_t digits = strspn(s + 1 + (s[1] == '-'), "0123456789");
    if (digits > 9 || (!b.all && !digits)) return b;
    if (!b.all) b.index = strtol(s + 1, &end, 10);
    if (*end == ']' && (end[1] == '\0' || end[1] == '.' || end[1] == '[')) b.behind = end + 1;
    return b;
}

bool wn_json_is_step(const char *s) {
    return *s == '.' || (*s == '[' && read_bracket(s).behind);
}

/* ---- the walk ---- */

static wn_code walk_value(path_walk *w, const wn_json_value *v, const char *rest, bool *found, wn_err *err);

static wn_code walk_members(path_walk *w, const wn_json_members *m, const char *path, bool *found, wn_err *err) {
    wn_json_value v = {0};
    bool present = false;
    *found = false;
    wn_code code = find_member(w, m, path, strlen(path), &v, &present, err);
    if (code != WN_OK) return code;
    if (present) return walk_value(w, &v, "", found, err);
    for (const char *at = path; *at && !*found; ++at) {
        if (at == path || !wn_json_is_step(at)) continue;
        if ((code = find_member(w, m, path, (size_t)(at - path), &v, &present, err)) != WN_OK) return code;
        if (present && (code = walk_value(w, &v, at, found, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code walk_object(path_walk *w, const wn_json_value *v, const char *path, bool *found, wn_err *err) {
    wn_json_members m = {0};
    wn_code code = wn_json_object(v->s, v->n, &m, err);
    if (code == WN_OK) code = walk_members(w, &m, path, found, err);
    wn_free(m.at);
    return code;
}

/* Is this element of an array one of the role that is wanted? */
static wn_code has_role(path_walk *w, const wn_json_value *v, bool *has, wn_err *err) {
    static const char *const names[] = {"role", "from"};
    wn_json_members m = {0};
    wn_json_value said = {0};
    bool present = false;
    *has = true;
    if (!w->role || !w->role->wanted || v->kind != WN_JOBJECT) return WN_OK;
    wn_code code = wn_json_object(v->s, v->n, &m, err);
    for (size_t i = 0; code == WN_OK && !present && i < sizeof names / sizeof *names; ++i)
        code = find_member(w, &m, names[i], strlen(names[i]), &said, &present, err);
    wn_free(m.at);
    if (code != WN_OK || !present || said.kind != WN_JSTRING) return code;
    *has = said.n == strlen(w->role->wanted) && memcmp(said.s, w->role->wanted, said.n) == 0;
    w->role->met |= *has;
    if (!*has && !w->role->other[0] && said.n < sizeof w->role->other) memcpy(w->role->other, said.s, said.n);
    return WN_OK;
}

/* Elements [first, last] of those that have the role. */
static wn_code walk_elements(path_walk *w, const wn_json_value *array, size_t first, size_t last, const char *rest,
                             size_t *taken, bool *found, wn_err *err) {
    wn_json_elements e = wn_json_elements_of(array);
    for (*taken = 0;;) {
        wn_json_value v = {0};
        bool end = false, has = false, inner = false;
        wn_code code = wn_json_elements_next(&e, &v, &end, err);
        if (code != WN_OK || end) return code;
        if ((code = has_role(w, &v, &has, err)) != WN_OK) return code;
        if (!has) continue;
        size_t i = (*taken)++;
        if (i < first || i > last) continue;
        if ((code = walk_value(w, &v, rest, &inner, err)) != WN_OK) return code;
        *found |= inner;
    }
}

static wn_code walk_array(path_walk *w, const wn_json_value *v, const bracket *b, bool *found, wn_err *err) {
    size_t taken = 0, back = b->index < 0 ? (size_t)-b->index : 0, at = (size_t)b->index;
    wn_code code;
    if (b->all) {
        if ((code = walk_elements(w, v, 0, SIZE_MAX, b->behind, &taken, found, err)) != WN_OK) return code;
        *found |= taken == 0; /* the place is there, and nothing stands in it */
        return WN_OK;
    }
    if (back) {
        if ((code = walk_elements(w, v, SIZE_MAX, 0, "", &taken, found, err)) != WN_OK) return code;
        if (taken < back) return WN_OK;
        at = taken - back;
    }
    return walk_elements(w, v, at, at, b->behind, &taken, found, err);
}

static wn_code walk_value(path_walk *w, const wn_json_value *v, const char *rest, bool *found, wn_err *err) {
    *found = false;
    if (*rest == '\0') {
        *found = true;
        return w->sink(w->ctx, v, err);
    }
    if (*rest == '.') return v->kind == WN_JOBJECT ? walk_object(w, v, rest + 1, found, err) : WN_OK;
    bracket b = read_bracket(rest);
    return v->kind == WN_JARRAY && b.behind ? walk_array(w, v, &b, found, err) : WN_OK;
}

wn_code wn_json_walk(const wn_json_members *m, const char *path, wn_json_role *role, wn_json_sink sink, void *ctx,
                     bool *found, wn_err *err) {
    path_walk w = {.role = role, .sink = sink, .ctx = ctx};
    wn_code code = walk_members(&w, m, path, found, err);
    wn_free(w.unescaped.data);
    return code;
}

typedef struct {
    wn_json_value *first;
    size_t count;
} path_first;

static wn_code take_first(void *ctx, const wn_json_value *v, wn_err *err) {
    path_first *f = ctx;
    (void)err;
    if (!f->count++) *f->first = *v;
    return WN_OK;
}

wn_code wn_json_find(const wn_json_members *m, const char *path, wn_json_value *first, size_t *count, wn_err *err) {
    path_first f = {.first = first};
    bool found = false;
    wn_code code = wn_json_walk(m, path, NULL, take_first, &f, &found, err);
    *count = f.count;
    return code;
}
