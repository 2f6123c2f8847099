#include "records_internal.h"

#include <string.h>
#include <winnow/mem.h>

static wn_code add_cell(wn_row *row, size_t off, size_t n, wn_err *err) {
    wn_code code = wn_reserve((void **)&row->at, &row->cap, row->n + 1, sizeof *row->at, err);
    if (code == WN_OK) row->at[row->n++] = (wn_cell){off, n};
    return code;
}

static wn_code split(wn_row *row, char separator, const char *s, size_t n, wn_err *err) {
    row->base = s;
    row->n = 0;
    for (size_t at = 0;;) {
        const char *found = at < n ? memchr(s + at, separator, n - at) : NULL;
        size_t end = found ? (size_t)(found - s) : n;
        wn_code code = add_cell(row, at, end - at, err);
        if (code != WN_OK || !found) return code;
        at = end + 1;
    }
}

wn_code wn_row_tsv(wn_row *row, const char *s, size_t n, wn_err *err) {
    return split(row, '\t', s, n, err);
}

/* What libcsv calls back with. */
typedef struct {
    wn_row *row;
    wn_code code;
    wn_err *err;
} csv_sink;

static void on_cell(void *s, size_t n, void *data) {
    csv_sink *sink = data;
    if (sink->code != WN_OK) return;
    size_t off = sink->row->text.len;
    sink->code = wn_buf_append(&sink->row->text, s, n, sink->err);
    if (sink->code == WN_OK) sink->code = add_cell(sink->row, off, n, sink->err);
}

static int never(unsigned char c) {
    (void)c;
    return 0;
}

wn_code wn_row_csv(wn_row *row, const char *s, size_t n, wn_err *err) {
    if (!n || !memchr(s, '"', n)) return split(row, ',', s, n, err); /* without quotes there is nothing to decide */
    struct csv_parser p;
    csv_sink sink = {.row = row, .code = WN_OK, .err = err};
    row->n = row->text.len = 0;
    if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0) return wn_err_set(err, WN_EINTERNAL, "libcsv does not start");
    csv_set_space_func(&p, never); /* RFC 4180: spaces are part of a cell */
    csv_set_term_func(&p, never);  /* the line end was found and taken off before */
    csv_set_blk_size(&p, 4096);
    bool ok = csv_parse(&p, s, n, on_cell, NULL, &sink) == n && csv_fini(&p, on_cell, NULL, &sink) == 0;
    int why = csv_error(&p);
    csv_free(&p);
    row->base = row->text.data ? row->text.data : "";
    if (sink.code != WN_OK) return sink.code;
    if (ok) return row->n ? WN_OK : add_cell(row, 0, 0, err);
    if (why == CSV_ENOMEM || why == CSV_ETOOBIG) return wn_err_set(err, WN_EMEMORY, "out of memory for a csv record");
    return wn_err_set(
        err, WN_EINPUT,
        "not valid CSV: a quote stands inside a cell, or a quoted cell is not closed (a quote in a cell is "
        "written twice, and the cell in quotes)");
}

wn_code wn_row_join(const wn_row *row, wn_buf *out, wn_err *err) {
    wn_code code = WN_OK;
    out->len = 0;
    for (size_t i = 0; i < row->n && code == WN_OK; ++i) {
        code = wn_buf_append(out, row->base + row->at[i].off, row->at[i].n, err);
        if (code == WN_OK) code = wn_buf_append(out, "\xFF", 1, err);
    }
    return code;
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
    if (*column != SIZE_MAX) return wn_err_set(err, WN_EINPUT, "two columns are called \"%.60s\"", name);
    wn_field_name *names = wn_alloc(header->n, sizeof *names, err);
    if (!names) return WN_EMEMORY;
    for (size_t i = 0; i < header->n; ++i)
        names[i] = (wn_field_name){header->base + header->at[i].off, header->at[i].n, 1};
    wn_code code = wn_field_missing(name, option, names, header->n, err);
    wn_free(names);
    return code;
}

wn_code wn_parse_header(wn_records *r, const char *s, size_t n, wn_err *err) {
    const wn_records_opts *o = &r->o;
    /* The header outlives the buffer it was read from. */
    r->header.text.len = 0;
    wn_code code = r->format == WN_CSV ? wn_row_csv(&r->header, s, n, err) : wn_row_tsv(&r->header, s, n, err);
    if (code == WN_OK && r->header.base == s) {
        r->header.text.len = 0;
        code = wn_buf_append(&r->header.text, s, n, err);
        r->header.base = r->header.text.data ? r->header.text.data : "";
    }
    for (size_t i = 0; i < o->ntext_fields && code == WN_OK; ++i)
        code = want_column(&r->header, o->text_fields[i], "--text-field", &r->text_col[i], err);
    if (code == WN_OK && o->label_field)
        code = want_column(&r->header, o->label_field, "--label-field", &r->label_col, err);
    if (code == WN_OK && o->id_field) code = want_column(&r->header, o->id_field, "--id-field", &r->id_col, err);
    if (code == WN_OK && o->cost_field)
        code = want_column(&r->header, o->cost_field, "--cost-field", &r->cost_col, err);
    return code;
}

wn_code wn_parse_table(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err) {
    const wn_records_opts *o = &r->o;
    wn_row *row = &r->row;
    wn_code code = r->format == WN_CSV ? wn_row_csv(row, s, n, err) : wn_row_tsv(row, s, n, err);
    if (code != WN_OK) return code;
    if (row->n != r->header.n) return wn_err_set(err, WN_EINPUT, "%zu fields, the header has %zu", row->n, r->header.n);
    r->text.len = 0;
    for (size_t i = 0; i < o->ntext_fields && code == WN_OK && o->ntext_fields > 1; ++i) {
        wn_cell c = row->at[r->text_col[i]];
        if (i) code = wn_buf_append(&r->text, " ", 1, err);
        if (code == WN_OK) code = wn_buf_append(&r->text, row->base + c.off, c.n, err);
    }
    if (code != WN_OK) return code;
    wn_cell text = row->at[r->text_col[0]];
    rec->text = o->ntext_fields > 1 ? r->text.data : row->base + text.off;
    rec->text_len = o->ntext_fields > 1 ? r->text.len : text.n;
    if (o->label_field && row->at[r->label_col].n) {
        rec->label = row->base + row->at[r->label_col].off;
        rec->label_len = row->at[r->label_col].n;
        if (memchr(rec->label, '\0', rec->label_len))
            return wn_err_set(err, WN_EINPUT, "field \"%.60s\" holds U+0000, which a label must not", o->label_field);
    }
    if (o->id_field) {
        rec->id = row->base + row->at[r->id_col].off;
        rec->id_len = row->at[r->id_col].n;
        code = wn_field_id_check(o->id_field, rec->id, rec->id_len, err);
    }
    if (code == WN_OK && o->cost_field) {
        wn_cell c = row->at[r->cost_col];
        code = wn_field_cost(o->cost_field, row->base + c.off, c.n, &rec->cost, err);
    }
    return code;
}
