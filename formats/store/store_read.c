/* Reading a matrix: its rows. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <winnow/store.h>

#include "matrix.h"

enum { TELL = 4096 }; /* rows that are looked at from one wn_tick to the next */
enum { READ_BYTES = 1 << 20 };

/* ---- opening ---- */

static const char *class_name(hid_t type) {
    switch (H5Tget_class(type)) {
    case H5T_INTEGER: return "integers";
    case H5T_FLOAT: return "floats of an unusual layout";
    case H5T_STRING: return "strings";
    case H5T_COMPOUND: return "compound records";
    case H5T_ENUM: return "booleans or enumerated values";
    default: return "values of another type";
    }
}

/* A chunk larger than HDF5's cache of 1 MiB would be read and unpacked again for every block of rows: makes room for
 * one row of chunks. */
static void widen_cache(wn_h5 *h, wn_matrix_file *m) {
    hsize_t chunk[2] = {0, 0};
    hid_t create = wn_h5_id(h, H5Dget_create_plist(m->data), "read the layout of", m->dataset);
    if (!h->code && H5Pget_layout(create) == H5D_CHUNKED && H5Pget_chunk(create, 2, chunk) == 2 && chunk[1]) {
        size_t across = (m->cols + (size_t)chunk[1] - 1) / (size_t)chunk[1];
        double bytes = (double)chunk[0] * (double)chunk[1] * (double)m->cell.size * (double)across;
        if (bytes > 1e6 && wn_h5_fits(h, bytes, m->dataset) &&
            (h->code = wn_mem_hold((size_t)bytes, h->err)) == WN_OK) {
            m->cached = (size_t)bytes;
            hid_t access = wn_h5_id(h, H5Pcreate(H5P_DATASET_ACCESS), "set up", "the chunk cache");
            (void)wn_h5_ok(h, H5Pset_chunk_cache(access, 100 * across + 521, (size_t)bytes + (1u << 20), 1.0), "set up",
                           "the chunk cache");
            wn_h5_close(h, &m->data);
            m->data = wn_h5_id(h, H5Dopen2(m->file, m->dataset, access), "open", m->dataset);
            wn_h5_close(h, &access);
        }
    }
    wn_h5_close(h, &create);
}

static void open_hdf5(wn_matrix_file *m, const char *dataset, wn_h5 *h) {
    hsize_t dims[8] = {0};
    m->file = wn_h5_open(h);
    if (h->code) return;
    m->data = wn_matrix_choose(h, m->file, dataset, &m->dataset);
    if (h->code) return;
    m->type = wn_h5_id(h, H5Dget_type(m->data), "read the type of", m->dataset);
    int rank = wn_h5_shape(h, m->data, 8, dims);
    if (h->code) return;
    char room[16];
    if (!wn_h5_cell(m->type, &m->cell))
        (void)wn_h5_fail(h, WN_EINPUT, "dataset %s holds %s (%s); " WN_FLOATS_REMEDY, m->dataset, class_name(m->type),
                         wn_h5_type_name(m->type, room));
    else if (rank != 2)
        (void)wn_h5_fail(h, WN_EINPUT, "dataset %s has %d dimensions; 2 are wanted, [rows, columns]", m->dataset,
                         rank < 0 ? 0 : rank);
    else if (dims[1] == 0 || dims[1] > SIZE_MAX / 64 || dims[0] > SIZE_MAX / 64 / dims[1])
        (void)wn_h5_fail(h, WN_EINPUT, "dataset %s has the shape [%llu, %llu]; at least one column is wanted",
                         m->dataset, (unsigned long long)dims[0], (unsigned long long)dims[1]);
    if (h->code || !wn_h5_readable(h, m->data, m->dataset)) return;
    m->rows = (size_t)dims[0];
    m->cols = (size_t)dims[1];
    widen_cache(h, m);
    if (!h->code && wn_h5_exists(m->file, "obs"))
        m->obs = wn_h5_id(h, H5Oopen(m->file, "obs", H5P_DEFAULT), "open", "/obs");
}

wn_code wn_matrix_open(wn_matrix_file **out, const char *path, const char *dataset, wn_err *err) {
    wn_matrix_file *m = wn_alloc(1, sizeof *m, err);
    if (!m) return WN_EMEMORY;
    wn_h5 h = {.path = path, .err = err};
    m->npy.fd = -1;
    m->path = wn_strndup(path, strlen(path), err);
    if (!m->path) {
        h.code = WN_EMEMORY;
    } else if (wn_npy_probe(path) || wn_npz_probe(path)) {
        m->is_npy = true;
        if (!wn_npy_probe(path))
            h.code = wn_npz_open(&m->npy, path, dataset, err);
        else if (dataset)
            h.code = wn_err_set(err, WN_EUSAGE,
                                "%s: a .npy file is one matrix without a name: there is no \"%.60s\"", path, dataset);
        else
            h.code = wn_npy_open(&m->npy, path, err);
        m->rows = m->npy.rows;
        m->cols = m->npy.cols;
    } else {
        open_hdf5(m, dataset, &h);
    }
    if (h.code) wn_matrix_close(m);
    else *out = m;
    return h.code;
}

