/* Writing AnnData files: docs/formats.md, section HDF5, has the layout. */
#include <winnow/store.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/safefile.h>
#include <zlib.h>

#include "h5.h"
#include "store.h"

enum { CHUNK_BYTES = 512 << 10, STRING_BATCH = 4096, STRING_BYTES = 4 << 20 }; /* a batch ends where either is full */

/* A matrix that grows by rows. */
typedef struct {
    char *name;
    hid_t dataset;
    size_t cols, rows;
    float *buffer; /* [chunk_rows, cols], the rows not yet in the file */
    size_t chunk_rows, buffered;
} grown;

struct wn_store {
    wn_safefile *safe;
    char *path;
    hid_t file, obs, obsm, obsp, uns;
    grown x, *more; /* X; matrices of /obsm */
    size_t nmore, more_cap;
    char **columns; /* of /obs, in order */
    size_t ncolumns, columns_cap;
    bool x_done, has_ids, failed;
};

/* A failed call may have left half an object behind: the file can no longer be committed. */
static wn_h5 store_enter(wn_store *s, wn_err *err) {
    wn_h5 h = {.path = s->path, .err = err};
    if (s->failed) (void)wn_h5_fail(&h, WN_EIO, "an earlier write failed; the file cannot be finished");
    return h;
}

static wn_code store_leave(wn_store *s, const wn_h5 *h) {
    if (h->code) s->failed = true;
    return h->code;
}

static void close_ids(wn_store *s, wn_h5 *h) {
    wn_h5_close(h, &s->x.dataset);
    for (size_t i = 0; i < s->nmore; i++) wn_h5_close(h, &s->more[i].dataset);
    wn_h5_close(h, &s->obs);
    wn_h5_close(h, &s->obsm);
    wn_h5_close(h, &s->obsp);
    wn_h5_close(h, &s->uns);
    wn_h5_close(h, &s->file);
}

static void grown_free(grown *g) {
    wn_free(g->name);
    wn_free(g->buffer);
}

static wn_code grown_init(grown *g, const char *name, size_t cols, wn_err *err) {
    size_t row_bytes = cols * sizeof(float);
    g->cols = cols;
    g->chunk_rows = row_bytes < CHUNK_BYTES ? CHUNK_BYTES / row_bytes : 1;
    g->name = wn_strndup(name, strlen(name), err);
    g->buffer = g->name ? wn_alloc(g->chunk_rows * cols, sizeof(float), err) : NULL;
    return g->buffer ? WN_OK : WN_EMEMORY;
}

static void store_free(wn_store *s) {
    for (size_t i = 0; i < s->nmore; i++) grown_free(&s->more[i]);
    wn_free(s->more);
    grown_free(&s->x);
    for (size_t i = 0; i < s->ncolumns; i++) wn_free(s->columns[i]);
    wn_free(s->columns);
    wn_free(s->path);
    wn_free(s);
}

void wn_store_abort(wn_store *s) {
    if (!s) return;
    wn_err ignored;
    wn_h5 h = {.path = s->path ? s->path : "", .err = &ignored};
    close_ids(s, &h);
    wn_safefile_abort(s->safe);
    store_free(s);
}

static hid_t dict_new(wn_h5 *h, hid_t parent, const char *name) {
    hid_t g = wn_h5_group_new(h, parent, name);
    wn_h5_encoding(h, g, "dict", "0.1.0");
    return g;
}

wn_code wn_store_create(wn_store **out, const char *path, size_t cols, bool overwrite, wn_err *err) {
    static const char *const empty[] = {"layers", "varm", "varp"};
    if (cols == 0) return wn_err_set(err, WN_EINPUT, "%s: a matrix needs at least one column", path);
    if (cols >= UINT32_MAX / sizeof(float)) /* HDF5 bounds a chunk, hence a row, by 4 GiB */
        return wn_err_set(err, WN_EINPUT, "%s: rows of %zu columns are too wide for an HDF5 chunk", path, cols);
    wn_h5_init();
    wn_store *s = wn_alloc(1, sizeof *s, err);
    if (!s) return WN_EMEMORY;
    wn_h5 h = {.path = path, .err = err};
    s->path = wn_strndup(path, strlen(path), err);
    h.code = s->path ? grown_init(&s->x, "X", cols, err) : WN_EMEMORY;
    if (h.code) goto out;
    h.code = wn_safefile_create(&s->safe, path, overwrite, err);
    if (h.code) goto out;
    s->file = wn_h5_create(&h, wn_safefile_temp(s->safe));
    if (h.code) goto out;
    wn_h5_encoding(&h, s->file, "anndata", "0.1.0");
    s->obs = wn_h5_group_new(&h, s->file, "obs");
    wn_h5_encoding(&h, s->obs, "dataframe", "0.2.0");
    wn_h5_attr_string(&h, s->obs, "_index", "_index");
    s->obsm = dict_new(&h, s->file, "obsm");
    s->obsp = dict_new(&h, s->file, "obsp");
    hid_t uns = dict_new(&h, s->file, "uns");
    s->uns = dict_new(&h, uns, "winnow");
    wn_h5_close(&h, &uns);
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        hid_t g = dict_new(&h, s->file, empty[i]);
        wn_h5_close(&h, &g);
    }
