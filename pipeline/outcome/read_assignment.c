/* assignment.tsv of a folder that dedup wrote, back into an outcome. */
#include "layout.h"
#include "read_private.h"

#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/buf.h>
#include <wn/path.h>
#include <wn/textfile.h>
#include <wn/strmap.h>

/* One field, its escapes undone in place; *at moves behind the tab or line feed. */
static char *take_field(char **at, char *end, size_t *len) {
    char *begin = *at, *to = begin, *s = begin;
    for (; s < end && *s != '\t' && *s != '\n'; s++) {
        if (*s == '\\' && s + 1 < end) {
            s++;
            *to++ = (char)(*s == 't' ? '\t' : *s == 'n' ? '\n' : *s == 'r' ? '\r' : *s);
        } else {
            *to++ = *s;
        }
    }
    *len = (size_t)(to - begin);
    *at = s < end ? s + 1 : end;
    return begin;
}

/* A line of the table; the strings are fields of the file. */
typedef struct {
    char *id, *by;
    size_t id_len, by_len;
    float sim;
} assignment_line;

static assignment_line take_line(char **at, char *end) {
    assignment_line l;
    size_t n;
    char number[32];
    l.id = take_field(at, end, &l.id_len);
    l.by = take_field(at, end, &l.by_len);
    const char *sim = take_field(at, end, &n);
    if (n >= sizeof number) n = sizeof number - 1;
    memcpy(number, sim, n);
    number[n] = 0;
    l.sim = strtof(number, NULL);
    return l;
}

static wn_code make_room(wn_outcome *o, size_t bytes, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    own->ids.base = wn_alloc(bytes, 1, err);
    own->ids.off = wn_alloc(o->n + 1, sizeof *own->ids.off, err);
    own->column.rank = wn_alloc(o->n, sizeof *own->column.rank, err);
    own->column.copy_of = wn_alloc(o->n, sizeof *own->column.copy_of, err);
    own->column.represented_by = wn_alloc(o->n, sizeof *own->column.represented_by, err);
    own->column.represented_sim = wn_alloc(o->n, sizeof *own->column.represented_sim, err);
    return own->ids.base && own->ids.off && own->column.rank && own->column.copy_of && own->column.represented_by &&
                   own->column.represented_sim
               ? WN_OK
               : WN_EMEMORY;
}

/* Ids, and which row each stands for. by_id [n]: the first row of each id, by its number in `ids`. */
static wn_code read_lines(wn_outcome *o, char *at, char *end, wn_strset *ids, size_t *by_id, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    char *lines = at;
    uint32_t e = 0;
    for (size_t i = 0; i < o->n; i++) {
        const assignment_line l = take_line(&at, end);
        size_t known = ids->n;
        wn_code code = wn_strset_add(ids, l.id, l.id_len, wn_string_hash(l.id, l.id_len), &e, err);
        if (code != WN_OK) return code;
        if (ids->n > known) by_id[e] = i;
        memcpy(own->ids.base + own->ids.off[i], l.id, l.id_len);
        own->ids.off[i + 1] = own->ids.off[i] + l.id_len;
        own->column.represented_sim[i] = l.sim;
        /* the fields were unescaped in place: the name of the other is kept where it stands until all are known */
        own->column.copy_of[i] = (size_t)(l.by - lines);
        own->column.rank[i] = l.by_len;
    }
    for (size_t i = 0, kept = 0; i < o->n; i++) {
        const char *by = lines + own->column.copy_of[i];
        size_t len = own->column.rank[i];
        e = wn_strset_find(ids, by, len, wn_string_hash(by, len));
        if (e == WN_STRSET_NONE) return wn_outcome_damaged(o, "assignment.tsv names an id that it does not hold", err);
        own->column.copy_of[i] = own->column.represented_by[i] = by_id[e];
        own->column.rank[i] = by_id[e] == i ? ++kept : WN_NONE;
    }
    return WN_OK;
}

static char *skip_line(char *at, const char *end) {
    char *feed = memchr(at, '\n', (size_t)(end - at));
    return feed ? feed + 1 : at + (end - at);
}

