#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <wn/path.h>
#include <xxhash.h>

static const char magic[8] = "WNPART1\n";
static const uint64_t block_magic = 0x314b4c4254524150u; /* "PARTBLK1" */
static const double sync_every = 10;                     /* seconds that a power cut may cost */

typedef struct {
    char magic[8];
    wn_part_key key;
    char pad[6];
    uint64_t rows, width;
    uint64_t checksum; /* of all before */
} part_head;

/* Followed by count row numbers (u64) and count vectors. */
typedef struct {
    uint64_t magic, count;
    uint64_t checksum; /* of what follows, seeded with count */
} part_block;

struct wn_part {
    int fd;
    char *path;
    size_t rows, width, count;
    uint64_t end;    /* of the last whole block */
    uint64_t *where; /* [rows] offset of a row's vector; 0: not there */
    unsigned char *buffer;
    size_t buffer_cap;
    double synced;
};

char *wn_part_path(const char *output, wn_err *err) {
    size_t n = wn_path_trim(output);
    char *path = wn_alloc(n + 32, 1, err);
    if (!path) return NULL;
    size_t folder = n;
    while (folder > 0 && output[folder - 1] != '/') folder--;
    (void)snprintf(path, n + 32, "%.*s.%.*s.winnow.part", (int)folder, output, (int)(n - folder), output + folder);
    return path;
}