out:
    if (h.code) wn_store_abort(s);
    else *out = s;
    return h.code;
}

/* ---- X ---- */

/* A matrix is made when its first chunk is full or its rows have ended, so that a small matrix gets one small chunk.
 * Only whole chunks are written: the bytes of the file do not depend on how the rows came in. */
static void flush_rows(hid_t parent, grown *g, wn_h5 *h) {
    const hsize_t dims[2] = {g->rows, g->cols};
    if (g->dataset <= 0) {
        hsize_t none[2] = {0, g->cols};
        g->dataset =
            wn_h5_dataset_new(h, parent, g->name, H5T_IEEE_F32LE, 2, none, g->buffered ? g->buffered : 1, true);
        wn_h5_encoding(h, g->dataset, "array", "0.2.0");
    }
    if (g->buffered == 0 || h->code) return;
    (void)wn_h5_ok(h, H5Dset_extent(g->dataset, dims), "extend", g->name);
    const wn_h5_rows block = {.begin = g->rows - g->buffered,
                              .n = g->buffered,
                              .cols = g->cols,
                              .stride = g->cols,
                              .rows = g->buffer};
    wn_h5_write_rows(h, g->dataset, g->name, H5T_NATIVE_FLOAT, &block);
    g->buffered = 0;
}

static void append_rows(hid_t parent, grown *g, const float *rows, size_t stride, size_t n, wn_h5 *h) {
    for (size_t i = 0; i < n && !h->code; i++) {
        const float *row = rows + i * stride;
        size_t bad = wn_floats_nonfinite(row, g->cols);
        if (bad < g->cols) {
            (void)wn_h5_fail(h, WN_EINPUT, "row %zu, column %zu%s%s is %s; only finite values can be stored", g->rows,
                             bad, strcmp(g->name, "X") == 0 ? "" : " of ", strcmp(g->name, "X") == 0 ? "" : g->name,
                             isnan(row[bad]) ? "NaN" : "infinite");
            break;
        }
        memcpy(g->buffer + g->buffered * g->cols, row, g->cols * sizeof *row);
        g->rows++;
        if (++g->buffered == g->chunk_rows) flush_rows(parent, g, h);
    }
}

wn_code wn_store_append(wn_store *s, const float *rows, size_t stride, size_t n, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    if (!h.code && s->x_done) (void)wn_h5_fail(&h, WN_EINTERNAL, "rows must be appended before columns are written");
    append_rows(s->file, &s->x, rows, stride, n, &h);
    return store_leave(s, &h);
}

static grown *find_more(wn_store *s, const char *name, size_t cols, wn_h5 *h) {
    void *v = s->more;
    for (size_t i = 0; i < s->nmore; i++)
        if (strcmp(s->more[i].name, name) == 0) {
            if (s->more[i].cols == cols) return &s->more[i];
            (void)wn_h5_fail(h, WN_EINTERNAL, "/obsm/%s changed its width", name);
            return NULL;
        }
    h->code = wn_reserve(&v, &s->more_cap, s->nmore + 1, sizeof *s->more, h->err);
    s->more = v;
    if (h->code) return NULL;
    grown *g = &s->more[s->nmore++];
    *g = (grown){0};
    h->code = grown_init(g, name, cols, h->err);
    return h->code ? NULL : g;
}

wn_code wn_store_obsm(wn_store *s, const char *name, const float *rows, size_t stride, size_t cols, size_t n,
                      wn_err *err) {
    wn_h5 h = store_enter(s, err);
    if (!h.code && s->x_done) (void)wn_h5_fail(&h, WN_EINTERNAL, "rows must be appended before columns are written");
    grown *g = h.code ? NULL : find_more(s, name, cols, &h);
    if (g) append_rows(s->obsm, g, rows, stride, n, &h);
    return store_leave(s, &h);
}

