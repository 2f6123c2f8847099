/* winnow embed: records -> vectors in an .h5ad file. */
#include "embedding/encode.h"
#include "embedding/options.h"
#include "embedding/slice.h"
#include "input.h"
#include "options.h"
#include "outcome/target.h"
#include "stages/memory.h"
#include "stages/say.h"
#include "stages/shards.h"
#include "stages/unknown.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <wn/store_ours.h>

enum { WRITE_BLOCK = 4096 };

/* An encoder that must see all texts first has their vectors then; where they may stay in memory they are not made
 * again. A model reads each text once, so its vectors go to the file as they come. */
static bool keeps_vectors(const wn_encoder *e, const wn_config *c, size_t n, size_t bytes) {
    if (!e->vt->fits_corpus) return false;
    if (wn_encoder_fits(e) && !e->vt->encodes_fitted) return true;
    return wn_encoder_memory(e, n, bytes, true) <= wn_memory_budget(c->memory);
}

static wn_code append_kept(wn_store *s, const wn_mat *x, wn_progress *p, wn_err *err) {
    for (size_t at = 0; at < x->rows; at += WRITE_BLOCK) {
        size_t n = x->rows - at < WRITE_BLOCK ? x->rows - at : WRITE_BLOCK;
        wn_code code = wn_store_append(s, wn_mat_row(x, at), x->stride, n, err);
        if (code != WN_OK) return code;
        if ((code = wn_tick(p, "write", "rows", at + n, x->rows, err)) != WN_OK) return code;
    }
    return WN_OK;
}

/* ---- vectors that go to the file as they come ---- */

typedef struct {
    wn_store *store;
    const wn_encoder *encoder;
    size_t *sample, nsample, taken; /* rows that --verify compares, rising */
    float *kept;                    /* [nsample, dims] their vectors */
} embed_stream;

static wn_code put_rows(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err) {
    embed_stream *t = ctx;
    const wn_encoder *e = t->encoder;
    char name[32];
    wn_code code = wn_store_append(t->store, rows, stride, n, err);
    if (code != WN_OK) return code;
    for (size_t l = 0; l < e->layers; l++) {
        (void)snprintf(name, sizeof name, "layer_%02zu", l);
        code = wn_store_obsm(t->store, name, rows + e->dims + l * e->layer_width, stride, e->layer_width, n, err);
        if (code != WN_OK) return code;
    }
    for (; t->taken < t->nsample && t->sample[t->taken] < begin + n; t->taken++)
        memcpy(t->kept + t->taken * e->dims, rows + (t->sample[t->taken] - begin) * stride, e->dims * sizeof *rows);
    return WN_OK;
}

/* Rows of n for --verify: every one where there are not more, else seeded ones, rising. */
static wn_code choose_sample(embed_stream *t, const wn_config *c, size_t n, wn_err *err) {
    size_t want = c->verify < n ? c->verify : n, left = want;
    if (want == 0) return WN_OK;
    t->sample = wn_alloc(want, sizeof *t->sample, err);
    t->kept = t->sample ? wn_alloc(want * t->encoder->dims, sizeof *t->kept, err) : NULL;
    if (!t->kept) return WN_EMEMORY;
    wn_rng r = wn_rng_init(c->seed, 0x76657269667921); /* "verify!" */
    for (size_t i = 0; i < n && left; i++)             /* Knuth's selection sampling */
        if (wn_rng_below(&r, n - i) < left) t->sample[t->nsample++] = i, left--;
    return WN_OK;
}

static wn_code stream_rows(wn_store *s, wn_encoder *e, const wn_config *c, const wn_texts *texts, wn_io *io,
                           wn_err *err) {
    embed_stream t = {.store = s, .encoder = e};
    wn_encoder_watch watch = wn_encoder_watch_of(c, io);
    wn_encoder_origin model;
    wn_code code;
    if ((code = choose_sample(&t, c, texts->n, err)) != WN_OK) goto out;
    if ((code = wn_encoder_encode(e, put_rows, &t, texts, &watch, err)) != WN_OK) goto out;
    if (t.nsample) {
        wn_encoder_sample sample = {.rows = t.sample, .n = t.nsample, .x = t.kept, .stride = e->dims};
        if ((code = wn_encoder_verify(e, texts, &sample, &watch, err)) != WN_OK) goto out;
    }
    if ((code = wn_encoder_describe(e, &model, err)) != WN_OK) goto out;
    if (model.sha256) code = wn_store_put_model(s, model.sha256, model.precision, err);
out:
    wn_free(t.sample);
    wn_free(t.kept);
    return code;
}

/* ---- both ---- */

/* What is embedded: all that was read, or the shard of it that --shard names. */
typedef struct {
    const wn_corpus *corpus;
    const int64_t *row; /* [corpus->n] of a shard: rows of all; NULL: it is all */
    size_t all;         /* rows that were read */
} embed_part;

/* Where the rows stand among all of them. */
static wn_code put_shard(wn_store *s, const wn_config *c, const embed_part *part, wn_err *err) {
    char shard[WN_SHARD_SIZE];
    if (!part->row) return WN_OK;
    wn_code code = wn_store_obs_i64(s, "row", part->row, err);
    if (code != WN_OK) return code;
    wn_shard_print(shard, &(wn_shard){.index = c->shard, .count = c->shards, .rows = part->all});
    return wn_store_uns_string(s, "shard", shard, err);
}

