/* Does a file keep the rules of AnnData? Source: anndata documentation, "On-disk format". */
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/store.h>

#include "matrix.h"

enum { PIECE = 1 << 18, NAME = 300 };

/* Length of the first dimension of dataset `name` below `object`; a failure if there is none. */
static size_t length_of(wn_h5 *h, hid_t object, const char *path, const char *name) {
    hsize_t dims[H5S_MAX_RANK] = {0};
    if (h->code) return 0;
    if (!wn_h5_exists(object, name) || wn_h5_is_group(object, name)) {
        (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: %s has no dataset \"%s\"", path, name);
        return 0;
    }
    hid_t d = wn_h5_id(h, H5Dopen2(object, name, H5P_DEFAULT), "open", name);
    int rank = wn_h5_shape(h, d, H5S_MAX_RANK, dims);
    wn_h5_close(h, &d);
    if (rank < 1) (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: %s/%s is a scalar", path, name);
    return (size_t)dims[0];
}

static void want_length(wn_h5 *h, hid_t object, const char *path, const char *name, size_t n) {
    size_t length = length_of(h, object, path, name);
    if (!h->code && length != n)
        (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: %s/%s has %zu values where %zu are wanted", path, name,
                         length, n);
}

/* Integers of dataset `name` within [low, high), piece by piece; rising if `sorted`. */
static void want_range(wn_h5 *h, hid_t object, const char *path, const char *name, int64_t low, int64_t high,
                       bool sorted) {
    size_t n = length_of(h, object, path, name);
    int64_t *v = h->code ? NULL : wn_alloc(PIECE, sizeof *v, h->err), last = low;
    if (!v && !h->code) h->code = WN_EMEMORY;
    hid_t d = wn_h5_id(h, H5Dopen2(object, name, H5P_DEFAULT), "open", name);
    hid_t space = wn_h5_id(h, H5Dget_space(d), "read the shape of", name);
    for (size_t at = 0; at < n && !h->code; at += PIECE) {
        const hsize_t start[1] = {at}, count[1] = {n - at < PIECE ? n - at : PIECE};
        hid_t room = wn_h5_id(h, H5Screate_simple(1, count, NULL), "shape", name);
        (void)wn_h5_ok(h, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL), "select", name);
        if (!h->code) (void)wn_h5_ok(h, H5Dread(d, H5T_NATIVE_INT64, room, space, H5P_DEFAULT, v), "read", name);
        wn_h5_close(h, &room);
        for (size_t i = 0; i < count[0] && !h->code; i++) {
            if (v[i] < low || v[i] >= high)
                (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: %s/%s: value %zu is %lld, outside [%lld, %lld)",
                                 path, name, at + i, (long long)v[i], (long long)low, (long long)high);
            else if (sorted && v[i] < last)
                (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: %s/%s falls at value %zu", path, name, at + i);
            last = v[i];
        }
    }
    wn_h5_close(h, &space);
    wn_h5_close(h, &d);
    wn_free(v);
}

static void check_column(wn_h5 *h, hid_t frame, const char *path, const char *name, size_t n) {
    char inner[NAME];
    if (!wn_h5_exists(frame, name)) {
        (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: %s lists a column \"%s\" that is not there", path, name);
        return;
    }
    if (!wn_h5_is_group(frame, name)) {
        want_length(h, frame, path, name, n);
        return;
    }
    (void)snprintf(inner, sizeof inner, "%s/%s", path, name);
    hid_t g = wn_h5_id(h, H5Gopen2(frame, name, H5P_DEFAULT), "open", inner);
    if (!h->code && wn_h5_encoded_as(h, g, "categorical")) {
        const char *cats = wn_h5_is_group(g, "categories") ? "categories/values" : "categories";
        want_length(h, g, inner, "codes", n);
        size_t ncats = length_of(h, g, inner, cats);
        if (!h->code) want_range(h, g, inner, "codes", -1, (int64_t)ncats, false);
    } else if (!h->code && wn_h5_exists(g, "mask")) {
        want_length(h, g, inner, "values", n);
        want_length(h, g, inner, "mask", n);
    }
    wn_h5_close(h, &g);
}

/* The names in attribute column-order: a list, empty where HDF5 has none. */
static void check_columns(wn_h5 *h, hid_t frame, const char *path, size_t n) {
    if (H5Aexists(frame, "column-order") <= 0) {
        (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: %s has no attribute column-order", path);
        return;
    }
    hid_t a = wn_h5_id(h, H5Aopen(frame, "column-order", H5P_DEFAULT), "open attribute", "column-order");
    hid_t t = wn_h5_id(h, H5Aget_type(a), "read the type of", "column-order");
    hid_t s = wn_h5_id(h, H5Aget_space(a), "read the shape of", "column-order");
    hssize_t m = h->code ? 0 : H5Sget_simple_extent_npoints(s);
    if (!h->code && m > 0 && H5Tis_variable_str(t) > 0) {
        char **names = wn_alloc((size_t)m, sizeof *names, h->err);
        if (!names) h->code = WN_EMEMORY;
        else if (wn_h5_ok(h, H5Aread(a, t, names), "read", "column-order")) {
            for (hssize_t i = 0; i < m && !h->code; i++) check_column(h, frame, path, names[i] ? names[i] : "", n);
            (void)H5Dvlen_reclaim(t, s, H5P_DEFAULT, names);
        }
        wn_free(names);
    }
    wn_h5_close(h, &s);
    wn_h5_close(h, &t);
    wn_h5_close(h, &a);
}

/* Sets *n to the length of the data frame's index. */
static void check_frame(wn_h5 *h, hid_t file, const char *path, size_t *n) {
    if (!wn_h5_is_group(file, path)) {
        (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: no group /%s", path);
        return;
    }
    hid_t g = wn_h5_id(h, H5Gopen2(file, path, H5P_DEFAULT), "open", path);
    if (!h->code && !wn_h5_encoded_as(h, g, "dataframe"))
        (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: /%s is not encoded as a dataframe", path);
    char *index = h->code ? NULL : wn_h5_get_attr(h, g, "_index");
    if (!index) {
        (void)wn_h5_fail(h, WN_EINPUT, "not valid AnnData: /%s has no attribute _index", path);
    } else if (wn_h5_is_group(g, index)) { /* nullable strings, or categories */
        hid_t values = wn_h5_id(h, H5Gopen2(g, index, H5P_DEFAULT), "open", index);
        *n = length_of(h, values, index, wn_h5_encoded_as(h, values, "categorical") ? "codes" : "values");
        if (!h->code && wn_h5_encoded_as(h, values, "categorical")) check_column(h, g, path, index, *n);
        wn_h5_close(h, &values);
    } else {
        *n = length_of(h, g, path, index);
    }
    if (!h->code) check_columns(h, g, path, *n);
    wn_free(index);
    wn_h5_close(h, &g);
}

typedef struct {
    wn_h5 *h;
    size_t n;
} pairs;

static herr_t check_pairs(hid_t obsp, const char *name, const H5L_info_t *info, void *ctx) {
    wn_h5 *h = ((pairs *)ctx)->h;
    size_t n = ((pairs *)ctx)->n;
    (void)info;
    char path[NAME];
    (void)snprintf(path, sizeof path, "obsp/%s", name);
    if (!wn_h5_is_group(obsp, name)) {
        want_length(h, obsp, "obsp", name, n);
        return h->code ? -1 : 0;
    }
    hid_t g = wn_h5_id(h, H5Gopen2(obsp, name, H5P_DEFAULT), "open", path);
    if (!h->code && (wn_h5_encoded_as(h, g, "csr_matrix") || wn_h5_encoded_as(h, g, "csc_matrix"))) {
        size_t entries = length_of(h, g, path, "data");
        want_length(h, g, path, "indices", entries);
        want_length(h, g, path, "indptr", n + 1);
        want_range(h, g, path, "indices", 0, (int64_t)n, false);
        want_range(h, g, path, "indptr", 0, (int64_t)entries + 1, true);
    }
    wn_h5_close(h, &g);
    return h->code ? -1 : 0;
}

void wn_anndata_check(wn_h5 *h, hid_t file) {
    size_t n = 0, d = 0;
    hsize_t dims[2] = {0, 0};
    if (h->code || !wn_h5_encoded_as(h, file, "anndata")) return;
    check_frame(h, file, "obs", &n);
    check_frame(h, file, "var", &d);
    if (!h->code && wn_h5_exists(file, "X") && !wn_h5_is_group(file, "X")) {
        hid_t x = wn_h5_id(h, H5Dopen2(file, "X", H5P_DEFAULT), "open", "X");
        if (wn_h5_shape(h, x, 2, dims) != 2 || dims[0] != n || dims[1] != d)
            (void)wn_h5_fail(h, WN_EINPUT,
                             "not valid AnnData: X is [%llu, %llu], /obs and /var have %zu and %zu entries",
                             (unsigned long long)dims[0], (unsigned long long)dims[1], n, d);
        wn_h5_close(h, &x);
    }
    if (h->code || !wn_h5_is_group(file, "obsp")) return;
    hid_t obsp = wn_h5_id(h, H5Gopen2(file, "obsp", H5P_DEFAULT), "open", "obsp");
    pairs ctx = {.h = h, .n = n};
    if (!h->code)
        (void)wn_h5_ok(h, H5Literate(obsp, H5_INDEX_NAME, H5_ITER_INC, NULL, check_pairs, &ctx), "walk through",
                       "obsp");
    wn_h5_close(h, &obsp);
}