static void finish_rows(wn_store *s, wn_h5 *h) {
    if (s->x_done || h->code) return;
    if (s->x.buffered || s->x.dataset <= 0) flush_rows(s->file, &s->x, h);
    for (size_t i = 0; i < s->nmore && !h->code; i++) {
        grown *g = &s->more[i];
        if (g->rows != s->x.rows)
            (void)wn_h5_fail(h, WN_EINTERNAL, "/obsm/%s has %zu rows of %zu", g->name, g->rows, s->x.rows);
        else if (g->buffered || g->dataset <= 0) flush_rows(s->obsm, g, h);
    }
    s->x_done = true;
}

/* ---- strings ---- */

/* Text i of a source, as a pointer and a length. */
typedef const char *(*text_at)(const void *source, size_t i, size_t *len);

/* A one-dimensional dataset of n strings, written in batches so that memory stays bounded. */
static void write_strings(wn_h5 *h, hid_t parent, const char *name, text_at at, const void *source, size_t n) {
    const hsize_t dims[1] = {n};
    const char **pointers = NULL;
    char *block = NULL;
    size_t cap = 0;
    uLong crc = crc32_z(0, NULL, 0);
    hid_t type = wn_h5_string_type(h);
    hid_t d = wn_h5_dataset_new(h, parent, name, type, 1, dims, 0, false);
    wn_h5_encoding(h, d, "string-array", "0.2.0");
    hid_t file_space = wn_h5_id(h, H5Dget_space(d), "read the shape of", name);
    if (!h->code && !(pointers = wn_alloc(STRING_BATCH, sizeof *pointers, h->err))) h->code = WN_EMEMORY;
    for (size_t begin = 0, m = 0; begin < n && !h->code; begin += m) {
        size_t most = n - begin < STRING_BATCH ? n - begin : STRING_BATCH, bytes = 0, len = 0;
        for (m = 0; m < most && bytes < STRING_BYTES; m++) {
            const char *t = at(source, begin + m, &len);
            if (len && memchr(t, 0, len))
                (void)wn_h5_fail(h, WN_EINPUT, "%s of row %zu holds a zero byte, which HDF5 strings cannot", name,
                                 begin + m);
            bytes += len + 1;
        }
        if (!h->code && wn_reserve((void **)&block, &cap, bytes, 1, h->err)) h->code = WN_EMEMORY;
        if (h->code) break;
        char *p = block;
        for (size_t i = 0; i < m; i++) {
            const char *t = at(source, begin + i, &len);
            pointers[i] = p;
            if (len) memcpy(p, t, len);
            p[len] = 0;
            p += len + 1;
        }
        crc = crc32_z(crc, (const unsigned char *)block, bytes);
        const hsize_t start[1] = {begin}, count[1] = {m};
        hid_t mem_space = wn_h5_id(h, H5Screate_simple(1, count, NULL), "shape", name);
        (void)wn_h5_ok(h, H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL), "select", name);
        if (!h->code) (void)wn_h5_ok(h, H5Dwrite(d, type, mem_space, file_space, H5P_DEFAULT, pointers), "write", name);
        wn_h5_close(h, &mem_space);
    }
    const uint32_t sum = (uint32_t)crc;
    wn_h5_attr_numbers(h, d, WN_H5_STRING_SUM, H5T_STD_U32LE, H5T_NATIVE_UINT32, &sum, 0);
    wn_free(block);
    wn_free(pointers);
    wn_h5_close(h, &file_space);
    wn_h5_close(h, &d);
    wn_h5_close(h, &type);
}

static const char *text_of_texts(const void *source, size_t i, size_t *len) {
    const wn_texts *t = source;
    *len = (size_t)(t->off[i + 1] - t->off[i]);
    return t->base + t->off[i];
}

static const char *text_of_array(const void *source, size_t i, size_t *len) {
    const char *t = ((const char *const *)source)[i];
    *len = strlen(t);
    return t;
}

static const char *text_of_number(const void *source, size_t i, size_t *len) {
    char *digits = *(char *const *)source; /* room for one number */
    *len = (size_t)snprintf(digits, 24, "%zu", i);
    return digits;
}

static void write_numbered(wn_h5 *h, hid_t parent, const char *name, size_t n) {
    char digits[24];
    char *room = digits;
    write_strings(h, parent, name, text_of_number, &room, n);
}

/* ---- columns ---- */

