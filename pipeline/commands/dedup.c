/* winnow dedup: the first of each group of copies, and which one stands for the others. */
#include "encoding.h"
#include "input.h"
#include "kind.h"
#include "options.h"
#include "outcome/outdir.h"
#include "stages/ids.h"
#include "stages/kept.h"
#include "stages/memory.h"
#include "stages/say.h"
#include "stages/shards.h"

#include <math.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>

/* What the stages have made so far. */
typedef struct {
    wn_timings timings;
    wn_rows rows;
    wn_copies copies;
    wn_encoder *encoder; /* records: who makes the vectors */
    wn_vectors vectors;
    size_t *rank; /* [n] from 1 for the rows that subset.* holds */
    float *sim;   /* [n] cosine to the kept row */
    wn_outdir dir;
} deduping;

static const wn_lists no_lists;

/* Every kept row stands for itself and for its copies. */
static wn_code assign_copies(deduping *d, wn_err *err) {
    const wn_copies *c = &d->copies;
    size_t kept = 0;
    d->rank = wn_alloc(c->n, sizeof *d->rank, err);
    d->sim = wn_alloc(c->n, sizeof *d->sim, err);
    if (!d->rank || !d->sim) return WN_EMEMORY;
    for (size_t i = 0; i < c->n; i++) {
        size_t to = c->copy_of[i];
        bool apart = to != i && d->vectors.x.rows && c->x_row[i] != c->x_row[to]; /* a vector of its own */
        d->rank[i] = to == i ? ++kept : WN_NONE;
        d->sim[i] = apart ? wn_cosine_bound((float)wn_row_cosine(&d->vectors.x, c->x_row[i], c->x_row[to])) : 1;
    }
    return WN_OK;
}

static wn_outcome outcome_of(const deduping *d, const wn_config *c) {
    return (wn_outcome){.version = WINNOW_VERSION,
                        .command = wn_config_command(c),
                        .config = wn_config_json(c),
                        .day = d->timings.day,
                        .seed = c->seed,
                        .inputs = d->rows.inputs,
                        .ninputs = d->rows.ninputs,
                        .lambda = NAN,
                        .saturation = NAN,
                        .push = NAN,
                        .label_noise = NAN,
                        .quota_power = NAN,
                        .gamma = NAN,
                        .gamma_median = NAN,
                        .explained = NAN,
                        .cut_off = NAN,
                        .bound = NAN,
                        .n = d->copies.n,
                        .dropped = d->copies.dropped,
                        .groups = d->copies.groups,
                        .mixed = d->copies.mixed,
                        .skipped = d->rows.corpus.skipped,
                        .empty = d->rows.corpus.empty,
                        .zero_rows = d->vectors.zero_rows,
                        .rows = d->rows.view,
                        .places = d->rows.places,
                        .x = &d->vectors.x,
                        .x_row = d->copies.x_row,
                        .column = {.rank = d->rank,
                                   .represented_by = d->copies.copy_of,
                                   .represented_sim = d->sim,
                                   .copy_of = d->copies.copy_of}};
}

/* The kept rows and the others. */
static wn_code write_rows(deduping *d, const wn_outcome *o, wn_progress *p, wn_err *err) {
    static const wn_records_out_opts as_input = {0};
    wn_code code;
    if (d->rows.corpus.nsources) {
        if ((code = wn_outcome_records(o, &d->rows.corpus, &as_input, &d->dir, p, err)) != WN_OK) return code;
        wn_timings_lap(&d->timings, "records");
        return WN_OK;
    }
    if ((code = wn_outcome_rows(o, true, &d->dir, p, err)) != WN_OK) return code;
    if ((code = wn_outcome_rows(o, false, &d->dir, p, err)) != WN_OK) return code;
    wn_timings_lap(&d->timings, "h5ad");
    return WN_OK;
}

static wn_code write_outcome(deduping *d, const wn_config *c, wn_io *io, wn_err *err) {
    wn_code code = assign_copies(d, err);
    if (code != WN_OK) return code;
    wn_inputs_replayed_say(c, d->rows.inputs, d->rows.ninputs, io);
    if ((code = wn_copies_labels(&d->copies, &d->rows.view, err)) != WN_OK) return code;
    wn_outcome o = outcome_of(d, c);
    wn_outcome_model model;
    if ((code = wn_encoding_model(&o.model, &model, d->encoder, err)) != WN_OK) return code;
    if ((code = wn_outdir_create(&d->dir, c->output, c->overwrite, err)) != WN_OK) return code;
    if ((code = write_rows(d, &o, io->progress, err)) != WN_OK) return code;
    if ((code = wn_outcome_write(&o, &d->dir, &d->timings, io->progress, err)) != WN_OK) return code;
    if ((code = wn_outdir_commit(&d->dir, err)) != WN_OK) return code;
    wn_encoder_commit(d->encoder);
    wn_sayf(io, "%s: %zu of %zu kept; %zu copies dropped, in %zu groups", c->output, o.n - o.dropped, o.n, o.dropped,
            o.groups);
    if (o.mixed)
        wn_sayf(io, "note: %zu of the groups %s different labels (conflicts.tsv lists them); the label of the one that "
                "is kept counts", o.mixed, o.mixed == 1 ? "has" : "have");
    return WN_OK;
}

/* What it will take; --dry-run prints it. */
static wn_code plan_dedup(const deduping *d, const wn_config *c, size_t n, size_t need, wn_io *io, wn_err *err) {
    char a[32];
    wn_memory_of of = d->rows.corpus.nsources ? WN_OF_RECORDS : WN_OF_MATRIX;
    if (c->dry_run)
        wn_printf(io, "would look for %s copies among %zu rows and write %s\nmemory: about %s\n",
                  c->dedup == WN_DEDUP_NEAR ? "near" : "exact", n, c->output, wn_bytes_text(need, a));
    return wn_memory_require(c->memory, need, "looking for copies", of, err);
}

