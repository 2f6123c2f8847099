#include "corpus_internal.h"
#include "records_stream.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/text.h>

/* One source of the second pass. */
typedef struct {
    const wn_corpus *c;
    const char *path;
    wn_stream *stream;
    wn_sha256 sha;
    uint64_t at; /* offset of buf[pos] in the decompressed file */
    char *buf;   /* unread bytes are buf[pos, len) */
    size_t cap, pos, len;
    uint64_t stored;
} replay;

static wn_code on_stored(void *ctx, const void *data, size_t n, wn_err *err) {
    replay *g = ctx;
    g->stored += n;
    return wn_sha256_update(&g->sha, data, n, err);
}

static wn_code changed(const replay *g, wn_err *err) {
    return wn_err_set(err, WN_EIO, "%s has changed since it was read; run the command again", g->path);
}

/* Makes bytes [offset, offset + n) stand at buf[pos]. */
static wn_code seek_bytes(replay *g, uint64_t offset, size_t n, wn_err *err) {
    enum { PIECE = 256 * 1024 };
    for (;;) {
        size_t unread = g->len - g->pos, skip = offset - g->at < unread ? (size_t)(offset - g->at) : unread, got = 0;
        g->pos += skip;
        g->at += skip;
        unread -= skip;
        if (g->at == offset && unread >= n) return WN_OK;
        if (unread) memmove(g->buf, g->buf + g->pos, unread);
        g->pos = 0;
        g->len = unread;
        size_t want = g->at == offset ? n : unread + 1;
        if (g->cap < want || !g->buf) {
            wn_code code = wn_reserve((void **)&g->buf, &g->cap, want > PIECE ? want : PIECE, 1, err);
            if (code != WN_OK) return code;
        }
        wn_code code = wn_stream_read(g->stream, g->buf + g->len, g->cap - g->len, &got, err);
        if (code != WN_OK) return code;
        if (!got) return changed(g, err);
        g->len += got;
    }
}

static wn_code replay_source(replay *g, size_t file, size_t *row, wn_raw_sink sink, void *ctx, wn_progress *p,
                             wn_err *err) {
    const wn_corpus *c = g->c;
    const struct wn_corpus_impl *impl = c->impl;
    const wn_source_impl *in = &impl->source[file];
    g->path = wn_path_label(c->sources[file].path);
    g->at = g->stored = 0;
    g->pos = g->len = 0;
    char sha[65] = "";
    wn_code code = wn_sha256_init(&g->sha, err);
    if (code != WN_OK) return code;
    code = wn_stream_open(&g->stream, c->sources[file].path, in->copy.fd, on_stored, g, err);
    if (code != WN_OK) goto out;
    if (in->header) {
        if ((code = seek_bytes(g, 0, (size_t)in->header, err)) != WN_OK) goto out;
        if ((code = sink(ctx, SIZE_MAX, g->buf + g->pos, (size_t)in->header, err)) != WN_OK) goto out;
    }
    for (; *row < c->n && c->file[*row] == file; ++*row) {
        if (*row % 1024 == 0 && (code = wn_tick(p, "copy", "records", *row, c->n, err)) != WN_OK) goto out;
        if ((code = seek_bytes(g, c->offset[*row], (size_t)c->length[*row], err)) != WN_OK) goto out;
        if ((code = sink(ctx, *row, g->buf + g->pos, (size_t)c->length[*row], err)) != WN_OK) goto out;
    }
    if ((code = wn_stream_drain(g->stream, err)) != WN_OK) goto out;
    if ((code = wn_sha256_final(&g->sha, sha, err)) != WN_OK) goto out;
    if (strcmp(sha, c->sources[file].sha256) != 0) code = changed(g, err);
out:
    wn_stream_close(g->stream);
    g->stream = NULL;
    return code;
}

wn_code wn_corpus_replay(const wn_corpus *c, wn_raw_sink sink, void *ctx, wn_progress *p, wn_err *err) {
    const struct wn_corpus_impl *impl = c->impl;
    replay g = {.c = c};
    size_t row = 0;
    wn_code code = WN_OK;
    for (size_t i = 0; i < c->nsources; ++i)
        if (impl->source[i].opened && (code = replay_source(&g, i, &row, sink, ctx, p, err)) != WN_OK) goto out;
    code = wn_tick(p, "copy", "records", c->n, c->n, err);
out:
    wn_sha256_free(&g.sha);
    wn_free(g.buf);
    return code;
}
