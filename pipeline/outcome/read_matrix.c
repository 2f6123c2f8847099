/* selection.h5ad back into an outcome. */
#include "layout.h"
#include "read_private.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/path.h>

/* ---- columns, by their types: *out [n], freed with the outcome ---- */

static wn_code column_index(const wn_outcome *o, wn_matrix_file *m, const char *name, size_t **out, wn_err *err) {
    int64_t *v = wn_alloc(o->n, sizeof *v, err);
    *out = wn_alloc(o->n, sizeof **out, err);
    wn_code code = v && *out ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_matrix_obs_i64(m, name, v, err)) != WN_OK) goto out;
    for (size_t i = 0; i < o->n; i++) {
        (*out)[i] = v[i] < 0 ? WN_NONE : (size_t)v[i];
    }
out:
    wn_free(v);
    return code;
}

static wn_code column_flag(const wn_outcome *o, wn_matrix_file *m, const char *name, bool **out, wn_err *err) {
    int64_t *v = wn_alloc(o->n, sizeof *v, err);
    *out = wn_alloc(o->n, sizeof **out, err);
    wn_code code = v && *out ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_matrix_obs_i64(m, name, v, err)) != WN_OK) goto out;
    for (size_t i = 0; i < o->n; i++) (*out)[i] = v[i] != 0;
out:
    wn_free(v);
    return code;
}

static wn_code column_f64(const wn_outcome *o, wn_matrix_file *m, const char *name, double **out, wn_err *err) {
    *out = wn_alloc(o->n, sizeof **out, err);
    return *out ? wn_matrix_obs_f64(m, name, *out, err) : WN_EMEMORY;
}

static wn_code column_f32(const wn_outcome *o, wn_matrix_file *m, const char *name, float **out, wn_err *err) {
    double *v = wn_alloc(o->n, sizeof *v, err);
    *out = wn_alloc(o->n, sizeof **out, err);
    wn_code code = v && *out ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_matrix_obs_f64(m, name, v, err)) != WN_OK) goto out;
    for (size_t i = 0; i < o->n; i++) (*out)[i] = (float)v[i];
out:
    wn_free(v);
    return code;
}

enum { ALWAYS_THERE_always = 1, ALWAYS_THERE_sometimes = 0 };

static wn_code read_columns(wn_outcome *o, wn_matrix_file *m, wn_err *err) {
    wn_code code;
#define READ_COLUMN(name, type, when)                                                                                  \
    if (ALWAYS_THERE_##when || wn_matrix_has_obs(m, #name)) {                                                          \
        if ((code = column_##type(o, m, #name, &o->own->column.name, err)) != WN_OK) return code;                      \
        o->column.name = o->own->column.name;                                                                          \
    }
    WN_OUTCOME_COLUMNS(READ_COLUMN)
#undef READ_COLUMN
    return WN_OK;
}

static wn_code check_rows(const wn_outcome *o, wn_err *err) {
    const wn_columns *c = &o->column;
    for (size_t i = 0; i < o->n; i++)
        if ((c->represented_by[i] != WN_NONE && c->represented_by[i] >= o->n) || (c->copy_of && c->copy_of[i] >= o->n))
            return wn_outcome_damaged(o, "selection.h5ad names a row that is not there", err);
    return WN_OK;
}

/* ---- choices in their order ---- */

/* chosen, gain, running objective and how many each stands for, by rank. */
static wn_code read_choices(wn_outcome *o, bool counted, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    size_t found = 0;
    for (size_t i = 0; i < o->n; i++) found += o->column.rank[i] != WN_NONE;
    if (counted && found != o->k) return wn_outcome_damaged(o, "the ranks in selection.h5ad are not 1 to k", err);
    o->k = found;
    o->chosen = own->chosen = wn_alloc(o->k, sizeof *own->chosen, err);
    o->gain = own->gain = wn_alloc(o->k, sizeof *own->gain, err);
    o->value = own->value = wn_alloc(o->k, sizeof *own->value, err);
    o->n_represented = own->n_represented = wn_alloc(o->k, sizeof *own->n_represented, err);
    if (!own->chosen || !own->gain || !own->value || !own->n_represented) return WN_EMEMORY;
    for (size_t i = 0; i < o->k; i++) own->chosen[i] = WN_NONE;
    for (size_t i = 0; i < o->n; i++) {
        size_t rank = o->column.rank[i];
        if (rank == WN_NONE) continue;
        if (rank < 1 || rank > o->k || own->chosen[rank - 1] != WN_NONE)
            return wn_outcome_damaged(o, "the ranks in selection.h5ad are not 1 to k", err);
        own->chosen[rank - 1] = i;
        own->gain[rank - 1] = o->column.gain[i];
    }
    for (size_t i = 0; i < o->k; i++) own->value[i] = (i ? own->value[i - 1] : 0) + own->gain[i];
    for (size_t i = 0; i < o->n; i++) {
        size_t by = o->column.represented_by[i], rank = by == WN_NONE ? WN_NONE : o->column.rank[by];
        if (rank != WN_NONE) own->n_represented[rank - 1]++;
    }
    return WN_OK;
}

/* ---- rows ---- */

/* A column of strings as codes. */
static wn_code read_codes(wn_matrix_file *m, const char *name, wn_label_codes *out, wn_err *err) {
    wn_strings all = {0};
    wn_code code = wn_matrix_obs_strings(m, name, &all, err);
    if (code != WN_OK) goto out;
    code = wn_label_codes_init(out, &all.view, err);
out:
    wn_strings_free(&all);
    return code;
}

static wn_code read_u64(const wn_outcome *o, wn_matrix_file *m, const char *name, uint64_t **out, wn_err *err) {
    int64_t *v = wn_alloc(o->n, sizeof *v, err);
    *out = wn_alloc(o->n, sizeof **out, err);
    wn_code code = v && *out ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_matrix_obs_i64(m, name, v, err)) != WN_OK) goto out;
    for (size_t i = 0; i < o->n; i++) (*out)[i] = (uint64_t)v[i];
out:
    wn_free(v);
    return code;
}

