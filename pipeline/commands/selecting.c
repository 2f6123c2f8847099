#include "selecting.h"

#include "input.h"
#include "options.h"
#include "stages/memory.h"
#include "stages/say.h"

#include <math.h>
#include <stdio.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>

/* The classes of the rows that are no copies so far: before texts are encoded, so that a wrong --quota costs nothing,
 * and again without io when near copies are gone. */
static wn_code find_classes(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_class_opts o = wn_config_classes(c);
    o.wanted = s->opts.wanted - s->lists.nkeep; /* rows to keep come whatever their class shares */
    wn_class_labels_free(&s->classes);
    s->opts.classes = &s->classes;
    return wn_class_labels_make(&s->classes, &s->rows.view, &s->copies, &o, io, err);
}

wn_code wn_selecting_begin(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    const wn_lists_opts lists = wn_config_lists(c);
    const wn_size_opts size = wn_config_size(c);
    const wn_corpus *in = &s->rows.corpus;
    size_t wanted = 0;
    if (c->annotate && in->nsources && in->sources[0].format == WN_TXT)
        return wn_err_set(err, WN_EUSAGE, "--annotate: plain text has no place for it; use jsonl, csv or tsv");
    wn_code code = wn_lists_read(&s->lists, &s->rows.view, &lists, err);
    if (code != WN_OK) return code;
    if ((code = wn_copies_exact(&s->copies, &s->rows.view, &s->lists, c->dedup, io, err)) != WN_OK) return code;
    if (in->nsources) wn_timings_lap(&s->timings, "exact_duplicates");
    if ((code = wn_choice_size(&wanted, &size, s->rows.view.n, &s->lists, err)) != WN_OK) return code;
    s->opts = wn_config_choice(c, wanted);
    s->opts.partition.label = s->rows.view.label;
    if (c->partitions && c->partition_by == WN_PART_LABEL && !s->rows.view.label)
        return wn_err_set(err, WN_EUSAGE, "--partition-by label: the rows have no labels");
    if (c->query_path && (code = wn_querying_read(&s->query, c, s->in.cols, io, err)) != WN_OK) return code;
    if (c->query_path) s->opts.query = &s->query.x;
    return s->opts.objective == WN_CLASS_HERDING ? find_classes(s, c, io, err) : WN_OK;
}

/* ---- plan ---- */

static void print_plan(const wn_selecting *s, const wn_config *c, const wn_plan *p, size_t dims, wn_io *io) {
    char a[32], b[32];
    size_t n = s->copies.n, m = s->copies.m, wanted = s->opts.wanted;
    wn_printf(io, "rows      %zu read, %zu after exact duplicates\n", n, m);
    if (s->rows.view.texts.n) wn_printf(io, "text      %s\n", wn_bytes_text(p->text, a));
    wn_printf(io, "vectors   %zu x %zu, %s\n", m, dims, wn_bytes_text(p->vectors, a));
    wn_printf(io, "choose    %zu of %zu by %s\n", wanted < m ? wanted : m, n, wn_objective_name(s->opts.objective));
    wn_printf(io, "memory    about %s of %s\n", wn_bytes_text(p->need, a),
              wn_bytes_text(wn_memory_budget(c->memory), b));
    wn_printf(io, "disk      about %s in %s\n", wn_bytes_text(p->disk, a), c->output);
    if (p->seconds < 90)
        wn_printf(io, "time      about %.*f s\n", p->seconds < 10 ? 1 : 0, p->seconds);
    else
        wn_printf(io, "time      about %.0f min\n", ceil(p->seconds / 60));
}

wn_code wn_selecting_plan(const wn_selecting *s, const wn_config *c, const wn_plan_opts *o, wn_io *io, wn_err *err) {
    wn_plan_opts with = *o;
    with.verdict = !c->no_verdict;
    const wn_plan plan = wn_plan_make(&s->rows, &s->copies, &s->opts, &with);
    char what[96];
    (void)snprintf(what, sizeof what, "choosing %zu of %zu rows", s->opts.wanted, s->copies.n);
    if (c->dry_run) print_plan(s, c, &plan, o->dims, io);
    wn_memory_of of = s->rows.corpus.nsources ? WN_OF_RECORDS : WN_OF_MATRIX;
    return wn_memory_require(c->memory, plan.need, what, of, err);
}

/* ---- choice ---- */

static bool wants_verdict(const wn_selecting *s, const wn_config *c) {
    return !c->no_verdict && s->rows.view.label && s->rows.view.nlabels > 0;
}

/* Before rows of dot products are normalised: what is chosen again is chosen from the same rows. */
static wn_code measure_worth(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    if (!wants_verdict(s, c) || s->choice.k == 0) return WN_OK;
    const wn_chosen chosen = {&s->copies, &s->rows.view, &s->lists, &s->opts, &s->choice, s->encoder};
    const wn_code code = wn_worth_measure(&s->worth, &s->vectors, &chosen, io, err);
    if (code != WN_OK) return code;
    s->judged = true;
    wn_timings_lap(&s->timings, "verdict");
    return WN_OK;
}