/* x: the vectors, where they were kept; else NULL. */
static wn_code write_store(wn_encoder *e, const wn_mat *x, const wn_config *c, const embed_part *part, wn_io *io,
                           wn_err *err) {
    const wn_corpus *corpus = part->corpus;
    wn_store *s = NULL;
    wn_code code = wn_store_create(&s, c->output, e->dims, c->overwrite, err);
    if (code != WN_OK) goto out;
    if (x)
        code = append_kept(s, x, io->progress, err);
    else if (e->ready)
        code = stream_rows(s, e, c, &corpus->texts, io, err);
    if (code != WN_OK) goto out;
    if ((code = wn_store_put_rows(s, corpus, err)) != WN_OK) goto out;
    if ((code = put_shard(s, c, part, err)) != WN_OK) goto out;
    if ((code = wn_config_put_origin(c, s, corpus, err)) != WN_OK) goto out;
    return wn_store_commit(s, err);
out:
    wn_store_abort(s);
    return code;
}

static wn_code embed_plan(const wn_encoder *e, const wn_config *c, const wn_corpus *corpus, size_t bytes, wn_io *io,
                          wn_err *err) {
    char a[32], b[32], d[32];
    bool keep = keeps_vectors(e, c, corpus->n, bytes);
    size_t need = wn_encoder_memory(e, corpus->n, bytes, keep), disk = corpus->n * (e->dims * 4 + 64);
    wn_printf(io, "would embed %zu texts (%s) with %s into %s\n", corpus->n, wn_bytes_text(bytes, a),
              e->vt->fits_corpus ? e->vt->name : c->model, c->output);
    wn_printf(io, "output: %zu x %zu vectors, about %s%s\n", corpus->n, e->dims, wn_bytes_text(disk, b),
              e->vt->resumes ? ", and as much again for the part file while the job runs" : "");
    wn_printf(io, "memory: about %s%s\n", wn_bytes_text(need, d), keep ? "" : " (vectors in blocks)");
    return wn_memory_require(c->memory, need, "embedding", WN_OF_RECORDS, err);
}

static wn_code embed_rows(wn_encoder *e, const wn_config *c, const embed_part *part, wn_io *io, wn_err *err) {
    const wn_corpus *corpus = part->corpus;
    wn_mat x = {0};
    size_t bytes = corpus->n ? (size_t)(corpus->texts.off[corpus->n] - corpus->texts.off[0]) : 0;
    if (c->dry_run) return embed_plan(e, c, corpus, bytes, io, err);
    wn_encoder_watch watch = wn_encoder_watch_of(c, io);
    bool keep = keeps_vectors(e, c, corpus->n, bytes);
    size_t need = wn_encoder_memory(e, corpus->n, bytes, keep);
    wn_code code = wn_memory_require(c->memory, need, "embedding", WN_OF_RECORDS, err);
    if (code != WN_OK) goto out;
    if (corpus->n && (code = wn_encoder_prepare(e, keep ? &x : NULL, &corpus->texts, &watch, err)) != WN_OK) goto out;
    if ((code = write_store(e, keep ? &x : NULL, c, part, io, err)) != WN_OK) goto out;
    wn_encoder_commit(e);
    wn_sayf(io, "%s: %zu x %zu vectors (%s)", c->output, corpus->n, e->dims, e->ready ? e->title : "no texts");
    char warning[WN_UNKNOWN_SIZE];
    if (wn_unknown_warning(warning, e->counts.zero, corpus->n, true, false))
        wn_sayf(io, "warning: %s", warning);
    else if (e->counts.zero)
        wn_sayf(io, "%zu texts have no word that the encoder knows: their vectors are zero", e->counts.zero);
    wn_encode_recommend(c, corpus->n, io);
out:
    wn_mat_free(&x);
    return code;
}

/* Rows [begin, end) of n that --shard names: i n / m without overflow, quotient and remainder apart. */
static void shard_bounds(const wn_config *c, size_t n, size_t *begin, size_t *end) {
    size_t each = n / c->shards, more = n % c->shards, i = c->shard - 1;
    *begin = i * each + i * more / c->shards;
    *end = c->shard * each + c->shard * more / c->shards;
}

wn_code wn_embed(const wn_config *c, wn_io *io, wn_err *err) {
    wn_corpus corpus = {0};
    wn_slice shard = {0};
    wn_encoder *e = NULL;
    wn_code code;
    if ((code = wn_output_check(c->output, c->overwrite, wn_store_ours, err)) != WN_OK) goto out;
    if ((code = wn_encode_open(&e, c, err)) != WN_OK) goto out;
    if ((code = wn_corpus_take(&corpus, c, false, io, err)) != WN_OK) goto out;
    if (c->shards) {
        size_t begin, end;
        shard_bounds(c, corpus.n, &begin, &end);
        if ((code = wn_slice_init(&shard, &corpus, begin, end - begin, err)) != WN_OK) goto out;
        wn_sayf(io, "shard     %zu of %zu: %zu of %zu rows, from row %zu", c->shard, c->shards, end - begin, corpus.n,
                begin);
    }
    const embed_part part = {.corpus = c->shards ? &shard.corpus : &corpus, .row = shard.row, .all = corpus.n};
    code = embed_rows(e, c, &part, io, err);
out:
    wn_encoder_close(e);
    wn_slice_free(&shard);
    wn_corpus_free(&corpus);
    return code;
}
