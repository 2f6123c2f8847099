#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>
#include <wn/path.h>
#include <wn/safefile.h>
#include <xxhash.h>

static const char checkpoint_magic[8] = "WNTRAIN1";

/* The file: this head; value, first, second [total]; best [total] where there is one; XXH3 of all that. Numbers as this
 * machine has them: a checkpoint does not travel. */
typedef struct {
    char magic[8];
    wn_checkpoint_key key;
    wn_train_state state;
    uint64_t total, adamw_steps, has_best;
} checkpoint_head;

char *wn_checkpoint_path(const char *output, wn_err *err) {
    size_t n = wn_path_trim(output), size = n + 32;
    char *plain = wn_strndup(output, n, err), *path = plain ? wn_alloc(size, 1, err) : NULL;
    if (path) {
        const char *name = wn_path_name(plain);
        (void)snprintf(path, size, "%.*s.%s.winnow.train", (int)(name - plain), plain, name);
    }
    wn_free(plain);
    return path;
}

/* The arrays of a checkpoint, in their order. */
typedef struct {
    void *data;
    size_t bytes;
} checkpoint_array;
enum { ARRAYS = 4 };
static size_t checkpoint_arrays(checkpoint_array a[ARRAYS], const wn_checkpoint *c) {
    size_t n = 0, bytes = c->params->total * sizeof(float);
    wn_adamw_state s = wn_adamw_of(c->adamw);
    a[n++] = (checkpoint_array){c->params->value, bytes};
    a[n++] = (checkpoint_array){s.first, bytes};
    a[n++] = (checkpoint_array){s.second, bytes};
    if (c->best) a[n++] = (checkpoint_array){c->best, bytes};
    return n;
}

static void fill_head(checkpoint_head *h, const wn_checkpoint_key *key, const wn_checkpoint *c) {
    memset(h, 0, sizeof *h); /* no stray bytes between its members */
    memcpy(h->magic, checkpoint_magic, sizeof h->magic);
    h->key = *key;
    h->state = *c->state;
    h->total = c->params->total;
    h->adamw_steps = *wn_adamw_of(c->adamw).steps;
    h->has_best = c->best != NULL;
}

