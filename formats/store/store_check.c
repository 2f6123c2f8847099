/* Is a matrix file whole? Every object is opened and every chunk read, which makes HDF5 verify its checksums. */
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/store.h>
#include <zlib.h>

#include "matrix.h"

enum { PIECE_BYTES = 4 << 20, STRING_BYTES = 16 << 10, RANK_MAX = H5S_MAX_RANK }; /* as long a string is taken to be */

/* ---- reading everything ---- */

typedef struct {
    wn_h5 *h;
    unsigned char *room; /* PIECE_BYTES */
    bool ours;           /* written by winnow: no chunk may be missing */
    char unread[160];    /* the first dataset that a missing filter keeps from being read, and the filter */
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

static uLong sum_strings(uLong sum, const unsigned char *room, hssize_t n) {
    for (hssize_t i = 0; i < n; i++) {
        const char *t = NULL;
        memcpy(&t, room + (size_t)i * sizeof t, sizeof t);
        sum = crc32_z(sum, (const unsigned char *)(t ? t : ""), t ? strlen(t) + 1 : 1);
    }
    return sum;
}

/* Compares with the sum that wn_store wrote beside its strings, if there is one. */
static void compare_sum(wn_h5 *h, hid_t d, const char *name, uLong sum) {
    uint32_t want = 0;
    if (h->code || H5Aexists(d, WN_H5_STRING_SUM) <= 0) return;
    hid_t a = wn_h5_id(h, H5Aopen(d, WN_H5_STRING_SUM, H5P_DEFAULT), "open the sum of", name);
    (void)wn_h5_ok(h, H5Aread(a, H5T_NATIVE_UINT32, &want), "read the sum of", name);
    wn_h5_close(h, &a);
    if (!h->code && want != (uint32_t)sum)
        (void)wn_h5_fail(h, WN_EINPUT, "the strings of %s are not those that were written (checksum)", name);
}

/* HDF5 reads a chunk that its index has lost as zeros. */
static void count_chunks(wn_h5 *h, hid_t d, const char *name, int rank, const hsize_t *dims) {
    hsize_t chunk[RANK_MAX], want = 1, have = 0;
    hid_t p = H5Dget_create_plist(d);
    bool chunked = p >= 0 && H5Pget_layout(p) == H5D_CHUNKED && H5Pget_chunk(p, rank, chunk) == rank;
    if (p >= 0) (void)H5Pclose(p);
    if (!chunked) return;
    for (int i = 0; i < rank; i++) want *= (dims[i] + chunk[i] - 1) / chunk[i];
    hid_t space = wn_h5_id(h, H5Dget_space(d), "read the shape of", name);
    bool counted = wn_h5_ok(h, H5Dget_num_chunks(d, space, &have), "count the chunks of", name);
    wn_h5_close(h, &space);
    if (counted && have != want)
        (void)wn_h5_fail(h, WN_EINPUT, "%s has %llu chunks of %llu", name, (unsigned long long)have,
                         (unsigned long long)want);
}

/* Reads all of the dataset; *sum becomes the CRC-32 of its strings, if it holds strings. */
static void read_blocks(visit *v, hid_t d, hid_t type, const char *name, int rank, const hsize_t *dims, uLong *sum) {
    wn_h5 *h = v->h;
    hsize_t block[RANK_MAX], start[RANK_MAX] = {0}, count[RANK_MAX];
    bool variable = H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0;
    wn_err full = {0};
    choose_block(d, rank, dims, variable ? STRING_BYTES : H5Tget_size(type), block);
    hid_t access = wn_h5_strings_access(h, &full);
    hid_t file_space = wn_h5_id(h, H5Dget_space(d), "read the shape of", name);
    do {
        for (int i = 0; i < rank; i++) count[i] = dims[i] - start[i] < block[i] ? dims[i] - start[i] : block[i];
        hid_t mem_space =
            wn_h5_id(h, rank ? H5Screate_simple(rank, count, NULL) : H5Screate(H5S_SCALAR), "shape", name);
        if (rank)
            (void)wn_h5_ok(h, H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL), "select",
                           name);
        herr_t rc = h->code ? -1 : H5Dread(d, type, mem_space, file_space, access, v->room);
        if (full.code) *h->err = full, h->code = full.code;
        bool got = !h->code && wn_h5_ok(h, rc, "read", name);
        if (got && H5Tis_variable_str(type) > 0)
            *sum = sum_strings(*sum, v->room, H5Sget_simple_extent_npoints(mem_space));
        if (got && variable) (void)wn_h5_ok(h, H5Dvlen_reclaim(type, mem_space, access, v->room), "release", name);
        wn_h5_close(h, &mem_space);
    } while (!h->code && next_block(rank, dims, block, start));
    wn_h5_close(h, &access);
    wn_h5_close(h, &file_space);
}

/* A shape that is broken can claim more than could be read in years: deflate packs no better than 1 to 1032. */
static void want_credible(wn_h5 *h, hid_t d, hid_t type, const char *name, int rank, const hsize_t *dims) {
    double claimed = (double)H5Tget_size(type), stored = (double)H5Dget_storage_size(d);
    for (int i = 0; i < rank; i++) claimed *= (double)dims[i];
    if (!h->code && claimed > 0x1p26 && claimed > 1100 * stored)
        (void)wn_h5_fail(h, WN_EINPUT, "the shape of %s claims %.3g bytes, and %.3g are stored", name, claimed, stored);
}

