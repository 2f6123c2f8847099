/* subset.h5ad and rest.h5ad: the rows of a matrix. */
#include "layout.h"
#include "origin.h"
#include "writer.h"

#include <stdio.h>
#include <winnow/mem.h>
#include <wn/buf.h>

/* Appends the vectors of the rows that are wanted; row [n] gets their numbers. */
static wn_code append_wanted(const wn_outcome *o, bool kept, wn_store *s, int64_t *row, size_t n, wn_progress *p,
                             wn_err *err) {
    size_t at = 0;
    for (size_t i = 0; i < o->n; i++) {
        if ((o->column.copy_of[i] == i) != kept) continue;
        row[at++] = (int64_t)i;
        wn_code code = wn_store_append(s, wn_mat_row(o->x, o->x_row[i]), o->x->stride, 1, err);
        if (code != WN_OK) return code;
        if (at % 1024 == 0 && (code = wn_tick(p, "write", "rows", at, n, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code put_ids(const wn_outcome *o, wn_store *s, const int64_t *row, size_t n, wn_err *err) {
    wn_buf text = {0};
    unsigned long long *off = wn_alloc(n + 1, sizeof *off, err);
    wn_code code = off ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        char number[24];
        size_t len;
        const char *id = wn_view_id(&o->rows, (size_t)row[i], number, &len);
        if ((code = wn_buf_append(&text, id, len, err)) != WN_OK) goto out;
        off[i + 1] = text.len;
    }
    const wn_texts ids = {.base = text.data ? text.data : "", .off = off, .n = n};
    code = wn_store_obs_ids(s, &ids, err);
out:
    wn_free(off);
    wn_free(text.data);
    return code;
}

static wn_code put_labels(const wn_outcome *o, wn_store *s, const int64_t *row, size_t n, wn_err *err) {
    if (!o->rows.label) return WN_OK;
    uint32_t *label = wn_alloc(n, sizeof *label, err);
    if (!label) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) label[i] = o->rows.label[row[i]];
    wn_code code = wn_store_obs_categorical(s, "label", label, o->rows.labels, o->rows.nlabels, err);
    wn_free(label);
    return code;
}

wn_code wn_outcome_rows(const wn_outcome *o, bool kept, wn_outdir *d, wn_progress *p, wn_err *err) {
    const char *name = kept ? WN_STEM_SUBSET ".h5ad" : WN_STEM_REST ".h5ad";
    const wn_origin origin = {.config = o->config, .command = o->command, .seed = o->seed};
    size_t n = kept ? o->n - o->dropped : o->dropped;
    wn_store *s = NULL, *whole;
    char *path = wn_outdir_path(d, name, err);
    int64_t *row = wn_alloc(n, sizeof *row, err);
    wn_code code = path && row ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_store_create(&s, path, o->x->cols, false, err)) != WN_OK) goto out;
    if ((code = append_wanted(o, kept, s, row, n, p, err)) != WN_OK) goto out;
    if ((code = put_ids(o, s, row, n, err)) != WN_OK) goto out;
    if ((code = put_labels(o, s, row, n, err)) != WN_OK) goto out;
    if ((code = wn_store_obs_i64(s, "row", row, err)) != WN_OK) goto out;
    if ((code = wn_store_put_origin(s, &origin, err)) != WN_OK) goto out;
    whole = s, s = NULL; /* commit frees it */
    if ((code = wn_store_commit(whole, err)) != WN_OK) goto out;
    code = wn_outdir_adopt(d, name, err);
out:
    wn_store_abort(s);
    wn_free(path);
    wn_free(row);
    return code;
}
