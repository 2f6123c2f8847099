#include "corpus_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/fd.h>

enum { SPOOL_BUFFER = 256 * 1024 };

static const char *spool_folder(void) {
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/var/tmp"; /* /tmp is often memory */
}

static int unnamed_file(const char *folder) {
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    char path[4096]; /* file systems without O_TMPFILE */
    if (snprintf(path, sizeof path, "%s/winnow-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) (void)unlink(path);
    return fd;
}

wn_code wn_spool_open(wn_spool *s, wn_err *err) {
    *s = (wn_spool){.fd = -1};
    s->buffer = wn_alloc(SPOOL_BUFFER, 1, err);
    if (!s->buffer) return WN_EMEMORY;
    s->fd = unnamed_file(spool_folder());
    if (s->fd >= 0) return WN_OK;
    wn_code code =
        wn_err_errno(err, "cannot make a temporary file in %s (set TMPDIR to another folder)", spool_folder());
    wn_spool_close(s);
    return code;
}

static wn_code spool_put(const wn_spool *s, const void *data, size_t n, wn_err *err) {
    if (wn_fd_write(s->fd, data, n) == 0) return WN_OK;
    return wn_err_errno(err, "cannot write a temporary file in %s (set TMPDIR to a folder with more room)",
                        spool_folder());
}

wn_code wn_spool_flush(wn_spool *s, wn_err *err) {
    wn_code code = spool_put(s, s->buffer, s->used, err);
    if (code == WN_OK) s->used = 0;
    return code;
}

wn_code wn_spool_write(wn_spool *s, const void *data, size_t n, wn_err *err) {
    s->bytes += n;
    if (n > SPOOL_BUFFER - s->used) {
        wn_code code = wn_spool_flush(s, err);
        if (code != WN_OK || n >= SPOOL_BUFFER) return code == WN_OK ? spool_put(s, data, n, err) : code;
    }
    if (n) memcpy(s->buffer + s->used, data, n);
    s->used += n;
    return WN_OK;
}

void wn_spool_close(wn_spool *s) {
    if (s->fd >= 0) (void)close(s->fd);
    wn_free(s->buffer);
    *s = (wn_spool){.fd = -1};
}
