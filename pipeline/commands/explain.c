/* winnow explain: why an item was chosen, what it stands for, and what stands for a dropped one. */
#include "kind.h"
#include "stages/say.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/outcome.h>

enum { NEAREST = 5, TEXTS = NEAREST + 2, TEXT_BYTES = 300, FIELDS_MAX = 16 };

/* A row whose text is shown. */
typedef struct {
    size_t row;
    char *text;
} quoted;

static wn_code find_id(const wn_outcome *o, const char *folder, const char *id, size_t *row, wn_err *err) {
    size_t n = strlen(id);
    const wn_texts *t = &o->rows.ids;
    for (size_t i = 0; i < t->n; i++)
        if (t->off[i + 1] - t->off[i] == n && memcmp(t->base + t->off[i], id, n) == 0) {
            *row = i;
            return WN_OK;
        }
    return wn_err_set(err, WN_EUSAGE, "%s holds no item with the id \"%.100s\" (its %zu ids begin with \"%.*s\")",
                      folder, id, o->n, o->n ? (int)(t->off[1] - t->off[0]) : 0, o->n ? t->base + t->off[0] : "");
}

/* ---- texts, from the input where it still is ---- */

static wn_format config_format(const cJSON *config) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(config, "format");
    for (wn_format f = WN_JSONL; cJSON_IsString(v) && wn_format_name(f); f++)
        if (strcmp(v->valuestring, wn_format_name(f)) == 0) return f;
    return WN_FORMAT_AUTO;
}

/* Reads source `file` up to the last wanted record. What cannot be read stays without text: the answer stands without.
 */
static void read_source(const wn_outcome *o, const cJSON *config, uint32_t file, quoted *q, size_t nq) {
    const char *fields[FIELDS_MAX], *path = o->places.files[file];
    wn_records_opts opts = {.paths = &path, .npaths = 1, .format = config_format(config), .text_fields = fields};
    const cJSON *field, *list = cJSON_GetObjectItemCaseSensitive(config, "text-field");
    const cJSON *role = cJSON_GetObjectItemCaseSensitive(config, "role");
    struct stat s;
    wn_records *r = NULL;
    wn_record record;
    wn_err ignored;
    size_t missing = 0;
    bool end = false;
    cJSON_ArrayForEach(field, list) if (cJSON_IsString(field) && opts.ntext_fields < FIELDS_MAX)
        fields[opts.ntext_fields++] = field->valuestring;
    if (cJSON_IsString(role)) opts.role = role->valuestring;
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode)) return; /* a pipe gives nothing twice */
    for (size_t i = 0; i < nq; i++) missing += !q[i].text && o->places.file[q[i].row] == file;
    if (missing == 0 || wn_records_open(&r, &opts, &ignored) != WN_OK) return;
    while (missing && !wn_interrupted() && wn_records_next(r, &record, &end, &ignored) == WN_OK && !end)
        for (size_t i = 0; i < nq; i++) {
            size_t row = q[i].row, n = wn_cut_text(record.text, record.text_len, TEXT_BYTES);
            if (q[i].text || o->places.offset[row] != record.offset || o->places.file[row] != file) continue;
            q[i].text = wn_strndup(record.text, n, &ignored);
            missing--;
        }
    wn_records_close(r);
}

static void fetch_texts(const wn_outcome *o, quoted *q, size_t nq) {
    if (!o->places.file) return;
    cJSON *config = cJSON_Parse(o->config);
    for (size_t i = 0; i < nq; i++) {
        uint32_t file = o->places.file[q[i].row];
        if (!q[i].text && strcmp(o->places.files[file], "-") != 0) read_source(o, config, file, q, nq);
    }
    cJSON_Delete(config);
}

/* ---- the answer ---- */

static void print_text(const quoted *q, const char *before, wn_io *io) {
    if (!q->text) return;
    wn_printf(io, "%s", before);
    wn_print_text(io, q->text, strlen(q->text));
    wn_printf(io, "\n");
}

