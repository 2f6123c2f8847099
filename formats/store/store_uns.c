/* Reading our own values in /uns/winnow, and graphs in /obsp. */
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/store.h>

#include "matrix.h"

wn_code wn_matrix_uns_string(wn_matrix_file *m, const char *name, char **out, wn_err *err) {
    if (m->apart) {
        const wn_guard_about about = {.path = m->path, .name = name, .rows = m->rows, .cols = m->cols};
        return wn_guard_uns(&m->guard, &about, out, err);
    }
    wn_h5 h = {.path = m->path, .err = err};
    char path[256];
    char *v = NULL;
    (void)snprintf(path, sizeof path, "uns/winnow/%s", name);
    if (m->is_npy || !wn_h5_exists(m->file, path)) return wn_h5_fail(&h, WN_EUSAGE, "no /%s in this file", path);
    hid_t d = wn_h5_id(&h, H5Dopen2(m->file, path, H5P_DEFAULT), "open", path);
    hid_t t = wn_h5_id(&h, H5Dget_type(d), "read the type of", path);
    if (!h.code && (wn_h5_shape(&h, d, 0, NULL) != 0 || H5Tget_class(t) != H5T_STRING || H5Tis_variable_str(t) <= 0))
        (void)wn_h5_fail(&h, WN_EINPUT, "/%s is not a string", path);
    if (!h.code && wn_h5_ok(&h, H5Dread(d, t, H5S_ALL, H5S_ALL, H5P_DEFAULT, &v), "read", path)) {
        *out = wn_strndup(v ? v : "", v ? strlen(v) : 0, err);
        if (!*out) h.code = WN_EMEMORY;
        (void)H5free_memory(v);
    }
    wn_h5_close(&h, &t);
    wn_h5_close(&h, &d);
    return h.code;
}

/* Says what is wrong with the parts of a csr matrix, if anything. */
static void csr_validate(wn_h5 *h, const char *path, const wn_csr *g, size_t entries) {
    if (g->indptr[0] != 0 || g->indptr[g->rows] != (long long)entries)
        (void)wn_h5_fail(h, WN_EINPUT, "/%s: indptr does not span the %zu entries", path, entries);
    for (size_t i = 0; i < g->rows && !h->code; i++)
        if (g->indptr[i] > g->indptr[i + 1]) (void)wn_h5_fail(h, WN_EINPUT, "/%s: indptr falls at row %zu", path, i);
    for (size_t i = 0; i < entries && !h->code; i++)
        if (g->indices[i] < 0 || (size_t)g->indices[i] >= g->cols)
            (void)wn_h5_fail(h, WN_EINPUT, "/%s: entry %zu has column %lld of %zu", path, i, g->indices[i], g->cols);
}

wn_code wn_matrix_obsp(wn_matrix_file *m, const char *name, wn_csr *out, wn_err *err) {
    if (m->apart) {
        const wn_guard_about about = {.path = m->path, .name = name, .rows = m->rows, .cols = m->cols};
        return wn_guard_graph(&m->guard, &about, out, err);
    }
    wn_h5 h = {.path = m->path, .err = err};
    char path[256];
    hid_t data = 0, indices = 0, indptr = 0;
    wn_csr g = {.rows = m->rows, .cols = m->rows};
    (void)snprintf(path, sizeof path, "obsp/%s", name);
    if (m->is_npy || !wn_h5_exists(m->file, path)) return wn_h5_fail(&h, WN_EUSAGE, "no /%s in this file", path);
    hid_t group = wn_h5_id(&h, H5Oopen(m->file, path, H5P_DEFAULT), "open", path);
    if (!h.code && !wn_h5_encoded_as(&h, group, "csr_matrix")) {
        (void)wn_h5_fail(&h, WN_EINPUT, "/%s is not a csr_matrix", path);
        goto out;
    }
    data = wn_h5_id(&h, H5Dopen2(group, "data", H5P_DEFAULT), "open the data of", path);
    indices = wn_h5_id(&h, H5Dopen2(group, "indices", H5P_DEFAULT), "open the indices of", path);
    indptr = wn_h5_id(&h, H5Dopen2(group, "indptr", H5P_DEFAULT), "open the indptr of", path);
    size_t entries = h.code ? 0 : wn_h5_vector_length(&h, data, path);
    if (h.code) goto out;
    g.data = wn_alloc(entries, sizeof *g.data, err);
    g.indices = g.data ? wn_alloc(entries, sizeof *g.indices, err) : NULL;
    g.indptr = g.indices ? wn_alloc(g.rows + 1, sizeof *g.indptr, err) : NULL;
    if (!g.indptr) {
        h.code = WN_EMEMORY;
        goto out;
    }
    wn_h5_read_vector(&h, data, path, H5T_NATIVE_FLOAT, entries, g.data);
    wn_h5_read_vector(&h, indices, path, H5T_NATIVE_LLONG, entries, g.indices);
    wn_h5_read_vector(&h, indptr, path, H5T_NATIVE_LLONG, g.rows + 1, g.indptr);
    if (!h.code) csr_validate(&h, path, &g, entries);
out:
    wn_h5_close(&h, &indptr);
    wn_h5_close(&h, &indices);
    wn_h5_close(&h, &data);
    wn_h5_close(&h, &group);
    if (h.code) {
        wn_free(g.data);
        wn_free(g.indices);
        wn_free(g.indptr);
    } else {
        *out = g;
    }
    return h.code;
}
