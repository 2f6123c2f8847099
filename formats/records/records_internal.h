#ifndef WINNOW_RECORDS_INTERNAL_H
#define WINNOW_RECORDS_INTERNAL_H
/* Shared by the parts of the records reader. */
#include "records_json.h"
#include "records_stream.h"
#include <winnow/records.h>
#include <wn/safefile.h>
#include <wn/text.h>

enum { WN_RECORD_MAX = 64 << 20 }; /* a longer record is a bad one; the reader never holds more than this of it */

/* ---- formats: one file each, one row in WN_FORMATS, one case in wn_format_reader_of ---- */

/* How records of a format are told apart and read. A record's content s[0, n) has no line end and no byte order mark.
 */
typedef struct {
    const char *alias; /* an extension of its files beside the format's name; NULL: none */
    bool fields;       /* a record has named fields; else it is its text */
    bool lines;        /* a record is a line; else it may hold line ends */
    /* The end of a record (behind its line feed) in s[0, n), or 0. *state goes on from one piece of it to the next; 0
     * at its beginning. */
    size_t (*end)(int *state, const char *s, size_t n);
    bool (*gap)(const char *s, size_t n);                                                 /* is it no record at all? */
    wn_code (*header)(wn_records *r, const char *s, size_t n, wn_err *err);               /* NULL: files have none */
    wn_code (*record)(wn_records *r, const char *s, size_t n, wn_record *rec, wn_err *err); /* fills rec's values */
} wn_format_reader;

extern const wn_format_reader wn_reader_jsonl, wn_reader_csv, wn_reader_tsv, wn_reader_txt;
const wn_format_reader *wn_format_reader_of(wn_format f); /* NULL: AUTO */
/* For readers whose records are lines, and for those to whom every line is a record. */
size_t wn_line_end(int *state, const char *s, size_t n);
bool wn_no_gap(const char *s, size_t n);

/* ---- framing (records_frame.c): where records begin and end ---- */

typedef struct {
    wn_stream *stream;
    const wn_format_reader *reader;
    int state; /* of reader->end */
    char *buf; /* unread bytes are buf[pos, len) */
    size_t cap, pos, len;
    bool at_end;
    uint64_t offset; /* of buf[pos] in the decompressed file */
    uint64_t line;   /* of buf[pos], from 1 */
} wn_frames;

typedef struct {
    const char *s;
    size_t n; /* 0 after the last record */
    uint64_t line, offset;
    bool oversize; /* longer than WN_RECORD_MAX: s[0, n) is its beginning */
} wn_frame;

void wn_frames_start(wn_frames *f, wn_stream *stream, const wn_format_reader *reader); /* keeps the buffer */
wn_code wn_frames_next(wn_frames *f, wn_frame *out, wn_err *err);
/* Passes over the rest of an oversize record, in pieces. */
wn_code wn_frames_skip(wn_frames *f, wn_safefile *copy /* may be NULL */, wn_err *err);

/* ---- tables (records_table.c) ---- */

typedef struct {
    size_t off, n;
} wn_cell;

typedef struct {
    const char *base; /* cell i is base[at[i].off, + at[i].n) */
    wn_cell *at;
    size_t n, cap;
    wn_buf text; /* holds unquoted csv cells */
} wn_row;

/* Splits a record into its cells. */
typedef wn_code (*wn_row_split)(wn_row *row, const char *s, size_t n, wn_err *err);
wn_code wn_row_cut(wn_row *row, char separator, const char *s, size_t n, wn_err *err); /* at every separator */
wn_code wn_row_add(wn_row *row, size_t off, size_t n, wn_err *err);
/* A table's header, and one of its records. */
wn_code wn_table_header(wn_records *r, wn_row_split split, const char *s, size_t n, wn_err *err);
wn_code wn_table_record(wn_records *r, wn_row_split split, const char *s, size_t n, wn_record *rec, wn_err *err);
/* The cells as one string, set apart by a byte that UTF-8 does not have. Replaces what `out` held. */
wn_code wn_row_join(const wn_row *row, wn_buf *out, wn_err *err);
void wn_row_free(wn_row *row);

/* ---- fields (records_fields.c): names and values ---- */

/* A field that is there, and how plausible it is as a text: the length of its string, 0 for other values. */
typedef struct {
    const char *name;
    size_t name_len, text_len;
    size_t at; /* while names are gathered: where `name` stands */
} wn_field_name;

/* WN_EINPUT: missing field "f" (fields: a, b). Try --option b; or: --option asks for it. */
wn_code wn_field_missing(const char *field, const char *option, const wn_field_name *names, size_t n, wn_err *err);
/* Puts the remedy behind the message in err: ". Try --option b". WN_EINPUT. */
wn_code wn_field_try(const char *field, const char *option, const wn_field_name *names, size_t n, wn_err *err);

/* The paths to the values of a record (records_names.c). Free with wn_field_names_free. */
typedef struct {
    wn_field_name *at; /* [n] */
    size_t n, cap;
    wn_buf text; /* where the names stand */
} wn_field_names;
/* Those of an object or array; each begins with `prefix`. */
wn_code wn_field_names_of(wn_field_names *out, const wn_json_value *v, const char *prefix, wn_err *err);
void wn_field_names_free(wn_field_names *names);
/* The canonical print of a JSON number as a label: 1, 1.0 and 1e0 are all "1". `out` is replaced. */
wn_code wn_field_number(const char *s, size_t n, wn_buf *out, wn_err *err);
wn_code wn_field_id_check(const char *field, const char *s, size_t n, wn_err *err);

/* ---- jsonl (records_jsonl.c) ---- */

/* A field that a record may lack. */
typedef struct {
    bool seen;     /* by some record */
    char *missing; /* what is to be said of the first record without it; NULL: none yet */
} wn_field_lack;

/* WN_EINPUT where every record lacks one of the text fields, all texts, the label, or an object of the role; to be
 * asked at the end. */
wn_code wn_jsonl_check_seen(const wn_records *r, wn_err *err);

/* ---- the reader (records.c) ---- */

struct wn_records {
    wn_records_opts o;
    wn_tap tap;
    void *tap_ctx;
    wn_safefile *skip;
    wn_stream *stream;
    wn_frames frames;
    size_t next_file; /* the one after the open one */
    const wn_format_reader *reader; /* of the open file */
    size_t good, skipped;
    bool done;
    /* tables: the header and which columns are wanted */
    wn_row header, row;
    wn_buf header_raw;   /* of the first table */
    wn_buf columns;      /* of the first table, when they must all be the same; see wn_row_join */
    size_t columns_file; /* where they stand */
    size_t *text_col, label_col, id_col, more_col[WN_MORE_FIELDS];
    uint64_t *header_len; /* [npaths], bytes: line end and what stands before included; 0 where there is none */
    /* jsonl: the object at hand, and fields that a record may lack, unless all do */
    wn_json_value object;
    wn_json_members members;
    wn_json_role role;
    bool text_seen;      /* a record had a text */
    wn_field_lack *lack; /* [ntext_fields + 1 + nmore]: of texts, of the label, of more fields */
    wn_buf text, label, id, more[WN_MORE_FIELDS];
    char number[32];
};

/* wn_records_open with a tap on the stored bytes. */
wn_code wn_records_open_tapped(wn_records **out, const wn_records_opts *o, wn_tap tap, void *ctx, wn_err *err);
/* The format that a path's extension says. */
wn_code wn_format_of_path(const char *path, wn_format *f, wn_err *err);

#endif
