#include <wn/sha256.h>

#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <winnow/progress.h>
#include <wn/fd.h>
#include <wn/input_fd.h>

static wn_code sha256_failed(wn_err *err) {
    return wn_err_set(err, WN_EINTERNAL, "SHA-256 failed");
}

wn_code wn_sha256_init(wn_sha256 *h, wn_err *err) {
    if (!h->ctx) h->ctx = EVP_MD_CTX_new();
    return h->ctx && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) == 1 ? WN_OK : sha256_failed(err);
}

wn_code wn_sha256_update(wn_sha256 *h, const void *data, size_t n, wn_err *err) {
    return EVP_DigestUpdate(h->ctx, data, n) == 1 ? WN_OK : sha256_failed(err);
}

wn_code wn_sha256_final(wn_sha256 *h, char hex[65], wn_err *err) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_DigestFinal_ex(h->ctx, sum, &n) != 1 || n != 32) return sha256_failed(err);
    for (unsigned i = 0; i < n; i++) {
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

wn_code wn_sha256_file(const char *path, char hex[65], wn_err *err) {
    enum { BLOCK = 1 << 14, TELL = 256 * BLOCK }; /* a file may be long */
    unsigned char block[BLOCK];
    wn_sha256 sha = {0};
    int fd;
    wn_code code = wn_input_file_open(&fd, path, err);
    if (code != WN_OK) return code;
    if ((code = wn_sha256_init(&sha, err)) != WN_OK) goto out;
    size_t done = 0;
    for (ssize_t n; (n = read(fd, block, sizeof block)) != 0; done += n > 0 ? (size_t)n : 0) {
        if (n < 0 && errno == EINTR) continue;
        code = n < 0 ? wn_err_errno(err, "reading %s", path) : wn_sha256_update(&sha, block, (size_t)n, err);
        if (code != WN_OK) goto out;
        if (done % TELL == 0 && (code = wn_tick(NULL, "SHA-256", "bytes", done, 0, err)) != WN_OK) goto out;
    }
    code = wn_sha256_final(&sha, hex, err);
out:
    wn_sha256_free(&sha);
    (void)wn_fd_close(fd);
    return code;
}
