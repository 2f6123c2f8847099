/* What is the same for every family of encoders. */
#include <winnow/encoder.h>

#include "encoder_guess.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>

enum { ENCODE_BLOCK = WN_GUESS_BLOCK };

/* The length of the vectors of a fitted file, before it is loaded: memory is planned by it. A file that does not say is
 * for load to refuse. */
static void take_file_dims(wn_encoder *e) {
    enum { HEAD = 64 };
    const char *magic = e->vt->magic;
    char head[HEAD] = {0};
    uint64_t dims;
    wn_err ignored;
    FILE *f;
    if (!e->opts.load || !magic || wn_input_file_stream(&f, e->opts.load, &ignored) != WN_OK) return;
    size_t n = fread(head, 1, sizeof head, f);
    (void)fclose(f);
    assert(e->vt->dims_at + sizeof dims <= sizeof head);
    if (n < e->vt->dims_at + sizeof dims || memcmp(head, magic, strlen(magic)) != 0) return;
    memcpy(&dims, head + e->vt->dims_at, sizeof dims);
    if (dims > 0 && dims < UINT32_MAX) e->dims = (size_t)dims;
}

wn_code wn_encoder_open(wn_encoder **out, const wn_encoder_vt *vt, const wn_encoder_opts *o, wn_err *err) {
    assert(vt->size >= sizeof(wn_encoder));
    *out = NULL;
    wn_encoder *e = wn_alloc(1, vt->size, err);
    if (!e) return WN_EMEMORY;
    e->vt = vt;
    e->opts = *o;
    wn_code code = vt->open(e, err);
    if (code != WN_OK) {
        wn_encoder_close(e);
        return code;
    }
    take_file_dims(e);
    *out = e;
    return WN_OK;
}

void wn_encoder_say(const wn_encoder_watch *w, const char *fmt, ...) {
    char line[1024];
    if (!w->say) return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    w->say(w->ctx, line);
}

size_t wn_encoder_memory(const wn_encoder *e, size_t n, size_t bytes, bool keep) {
    return e->vt->memory(e, n, bytes, keep);
}

double wn_encoder_seconds(const wn_encoder *e, size_t bytes) {
    return e->vt->seconds(e, bytes);
}

bool wn_encoder_fits(const wn_encoder *e) {
    return e->vt->fits_corpus && !e->opts.load;
}

static wn_code keep_rows(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err) {
    wn_mat *x = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++) memcpy(wn_mat_row(x, begin + i), rows + i * stride, x->cols * sizeof *rows);
    return WN_OK;
}

static wn_code load_encoder(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err) {
    wn_code code = e->vt->load(e, w, err);
    if (code != WN_OK || !x) return code;
    if ((code = wn_mat_init(x, texts->n, e->dims, err)) != WN_OK) return code;
    return wn_encoder_encode(e, keep_rows, x, texts, w, err);
}

static wn_code fit_encoder(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err) {
    wn_code code = e->vt->fit(e, x, texts, w, err);
    if (code != WN_OK || !e->opts.save) return code;
    return e->vt->save(e, e->opts.save, e->opts.overwrite, err);
}

wn_code wn_encoder_prepare(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err) {
    wn_mat rows = {0}, *kept = x ? &rows : NULL;
    assert(texts->n > 0 || !wn_encoder_fits(e));
    wn_code code = wn_encoder_fits(e) ? fit_encoder(e, kept, texts, w, err) : load_encoder(e, kept, texts, w, err);
    if (code != WN_OK) {
        wn_mat_free(&rows);
        return code;
    }
    e->ready = true;
    if (x) *x = rows;
    return WN_OK;
}

static wn_code encode_blocks(wn_encoder *e, wn_rows_sink sink, void *ctx, const wn_texts *texts, wn_progress *p,
                             wn_err *err) {
    for (size_t at = 0; at < texts->n; at += ENCODE_BLOCK) {
        wn_mat x = {0};
        wn_texts block = {.base = texts->base, .off = texts->off + at, .n = texts->n - at};
        if (block.n > ENCODE_BLOCK) block.n = ENCODE_BLOCK;
        wn_code code = e->vt->transform(e, &x, &block, err);
        if (code == WN_OK) code = sink(ctx, x.data, x.stride, at, block.n, err);
        wn_mat_free(&x);
        if (code != WN_OK) return code;
        if ((code = wn_tick(p, "encoding", "texts", at + block.n, texts->n, err)) != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_encoder_encode(wn_encoder *e, wn_rows_sink sink, void *ctx, const wn_texts *texts, const wn_encoder_watch *w,
                          wn_err *err) {
    if (e->vt->encode) return e->vt->encode(e, sink, ctx, texts, w, err);
    const wn_code code = encode_blocks(e, sink, ctx, texts, w->progress, err);
    if (code == WN_OK && e->counts.truncated)
        wn_encoder_say(w, "note: %zu of %zu texts have more tokens than the model takes and were cut there",
                       e->counts.truncated, e->counts.texts);
    return code;
}

wn_code wn_encoder_verify(wn_encoder *e, const wn_texts *texts, const wn_encoder_sample *s, const wn_encoder_watch *w,
                          wn_err *err) {
    return e->vt->verify ? e->vt->verify(e, texts, s, w, err) : WN_OK;
}

void wn_encoder_unseen(const wn_encoder *e, size_t row, float *x) {
    if (e->vt->unseen && wn_encoder_fits(e)) e->vt->unseen(e, row, x);
}

wn_code wn_encoder_describe(wn_encoder *e, wn_encoder_origin *out, wn_err *err) {
    *out = (wn_encoder_origin){0};
    return e->ready && e->vt->describe ? e->vt->describe(e, out, err) : WN_OK;
}

void wn_encoder_commit(wn_encoder *e) {
    if (e && e->vt->commit) e->vt->commit(e);
}

void wn_encoder_release(wn_encoder *e) {
    if (e) e->vt->release(e);
}

void wn_encoder_close(wn_encoder *e) {
    if (!e) return;
    e->vt->release(e);
    if (e->vt->close) e->vt->close(e);
    wn_free(e);
}

/* ---- guesses ---- */

wn_guess wn_guess_corpus(const wn_encoder *e, size_t n, size_t bytes, bool keep) {
    double rows = (double)n, dims = (double)e->dims;
    wn_guess g = {.words = (double)bytes / 5,
                  .distinct = 1,
                  .vectors = keep ? rows * dims * 4 : 2 * ENCODE_BLOCK * dims * 4,
                  .fixed = 20e6 + rows * 64 + (double)bytes};
    while (g.distinct * g.distinct < 900 * g.words) g.distinct *= 1.1;
    return g;
}

size_t wn_guess_bytes(double bytes) {
    return bytes < 0x1p62 ? (size_t)bytes : (size_t)1 << 62;
}

size_t wn_guess_loaded(const wn_guess *g, const char *path, double times) {
    struct stat file;
    double model = stat(path, &file) == 0 ? times * (double)file.st_size : 0;
    return wn_guess_bytes(g->fixed + (g->vectors + model));
}