static wn_code read_table(wn_outcome *o, char *text, size_t len, wn_err *err) {
    char *end = text + len, *first = skip_line(text, end);
    wn_strset ids = {0};
    size_t lines = 0, *by_id = NULL;
    for (const char *s = first; s < end; s++) lines += *s == '\n';
    if (lines != o->n) return wn_outcome_damaged(o, "assignment.tsv has other rows than manifest.json counts", err);
    wn_code code = make_room(o, len, err);
    if (code != WN_OK) goto out;
    if (!(by_id = wn_alloc(o->n, sizeof *by_id, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    code = read_lines(o, first, end, &ids, by_id, err);
out:
    wn_strset_free(&ids);
    wn_free(by_id);
    return code;
}

/* ---- labels of a matrix, from subset.h5ad and rest.h5ad ---- */

/* The labels of one of the two, at their rows: label [n] gets offsets into *text, len [n] their lengths. */
static wn_code gather_labels(const wn_outcome *o, const char *name, wn_buf *text, size_t *label, size_t *len,
                             wn_err *err) {
    wn_matrix_file *m = NULL;
    wn_strings all = {0};
    int64_t *row = NULL;
    char *path = wn_path_join(o->own->folder, name, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_matrix_open_apart(&m, path, NULL, err)) != WN_OK) goto out;
    size_t rows = wn_matrix_rows(m);
    if (!wn_matrix_has_obs(m, "label") || !wn_matrix_has_obs(m, "row")) goto out;
    if ((code = wn_matrix_obs_strings(m, "label", &all, err)) != WN_OK) goto out;
    if (!(row = wn_alloc(rows, sizeof *row, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    if ((code = wn_matrix_obs_i64(m, "row", row, err)) != WN_OK) goto out;
    for (size_t i = 0; i < rows && i < all.view.n; i++) {
        if (row[i] < 0 || row[i] >= (int64_t)o->n) {
            code = wn_outcome_damaged(o, "subset.h5ad or rest.h5ad names a row that is not there", err);
            goto out;
        }
        label[row[i]] = text->len;
        len[row[i]] = (size_t)(all.view.off[i + 1] - all.view.off[i]);
        if ((code = wn_buf_append(text, all.view.base + all.view.off[i], len[row[i]], err)) != WN_OK) goto out;
    }
out:
    wn_free(row);
    wn_strings_free(&all);
    wn_matrix_close(m);
    wn_free(path);
    return code;
}

static wn_code read_labels(wn_outcome *o, wn_err *err) {
    static const char *const names[] = {WN_STEM_SUBSET ".h5ad", WN_STEM_REST ".h5ad"};
    struct wn_outcome_own *own = o->own;
    wn_buf text = {0}, sorted = {0};
    size_t *label = wn_alloc(o->n, sizeof *label, err), *len = wn_alloc(o->n, sizeof *len, err);
    unsigned long long *off = wn_alloc(o->n + 1, sizeof *off, err);
    wn_code code = label && len && off ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < 2; i++)
        if (wn_manifest_at(o, "outputs", names[i]) &&
            (code = gather_labels(o, names[i], &text, label, len, err)) != WN_OK)
            goto out;
    if (text.len == 0) goto out;
    for (size_t i = 0; i < o->n; i++) {
        if ((code = wn_buf_append(&sorted, text.data + label[i], len[i], err)) != WN_OK) goto out;
        off[i + 1] = sorted.len;
    }
    const wn_texts all = {sorted.data, off, o->n};
    if ((code = wn_label_codes_init(&own->labels, &all, err)) != WN_OK) goto out;
    o->rows.label = own->labels.code;
    o->rows.labels = (const char *const *)own->labels.names;
    o->rows.nlabels = own->labels.n;
out:
    wn_free(text.data);
    wn_free(sorted.data);
    wn_free(label);
    wn_free(len);
    wn_free(off);
    return code;
}

bool wn_assignment_alone(const wn_outcome *o) {
    return o->own->manifest && wn_manifest_at(o, "outputs", WN_FILE_ASSIGNMENT) &&
           !wn_manifest_at(o, "outputs", WN_FILE_MATRIX);
}

wn_code wn_assignment_read(wn_outcome *o, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    char *text = NULL, *path = wn_path_join(own->folder, WN_FILE_ASSIGNMENT, err);
    size_t len = 0;
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_textfile_read_regular(&text, &len, path, PTRDIFF_MAX, err)) != WN_OK) goto out;
    if ((code = read_table(o, text, len, err)) != WN_OK) goto out;
    own->ids.view = (wn_texts){own->ids.base, own->ids.off, o->n};
    o->rows = (wn_view){.n = o->n, .ids = own->ids.view};
    o->column.rank = own->column.rank;
    o->column.copy_of = own->column.copy_of;
    o->column.represented_by = own->column.represented_by;
    o->column.represented_sim = own->column.represented_sim;
    code = read_labels(o, err);
out:
    wn_free(text);
    wn_free(path);
    return code;
}
