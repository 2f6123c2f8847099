#include "h5.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>

enum { METADATA_LEAST = 1 << 20, METADATA_MOST = 4 << 20 };

static void init_once(void) {
    (void)H5dont_atexit();
    (void)H5open();
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void wn_h5_init(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_once);
}

static herr_t first_entry(unsigned n, const H5E_error2_t *e, void *out) {
    if (n == 0 && e->desc) (void)snprintf(out, 320, "%s", e->desc);
    return 0;
}

/* The innermost entry of HDF5's error stack. Failed system calls bring addresses and times along: only errno stays. */
static void innermost(char out[320]) {
    out[0] = 0;
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_entry, out);
    const char *no = strstr(out, "errno = ");
    long number = no ? strtol(no + 8, NULL, 10) : 0;
    if (number > 0) (void)snprintf(out, 320, "%s", strerror((int)number));
    if (!out[0]) (void)snprintf(out, 320, "HDF5 gives no reason");
    (void)H5Eclear2(H5E_DEFAULT);
}

wn_code wn_h5_fail(wn_h5 *h, wn_code code, const char *fmt, ...) {
    if (h->code) return h->code;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    h->code = wn_err_set(h->err, code, "%s: %s", h->path, text);
    return h->code;
}

bool wn_h5_ok(wn_h5 *h, herr_t rc, const char *what, const char *name) {
    if (rc >= 0) return true;
    char why[320];
    innermost(why);
    (void)wn_h5_fail(h, WN_EIO, "cannot %s %s: %s", what, name, why);
    return false;
}

hid_t wn_h5_id(wn_h5 *h, hid_t id, const char *what, const char *name) {
    (void)wn_h5_ok(h, id < 0 ? -1 : 0, what, name);
    return id;
}

void wn_h5_close(wn_h5 *h, hid_t *id) {
    if (*id <= 0) return;
    herr_t rc = -1;
    switch (H5Iget_type(*id)) {
    case H5I_FILE: rc = H5Fclose(*id); break;
    case H5I_GROUP: rc = H5Gclose(*id); break;
    case H5I_DATASET: rc = H5Dclose(*id); break;
    case H5I_DATATYPE: rc = H5Tclose(*id); break;
    case H5I_DATASPACE: rc = H5Sclose(*id); break;
    case H5I_ATTR: rc = H5Aclose(*id); break;
    case H5I_GENPROP_LST: rc = H5Pclose(*id); break;
    default: break;
    }
    *id = H5I_INVALID_HID;
    (void)wn_h5_ok(h, rc, "close", "an object");
}

/* ---- files ---- */

/* The cache of metadata and of strings grows to 32 MiB where nobody bounds it, and --memory does not see it. */
static void bound_metadata(wn_h5 *h, hid_t access) {
    H5AC_cache_config_t c = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
    if (!wn_h5_ok(h, H5Pget_mdc_config(access, &c), "set up", "the cache")) return;
    c.min_size = c.initial_size = METADATA_LEAST;
    c.max_size = METADATA_MOST;
    (void)wn_h5_ok(h, H5Pset_mdc_config(access, &c), "set up", "the cache");
}

static hid_t access_list(wn_h5 *h, bool write) {
    hid_t p = wn_h5_id(h, H5Pcreate(H5P_FILE_ACCESS), "set up", "file access");
    (void)wn_h5_ok(h, H5Pset_libver_bounds(p, H5F_LIBVER_V18, H5F_LIBVER_V110), "set up", "format bounds");
    (void)wn_h5_ok(h, H5Pset_fclose_degree(p, H5F_CLOSE_STRONG), "set up", "closing");
    bound_metadata(h, p);
    /* Our temporary is private; other people's files may lie where locks are not to be had. */
    (void)wn_h5_ok(h, H5Pset_file_locking(p, !write, true), "set up", "locking");
    return p;
}