static void print_id(const wn_outcome *o, size_t row, wn_io *io) {
    const wn_texts *t = &o->rows.ids;
    wn_print_text(io, t->base + t->off[row], (size_t)(t->off[row + 1] - t->off[row]));
}

/* The rows nearest to `row` of those it stands for, itself left out; returns how many it stands for. */
static size_t find_represented(const wn_outcome *o, size_t row, quoted *q, size_t *nq) {
    size_t count = 0, first = *nq;
    for (size_t i = 0; i < o->n; i++) {
        if (o->column.represented_by[i] != row) continue;
        count++;
        if (i == row) continue;
        size_t at = *nq;
        while (at > first && o->column.represented_sim[q[at - 1].row] < o->column.represented_sim[i]) at--;
        if (at - first >= NEAREST) continue;
        if (*nq - first < NEAREST) (*nq)++;
        memmove(q + at + 1, q + at, (*nq - 1 - at) * sizeof *q);
        q[at] = (quoted){.row = i};
    }
    return count;
}

static void explain_chosen(const wn_outcome *o, size_t row, wn_io *io) {
    quoted q[TEXTS] = {{.row = row}};
    size_t nq = 1, count = find_represented(o, row, q, &nq);
    fetch_texts(o, q, nq);
    print_id(o, row, io);
    wn_printf(io, " was chosen: rank %zu of %zu, gain %.6g\n", o->column.rank[row], o->k, o->column.gain[row]);
    print_text(&q[0], "    ", io);
    wn_printf(io, "It stands for %zu of %zu items, itself included%s\n", count, o->n,
              nq == 1               ? "."
              : nq - 1 == count - 1 ? ":"
                                    : "; the nearest:");
    for (size_t i = 1; i < nq; i++) {
        wn_printf(io, "  %.3f  ", (double)o->column.represented_sim[q[i].row]);
        print_id(o, q[i].row, io);
        wn_printf(io, "\n");
        print_text(&q[i], "         ", io);
    }
    for (size_t i = 0; i < nq; i++) wn_free(q[i].text);
}

static void explain_other(const wn_outcome *o, size_t row, wn_io *io) {
    bool represented = o->column.represented_by[row] != WN_NONE && o->column.represented_by[row] != row;
    quoted q[2] = {{.row = row}, {.row = represented ? o->column.represented_by[row] : row}};
    fetch_texts(o, q, 2);
    print_id(o, row, io);
    wn_printf(io, " was not chosen");
    if (o->column.copy_of && o->column.copy_of[row] != row) {
        wn_printf(io, ": it is a copy of ");
        print_id(o, o->column.copy_of[row], io);
    }
    wn_printf(io, ".\n");
    print_text(&q[0], "    ", io);
    if (represented) {
        wn_printf(io, "What stands for it, with cosine %.3f: ", (double)o->column.represented_sim[row]);
        print_id(o, q[1].row, io);
        wn_printf(io, " (rank %zu of %zu)\n", o->column.rank[q[1].row], o->k);
        print_text(&q[1], "    ", io);
    } else {
        wn_printf(io, "Nothing stands for it: its vector is zero.\n");
    }
    wn_free(q[0].text);
    wn_free(q[1].text);
}

wn_code wn_explain(const wn_config *c, wn_io *io, wn_err *err) {
    const char *folder = c->inputs[0];
    wn_outcome o = {0};
    wn_kind kind;
    size_t row = 0;
    wn_code code = wn_kind_of(folder, &kind, err);
    if (code != WN_OK) goto out;
    if (kind != WN_KIND_FOLDER) {
        code = wn_err_set(err, WN_EUSAGE, "%s is not a folder that run or select wrote", folder);
        goto out;
    }
    if ((code = wn_outcome_read(&o, folder, WN_READ_COLUMNS, io->progress, err)) != WN_OK) goto out;
    if ((code = find_id(&o, folder, c->id, &row, err)) != WN_OK) goto out;
    if (o.column.rank[row] != WN_NONE)
        explain_chosen(&o, row, io);
    else
        explain_other(&o, row, io);
out:
    wn_outcome_free(&o);
    return code;
}
