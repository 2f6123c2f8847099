#include "records_foreign.h"
#include "records_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { INPUT_SIZE = 128 * 1024, MAGIC_SIZE = 4 };

typedef enum { PLAIN, GZIP, ZSTD } coding;

struct wn_stream {
    const char *label;
    int fd;
    bool own_fd, regular;
    bool at_end;  /* no more stored bytes */
    bool between; /* gzip, zstd: a member or frame has just ended */
    bool pending; /* zstd: the last call filled its output, more may wait inside */
    coding coding;
    z_stream gz;
    bool gz_ready;
    ZSTD_DStream *zstd;
    size_t zstd_bytes; /* what it holds: its window, as large as the file says */
    unsigned char *in; /* [INPUT_SIZE]; unread stored bytes are in[pos, len) */
    size_t pos, len;
    uint64_t stored, made;
    wn_tap tap;
    void *tap_ctx;
};

/* Reads stored bytes into dst, telling the tap. */
static wn_code read_stored(wn_stream *s, void *dst, size_t cap, size_t *got, wn_err *err) {
    *got = 0;
    if (s->at_end) return WN_OK;
    wn_code code = wn_input_fd_read(s->fd, s->regular, dst, cap, got, s->label, err);
    if (code != WN_OK) return code;
    s->at_end = *got == 0;
    s->stored += *got;
    return *got && s->tap ? s->tap(s->tap_ctx, dst, *got, err) : WN_OK;
}

static wn_code fill_input(wn_stream *s, wn_err *err) {
    s->pos = 0;
    return read_stored(s, s->in, INPUT_SIZE, &s->len, err);
}

static bool ends_with(const char *s, const char *tail) {
    size_t n = strlen(s), t = strlen(tail);
    return n >= t && strcmp(s + n - t, tail) == 0;
}

/* A file cut within its magic bytes is still known by its name. */
static coding detect(const wn_stream *s) {
    static const unsigned char gz[] = {0x1F, 0x8B}, zst[] = {0x28, 0xB5, 0x2F, 0xFD}, skip[] = {0x2A, 0x4D, 0x18};
    size_t n = s->len;
    if (n >= 4 && (memcmp(s->in, zst, 4) == 0 || ((s->in[0] & 0xF0) == 0x50 && memcmp(s->in + 1, skip, 3) == 0)))
        return ZSTD;
    if (n >= 2 && memcmp(s->in, gz, 2) == 0) return GZIP;
    if (n < 4 && n > 0 && ends_with(s->label, ".zst") && memcmp(s->in, zst, n) == 0) return ZSTD;
    if (n == 1 && ends_with(s->label, ".gz") && s->in[0] == gz[0]) return GZIP;
    return PLAIN;
}

static wn_code start_decoding(wn_stream *s, wn_err *err) {
    while (s->len < MAGIC_SIZE && !s->at_end) { /* a pipe may give a byte at a time */
        size_t got = 0;
        wn_code code = read_stored(s, s->in + s->len, INPUT_SIZE - s->len, &got, err);
        if (code != WN_OK) return code;
        s->len += got;
    }
    s->coding = detect(s);
    const char *foreign = s->coding == PLAIN ? wn_foreign_by_magic(s->in, s->len) : NULL;
    if (foreign) return wn_err_set(err, WN_EINPUT, "%s: %s", s->label, foreign);
    if (s->coding == GZIP) {
        if (inflateInit2(&s->gz, 15 + 16) != Z_OK) return wn_err_set(err, WN_EMEMORY, "out of memory for zlib");
        s->gz_ready = true;
    }
    if (s->coding == ZSTD) {
        s->zstd = ZSTD_createDStream();
        if (!s->zstd) return wn_err_set(err, WN_EMEMORY, "out of memory for zstd");
    }
    return WN_OK;
}

static wn_code open_fd(wn_stream *s, const char *path, int fd, wn_err *err) {
    s->own_fd = fd < 0;
    s->fd = fd;
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return wn_err_errno(err, "cannot go back to the start of %s", s->label);
    wn_code code = fd < 0 ? wn_input_fd_open(&s->fd, &s->regular, path, err) : WN_OK;
    if (code != WN_OK) return code;
    if (s->own_fd && wn_input_fd_endless(s->fd))
        return wn_err_set(err, WN_EIO, "%s is a device, which may have no end; name a file or a pipe", s->label);
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return WN_OK;
}

wn_code wn_stream_open(wn_stream **out, const char *path, int fd, wn_tap tap, void *ctx, wn_err *err) {
    wn_stream *s = wn_alloc(1, sizeof *s, err);
    if (!s) return WN_EMEMORY;
    s->label = wn_path_label(path);
    s->fd = -1;
    s->tap = tap;
    s->tap_ctx = ctx;
    wn_code code = WN_EMEMORY;
    if (!(s->in = wn_alloc(INPUT_SIZE, 1, err))) goto out;
    if ((code = open_fd(s, path, fd, err)) != WN_OK) goto out;
    code = start_decoding(s, err);
out:
    if (code != WN_OK) wn_stream_close(s);
    else *out = s;
    return code;
}

static wn_code stream_cut(const wn_stream *s, const char *kind, wn_err *err) {
    return wn_err_set(err, WN_EINPUT,
                      "%s: the %s stream ends too early, after %llu stored bytes (%llu decompressed): it is truncated",
                      s->label, kind, (unsigned long long)s->stored, (unsigned long long)s->made);
}

