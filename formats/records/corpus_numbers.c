/* A field of numbers, from a second reading of the records. */
#include "records_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wn/text.h>

typedef struct {
    const wn_corpus *c;
    const char *field, *option;
    double low, high, *out;
    wn_records *reader;
} numbers;

static wn_code bad_number(const numbers *g, size_t row, const wn_record *rec, wn_err *err) {
    char range[80] = "";
    const size_t n = rec->label_len < 40 ? rec->label_len : 40;
    (void)snprintf(range, sizeof range, "a number from %g to %g is wanted", g->low, g->high);
    const char *path = wn_path_label(g->c->sources[g->c->file[row]].path);
    if (!rec->label)
        return wn_err_set(err, WN_EINPUT, "%s:%llu: no field \"%.60s\" (%s), but %s", path,
                          (unsigned long long)g->c->line[row], g->field, g->option, range);
    return wn_err_set(err, WN_EINPUT, "%s:%llu: field \"%.60s\" (%s) is %.*s; %s", path,
                      (unsigned long long)g->c->line[row], g->field, g->option, (int)n, rec->label, range);
}

static bool read_number(const wn_record *rec, double *out) {
    char text[64], *end = NULL;
    if (!rec->label || rec->label_len >= sizeof text) return false;
    memcpy(text, rec->label, rec->label_len);
    text[rec->label_len] = 0;
    if (strspn(text, "0123456789+-.eE") != rec->label_len) return false; /* no hexadecimal, no infinity */
    *out = strtod(text, &end);
    return *end == 0;
}

/* Without line end and byte order mark. */
static void strip(const char **s, size_t *n, bool first) {
    if (*n && (*s)[*n - 1] == '\n') --*n;
    if (*n && (*s)[*n - 1] == '\r') --*n;
    const size_t mark = first ? wn_text_mark(*s, *n) : 0;
    *s += mark, *n -= mark;
}

static wn_code take_record(void *ctx, size_t row, const char *s, size_t n, wn_err *err) {
    const numbers *g = ctx;
    wn_record rec = {0};
    strip(&s, &n, row == SIZE_MAX || g->c->offset[row] == 0);
    if (row == SIZE_MAX) {
        /* gaps may stand before it; its own line ends count where they are quoted */
        while (n && (*s == '\n' || *s == '\r')) s++, n--;
        const wn_code code = g->reader->reader->header(g->reader, s, n, err);
        return code == WN_OK ? code : wn_err_prefix(err, "%s %.60s: ", g->option, g->field);
    }
    rec.line = g->c->line[row];
    const wn_code code = g->reader->reader->record(g->reader, s, n, &rec, err);
    if (code != WN_OK)
        return wn_err_prefix(err, "%s:%llu: %s: ", wn_path_label(g->c->sources[g->c->file[row]].path),
                             (unsigned long long)rec.line, g->option);
    double v = 0;
    if (!read_number(&rec, &v) || !(v >= g->low && v <= g->high)) return bad_number(g, row, &rec, err);
    g->out[row] = v;
    return WN_OK;
}

wn_code wn_corpus_numbers(const wn_corpus *c, const wn_number_field *f, double *out, wn_progress *p, wn_err *err) {
    numbers g = {.c = c, .field = f->name, .option = f->option, .low = f->low, .high = f->high, .out = out};
    const char *paths[] = {c->nsources ? c->sources[0].path : "-"};
    const wn_records_opts o = {.paths = paths,
                               .npaths = 1,
                               .format = c->nsources ? c->sources[0].format : WN_JSONL,
                               .label_field = f->name,
                               .label_option = f->option,
                               .no_text = true};
    wn_code code = wn_records_open(&g.reader, &o, err);
    if (code != WN_OK) return code;
    g.reader->reader = wn_format_reader_of(o.format);
    g.reader->next_file = 1;
    if (!g.reader->reader->fields)
        code = wn_err_set(err, WN_EUSAGE, "%s %.60s: a %s file has no fields", f->option, f->name,
                          wn_format_name(o.format));
    else
        code = wn_corpus_replay(c, take_record, &g, p, err);
    wn_records_close(g.reader);
    return code;
}
