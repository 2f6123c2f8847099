/* What csv and tsv have in common: a header that names the columns, and rows of cells. */
#include "records_internal.h"

#include <string.h>
#include <winnow/mem.h>

wn_code wn_row_add(wn_row *row, size_t off, size_t n, wn_err *err) {
    wn_code code = wn_reserve((void **)&row->at, &row->cap, row->n + 1, sizeof *row->at, err);
    if (code == WN_OK) row->at[row->n++] = (wn_cell){off, n};
    return code;
}

wn_code wn_row_cut(wn_row *row, char separator, const char *s, size_t n, wn_err *err) {
    row->base = s;
    row->n = 0;
    for (size_t at = 0;;) {
        const char *found = at < n ? memchr(s + at, separator, n - at) : NULL;
        size_t end = found ? (size_t)(found - s) : n;
        wn_code code = wn_row_add(row, at, end - at, err);
        if (code != WN_OK || !found) return code;
        at = end + 1;
    }
}

wn_code wn_row_join(const wn_row *row, wn_buf *out, wn_err *err) {
    out->len = 0;
    for (size_t i = 0; i < row->n; ++i) {
        wn_code code = wn_buf_append(out, row->base + row->at[i].off, row->at[i].n, err);
        if (code != WN_OK) return code;
        if ((code = wn_buf_append(out, "\xFF", 1, err)) != WN_OK) return code;
    }
    return WN_OK;
}

void wn_row_free(wn_row *row) {
    wn_free(row->at);
    wn_free(row->text.data);
    *row = (wn_row){0};
}

static size_t find_column(const wn_row *header, const char *name, size_t from) {
    size_t n = strlen(name);
    for (size_t i = from; i < header->n; ++i)
        if (header->at[i].n == n && memcmp(header->base + header->at[i].off, name, n) == 0) return i;
    return SIZE_MAX;
}

static wn_code want_column(const wn_row *header, const char *name, const char *option, size_t *column, wn_err *err) {
    *column = find_column(header, name, 0);
    if (*column != SIZE_MAX && find_column(header, name, *column + 1) == SIZE_MAX) return WN_OK;
    if (*column != SIZE_MAX) return wn_err_set(err, WN_EINPUT, "two columns are called \"%.60s\" (%s)", name, option);
    wn_field_name *names = wn_alloc(header->n, sizeof *names, err);
    if (!names) return WN_EMEMORY;
    for (size_t i = 0; i < header->n; ++i)
        names[i] =
            (wn_field_name){.name = header->base + header->at[i].off, .name_len = header->at[i].n, .text_len = 1};
    wn_code code = wn_field_missing(name, option, names, header->n, err);
    wn_free(names);
    return code;
}

/* The header outlives the buffer it was read from. */
static wn_code keep_header(wn_row *header, const char *s, size_t n, wn_err *err) {
    if (header->base != s) return WN_OK;
    header->text.len = 0;
    wn_code code = wn_buf_append(&header->text, s, n, err);
    header->base = header->text.data ? header->text.data : "";
    return code;
}

wn_code wn_table_header(wn_records *r, wn_row_split split, const char *s, size_t n, wn_err *err) {
    const wn_records_opts *o = &r->o;
    wn_row *header = &r->header;
    header->text.len = 0;
    wn_code code = split(header, s, n, err);
    if (code != WN_OK) return code;
    if ((code = keep_header(header, s, n, err)) != WN_OK) return code;
    for (size_t i = 0; i < o->ntext_fields && !o->no_text; ++i) {
        code = want_column(header, o->text_fields[i], o->text_option, &r->text_col[i], err);
        if (code != WN_OK) return code;
    }
    if (o->label_field && (code = want_column(header, o->label_field, "--label-field", &r->label_col, err)) != WN_OK)
        return code;
    for (size_t i = 0; i < o->nmore; ++i) {
        r->more_col[i] = SIZE_MAX;
        if (o->may_lack[i] && find_column(header, o->more[i].name, 0) == SIZE_MAX) continue;
        code = want_column(header, o->more[i].name, o->more[i].option, &r->more_col[i], err);
        if (code != WN_OK) return code;
    }
    return o->id_field ? want_column(header, o->id_field, "--id-field", &r->id_col, err) : WN_OK;
}

static wn_code table_text(wn_records *r, wn_record *rec, wn_err *err) {
    const wn_row *row = &r->row;
    if (r->o.no_text) {
        rec->text = "";
        return WN_OK;
    }
    if (r->o.ntext_fields == 1 || r->o.only_text) {
        wn_cell only = row->at[r->text_col[r->o.only_text ? r->o.only_text - 1 : 0]];
        rec->text = row->base + only.off;
        rec->text_len = only.n;
        return WN_OK;
    }
    r->text.len = 0;
    for (size_t i = 0; i < r->o.ntext_fields; ++i) {
        wn_cell c = row->at[r->text_col[i]];
        wn_code code = i ? wn_buf_append(&r->text, " ", 1, err) : WN_OK;
        if (code != WN_OK) return code;
        if ((code = wn_buf_append(&r->text, row->base + c.off, c.n, err)) != WN_OK) return code;
    }
    rec->text = r->text.data;
    rec->text_len = r->text.len;
    return WN_OK;
}

wn_code wn_table_record(wn_records *r, wn_row_split split, const char *s, size_t n, wn_record *rec, wn_err *err) {
    const wn_records_opts *o = &r->o;
    wn_row *row = &r->row;
    wn_code code = split(row, s, n, err);
    if (code != WN_OK) return code;
    if (row->n != r->header.n) return wn_err_set(err, WN_EINPUT, "%zu fields, the header has %zu", row->n, r->header.n);
    if ((code = table_text(r, rec, err)) != WN_OK) return code;
    if (o->label_field && row->at[r->label_col].n) {
        rec->label = row->base + row->at[r->label_col].off;
        rec->label_len = row->at[r->label_col].n;
        if (memchr(rec->label, '\0', rec->label_len))
            return wn_err_set(err, WN_EINPUT, "field \"%.60s\" holds U+0000, which a label must not", o->label_field);
    }
    for (size_t i = 0; i < o->nmore; ++i) {
        if (r->more_col[i] == SIZE_MAX) continue;
        const wn_cell cell = row->at[r->more_col[i]];
        if (cell.n == 0) continue;
        rec->more[i] = row->base + cell.off;
        rec->more_len[i] = cell.n;
    }
    if (!o->id_field) return WN_OK;
    rec->id = row->base + row->at[r->id_col].off;
    rec->id_len = row->at[r->id_col].n;
    return wn_field_id_check(o->id_field, rec->id, rec->id_len, err);
}