/* Opens by hand first: errno says what HDF5 would bury, and an HDF5 signature tells damage from another format. */
static bool looks_like_hdf5(wn_h5 *h) {
    static const unsigned char magic[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char head[8];
    struct stat st;
    int fd = open(h->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        h->code = wn_err_errno(h->err, "%s: cannot open", h->path);
    } else if (!S_ISREG(st.st_mode)) {
        (void)wn_h5_fail(h, WN_EIO, "not a file%s", S_ISDIR(st.st_mode) ? " but a folder" : "");
    } else if (st.st_size == 0) {
        (void)wn_h5_fail(h, WN_EINPUT, "the file is empty; an HDF5 or .npy matrix is wanted");
    } else {
        bool found = false;
        /* A user block may stand before the signature: at 0, 512, 1024, 2048, ... */
        for (off_t at = 0; !found && at + 8 <= st.st_size; at = at ? at * 2 : 512)
            found = pread(fd, head, 8, at) == 8 && memcmp(head, magic, 8) == 0;
        if (!found)
            (void)wn_h5_fail(h, WN_EINPUT, "not an HDF5 file (no HDF5 signature); an HDF5 or .npy matrix is wanted");
    }
    if (fd >= 0) (void)close(fd);
    return h->code == WN_OK;
}

hid_t wn_h5_open(wn_h5 *h) {
    wn_h5_init();
    if (h->code || !looks_like_hdf5(h)) return H5I_INVALID_HID;
    hid_t access = access_list(h, false);
    hid_t file = h->code ? H5I_INVALID_HID : H5Fopen(h->path, H5F_ACC_RDONLY, access);
    if (file < 0 && !h->code) {
        char why[320];
        innermost(why);
        if (strstr(why, "truncated") || strstr(why, "eof"))
            (void)wn_h5_fail(h, WN_EINPUT, "the HDF5 file is truncated (%s); copy or write it again", why);
        else
            (void)wn_h5_fail(h, WN_EINPUT, "the HDF5 file is damaged or was not closed: %s", why);
    }
    wn_h5_close(h, &access);
    return file;
}

hid_t wn_h5_create(wn_h5 *h, const char *temp) {
    wn_h5_init();
    hid_t access = access_list(h, true);
    hid_t create = wn_h5_id(h, H5Pcreate(H5P_FILE_CREATE), "set up", "file creation");
    (void)wn_h5_ok(h, H5Pset_obj_track_times(create, false), "set up", "time stamps");
    hid_t file =
        h->code ? H5I_INVALID_HID : wn_h5_id(h, H5Fcreate(temp, H5F_ACC_TRUNC, create, access), "create", temp);
    wn_h5_close(h, &create);
    wn_h5_close(h, &access);
    return file;
}

/* ---- writing ---- */

hid_t wn_h5_string_type(wn_h5 *h) {
    hid_t t = wn_h5_id(h, H5Tcopy(H5T_C_S1), "make", "a string type");
    (void)wn_h5_ok(h, H5Tset_size(t, H5T_VARIABLE), "make", "a string type");
    (void)wn_h5_ok(h, H5Tset_cset(t, H5T_CSET_UTF8), "make", "a string type");
    return t;
}

hid_t wn_h5_bool_type(wn_h5 *h) {
    const int8_t no = 0, yes = 1;
    hid_t t = wn_h5_id(h, H5Tenum_create(H5T_STD_I8LE), "make", "a boolean type");
    (void)wn_h5_ok(h, H5Tenum_insert(t, "FALSE", &no), "make", "a boolean type");
    (void)wn_h5_ok(h, H5Tenum_insert(t, "TRUE", &yes), "make", "a boolean type");
    return t;
}

hid_t wn_h5_group_new(wn_h5 *h, hid_t parent, const char *name) {
    hid_t p = wn_h5_id(h, H5Pcreate(H5P_GROUP_CREATE), "set up", name);
    (void)wn_h5_ok(h, H5Pset_obj_track_times(p, false), "set up", name);
    hid_t g = wn_h5_id(h, H5Gcreate2(parent, name, H5P_DEFAULT, p, H5P_DEFAULT), "create group", name);
    wn_h5_close(h, &p);
    return g;
}

hid_t wn_h5_dataset_new(wn_h5 *h, hid_t parent, const char *name, hid_t type, int rank, const hsize_t *dims,
                        hsize_t chunk, bool grows) {
    const hsize_t chunks[2] = {chunk, rank > 1 ? dims[1] : 1};
    const hsize_t most[2] = {grows || rank == 0 ? H5S_UNLIMITED : dims[0], rank > 1 ? dims[1] : 1};
    hid_t p = wn_h5_id(h, H5Pcreate(H5P_DATASET_CREATE), "set up", name);
    (void)wn_h5_ok(h, H5Pset_obj_track_times(p, false), "set up", name);
    if (chunk) {
        (void)wn_h5_ok(h, H5Pset_chunk(p, rank, chunks), "set the chunks of", name);
        (void)wn_h5_ok(h, H5Pset_fletcher32(p), "set the checksums of", name);
    }
    hid_t space = rank > 0 ? H5Screate_simple(rank, dims, most) : H5Screate(H5S_SCALAR);
    (void)wn_h5_id(h, space, "shape", name);
    hid_t d = wn_h5_id(h, H5Dcreate2(parent, name, type, space, H5P_DEFAULT, p, H5P_DEFAULT), "create dataset", name);
    wn_h5_close(h, &space);
    wn_h5_close(h, &p);
    return d;
}

void wn_h5_write_vector(wn_h5 *h, hid_t parent, const char *name, hid_t file_type, hid_t mem_type, const void *v,
                        size_t n, const char *encoding) {
    if (h->code) return;
    const hsize_t dims[1] = {n};
    hid_t d = wn_h5_dataset_new(h, parent, name, file_type, 1, dims, n == 0 ? 1 : n < 65536 ? n : 65536, false);
    if (n && !h->code) (void)wn_h5_ok(h, H5Dwrite(d, mem_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, v), "write", name);
    if (encoding) wn_h5_encoding(h, d, encoding, "0.2.0");
    wn_h5_close(h, &d);
}

void wn_h5_write_rows(wn_h5 *h, hid_t dataset, const char *name, hid_t mem_type, const wn_h5_rows *r) {
    const hsize_t start[2] = {r->begin, 0}, count[2] = {r->n, r->cols}, room[2] = {r->n, r->stride}, corner[2] = {0, 0};
    if (h->code) return;
    hid_t file_space = wn_h5_id(h, H5Dget_space(dataset), "read the shape of", name);
    hid_t mem_space = wn_h5_id(h, H5Screate_simple(2, room, NULL), "shape", name);
    (void)wn_h5_ok(h, H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL), "select", name);
    (void)wn_h5_ok(h, H5Sselect_hyperslab(mem_space, H5S_SELECT_SET, corner, NULL, count, NULL), "select", name);
    if (!h->code)
        (void)wn_h5_ok(h, H5Dwrite(dataset, mem_type, mem_space, file_space, H5P_DEFAULT, r->rows), "write", name);
    wn_h5_close(h, &mem_space);
    wn_h5_close(h, &file_space);
}