void wn_matrix_close(wn_matrix_file *m) {
    if (!m) return;
    if (m->apart) wn_guard_close(&m->guard);
    wn_err ignored;
    wn_h5 quiet = {.path = "", .err = &ignored};
    wn_h5_close(&quiet, &m->obs);
    wn_h5_close(&quiet, &m->type);
    wn_h5_close(&quiet, &m->data);
    wn_h5_close(&quiet, &m->file);
    wn_npy_close(&m->npy);
    wn_mem_unhold(m->cached);
    wn_free(m->raw);
    wn_free(m->dataset);
    wn_free(m->path);
    wn_free(m);
}

size_t wn_matrix_rows(const wn_matrix_file *m) { return m->rows; }
size_t wn_matrix_cols(const wn_matrix_file *m) { return m->cols; }

/* ---- rows ---- */

/* Rows [begin, begin + n) as `type` into a buffer of rows `stride` elements apart. */
static void read_block(wn_matrix_file *m, wn_h5 *h, hid_t type, size_t begin, size_t n, size_t stride, void *out) {
    const hsize_t start[2] = {begin, 0}, count[2] = {n, m->cols}, room[2] = {n, stride}, corner[2] = {0, 0};
    hid_t file_space = wn_h5_id(h, H5Dget_space(m->data), "read the shape of", m->dataset);
    hid_t mem_space = wn_h5_id(h, H5Screate_simple(2, room, NULL), "shape", "rows");
    (void)wn_h5_ok(h, H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL), "select", "rows");
    (void)wn_h5_ok(h, H5Sselect_hyperslab(mem_space, H5S_SELECT_SET, corner, NULL, count, NULL), "select", "rows");
    if (!h->code && H5Dread(m->data, type, mem_space, file_space, H5P_DEFAULT, out) < 0) {
        char rows[96];
        (void)snprintf(rows, sizeof rows, "rows %zu to %zu of the matrix", begin, begin + n - 1);
        (void)wn_h5_ok(h, -1, "read", rows);
    }
    wn_h5_close(h, &mem_space);
    wn_h5_close(h, &file_space);
}

static void read_decoded(wn_matrix_file *m, wn_h5 *h, size_t begin, size_t n, float *out, size_t stride) {
    size_t row_bytes = m->cols * m->cell.size;
    size_t block = row_bytes < READ_BYTES ? READ_BYTES / row_bytes : 1;
    if (wn_reserve((void **)&m->raw, &m->raw_cap, block * row_bytes, 1, h->err)) h->code = WN_EMEMORY;
    for (size_t at = 0; at < n && !h->code; at += block) {
        size_t rows = n - at < block ? n - at : block;
        read_block(m, h, m->type, begin + at, rows, m->cols, m->raw);
        for (size_t i = 0; i < rows && !h->code; i++)
            wn_floats_decode(m->raw + i * row_bytes, m->cell, m->cell.size, m->cols, out + (at + i) * stride);
    }
}

wn_code wn_matrix_read(wn_matrix_file *m, size_t begin, size_t n, float *out, size_t stride, wn_err *err) {
    wn_h5 h = {.path = m->path, .err = err};
    if (begin > m->rows || n > m->rows - begin)
        return wn_h5_fail(&h, WN_EINTERNAL, "rows %zu to %zu of %zu asked for", begin, begin + n, m->rows);
    if (n == 0) return WN_OK;
    if (m->apart) {
        const wn_guard_about about = {.path = m->path, .rows = m->rows, .cols = m->cols};
        return wn_guard_rows(&m->guard, &about, begin, n, out, stride, err);
    }
    if (m->is_npy) h.code = wn_npy_read(&m->npy, m->path, begin, n, out, stride, err);
    else if (m->cell.size == sizeof(float)) read_block(m, &h, H5T_NATIVE_FLOAT, begin, n, stride, out);
    else read_decoded(m, &h, begin, n, out, stride);
    for (size_t i = 0; i < n && !h.code; i++) {
        if (i % TELL == 0 && (h.code = wn_tick(NULL, "read", "rows", begin + i, m->rows, err)) != WN_OK) break;
        size_t bad = wn_floats_nonfinite(out + i * stride, m->cols);
        if (bad < m->cols)
            (void)wn_h5_fail(&h, WN_EINPUT, "row %zu, column %zu is %s; remove such rows or replace the values",
                             begin + i, bad, isnan(out[i * stride + bad]) ? "NaN" : "infinite or beyond 32-bit floats");
    }
    return h.code;
}

wn_code wn_matrix_read_all(wn_matrix_file *m, wn_mat *out, wn_err *err) {
    wn_mat x = {0};
    wn_code code = wn_mat_init(&x, m->rows, m->cols, err);
    if (code != WN_OK) return code;
    code = wn_matrix_read(m, 0, m->rows, x.data, x.stride, err);
    if (code == WN_OK) *out = x;
    else wn_mat_free(&x);
    return code;
}
