/* What HDF5 lets a file keep elsewhere or pack in ways of its own: named, not read. */
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/store.h>

#include "matrix.h"

enum { FILE_NAME = 300 };

/* Printable characters only: the names come from the file. */
static void clean(char *s) {
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127) *s = '?';
}

bool wn_h5_lacks_filter(hid_t dataset, char name[33]) {
    hid_t p = H5Dget_create_plist(dataset);
    bool lacks = false;
    int n = p < 0 ? 0 : H5Pget_nfilters(p);
    name[0] = 0; /* where there is no filter at all */
    for (int i = 0; i < n && !lacks; i++) {
        unsigned flags = 0, config = 0;
        size_t values = 0;
        name[0] = 0;
        H5Z_filter_t id = H5Pget_filter2(p, (unsigned)i, &flags, &values, NULL, 32, name, &config);
        name[32] = 0;
        lacks = id >= 0 && H5Zfilter_avail(id) <= 0;
        if (lacks && !name[0]) (void)snprintf(name, 33, "filter %d", (int)id);
    }
    clean(name);
    if (p >= 0) (void)H5Pclose(p);
    (void)H5Eclear2(H5E_DEFAULT);
    return lacks;
}

bool wn_h5_fits(wn_h5 *h, double bytes, const char *name) {
    char what[160];
    (void)snprintf(what, sizeof what, "%.60s: to read a chunk of %.60s", h->path, name);
    size_t need = bytes < 0x1p62 ? (size_t)bytes : (size_t)1 << 62;
    if (!h->code) h->code = wn_mem_require(need, what, "smaller chunks, as h5repack makes them", h->err);
    return !h->code;
}

/* Chunks that are packed pass through two more buffers as large. */
static void want_chunk_fits(wn_h5 *h, hid_t dataset, hid_t plist, const char *name) {
    hsize_t chunk[H5S_MAX_RANK];
    int rank = H5Pget_layout(plist) == H5D_CHUNKED ? H5Pget_chunk(plist, H5S_MAX_RANK, chunk) : 0;
    hid_t type = wn_h5_id(h, H5Dget_type(dataset), "read the type of", name);
    double bytes = h->code ? 0 : (double)H5Tget_size(type);
    for (int i = 0; i < rank; i++) bytes *= (double)chunk[i];
    if (rank > 0 && bytes > 1e6) (void)wn_h5_fits(h, bytes * (H5Pget_nfilters(plist) > 0 ? 3 : 1), name);
    wn_h5_close(h, &type);
}

bool wn_h5_readable(wn_h5 *h, hid_t dataset, const char *name) {
    char filter[33], file[FILE_NAME] = "";
    if (h->code) return false;
    hid_t p = wn_h5_id(h, H5Dget_create_plist(dataset), "read the layout of", name);
    if (h->code) return false;
    off_t at = 0;
    hsize_t size = 0;
    if (H5Pget_external_count(p) > 0) {
        (void)H5Pget_external(p, 0, sizeof file - 1, file, &at, &size);
        clean(file);
        (void)wn_h5_fail(h, WN_EINPUT, "%s keeps its values in another file, %s (external storage), which is not "
                         "read; write both as one file, as h5repack does", name, file);
    } else if (H5Pget_layout(p) == H5D_VIRTUAL) {
        (void)H5Pget_virtual_filename(p, 0, file, sizeof file - 1);
        clean(file);
        (void)wn_h5_fail(h, WN_EINPUT, "%s is a virtual dataset, put together from %s and others, which is not read; "
                         "in Python: f[\"x\"] = f[\"%s\"][:]", name, file[0] ? file : "other files", name);
    } else if (wn_h5_lacks_filter(dataset, filter)) {
        (void)wn_h5_fail(h, WN_EINPUT, "%s is compressed with %s, which is not built in; write the file again with "
                         "compression=\"gzip\", or with none", name, filter);
    } else {
        want_chunk_fits(h, dataset, p, name);
    }
    wn_h5_close(h, &p);
    return !h->code;
}

bool wn_h5_link_leads(wn_h5 *h, hid_t file, const char *path) {
    char step[512], value[600];
    size_t n = strlen(path);
    for (size_t i = 1; i <= n && n < sizeof step && !h->code; i++) {
        H5L_info_t info;
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(step, path, i);
        step[i] = 0;
        if (H5Lexists(file, step, H5P_DEFAULT) <= 0 || H5Lget_info(file, step, &info, H5P_DEFAULT) < 0) break;
        if (info.type == H5L_TYPE_HARD || H5Oexists_by_name(file, step, H5P_DEFAULT) > 0) continue;
        memset(value, 0, sizeof value);
        if (H5Lget_val(file, step, value, sizeof value - 1, H5P_DEFAULT) < 0) break;
        const char *other = NULL, *object = value;
        unsigned flags = 0;
        if (info.type == H5L_TYPE_EXTERNAL && (info.u.val_size > sizeof value - 1 ||
            H5Lunpack_elink_val(value, info.u.val_size, &flags, &other, &object) < 0)) break;
        char target[FILE_NAME], from[FILE_NAME] = "";
        (void)snprintf(target, sizeof target, "%.250s", object);
        if (other) (void)snprintf(from, sizeof from, " of %.250s", other);
        clean(target), clean(from);
        (void)wn_h5_fail(h, WN_EINPUT, "%s is a link to %s%s, which is not there or cannot be opened", step, target,
                         from);
    }
    (void)H5Eclear2(H5E_DEFAULT);
    return !h->code;
}