/* Ends X, checks the name and remembers the column. */
static wn_h5 enter_column(wn_store *s, const char *name, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    finish_rows(s, &h);
    if (h.code) return h;
    if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "_index") == 0 ||
        H5Lexists(s->obs, name, H5P_DEFAULT) > 0)
        (void)wn_h5_fail(&h, WN_EINTERNAL, "\"%s\" is no name for a new column of /obs", name);
    size_t cap = s->columns_cap;
    if (!h.code && wn_reserve((void **)&s->columns, &cap, s->ncolumns + 1, sizeof *s->columns, err))
        h.code = WN_EMEMORY;
    s->columns_cap = cap;
    char *copy = h.code ? NULL : wn_strndup(name, strlen(name), err);
    if (copy) s->columns[s->ncolumns++] = copy;
    else if (!h.code) h.code = WN_EMEMORY;
    return h;
}

static wn_code number_column(wn_store *s, const char *name, hid_t file_type, hid_t mem_type, const void *v,
                             wn_err *err) {
    wn_h5 h = enter_column(s, name, err);
    wn_h5_write_vector(&h, s->obs, name, file_type, mem_type, v, s->x.rows, "array");
    return store_leave(s, &h);
}

wn_code wn_store_obs_i64(wn_store *s, const char *name, const int64_t *v, wn_err *err) {
    return number_column(s, name, H5T_STD_I64LE, H5T_NATIVE_INT64, v, err);
}

wn_code wn_store_obs_f64(wn_store *s, const char *name, const double *v, wn_err *err) {
    return number_column(s, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, v, err);
}

wn_code wn_store_obs_f32(wn_store *s, const char *name, const float *v, wn_err *err) {
    return number_column(s, name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, v, err);
}

wn_code wn_store_obs_bool(wn_store *s, const char *name, const bool *v, wn_err *err) {
    wn_h5 h = enter_column(s, name, err);
    int8_t *bytes = h.code ? NULL : wn_alloc(s->x.rows, 1, err);
    if (!bytes && !h.code) h.code = WN_EMEMORY;
    for (size_t i = 0; bytes && i < s->x.rows; i++) bytes[i] = v[i] ? 1 : 0;
    hid_t type = wn_h5_bool_type(&h);
    wn_h5_write_vector(&h, s->obs, name, type, type, bytes, s->x.rows, "array");
    wn_h5_close(&h, &type);
    wn_free(bytes);
    return store_leave(s, &h);
}

wn_code wn_store_obs_ids(wn_store *s, const wn_texts *ids, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    finish_rows(s, &h);
    if (!h.code && s->has_ids) (void)wn_h5_fail(&h, WN_EINTERNAL, "the ids were written before");
    if (!h.code && ids && ids->n != s->x.rows)
        (void)wn_h5_fail(&h, WN_EINTERNAL, "%zu ids for %zu rows", ids->n, s->x.rows);
    if (!h.code && ids) write_strings(&h, s->obs, "_index", text_of_texts, ids, s->x.rows);
    else if (!h.code) write_numbered(&h, s->obs, "_index", s->x.rows);
    s->has_ids = true;
    return store_leave(s, &h);
}

/* AnnData wants signed codes, the smallest that hold the number of categories, -1 for missing. */
static void write_codes(wn_h5 *h, hid_t group, const uint32_t *code, size_t n, size_t ncats) {
    int32_t *v = wn_alloc(n, sizeof *v, h->err);
    if (!v) h->code = WN_EMEMORY;
    for (size_t i = 0; v && i < n && !h->code; i++) {
        if (code[i] != UINT32_MAX && code[i] >= ncats)
            (void)wn_h5_fail(h, WN_EINTERNAL, "row %zu has category %u of %zu", i, code[i], ncats);
        v[i] = code[i] == UINT32_MAX ? -1 : (int32_t)code[i];
    }
    hid_t type = ncats <= INT8_MAX ? H5T_STD_I8LE : ncats <= INT16_MAX ? H5T_STD_I16LE : H5T_STD_I32LE;
    wn_h5_write_vector(h, group, "codes", type, H5T_NATIVE_INT32, v, n, "array");
    wn_free(v);
}