static wn_code part_write(const wn_part *p, const void *data, size_t n, uint64_t at, wn_err *err) {
    const char *from = data;
    while (n > 0) {
        ssize_t done = pwrite(p->fd, from, n, (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return wn_err_errno(err, "writing %s, which keeps the vectors of this job", p->path);
        from += done, n -= (size_t)done, at += (uint64_t)done;
    }
    return WN_OK;
}

/* Bytes read: fewer than n only at the end of the file. */
static wn_code part_read_some(const wn_part *p, void *data, size_t n, uint64_t at, size_t *got, wn_err *err) {
    char *to = data;
    for (*got = 0; *got < n;) {
        ssize_t done = pread(p->fd, to + *got, n - *got, (off_t)(at + *got));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return wn_err_errno(err, "reading %s", p->path);
        if (done == 0) break;
        *got += (size_t)done;
    }
    return WN_OK;
}

static part_head part_header(const wn_part *p, const wn_part_key *key) {
    part_head h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, magic, sizeof magic);
    (void)snprintf(h.key.model, sizeof h.key.model, "%s", key->model);
    (void)snprintf(h.key.texts, sizeof h.key.texts, "%s", key->texts);
    (void)snprintf(h.key.options, sizeof h.key.options, "%s", key->options);
    h.rows = p->rows, h.width = p->width;
    h.checksum = XXH3_64bits(&h, offsetof(part_head, checksum));
    return h;
}

static wn_code part_start(wn_part *p, const wn_part_key *key, wn_err *err) {
    part_head h = part_header(p, key);
    if (ftruncate(p->fd, 0) != 0) return wn_err_errno(err, "emptying %s", p->path);
    p->end = sizeof h;
    return part_write(p, &h, sizeof h, 0, err);
}

/* Is the header there (else *fresh: the job was killed before it stood), and is it ours? */
static wn_code part_check_header(const wn_part *p, const wn_part_key *key, bool *fresh, wn_err *err) {
    part_head h, want = part_header(p, key);
    size_t got = 0;
    wn_code code = part_read_some(p, &h, sizeof h, 0, &got, err);
    if (code != WN_OK) return code;
    *fresh = got < sizeof h || h.checksum != XXH3_64bits(&h, offsetof(part_head, checksum));
    if (*fresh) return WN_OK;
    const char *differs =
        memcmp(h.key.model, want.key.model, sizeof h.key.model) != 0                                  ? "another model"
        : memcmp(h.key.texts, want.key.texts, sizeof h.key.texts) != 0 || h.rows != want.rows         ? "other texts"
        : memcmp(h.key.options, want.key.options, sizeof h.key.options) != 0 || h.width != want.width ? "other options"
                                                                                                      : NULL;
    if (!differs) return WN_OK;
    char how[2 * sizeof h.key.options + 32] = "";
    if (strcmp(differs, "other options") == 0)
        (void)snprintf(how, sizeof how, " (%.*s; now %s)", (int)sizeof h.key.options - 1, h.key.options,
                       want.key.options);
    return wn_err_set(
        err, WN_EUSAGE,
        "--resume: %s is the part of a job with %s%s. With -f instead of --resume the job starts afresh and "
        "replaces it",
        p->path, differs, how);
}

/* What does not begin as a part does is not ours to replace. */
static wn_code part_check_magic(const wn_part *p, wn_err *err) {
    char begin[sizeof magic];
    size_t got = 0;
    wn_code code = part_read_some(p, begin, sizeof begin, 0, &got, err);
    if (code != WN_OK || memcmp(begin, magic, got) == 0) return code;
    return wn_err_set(err, WN_EUSAGE, "%s is not a part file of this version of winnow; move it away", p->path);
}

static wn_code part_reserve(wn_part *p, size_t n, wn_err *err) {
    void *v = p->buffer;
    wn_code code = wn_reserve(&v, &p->buffer_cap, n, 1, err);
    p->buffer = v;
    return code;
}

/* Notes where the vectors of one block stand; false at the first that is not whole. */
static bool part_take_block(wn_part *p, const part_block *b, uint64_t at) {
    size_t row_bytes = p->width * sizeof(float), size = b->count * (sizeof(uint64_t) + row_bytes);
    if (XXH3_64bits_withSeed(p->buffer, size, b->count) != b->checksum) return false;
    uint64_t vectors = at + sizeof *b + b->count * sizeof(uint64_t);
    for (size_t i = 0; i < b->count; i++) {
        uint64_t row;
        memcpy(&row, p->buffer + i * sizeof row, sizeof row);
        if (row >= p->rows) return false;
        p->count += p->where[row] == 0;
        p->where[row] = vectors + i * row_bytes;
    }
    return true;
}

static wn_code part_scan(wn_part *p, uint64_t length, wn_err *err) {
    size_t each = sizeof(uint64_t) + p->width * sizeof(float), got = 0;
    wn_code code = WN_OK;
    for (p->end = sizeof(part_head);;) {
        part_block b;
        if ((code = part_read_some(p, &b, sizeof b, p->end, &got, err)) != WN_OK) return code;
        if (got < sizeof b || b.magic != block_magic || b.count == 0 || b.count > (length - p->end) / each) break;
        size_t size = b.count * each;
        if ((code = part_reserve(p, size, err)) != WN_OK) return code;
        if ((code = part_read_some(p, p->buffer, size, p->end + sizeof b, &got, err)) != WN_OK) return code;
        if (got < size || !part_take_block(p, &b, p->end)) break;
        p->end += sizeof b + size;
    }
    if (ftruncate(p->fd, (off_t)p->end) != 0) return wn_err_errno(err, "cutting %s", p->path);
    return WN_OK;
}

wn_code wn_part_open(wn_part **out, const char *path, const wn_part_key *key, size_t rows, size_t width, bool resume,
                     bool *found, wn_err *err) {
    struct stat s = {0};
    bool fresh = true;
    *out = NULL;
    wn_part *p = wn_alloc(1, sizeof *p, err);
    if (!p) return WN_EMEMORY;
    *p = (wn_part){.fd = -1, .rows = rows, .width = width, .synced = wn_now()};
    wn_code code = WN_EMEMORY;
    if (found) *found = false;
    if (!(p->path = wn_strndup(path, strlen(path), err))) goto out;
    if (!(p->where = wn_alloc(rows, sizeof *p->where, err))) goto out;
    if ((p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) < 0) {
        code = wn_err_errno(err, "%s, which keeps the vectors of this job", path);
        goto out;
    }
    if (flock(p->fd, LOCK_EX | LOCK_NB) != 0) {
        code = wn_err_set(err, WN_EUSAGE, "another winnow works on the same output: it holds %s", path);
        goto out;
    }
    if (fstat(p->fd, &s) != 0) {
        code = wn_err_errno(err, "%s", path);
        goto out;
    }
    if (found) *found = s.st_size > 0;
    if ((code = part_check_magic(p, err)) != WN_OK) goto out;
    if (resume && s.st_size > 0 && (code = part_check_header(p, key, &fresh, err)) != WN_OK) goto out;
    if ((code = fresh ? part_start(p, key, err) : part_scan(p, (uint64_t)s.st_size, err)) != WN_OK) goto out;
    *out = p;
    return WN_OK;
out:
    if (p->fd >= 0) (void)close(p->fd); /* without removing what is not ours */
    p->fd = -1;
    wn_part_close(p);
    return code;
}

/* Vectors in the blocks of a file that looks like a part. */
static size_t part_vectors(const wn_part *p, uint64_t length) {
    part_head h;
    size_t got = 0, count = 0;
    wn_err ignored;
    if (part_read_some(p, &h, sizeof h, 0, &got, &ignored) != WN_OK || got < sizeof h) return 0;
    if (h.checksum != XXH3_64bits(&h, offsetof(part_head, checksum))) return 0;
    for (uint64_t at = sizeof h;;) {
        part_block b;
        uint64_t each = sizeof(uint64_t) + h.width * sizeof(float);
        if (part_read_some(p, &b, sizeof b, at, &got, &ignored) != WN_OK || got < sizeof b) return count;
        uint64_t left = length - at - sizeof b;
        if (b.magic != block_magic || b.count == 0 || b.count > left / each) return count;
        count += (size_t)b.count;
        at += sizeof b + b.count * each;
    }
}

wn_code wn_part_refuse_left(const char *output, wn_err *err) {
    struct stat s;
    size_t count = 0;
    char *path = wn_part_path(output, err);
    if (!path) return WN_EMEMORY;
    wn_part p = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), .path = path};
    /* one that another process works on is wn_part_open's to refuse */
    if (p.fd >= 0 && fstat(p.fd, &s) == 0 && flock(p.fd, LOCK_SH | LOCK_NB) == 0)
        count = part_vectors(&p, (uint64_t)s.st_size);
    if (p.fd >= 0) (void)close(p.fd);
    wn_code code = count == 0 ? WN_OK
                              : wn_err_set(err, WN_EUSAGE,
                                           "%zu vectors of an earlier run are there (%s): --resume goes on with them, "
                                           "-f starts anew",
                                           count, path);
    wn_free(path);
    return code;
}

