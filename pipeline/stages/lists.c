/* Files of ids, one a line, as rows. */
#include <winnow/stages.h>

#include <string.h>
#include <winnow/mem.h>
#include <wn/strmap.h>
#include <wn/textfile.h>

enum { LIST_MAX = 1 << 30 }; /* bytes of a file of ids */

/* The ids of a list file. */
typedef struct {
    wn_strset ids;
    size_t *line, *row; /* [ids.n] where it stands first, from 1; its row, WN_NONE: none */
} id_list;

static void id_list_free(id_list *l) {
    wn_strset_free(&l->ids);
    wn_free(l->line);
    wn_free(l->row);
    *l = (id_list){0};
}

static wn_code id_list_read(id_list *l, const char *path, wn_err *err) {
    char *text = NULL;
    size_t len = 0, lines = 1, line = 0;
    wn_code code = wn_textfile_read(&text, &len, path, LIST_MAX, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < len; i++) lines += text[i] == '\n';
    code = WN_EMEMORY;
    if (!(l->line = wn_alloc(lines, sizeof *l->line, err))) goto out;
    if (!(l->row = wn_alloc(lines, sizeof *l->row, err))) goto out;
    for (size_t at = 0, next; at < len; at = next, line++) {
        const char *feed = memchr(text + at, '\n', len - at);
        size_t end = feed ? (size_t)(feed - text) : len, known = l->ids.n;
        uint32_t id = 0;
        next = feed ? end + 1 : len;
        if (end > at && text[end - 1] == '\r') end--;
        if (end == at) continue;
        code = wn_strset_add(&l->ids, text + at, end - at, wn_string_hash(text + at, end - at), &id, err);
        if (code != WN_OK) goto out;
        if (id == known) l->line[id] = line + 1, l->row[id] = WN_NONE; /* a repeated id is the same wish twice */
    }
    code = WN_OK;
out:
    wn_free(text);
    return code;
}

/* Rows of the ids in `path`, in the order of the file. */
static wn_code id_list_rows(const wn_view *v, const char *option, const char *path, size_t **rows, size_t *nrows,
                            wn_err *err) {
    id_list l = {0};
    char number[24];
    wn_code code = id_list_read(&l, path, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < v->n; i++) {
        size_t len;
        const char *id = wn_view_id(v, i, number, &len);
        uint32_t e = wn_strset_find(&l.ids, id, len, wn_string_hash(id, len));
        if (e == WN_STRSET_NONE) continue;
        if (l.row[e] != WN_NONE) {
            code = wn_err_set(err, WN_EUSAGE, "%s:%zu: \"%.*s\" is the id of two rows, %zu and %zu (from 0): %s cannot "
                              "tell which one is meant", path, l.line[e], (int)(len > 80 ? 80 : len), id, l.row[e], i,
                              option);
            goto out;
        }
        l.row[e] = i;
    }
    for (size_t e = 0; e < l.ids.n; e++) {
        if (l.row[e] != WN_NONE) continue;
        size_t len = (size_t)(l.ids.off[e + 1] - l.ids.off[e]);
        code = wn_err_set(err, WN_EUSAGE, "%s:%zu: no row has the id \"%.*s\" (%s takes ids, one a line%s)", path,
                          l.line[e], (int)(len > 80 ? 80 : len), l.ids.bytes + l.ids.off[e], option,
                          v->ids.n ? "" : "; without an id field they are row numbers from 0");
        goto out;
    }
    *rows = l.row, *nrows = l.ids.n;
    l.row = NULL;
out:
    id_list_free(&l);
    return code;
}

/* An id must not be in both lists. */
static wn_code check_apart(const wn_lists *l, const wn_view *rows, const wn_lists_opts *o, wn_err *err) {
    bool *kept = wn_alloc(rows->n, sizeof *kept, err);
    wn_code code = kept ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < l->nkeep; i++) kept[l->keep[i]] = true;
    for (size_t i = 0; i < l->nexclude; i++) {
        char number[24];
        size_t len;
        const char *id = wn_view_id(rows, l->exclude[i], number, &len);
        if (!kept[l->exclude[i]]) continue;
        code = wn_err_set(err, WN_ECONSTRAINT, "\"%.*s\" is to be kept (%s) and to be excluded (%s)",
                          (int)(len > 80 ? 80 : len), id, o->keep_path, o->exclude_path);
        goto out;
    }
out:
    wn_free(kept);
    return code;
}

wn_code wn_lists_read(wn_lists *out, const wn_view *rows, const wn_lists_opts *o, wn_err *err) {
    wn_lists l = {0};
    wn_code code = WN_OK;
    if (o->keep_path && (code = id_list_rows(rows, "--keep", o->keep_path, &l.keep, &l.nkeep, err)) != WN_OK) goto out;
    if (o->exclude_path &&
        (code = id_list_rows(rows, "--exclude", o->exclude_path, &l.exclude, &l.nexclude, err)) != WN_OK)
        goto out;
    if (l.nkeep && l.nexclude && (code = check_apart(&l, rows, o, err)) != WN_OK) goto out;
    *out = l;
    l = (wn_lists){0};
out:
    wn_lists_free(&l);
    return code;
}

void wn_lists_free(wn_lists *l) {
    wn_free(l->keep);
    wn_free(l->exclude);
    *l = (wn_lists){0};
}
