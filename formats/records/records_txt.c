/* txt: every line is a text. */
#include "records_internal.h"

static wn_code txt_record(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err) {
    (void)r;
    (void)err;
    rec->text = s;
    rec->text_len = n;
    return WN_OK;
}

const wn_format_reader wn_reader_txt = {.lines = true, .end = wn_line_end, .gap = wn_no_gap, .record = txt_record};
