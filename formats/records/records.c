#include "records_internal.h"

#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>

static wn_code check_paths(const wn_records_opts *o, wn_err *err) {
    wn_format first = o->format;
    size_t standard = 0;
    if (!o->npaths) return wn_err_set(err, WN_EUSAGE, "no input file is named");
    for (size_t i = 0; i < o->npaths; ++i) {
        struct stat st;
        wn_format format = o->format;
        const char *path = o->paths[i];
        standard += strcmp(path, "-") == 0;
        if (strcmp(path, "-") != 0 && stat(path, &st) != 0) return wn_err_errno(err, "cannot open %s", path);
        if (strcmp(path, "-") != 0 && S_ISDIR(st.st_mode))
            return wn_err_set(err, WN_EIO, "%s is a folder; name the files in it", path);
        wn_code code = o->format == WN_FORMAT_AUTO ? wn_format_of_path(path, &format, err) : WN_OK;
        if (code != WN_OK) return code;
        if (i == 0) first = format;
        if (o->uniform && format != first)
            return wn_err_set(err, WN_EUSAGE,
                              "%s is %s, but %s is %s: one subset holds one format; run winnow on each",
                              wn_path_label(o->paths[0]), wn_format_name(first), wn_path_label(path),
                              wn_format_name(format));
    }
    return standard > 1 ? wn_err_set(err, WN_EUSAGE, "standard input (-) can be named only once") : WN_OK;
}

wn_code wn_records_open_tapped(wn_records **out, const wn_records_opts *o, wn_tap tap, void *ctx, wn_err *err) {
    static const char *const text[] = {"text"};
    wn_code code = check_paths(o, err);
    if (code != WN_OK) return code;
    wn_records *r = wn_alloc(1, sizeof *r, err);
    if (!r) return WN_EMEMORY;
    r->o = *o;
    r->tap = tap;
    r->tap_ctx = ctx;
    if (!o->text_option) r->o.text_option = "--text-field";
    if (!o->ntext_fields) {
        r->o.text_fields = text;
        r->o.ntext_fields = 1;
    }
    r->role.wanted = o->role;
    code = WN_EMEMORY;
    if (!(r->text_col = wn_alloc(r->o.ntext_fields, sizeof *r->text_col, err))) goto out;
    if (!(r->lack = wn_alloc(r->o.ntext_fields + 1 + r->o.nmore, sizeof *r->lack, err))) goto out;
    if (!(r->header_len = wn_alloc(o->npaths, sizeof *r->header_len, err))) goto out;
    code = o->skip_path ? wn_safefile_create(&r->skip, o->skip_path, o->overwrite, err) : WN_OK;
    if (r->skip) wn_safefile_keep_other(r->skip); /* nothing in such a file tells who wrote it */
out:
    if (code != WN_OK) wn_records_close(r);
    else *out = r;
    return code;
}

wn_code wn_records_open(wn_records **out, const wn_records_opts *o, wn_err *err) {
    return wn_records_open_tapped(out, o, NULL, NULL, err);
}

size_t wn_records_skipped(const wn_records *r) {
    return r->skipped;
}

const char *wn_records_header(const wn_records *r, size_t *len) {
    *len = r->header_raw.len;
    return r->header_raw.data;
}

void wn_records_close(wn_records *r) {
    if (!r) return;
    wn_safefile_abort(r->skip);
    wn_stream_close(r->stream);
    wn_free(r->frames.buf);
    wn_row_free(&r->header);
    wn_row_free(&r->row);
    wn_free(r->header_raw.data);
    wn_free(r->columns.data);
    wn_free(r->text_col);
    for (size_t i = 0; r->lack && i <= r->o.ntext_fields + r->o.nmore; ++i) wn_free(r->lack[i].missing);
    wn_free(r->lack);
    wn_free(r->header_len);
    wn_free(r->members.at);
    wn_free(r->text.data);
    wn_free(r->label.data);
    for (size_t i = 0; i < WN_MORE_FIELDS; ++i) wn_free(r->more[i].data);
    wn_free(r->id.data);
    wn_free(r);
}

/* The content of a frame: without line end, and without a byte order mark at the start of the file. */
static void strip_frame(const wn_frame *f, const char **s, size_t *n) {
    *s = f->s;
    *n = f->n;
    if (*n && (*s)[*n - 1] == '\n') --*n;
    if (*n && (*s)[*n - 1] == '\r') --*n;
    size_t mark = f->offset == 0 ? wn_text_mark(*s, *n) : 0;
    *s += mark;
    *n -= mark;
}

/* Do the lines of a file end in CR alone, by its first record? Names of columns have none outside quotes; a text may,
 * but not where it would be the whole file. In JSON it is a space like others. */
