/* The model as a file. Little-endian: the magic, a head of 64-bit fields and its XXH3; then word lengths (u32), word
 * counts (u64), the words' bytes and the rows of the weight matrices without padding; last an XXH3 of all that. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <winnow/mem.h>
#include <wn/input_fd.h>
#include <wn/safefile.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the model file is written as it lies in memory, little-endian"
#endif

static const char magic[8] = {'W', 'N', 'D', 'O', 'C', '2', 'V', '1'};

typedef struct {
    char magic[8];
    uint64_t mode, dbow_words, dims, window, min_count, negative, epochs, hierarchical, seed;
    double sample, ns_exponent, alpha, min_alpha;
    uint64_t words, bytes;
    uint64_t digest; /* of all fields before */
} head;

static uint64_t head_digest(const head *h) {
    return XXH3_64bits(h, offsetof(head, digest));
}

/* Both directions run over the same pieces; the digest of one seeds the next. */
typedef struct {
    wn_safefile *out;
    FILE *in;
    const char *path;
    uint64_t digest;
} stream;

static wn_code stream_put(stream *s, const void *data, size_t n, wn_err *err) {
    s->digest = XXH3_64bits_withSeed(data, n, s->digest);
    return wn_safefile_write(s->out, data, n, err);
}

static wn_code stream_get(stream *s, void *data, size_t n, wn_err *err) {
    errno = 0;
    if (fread(data, 1, n, s->in) != n) {
        if (ferror(s->in)) return wn_err_errno(err, "reading %s", s->path);
        return wn_err_set(err, WN_EINPUT, "%s: the doc2vec model ends too early", s->path);
    }
    s->digest = XXH3_64bits_withSeed(data, n, s->digest);
    return WN_OK;
}

/* The rows of m, each of `segments` parts of dims floats that lie stride floats apart. */
static wn_code each_row(stream *s, const wn_doc2vec *m, const wn_mat *w, size_t segments, wn_err *err) {
    for (size_t i = 0; i < w->rows; i++)
        for (size_t j = 0; j < segments; j++) {
            float *part = wn_mat_row(w, i) + j * m->stride;
            size_t bytes = m->opts.dims * sizeof *part;
            wn_code code = s->out ? stream_put(s, part, bytes, err) : stream_get(s, part, bytes, err);
            if (code != WN_OK) return code;
        }
    return WN_OK;
}

static wn_code each_weight(stream *s, const wn_doc2vec *m, wn_err *err) {
    wn_code code = each_row(s, m, &m->input, 1, err);
    if (code != WN_OK) return code;
    if ((code = each_row(s, m, &m->negative, m->segments, err)) != WN_OK) return code;
    return each_row(s, m, &m->inner, m->segments, err);
}

static wn_code put_model(stream *s, const wn_doc2vec *m, wn_err *err) {
    const wn_doc2vec_opts *o = &m->opts;
    const wn_strset *v = &m->vocab.words;
    head h = {.mode = o->mode,
              .dbow_words = o->dbow_words,
              .dims = o->dims,
              .window = o->window,
              .min_count = o->min_count,
              .negative = o->negative,
              .epochs = o->epochs,
              .hierarchical = o->hierarchical,
              .seed = o->seed,
              .sample = o->sample,
              .ns_exponent = o->ns_exponent,
              .alpha = o->alpha,
              .min_alpha = o->min_alpha,
              .words = v->n,
              .bytes = v->off[v->n]};
    memcpy(h.magic, magic, sizeof magic);
    h.digest = head_digest(&h);
    wn_code code = stream_put(s, &h, sizeof h, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < v->n; i++) {
        uint32_t len = (uint32_t)(v->off[i + 1] - v->off[i]);
        if ((code = stream_put(s, &len, sizeof len, err)) != WN_OK) return code;
    }
    if ((code = stream_put(s, m->vocab.counts, v->n * sizeof *m->vocab.counts, err)) != WN_OK) return code;
    if ((code = stream_put(s, v->bytes, (size_t)h.bytes, err)) != WN_OK) return code;
    if ((code = each_weight(s, m, err)) != WN_OK) return code;
    uint64_t digest = s->digest;
    return stream_put(s, &digest, sizeof digest, err);
}

wn_code wn_doc2vec_save(const wn_doc2vec *model, const char *path, int overwrite, wn_err *err) {
    stream s = {.path = path};
    wn_code code = wn_safefile_create(&s.out, path, overwrite != 0, err);
    if (code != WN_OK) return code;
    code = put_model(&s, model, err);
    if (code == WN_OK) return wn_safefile_commit(s.out, err);
    wn_safefile_abort(s.out);
    return code;
}

static wn_code damaged(const stream *s, const char *what, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s: not a whole doc2vec model (%s); save it again", s->path, what);
}

