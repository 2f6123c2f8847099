/* winnow stream: records once, in bounded memory; the chosen ones to standard output. */
#include "embedding/encode.h"
#include "embedding/options.h"
#include "input.h"
#include "outcome/target.h"
#include "ranking.h"
#include "stages/say.h"
#include "streamed.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <winnow/store.h>
#include <winnow/stream.h>
#include <wn/input_fd.h>
#include <wn/safefile.h>
#include <wn/strmap.h>
#include <wn/text.h>

enum { BLOCK_ROWS = 1024, BLOCK_BYTES = 8 << 20, SEEN_MOST = 1 << 25 /* slots: 256 MiB */ };

typedef struct {
    const wn_config *c;
    wn_io *io;
    wn_encoder *encoder;
    wn_records *records;
    wn_npy_pipe *vectors; /* --vectors: instead of records and encoder */
    wn_streaming_opts o;
    wn_streaming *stream; /* NULL until gamma is known */
    wn_mat head;          /* [room, dims] the rows before */
    size_t nhead;
    uint64_t rows;       /* that were given a number */
    wn_buf text, folded; /* of the block at hand */
    unsigned long long off[BLOCK_ROWS + 1];
    size_t n;
    wn_streamed held;
    wn_seen seen;
    size_t read, equal, empty, truncated;
    const char *line_end; /* of the first record that has one */
} stream_job;

/* ---- vectors ---- */

static wn_code find_gamma(stream_job *j, wn_err *err) {
    wn_mat rows = j->head;
    double median;
    wn_err why = {0};
    rows.rows = j->nhead;
    if (j->o.kernel.kind != WN_RBF || !isnan(j->o.kernel.gamma)) return WN_OK;
    wn_code code = wn_sim_gamma_auto(&rows, j->c->seed, 0, &j->o.kernel.gamma, &median, &why);
    if (code == WN_OK) return WN_OK;
    if (code != WN_EINPUT) {
        *err = why;
        return code;
    }
    j->o.kernel.gamma = WN_GAMMA_TIMES_MEDIAN; /* as if the median were 1 */
    if (rows.rows > 1)
        wn_sayf(j->io, "warning: the first vectors do not differ, so gamma has no natural value; %g is used",
                j->o.kernel.gamma);
    return WN_OK;
}

static wn_code begin(stream_job *j, wn_err *err) {
    const size_t held = wn_mem_held();
    wn_code code = find_gamma(j, err);
    if (code != WN_OK) return code;
    if (j->c->memory) j->o.memory = j->c->memory > held ? j->c->memory - held : 1;
    if ((code = wn_streaming_open(&j->stream, &j->o, err)) != WN_OK) return code;
    code = wn_streaming_offer(j->stream, j->head.data, j->head.stride, j->nhead, err);
    wn_mat_free(&j->head);
    return code;
}

/* A wn_rows_sink. */
static wn_code take_rows(void *ctx, const float *rows, size_t stride, size_t first, size_t n, wn_err *err) {
    stream_job *j = ctx;
    (void)first;
    while (n > 0 && !j->stream) {
        memcpy(wn_mat_row(&j->head, j->nhead++), rows, j->o.dims * sizeof *rows);
        rows += stride;
        n--;
        wn_code code = j->nhead == j->head.rows ? begin(j, err) : WN_OK;
        if (code != WN_OK) return code;
    }
    return n ? wn_streaming_offer(j->stream, rows, stride, n, err) : WN_OK;
}

static wn_code end_block(stream_job *j, wn_err *err) {
    const wn_texts texts = {.base = j->text.data, .off = j->off, .n = j->n};
    if (j->n == 0) return WN_OK;
    j->encoder->counts = (wn_encoder_counts){0};
    wn_code code = wn_encoder_encode(j->encoder, take_rows, j, &texts, &(wn_encoder_watch){0}, err);
    if (code != WN_OK) return code;
    j->truncated += j->encoder->counts.truncated;
    j->n = j->text.len = 0;
    if (j->stream) {
        size_t n = 0;
        uint64_t undecided = 0;
        const uint64_t *rows = wn_streaming_held(j->stream, &n, &undecided);
        wn_streamed_keep(&j->held, rows, n, undecided);
    }
    return wn_tick(j->io->progress, "stream", "records", j->read, 0, err);
}

/* ---- records ---- */