static bool has_lone_cr(const wn_format_reader *reader, const char *s, size_t n, bool fed) {
    bool quoted = false;
    if (!reader->header && (reader->fields || fed)) return false;
    for (size_t i = 0; i < n; ++i) {
        quoted ^= s[i] == '"' && reader->header;
        if (s[i] == '\r' && !quoted) return true;
    }
    return false;
}

/* A byte order mark that does not begin the file, and line ends that are none: both are easily not seen. */
static wn_code check_invisible(const wn_records *r, const wn_frame *f, const char *s, size_t n, wn_err *err) {
    if (wn_text_mark(s, n))
        return wn_err_set(err, WN_EINPUT,
                          "an invisible byte order mark (U+FEFF) within the file, as where files are joined; name the "
                          "files one by one, or take it out: sed 's/\\xEF\\xBB\\xBF//g'");
    if (f->offset != 0 || !n || !has_lone_cr(r->reader, s, n, f->s[f->n - 1] == '\n')) return WN_OK;
    return wn_err_set(err, WN_EINPUT,
                      "its lines seem to end in CR alone, which is no line end here; "
                      "tr '\\r' '\\n' <FILE makes them LF");
}

/* Where it is not UTF-8, f->line becomes the line of the first bad byte. */
static wn_code check_utf8(wn_frame *f, wn_err *err) {
    size_t bad = wn_utf8_invalid(f->s, f->n), start = 0;
    if (bad == f->n) return WN_OK;
    for (size_t i = 0; i < bad; ++i)
        if (f->s[i] == '\n') {
            ++f->line;
            start = i + 1;
        }
    bool utf16 = f->offset == 0 && f->n >= 2 && (memcmp(f->s, "\xFF\xFE", 2) == 0 || memcmp(f->s, "\xFE\xFF", 2) == 0);
    return wn_err_set(err, WN_EINPUT, "not valid UTF-8: byte 0x%02X at byte %zu of the line%s",
                      (unsigned char)f->s[bad], bad - start + 1,
                      utf16 ? " (it looks like UTF-16; convert it with iconv)"
                            : " (is it another encoding? iconv -f WINDOWS-1252 -t UTF-8 converts Western European)");
}

static wn_code parse_frame(wn_records *r, wn_frame *f, const char *s, size_t n, wn_record *rec, wn_err *err) {
    *rec = (wn_record){
        .raw = f->s, .raw_len = f->n, .file = r->next_file - 1, .line = f->line, .offset = f->offset};
    wn_code code = check_invisible(r, f, s, n, err);
    if (code != WN_OK) return code;
    if (f->oversize) return wn_err_set(err, WN_EINPUT, "a record longer than %d MiB", WN_RECORD_MAX >> 20);
    if ((code = check_utf8(f, err)) != WN_OK) return code;
    return r->reader->record(r, s, n, rec, err);
}

/* Are the columns those of the first table? */
static wn_code check_columns(wn_records *r, wn_err *err) {
    bool first = !r->columns.len;
    wn_code code = wn_row_join(&r->header, first ? &r->columns : &r->text, err);
    if (code == WN_OK && first) r->columns_file = r->next_file - 1;
    if (code != WN_OK || first) return code;
    if (r->text.len == r->columns.len && memcmp(r->text.data, r->columns.data, r->text.len) == 0) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "its columns are not those of %s, and one subset cannot hold both",
                      wn_path_label(r->o.paths[r->columns_file]));
}

/* {"a": ...}: a name of a column in braces is none. */
static bool is_json_line(const char *s, size_t n) {
    size_t i = 1;
    if (n < 2 || s[0] != '{' || s[n - 1] != '}') return false;
    while (s[i] == ' ' || s[i] == '\t') i++;
    return s[i] == '"' || s[i] == '}';
}

static wn_code read_header(wn_records *r, wn_err *err) {
    const char *path = wn_path_label(r->o.paths[r->next_file - 1]), *s = NULL;
    wn_frame f = {0};
    size_t n = 0;
    do {
        wn_code code = wn_frames_next(&r->frames, &f, err);
        if (code != WN_OK) return code;
        strip_frame(&f, &s, &n);
    } while (f.n && r->reader->gap(s, n));
    if (!f.n) {
        r->header.n = 0;
        return WN_OK;
    }
    r->header_len[r->next_file - 1] = r->frames.offset;
    wn_code code = r->header_raw.len ? WN_OK : wn_buf_append(&r->header_raw, f.s, f.n, err);
    if (code != WN_OK) return code;
    code = check_invisible(r, &f, s, n, err);
    if (code != WN_OK) goto out;
    code = f.oversize ? wn_err_set(err, WN_EINPUT, "a header longer than %d MiB", WN_RECORD_MAX >> 20)
                      : check_utf8(&f, err);
    if (code != WN_OK) goto out;
    if (is_json_line(s, n)) {
        code = wn_err_set(err, WN_EINPUT, "names of columns are wanted, this looks like JSON; use --format %s",
                          wn_format_name(WN_JSONL));
        goto out;
    }
    if ((code = r->reader->header(r, s, n, err)) != WN_OK) goto out;
    if (r->o.uniform) code = check_columns(r, err);
out:
    if (code == WN_EINPUT) (void)wn_err_prefix(err, "%s:%llu: ", path, (unsigned long long)f.line);
    return code;
}