static wn_code read_places(wn_outcome *o, wn_matrix_file *m, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    wn_code code;
    if (!wn_matrix_has_obs(m, "source") || !wn_matrix_has_obs(m, "offset")) return WN_OK;
    if ((code = read_codes(m, "source", &own->sources, err)) != WN_OK) return code;
    for (size_t i = 0; own->sources.code && i < o->n; i++)
        if (own->sources.code[i] == UINT32_MAX)
            return wn_outcome_damaged(o, "selection.h5ad has a row of no file", err);
    if ((code = read_u64(o, m, "line", &own->line, err)) != WN_OK) return code;
    if ((code = read_u64(o, m, "offset", &own->offset, err)) != WN_OK) return code;
    if ((code = read_u64(o, m, "length", &own->length, err)) != WN_OK) return code;
    o->places = (wn_places){.file = own->sources.code,
                            .files = (const char *const *)own->sources.names,
                            .nfiles = own->sources.n,
                            .line = own->line,
                            .offset = own->offset,
                            .length = own->length};
    return WN_OK;
}

static wn_code read_rows(wn_outcome *o, wn_matrix_file *m, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    wn_code code = wn_matrix_obs_strings(m, "_index", &own->ids, err);
    if (code != WN_OK) return code;
    if (wn_matrix_has_obs(m, "label") && (code = read_codes(m, "label", &own->labels, err)) != WN_OK) return code;
    o->rows = (wn_view){.n = o->n,
                        .ids = own->ids.view,
                        .label = own->labels.code,
                        .labels = (const char *const *)own->labels.names,
                        .nlabels = own->labels.n};
    return read_places(o, m, err);
}

wn_code wn_selection_h5ad_read(wn_outcome *o, bool columns, bool vectors, wn_err *err) {
    wn_matrix_file *m = NULL;
    bool counted = o->own->manifest != NULL;
    char *path = wn_path_join(o->own->folder, WN_FILE_MATRIX, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_matrix_open_apart(&m, path, NULL, err)) != WN_OK) goto out;
    if (counted && wn_matrix_rows(m) != o->n) {
        code = wn_outcome_damaged(o, "selection.h5ad has other rows than manifest.json counts", err);
        goto out;
    }
    o->n = wn_matrix_rows(m);
    if (vectors) {
        if ((code = wn_matrix_read_all(m, &o->own->x, err)) != WN_OK) goto out;
        o->x = &o->own->x;
    }
    if (!columns) goto out;
    if ((code = read_rows(o, m, err)) != WN_OK) goto out;
    if ((code = read_columns(o, m, err)) != WN_OK) goto out;
    if ((code = check_rows(o, err)) != WN_OK) goto out;
    if ((code = read_choices(o, counted, err)) != WN_OK) goto out;
    if ((code = wn_matrix_uns_string(m, "config", &o->own->config, err)) != WN_OK) goto out;
    o->config = o->own->config;
out:
    if (code == WN_EUSAGE) code = err->code = WN_EINPUT; /* nobody asked for what is not there: the file lost it */
    wn_matrix_close(m);
    wn_free(path);
    return code;
}
