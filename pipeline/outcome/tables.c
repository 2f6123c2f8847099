/* selection.tsv, assignment.tsv and conflicts.tsv: a function a column, in the order of layout.h. */
#include "tables.h"

#include "layout.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/text.h>
#include <wn/visible.h>

/* One tsv field: tab, line feed, carriage return and backslash become \t \n \r \\. */
static void tsv_field(wn_outfile *f, const char *s, size_t n) {
    size_t begin = 0;
    for (size_t i = 0; i < n; i++) {
        const char *as = NULL;
        switch (s[i]) {
        case '\t':
            as = "\\t";
            break;
        case '\n':
            as = "\\n";
            break;
        case '\r':
            as = "\\r";
            break;
        case '\\':
            as = "\\\\";
            break;
        default:
            continue;
        }
        wn_outfile_write(f, s + begin, i - begin);
        wn_outfile_write(f, as, 2);
        begin = i + 1;
    }
    wn_outfile_write(f, s + begin, n - begin);
}

static void tsv_id(wn_outfile *f, const wn_view *v, size_t row) {
    char number[24];
    size_t len;
    const char *id = wn_view_id(v, row, number, &len);
    tsv_field(f, id, len);
}

/* ---- selection.tsv: choice i ---- */

/* The file that holds a row: rows of matrices follow one another in the order of the inputs. */
static const char *path_of(const wn_outcome *o, size_t row) {
    if (o->places.file) return o->places.files[o->places.file[row]];
    size_t i = 0;
    for (size_t end = o->inputs[0].rows; i + 1 < o->ninputs && row >= end; end += o->inputs[i].rows) i++;
    return o->inputs[i].path;
}

static void selection_rank(wn_outfile *f, const wn_outcome *o, size_t i) {
    (void)o;
    wn_outfile_printf(f, "%zu", i + 1);
}

static void selection_id(wn_outfile *f, const wn_outcome *o, size_t i) {
    tsv_id(f, &o->rows, o->chosen[i]);
}

static void selection_row(wn_outfile *f, const wn_outcome *o, size_t i) {
    wn_outfile_printf(f, "%zu", o->chosen[i]);
}

static void row_file(wn_outfile *f, const wn_outcome *o, size_t row) {
    const char *path = path_of(o, row);
    size_t n = strlen(path);
    char one[WN_VISIBLE_MAX];
    if (wn_utf8_invalid(path, n) == n) {
        tsv_field(f, path, n);
        return;
    }
    for (size_t at = 0, len; at < n;) { /* a name that is not UTF-8 */
        at += wn_visible_next(one, &len, path + at, n - at);
        wn_outfile_write(f, one, len);
    }
}

static void row_line(wn_outfile *f, const wn_outcome *o, size_t row) {
    if (o->places.line) wn_outfile_printf(f, "%llu", (unsigned long long)o->places.line[row]);
}

static void selection_file(wn_outfile *f, const wn_outcome *o, size_t i) {
    row_file(f, o, o->chosen[i]);
}

static void selection_line(wn_outfile *f, const wn_outcome *o, size_t i) {
    row_line(f, o, o->chosen[i]);
}

static void selection_gain(wn_outfile *f, const wn_outcome *o, size_t i) {
    wn_outfile_printf(f, "%.9g", o->gain[i]);
}

static void selection_objective(wn_outfile *f, const wn_outcome *o, size_t i) {
    wn_outfile_printf(f, "%.12g", o->value[i]);
}

static void selection_cost(wn_outfile *f, const wn_outcome *o, size_t i) {
    /* else empty: readers count columns */
    if (o->column.cost) wn_outfile_printf(f, "%.9g", o->column.cost[o->chosen[i]]);
}

static void selection_n_represented(wn_outfile *f, const wn_outcome *o, size_t i) {
    wn_outfile_printf(f, "%zu", o->n_represented[i]);
}

/* Empty where no query was served. */
static void selection_query(wn_outfile *f, const wn_outcome *o, size_t i) {
    if (wn_outcome_served(o, i + 1)) wn_outfile_printf(f, "%zu", o->column.query[o->chosen[i]]);
}

/* ---- assignment.tsv: row i ---- */

static void assignment_id(wn_outfile *f, const wn_outcome *o, size_t i) {
    tsv_id(f, &o->rows, i);
}

static void assignment_represented_by(wn_outfile *f, const wn_outcome *o, size_t i) {
    if (o->column.represented_by[i] != WN_NONE) tsv_id(f, &o->rows, o->column.represented_by[i]);
}

static void assignment_similarity(wn_outfile *f, const wn_outcome *o, size_t i) {
    char sim[32];
    int n = snprintf(sim, sizeof sim, "%.6f", (double)o->column.represented_sim[i]);
    wn_outfile_write(f, sim, (size_t)n);
}

/* ---- conflicts.tsv: row i ---- */

static void conflicts_kept(wn_outfile *f, const wn_outcome *o, size_t i) {
    tsv_id(f, &o->rows, o->column.copy_of[i]);
}