static wn_code get_head(stream *s, head *h, wn_doc2vec_opts *o, wn_err *err) {
    wn_code code = stream_get(s, h, sizeof *h, err);
    if (code != WN_OK) return code;
    if (memcmp(h->magic, magic, sizeof magic) != 0) return damaged(s, "it starts with other bytes", err);
    if (h->digest != head_digest(h)) return damaged(s, "the head's checksum differs", err);
    if (h->words == 0 || h->words > UINT32_MAX - 2 || h->mode > WN_DBOW) return damaged(s, "impossible sizes", err);
    *o = (wn_doc2vec_opts){.mode = (wn_doc2vec_mode)h->mode,
                           .dbow_words = h->dbow_words != 0,
                           .dims = h->dims,
                           .window = h->window,
                           .min_count = h->min_count,
                           .negative = h->negative,
                           .epochs = h->epochs,
                           .hierarchical = h->hierarchical != 0,
                           .sample = h->sample,
                           .ns_exponent = h->ns_exponent,
                           .alpha = h->alpha,
                           .min_alpha = h->min_alpha,
                           .seed = h->seed};
    wn_err why = {0};
    return wn_d2v_check(o, &why) == WN_OK ? WN_OK : damaged(s, "impossible options", err);
}

/* The file's size must be what its head says, before anything of that size is allocated. */
static wn_code check_size(const stream *s, const head *h, const wn_doc2vec_opts *o, wn_err *err) {
    struct stat st;
    if (fstat(fileno(s->in), &st) != 0) return wn_err_errno(err, "reading %s", s->path);
    /* words < 2^32 and window <= 2^16: the number of rows fits, their bytes may not */
    uint64_t segments = o->mode == WN_DM_CONCAT ? 1 + 2 * o->window : 1, rows = 0, want = 0;
    bool over = h->bytes > (uint64_t)st.st_size;
    if (wn_d2v_uses_input(o)) rows += h->words + (o->mode == WN_DM_CONCAT);
    if (o->negative > 0) rows += h->words * segments;
    if (o->hierarchical) rows += (h->words - 1) * segments;
    over |= __builtin_mul_overflow(rows, o->dims * sizeof(float), &want);
    over |= __builtin_add_overflow(want, sizeof *h + h->words * 12 + h->bytes + sizeof(uint64_t), &want);
    if (!over && want == (uint64_t)st.st_size) return WN_OK;
    return damaged(s, over || (uint64_t)st.st_size < want ? "it is too short" : "it is too long", err);
}

static wn_code get_words(stream *s, const head *h, wn_d2v_vocab *v, wn_err *err) {
    size_t n = (size_t)h->words;
    uint32_t *len = wn_alloc(n, sizeof *len, err), id = 0;
    uint64_t *counts = wn_alloc(n, sizeof *counts, err);
    char *bytes = wn_alloc((size_t)h->bytes, 1, err);
    uint64_t at = 0;
    wn_code code = WN_EMEMORY;
    if (!len || !counts || !bytes) goto out;
    for (size_t i = 0; i < n; i++)
        if ((code = stream_get(s, &len[i], sizeof *len, err)) != WN_OK) goto out;
    if ((code = stream_get(s, counts, n * sizeof *counts, err)) != WN_OK) goto out;
    if ((code = stream_get(s, bytes, (size_t)h->bytes, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; at += len[i++]) {
        if (len[i] > h->bytes - at || counts[i] == 0 || (i > 0 && counts[i] > counts[i - 1])) {
            code = damaged(s, "its words are out of order", err);
            goto out;
        }
        if ((code = wn_d2v_vocab_add(v, bytes + at, len[i], counts[i], &id, err)) != WN_OK) goto out;
        if (id != i) {
            code = damaged(s, "a word stands twice", err);
            goto out;
        }
    }
out:
    wn_free(len);
    wn_free(counts);
    wn_free(bytes);
    return code;
}

wn_code wn_doc2vec_load(wn_doc2vec **model, const char *path, wn_err *err) {
    stream s = {.path = path};
    head h;
    uint64_t digest = 0, stored = 0;
    wn_doc2vec *m = NULL;
    wn_code code = wn_input_file_stream(&s.in, path, err);
    if (code != WN_OK) return code;
    if (!(m = wn_alloc(1, sizeof *m, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    if ((code = get_head(&s, &h, &m->opts, err)) != WN_OK) goto out;
    if ((code = check_size(&s, &h, &m->opts, err)) != WN_OK) goto out;
    if ((code = get_words(&s, &h, &m->vocab, err)) != WN_OK) goto out;
    if ((code = wn_d2v_model_init(m, err)) != WN_OK) goto out;
    if ((code = each_weight(&s, m, err)) != WN_OK) goto out;
    digest = s.digest;
    if ((code = stream_get(&s, &stored, sizeof stored, err)) != WN_OK) goto out;
    if (digest != stored) code = damaged(&s, "the checksum differs", err);
out:
    (void)fclose(s.in);
    if (code != WN_OK) wn_doc2vec_free(m);
    else *model = m;
    return code;
}
