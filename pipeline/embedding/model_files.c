#include "model_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/sha256.h>
#include <xxhash.h>

enum { BUFFER = 1 << 18, PATH_SIZE = 4096 };

typedef wn_code (*take)(void *ctx, const void *data, size_t n, wn_err *err);

/* Gives a file's bytes to `to`. *there tells whether it exists; one that does not is no error. */
static wn_code feed(const char *path, take to, void *ctx, void *buffer, bool *there, wn_err *err) {
    wn_code code = WN_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *there = fd >= 0;
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? WN_OK : wn_err_errno(err, "%s", path);
    for (ssize_t n = 1; code == WN_OK && n != 0;) {
        n = read(fd, buffer, BUFFER);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            code = wn_err_errno(err, "reading %s", path);
        else if (n > 0)
            code = to(ctx, buffer, (size_t)n, err);
    }
    (void)close(fd);
    return code;
}

static wn_code feed_shards(const char *dir, const char *pattern, take to, void *ctx, void *buffer, wn_err *err) {
    char path[PATH_SIZE];
    glob_t found = {0};
    bool there;
    wn_code code = WN_OK;
    /* a folder's name may hold characters that mean something to glob */
    size_t at = 0;
    for (const char *p = dir; *p && at < sizeof path / 2; p++) {
        if (strchr("*?[\\", *p)) path[at++] = '\\';
        path[at++] = *p;
    }
    (void)snprintf(path + at, sizeof path - at, "/%s", pattern);
    int rc = glob(path, 0, NULL, &found);
    if (rc == GLOB_NOSPACE) code = wn_err_set(err, WN_EMEMORY, "out of memory while %s was listed", dir);
    for (size_t i = 0; rc == 0 && code == WN_OK && i < found.gl_pathc; i++)
        code = feed(found.gl_pathv[i], to, ctx, buffer, &there, err);
    globfree(&found);
    return code;
}

/* The weights in the order in which wn_weights_open looks for them. */
static wn_code feed_weights(const char *dir, take to, void *ctx, void *buffer, wn_err *err) {
    static const char *const files[][2] = {{"model.safetensors", NULL},
                                           {"model.safetensors.index.json", "*-of-*.safetensors"},
                                           {"pytorch_model.bin", NULL},
                                           {"pytorch_model.bin.index.json", "*-of-*.bin"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PATH_SIZE];
        bool there = false;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, files[i][0]) >= sizeof path) break;
        wn_code code = feed(path, to, ctx, buffer, &there, err);
        if (code == WN_OK && there && files[i][1]) code = feed_shards(dir, files[i][1], to, ctx, buffer, err);
        if (code != WN_OK || there) return code;
    }
    return wn_err_set(err, WN_EINPUT, "%s holds no weights", dir);
}

static wn_code into_sha(void *ctx, const void *data, size_t n, wn_err *err) {
    return wn_sha256_update(ctx, data, n, err);
}

wn_code wn_model_sha256(const char *dir, char hex[65], wn_err *err) {
    wn_sha256 sha = {0};
    void *buffer = wn_alloc(BUFFER, 1, err);
    wn_code code = buffer ? wn_sha256_init(&sha, err) : WN_EMEMORY;
    if (code == WN_OK) code = feed_weights(dir, into_sha, &sha, buffer, err);
    if (code == WN_OK) code = wn_sha256_final(&sha, hex, err);
    wn_sha256_free(&sha);
    wn_free(buffer);
    return code;
}

static wn_code into_xxh(void *ctx, const void *data, size_t n, wn_err *err) {
    (void)err;
    (void)XXH3_128bits_update(ctx, data, n);
    return WN_OK;
}

wn_code wn_model_fingerprint(const char *dir, const char *module, char hex[33], wn_err *err) {
    static const char *const names[] = {"config.json",
                                        "modules.json",
                                        "sentence_bert_config.json",
                                        "tokenizer.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json",
                                        "vocab.txt",
                                        "vocab.json",
                                        "merges.txt"};
    char path[PATH_SIZE];
    bool there = false;
    void *buffer = wn_alloc(BUFFER, 1, err);
    XXH3_state_t *state = XXH3_createState();
    wn_code code = buffer ? WN_OK : WN_EMEMORY;
    if (code == WN_OK && !state) code = wn_err_set(err, WN_EMEMORY, "out of memory for a fingerprint");
    if (code == WN_OK) (void)XXH3_128bits_reset(state);
    for (size_t i = 0; code == WN_OK && i < sizeof names / sizeof *names; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, names[i]) >= sizeof path)
            code = wn_err_set(err, WN_EUSAGE, "%.200s...: the path is too long", dir);
        else
            code = feed(path, into_xxh, state, buffer, &there, err);
        (void)XXH3_128bits_update(state, there ? "+" : "-", 1); /* which file the bytes came from */
    }
    if (code == WN_OK) code = feed_weights(dir, into_xxh, state, buffer, err);
    if (code == WN_OK && *module) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, module);
        code = feed_weights(path, into_xxh, state, buffer, err);
    }
    if (code == WN_OK) {
        XXH128_hash_t h = XXH3_128bits_digest(state);
        (void)snprintf(hex, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
    }
    (void)XXH3_freeState(state);
    wn_free(buffer);
    return code;
}
