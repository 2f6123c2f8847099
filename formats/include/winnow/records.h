#ifndef WINNOW_RECORDS_H
#define WINNOW_RECORDS_H
/* Text records from files: jsonl, csv, tsv, txt; gzip and zstd by magic bytes; "-" is standard input. Streaming. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/names.h>
#include <winnow/data.h>
#include <winnow/progress.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WN_FORMATS(X) \
    X(WN_FORMAT_AUTO, "auto") X(WN_JSONL, "jsonl") X(WN_CSV, "csv") X(WN_TSV, "tsv") X(WN_TXT, "txt")
typedef enum { WN_FORMATS(WN_NAME_VALUE) } wn_format;
const char *wn_format_name(wn_format f); /* which is the extension of its files, too */

/* A field that is read beside text, label and id, and the option that names it. */
typedef struct {
    const char *name, *option;
} wn_more_field;
enum { WN_MORE_FIELDS = 4 }; /* at the most */

typedef struct {
    const char *const *paths; /* [npaths], "-" = standard input */
    size_t npaths;
    wn_format format;               /* AUTO: by extension (.gz and .zst taken off first), per file */
    /* [ntext_fields]; none: "text". a.b reaches into objects, a[] into every element of an array, a[0] or a[-1] into
     * one. Values are joined by one space. Of several fields one may be null or left out (empty), but not all of them
     * in every record, nor one by every record. */
    const char *const *text_fields;
    size_t ntext_fields;
    const char *text_option; /* what names them, in remedies; NULL: --text-field */
    size_t only_text; /* of several fields: give the text of this one alone, from 1; 0: all, joined */
    const char *role; /* NULL: any; of objects in an array those with this "role" (or "from"), or with none */
    const char *label_field, *id_field;              /* NULL: none. A label may be left out, but not by every record */
    wn_more_field more[WN_MORE_FIELDS]; /* [nmore] strings, numbers or bools; left out as a label may be */
    bool may_lack[WN_MORE_FIELDS];      /* and by every record */
    size_t nmore;
    size_t limit;                                    /* stop after so many good records; 0 = all */
    const char *skip_path; /* NULL: a bad record is an error; else it is written here byte for byte, and counted */
    bool overwrite;        /* for skip_path */
    bool no_text;          /* the text may be missing, and is empty: for who looks at the fields alone */
    bool uniform; /* the files must share one format (else WN_EUSAGE) and, as tables, the columns (WN_EINPUT) */
} wn_records_opts;         /* the strings must live as long as the reader */

/* One record; pointers are valid until the next call. */
typedef struct {
    const char *text;
    size_t text_len;
    const char *id; /* NULL without id_field */
    size_t id_len;
    const char *label; /* NULL without label_field or where the record has none (null, empty) */
    size_t label_len;
    const char *more[WN_MORE_FIELDS]; /* NULL where the record has none, as for labels */
    size_t more_len[WN_MORE_FIELDS];
    const char *raw;     /* its exact bytes, line end included (a last record may have none) */
    size_t raw_len;
    size_t file;         /* index into paths */
    uint64_t line;       /* first line of the record, from 1 */
    uint64_t offset;     /* of raw in the decompressed file */
} wn_record;

typedef struct wn_records wn_records;
/* Records longer than 64 MiB are bad ones. Lines of a jsonl file with only spaces, and empty lines of a csv file, are
 * no records. AUTO takes "-" for jsonl. A txt file has no fields but its lines. */
wn_code wn_records_open(wn_records **out, const wn_records_opts *o, wn_err *err);
/* *end = true after the last record (skip_path is written by then). WN_EINPUT names file, line, field and remedy;
 * after an error the reader can only be closed. */
wn_code wn_records_next(wn_records *r, wn_record *rec, bool *end, wn_err *err);
size_t wn_records_skipped(const wn_records *r);
/* The exact bytes of the first table's header, once a record of it was read; *len = 0 where files have none. */
const char *wn_records_header(const wn_records *r, size_t *len);
void wn_records_close(wn_records *r); /* NULL is fine */

/* A whole input in memory-mapped form: texts in an unlinked temporary file, the rest an index. */
typedef struct {
    char *path;
    wn_format format;
    char sha256[65];   /* of the file's bytes as stored (compressed); of a pipe: of what was read of it */
    uint64_t bytes;    /* as stored */
    size_t records;
} wn_source;

typedef struct {
    size_t n;
    wn_texts texts;            /* [n] */
    wn_texts ids;              /* [n]; ids.n == 0 without id_field: the id is the row number */
    uint32_t *label;           /* [n] index into labels, UINT32_MAX = none; NULL without label_field */
    char **labels;             /* [nlabels], in order of first appearance */
    size_t nlabels;
    wn_texts more[WN_MORE_FIELDS]; /* [n] each of the fields asked for; empty where a record has none */
    uint32_t *file;            /* [n] index into sources */
    uint64_t *line, *offset;   /* [n] */
    uint64_t *length;          /* [n] raw bytes, line end included */
    wn_source *sources;        /* [nsources]; all of `paths`, unless `limit` was reached before */
    size_t nsources;
    size_t skipped, empty;     /* bad records skipped; records whose text is empty or only white space (kept) */
    void *impl;                /* the mapped spool and the copy of standard input */
} wn_corpus;

/* Reads everything. A duplicate id is WN_EINPUT, naming both lines. *c is empty on failure. */
wn_code wn_corpus_read(wn_corpus *c, const wn_records_opts *o, wn_progress *p, wn_err *err);
void wn_corpus_free(wn_corpus *c);
/* The id of row i: from the id field, or the row number printed into `number`. Not zero-terminated. */
const char *wn_corpus_id(const wn_corpus *c, size_t i, char number[24], size_t *len);

/* Second pass: gives every record's raw bytes in input order to `sink`, row by row; the header (row SIZE_MAX) comes
 * first for each csv/tsv file. The last record of a file may lack a line end. What was copied counts only if this
 * returns WN_OK: only at the end of a file its SHA-256 is compared with that of the first pass (WN_EIO). */
typedef wn_code (*wn_raw_sink)(void *ctx, size_t row, const char *raw, size_t len, wn_err *err);
wn_code wn_corpus_replay(const wn_corpus *c, wn_raw_sink sink, void *ctx, wn_progress *p, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