wn_code wn_selecting_prepare(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    const wn_kernel_opts kernel = wn_config_kernel(c);
    wn_vectors *v = &s->vectors;
    wn_code code;
    wn_inputs_replayed_say(c, s->rows.inputs, s->rows.ninputs, io);
    wn_inputs_replayed_say(c, s->query.rows.inputs, s->query.rows.ninputs, io);
    if (c->dedup == WN_DEDUP_NEAR) {
        if ((code = wn_copies_near(&s->copies, &v->x, &s->lists, c->dedup_threshold, io, err)) != WN_OK) return code;
        wn_timings_lap(&s->timings, "near_duplicates");
    }
    if ((code = wn_vectors_scan(v, &s->copies, err)) != WN_OK) return code;
    if ((code = wn_space_make(v, &s->copies, &s->opts.space, io, err)) != WN_OK) return code;
    if (c->query_path && (code = wn_querying_look(&s->query, s->encoder != NULL, io, err)) != WN_OK) return code;
    code = wn_kernel_choose(&s->opts.kernel, &s->gamma_median, v, &s->copies, &kernel, io, err);
    if (code != WN_OK) return code;
    if (s->opts.classes) {
        if (c->dedup == WN_DEDUP_NEAR && (code = find_classes(s, c, NULL, err)) != WN_OK) return code;
        code = wn_push_choose(&s->classes, v, &s->copies, c->push, c->seed, err);
        if (code != WN_OK) return code;
    }
    size_t budget = wn_memory_budget(c->memory), held = wn_plan_held(&s->rows, v, s->opts.query);
    s->opts.memory = budget > held ? budget - held : 1;
    return WN_OK;
}

wn_code wn_selecting_choose(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_vectors *v = &s->vectors;
    wn_code code;
    if ((code = wn_choice_make(&s->choice, v, &s->copies, &s->lists, &s->opts, io, err)) != WN_OK) return code;
    wn_timings_lap(&s->timings, "select");
    if ((code = measure_worth(s, c, io, err)) != WN_OK) return code;
    /* what stands for what is measured by cosine */
    if (s->opts.kernel.kind == WN_DOT && s->choice.k > 0) (void)wn_mat_normalize(&v->x);
    code = wn_representatives_find(&s->who, &s->curves, v, &s->copies, &s->choice, io, err);
    if (code != WN_OK) return code;
    if (s->choice.k > 0) {
        code = wn_curves_random(&s->curves, v, &s->copies, &s->choice, &s->opts, io, err);
        if (code != WN_OK) return code;
    }
    if (c->query_path) {
        code = wn_querying_find(&s->query, &s->rows.view, &s->copies, v, &s->choice, io, err);
        if (code != WN_OK) return code;
    }
    wn_timings_lap(&s->timings, "assign");
    return wn_copies_labels(&s->copies, &s->rows.view, err);
}

/* ---- outcome ---- */

/* The columns that are made for the file alone, [n]: whether each row was chosen, and its gain; which rows the lists
 * name, NULL where they name none. */
typedef struct {
    bool *selected, *keep, *exclude;
    double *gain;
} own_columns;

static wn_code fill_listed(bool **out, const size_t *rows, size_t nrows, size_t n, wn_err *err) {
    if (nrows == 0) return WN_OK;
    if (!(*out = wn_alloc(n, sizeof **out, err))) return WN_EMEMORY;
    for (size_t i = 0; i < nrows; i++) (*out)[rows[i]] = true;
    return WN_OK;
}

static wn_code fill_columns(own_columns *out, const wn_selecting *s, wn_err *err) {
    size_t n = s->copies.n;
    wn_code code;
    out->selected = wn_alloc(n, sizeof *out->selected, err);
    out->gain = wn_alloc(n, sizeof *out->gain, err);
    if (!out->selected || !out->gain) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        size_t rank = s->choice.rank[i];
        out->selected[i] = rank != WN_NONE;
        out->gain[i] = out->selected[i] ? s->choice.selection.gain[rank - 1] : NAN;
    }
    if ((code = fill_listed(&out->keep, s->lists.keep, s->lists.nkeep, n, err)) != WN_OK) return code;
    return fill_listed(&out->exclude, s->lists.exclude, s->lists.nexclude, n, err);
}

