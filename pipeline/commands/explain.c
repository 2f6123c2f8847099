/* winnow explain: why an item was chosen, kept, excluded or dropped, what it stands for, and what stands for it. */
#include "kind.h"
#include "stages/say.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/outcome.h>

enum { NEAREST = 5, TEXTS = NEAREST + 2, TEXT_BYTES = 300, ROWS_OF_AN_ID = 10 };

static bool has_id(const wn_outcome *o, size_t row, const char *id, size_t n) {
    const wn_texts *t = &o->rows.ids;
    return t->off[row + 1] - t->off[row] == n && memcmp(t->base + t->off[row], id, n) == 0;
}

/* Rows that have the id: *n of them, the first ROWS_OF_AN_ID in rows. */
static wn_code find_id(const wn_outcome *o, const char *folder, const char *id, size_t *rows, size_t *n, wn_err *err) {
    const wn_texts *t = &o->rows.ids;
    *n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (has_id(o, i, id, strlen(id)) && (*n)++ < ROWS_OF_AN_ID) rows[*n - 1] = i;
    if (*n > 0) return WN_OK;
    if (t->n == 0) return wn_err_set(err, WN_EUSAGE, "%s holds no items: nothing was read", folder);
    return wn_err_set(err, WN_EUSAGE, "%s holds no item with the id \"%.100s\" (its %zu ids begin with \"%.*s\")",
                      folder, id, o->n, (int)(t->off[1] - t->off[0]), t->base + t->off[0]);
}

/* ---- pieces of the answer ---- */

static void print_text(const wn_quote *q, const char *before, wn_io *io) {
    if (!q->text) return;
    wn_printf(io, "%s", before);
    wn_print_text(io, q->text, strlen(q->text));
    wn_printf(io, "\n");
}

static void print_id(const wn_outcome *o, size_t row, wn_io *io) {
    const wn_texts *t = &o->rows.ids;
    wn_print_text(io, t->base + t->off[row], (size_t)(t->off[row + 1] - t->off[row]));
}

/* A row that another one stands for; its similarity and, where it has one, its text. */
static void print_other(const wn_outcome *o, const wn_quote *q, wn_io *io) {
    wn_printf(io, "  %.3f  ", (double)o->column.represented_sim[q->row]);
    print_id(o, q->row, io);
    if (o->column.copy_of && o->column.copy_of[q->row] != q->row) wn_printf(io, "  (a copy, dropped)");
    wn_printf(io, "\n");
    print_text(q, "         ", io);
}

static void free_texts(wn_quote *q, size_t n) {
    for (size_t i = 0; i < n; i++) wn_free(q[i].text);
}

/* The rows nearest to `row` of those it stands for, itself left out; returns how many it stands for. */
static size_t find_represented(const wn_outcome *o, size_t row, wn_quote *q, size_t *nq) {
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
        q[at] = (wn_quote){.row = i};
    }
    return count;
}

static bool is_flagged(const bool *column, size_t row) {
    return column && column[row];
}

/* ---- chosen, or kept by dedup ---- */

/* Which query the row serves. */
static void print_query(const wn_outcome *o, size_t row, wn_io *io) {
    const size_t query = o->column.query ? o->column.query[row] : WN_NONE;
    if (query == WN_NONE) return;
    const bool served = wn_outcome_served(o, o->column.rank[row]);
    wn_printf(io, served ? "Chosen for query %zu of " : "The nearest query is %zu of ", query);
    wn_print_name(io, o->query->path);
    wn_printf(io, " (from 0), with cosine %.3f\n", (double)o->column.query_sim[row]);
}

