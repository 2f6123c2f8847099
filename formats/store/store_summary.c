/* What `winnow info` and `winnow check` say about a matrix file. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/store.h>

#include "matrix.h"

typedef struct {
    char *text;
    size_t size, used;
    wn_h5 *h;
    size_t items; /* of the line being written */
} lines;

__attribute__((format(printf, 2, 3))) static void put(lines *l, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(l->text + l->used, l->size - l->used, fmt, ap);
    va_end(ap);
    if (n > 0) l->used += (size_t)n < l->size - l->used ? (size_t)n : l->size - l->used - 1;
}

/* "[10, 3] f32, checksums" of a dataset. */
static void put_dataset(lines *l, hid_t d) {
    hsize_t dims[H5S_MAX_RANK] = {0};
    char room[16];
    int rank = wn_h5_shape(l->h, d, H5S_MAX_RANK, dims);
    hid_t t = wn_h5_id(l->h, H5Dget_type(d), "read the type of", "a dataset");
    if (l->h->code) return;
    for (int i = 0; i < rank; i++) put(l, "%s%llu", i ? " x " : "", (unsigned long long)dims[i]);
    put(l, "%s%s", rank > 0 ? " " : "", wn_h5_type_name(t, room));
    if (wn_h5_has_checksums(d)) put(l, ", checksums");
    wn_h5_close(l->h, &t);
}

static herr_t put_object(hid_t root, const char *name, const H5O_info_t *info, void *ctx) {
    lines *l = ctx;
    if (info->type != H5O_TYPE_DATASET) return 0;
    hid_t d = wn_h5_id(l->h, H5Dopen2(root, name, H5P_DEFAULT), "open", name);
    put(l, "/%s: ", name);
    put_dataset(l, d);
    put(l, "\n");
    wn_h5_close(l->h, &d);
    return l->h->code ? -1 : 0;
}

static herr_t put_column(hid_t obs, const char *name, const H5L_info_t *info, void *ctx) {
    lines *l = ctx;
    char room[16];
    (void)info;
    hid_t o = wn_h5_id(l->h, H5Oopen(obs, name, H5P_DEFAULT), "open", name);
    if (l->h->code) return -1;
    put(l, "%s%s", l->items++ ? ", " : "", name);
    if (H5Iget_type(o) == H5I_DATASET) {
        hid_t t = wn_h5_id(l->h, H5Dget_type(o), "read the type of", name);
        if (!l->h->code) put(l, " (%s)", wn_h5_type_name(t, room));
        wn_h5_close(l->h, &t);
    } else {
        char *type = wn_h5_get_attr(l->h, o, "encoding-type");
        put(l, " (%s)", type ? type : "group");
        wn_free(type);
    }
    wn_h5_close(l->h, &o);
    return l->h->code ? -1 : 0;
}