static wn_code find_near(deduping *d, const wn_config *c, wn_io *io, wn_err *err) {
    wn_code code = wn_copies_near(&d->copies, &d->vectors.x, &no_lists, c->dedup_threshold, io, err);
    if (code != WN_OK) return code;
    wn_timings_lap(&d->timings, "near_duplicates");
    return WN_OK;
}

static wn_code dedup_records(deduping *d, const wn_config *c, wn_io *io, wn_err *err) {
    wn_corpus corpus = {0};
    wn_code code = wn_encode_open(&d->encoder, c, err);
    if (code != WN_OK) goto out;
    if ((code = wn_corpus_take(&corpus, c, true, io, err)) != WN_OK) goto out;
    if ((code = wn_rows_take(&d->rows, &corpus, err)) != WN_OK) goto out;
    wn_timings_lap(&d->timings, "read");
    const wn_view *rows = &d->rows.view;
    bool near = c->dedup == WN_DEDUP_NEAR && rows->n > 0;
    size_t need = rows->n * 96 + (16u << 20);
    if (near)
        need += wn_encoder_memory(d->encoder, rows->n, (size_t)(rows->texts.off[rows->n] - rows->texts.off[0]), true);
    if ((code = plan_dedup(d, c, rows->n, need, io, err)) != WN_OK || c->dry_run) goto out;
    if ((code = wn_copies_exact(&d->copies, rows, &no_lists, c->dedup, io, err)) != WN_OK) goto out;
    wn_timings_lap(&d->timings, "exact_duplicates");
    if (near) {
        code = wn_encoding_kept(&d->vectors.x, d->encoder, c, &rows->texts, &d->copies, NULL, io, err);
        if (code != WN_OK) goto out;
        wn_timings_lap(&d->timings, "encode");
        if ((code = find_near(d, c, io, err)) != WN_OK) goto out;
    }
    code = write_outcome(d, c, io, err);
out:
    wn_corpus_free(&corpus);
    return code;
}

/* The folder names rows by their ids alone. */
static wn_code check_ids(const wn_config *c, const wn_texts *ids, wn_err *err) {
    wn_repeated_ids r;
    wn_code code = wn_ids_repeated(&r, ids, err);
    if (code != WN_OK || r.n == 0) return code;
    size_t n = (size_t)(ids->off[r.first + 1] - ids->off[r.first]);
    return wn_err_set(err, WN_EINPUT,
                      "%s: \"%.*s\" is the id of two rows, %zu and %zu (from 0): what is a copy of what is told by "
                      "ids, which must differ", c->inputs[0], (int)wn_cut_text(ids->base + ids->off[r.first], n, 80),
                      ids->base + ids->off[r.first], r.first, r.second);
}

static wn_code dedup_matrix(deduping *d, const wn_config *c, wn_io *io, wn_err *err) {
    wn_matrices in = {0};
    if (c->dedup != WN_DEDUP_NEAR)
        return wn_err_set(err, WN_EUSAGE,
                          "%s is a matrix, which holds no texts to compare: give a cosine, --dedup 0.95", c->inputs[0]);
    wn_code code = wn_matrices_open(&in, c->inputs, 1, c->dataset, err);
    if (code != WN_OK) goto out;
    size_t need = (32u << 20) + in.rows * (in.cols + 15) * 4 + in.rows * 96;
    if ((code = plan_dedup(d, c, in.rows, need, io, err)) != WN_OK || c->dry_run) goto out;
    if ((code = wn_rows_matrices(&d->rows, &in, true, io, err)) != WN_OK) goto out;
    if ((code = check_ids(c, &d->rows.view.ids, err)) != WN_OK) goto out;
    if ((code = wn_rows_hash(&d->rows, err)) != WN_OK) goto out;
    if ((code = wn_matrices_read_all(&in, &d->vectors.x, err)) != WN_OK) goto out;
    d->vectors.zero_rows = wn_mat_normalize(&d->vectors.x);
    wn_timings_lap(&d->timings, "read");
    if ((code = wn_copies_exact(&d->copies, &d->rows.view, &no_lists, c->dedup, io, err)) != WN_OK) goto out;
    if ((code = find_near(d, c, io, err)) != WN_OK) goto out;
    if ((code = write_outcome(d, c, io, err)) != WN_OK) goto out;
    wn_shards_say(&in, io);
out:
    wn_matrices_close(&in);
    return code;
}

static void deduping_free(deduping *d) {
    wn_outdir_abort(&d->dir);
    wn_rows_free(&d->rows);
    wn_copies_free(&d->copies);
    wn_encoder_close(d->encoder);
    wn_vectors_free(&d->vectors);
    wn_free(d->rank);
    wn_free(d->sim);
}

wn_code wn_dedup(const wn_config *c, wn_io *io, wn_err *err) {
    deduping d = {.timings = wn_timings_start()};
    bool is_matrix = false;
    if (c->dedup == WN_DEDUP_OFF) return wn_err_set(err, WN_EUSAGE, "--dedup off leaves nothing to do");
    for (size_t i = 0; i < c->ninputs; i++) is_matrix = is_matrix || wn_input_is_matrix(c->inputs[i]);
    if (is_matrix && c->ninputs > 1)
        return wn_err_set(err, WN_EUSAGE, "one matrix at a time, and no records beside it");
    wn_code code = wn_config_check_output(c, err);
    if (code != WN_OK) goto out;
    code = is_matrix ? dedup_matrix(&d, c, io, err) : dedup_records(&d, c, io, err);
out:
    deduping_free(&d);
    return code;
}