void wn_h5_attr_numbers(wn_h5 *h, hid_t object, const char *name, hid_t file_type, hid_t mem_type, const void *v,
                        size_t n) {
    if (h->code) return;
    const hsize_t dims[1] = {n};
    hid_t space = wn_h5_id(h, n ? H5Screate_simple(1, dims, NULL) : H5Screate(H5S_SCALAR), "shape attribute", name);
    hid_t a = wn_h5_id(h, H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT), "create attribute",
                       name);
    (void)wn_h5_ok(h, H5Awrite(a, mem_type, v), "write attribute", name);
    wn_h5_close(h, &a);
    wn_h5_close(h, &space);
}

void wn_h5_attr_string(wn_h5 *h, hid_t object, const char *name, const char *value) {
    hid_t t = wn_h5_string_type(h);
    wn_h5_attr_numbers(h, object, name, t, t, &value, 0);
    wn_h5_close(h, &t);
}

void wn_h5_attr_strings(wn_h5 *h, hid_t object, const char *name, const char *const *v, size_t n) {
    hid_t t = wn_h5_string_type(h);
    if (n) {
        wn_h5_attr_numbers(h, object, name, t, t, v, n);
    } else {
        const hsize_t none[1] = {0};
        hid_t space = wn_h5_id(h, H5Screate_simple(1, none, NULL), "shape attribute", name);
        hid_t a = wn_h5_id(h, H5Acreate2(object, name, t, space, H5P_DEFAULT, H5P_DEFAULT), "create attribute", name);
        wn_h5_close(h, &a);
        wn_h5_close(h, &space);
    }
    wn_h5_close(h, &t);
}

void wn_h5_encoding(wn_h5 *h, hid_t object, const char *type, const char *version) {
    wn_h5_attr_string(h, object, "encoding-type", type);
    wn_h5_attr_string(h, object, "encoding-version", version);
}

/* ---- reading ---- */

bool wn_h5_exists(hid_t object, const char *path) {
    char step[512];
    size_t n = strlen(path);
    if (n >= sizeof step || n == 0) return false;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(step, path, i);
        step[i] = 0;
        if (H5Lexists(object, step, H5P_DEFAULT) <= 0) return false;
    }
    return H5Oexists_by_name(object, path, H5P_DEFAULT) > 0;
}

