/* A checkpoint's bytes: read where they are wanted. */
#include "weights_private.h"

#include <errno.h>
#include <sys/types.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <zip.h>

wn_code wn_weight_file_read(const wn_weight_file *f, void *out, size_t n, uint64_t from, wn_err *err) {
    for (size_t have = 0; have < n;) {
        const ssize_t got = pread(f->fd, (char *)out + have, n - have, (off_t)(from + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return wn_err_errno(err, "reading %s", f->path);
        if (got == 0)
            return wn_err_set(err, WN_EINPUT, "%s: became shorter than its %zu bytes while it was in use", f->path,
                              f->size);
        have += (size_t)got;
    }
    return WN_OK;
}

wn_code wn_weight_file_load(wn_weight_file *f, size_t n, wn_err *err) {
    unsigned char *data = wn_alloc(n, 1, err);
    if (!data) return WN_EMEMORY;
    const wn_code code = wn_weight_file_read(f, data, n, 0, err);
    wn_free(code == WN_OK ? f->data : data);
    if (code == WN_OK) f->data = data, f->loaded = n;
    return code;
}

void wn_weight_file_close(wn_weight_file *f) {
    if (f->zip) zip_discard(f->zip);
    (void)close(f->fd);
    wn_free(f->data);
    wn_free(f->path);
}
