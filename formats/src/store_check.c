/* Is a matrix file whole? Every object is opened and every chunk read, which makes HDF5 verify its checksums. */
#include <stdio.h>
#include <string.h>
#include <winnow/store.h>

#include "src/matrix.h"

enum { PIECE_BYTES = 4 << 20, RANK_MAX = H5S_MAX_RANK };

/* ---- reading everything ---- */

typedef struct {
    wn_h5 *h;
    unsigned char *room; /* PIECE_BYTES */
    size_t datasets, unsummed; /* unsummed: chunked or contiguous data that carry no checksum */
} visit;

/* A block of `dims` that fits the room: whole chunks, or runs of rows where there are none. */
static void choose_block(hid_t d, int rank, const hsize_t *dims, size_t size, hsize_t *block) {
    hid_t p = H5Dget_create_plist(d);
    for (int i = 0; i < rank; i++) block[i] = 1;
    if (p >= 0 && H5Pget_layout(p) == H5D_CHUNKED) (void)H5Pget_chunk(p, rank, block);
    if (p >= 0) (void)H5Pclose(p);
    hsize_t bytes = size;
    for (int i = 0; i < rank; i++) {
        if (block[i] > dims[i]) block[i] = dims[i];
        bytes *= block[i];
    }
    /* Huge chunks are read in slices; small ones several at a time, along the last dimensions first. */
    for (int i = 0; i < rank && bytes > PIECE_BYTES; i++) {
        hsize_t rest = bytes / block[i], keep = PIECE_BYTES / rest ? PIECE_BYTES / rest : 1;
        if (keep < block[i]) block[i] = keep;
        bytes = rest * block[i];
    }
    for (int i = rank - 1; i >= 0 && bytes * 2 <= PIECE_BYTES; i--) {
        hsize_t times = PIECE_BYTES / bytes, most = (dims[i] + block[i] - 1) / block[i];
        bytes /= block[i];
        block[i] = times < most ? block[i] * times : dims[i];
        bytes *= block[i];
    }
}

/* Moves `start` to the next block; false after the last. */
static bool next_block(int rank, const hsize_t *dims, const hsize_t *block, hsize_t *start) {
    for (int i = rank - 1; i >= 0; i--) {
        start[i] += block[i];
        if (start[i] < dims[i]) return true;
        start[i] = 0;
    }
    return false;
}

static void read_blocks(visit *v, hid_t d, hid_t type, const char *name, int rank, const hsize_t *dims) {
    wn_h5 *h = v->h;
    hsize_t block[RANK_MAX], start[RANK_MAX] = {0}, count[RANK_MAX];
    bool variable = H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0;
    choose_block(d, rank, dims, H5Tget_size(type), block);
    hid_t file_space = wn_h5_id(h, H5Dget_space(d), "read the shape of", name);
    do {
        for (int i = 0; i < rank; i++) count[i] = dims[i] - start[i] < block[i] ? dims[i] - start[i] : block[i];
        hid_t mem_space = wn_h5_id(h, rank ? H5Screate_simple(rank, count, NULL) : H5Screate(H5S_SCALAR), "shape", name);
        if (rank)
            (void)wn_h5_ok(h, H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL), "select", name);
        bool got = !h->code && wn_h5_ok(h, H5Dread(d, type, mem_space, file_space, H5P_DEFAULT, v->room), "read", name);
        if (got && variable) (void)wn_h5_ok(h, H5Dvlen_reclaim(type, mem_space, H5P_DEFAULT, v->room), "release", name);
        wn_h5_close(h, &mem_space);
    } while (!h->code && next_block(rank, dims, block, start));
    wn_h5_close(h, &file_space);
}

static void read_dataset(visit *v, hid_t d, const char *name) {
    wn_h5 *h = v->h;
    hsize_t dims[RANK_MAX] = {0}, cells = 1;
    hid_t type = wn_h5_id(h, H5Dget_type(d), "read the type of", name);
    int rank = wn_h5_shape(h, d, RANK_MAX, dims);
    for (int i = 0; i < rank; i++) cells *= dims[i];
    v->datasets++;
    if (rank > 0 && cells && !wn_h5_has_checksums(d)) v->unsummed++;
    if (!h->code && rank >= 0 && cells) {
        if (H5Tget_size(type) > PIECE_BYTES)
            (void)wn_h5_fail(h, WN_EINPUT, "an element of %s has %zu bytes", name, H5Tget_size(type));
        else read_blocks(v, d, type, name, rank, dims);
    }
    wn_h5_close(h, &type);
}

