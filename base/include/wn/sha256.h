#ifndef WN_SHA256_H
#define WN_SHA256_H
/* SHA-256 in hex, by OpenSSL. What fails is WN_EINTERNAL, except reading a file. */
#include <stddef.h>
#include <winnow/err.h>

/* Zero-initialise; wn_sha256_free in the end. */
typedef struct {
    void *ctx; /* EVP_MD_CTX of OpenSSL */
} wn_sha256;
wn_code wn_sha256_init(wn_sha256 *h, wn_err *err); /* starts, or starts again for the next bytes */
wn_code wn_sha256_update(wn_sha256 *h, const void *data, size_t n, wn_err *err);
wn_code wn_sha256_final(wn_sha256 *h, char hex[65], wn_err *err); /* of all bytes since init */
void wn_sha256_free(wn_sha256 *h);

/* Of a file's bytes. WN_EIO where it cannot be read, WN_EINPUT where it is none. */
wn_code wn_sha256_file(const char *path, char hex[65], wn_err *err);

#endif
