/* winnow explain: why an item was chosen, what it stands for, and what stands for a dropped one. */
#include "stages/common.h"
#include "kind.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/path.h>

enum { NEAREST = 5, TEXTS = NEAREST + 2, TEXT_BYTES = 300 };

/* The columns of selection.h5ad, [n] each. */
typedef struct {
    size_t n, k;
    wn_strings ids, sources;
    int64_t *rank, *by;       /* rank from 1, -1 = not chosen; by = row, -1 = none */
    int64_t *offset, *copy_of; /* NULL: a matrix has no offsets; no duplicates were looked for */
    double *gain, *sim;
    cJSON *config;
} selection_file;

/* A row whose text is shown. */
typedef struct {
    size_t row;
    char *text;
} quoted;

static void close_selection(selection_file *s) {
    wn_strings_free(&s->ids);
    wn_strings_free(&s->sources);
    wn_free(s->rank);
    wn_free(s->by);
    wn_free(s->offset);
    wn_free(s->copy_of);
    wn_free(s->gain);
    wn_free(s->sim);
    cJSON_Delete(s->config);
}

static wn_code read_columns(selection_file *s, wn_matrix_file *m, wn_err *err) {
    size_t n = s->n = wn_matrix_rows(m);
    bool records = wn_matrix_has_obs(m, "source") && wn_matrix_has_obs(m, "offset");
    s->rank = wn_alloc(n, sizeof *s->rank, err);
    s->by = wn_alloc(n, sizeof *s->by, err);
    s->gain = wn_alloc(n, sizeof *s->gain, err);
    s->sim = wn_alloc(n, sizeof *s->sim, err);
    s->offset = records ? wn_alloc(n, sizeof *s->offset, err) : NULL;
    bool copies = wn_matrix_has_obs(m, "copy_of");
    s->copy_of = copies ? wn_alloc(n, sizeof *s->copy_of, err) : NULL;
    if ((copies && !s->copy_of) || !s->rank || !s->by || !s->gain || !s->sim || (records && !s->offset)) return WN_EMEMORY;
    wn_code code = wn_matrix_obs_strings(m, "_index", &s->ids, err);
    if (code == WN_OK) code = wn_matrix_obs_i64(m, "rank", s->rank, err);
    if (code == WN_OK) code = wn_matrix_obs_f64(m, "gain", s->gain, err);
    if (code == WN_OK) code = wn_matrix_obs_i64(m, "represented_by", s->by, err);
    if (code == WN_OK) code = wn_matrix_obs_f64(m, "represented_sim", s->sim, err);
    if (code == WN_OK && records) code = wn_matrix_obs_i64(m, "offset", s->offset, err);
    if (code == WN_OK && s->copy_of) code = wn_matrix_obs_i64(m, "copy_of", s->copy_of, err);
    if (code == WN_OK && records) code = wn_matrix_obs_strings(m, "source", &s->sources, err);
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        s->k += s->rank[i] >= 0;
        int64_t other = s->by[i] >= (int64_t)n || !s->copy_of ? s->by[i] : s->copy_of[i];
        if (other >= (int64_t)n)
            code = wn_err_set(err, WN_EINPUT, "selection.h5ad: row %zu points at row %" PRId64 " of %zu", i, other, n);
    }
    return code;
}

static wn_code open_selection(selection_file *s, const char *folder, wn_err *err) {
    wn_matrix_file *m = NULL;
    char *json = NULL;
    wn_kind kind;
    wn_code code = wn_kind_of(folder, &kind, err);
    if (code != WN_OK) return code;
    if (kind != WN_KIND_FOLDER) return wn_err_set(err, WN_EUSAGE, "%s is not a folder that run or select wrote", folder);
    char *path = wn_path_join(folder, "selection.h5ad", err);
    if (!path) return WN_EMEMORY;
    code = wn_matrix_open(&m, path, NULL, err);
    if (code == WN_OK) code = read_columns(s, m, err);
    if (code == WN_OK && (code = wn_matrix_uns_string(m, "config", &json, err)) == WN_OK) s->config = cJSON_Parse(json);
    wn_free(json);
    wn_matrix_close(m);
    wn_free(path);
    return code;
}