static herr_t read_attribute(hid_t object, const char *name, const H5A_info_t *info, void *ctx) {
    visit *v = ctx;
    wn_h5 *h = v->h;
    (void)info;
    hid_t a = wn_h5_id(h, H5Aopen(object, name, H5P_DEFAULT), "open attribute", name);
    hid_t t = wn_h5_id(h, H5Aget_type(a), "read the type of attribute", name);
    hid_t s = wn_h5_id(h, H5Aget_space(a), "read the shape of attribute", name);
    hssize_t cells = h->code ? 0 : H5Sget_simple_extent_npoints(s);
    size_t size = h->code ? 0 : H5Tget_size(t);
    if (!h->code && cells > 0 && size > 0 && (size_t)cells <= PIECE_BYTES / size) {
        bool variable = H5Tdetect_class(t, H5T_VLEN) > 0 || H5Tis_variable_str(t) > 0;
        bool got = wn_h5_ok(h, H5Aread(a, t, v->room), "read attribute", name);
        if (got && variable) (void)wn_h5_ok(h, H5Dvlen_reclaim(t, s, H5P_DEFAULT, v->room), "release attribute", name);
    }
    wn_h5_close(h, &s);
    wn_h5_close(h, &t);
    wn_h5_close(h, &a);
    return h->code ? -1 : 0;
}

static herr_t read_object(hid_t root, const char *name, const H5O_info_t *info, void *ctx) {
    visit *v = ctx;
    wn_h5 *h = v->h;
    hid_t o = wn_h5_id(h, H5Oopen(root, name, H5P_DEFAULT), "open", name);
    if (!h->code) {
        herr_t rc = H5Aiterate2(o, H5_INDEX_NAME, H5_ITER_INC, NULL, read_attribute, v);
        (void)wn_h5_ok(h, rc, "read the attributes of", name);
    }
    if (!h->code && info->type == H5O_TYPE_DATASET) read_dataset(v, o, name);
    wn_h5_close(h, &o);
    return h->code ? -1 : 0;
}

static void read_everything(visit *v, hid_t file) {
    wn_h5 *h = v->h;
    v->room = wn_alloc(PIECE_BYTES, 1, h->err);
    if (!v->room) {
        h->code = WN_EMEMORY;
        return;
    }
    (void)wn_h5_ok(h, H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, read_object, v, H5O_INFO_BASIC), "walk through",
                   "the file");
    wn_free(v->room);
    v->room = NULL;
}

wn_code wn_store_verify(const char *temp, const char *path, const char *matrix, size_t rows, size_t cols, wn_err *err) {
    wn_h5 h = {.path = temp, .err = err};
    visit v = {.h = &h};
    hsize_t dims[2] = {0, 0};
    hid_t x = 0, file = wn_h5_open(&h);
    h.path = path;
    if (h.code) return wn_err_prefix(err, "verifying %s: ", path);
    read_everything(&v, file);
    if (!h.code) x = wn_h5_id(&h, H5Dopen2(file, matrix, H5P_DEFAULT), "open", matrix);
    if (!h.code && (wn_h5_shape(&h, x, 2, dims) != 2 || dims[0] != rows || dims[1] != cols))
        (void)wn_h5_fail(&h, WN_EIO, "%s is not [%zu, %zu] after writing", matrix, rows, cols);
    wn_h5_close(&h, &x);
    wn_h5_close(&h, &file);
    return h.code;
}

wn_code wn_store_check(const char *path, char *summary, size_t summary_size, wn_err *err) {
    wn_h5 h = {.path = path, .err = err};
    visit v = {.h = &h};
    hid_t file = wn_h5_open(&h);
    if (summary && summary_size) summary[0] = 0;
    if (!h.code) read_everything(&v, file);
    wn_h5_close(&h, &file);
    return h.code;
}
