#include "starting.h"

#include <winnow/mem.h>
#include <wn/outcome.h>
#include <wn/strmap.h>

/* Ids of the earlier choice, by rank. */
static wn_code chosen_ids(wn_strset *ids, const wn_outcome *o, const char *folder, wn_err *err) {
    for (size_t i = 0; i < o->k; i++) {
        char number[24];
        size_t len = 0;
        uint32_t at = 0;
        const char *id = wn_view_id(&o->rows, o->chosen[i], number, &len);
        const wn_code code = wn_strset_add(ids, id, len, wn_string_hash(id, len), &at, err);
        if (code != WN_OK) return code;
        if (at != i)
            return wn_err_set(err, WN_EUSAGE, "--start-from %s: two of its rows have the id \"%.*s\"", folder,
                              (int)(len > 80 ? 80 : len), id);
    }
    return WN_OK;
}

/* row[i]: the row of the i-th id. */
static wn_code find_rows(size_t *row, const wn_strset *ids, const wn_view *v, const char *folder, wn_err *err) {
    for (size_t i = 0; i < ids->n; i++) row[i] = WN_NONE;
    for (size_t i = 0; i < v->n; i++) {
        char number[24];
        size_t len = 0;
        const char *id = wn_view_id(v, i, number, &len);
        const uint32_t at = wn_strset_find(ids, id, len, wn_string_hash(id, len));
        if (at == WN_STRSET_NONE) continue;
        if (row[at] != WN_NONE)
            return wn_err_set(err, WN_EUSAGE, "--start-from %s: \"%.*s\" is the id of two rows, %zu and %zu (from 0)",
                              folder, (int)(len > 80 ? 80 : len), id, row[at], i);
        row[at] = i;
    }
    for (size_t i = 0; i < ids->n; i++) {
        const size_t len = (size_t)(ids->off[i + 1] - ids->off[i]);
        if (row[i] == WN_NONE)
            return wn_err_set(err, WN_EUSAGE, "--start-from %s: no row has the id \"%.*s\" that was chosen there%s",
                              folder, (int)(len > 80 ? 80 : len), ids->bytes + ids->off[i],
                              v->ids.n ? "" : "; without an id field ids are row numbers from 0");
    }
    return WN_OK;
}

/* Before the rows to keep, of which those that are among them are named once. */
static wn_code put_first(wn_lists *l, const size_t *row, size_t n, const wn_view *v, const char *folder, wn_err *err) {
    bool *first = wn_alloc(v->n, sizeof *first, err);
    size_t *keep = wn_alloc(n + l->nkeep, sizeof *keep, err), nkeep = 0;
    wn_code code = first && keep ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) first[keep[nkeep++] = row[i]] = true;
    for (size_t i = 0; i < l->nkeep; i++)
        if (!first[l->keep[i]]) keep[nkeep++] = l->keep[i];
    for (size_t i = 0; i < l->nexclude; i++) {
        char number[24];
        size_t len = 0;
        if (!first[l->exclude[i]]) continue;
        const char *id = wn_view_id(v, l->exclude[i], number, &len);
        code = wn_err_set(err, WN_ECONSTRAINT, "\"%.*s\" is chosen in %s (--start-from), and to be excluded",
                          (int)(len > 80 ? 80 : len), id, folder);
        goto out;
    }
    wn_free(l->keep);
    l->keep = keep, l->nkeep = nkeep;
    keep = NULL;
out:
    wn_free(first);
    wn_free(keep);
    return code;
}

wn_code wn_starting_read(wn_lists *lists, const wn_view *rows, const char *folder, wn_io *io, wn_err *err) {
    wn_outcome o = {0};
    wn_strset ids = {0};
    size_t *row = NULL;
    wn_code code = wn_outcome_read(&o, folder, WN_READ_MANIFEST | WN_READ_COLUMNS, io->progress, err);
    if (code != WN_OK) {
        code = wn_err_prefix(err, "--start-from: ");
        goto out;
    }
    if (!o.chosen) {
        code = wn_err_set(err, WN_EINPUT, "--start-from %s: nothing was chosen there", folder);
        goto out;
    }
    if ((code = chosen_ids(&ids, &o, folder, err)) != WN_OK) goto out;
    if (!(row = wn_alloc(ids.n, sizeof *row, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    if ((code = find_rows(row, &ids, rows, folder, err)) != WN_OK) goto out;
    code = put_first(lists, row, ids.n, rows, folder, err);
out:
    wn_free(row);
    wn_strset_free(&ids);
    wn_outcome_free(&o);
    return code;
}
