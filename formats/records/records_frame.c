#include "records_internal.h"

#include <string.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

enum { FIRST_SIZE = 256 * 1024, LARGEST_SIZE = WN_RECORD_MAX + FIRST_SIZE };

void wn_frames_start(wn_frames *f, wn_stream *stream, const wn_format_reader *reader) {
    *f = (wn_frames){.stream = stream, .reader = reader, .buf = f->buf, .cap = f->cap, .line = 1};
}

size_t wn_line_end(int *state, const char *s, size_t n) {
    (void)state;
    const char *feed = n ? memchr(s, '\n', n) : NULL;
    return feed ? (size_t)(feed - s) + 1 : 0;
}

bool wn_no_gap(const char *s, size_t n) {
    (void)s;
    (void)n;
    return false;
}

static uint64_t count_lines(const wn_frames *f, const char *s, size_t n) {
    if (f->reader->lines) return n && s[n - 1] == '\n';
    uint64_t lines = 0;
    for (const char *end = s + n; (s = memchr(s, '\n', (size_t)(end - s))) != NULL; ++s) ++lines;
    return lines;
}

/* Moves what is unread to the front, grows a full buffer, and reads once. */
static wn_code frames_refill(wn_frames *f, wn_err *err) {
    size_t unread = f->len - f->pos, got = 0;
    if (f->pos) memmove(f->buf, f->buf + f->pos, unread);
    f->pos = 0;
    f->len = unread;
    if (f->len == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : FIRST_SIZE;
        if (cap > LARGEST_SIZE) cap = LARGEST_SIZE;
        char *grown = wn_realloc(f->buf, f->len, cap, 1, err);
        if (!grown) return WN_EMEMORY;
        f->buf = grown;
        f->cap = cap;
    }
    wn_code code = wn_tick(NULL, "read", "bytes", 0, 0, err);
    if (code != WN_OK) return code;
    code = wn_stream_read(f->stream, f->buf + f->len, f->cap - f->len, &got, err);
    f->len += got;
    f->at_end = code == WN_OK && !got;
    return code;
}

static void frames_take(wn_frames *f, size_t n) {
    f->line += count_lines(f, f->buf + f->pos, n);
    f->offset += n;
    f->pos += n;
}

wn_code wn_frames_next(wn_frames *f, wn_frame *out, wn_err *err) {
    size_t seen = 0, n = 0;
    f->state = 0;
    for (;;) {
        size_t unread = f->len - f->pos;
        n = unread > seen ? f->reader->end(&f->state, f->buf + f->pos + seen, unread - seen) : 0;
        if (n) n += seen;
        if (n || unread > WN_RECORD_MAX) break;
        if (f->at_end) {
            n = unread;
            break;
        }
        seen = unread;
        wn_code code = frames_refill(f, err);
        if (code != WN_OK) return code;
    }
    /* Without an end in sight the record is not taken here: wn_frames_skip goes on from where this scan stopped. */
    *out = (wn_frame){
        .s = f->buf ? f->buf + f->pos : "", .n = n ? n : f->len - f->pos, .line = f->line, .offset = f->offset};
    out->oversize = out->n > WN_RECORD_MAX;
    if (n) frames_take(f, n);
    return WN_OK;
}

wn_code wn_frames_skip(wn_frames *f, wn_safefile *copy, wn_err *err) {
    size_t n = f->len - f->pos; /* already scanned */
    for (bool last = false;;) {
        wn_code code = copy && n ? wn_safefile_write(copy, f->buf + f->pos, n, err) : WN_OK;
        if (code != WN_OK) return code;
        frames_take(f, n);
        if (last || f->at_end) return WN_OK;
        if ((code = frames_refill(f, err)) != WN_OK) return code;
        n = f->reader->end(&f->state, f->buf, f->len);
        last = n != 0;
        if (!last) n = f->len;
    }
}