/* A view of what the stages made. */
static wn_outcome outcome_of(const wn_selecting *s, const wn_config *c) {
    const wn_selection *chosen = &s->choice.selection;
    const wn_kernel *kernel = &s->opts.kernel;
    return (wn_outcome){.version = WINNOW_VERSION,
                        .command = wn_config_command(c),
                        .config = wn_config_json(c),
                        .day = s->timings.day,
                        .seed = c->seed,
                        .inputs = s->rows.inputs,
                        .ninputs = s->rows.ninputs,
                        .encoder = s->encoder && s->encoder->ready ? s->encoder->title : NULL,
                        .objective = s->opts.objective,
                        .similarity = kernel->kind,
                        .storage = chosen->storage,
                        .maximizer = chosen->maximizer,
                        .lambda = s->opts.objective == WN_GRAPH_CUT ? chosen->lambda : NAN,
                        .saturation = s->opts.objective == WN_SATURATED_COVERAGE ? chosen->saturation : NAN,
                        .gamma = kernel->kind == WN_RBF ? kernel->gamma : NAN,
                        .gamma_median = s->gamma_median,
                        .components = s->vectors.space.cols,
                        .explained = s->vectors.space.cols ? s->vectors.explained : NAN,
                        .cut_off = s->opts.objective == WN_FACILITY_LOCATION ? chosen->cut_off : NAN,
                        .bound = chosen->bound,
                        .push = s->opts.classes ? s->classes.push : NAN,
                        .quota_power = s->classes.share ? NAN : s->classes.power,
                        .label_noise = s->opts.classes ? s->classes.noise : NAN,
                        .worth = s->judged ? &s->worth : NULL,
                        .n = s->copies.n,
                        .k = s->choice.k,
                        .wanted = s->opts.wanted,
                        .dropped = s->copies.dropped,
                        .groups = s->copies.groups,
                        .mixed = s->copies.mixed,
                        .skipped = s->rows.corpus.skipped,
                        .empty = s->rows.corpus.empty,
                        .zero_rows = s->vectors.zero_rows,
                        .nkeep = s->lists.nkeep,
                        .nexclude = s->lists.nexclude,
                        .rows = s->rows.view,
                        .places = s->rows.places,
                        .x = &s->vectors.x,
                        .x_row = s->copies.x_row,
                        .column = {.rank = s->choice.rank,
                                   .represented_by = s->who.by,
                                   .represented_sim = s->who.sim,
                                   .copy_of = s->copies.copy_of,
                                   .query = s->query.of_row,
                                   .query_sim = s->query.sim},
                        .chosen = s->choice.chosen,
                        .query = s->query.rows.view.n ? &s->query.outcome : NULL,
                        .gain = chosen->gain,
                        .value = chosen->objective,
                        .n_represented = s->who.count,
                        .negative_from = chosen->negative_from,
                        .by_coverage = chosen->by_coverage,
                        .parts = s->opts.partition.parts,
                        .parts_by = s->opts.partition.by,
                        .rounds = s->choice.rounds,
                        .npoints = s->curves.n,
                        .points = s->curves.k,
                        .coverage = s->curves.coverage,
                        .coverage_random = s->curves.coverage_random,
                        .nearest_random = s->choice.k ? s->curves.nearest_random : NULL,
                        .value_random = s->curves.has_value_random ? s->curves.value_random : NULL};
}

static bool zeros_are_last(const wn_selecting *s) {
    size_t left = 0;
    for (size_t i = 0; i < s->copies.m; i++) left += s->vectors.zero[i];
    return left <= s->copies.m - s->choice.k;
}

wn_code wn_selecting_write(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_outcome o = outcome_of(s, c);
    wn_outcome_model model;
    const wn_records_out_opts records = wn_config_records_out(c);
    own_columns own = {0};
    wn_code code = fill_columns(&own, s, err);
    if (code != WN_OK) goto out;
    o.column.selected = own.selected;
    o.column.gain = own.gain;
    o.column.must_keep = own.keep;
    o.column.excluded = own.exclude;
    if ((code = wn_encoding_model(&o.model, &model, s->encoder, err)) != WN_OK) goto out;
    if ((code = wn_outdir_create(&s->dir, c->output, c->overwrite, err)) != WN_OK) goto out;
    if (s->rows.corpus.nsources) {
        code = wn_outcome_records(&o, &s->rows.corpus, &records, &s->dir, io->progress, err);
        if (code != WN_OK) goto out;
        wn_timings_lap(&s->timings, "records");
    }
    if ((code = wn_outcome_write(&o, &s->dir, &s->timings, io->progress, err)) != WN_OK) goto out;
    if ((code = wn_outdir_commit(&s->dir, err)) != WN_OK) goto out;
    wn_encoder_commit(s->encoder);
    wn_summary_say(c, &o, zeros_are_last(s), io);
out:
    wn_free(own.selected);
    wn_free(own.gain);
    wn_free(own.keep);
    wn_free(own.exclude);
    return code;
}

void wn_selecting_free(wn_selecting *s) {
    wn_outdir_abort(&s->dir);
    wn_rows_free(&s->rows);
    wn_lists_free(&s->lists);
    wn_copies_free(&s->copies);
    wn_encoder_close(s->encoder);
    wn_matrices_close(&s->in);
    wn_vectors_free(&s->vectors);
    wn_querying_free(&s->query);
    wn_class_labels_free(&s->classes);
    wn_choice_free(&s->choice);
    wn_representatives_free(&s->who);
}
