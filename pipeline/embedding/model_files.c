#include "model_files.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <wn/input_fd.h>
#include <wn/sha256.h>
#include <xxhash.h>

enum { BUFFER = 1 << 18, PATH_SIZE = 4096 };

/* Takes the bytes of files, one after another; ctx: of the sum that is taken. */
typedef wn_code (*byte_sink)(void *ctx, const void *data, size_t n, wn_err *err);
typedef struct {
    byte_sink take;
    void *ctx;
    char *buffer; /* [BUFFER] */
} feeder;

/* *there tells whether the file exists; one that does not is no error. */
static wn_code feed_file(const feeder *f, const char *path, bool *there, wn_err *err) {
    struct stat s;
    int fd;
    *there = stat(path, &s) == 0 || (errno != ENOENT && errno != ENOTDIR);
    wn_code code = *there ? wn_input_file_open(&fd, path, err) : WN_OK;
    if (code != WN_OK || !*there) return code;
    for (;;) {
        if ((code = wn_tick(NULL, "SHA-256", "bytes", 0, 0, err)) != WN_OK) break;
        ssize_t n = read(fd, f->buffer, BUFFER);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) code = wn_err_errno(err, "reading %s", path);
        if (n <= 0) break;
        if ((code = f->take(f->ctx, f->buffer, (size_t)n, err)) != WN_OK) break;
    }
    wn_input_fd_close(fd);
    return code;
}

static wn_code feed_shards(const feeder *f, const char *dir, const char *pattern, wn_err *err) {
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
    for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
        if ((code = feed_file(f, found.gl_pathv[i], &there, err)) != WN_OK) break;
    globfree(&found);
    return code;
}

/* The weights in dir/inside, in the order in which wn_weights_open looks for them. */
static wn_code feed_weights(const feeder *f, const char *dir, const char *inside, wn_err *err) {
    static const struct {
        const char *file, *shards;
    } forms[] = {{"model.safetensors", NULL},
                 {"model.safetensors.index.json", "*-of-*.safetensors"},
                 {"pytorch_model.bin", NULL},
                 {"pytorch_model.bin.index.json", "*-of-*.bin"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char path[PATH_SIZE];
        bool there = false;
        if ((size_t)snprintf(path, sizeof path, "%s/%s/%s", dir, inside, forms[i].file) >= sizeof path) break;
        wn_code code = feed_file(f, path, &there, err);
        if (code != WN_OK) return code;
        if (!there) continue;
        *strrchr(path, '/') = 0;
        return forms[i].shards ? feed_shards(f, path, forms[i].shards, err) : WN_OK;
    }
    return wn_err_set(err, WN_EINPUT, "%s/%s holds no weights", dir, inside);
}

static wn_code into_sha(void *ctx, const void *data, size_t n, wn_err *err) {
    return wn_sha256_update(ctx, data, n, err);
}

wn_code wn_model_sha256(const char *dir, const char *inside, char hex[65], wn_err *err) {
    wn_sha256 sha = {0};
    feeder f = {.take = into_sha, .ctx = &sha, .buffer = wn_alloc(BUFFER, 1, err)};
    wn_code code = WN_EMEMORY;
    if (!f.buffer) goto out;
    if ((code = wn_sha256_init(&sha, err)) != WN_OK) goto out;
    if ((code = feed_weights(&f, dir, inside, err)) != WN_OK) goto out;
    code = wn_sha256_final(&sha, hex, err);
out:
    wn_sha256_free(&sha);
    wn_free(f.buffer);
    return code;
}

static wn_code into_xxh(void *ctx, const void *data, size_t n, wn_err *err) {
    (void)err;
    (void)XXH3_128bits_update(ctx, data, n);
    return WN_OK;
}

/* Everything beside the weights that decides a vector. */
static wn_code feed_settings(const feeder *f, const char *dir, const char *inside, wn_err *err) {
    static const char *const names[] = {"config.json",
                                        "modules.json",
                                        "config_sentence_transformers.json",
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
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s/%s/%s", dir, inside, names[i]) >= sizeof path)
            return wn_err_set(err, WN_EUSAGE, "%.200s...: the path is too long", dir);
        wn_code code = feed_file(f, path, &there, err);
        if (code != WN_OK) return code;
        if ((code = f->take(f->ctx, there ? "+" : "-", 1, err)) != WN_OK) return code; /* whose bytes they were */
    }
    return WN_OK;
}

wn_code wn_model_fingerprint(const char *dir, const wn_model_config *c, char hex[33], wn_err *err) {
    feeder f = {.take = into_xxh, .ctx = XXH3_createState(), .buffer = wn_alloc(BUFFER, 1, err)};
    wn_code code = WN_EMEMORY;
    if (!f.buffer) goto out;
    if (!f.ctx) {
        code = wn_err_set(err, WN_EMEMORY, "out of memory for a fingerprint");
        goto out;
    }
    (void)XXH3_128bits_reset(f.ctx);
    if ((code = feed_settings(&f, dir, "", err)) != WN_OK) goto out;
    if (c->path[0] && (code = feed_settings(&f, dir, c->path, err)) != WN_OK) goto out;
    if ((code = feed_weights(&f, dir, c->path, err)) != WN_OK) goto out;
    if (c->dense_path[0]) {
        if ((code = feed_settings(&f, dir, c->dense_path, err)) != WN_OK) goto out;
        if ((code = feed_weights(&f, dir, c->dense_path, err)) != WN_OK) goto out;
    }
    XXH128_hash_t h = XXH3_128bits_digest(f.ctx);
    (void)snprintf(hex, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
out:
    (void)XXH3_freeState(f.ctx);
    wn_free(f.buffer);
    return code;
}
