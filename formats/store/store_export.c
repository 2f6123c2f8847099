/* Exporting to the layout of ann-benchmarks. */
#include <string.h>
#include <winnow/mem.h>
#include <wn/safefile.h>
#include <winnow/store.h>

#include "h5.h"
#include "store.h"

/* Neighbours of row i in a row of `width`: -1 and distance 2 (the largest there is) where the graph has fewer. */
static void write_neighbours(wn_h5 *h, hid_t file, const wn_csr *g) {
    size_t width = 0;
    for (size_t i = 0; i < g->rows; i++) {
        size_t m = (size_t)(g->indptr[i + 1] - g->indptr[i]);
        if (m > width) width = m;
    }
    const hsize_t dims[2] = {g->rows, width};
    if (h->code || !g->rows || !width) return;
    size_t chunk = ((size_t)512 << 10) / (width * sizeof(int32_t));
    chunk = chunk < 1 ? 1 : chunk > g->rows ? g->rows : chunk;
    hid_t neighbours = wn_h5_dataset_new(h, file, "neighbors", H5T_STD_I32LE, 2, dims, chunk, false);
    hid_t distances = wn_h5_dataset_new(h, file, "distances", H5T_IEEE_F32LE, 2, dims, chunk, false);
    int32_t *index = wn_alloc(chunk * width, sizeof *index, h->err);
    float *distance = index ? wn_alloc(chunk * width, sizeof *distance, h->err) : NULL;
    if (!distance) h->code = WN_EMEMORY;
    for (size_t at = 0; at < g->rows && !h->code; at += chunk) {
        size_t rows = g->rows - at < chunk ? g->rows - at : chunk;
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < width; j++) {
                size_t k = (size_t)g->indptr[at + i] + j;
                bool has = k < (size_t)g->indptr[at + i + 1];
                index[i * width + j] = has ? (int32_t)g->indices[k] : -1;
                distance[i * width + j] = has ? 1 - g->data[k] : 2;
            }
        wn_h5_rows block = {.begin = at, .n = rows, .cols = width, .stride = width, .rows = index};
        wn_h5_write_rows(h, neighbours, "neighbors", H5T_NATIVE_INT32, &block);
        block.rows = distance;
        wn_h5_write_rows(h, distances, "distances", H5T_NATIVE_FLOAT, &block);
    }
    wn_free(distance);
    wn_free(index);
    wn_h5_close(h, &neighbours);
    wn_h5_close(h, &distances);
}

wn_code wn_store_export_ann(const char *path, const wn_mat *x, const wn_csr *graph, bool overwrite, wn_err *err) {
    wn_h5 h = {.path = path, .err = err};
    wn_safefile *safe = NULL;
    const hsize_t dims[2] = {x->rows, x->cols};
    if (x->cols == 0 || x->cols >= UINT32_MAX / sizeof(float) || x->rows > INT32_MAX)
        return wn_h5_fail(&h, WN_EINPUT, "a matrix of [%zu, %zu] cannot be exported", x->rows, x->cols);
    if (graph && graph->rows != x->rows)
        return wn_h5_fail(&h, WN_EINTERNAL, "a graph of %zu rows for %zu rows", graph->rows, x->rows);
    wn_code code = wn_safefile_create(&safe, path, overwrite, err);
    if (code != WN_OK) return code;
    size_t chunk = ((size_t)512 << 10) / (x->cols * sizeof(float));
    if (chunk > x->rows) chunk = x->rows;
    if (chunk < 1) chunk = 1;
    hid_t file = wn_h5_create(&h, wn_safefile_temp(safe));
    wn_h5_attr_string(&h, file, "type", "dense");
    wn_h5_attr_string(&h, file, "distance", "angular");
    wn_h5_attr_string(&h, file, "winnow", "1");
    hid_t train = wn_h5_dataset_new(&h, file, "train", H5T_IEEE_F32LE, 2, dims, chunk, false);
    for (size_t at = 0; at < x->rows && !h.code; at += chunk) {
        size_t rows = x->rows - at < chunk ? x->rows - at : chunk;
        const wn_h5_rows block = {
            .begin = at, .n = rows, .cols = x->cols, .stride = x->stride, .rows = wn_mat_row(x, at)};
        wn_h5_write_rows(&h, train, "train", H5T_NATIVE_FLOAT, &block);
    }
    wn_h5_close(&h, &train);
    if (graph) write_neighbours(&h, file, graph);
    wn_h5_close(&h, &file);
    if (!h.code) h.code = wn_store_verify(wn_safefile_temp(safe), path, "train", x->rows, x->cols, err);
    if (!h.code) return wn_safefile_commit(safe, err);
    wn_safefile_abort(safe);
    return h.code;
}
