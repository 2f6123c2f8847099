/* winnow embed: records -> vectors in an .h5ad file. */
#include "common.h"
#include "encode.h"

enum { BLOCK = 4096 };

/* A --memory that holds the vectors allows one pass; else blocks are encoded again as they are written. */
static bool keeps_vectors(const wn_config *c, const wn_corpus *corpus, size_t bytes) {
    return !wn_encode_streams(c) || wn_encode_memory(c, corpus->n, bytes, true) <= wn_memory_budget(c);
}

static wn_code append_all(wn_store *s, const wn_texts *texts, wn_encoded *e, wn_io *io, wn_err *err) {
    wn_code code = WN_OK;
    if (e->x.rows == texts->n) {
        for (size_t at = 0; code == WN_OK && at < e->x.rows; at += BLOCK) {
            size_t n = e->x.rows - at < BLOCK ? e->x.rows - at : BLOCK;
            code = wn_store_append(s, wn_mat_row(&e->x, at), e->x.stride, n, err);
            if (code == WN_OK) code = wn_tick(io->progress, "write", "rows", at + n, e->x.rows, err);
        }
        return code;
    }
    for (size_t at = 0; code == WN_OK && at < texts->n; at += BLOCK) {
        size_t n = texts->n - at < BLOCK ? texts->n - at : BLOCK, zero = 0;
        wn_mat block = {0};
        code = wn_encoded_block(e, texts, at, n, &block, &zero, NULL, err);
        if (code == WN_OK) code = wn_store_append(s, block.data, block.stride, n, err);
        if (code == WN_OK) code = wn_tick(io->progress, "encode and write", "texts", at + n, texts->n, err);
        wn_mat_free(&block);
        e->zero_rows += zero;
    }
    return code;
}

static wn_code write_store(const wn_config *c, const wn_corpus *corpus, wn_encoded *e, wn_io *io, wn_err *err) {
    wn_store *s = NULL;
    wn_code code = wn_store_create(&s, c->output, e->dims, c->overwrite, err);
    if (code == WN_OK) code = append_all(s, &corpus->texts, e, io, err);
    if (code == WN_OK) code = wn_store_put_rows(s, corpus, err);
    if (code == WN_OK) code = wn_store_put_origin(s, c, corpus, err);
    if (code == WN_OK) return wn_store_commit(s, err);
    wn_store_abort(s);
    return code;
}

static wn_code plan(const wn_config *c, const wn_corpus *corpus, size_t bytes, wn_io *io, wn_err *err) {
    char a[32], b[32], d[32];
    size_t dims = wn_encode_dims(c);
    bool keep = keeps_vectors(c, corpus, bytes);
    size_t need = wn_encode_memory(c, corpus->n, bytes, keep);
    wn_printf(io, "would embed %zu texts (%s) with %s into %s\n", corpus->n, wn_bytes_text(bytes, a),
              c->encoder == WN_ENC_DOC2VEC ? "doc2vec" : "lsa", c->output);
    wn_printf(io, "output: %zu x %zu vectors, about %s\n", corpus->n, dims,
              wn_bytes_text(corpus->n * (dims * 4 + 64), b));
    wn_printf(io, "memory: about %s%s\n", wn_bytes_text(need, d), keep ? "" : " (vectors in blocks)");
    return wn_memory_require(c, need, "embedding", err);
}

wn_code wn_embed(const wn_config *c, wn_io *io, wn_err *err) {
    wn_corpus corpus = {0};
    wn_encoded e = {0};
    wn_code code = wn_output_check(c->output, c->overwrite, false, err);
    if (code == WN_OK) code = wn_encode_check(c, err);
    if (code == WN_OK) code = wn_corpus_take(&corpus, c, false, io, err);
    if (code != WN_OK) goto out;
    size_t bytes = corpus.n ? (size_t)(corpus.texts.off[corpus.n] - corpus.texts.off[0]) : 0;
    if (c->dry_run) {
        code = plan(c, &corpus, bytes, io, err);
        goto out;
    }
    bool keep = keeps_vectors(c, &corpus, bytes);
    code = wn_memory_require(c, wn_encode_memory(c, corpus.n, bytes, keep), "embedding", err);
    if (code == WN_OK) code = wn_encoded_init(&e, c, &corpus.texts, keep, io->progress, err);
    if (code == WN_OK) code = write_store(c, &corpus, &e, io, err);
    if (code != WN_OK) goto out;
    wn_sayf(io, "%s: %zu x %zu vectors (%s)", c->output, corpus.n, e.dims, e.name[0] ? e.name : "no texts");
    if (e.zero_rows) wn_sayf(io, "%zu texts have no word that the encoder knows: their vectors are zero", e.zero_rows);
out:
    wn_encoded_free(&e);
    wn_corpus_free(&corpus);
    return code;
}