static void explain_kept(const wn_outcome *o, size_t row, wn_io *io) {
    wn_quote q[TEXTS] = {{.row = row}};
    size_t nq = 1, count = find_represented(o, row, q, &nq);
    wn_outcome_quote(o, q, nq, TEXT_BYTES, io);
    print_id(o, row, io);
    if (!o->chosen)
        wn_printf(io, count > 1 ? " was kept: the first of %zu copies\n" : " was kept: it has no copy\n", count);
    else
        wn_printf(io, " was chosen%s: rank %zu of %zu, gain %.6g\n",
                  is_flagged(o->column.must_keep, row) ? ", as --keep asks" : "", o->column.rank[row], o->k,
                  o->column.gain[row]);
    print_text(&q[0], "    ", io);
    if (o->query && o->chosen) print_query(o, row, io);
    const char *end = nq == 1 ? "." : nq == count ? ":" : "; the nearest:";
    if (o->chosen)
        wn_printf(io, "It stands for %zu of %zu items, itself included%s\n", count, o->n, end);
    else if (count > 1)
        wn_printf(io, "It stands for %zu dropped %s%s\n", count - 1, count == 2 ? "copy" : "copies", end);
    for (size_t i = 1; i < nq; i++) print_other(o, &q[i], io);
    free_texts(q, nq);
}

/* ---- the others ---- */

static void print_why_not(const wn_outcome *o, size_t row, wn_io *io) {
    print_id(o, row, io);
    wn_printf(io, o->chosen ? " was not chosen" : " was dropped");
    if (is_flagged(o->column.excluded, row)) wn_printf(io, ": --exclude names it");
    if (o->column.copy_of && o->column.copy_of[row] != row) {
        wn_printf(io, is_flagged(o->column.excluded, row) ? ", and it is a copy of " : ": it is a copy of ");
        print_id(o, o->column.copy_of[row], io);
        if (o->chosen) wn_printf(io, " and was dropped");
    }
    wn_printf(io, ".\n");
}

static void explain_other(const wn_outcome *o, size_t row, wn_io *io) {
    bool represented = o->column.represented_by[row] != WN_NONE && o->column.represented_by[row] != row;
    wn_quote q[2] = {{.row = row}, {.row = represented ? o->column.represented_by[row] : row}};
    wn_outcome_quote(o, q, represented ? 2 : 1, TEXT_BYTES, io);
    print_why_not(o, row, io);
    print_text(&q[0], "    ", io);
    if (represented) {
        wn_printf(io, "What stands for it, with cosine %.3f: ", (double)o->column.represented_sim[row]);
        print_id(o, q[1].row, io);
        if (o->chosen) wn_printf(io, " (rank %zu of %zu)", o->column.rank[q[1].row], o->k);
        wn_printf(io, "\n");
        print_text(&q[1], "    ", io);
    } else {
        wn_printf(io, o->k ? "Nothing stands for it: its vector is zero.\n" : "Nothing was chosen.\n");
    }
    free_texts(q, 2);
}

static void explain_rows(const wn_outcome *o, const char *id, const size_t *rows, size_t n, wn_io *io) {
    if (n > 1) {
        wn_printf(io, "%zu rows have the id \"", n);
        wn_print_text(io, id, strlen(id));
        wn_printf(io, n > ROWS_OF_AN_ID ? "\"; the first %d:\n" : "\":\n", ROWS_OF_AN_ID);
    }
    for (size_t i = 0; i < n && i < ROWS_OF_AN_ID; i++) {
        if (n > 1) wn_printf(io, "%srow %zu: ", i ? "\n" : "", rows[i]);
        if (o->column.rank[rows[i]] != WN_NONE)
            explain_kept(o, rows[i], io);
        else
            explain_other(o, rows[i], io);
    }
}

wn_code wn_explain(const wn_config *c, wn_io *io, wn_err *err) {
    const char *folder = c->inputs[0];
    wn_outcome o = {0};
    wn_kind kind;
    size_t rows[ROWS_OF_AN_ID], n = 0;
    wn_code code = wn_kind_of(folder, &kind, err);
    if (code != WN_OK) goto out;
    if (kind != WN_KIND_FOLDER) {
        code = wn_err_set(err, WN_EUSAGE, "%s is not a folder that run, select or dedup wrote", folder);
        goto out;
    }
    if ((code = wn_outcome_read(&o, folder, WN_READ_MANIFEST | WN_READ_COLUMNS, io->progress, err)) != WN_OK) goto out;
    if ((code = find_id(&o, folder, c->id, rows, &n, err)) != WN_OK) goto out;
    wn_outcome_inputs_say(&o, io);
    explain_rows(&o, c->id, rows, n, io);
out:
    wn_outcome_free(&o);
    return code;
}