static wn_code open_next(wn_records *r, wn_err *err) {
    const char *path = r->o.paths[r->next_file++];
    wn_format format = r->o.format;
    wn_code code = format == WN_FORMAT_AUTO ? wn_format_of_path(path, &format, err) : WN_OK;
    if (code != WN_OK) return code;
    r->reader = wn_format_reader_of(format);
    if (!r->reader->fields && (r->o.label_field || r->o.id_field))
        return wn_err_set(err, WN_EUSAGE, "%s: a %s file has no fields; give no label or id field",
                          wn_path_label(path), wn_format_name(format));
    for (size_t i = 0; i < r->o.nmore && !r->reader->fields; i++)
        if (!r->o.may_lack[i])
            return wn_err_set(err, WN_EUSAGE, "%s: a %s file has no fields; leave %s out", wn_path_label(path),
                              wn_format_name(format), r->o.more[i].option);
    if ((code = wn_stream_open(&r->stream, path, -1, r->tap, r->tap_ctx, err)) != WN_OK) return code;
    wn_frames_start(&r->frames, r->stream, r->reader);
    return r->reader->header ? read_header(r, err) : WN_OK;
}

static wn_code close_file(wn_records *r, wn_err *err) {
    const char *path = r->o.paths[r->next_file - 1];
    bool empty = r->frames.offset == 0 && r->frames.at_end && strcmp(path, "-") != 0;
    wn_stream_close(r->stream);
    r->stream = NULL;
    return empty ? wn_err_set(err, WN_EINPUT, "%s is empty", path) : WN_OK;
}

static wn_code finish_reading(wn_records *r, wn_err *err) {
    wn_code code = WN_OK;
    /* After a limit the rest of a file is still read for its checksum; a pipe may be endless, so it is left. */
    if (r->stream && r->tap && wn_stream_regular(r->stream)) code = wn_stream_drain(r->stream, err);
    wn_stream_close(r->stream);
    r->stream = NULL;
    if (code != WN_OK) return code;
    if ((code = wn_jsonl_check_seen(r, err)) != WN_OK) return code;
    if (r->skip) {
        code = wn_safefile_commit(r->skip, err);
        r->skip = NULL;
    }
    r->done = code == WN_OK;
    return code;
}

/* A bad record: an error, or a line in the skip file. */
static wn_code reject_frame(wn_records *r, const wn_frame *f, wn_err *err) {
    if (!r->skip) {
        const char *path = wn_path_label(r->o.paths[r->next_file - 1]);
        (void)wn_err_prefix(err, "%s:%llu: ", path, (unsigned long long)f->line);
        return WN_EINPUT;
    }
    ++r->skipped;
    if (f->oversize && f->offset == r->frames.offset) return wn_frames_skip(&r->frames, r->skip, err);
    return wn_safefile_write(r->skip, f->s, f->n, err);
}

wn_code wn_records_next(wn_records *r, wn_record *rec, bool *end, wn_err *err) {
    *end = r->done;
    while (!r->done) {
        wn_code code = WN_OK;
        if (r->o.limit && r->good == r->o.limit)
            code = finish_reading(r, err);
        else if (!r->stream)
            code = r->next_file == r->o.npaths ? finish_reading(r, err) : open_next(r, err);
        if (code != WN_OK) return code;
        if (!r->stream) continue;
        wn_frame f = {0};
        const char *s = NULL;
        size_t n = 0;
        if ((code = wn_frames_next(&r->frames, &f, err)) != WN_OK) return code;
        if (!f.n) {
            if ((code = close_file(r, err)) != WN_OK) return code;
            continue;
        }
        strip_frame(&f, &s, &n);
        if (!f.oversize && r->reader->gap(s, n)) continue;
        code = parse_frame(r, &f, s, n, rec, err);
        if (code == WN_OK) {
            ++r->good;
            return WN_OK;
        }
        if (code != WN_EINPUT || (code = reject_frame(r, &f, err)) != WN_OK) return code;
    }
    *end = true;
    return WN_OK;
}
