/* Which dataset of a file is the matrix. */
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/store.h>

#include "matrix.h"

enum { PATH = 256, LIST = 320 };

typedef struct {
    size_t count;
    char first[PATH]; /* path of the first */
    char list[LIST];  /* "/a [10, 3], /b [10, 4]" */
} found;

typedef struct {
    char prefix[PATH];             /* "/big" while what a link leads to is walked through */
    found floats, bytes, others;   /* matrices of floats; of 8-bit integers; other datasets, with their types */
    char dangling[PATH];           /* the first link to another file that leads nowhere */
} candidates;

static void found_add(found *f, const char *prefix, const char *name, const char *shape) {
    size_t used = strlen(f->list);
    if (f->count++ == 0) (void)snprintf(f->first, sizeof f->first, "%.127s/%.127s", prefix, name);
    (void)snprintf(f->list + used, sizeof f->list - used, "%s%s/%s %s", used ? ", " : "", prefix, name, shape);
}

/* A dataset of the file, or of one that a link leads to. */
static void look_at_dataset(candidates *c, hid_t d, const char *name) {
    hsize_t dims[H5S_MAX_RANK] = {0};
    wn_cell cell = {0};
    char shape[160] = "[", room[16];
    wn_err ignored;
    wn_h5 quiet = {.path = "", .err = &ignored};
    hid_t t = H5Dget_type(d);
    int rank = t < 0 ? -1 : wn_h5_shape(&quiet, d, H5S_MAX_RANK, dims);
    for (int i = 0; i < rank && i < 4; i++) {
        size_t used = strlen(shape);
        (void)snprintf(shape + used, sizeof shape - used, "%s%llu", i ? ", " : "", (unsigned long long)dims[i]);
    }
    size_t used = strlen(shape);
    bool matrix = rank == 2 && wn_h5_cell(t, &cell);
    (void)snprintf(shape + used, sizeof shape - used, "]%s%s", matrix ? "" : " ",
                   matrix || t < 0 ? "" : wn_h5_type_name(t, room));
    if (rank >= 0) found_add(!matrix ? &c->others : cell.size > 1 ? &c->floats : &c->bytes, c->prefix, name, shape);
    wn_h5_close(&quiet, &t);
}

static herr_t add_object(hid_t root, const char *name, const H5O_info_t *info, void *ctx) {
    wn_err ignored;
    wn_h5 quiet = {.path = "", .err = &ignored};
    if (info->type != H5O_TYPE_DATASET) return 0;
    hid_t d = H5Dopen2(root, name, H5P_DEFAULT);
    if (d >= 0) look_at_dataset(ctx, d, name);
    wn_h5_close(&quiet, &d);
    return 0;
}

/* A link to another file; links of that file are not followed again. */
static herr_t add_external(hid_t root, const char *name, const H5L_info_t *info, void *ctx) {
    candidates *c = ctx;
    wn_err ignored;
    wn_h5 quiet = {.path = "", .err = &ignored};
    if (info->type != H5L_TYPE_EXTERNAL) return 0;
    hid_t o = H5Oopen(root, name, H5P_DEFAULT);
    if (o < 0) {
        if (!c->dangling[0]) (void)snprintf(c->dangling, sizeof c->dangling, "%s", name);
    } else if (H5Iget_type(o) == H5I_DATASET) {
        look_at_dataset(c, o, name);
    } else if (H5Iget_type(o) == H5I_GROUP) {
        (void)snprintf(c->prefix, sizeof c->prefix, "/%s", name);
        (void)H5Ovisit2(o, H5_INDEX_NAME, H5_ITER_INC, add_object, c, H5O_INFO_BASIC);
        c->prefix[0] = 0;
    }
    wn_h5_close(&quiet, &o);
    return 0;
}

