/* winnow run: records in, a chosen subset and its reasons out. */
#include "input.h"
#include "options.h"
#include "ranking.h"
#include "selecting.h"

static wn_code read_rows(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_records_opts o = wn_input_options_beside(c, &s->in);
    o.uniform = true;
    wn_code code = wn_rows_read(&s->rows, &o, io->progress, err);
    if (code != WN_OK) return code;
    if ((code = wn_input_check(&s->rows.corpus, c, err)) != WN_OK) return code;
    if (s->in.n && (code = wn_selecting_match(s, io, err)) != WN_OK) return code;
    wn_timings_lap(&s->timings, "read");
    return WN_OK;
}

static wn_code plan_run(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    const wn_texts *texts = &s->rows.view.texts;
    const wn_texts *queries = &s->query.rows.view.texts;
    size_t bytes = texts->n ? (size_t)texts->off[texts->n] : 0;
    const wn_plan_opts read = {.dims = s->in.cols};
    if (!s->encoder) return wn_selecting_plan(s, c, &read, io, err);
    /* with those of the queries the texts are joined, unless the encoder learns from the former alone */
    const size_t joined = queries->n && !wn_encoder_fits(s->encoder) ? bytes : 0;
    if (queries->n) bytes += (size_t)queries->off[queries->n];
    const size_t rows = s->copies.m + queries->n;
    const wn_plan_opts o = {.dims = s->encoder->dims,
                            .encode_bytes = joined + wn_encoder_memory(s->encoder, rows, bytes, true),
                            .encode_seconds = wn_encoder_seconds(s->encoder, bytes)};
    return wn_selecting_plan(s, c, &o, io, err);
}

/* Who makes the vectors, or has them. */
static wn_code open_vectors(wn_selecting *s, const wn_config *c, wn_err *err) {
    if (c->nembeddings) return wn_matrices_open(&s->in, c->embeddings, c->nembeddings, c->dataset, err);
    return wn_encode_open(&s->encoder, c, err);
}

static wn_code encode_rows(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    if (!s->encoder) return wn_selecting_vectors(s, c, err);
    const wn_encoding_more more = {.texts = &s->query.rows.view.texts, .x = &s->query.x};
    wn_code code = wn_encoding_kept(&s->vectors.x, s->encoder, c, &s->rows.view.texts, &s->copies,
                                    c->query_path ? &more : NULL, io, err);
    if (code != WN_OK) return code;
    wn_timings_lap(&s->timings, "encode");
    return WN_OK;
}

wn_code wn_run(const wn_config *c, wn_io *io, wn_err *err) {
    wn_selecting s = {.timings = wn_timings_start()};
    wn_code code = wn_rank_refuse("run", err);
    if (code != WN_OK || (code = wn_config_check_output(c, err)) != WN_OK) goto out;
    if ((code = open_vectors(&s, c, err)) != WN_OK) goto out;
    if ((code = read_rows(&s, c, io, err)) != WN_OK) goto out;
    if ((code = wn_selecting_begin(&s, c, io, err)) != WN_OK) goto out;
    if ((code = plan_run(&s, c, io, err)) != WN_OK || c->dry_run) goto out;
    if ((code = encode_rows(&s, c, io, err)) != WN_OK) goto out;
    if ((code = wn_selecting_prepare(&s, c, io, err)) != WN_OK) goto out;
    if ((code = wn_selecting_choose(&s, c, io, err)) != WN_OK) goto out;
    if ((code = wn_selecting_write(&s, c, io, err)) != WN_OK) goto out;
    if (s.encoder) wn_encode_recommend(c, s.rows.corpus.n, io);
out:
    if (code == WN_EINTERRUPT && s.encoder && s.encoder->ready && s.encoder->vt->resumes)
        (void)wn_err_set(err, code,
                         "interrupted; all vectors are kept: the same command with --resume goes on from there");
    wn_selecting_free(&s);
    return code;
}
