/* subset.* and rest.*: the input's records, byte for byte. */
#include "layout.h"
#include "writer.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/safefile.h>

/* One of the two files. */
typedef struct {
    wn_outfile *file;
    bool open_line; /* the last record had no line end; the next one must not join it */
} target;

typedef struct {
    const wn_outcome *o;
    const wn_corpus *corpus;
    wn_outdir *dir;
    bool annotate;
    wn_format format;
    target subset, rest;
    char line_end[3];            /* the first that was seen */
    bool header;                 /* written */
    int spool;                   /* order of choice: chosen records in input order, an unlinked file; -1: none */
    uint64_t spooled, *at, *len; /* [k] by rank */
    char *buffer;
    size_t cap;
} copier;

static bool has_bom(const char *s, size_t n) {
    return n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0;
}

static size_t line_end_len(const char *s, size_t n) {
    if (n == 0 || s[n - 1] != '\n') return 0;
    return n > 1 && s[n - 2] == '\r' ? 2 : 1;
}

static void copy_line_end(const copier *c, target *t) {
    const char *end = c->line_end[0] ? c->line_end : "\n";
    wn_outfile_write(t->file, end, strlen(end));
}

static void copy_put(copier *c, target *t, const char *s, size_t n) {
    if (n == 0) return;
    if (t->open_line) copy_line_end(c, t);
    t->open_line = s[n - 1] != '\n';
    wn_outfile_write(t->file, s, n);
}

/* ---- --annotate ---- */

static wn_code copy_reserve(copier *c, size_t n, wn_err *err) {
    void *p = c->buffer;
    wn_code code = wn_reserve(&p, &c->cap, n, 1, err);
    c->buffer = p;
    return code;
}

/* WN_EINPUT where a JSON record has a member of that name already; it names the record. */
static wn_code check_no_winnow(const copier *c, size_t row, const char *s, size_t n, wn_err *err) {
    cJSON *o = cJSON_ParseWithLength(s, n);
    bool has = o && cJSON_GetObjectItemCaseSensitive(o, "winnow");
    cJSON_Delete(o);
    if (o && !has) return WN_OK;
    (void)wn_err_set(err, WN_EINPUT,
                     o ? "the record has a field \"winnow\" already; run without --annotate"
                       : "the record is nested too deeply for --annotate");
    return wn_err_prefix(err, "%s:%llu: ", c->corpus->sources[c->corpus->file[row]].path,
                         (unsigned long long)c->corpus->line[row]);
}

/* Whether nothing but spaces stands between the last `{` of s[n] and its end. */
static bool opens_blank(const char *s, size_t n) {
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r' || s[n - 1] == '\n')) n--;
    return n > 0 && s[n - 1] == '{';
}

/* Puts a note before the last `}` of a JSON record, or as more columns at the end of a csv or tsv row. */
static wn_code copy_annotate(copier *c, size_t row, const char *raw, size_t len, size_t *out, wn_err *err) {
    const wn_outcome *o = c->o;
    size_t rank = o->column.rank[row], body = len - line_end_len(raw, len);
    double gain = o->gain[rank - 1];
    char note[160], d = c->format == WN_CSV ? ',' : '\t';
    wn_code code;
    int n;
    if (c->format == WN_JSONL) {
        if ((code = check_no_winnow(c, row, raw, body, err)) != WN_OK) return code;
        while (body > 0 && raw[body - 1] != '}') body--;
        body--;
        n = snprintf(note, sizeof note, "%s\"winnow\": {\"rank\": %zu, \"gain\": %.9g, \"n_represented\": %zu}",
                     opens_blank(raw, body) ? "" : ", ", rank, gain, o->n_represented[rank - 1]);
    } else {
        n = snprintf(note, sizeof note, "%c%zu%c%.9g%c%zu", d, rank, d, gain, d, o->n_represented[rank - 1]);
    }
    if ((code = copy_reserve(c, len + (size_t)n, err)) != WN_OK) return code;
    memcpy(c->buffer, raw, body);
    memcpy(c->buffer + body, note, (size_t)n);
    memcpy(c->buffer + body + n, raw + body, len - body);
    *out = len + (size_t)n;
    return WN_OK;
}

/* ---- --order rank ---- */