static void conflicts_id(wn_outfile *f, const wn_outcome *o, size_t i) {
    tsv_id(f, &o->rows, i);
}

static void conflicts_row(wn_outfile *f, const wn_outcome *o, size_t i) {
    (void)o;
    wn_outfile_printf(f, "%zu", i);
}

static void conflicts_label(wn_outfile *f, const wn_outcome *o, size_t i) {
    const uint32_t label = o->rows.label[i];
    if (label < o->rows.nlabels) tsv_field(f, o->rows.labels[label], strlen(o->rows.labels[label]));
}

static void conflicts_file(wn_outfile *f, const wn_outcome *o, size_t i) {
    row_file(f, o, i);
}

static void conflicts_line(wn_outfile *f, const wn_outcome *o, size_t i) {
    row_line(f, o, i);
}

/* ---- all ---- */

typedef struct {
    const char *name;
    void (*put)(wn_outfile *f, const wn_outcome *o, size_t i);
} tsv_column;

#define SELECTION_COLUMN(name) {#name, selection_##name},
#define ASSIGNMENT_COLUMN(name) {#name, assignment_##name},
static const tsv_column selection_columns[] = {WN_SELECTION_COLUMNS(SELECTION_COLUMN)};
#define CONFLICTS_COLUMN(name) {#name, conflicts_##name},
static const tsv_column assignment_columns[] = {WN_ASSIGNMENT_COLUMNS(ASSIGNMENT_COLUMN)};
static const tsv_column conflicts_columns[] = {WN_CONFLICTS_COLUMNS(CONFLICTS_COLUMN)};

typedef struct {
    const char *file;
    const tsv_column *columns; /* [ncolumns] */
    size_t ncolumns, lines;
    const size_t *row; /* [lines] what each line is of; NULL: 0, 1, 2, ... */
} tsv_table;

static wn_code tsv_write(const tsv_table *t, const wn_outcome *o, wn_outdir *d, wn_err *err) {
    wn_outfile *f = NULL;
    wn_code code = wn_outfile_open(&f, d, t->file, err);
    if (code != WN_OK) return code;
    for (size_t c = 0; c < t->ncolumns; c++) wn_outfile_printf(f, c ? "\t%s" : "%s", t->columns[c].name);
    wn_outfile_write(f, "\n", 1);
    for (size_t i = 0; i < t->lines; i++) {
        for (size_t c = 0; c < t->ncolumns; c++) {
            if (c) wn_outfile_write(f, "\t", 1);
            t->columns[c].put(f, o, t->row ? t->row[i] : i);
        }
        wn_outfile_write(f, "\n", 1);
    }
    return wn_outfile_close(f, err);
}

wn_code wn_selection_tsv_write(const wn_outcome *o, wn_outdir *d, wn_err *err) {
    const size_t columns = sizeof selection_columns / sizeof *selection_columns - !o->column.query;
    const tsv_table t = {WN_FILE_SELECTION, selection_columns, columns, o->k, NULL};
    return tsv_write(&t, o, d, err);
}

wn_code wn_assignment_tsv_write(const wn_outcome *o, wn_outdir *d, wn_err *err) {
    const tsv_table t = {WN_FILE_ASSIGNMENT, assignment_columns, sizeof assignment_columns / sizeof *assignment_columns,
                         o->n, NULL};
    return tsv_write(&t, o, d, err);
}

/* A line a row, group by group, the kept row first. */
wn_code wn_conflicts_tsv_write(const wn_outcome *o, wn_outdir *d, wn_err *err) {
    if (o->mixed == 0) return WN_OK;
    size_t *row = wn_alloc(o->n, sizeof *row, err), *next = wn_alloc(o->n, sizeof *next, err);
    size_t *last = wn_alloc(o->n, sizeof *last, err), n = 0;
    bool *mixed = wn_alloc(o->n, sizeof *mixed, err);
    wn_code code = row && next && last && mixed ? WN_OK : WN_EMEMORY;
    if (code != WN_OK || (code = wn_copies_mixed(mixed, o->column.copy_of, &o->rows, err)) != WN_OK) goto out;
    for (size_t i = 0; i < o->n; i++) last[i] = i, next[i] = WN_NONE;
    for (size_t i = 0; i < o->n; i++) { /* each group a chain that begins with its kept row */
        const size_t root = o->column.copy_of[i];
        if (i == root || !mixed[root]) continue;
        next[last[root]] = i;
        last[root] = i;
    }
    for (size_t i = 0; i < o->n; i++)
        for (size_t at = mixed[i] ? i : WN_NONE; at != WN_NONE; at = next[at]) row[n++] = at;
    const tsv_table t = {WN_FILE_CONFLICTS, conflicts_columns, sizeof conflicts_columns / sizeof *conflicts_columns, n,
                         row};
    code = tsv_write(&t, o, d, err);
out:
    wn_free(row);
    wn_free(next);
    wn_free(last);
    wn_free(mixed);
    return code;
}