size_t wn_part_count(const wn_part *p) {
    return p->count;
}

bool wn_part_has(const wn_part *p, size_t row) {
    return p->where[row] != 0;
}

wn_code wn_part_read(const wn_part *p, size_t row, float *out, wn_err *err) {
    size_t got = 0, n = p->width * sizeof *out;
    wn_code code = part_read_some(p, out, n, p->where[row], &got, err);
    if (code != WN_OK) return code;
    return got < n ? wn_err_set(err, WN_EIO, "%s was cut while it was in use", p->path) : WN_OK;
}

wn_code wn_part_append(wn_part *p, const uint64_t *rows, const float *vectors, size_t n, wn_err *err) {
    size_t row_bytes = p->width * sizeof *vectors, size = n * (sizeof *rows + row_bytes);
    part_block b = {.magic = block_magic, .count = n};
    wn_code code;
    if (n == 0) return WN_OK;
    if ((code = part_reserve(p, sizeof b + size, err)) != WN_OK) return code;
    unsigned char *payload = p->buffer + sizeof b;
    memcpy(payload, rows, n * sizeof *rows);
    memcpy(payload + n * sizeof *rows, vectors, n * row_bytes);
    b.checksum = XXH3_64bits_withSeed(payload, size, n);
    memcpy(p->buffer, &b, sizeof b);
    if ((code = part_write(p, p->buffer, sizeof b + size, p->end, err)) != WN_OK) return code;
    for (size_t i = 0; i < n; i++) {
        p->count += p->where[rows[i]] == 0;
        p->where[rows[i]] = p->end + sizeof b + n * sizeof *rows + i * row_bytes;
    }
    p->end += sizeof b + size;
    if (wn_now() - p->synced < sync_every) return WN_OK;
    if (fdatasync(p->fd) != 0) return wn_err_errno(err, "syncing %s", p->path);
    p->synced = wn_now();
    return WN_OK;
}

void wn_part_close(wn_part *p) {
    if (!p) return;
    if (p->fd >= 0) {
        if (p->count == 0)
            (void)unlink(p->path);
        else
            (void)fdatasync(p->fd); /* a failure costs work, not truth: blocks are checked when they are read */
        (void)close(p->fd);
    }
    wn_free(p->path);
    wn_free(p->where);
    wn_free(p->buffer);
    wn_free(p);
}

void wn_part_remove(wn_part *p) {
    if (!p) return;
    p->count = 0;
    wn_part_close(p);
}