static wn_code find_id(const selection_file *s, const char *folder, const char *id, size_t *row, wn_err *err) {
    size_t n = strlen(id);
    const wn_texts *t = &s->ids.view;
    for (size_t i = 0; i < t->n; i++)
        if (t->off[i + 1] - t->off[i] == n && memcmp(t->base + t->off[i], id, n) == 0) {
            *row = i;
            return WN_OK;
        }
    return wn_err_set(err, WN_EUSAGE, "%s holds no item with the id \"%.100s\" (its %zu ids begin with \"%.*s\")", folder, id,
                      s->n, s->n ? (int)(t->off[1] - t->off[0]) : 0, s->n ? t->base + t->off[0] : "");
}

/* ---- texts, from the input where it still is ---- */

static const char *config_string(const cJSON *config, const char *name) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(config, name);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

static wn_format config_format(const cJSON *config) {
    const char *name = config_string(config, "format");
    for (wn_format f = WN_JSONL; name && f <= WN_TXT; f++)
        if (strcmp(name, wn_format_name(f)) == 0) return f;
    return WN_FORMAT_AUTO;
}

static bool same_source(const selection_file *s, size_t row, const char *path) {
    const wn_texts *t = &s->sources.view;
    size_t n = (size_t)(t->off[row + 1] - t->off[row]);
    return strlen(path) == n && memcmp(t->base + t->off[row], path, n) == 0;
}

/* Reads a source up to the last wanted record. What cannot be read stays without text: the answer stands without. */
static void read_source(const selection_file *s, const char *path, quoted *q, size_t nq) {
    const char *fields[16];
    wn_records_opts o = {.paths = &path, .npaths = 1, .format = config_format(s->config), .text_fields = fields};
    const cJSON *field, *list = cJSON_GetObjectItemCaseSensitive(s->config, "text-field");
    wn_records *r = NULL;
    wn_record record;
    wn_err ignored;
    size_t missing = 0;
    bool end = false;
    cJSON_ArrayForEach(field, list) if (cJSON_IsString(field) && o.ntext_fields < 16)
        fields[o.ntext_fields++] = field->valuestring;
    for (size_t i = 0; i < nq; i++) missing += !q[i].text && same_source(s, q[i].row, path);
    if (missing == 0 || wn_records_open(&r, &o, &ignored) != WN_OK) return;
    while (missing && !wn_interrupted() && wn_records_next(r, &record, &end, &ignored) == WN_OK && !end)
        for (size_t i = 0; i < nq; i++) {
            if (q[i].text || s->offset[q[i].row] != (int64_t)record.offset || !same_source(s, q[i].row, path)) continue;
            size_t n = record.text_len;
            if (n > TEXT_BYTES) /* cut between characters */
                for (n = TEXT_BYTES; n && ((unsigned char)record.text[n] & 0xc0) == 0x80;) n--;
            q[i].text = wn_strndup(record.text, n, &ignored);
            missing--;
        }
    wn_records_close(r);
}

static void fetch_texts(const selection_file *s, quoted *q, size_t nq) {
    if (!s->offset) return;
    for (size_t i = 0; i < nq; i++) {
        const wn_texts *t = &s->sources.view;
        wn_err ignored;
        size_t row = q[i].row;
        if (q[i].text) continue;
        char *path = wn_strndup(t->base + t->off[row], (size_t)(t->off[row + 1] - t->off[row]), &ignored);
        if (path && strcmp(path, "-") != 0) read_source(s, path, q, nq);
        wn_free(path);
    }
}

/* ---- the answer ---- */