static wn_code is_new(stream_job *j, const wn_record *r, bool *is, wn_err *err) {
    bool there = false;
    *is = true;
    if (j->c->dedup == WN_DEDUP_OFF) return WN_OK;
    wn_code code = wn_text_fold(r->text, r->text_len, &j->folded, err);
    if (code != WN_OK) return code;
    code = wn_seen_add(&j->seen, wn_string_hash(j->folded.data ? j->folded.data : "", j->folded.len), &there, err);
    *is = !there;
    return code;
}

static wn_code take_record(stream_job *j, const wn_record *r, wn_err *err) {
    bool is = false;
    const size_t mark = r->offset == 0 ? wn_text_mark(r->raw, r->raw_len) : 0;
    j->read++;
    j->empty += wn_text_blank(r->text, r->text_len);
    if (!j->line_end && r->raw_len && r->raw[r->raw_len - 1] == '\n')
        j->line_end = r->raw_len > 1 && r->raw[r->raw_len - 2] == '\r' ? "\r\n" : "\n";
    wn_code code = is_new(j, r, &is, err);
    if (code != WN_OK) return code;
    if (!is) {
        j->equal++;
        return WN_OK;
    }
    if ((code = wn_streamed_put(&j->held, j->rows++, r->raw + mark, r->raw_len - mark, err)) != WN_OK) return code;
    if ((code = wn_buf_append(&j->text, r->text, r->text_len, err)) != WN_OK) return code;
    j->off[++j->n] = j->text.len;
    return j->n == BLOCK_ROWS || j->text.len >= BLOCK_BYTES ? end_block(j, err) : WN_OK;
}

static wn_code read_all(stream_job *j, wn_err *err) {
    bool end = false;
    while (!end) {
        wn_record r = {0};
        wn_code code = wn_records_next(j->records, &r, &end, err);
        if (code != WN_OK || (!end && (code = take_record(j, &r, err)) != WN_OK)) return code;
    }
    wn_code code = end_block(j, err);
    if (code != WN_OK) return code;
    const wn_corpus read = {.n = j->read, .skipped = wn_records_skipped(j->records)};
    if ((code = wn_input_check(&read, j->c, err)) != WN_OK) return code;
    return j->stream ? WN_OK : begin(j, err);
}

/* The rows of a matrix. */
static wn_code read_vectors(stream_job *j, wn_err *err) {
    const size_t n = wn_npy_pipe_rows(j->vectors);
    wn_mat block = {0};
    wn_code code = wn_mat_init(&block, BLOCK_ROWS, j->o.dims, err);
    for (size_t m; j->read < n && code == WN_OK; j->read += m) {
        m = block.rows = n - j->read < BLOCK_ROWS ? n - j->read : BLOCK_ROWS;
        if ((code = wn_npy_pipe_read(j->vectors, m, block.data, block.stride, err)) != WN_OK) break;
        if (j->o.kernel.kind != WN_DOT) (void)wn_mat_normalize(&block);
        if ((code = take_rows(j, block.data, block.stride, 0, m, err)) != WN_OK) break;
        code = wn_tick(j->io->progress, "stream", "rows", j->read + m, n, err);
    }
    j->rows = j->read;
    wn_mat_free(&block);
    return code == WN_OK && !j->stream ? begin(j, err) : code;
}

/* ---- output ---- */

/* A file, or standard output. */
typedef struct {
    stream_job *j;
    wn_safefile *file;
    bool open_line; /* what was last put has no line end */
} stream_out;

static wn_code put_raw(stream_out *out, const char *s, size_t n, wn_err *err) {
    if (out->file) return wn_safefile_write(out->file, s, n, err);
    if (out->j->io->write) out->j->io->write(out->j->io->ctx, s, n);
    return WN_OK;
}

static wn_code put_line(stream_out *out, const char *s, size_t n, wn_err *err) {
    const char *end = out->j->line_end ? out->j->line_end : "\n";
    wn_code code = out->open_line ? put_raw(out, end, strlen(end), err) : WN_OK;
    if (code != WN_OK || n == 0) return code;
    out->open_line = s[n - 1] != '\n';
    return put_raw(out, s, n, err);
}