/* AnnData before 0.7 wrote /obs as one table: its columns are the members of a record. */
static bool is_table(wn_h5 *h, hid_t file) {
    H5O_info_t info;
    if (h->code || !wn_h5_exists(file, "obs") ||
        H5Oget_info_by_name2(file, "obs", &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0 || info.type != H5O_TYPE_DATASET)
        return false;
    hid_t table = wn_h5_id(h, H5Dopen2(file, "obs", H5P_DEFAULT), "open", "obs");
    hid_t type = wn_h5_id(h, H5Dget_type(table), "read the type of", "obs");
    const bool is = !h->code && H5Tget_class(type) == H5T_COMPOUND;
    wn_h5_close(h, &type);
    wn_h5_close(h, &table);
    return is;
}

static void put_members(lines *l, hid_t file) {
    char room[16];
    hid_t table = wn_h5_id(l->h, H5Dopen2(file, "obs", H5P_DEFAULT), "open", "obs");
    hid_t type = wn_h5_id(l->h, H5Dget_type(table), "read the type of", "obs");
    const int n = l->h->code ? 0 : H5Tget_nmembers(type);
    for (int i = 0; i < n && !l->h->code; i++) {
        char *name = H5Tget_member_name(type, (unsigned)i);
        hid_t t = wn_h5_id(l->h, H5Tget_member_type(type, (unsigned)i), "read the type of", "a column");
        if (!l->h->code) put(l, "%s%s (%s)", i ? ", " : "", name ? name : "", wn_h5_type_name(t, room));
        wn_h5_close(l->h, &t);
        (void)H5free_memory(name);
    }
    wn_h5_close(l->h, &type);
    wn_h5_close(l->h, &table);
}

static herr_t put_graph(hid_t obsp, const char *name, const H5L_info_t *info, void *ctx) {
    lines *l = ctx;
    char path[300];
    (void)info;
    (void)snprintf(path, sizeof path, "%s/data", name);
    put(l, "graph: %s", name);
    if (wn_h5_exists(obsp, path)) {
        hsize_t dims[1] = {0};
        hid_t d = wn_h5_id(l->h, H5Dopen2(obsp, path, H5P_DEFAULT), "open", path);
        (void)wn_h5_shape(l->h, d, 1, dims);
        put(l, ", %llu entries", (unsigned long long)dims[0]);
        wn_h5_close(l->h, &d);
    }
    put(l, "\n");
    return l->h->code ? -1 : 0;
}

/* Calls `op` for every link of group `name`, where it exists. */
static void each_link(lines *l, hid_t file, const char *name, H5L_iterate_t op) {
    if (l->h->code || !wn_h5_is_group(file, name)) return;
    hid_t g = wn_h5_id(l->h, H5Gopen2(file, name, H5P_DEFAULT), "open", name);
    if (!l->h->code)
        (void)wn_h5_ok(l->h, H5Literate(g, H5_INDEX_NAME, H5_ITER_INC, NULL, op, l), "walk through", name);
    wn_h5_close(l->h, &g);
}

static void put_string(lines *l, hid_t file, const char *name) {
    char path[64];
    char *v = NULL;
    (void)snprintf(path, sizeof path, "uns/winnow/%s", name);
    if (l->h->code || !wn_h5_exists(file, path)) return;
    hid_t d = wn_h5_id(l->h, H5Dopen2(file, path, H5P_DEFAULT), "open", path);
    hid_t t = wn_h5_id(l->h, H5Dget_type(d), "read the type of", path);
    if (!l->h->code && wn_h5_shape(l->h, d, 0, NULL) == 0 && H5Tis_variable_str(t) > 0 &&
        wn_h5_ok(l->h, H5Dread(d, t, H5S_ALL, H5S_ALL, H5P_DEFAULT, &v), "read", path)) {
        put(l, "%s: %s\n", name, v ? v : "");
        (void)H5free_memory(v);
    }
    wn_h5_close(l->h, &t);
    wn_h5_close(l->h, &d);
}

static void put_selection(lines *l, hid_t file) {
    hsize_t dims[1] = {0};
    if (l->h->code || !wn_h5_exists(file, "uns/winnow/selection")) return;
    hid_t d = wn_h5_id(l->h, H5Dopen2(file, "uns/winnow/selection", H5P_DEFAULT), "open", "the selection");
    (void)wn_h5_shape(l->h, d, 1, dims);
    put(l, "selection: %llu rows\n", (unsigned long long)dims[0]);
    wn_h5_close(l->h, &d);
}

void wn_store_summarize(wn_h5 *h, hid_t file, char *out, size_t size) {
    lines l = {.text = out, .size = size, .h = h};
    const bool table = is_table(h, file);
    if (!table && !wn_h5_encoded_as(h, file, "anndata") && !wn_h5_is_group(file, "obs")) {
        put(&l, "kind: HDF5\n");
        (void)wn_h5_ok(h, H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, put_object, &l, H5O_INFO_BASIC), "walk through",
                       "the file");
        return;
    }
    put(&l, "kind: HDF5, AnnData (.h5ad)\n");
    if (wn_h5_is_group(file, "X")) {
        hid_t g = wn_h5_id(h, H5Gopen2(file, "X", H5P_DEFAULT), "open", "X");
        char *type = wn_h5_get_attr(h, g, "encoding-type");
        put(&l, "matrix: sparse, %s\n", type ? type : "of an old encoding");
        wn_free(type);
        wn_h5_close(h, &g);
    } else if (wn_h5_exists(file, "X")) {
        hid_t x = wn_h5_id(h, H5Dopen2(file, "X", H5P_DEFAULT), "open", "X");
        put(&l, "matrix: ");
        put_dataset(&l, x);
        put(&l, "\n");
        wn_h5_close(h, &x);
    }
    put(&l, "columns: ");
    if (table) put_members(&l, file);
    else each_link(&l, file, "obs", put_column);
    put(&l, "\n");
    each_link(&l, file, "obsp", put_graph);
    put_selection(&l, file);
    put_string(&l, file, "version");
    put_string(&l, file, "command");
}
