/* tsv: cells between tabs, nothing quoted; every line is a record. */
#include "records_internal.h"

static wn_code tsv_split(wn_row *row, const char *s, size_t n, wn_err *err) {
    return wn_row_cut(row, '\t', s, n, err);
}

static wn_code tsv_header(wn_records *r, const char *s, size_t n, wn_err *err) {
    return wn_table_header(r, tsv_split, s, n, err);
}

static wn_code tsv_record(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err) {
    return wn_table_record(r, tsv_split, s, n, rec, err);
}

const wn_format_reader wn_reader_tsv = {.fields = true,
                                        .lines = true,
                                        .end = wn_line_end,
                                        .gap = wn_no_gap,
                                        .header = tsv_header,
                                        .record = tsv_record};