/* Behind a gzip member: another one, the end, or zero padding as tape tools leave it. */
static wn_code next_member(wn_stream *s, bool *end, wn_err *err) {
    *end = false;
    for (;;) {
        if (s->pos == s->len) {
            wn_code code = fill_input(s, err);
            if (code != WN_OK) return code;
            if (!s->len) {
                *end = true;
                return WN_OK;
            }
        }
        if (s->in[s->pos]) break;
        ++s->pos;
    }
    if (s->in[s->pos] != 0x1F)
        return wn_err_set(err, WN_EINPUT, "%s: bytes that are not gzip follow the gzip stream, at stored byte %llu",
                          s->label, (unsigned long long)(s->stored - (s->len - s->pos) + 1));
    s->between = false;
    return inflateReset(&s->gz) == Z_OK ? WN_OK : wn_err_set(err, WN_EINTERNAL, "zlib cannot be reset");
}

static wn_code read_gzip(wn_stream *s, void *dst, size_t cap, size_t *got, wn_err *err) {
    unsigned room = cap > 1u << 30 ? 1u << 30 : (unsigned)cap;
    s->gz.next_out = dst;
    s->gz.avail_out = room;
    while (s->gz.avail_out == room) {
        wn_code code = WN_OK;
        if (s->between) {
            bool end = false;
            code = next_member(s, &end, err);
            if (code != WN_OK || end) return code;
        }
        if (s->pos == s->len) {
            if ((code = fill_input(s, err)) != WN_OK) return code;
            if (!s->len) return stream_cut(s, "gzip", err);
        }
        s->gz.next_in = s->in + s->pos;
        s->gz.avail_in = (unsigned)(s->len - s->pos);
        int z = inflate(&s->gz, Z_NO_FLUSH);
        s->pos = s->len - s->gz.avail_in;
        s->between = z == Z_STREAM_END;
        if (z == Z_MEM_ERROR) return wn_err_set(err, WN_EMEMORY, "out of memory while decompressing %s", s->label);
        if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
            return wn_err_set(err, WN_EINPUT, "%s: the gzip stream is damaged near stored byte %llu: %s", s->label,
                              (unsigned long long)(s->stored - (s->len - s->pos)), s->gz.msg ? s->gz.msg : "bad data");
    }
    *got = room - s->gz.avail_out;
    return WN_OK;
}

static wn_code read_zstd(wn_stream *s, void *dst, size_t cap, size_t *got, wn_err *err) {
    ZSTD_outBuffer out = {.dst = dst, .size = cap};
    while (out.pos == 0) {
        if (s->pos == s->len && !s->pending) {
            wn_code code = fill_input(s, err);
            if (code != WN_OK) return code;
            if (!s->len) return s->between ? WN_OK : stream_cut(s, "zstd", err);
        }
        ZSTD_inBuffer in = {.src = s->in, .size = s->len, .pos = s->pos};
        size_t left = ZSTD_decompressStream(s->zstd, &out, &in);
        s->pos = in.pos;
        if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge)
            return wn_err_set(err, WN_EINPUT,
                              "%s: packed with a window over 128 MiB (zstd --long), which would be held in memory; "
                              "unpack it first: zstd -d --long=31 FILE",
                              s->label);
        size_t bytes = ZSTD_sizeof_DStream(s->zstd);
        if (bytes > s->zstd_bytes) {
            wn_code code = wn_mem_hold(bytes - s->zstd_bytes, err);
            if (code != WN_OK) return code;
            s->zstd_bytes = bytes;
        }
        if (ZSTD_isError(left))
            return wn_err_set(err, WN_EINPUT, "%s: the zstd stream is damaged near stored byte %llu: %s", s->label,
                              (unsigned long long)(s->stored - (s->len - s->pos)), ZSTD_getErrorName(left));
        s->between = left == 0;
        s->pending = left != 0 && out.pos == out.size;
    }
    *got = out.pos;
    return WN_OK;
}

wn_code wn_stream_read(wn_stream *s, void *dst, size_t cap, size_t *got, wn_err *err) {
    wn_code code = WN_OK;
    *got = 0;
    if (s->coding == GZIP)
        code = read_gzip(s, dst, cap, got, err);
    else if (s->coding == ZSTD)
        code = read_zstd(s, dst, cap, got, err);
    else if (s->pos < s->len) {
        *got = s->len - s->pos < cap ? s->len - s->pos : cap;
        memcpy(dst, s->in + s->pos, *got);
        s->pos += *got;
    } else
        code = read_stored(s, dst, cap, got, err);
    s->made += *got;
    return code;
}

wn_code wn_stream_drain(wn_stream *s, wn_err *err) {
    wn_code code = WN_OK;
    do code = fill_input(s, err);
    while (code == WN_OK && s->len);
    return code;
}

bool wn_stream_regular(const wn_stream *s) {
    return s->regular;
}

void wn_stream_close(wn_stream *s) {
    if (!s) return;
    if (s->own_fd && s->fd >= 0) wn_input_fd_close(s->fd);
    if (s->gz_ready) (void)inflateEnd(&s->gz);
    (void)ZSTD_freeDStream(s->zstd);
    wn_mem_unhold(s->zstd_bytes);
    wn_free(s->in);
    wn_free(s);
}
