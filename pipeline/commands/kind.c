#include "kind.h"

#include "stages/common.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_there(const char *folder, const char *name) {
    char *path = wn_path_join(folder, name, NULL);
    struct stat s;
    bool there = path && stat(path, &s) == 0;
    wn_free(path);
    return there;
}

wn_code wn_kind_of(const char *path, wn_kind *kind, wn_err *err) {
    struct stat s;
    char head[8] = {0};
    *kind = WN_KIND_RECORDS;
    if (strcmp(path, "-") == 0) return WN_OK;
    if (stat(path, &s) != 0) return wn_err_errno(err, "%s", path);
    if (S_ISDIR(s.st_mode)) *kind = is_there(path, "config.json") && !is_there(path, "manifest.json") ? WN_KIND_MODEL : WN_KIND_FOLDER;
    else if (wn_input_is_matrix(path)) *kind = WN_KIND_MATRIX;
    if (*kind != WN_KIND_RECORDS || !S_ISREG(s.st_mode)) return WN_OK;
    FILE *f = fopen(path, "re");
    if (!f) return wn_err_errno(err, "%s", path);
    size_t n = fread(head, 1, sizeof head, f);
    (void)fclose(f);
    if (n == sizeof head && memcmp(head, "WNLSA\n", 6) == 0) *kind = WN_KIND_LSA;
    if (n == sizeof head && memcmp(head, "WNDOC2V", 7) == 0) *kind = WN_KIND_DOC2VEC;
    return WN_OK;
}

char *wn_path_join(const char *folder, const char *name, wn_err *err) {
    size_t n = strlen(folder), m = strlen(name);
    while (n > 1 && folder[n - 1] == '/') n--;
    char *path = wn_alloc(n + m + 2, 1, err);
    if (!path) return NULL;
    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m);
    return path;
}

wn_code wn_json_read(const char *path, cJSON **out, wn_err *err) {
    char *text = NULL;
    size_t len = 0;
    *out = NULL;
    wn_code code = wn_read_whole(path, &text, &len, err);
    if (code != WN_OK) return code;
    *out = cJSON_ParseWithLength(text, len);
    if (!cJSON_IsObject(*out)) {
        cJSON_Delete(*out);
        *out = NULL;
        code = wn_err_set(err, WN_EINPUT, "%s: not a JSON object", path);
    }
    wn_free(text);
    return code;
}

wn_code wn_file_sha256(const char *path, char hex[65], wn_err *err) {
    unsigned char block[1 << 14];
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    wn_code code = WN_OK;
    FILE *f = fopen(path, "re");
    if (!f) return wn_err_errno(err, "%s", path);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    for (size_t got; ok && (got = fread(block, 1, sizeof block, f)) > 0;) ok = EVP_DigestUpdate(ctx, block, got) == 1;
    if (ferror(f)) code = wn_err_errno(err, "reading %s", path);
    else if (!ok || EVP_DigestFinal_ex(ctx, sum, &n) != 1) code = wn_err_set(err, WN_EINTERNAL, "SHA-256 failed");
    for (unsigned i = 0; code == WN_OK && i < 32; i++) (void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    EVP_MD_CTX_free(ctx);
    (void)fclose(f);
    return code;
}
