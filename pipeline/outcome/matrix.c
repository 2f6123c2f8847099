/* selection.h5ad: the vectors of every row, where it stands, and what the choice says about it. */
#include "layout.h"
#include "origin.h"
#include "tables.h"

#include <string.h>
#include <winnow/mem.h>

/* Rows of every input row, in batches: a dropped exact copy repeats the vector of the kept one. */
static wn_code append_rows(const wn_outcome *o, wn_store *s, wn_progress *p, wn_err *err) {
    enum { BATCH = 2048 };
    wn_mat batch = {0};
    if (o->n == 0) return wn_store_append(s, o->x->data, o->x->stride, 0, err);
    const bool straight = !o->x_row || o->dropped == 0;
    wn_code code = straight ? WN_OK : wn_mat_init(&batch, o->n < BATCH ? o->n : BATCH, o->x->cols, err);
    if (code != WN_OK) goto out;
    for (size_t begin = 0; begin < o->n; begin += BATCH) {
        size_t n = o->n - begin < BATCH ? o->n - begin : BATCH;
        for (size_t i = 0; i < n && !straight; i++)
            memcpy(wn_mat_row(&batch, i), wn_mat_row(o->x, o->x_row[begin + i]), o->x->cols * sizeof *batch.data);
        const float *rows = straight ? wn_mat_row(o->x, begin) : batch.data;
        if ((code = wn_store_append(s, rows, straight ? o->x->stride : batch.stride, n, err)) != WN_OK) goto out;
        if ((code = wn_tick(p, "store", "rows", begin + n, o->n, err)) != WN_OK) goto out;
    }
out:
    wn_mat_free(&batch);
    return code;
}

/* ---- columns, by their types; scratch [n] ---- */

static wn_code put_flag(wn_store *s, const char *name, const bool *v, int64_t *scratch, size_t n, wn_err *err) {
    (void)scratch, (void)n;
    return wn_store_obs_bool(s, name, v, err);
}

static wn_code put_index(wn_store *s, const char *name, const size_t *v, int64_t *scratch, size_t n, wn_err *err) {
    for (size_t i = 0; i < n; i++) scratch[i] = v[i] == WN_NONE ? -1 : (int64_t)v[i];
    return wn_store_obs_i64(s, name, scratch, err);
}

static wn_code put_f64(wn_store *s, const char *name, const double *v, int64_t *scratch, size_t n, wn_err *err) {
    (void)scratch, (void)n;
    return wn_store_obs_f64(s, name, v, err);
}

static wn_code put_f32(wn_store *s, const char *name, const float *v, int64_t *scratch, size_t n, wn_err *err) {
    (void)scratch, (void)n;
    return wn_store_obs_f32(s, name, v, err);
}

static wn_code put_columns(const wn_outcome *o, wn_store *s, int64_t *scratch, wn_err *err) {
    wn_code code;
#define PUT_COLUMN(name, type, when)                                                                                   \
    if (o->column.name && (code = put_##type(s, #name, o->column.name, scratch, o->n, err)) != WN_OK) return code;
    WN_OUTCOME_COLUMNS(PUT_COLUMN)
#undef PUT_COLUMN
    return WN_OK;
}

static wn_code put_about(const wn_outcome *o, wn_store *s, int64_t *scratch, wn_err *err) {
    const wn_origin origin = {
        .config = o->config, .command = o->command, .seed = o->seed, .inputs = o->inputs, .ninputs = o->ninputs};
    wn_code code = wn_store_put_origin(s, &origin, err);
    if (code != WN_OK) return code;
    if (o->model && (code = wn_store_put_model(s, o->model->sha256, o->model->precision, err)) != WN_OK) return code;
    for (size_t i = 0; i < o->k; i++) scratch[i] = (int64_t)o->chosen[i];
    if ((code = wn_store_uns_i64(s, "selection", scratch, o->k, err)) != WN_OK) return code;
    return wn_store_uns_f64(s, "objective", o->value, o->k, err);
}

wn_code wn_selection_h5ad_write(const wn_outcome *o, wn_outdir *d, wn_progress *p, wn_err *err) {
    wn_store *s = NULL, *whole;
    char *path = wn_outdir_path(d, WN_FILE_MATRIX, err);
    int64_t *scratch = wn_alloc(o->n, sizeof *scratch, err);
    wn_code code = path && scratch ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_store_create(&s, path, o->x->cols, false, err)) != WN_OK) goto out;
    if ((code = append_rows(o, s, p, err)) != WN_OK) goto out;
    if ((code = wn_store_put_view(s, &o->rows, &o->places, err)) != WN_OK) goto out;
    if ((code = put_columns(o, s, scratch, err)) != WN_OK) goto out;
    if ((code = put_about(o, s, scratch, err)) != WN_OK) goto out;
    whole = s, s = NULL; /* commit frees it */
    if ((code = wn_store_commit(whole, err)) != WN_OK) goto out;
    code = wn_outdir_adopt(d, WN_FILE_MATRIX, err);
out:
    wn_store_abort(s);
    wn_free(path);
    wn_free(scratch);
    return code;
}