static void print_text(const quoted *q, const char *before, wn_io *io) {
    if (!q->text) return;
    wn_printf(io, "%s", before);
    wn_print_text(io, q->text, strlen(q->text));
    wn_printf(io, "\n");
}

static void print_id(const selection_file *s, size_t row, wn_io *io) {
    const wn_texts *t = &s->ids.view;
    wn_print_text(io, t->base + t->off[row], (size_t)(t->off[row + 1] - t->off[row]));
}

/* The rows nearest to `row` of those it stands for, itself left out; returns how many it stands for. */
static size_t find_represented(const selection_file *s, size_t row, quoted *q, size_t *nq) {
    size_t count = 0, first = *nq;
    for (size_t i = 0; i < s->n; i++) {
        if (s->by[i] != (int64_t)row) continue;
        count++;
        if (i == row) continue;
        size_t at = *nq;
        while (at > first && s->sim[q[at - 1].row] < s->sim[i]) at--;
        if (at - first >= NEAREST) continue;
        if (*nq - first < NEAREST) (*nq)++;
        memmove(q + at + 1, q + at, (*nq - 1 - at) * sizeof *q);
        q[at] = (quoted){.row = i};
    }
    return count;
}

static void explain_chosen(const selection_file *s, size_t row, wn_io *io) {
    quoted q[TEXTS] = {{.row = row}};
    size_t nq = 1, count = find_represented(s, row, q, &nq);
    fetch_texts(s, q, nq);
    print_id(s, row, io);
    wn_printf(io, " was chosen: rank %" PRId64 " of %zu, gain %.6g\n", s->rank[row], s->k, s->gain[row]);
    print_text(&q[0], "    ", io);
    wn_printf(io, "It stands for %zu of %zu items, itself included%s\n", count, s->n,
              nq == 1 ? "." : nq - 1 == count - 1 ? ":" : "; the nearest:");
    for (size_t i = 1; i < nq; i++) {
        wn_printf(io, "  %.3f  ", s->sim[q[i].row]);
        print_id(s, q[i].row, io);
        wn_printf(io, "\n");
        print_text(&q[i], "         ", io);
    }
    for (size_t i = 0; i < nq; i++) wn_free(q[i].text);
}

static void explain_other(const selection_file *s, size_t row, wn_io *io) {
    bool represented = s->by[row] >= 0 && s->by[row] != (int64_t)row;
    quoted q[2] = {{.row = row}, {.row = represented ? (size_t)s->by[row] : row}};
    fetch_texts(s, q, 2);
    print_id(s, row, io);
    wn_printf(io, " was not chosen");
    if (s->copy_of && s->copy_of[row] >= 0 && s->copy_of[row] != (int64_t)row) {
        wn_printf(io, ": it is a copy of ");
        print_id(s, (size_t)s->copy_of[row], io);
    }
    wn_printf(io, ".\n");
    print_text(&q[0], "    ", io);
    if (represented) {
        wn_printf(io, "What stands for it, with cosine %.3f: ", s->sim[row]);
        print_id(s, q[1].row, io);
        wn_printf(io, " (rank %" PRId64 " of %zu)\n", s->rank[q[1].row], s->k);
        print_text(&q[1], "    ", io);
    } else {
        wn_printf(io, "Nothing stands for it: its vector is zero.\n");
    }
    wn_free(q[0].text);
    wn_free(q[1].text);
}

wn_code wn_explain(const wn_config *c, wn_io *io, wn_err *err) {
    selection_file s = {0};
    size_t row = 0;
    wn_code code = open_selection(&s, c->inputs[0], err);
    if (code == WN_OK) code = find_id(&s, c->inputs[0], c->id, &row, err);
    if (code == WN_OK && s.rank[row] >= 0) explain_chosen(&s, row, io);
    else if (code == WN_OK) explain_other(&s, row, io);
    close_selection(&s);
    return code;
}