wn_code wn_store_obs_categorical(wn_store *s, const char *name, const uint32_t *code, const char *const *cats,
                                 size_t ncats, wn_err *err) {
    const int8_t ordered = 0;
    wn_h5 h = enter_column(s, name, err);
    if (!h.code && ncats > INT32_MAX) (void)wn_h5_fail(&h, WN_EINPUT, "%zu categories are too many", ncats);
    if (h.code) return store_leave(s, &h);
    hid_t g = wn_h5_group_new(&h, s->obs, name);
    wn_h5_encoding(&h, g, "categorical", "0.2.0");
    hid_t type = wn_h5_bool_type(&h);
    wn_h5_attr_numbers(&h, g, "ordered", type, type, &ordered, 0);
    wn_h5_close(&h, &type);
    if (!h.code) write_strings(&h, g, "categories", text_of_array, cats, ncats);
    if (!h.code) write_codes(&h, g, code, s->x.rows, ncats);
    wn_h5_close(&h, &g);
    return store_leave(s, &h);
}

/* ---- graph and uns ---- */

wn_code wn_store_obsp(wn_store *s, const char *name, const wn_csr *graph, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    finish_rows(s, &h);
    if (!h.code && (graph->rows != s->x.rows || graph->cols != s->x.rows))
        (void)wn_h5_fail(&h, WN_EINTERNAL, "a %zu x %zu graph for %zu rows", graph->rows, graph->cols, s->x.rows);
    if (h.code) return store_leave(s, &h);
    size_t entries = (size_t)graph->indptr[graph->rows];
    const int64_t shape[2] = {(int64_t)graph->rows, (int64_t)graph->cols};
    /* scipy computes with 32-bit indices where they do: half the file, and no copy on its side */
    bool small = entries <= INT32_MAX && s->x.rows <= INT32_MAX;
    hid_t index_type = small ? H5T_STD_I32LE : H5T_STD_I64LE;
    hid_t g = wn_h5_group_new(&h, s->obsp, name);
    wn_h5_encoding(&h, g, "csr_matrix", "0.1.0");
    wn_h5_attr_numbers(&h, g, "shape", H5T_STD_I64LE, H5T_NATIVE_INT64, shape, 2);
    wn_h5_write_vector(&h, g, "data", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, graph->data, entries, NULL);
    wn_h5_write_vector(&h, g, "indices", index_type, H5T_NATIVE_LLONG, graph->indices, entries, NULL);
    wn_h5_write_vector(&h, g, "indptr", index_type, H5T_NATIVE_LLONG, graph->indptr, graph->rows + 1, NULL);
    wn_h5_close(&h, &g);
    return store_leave(s, &h);
}

wn_code wn_store_uns_string(wn_store *s, const char *name, const char *value, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    hid_t type = wn_h5_string_type(&h);
    hid_t d = wn_h5_dataset_new(&h, s->uns, name, type, 0, NULL, 0, false);
    wn_h5_encoding(&h, d, "string", "0.2.0");
    if (!h.code) (void)wn_h5_ok(&h, H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value), "write", name);
    wn_h5_close(&h, &d);
    wn_h5_close(&h, &type);
    return store_leave(s, &h);
}

wn_code wn_store_uns_i64(wn_store *s, const char *name, const int64_t *v, size_t n, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    wn_h5_write_vector(&h, s->uns, name, H5T_STD_I64LE, H5T_NATIVE_INT64, v, n, "array");
    return store_leave(s, &h);
}

wn_code wn_store_uns_f64(wn_store *s, const char *name, const double *v, size_t n, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    wn_h5_write_vector(&h, s->uns, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, v, n, "array");
    return store_leave(s, &h);
}

/* ---- commit ---- */

static void write_var(wn_store *s, wn_h5 *h) {
    hid_t var = wn_h5_group_new(h, s->file, "var");
    wn_h5_encoding(h, var, "dataframe", "0.2.0");
    wn_h5_attr_string(h, var, "_index", "_index");
    wn_h5_attr_strings(h, var, "column-order", NULL, 0);
    if (!h->code) write_numbered(h, var, "_index", s->x.cols);
    wn_h5_close(h, &var);
}

wn_code wn_store_commit(wn_store *s, wn_err *err) {
    wn_h5 h = store_enter(s, err);
    finish_rows(s, &h);
    if (!h.code && !s->has_ids) h.code = wn_store_obs_ids(s, NULL, err);
    wn_h5_attr_strings(&h, s->obs, "column-order", (const char *const *)s->columns, s->ncolumns);
    write_var(s, &h);
    /* HDF5 writes much of a file only on closing, and closing the file hides what closing an object would show. */
    close_ids(s, &h);
    if (!h.code) h.code = wn_store_verify(wn_safefile_temp(s->safe), s->path, "X", s->x.rows, s->x.cols, err);
    if (h.code) {
        wn_store_abort(s);
        return h.code;
    }
    wn_code code = wn_safefile_commit(s->safe, err);
    store_free(s);
    return code;
}