bool wn_h5_is_group(hid_t object, const char *path) {
    H5O_info_t info;
    return wn_h5_exists(object, path) && H5Oget_info_by_name2(object, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
           info.type == H5O_TYPE_GROUP;
}

char *wn_h5_get_attr(wn_h5 *h, hid_t object, const char *name) {
    if (h->code || H5Aexists(object, name) <= 0) return NULL;
    char *out = NULL;
    hid_t a = wn_h5_id(h, H5Aopen(object, name, H5P_DEFAULT), "open attribute", name);
    hid_t t = wn_h5_id(h, H5Aget_type(a), "read the type of attribute", name);
    hid_t s = wn_h5_id(h, H5Aget_space(a), "read the shape of attribute", name);
    if (!h->code && H5Tget_class(t) == H5T_STRING && H5Sget_simple_extent_npoints(s) == 1) {
        if (H5Tis_variable_str(t) > 0) {
            char *v = NULL;
            if (wn_h5_ok(h, H5Aread(a, t, &v), "read attribute", name) && v) {
                out = wn_strndup(v, strlen(v), h->err);
                if (!out) h->code = WN_EMEMORY;
            }
            (void)H5free_memory(v);
        } else {
            size_t n = H5Tget_size(t);
            out = wn_alloc(n + 1, 1, h->err);
            if (!out) h->code = WN_EMEMORY;
            else (void)wn_h5_ok(h, H5Aread(a, t, out), "read attribute", name);
        }
    }
    wn_h5_close(h, &s);
    wn_h5_close(h, &t);
    wn_h5_close(h, &a);
    if (h->code) {
        wn_free(out);
        out = NULL;
    }
    return out;
}

bool wn_h5_encoded_as(wn_h5 *h, hid_t object, const char *type) {
    char *v = wn_h5_get_attr(h, object, "encoding-type");
    bool same = v && strcmp(v, type) == 0;
    wn_free(v);
    return same;
}

/* What libhdf5 takes for strings of any length, counted. ctx: wn_err. */
static void *take_string(size_t n, void *ctx) {
    void *p = malloc(n);
    if (!p || wn_mem_hold(malloc_usable_size(p), ctx) == WN_OK) return p;
    free(p);
    return NULL;
}

static void give_string(void *p, void *ctx) {
    (void)ctx;
    wn_mem_unhold(malloc_usable_size(p));
    free(p);
}

hid_t wn_h5_strings_access(wn_h5 *h, wn_err *err) {
    hid_t p = wn_h5_id(h, H5Pcreate(H5P_DATASET_XFER), "set up", "reading");
    (void)wn_h5_ok(h, H5Pset_vlen_mem_manager(p, take_string, err, give_string, NULL), "set up", "reading");
    return p;
}

int wn_h5_shape(wn_h5 *h, hid_t dataset, int max, hsize_t *dims) {
    hid_t s = wn_h5_id(h, H5Dget_space(dataset), "read", "the shape of a dataset");
    int rank = h->code ? -1 : H5Sget_simple_extent_ndims(s);
    if (rank > max || (rank > 0 && H5Sget_simple_extent_dims(s, dims, NULL) < 0)) rank = -1;
    if (!h->code && rank == 0 && H5Sget_simple_extent_type(s) == H5S_NULL) rank = -1;
    wn_h5_close(h, &s);
    return rank;
}

bool wn_h5_has_checksums(hid_t dataset) {
    hid_t p = H5Dget_create_plist(dataset);
    bool found = false;
    for (int i = 0; p >= 0 && i < H5Pget_nfilters(p); i++) {
        unsigned flags = 0, config = 0;
        size_t n = 0;
        found |= H5Pget_filter2(p, (unsigned)i, &flags, &n, NULL, 0, NULL, &config) == H5Z_FILTER_FLETCHER32;
    }
    if (p >= 0) (void)H5Pclose(p);
    return found;
}

bool wn_h5_cell(hid_t type, wn_cell *cell) {
    static const struct {
        size_t size, spos, epos, esize, msize, bias;
    } known[] = {{2, 15, 10, 5, 10, 15}, {4, 31, 23, 8, 23, 127}, {8, 63, 52, 11, 52, 1023}};
    size_t spos = 0, epos = 0, esize = 0, mpos = 0, msize = 0;
    if (H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1 && H5Tget_precision(type) == 8) {
        *cell = (wn_cell){.size = 1, .is_signed = H5Tget_sign(type) != H5T_SGN_NONE};
        return true;
    }
    if (H5Tget_class(type) != H5T_FLOAT || H5Tget_fields(type, &spos, &epos, &esize, &mpos, &msize) < 0) return false;
    H5T_order_t order = H5Tget_order(type);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (H5Tget_size(type) == known[i].size && spos == known[i].spos && epos == known[i].epos &&
            esize == known[i].esize && mpos == 0 && msize == known[i].msize && H5Tget_ebias(type) == known[i].bias &&
            (order == H5T_ORDER_LE || order == H5T_ORDER_BE)) {
            *cell = (wn_cell){.size = known[i].size, .big_endian = order == H5T_ORDER_BE};
            return true;
        }
    return false;
}

const char *wn_h5_type_name(hid_t type, char room[16]) {
    const char *letter = H5Tget_class(type) == H5T_FLOAT ? "f" : H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "i";
    if (H5Tget_class(type) == H5T_STRING) return "string";
    if (H5Tget_class(type) == H5T_ENUM) return "bool";
    if (H5Tget_class(type) == H5T_COMPOUND) return "records";
    if (H5Tget_class(type) != H5T_FLOAT && H5Tget_class(type) != H5T_INTEGER) return "other";
    (void)snprintf(room, 16, "%s%zu", letter, 8 * H5Tget_size(type));
    return room;
}