static wn_code put_row(stream_out *out, size_t row, wn_err *err) {
    char number[32];
    if (out->j->vectors) return put_line(out, number, (size_t)snprintf(number, sizeof number, "%zu\n", row), err);
    const wn_streamed_record *r = wn_streamed_find(&out->j->held, row);
    return put_line(out, r->raw, r->len, err);
}

static int rising(const void *a, const void *b) {
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static wn_code write_chosen(stream_job *j, size_t *rows, size_t k, wn_err *err) {
    stream_out out = {.j = j};
    size_t n = 0;
    if (!j->c->rank_order && !j->vectors) qsort(rows, k, sizeof *rows, rising);
    wn_code code = j->c->output ? wn_safefile_create(&out.file, j->c->output, j->c->overwrite, err) : WN_OK;
    if (code != WN_OK) return code;
    if (out.file) wn_safefile_keep_other(out.file);
    const char *header = j->records ? wn_records_header(j->records, &n) : NULL;
    code = put_line(&out, header, n, err);
    for (size_t i = 0; i < k && code == WN_OK; i++) code = put_row(&out, rows[i], err);
    if (!out.file) return code;
    if (code == WN_OK) return wn_safefile_commit(out.file, err);
    wn_safefile_abort(out.file);
    return code;
}

static void say_records(const stream_job *j) {
    const size_t skipped = j->records ? wn_records_skipped(j->records) : 0;
    if (skipped) wn_sayf(j->io, "%zu bad records were skipped and copied to %s", skipped, j->c->skip_path);
    if (j->empty) wn_sayf(j->io, "%zu records have an empty text", j->empty);
    if (j->truncated)
        wn_sayf(j->io, "note: %zu of %" PRIu64 " texts have more tokens than the model takes and were cut there",
                j->truncated, j->rows);
    if (j->seen.full)
        wn_sayf(j->io, "note: after %zu different texts no more were remembered: later copies of later ones count",
                j->seen.n);
}

static void say_chosen(const stream_job *j, const wn_selection *s, const wn_streaming_counts *n) {
    const char *name = wn_objective_name(j->o.objective), *kernel = wn_kernel_name(j->o.kernel.kind);
    char gamma[48] = "", on[96] = "", equal[64] = "";
    if (j->o.kernel.kind == WN_RBF) (void)snprintf(gamma, sizeof gamma, " with gamma %.3g", j->o.kernel.gamma);
    if (!j->vectors) (void)snprintf(equal, sizeof equal, " %zu equal to an earlier one;", j->equal);
    wn_sayf(j->io, "stream    %zu %s, 1 pass;%s %zu rows held at most, %zu thresholds", j->read,
            j->vectors ? "rows" : "records", equal, n->held_most, n->thresholds_most);
    if (n->sample == n->rows)
        (void)snprintf(on, sizeof on, ", measured on all rows");
    else if (n->sample)
        (void)snprintf(on, sizeof on, ", measured on %zu rows", n->sample);
    wn_sayf(j->io, "select    %zu of %" PRIu64 " rows, %s under %s%s: f = %.6g%s", s->k, n->rows, name, kernel, gamma,
            s->k ? s->objective[s->k - 1] : 0, on);
    if (!isnan(n->share))
        wn_sayf(j->io, "bound     at least %.1f%% of the best f%s (epsilon %g)", 100 * n->share,
                n->sample && n->sample < n->rows ? " on these" : "", j->c->epsilon);
    else
        wn_sayf(j->io, "bound     none: %s",
                j->o.objective == WN_GRAPH_CUT ? "graph-cut is not monotone"
                                               : "the sample changed as rows came (docs/stream.md)");
    if (n->sample && n->sample < n->rows && s->k > n->sample / 4)
        wn_sayf(j->io, "note: %zu rows are few to choose %zu by: --sample %zu measures better", n->sample, s->k,
                8 * s->k);
    if (s->k < j->o.k) wn_sayf(j->io, "note: there are no more rows than -k asks for: all are kept");
}

static wn_code finish(stream_job *j, wn_err *err) {
    wn_selection s = {0};
    wn_streaming_counts counts;
    wn_code code = wn_streaming_finish(j->stream, &s, &counts, err);
    if (code != WN_OK) return code;
    say_records(j);
    if (j->rows)
        say_chosen(j, &s, &counts);
    else
        wn_sayf(j->io, "stream    0 records from standard input: there is nothing to choose from");
    code = write_chosen(j, s.ids, s.k, err);
    wn_selection_free(&s);
    return code;
}

/* ---- all of it ---- */

static void set_options(stream_job *j) {
    const wn_config *c = j->c;
    const wn_objective objective = c->stream_objective;
    j->o = (wn_streaming_opts){
        .objective = objective,
        .kernel = {.kind = wn_streaming_serves(objective, c->similarity) ? c->similarity : WN_COSINE},
        .k = (size_t)c->k,
        .epsilon = c->epsilon,
        .sample = c->sample,
        .seed = c->seed,
        .progress = j->io->progress};
    if (j->o.kernel.kind == WN_RBF) j->o.kernel.gamma = c->gamma;
    j->seen.most = SEEN_MOST;
    while (c->memory && j->seen.most > 4096 && 16 * j->seen.most > c->memory) j->seen.most /= 2;
}

/* Nothing in records tells who wrote them: -f replaces an empty file alone. */
static bool nobodys(const char *path) {
    (void)path;
    return false;
}

static wn_code open_records(stream_job *j, wn_err *err) {
    const wn_config *c = j->c;
    const wn_encoder_watch watch = wn_encoder_watch_of(c, j->io);
    wn_records_opts o = wn_input_options(c);
    wn_code code = wn_encode_open(&j->encoder, c, err);
    if (code != WN_OK) return code;
    j->encoder->opts.part_of = NULL; /* nobody could go on with a stream */
    j->o.dims = j->encoder->dims;
    if (c->dry_run) return WN_OK;
    o.uniform = true;
    if ((code = wn_records_open(&j->records, &o, err)) != WN_OK) return code;
    if ((code = wn_encoder_prepare(j->encoder, NULL, &(wn_texts){0}, &watch, err)) != WN_OK) return code;
    j->o.dims = j->encoder->dims;
    return WN_OK;
}

static wn_code open_all(stream_job *j, wn_err *err) {
    const wn_config *c = j->c;
    const bool guess = j->o.kernel.kind == WN_RBF && isnan(j->o.kernel.gamma);
    wn_code code = c->output ? wn_output_check(c->output, c->overwrite, nobodys, err) : WN_OK;
    if (code != WN_OK) return code;
    code = c->vectors ? wn_npy_pipe_open(&j->vectors, c->inputs[0], err) : open_records(j, err);
    if (code != WN_OK) return code;
    if (c->vectors && wn_npy_pipe_rows(j->vectors) == 0)
        return wn_err_set(err, WN_EINPUT, "%s holds no rows", wn_path_label(c->inputs[0]));
    if (c->vectors) j->o.dims = wn_npy_pipe_cols(j->vectors);
    return c->dry_run ? WN_OK : wn_mat_init(&j->head, guess ? WN_STREAM_SAMPLE : 1, j->o.dims, err);
}

static void say_plan(const stream_job *j) {
    char bytes[32], encoder[96] = "";
    if (j->encoder) {
        (void)wn_bytes_text(wn_encoder_memory(j->encoder, BLOCK_ROWS, BLOCK_BYTES, false), bytes);
        (void)snprintf(encoder, sizeof encoder, ", and the records that are held; encoder about %s", bytes);
    }
    wn_sayf(j->io, "plan      1 pass; at most %s for the choice%s", wn_bytes_text(wn_streaming_memory(&j->o), bytes),
            encoder);
}

wn_code wn_stream_command(const wn_config *c, wn_io *io, wn_err *err) {
    stream_job *j = wn_alloc(1, sizeof *j, err);
    if (!j) return WN_EMEMORY;
    j->c = c;
    j->io = io;
    set_options(j);
    wn_code code = wn_rank_refuse("stream", err);
    if (code == WN_OK) code = open_all(j, err);
    if (code == WN_OK && c->dry_run)
        say_plan(j);
    else if (code == WN_OK && (code = j->vectors ? read_vectors(j, err) : read_all(j, err)) == WN_OK)
        code = finish(j, err);
    wn_streaming_close(j->stream);
    wn_records_close(j->records);
    wn_npy_pipe_close(j->vectors);
    wn_encoder_close(j->encoder);
    wn_mat_free(&j->head);
    wn_free(j->text.data);
    wn_free(j->folded.data);
    wn_free(j->seen.slot);
    wn_streamed_free(&j->held);
    wn_free(j);
    return code;
}