static void read_dataset(visit *v, hid_t d, const char *name) {
    wn_h5 *h = v->h;
    hsize_t dims[RANK_MAX] = {0}, cells = 1;
    char filter[33];
    if (wn_h5_lacks_filter(d, filter)) { /* nothing says that the file is not whole */
        if (!v->unread[0]) (void)snprintf(v->unread, sizeof v->unread, "/%.100s (%s)", name, filter);
        return;
    }
    if (!wn_h5_readable(h, d, name)) return;
    hid_t type = wn_h5_id(h, H5Dget_type(d), "read the type of", name);
    int rank = wn_h5_shape(h, d, RANK_MAX, dims);
    uLong sum = crc32_z(0, NULL, 0);
    for (int i = 0; i < rank; i++) cells *= dims[i];
    if (rank > 0 && !h->code) want_credible(h, d, type, name, rank, dims);
    if (rank > 0 && cells && v->ours && !h->code) count_chunks(h, d, name, rank, dims);
    if (!h->code && rank >= 0 && cells) {
        if (H5Tget_size(type) > PIECE_BYTES)
            (void)wn_h5_fail(h, WN_EINPUT, "an element of %s has %zu bytes", name, H5Tget_size(type));
        else read_blocks(v, d, type, name, rank, dims, &sum);
    }
    compare_sum(h, d, name, sum);
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

/* A link to another file must lead somewhere. */
static herr_t follow_link(hid_t root, const char *name, const H5L_info_t *info, void *ctx) {
    visit *v = ctx;
    if (info->type == H5L_TYPE_EXTERNAL) (void)wn_h5_link_leads(v->h, root, name);
    return v->h->code ? -1 : 0;
}

static void read_everything(visit *v, hid_t file) {
    wn_h5 *h = v->h;
    v->room = wn_alloc(PIECE_BYTES, 1, h->err);
    if (!v->room) {
        h->code = WN_EMEMORY;
        return;
    }
    v->ours = wn_h5_exists(file, "uns/winnow");
    (void)wn_h5_ok(h, H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, read_object, v, H5O_INFO_BASIC), "walk through",
                   "the file");
    if (!h->code)
        (void)wn_h5_ok(h, H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, follow_link, v), "walk through", "the links");
    wn_free(v->room);
    v->room = NULL;
}

/* unread [160]: "", or what could not be read, and why. */
static void check_file(wn_h5 *h, hid_t file, char unread[160]) {
    visit v = {.h = h};
    if (!h->code) read_everything(&v, file);
    if (!h->code) wn_anndata_check(h, file);
    (void)snprintf(unread, sizeof v.unread, "%s", v.unread);
}

wn_code wn_store_verify(const char *temp, const char *path, const char *matrix, size_t rows, size_t cols, wn_err *err) {
    wn_h5 h = {.path = temp, .err = err};
    hsize_t dims[2] = {0, 0};
    char unread[160];
    hid_t x = 0, file = wn_h5_open(&h);
    h.path = path;
    check_file(&h, file, unread);
    if (!h.code) x = wn_h5_id(&h, H5Dopen2(file, matrix, H5P_DEFAULT), "open", matrix);
    if (!h.code && (wn_h5_shape(&h, x, 2, dims) != 2 || dims[0] != rows || dims[1] != cols))
        (void)wn_h5_fail(&h, WN_EIO, "%s is not [%zu, %zu]", matrix, rows, cols);
    wn_h5_close(&h, &x);
    wn_h5_close(&h, &file);
    return h.code ? wn_err_prefix(err, "reading back what was written: ") : WN_OK;
}

static wn_code check_npy(const char *path, char *summary, size_t size, wn_err *err) {
    wn_npy f = {.fd = -1};
    bool archive = wn_npz_probe(path);
    wn_code code = archive ? wn_npz_open(&f, path, NULL, err) : wn_npy_open(&f, path, err);
    if (code != WN_OK) return code;
    size_t block = PIECE_BYTES / sizeof(float) / f.cols;
    if (block == 0) block = 1;
    float *room = wn_alloc(block, f.cols * sizeof *room, err);
    if (!room) {
        code = WN_EMEMORY;
        goto out;
    }
    for (size_t at = 0; at < f.rows; at += block) {
        code = wn_npy_read(&f, path, at, f.rows - at < block ? f.rows - at : block, room, f.cols, err);
        if (code != WN_OK) goto out;
    }
    if (summary && size)
        (void)snprintf(summary, size, "kind: NumPy %s, version %u\nmatrix: %zu x %zu %c%zu, %s order%s\n",
                       archive ? ".npz" : ".npy", f.version, f.rows, f.cols,
                       f.cell.size > 1       ? 'f'
                       : f.cell.is_signed ? 'i'
                                          : 'u',
                       8 * f.cell.size, f.fortran ? "Fortran" : "C", f.cell.big_endian ? ", big endian" : "");
out:
    wn_free(room);
    wn_npy_close(&f);
    return code;
}

wn_code wn_store_check(const char *path, char *summary, size_t summary_size, wn_err *err) {
    wn_h5 h = {.path = path, .err = err};
    if (summary && summary_size) summary[0] = 0;
    char unread[160] = "";
    if (wn_npy_probe(path) || wn_npz_probe(path)) return check_npy(path, summary, summary_size, err);
    hid_t file = wn_h5_open(&h);
    check_file(&h, file, unread);
    if (!h.code && summary && summary_size) {
        int n = unread[0] ? snprintf(summary, summary_size, WN_STORE_UNREAD "%s\n", unread) : 0;
        if ((size_t)n < summary_size) wn_store_summarize(&h, file, summary + n, summary_size - (size_t)n);
    }
    if (h.code && summary && summary_size) summary[0] = 0;
    wn_h5_close(&h, &file);
    return h.code;
}