static void find_candidates(wn_h5 *h, hid_t file, candidates *c) {
    *c = (candidates){.prefix = ""};
    (void)wn_h5_ok(h, H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, add_object, c, H5O_INFO_BASIC), "walk through",
                   "the file");
    if (!h->code)
        (void)wn_h5_ok(h, H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, add_external, c), "walk through", "the links");
    if (!c->floats.count) (void)snprintf(c->floats.list, sizeof c->floats.list, "none");
}

static void refuse_group(wn_h5 *h, hid_t file, const char *name) {
    hid_t g = wn_h5_id(h, H5Oopen(file, name, H5P_DEFAULT), "open", name);
    char *type = wn_h5_get_attr(h, g, "encoding-type");
    if (!type) type = wn_h5_get_attr(h, g, "h5sparse_format");
    if (type && (strstr(type, "csr") || strstr(type, "csc")))
        (void)wn_h5_fail(h, WN_EINPUT,
                         "%s is a sparse matrix (%s); a dense one is wanted. In Python: a.X = a.X.toarray()", name,
                         type);
    candidates c = {0};
    if (!h->code) find_candidates(h, file, &c);
    if (!h->code)
        (void)wn_h5_fail(h, WN_EUSAGE, "%s is a group, not a dataset (float matrices here: %s)", name, c.floats.list);
    wn_free(type);
    wn_h5_close(h, &g);
}

static void refuse_none(wn_h5 *h, hid_t file, const candidates *c) {
    if (c->dangling[0] && !wn_h5_link_leads(h, file, c->dangling)) return;
    if (c->others.count)
        (void)wn_h5_fail(h, WN_EINPUT, "no two-dimensional float dataset in this file, but %s; " WN_FLOATS_REMEDY,
                         c->others.list);
    else (void)wn_h5_fail(h, WN_EINPUT, "no two-dimensional float dataset in this file, nor any other");
}

/* The name of the matrix in the file, by the rules of wn_matrix_open. */
static void choose_name(wn_h5 *h, hid_t file, char *out, size_t size) {
    candidates c = {0};
    bool anndata = wn_h5_encoded_as(h, file, "anndata") || wn_h5_exists(file, "obs");
    if (anndata && wn_h5_exists(file, "X")) (void)snprintf(out, size, "X");
    else if (wn_h5_exists(file, "train") && !wn_h5_is_group(file, "train")) (void)snprintf(out, size, "train");
    else {
        find_candidates(h, file, &c);
        const found *f = c.floats.count ? &c.floats : &c.bytes;
        if (!h->code && f->count == 0) refuse_none(h, file, &c);
        if (!h->code && f->count > 1)
            (void)wn_h5_fail(h, WN_EUSAGE, "several matrices in this file: %s. Choose one with --dataset", f->list);
        (void)snprintf(out, size, "%s", f->first);
    }
}

hid_t wn_matrix_choose(wn_h5 *h, hid_t file, const char *dataset, char **name) {
    char chosen[PATH] = "";
    if (dataset && *dataset) (void)snprintf(chosen, sizeof chosen, "%s", dataset);
    else choose_name(h, file, chosen, sizeof chosen);
    if (h->code) return H5I_INVALID_HID;
    if (!wn_h5_exists(file, chosen)) {
        candidates c;
        if (!wn_h5_link_leads(h, file, chosen)) return H5I_INVALID_HID;
        find_candidates(h, file, &c);
        (void)wn_h5_fail(h, WN_EUSAGE, "no dataset \"%s\" (float matrices here: %s)", chosen, c.floats.list);
        return H5I_INVALID_HID;
    }
    if (wn_h5_is_group(file, chosen)) {
        refuse_group(h, file, chosen);
        return H5I_INVALID_HID;
    }
    hid_t d = wn_h5_id(h, H5Dopen2(file, chosen, H5P_DEFAULT), "open", chosen);
    if (!h->code && !(*name = wn_strndup(chosen, strlen(chosen), h->err))) h->code = WN_EMEMORY;
    if (h->code) wn_h5_close(h, &d);
    return d;
}
