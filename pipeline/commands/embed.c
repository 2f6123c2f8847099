/* winnow embed: records -> vectors in an .h5ad file. */
#include "stages/common.h"
#include "embedding/encode.h"

#include <stdio.h>
#include <string.h>
#include <wn/rng.h>

enum { BLOCK = 4096 };

/* A --memory that holds the vectors allows one pass; else blocks are encoded again as they are written. */
static bool keeps_vectors(const wn_config *c, const wn_corpus *corpus, size_t bytes) {
    if (c->encoder == WN_ENC_BERT) return false;
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

/* ---- with a model: vectors go to the file as windows are done ---- */

typedef struct {
    wn_store *store;
    const wn_bert_job *job;
    size_t dims, layers, hidden;
    size_t *sample, nsample, taken; /* rows that --verify compares, rising */
    float *kept;                    /* [nsample, dims] their vectors */
} stream;

static wn_code put_window(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err) {
    stream *t = ctx;
    char name[32];
    wn_code code = wn_store_append(t->store, rows, stride, n, err);
    for (size_t l = 0; code == WN_OK && l < t->layers; l++) {
        (void)snprintf(name, sizeof name, "layer_%02zu", l);
        code = wn_store_obsm(t->store, name, rows + t->dims + l * t->hidden, stride, t->hidden, n, err);
    }
    for (; t->taken < t->nsample && t->sample[t->taken] < begin + n; t->taken++)
        memcpy(t->kept + t->taken * t->dims, rows + (t->sample[t->taken] - begin) * stride, t->dims * sizeof *rows);
    return code;
}

/* Rows of n for --verify: every one where there are not more, else seeded ones, rising. */
static wn_code choose_sample(stream *t, const wn_config *c, size_t n, wn_err *err) {
    size_t want = c->verify < n ? c->verify : n, left = want;
    t->sample = wn_alloc(want, sizeof *t->sample, err);
    t->kept = t->sample ? wn_alloc(want * t->dims, sizeof *t->kept, err) : NULL;
    if (!t->kept) return WN_EMEMORY;
    wn_rng r = wn_rng_init(c->seed, 0x76657269667921); /* "verify!" */
    for (size_t i = 0; i < n && left; i++)             /* Knuth's selection sampling */
        if (wn_rng_below(&r, n - i) < left) t->sample[t->nsample++] = i, left--;
    return WN_OK;
}

static wn_code stream_model(wn_store *s, const wn_config *c, const wn_texts *texts, wn_encoded *e, wn_io *io,
                            wn_err *err) {
    stream t = {.store = s,
                .job = e->bert,
                .dims = e->dims,
                .layers = wn_bert_job_layers(e->bert),
                .hidden = wn_bert_job_hidden(e->bert)};
    wn_code code = c->verify ? choose_sample(&t, c, texts->n, err) : WN_OK;
    if (code == WN_OK) code = wn_bert_job_run(e->bert, texts, put_window, &t, io, err);
    if (code == WN_OK) wn_bert_job_say(e->bert, io);
    if (code == WN_OK && t.nsample)
        code = wn_bert_job_verify(e->bert, texts, t.sample, t.nsample, t.kept, t.dims, io, err);
    if (code == WN_OK) code = wn_store_put_model(s, e->bert, err);
    wn_free(t.sample);
    wn_free(t.kept);
    return code;
}

/* ---- both ---- */

static wn_code write_store(const wn_config *c, const wn_corpus *corpus, const int64_t *row, wn_encoded *e, wn_io *io,
                           wn_err *err) {
    wn_store *s = NULL;
    wn_code code = wn_store_create(&s, c->output, e->dims, c->overwrite, err);
    if (code == WN_OK && e->bert)
        code = stream_model(s, c, &corpus->texts, e, io, err);
    else if (code == WN_OK)
        code = append_all(s, &corpus->texts, e, io, err);
    if (code == WN_OK) code = wn_store_put_rows(s, corpus, err);
    if (code == WN_OK && row) code = wn_store_obs_i64(s, "row", row, err);
    if (code == WN_OK) code = wn_store_put_origin(s, c, corpus, err);
    if (code == WN_OK) return wn_store_commit(s, err);
    wn_store_abort(s);
    return code;
}

static wn_code plan(const wn_config *c, const wn_corpus *corpus, size_t bytes, wn_io *io, wn_err *err) {
    char a[32], b[32], d[32];
    size_t dims = wn_encode_dims(c);
    bool keep = keeps_vectors(c, corpus, bytes), model = c->encoder == WN_ENC_BERT;
    size_t need = wn_encode_memory(c, corpus->n, bytes, keep), disk = corpus->n * (dims * 4 + 64);
    wn_printf(io, "would embed %zu texts (%s) with %s into %s\n", corpus->n, wn_bytes_text(bytes, a),
              model                          ? c->model
              : c->encoder == WN_ENC_DOC2VEC ? "doc2vec"
                                             : "lsa",
              c->output);
    wn_printf(io, "output: %zu x %zu vectors, about %s%s\n", corpus->n, dims, wn_bytes_text(disk, b),
              model ? ", and as much again for the part file while the job runs" : "");
    wn_printf(io, "memory: about %s%s\n", wn_bytes_text(need, d), keep ? "" : " (vectors in blocks)");
    return wn_memory_require(c, need, "embedding", err);
}

/* What is read, or the shard of it. */
static wn_code embed_rows(const wn_config *c, const wn_corpus *corpus, const int64_t *row, wn_io *io, wn_err *err) {
    wn_encoded e = {0};
    size_t bytes = corpus->n ? (size_t)(corpus->texts.off[corpus->n] - corpus->texts.off[0]) : 0;
    if (c->dry_run) return plan(c, corpus, bytes, io, err);
    bool keep = keeps_vectors(c, corpus, bytes);
    wn_code code = wn_memory_require(c, wn_encode_memory(c, corpus->n, bytes, keep), "embedding", err);
    if (code == WN_OK) code = wn_encoded_init(&e, c, &corpus->texts, keep, io, err);
    if (code == WN_OK) code = write_store(c, corpus, row, &e, io, err);
    if (code == WN_OK) {
        wn_bert_job_done(e.bert);
        wn_sayf(io, "%s: %zu x %zu vectors (%s)", c->output, corpus->n, e.dims, e.name[0] ? e.name : "no texts");
        if (e.zero_rows)
            wn_sayf(io, "%zu texts have no word that the encoder knows: their vectors are zero", e.zero_rows);
        wn_encode_recommend(c, io);
    }
    wn_encoded_free(&e);
    return code;
}

wn_code wn_embed(const wn_config *c, wn_io *io, wn_err *err) {
    wn_corpus corpus = {0};
    wn_slice shard = {0};
    wn_code code = wn_output_check(c->output, c->overwrite, false, err);
    if (code == WN_OK) code = wn_encode_check(c, err);
    if (code == WN_OK) code = wn_corpus_take(&corpus, c, false, io, err);
    if (code == WN_OK && c->shards) {
        /* i n / m without overflow: quotient and remainder apart */
        size_t each = corpus.n / c->shards, more = corpus.n % c->shards, i = c->shard - 1;
        size_t begin = i * each + i * more / c->shards, end = c->shard * each + c->shard * more / c->shards;
        code = wn_slice_init(&shard, &corpus, begin, end - begin, err);
        if (code == WN_OK)
            wn_sayf(io, "shard     %zu of %zu: %zu of %zu rows, from row %zu", c->shard, c->shards, end - begin,
                    corpus.n, begin);
    }
    if (code == WN_OK) code = embed_rows(c, c->shards ? &shard.corpus : &corpus, shard.row, io, err);
    wn_slice_free(&shard);
    wn_corpus_free(&corpus);
    return code;
}
