#include "corpus_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- SHA-256 ---- */

wn_code wn_sha256_start(wn_sha256 *h, wn_err *err) {
    if (!h->ctx) h->ctx = EVP_MD_CTX_new();
    if (!h->ctx) return wn_err_set(err, WN_EMEMORY, "out of memory for SHA-256");
    if (EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
        return wn_err_set(err, WN_EINTERNAL, "SHA-256 does not start");
    return WN_OK;
}

wn_code wn_sha256_add(wn_sha256 *h, const void *data, size_t n, wn_err *err) {
    return EVP_DigestUpdate(h->ctx, data, n) == 1 ? WN_OK : wn_err_set(err, WN_EINTERNAL, "SHA-256 failed");
}

wn_code wn_sha256_end(wn_sha256 *h, char hex[65], wn_err *err) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_DigestFinal_ex(h->ctx, sum, &n) != 1 || n != 32) return wn_err_set(err, WN_EINTERNAL, "SHA-256 failed");
    for (unsigned i = 0; i < n; ++i) {
        hex[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    hex[64] = '\0';
    return WN_OK;
}

void wn_sha256_free(wn_sha256 *h) {
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}

/* ---- spool ---- */

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

static wn_code write_all(const wn_spool *s, const char *data, size_t n, wn_err *err) {
    while (n) {
        ssize_t done = write(s->fd, data, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            return wn_err_errno(err, "cannot write a temporary file in %s (set TMPDIR to a folder with more room)",
                                spool_folder());
        data += done;
        n -= (size_t)done;
    }
    return WN_OK;
}

wn_code wn_spool_flush(wn_spool *s, wn_err *err) {
    wn_code code = write_all(s, s->buffer, s->used, err);
    if (code == WN_OK) s->used = 0;
    return code;
}

wn_code wn_spool_write(wn_spool *s, const void *data, size_t n, wn_err *err) {
    s->bytes += n;
    if (n > SPOOL_BUFFER - s->used) {
        wn_code code = wn_spool_flush(s, err);
        if (code != WN_OK || n >= SPOOL_BUFFER) return code == WN_OK ? write_all(s, data, n, err) : code;
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

/* ---- equal strings ---- */

enum { INDEX_BITS = 40 }; /* of a slot for the index, the others for the hash: 10^12 strings */

static wn_code grow(wn_strindex *x, const char *base, const unsigned long long *off, wn_err *err) {
    size_t cap = x->cap ? 2 * x->cap : 64;
    uint64_t *slot = wn_alloc(cap, sizeof *slot, err);
    if (!slot) return WN_EMEMORY;
    for (size_t i = 0; i < x->cap; ++i) {
        if (!x->slot[i]) continue;
        size_t at = (size_t)(x->slot[i] & ((UINT64_C(1) << INDEX_BITS) - 1)) - 1;
        size_t place = (size_t)XXH3_64bits(base + off[at], (size_t)(off[at + 1] - off[at])) & (cap - 1);
        while (slot[place]) place = (place + 1) & (cap - 1);
        slot[place] = x->slot[i];
    }
    wn_free(x->slot);
    x->slot = slot;
    x->cap = cap;
    return WN_OK;
}

wn_code wn_strindex_add(wn_strindex *x, const char *base, const unsigned long long *off, size_t n, size_t *found,
                        wn_err *err) {
    if (x->n >= x->cap / 2) {
        wn_code code = grow(x, base, off, err);
        if (code != WN_OK) return code;
    }
    const uint64_t low = (UINT64_C(1) << INDEX_BITS) - 1;
    size_t len = (size_t)(off[n + 1] - off[n]);
    uint64_t hash = XXH3_64bits(base + off[n], len);
    size_t place = (size_t)hash & (x->cap - 1);
    for (; x->slot[place]; place = (place + 1) & (x->cap - 1)) {
        size_t at = (size_t)(x->slot[place] & low) - 1;
        if (((x->slot[place] ^ hash) & ~low) == 0 && off[at + 1] - off[at] == len &&
            memcmp(base + off[at], base + off[n], len) == 0) {
            *found = at;
            return WN_OK;
        }
    }
    x->slot[place] = (hash & ~low) | (n + 1);
    ++x->n;
    *found = n;
    return WN_OK;
}

void wn_strindex_free(wn_strindex *x) {
    wn_free(x->slot);
    *x = (wn_strindex){0};
}