wn_code wn_checkpoint_write(const char *path, const wn_checkpoint_key *key, const wn_checkpoint *c, wn_err *err) {
    checkpoint_array a[ARRAYS];
    wn_safefile *f = NULL;
    XXH3_state_t *sum = XXH3_createState();
    checkpoint_head *h = wn_alloc(1, sizeof *h, err);
    wn_code code = h ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if (!sum) {
        code = wn_err_set(err, WN_EMEMORY, "out of memory for a checksum");
        goto out;
    }
    fill_head(h, key, c);
    size_t n = checkpoint_arrays(a, c);
    if ((code = wn_safefile_create(&f, path, true, err)) != WN_OK) goto out;
    (void)XXH3_64bits_reset(sum);
    (void)XXH3_64bits_update(sum, h, sizeof *h);
    if ((code = wn_safefile_write(f, h, sizeof *h, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        (void)XXH3_64bits_update(sum, a[i].data, a[i].bytes);
        if ((code = wn_safefile_write(f, a[i].data, a[i].bytes, err)) != WN_OK) goto out;
    }
    uint64_t digest = XXH3_64bits_digest(sum);
    if ((code = wn_safefile_write(f, &digest, sizeof digest, err)) != WN_OK) goto out;
    wn_safefile *whole = f;
    f = NULL;
    code = wn_safefile_commit(whole, err);
out:
    wn_safefile_abort(f);
    (void)XXH3_freeState(sum);
    wn_free(h);
    return code;
}

/* ---- reading ---- */

/* All n bytes, or false; errno is 0 at the end of the file. */
static bool read_all(int fd, void *data, size_t n) {
    char *at = data;
    while (n > 0) {
        ssize_t got = read(fd, at, n);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = 0;
        if (got <= 0) return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* read: whether all could be read that was wanted; if not, errno tells why. */
static wn_code checkpoint_damaged(const char *path, bool read, wn_err *err) {
    if (!read && errno) return wn_err_errno(err, "reading %s", path);
    return wn_err_set(err, WN_EINPUT, "%s is damaged; -f without --resume starts anew", path);
}

static wn_code check_key(const checkpoint_head *h, const wn_checkpoint_key *key, const char *path, wn_err *err) {
    const char *what = strcmp(h->key.model, key->model) != 0         ? "the model's files"
                       : strcmp(h->key.examples, key->examples) != 0 ? "the records or their labels"
                       : strcmp(h->key.dev, key->dev) != 0           ? "the --dev records"
                                                                     : NULL;
    if (what)
        return wn_err_set(err, WN_EUSAGE, "%s is of other training: %s changed; -f without --resume starts anew", path,
                          what);
    if (strcmp(h->key.settings, key->settings) == 0) return WN_OK;
    size_t at = 0;
    while (h->key.settings[at] && h->key.settings[at] == key->settings[at]) at++;
    while (at > 0 && key->settings[at - 1] != ',') at--;
    while (key->settings[at] == ' ') at++;
    return wn_err_set(err, WN_EUSAGE,
                      "%s is of other settings: it has \"%.80s\" where this command has \"%.80s\"; -f without --resume "
                      "starts anew",
                      path, h->key.settings + at, key->settings + at);
}

static wn_code read_arrays(int fd, const checkpoint_head *h, const wn_checkpoint *c, const char *path, wn_err *err) {
    checkpoint_array a[ARRAYS];
    uint64_t digest = 0;
    size_t n = checkpoint_arrays(a, c);
    XXH3_state_t *sum = XXH3_createState();
    if (!sum) return wn_err_set(err, WN_EMEMORY, "out of memory for a checksum");
    (void)XXH3_64bits_reset(sum);
    (void)XXH3_64bits_update(sum, h, sizeof *h);
    wn_code code = WN_OK;
    for (size_t i = 0; i < n; i++) {
        if (!read_all(fd, a[i].data, a[i].bytes)) {
            code = checkpoint_damaged(path, false, err);
            goto out;
        }
        (void)XXH3_64bits_update(sum, a[i].data, a[i].bytes);
    }
    char more;
    if (!read_all(fd, &digest, sizeof digest))
        code = checkpoint_damaged(path, false, err);
    else if (digest != XXH3_64bits_digest(sum) || read_all(fd, &more, 1))
        code = checkpoint_damaged(path, true, err);
out:
    (void)XXH3_freeState(sum);
    return code;
}

wn_code wn_checkpoint_read(bool *found, const char *path, const wn_checkpoint_key *key, wn_checkpoint *c, wn_err *err) {
    checkpoint_head *h = NULL;
    wn_code code = WN_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *found = fd >= 0;
    if (fd < 0) return errno == ENOENT ? WN_OK : wn_err_errno(err, "%s", path);
    h = wn_alloc(1, sizeof *h, err);
    if (!h) {
        code = WN_EMEMORY;
        goto out;
    }
    bool read = read_all(fd, h, sizeof *h);
    if (!read || memcmp(h->magic, checkpoint_magic, sizeof h->magic) != 0) {
        code = checkpoint_damaged(path, read, err);
        goto out;
    }
    h->key.settings[WN_CHECKPOINT_SETTINGS - 1] = h->key.model[32] = h->key.examples[32] = h->key.dev[32] = 0;
    if ((code = check_key(h, key, path, err)) != WN_OK) goto out;
    if (h->total != c->params->total || h->has_best != (c->best != NULL)) {
        code = checkpoint_damaged(path, true, err);
        goto out;
    }
    if ((code = read_arrays(fd, h, c, path, err)) != WN_OK) goto out;
    *c->state = h->state;
    *wn_adamw_of(c->adamw).steps = h->adamw_steps;
    wn_adamw_resume(c->adamw, c->params);
out:
    wn_free(h);
    (void)close(fd);
    return code;
}

bool wn_checkpoint_steps(uint64_t *steps, const char *path) {
    char magic[sizeof checkpoint_magic];
    wn_train_state state;
    wn_err ignored;
    FILE *f;
    if (wn_input_file_stream(&f, path, &ignored) != WN_OK) return false;
    bool is = fread(magic, sizeof magic, 1, f) == 1 && memcmp(magic, checkpoint_magic, sizeof magic) == 0 &&
              fseek(f, (long)offsetof(checkpoint_head, state), SEEK_SET) == 0 && fread(&state, sizeof state, 1, f) == 1;
    (void)fclose(f);
    if (is) *steps = state.step;
    return is;
}

void wn_checkpoint_remove(const char *path) {
    uint64_t ignored;
    if (wn_checkpoint_steps(&ignored, path)) (void)unlink(path);
    wn_safefile_sweep(path);
}
