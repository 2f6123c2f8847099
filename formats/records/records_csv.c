/* csv: cells between commas; a quoted cell may hold commas, line ends and doubled quotes (RFC 4180; libcsv). A quote
 * inside a cell that does not begin with one is a character like others, as other readers take it. */
#include "records_internal.h"

#include <csv.h>
#include <string.h>
#include <winnow/mem.h>

enum { AT_CELL = 0, PLAIN_CELL, QUOTED_CELL, AFTER_QUOTE };

/* The end of a csv record (behind its line feed) in s[0, n), or 0. RFC 4180: a quoted cell hides line ends; `state`
 * goes on from one piece to the next. */
static size_t csv_end(int *state, const char *s, size_t n) {
    int now = *state;
    for (size_t i = 0; i < n; ++i) {
        char c = s[i];
        if (now == QUOTED_CELL) {
            const char *quote = memchr(s + i, '"', n - i);
            if (!quote) break;
            i = (size_t)(quote - s);
            now = AFTER_QUOTE;
        } else if (c == '\n') {
            *state = AT_CELL;
            return i + 1;
        } else if (c == '"' && now != PLAIN_CELL)
            now = QUOTED_CELL; /* opens a cell, or is the second of a pair */
        else if (c == ',')
            now = AT_CELL;
        else if (now == AT_CELL || c != '\r')
            now = PLAIN_CELL;
    }
    *state = now;
    return 0;
}

/* A line on which nothing stands is no record. */
static bool csv_gap(const char *s, size_t n) {
    (void)s;
    return n == 0;
}

/* What libcsv calls back with. */
typedef struct {
    wn_row *row;
    wn_code code;
    wn_err *err;
} csv_sink;

static void csv_cell(void *s, size_t n, void *data) {
    csv_sink *sink = data;
    if (sink->code != WN_OK) return;
    size_t off = sink->row->text.len;
    sink->code = wn_buf_append(&sink->row->text, s, n, sink->err);
    if (sink->code == WN_OK) sink->code = wn_row_add(sink->row, off, n, sink->err);
}

static int csv_never(unsigned char c) {
    (void)c;
    return 0;
}

/* What is wrong with the quotes of a record; NULL: nothing. libcsv, when it is not strict, reads on. */
static const char *quote_fault(const char *s, size_t n) {
    int now = AT_CELL;
    for (size_t i = 0; i < n; ++i)
        if (now == QUOTED_CELL)
            now = s[i] == '"' ? AFTER_QUOTE : QUOTED_CELL;
        else if (s[i] == ',')
            now = AT_CELL;
        else if (s[i] == '"' && now != PLAIN_CELL)
            now = QUOTED_CELL;
        else if (now == AFTER_QUOTE)
            return "text follows the quote that closes a cell (a quote in a quoted cell is written twice)";
        else
            now = PLAIN_CELL;
    return now == QUOTED_CELL ? "a quoted cell is not closed (a quote in a quoted cell is written twice)" : NULL;
}

static wn_code csv_split(wn_row *row, const char *s, size_t n, wn_err *err) {
    if (!n || !memchr(s, '"', n))
        return wn_row_cut(row, ',', s, n, err); /* without quotes there is nothing to decide */
    struct csv_parser p;
    csv_sink sink = {.row = row, .code = WN_OK, .err = err};
    row->n = row->text.len = 0;
    const char *fault = quote_fault(s, n);
    if (fault) return wn_err_set(err, WN_EINPUT, "not valid CSV: %s", fault);
    if (csv_init(&p, 0) != 0) return wn_err_set(err, WN_EINTERNAL, "libcsv does not start");
    csv_set_space_func(&p, csv_never); /* RFC 4180: spaces are part of a cell */
    csv_set_term_func(&p, csv_never);  /* the line end was found and taken off before */
    csv_set_blk_size(&p, 4096);
    if (wn_mem_hold(n, err) != WN_OK) { /* a cell of its own, as long as the record at the most */
        csv_free(&p);
        return WN_EMEMORY;
    }
    bool ok = csv_parse(&p, s, n, csv_cell, NULL, &sink) == n && csv_fini(&p, csv_cell, NULL, &sink) == 0;
    int why = csv_error(&p);
    csv_free(&p);
    wn_mem_unhold(n);
    row->base = row->text.data ? row->text.data : "";
    if (sink.code != WN_OK) return sink.code;
    if (ok) return row->n ? WN_OK : wn_row_add(row, 0, 0, err);
    if (why == CSV_ENOMEM || why == CSV_ETOOBIG) return wn_err_set(err, WN_EMEMORY, "out of memory for a csv record");
    return wn_err_set(err, WN_EINTERNAL, "libcsv fails at a csv record: %s", csv_strerror(why));
}

static wn_code csv_header(wn_records *r, const char *s, size_t n, wn_err *err) {
    return wn_table_header(r, csv_split, s, n, err);
}

static wn_code csv_record(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err) {
    return wn_table_record(r, csv_split, s, n, rec, err);
}

const wn_format_reader wn_reader_csv = {
    .fields = true, .end = csv_end, .gap = csv_gap, .header = csv_header, .record = csv_record};