static wn_code spool_open(copier *c, wn_err *err) {
    char *path = wn_outdir_path(c->dir, ".chosen", err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    c->spool = wn_fd_open(path, O_RDWR | O_CREAT | O_EXCL);
    if (c->spool < 0) {
        code = wn_err_errno(err, "cannot write a temporary file");
        goto out;
    }
    (void)unlink(path);
    c->at = wn_alloc(c->o->k, sizeof *c->at, err);
    c->len = wn_alloc(c->o->k, sizeof *c->len, err);
    if (!c->at || !c->len) code = WN_EMEMORY;
out:
    wn_free(path);
    return code;
}

static wn_code spool_put(copier *c, size_t rank, const char *s, size_t n, wn_err *err) {
    c->at[rank] = c->spooled, c->len[rank] = n;
    c->spooled += n;
    return wn_fd_write(c->spool, s, n) == 0 ? WN_OK : wn_err_errno(err, "writing a temporary file");
}

static wn_code spool_empty(copier *c, wn_err *err) {
    for (size_t i = 0; i < c->o->k; i++) {
        wn_code code = copy_reserve(c, (size_t)c->len[i] + 1, err);
        if (code != WN_OK) return code;
        for (size_t got = 0; got < c->len[i];) {
            ssize_t n = pread(c->spool, c->buffer + got, (size_t)c->len[i] - got, (off_t)(c->at[i] + got));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return wn_err_errno(err, "reading a temporary file");
            got += (size_t)n;
        }
        copy_put(c, &c->subset, c->buffer, (size_t)c->len[i]);
    }
    return WN_OK;
}

/* ---- the sink of the second pass ---- */

/* The first one; the others name the same columns. */
static void copy_header(copier *c, const char *raw, size_t len) {
    size_t tail = line_end_len(raw, len);
    if (c->header) return;
    c->header = true;
    copy_put(c, &c->rest, raw, len);
    if (!c->annotate) {
        copy_put(c, &c->subset, raw, len);
        return;
    }
    char d = c->format == WN_CSV ? ',' : '\t', more[80];
    copy_put(c, &c->subset, raw, len - tail);
    c->subset.open_line = false;
    (void)snprintf(more, sizeof more, "%cwinnow_rank%cwinnow_gain%cwinnow_n_represented", d, d, d);
    wn_outfile_write(c->subset.file, more, strlen(more));
    if (tail)
        wn_outfile_write(c->subset.file, raw + len - tail, tail);
    else
        copy_line_end(c, &c->subset);
}

static wn_code copy_record(void *ctx, size_t row, const char *raw, size_t len, wn_err *err) {
    copier *c = ctx;
    size_t tail = line_end_len(raw, len);
    if (!c->line_end[0] && tail) memcpy(c->line_end, raw + len - tail, tail);
    if (row == SIZE_MAX) {
        copy_header(c, raw, len);
        return WN_OK;
    }
    if (c->corpus->offset[row] == 0 && has_bom(raw, len)) { /* the mark belongs to the file, not to the record */
        if (row == 0) {
            copy_put(c, &c->subset, raw, 3), copy_put(c, &c->rest, raw, 3);
            c->subset.open_line = c->rest.open_line = false;
        }
        raw += 3, len -= 3;
    }
    size_t rank = c->o->column.rank[row];
    if (rank == WN_NONE) {
        copy_put(c, &c->rest, raw, len);
        return wn_outfile_check(c->rest.file, err);
    }
    if (c->annotate) {
        wn_code code = copy_annotate(c, row, raw, len, &len, err);
        if (code != WN_OK) return code;
        raw = c->buffer;
    }
    if (c->spool >= 0) return spool_put(c, rank - 1, raw, len, err);
    copy_put(c, &c->subset, raw, len);
    return wn_outfile_check(c->subset.file, err);
}

static wn_code copy_records(copier *c, bool rank_order, wn_progress *p, wn_err *err) {
    char name[32];
    wn_code code;
    (void)snprintf(name, sizeof name, "%s.%s", WN_STEM_SUBSET, wn_format_name(c->format));
    if ((code = wn_outfile_open(&c->subset.file, c->dir, name, err)) != WN_OK) return code;
    (void)snprintf(name, sizeof name, "%s.%s", WN_STEM_REST, wn_format_name(c->format));
    if ((code = wn_outfile_open(&c->rest.file, c->dir, name, err)) != WN_OK) return code;
    if (rank_order && (code = spool_open(c, err)) != WN_OK) return code;
    if ((code = wn_corpus_replay(c->corpus, copy_record, c, p, err)) != WN_OK) return code;
    return c->spool >= 0 ? spool_empty(c, err) : WN_OK;
}

wn_code wn_outcome_records(const wn_outcome *o, const wn_corpus *corpus, const wn_records_out_opts *opts, wn_outdir *d,
                           wn_progress *p, wn_err *err) {
    copier c = {.o = o,
                .corpus = corpus,
                .dir = d,
                .annotate = opts->annotate,
                .spool = -1,
                .format = corpus->nsources ? corpus->sources[0].format : WN_TXT};
    wn_outfile *subset, *rest;
    wn_err second = {0};
    wn_code code = copy_records(&c, opts->rank_order, p, err);
    if (code != WN_OK) goto out;
    subset = c.subset.file, rest = c.rest.file;
    c.subset.file = c.rest.file = NULL; /* closing frees them */
    code = wn_outfile_close(subset, err);
    if (wn_outfile_close(rest, &second) != WN_OK && code == WN_OK) {
        *err = second;
        code = second.code;
    }
out:
    wn_outfile_abort(c.subset.file);
    wn_outfile_abort(c.rest.file);
    if (c.spool >= 0) (void)close(c.spool);
    wn_free(c.at);
    wn_free(c.len);
    wn_free(c.buffer);
    return code;
}
