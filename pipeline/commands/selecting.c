#include "selecting.h"

#include "input.h"
#include "options.h"
#include "starting.h"
#include "stages/memory.h"
#include "stages/numbers.h"
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
    if (s->opts.objective != WN_CLASS_HERDING) o.chooser = "--quota";
    wn_class_labels_free(&s->classes);
    s->opts.classes = &s->classes;
    return wn_class_labels_make(&s->classes, &s->rows.view, &s->copies, &o, io, err);
}

/* Values and weights, before anything is encoded. */
static wn_code read_numbers(wn_selecting *s, const wn_config *c, wn_err *err) {
    const wn_corpus *records = &s->rows.corpus;
    const wn_number_field value = {c->value_field, "--value-field", -1e6, 1e6,
                                   wn_input_more(records, &s->in, c, "--value-field")},
                          weight = {c->weight_field, "--weight-field", 0, 1e12,
                                    wn_input_more(records, &s->in, c, "--weight-field")};
    wn_code code = WN_OK;
    if (c->value_field) code = wn_numbers_read(&s->value, &s->rows, &s->in, &value, err);
    if (code == WN_OK && c->weight_field) code = wn_numbers_read(&s->weight, &s->rows, &s->in, &weight, err);
    if (code != WN_OK || !s->weight) return code;
    for (size_t i = 0; i < s->rows.view.n; i++)
        if (s->weight[i] > 0) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "--weight-field %.60s: every row has 0, so that none is to be represented",
                      c->weight_field);
}

/* The same of the rows of the matrix, now that it is known which they are. */
static wn_code keep_numbers(wn_selecting *s, const wn_config *c, wn_err *err) {
    wn_code code = WN_OK;
    if (s->value) code = wn_numbers_of_kept(&s->kept_value, s->value, c->value_weight, &s->copies, err);
    if (code == WN_OK && s->weight) code = wn_numbers_of_kept(&s->kept_weight, s->weight, 1, &s->copies, err);
    s->opts.value = s->kept_value, s->opts.weight = s->kept_weight;
    return code;
}

/* ---- beginning ---- */

/* k as rows: as asked, and no more than a budget buys. */
static wn_code choice_size(size_t *wanted, const wn_selecting *s, const wn_config *c, wn_err *err) {
    const wn_size_opts size = wn_config_size(c);
    size_t bought = SIZE_MAX;
    wn_code code = WN_OK;
    if (s->limiting.cost && (code = wn_limiting_rows(&bought, &s->limiting, &s->copies, err)) != WN_OK) return code;
    if (s->lists.nkeep > bought) {
        double cost = 0;
        for (size_t i = 0; i < s->lists.nkeep; i++) cost += s->limiting.cost[s->lists.keep[i]];
        return wn_err_set(err, WN_ECONSTRAINT, "the %zu rows that must be kept cost %.6g, but --budget is %.6g",
                          s->lists.nkeep, cost, s->limiting.limits.budget);
    }
    *wanted = bought;
    if (size.k > 0) code = wn_choice_size(wanted, &size, s->rows.view.n, &s->lists, err);
    if (*wanted > bought) *wanted = bought;
    return code;
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
    if (c->start_path && (code = wn_starting_read(&s->lists, &s->rows.view, c->start_path, io, err)) != WN_OK)
        return code;
    if (size.k > 0 && (code = wn_choice_size(&wanted, &size, s->rows.view.n, &s->lists, err)) != WN_OK) return code;
    s->opts = wn_config_choice(c, wanted);
    s->opts.value = wn_config_way(c).value; /* that there are any, for the plan: they are read once there is room */
    if (!s->rows.view.texts.n && wanted > 0 && (code = wn_selecting_plan_early(s, c, io, err)) != WN_OK) return code;
    if ((code = wn_copies_exact(&s->copies, &s->rows.view, &s->lists, c->dedup, io, err)) != WN_OK) return code;
    if (in->nsources) wn_timings_lap(&s->timings, "exact_duplicates");
    wn_input_both_say(in, &s->in, c, io);
    code = wn_limiting_read(&s->limiting, &s->rows, &s->in, &s->rows.corpus.texts, c, err);
    if (code != WN_OK || (code = choice_size(&wanted, s, c, err)) != WN_OK) return code;
    s->opts = wn_config_choice(c, wanted);
    if (s->limiting.any) s->opts.limits = &s->limiting.limits;
    s->opts.partition.label = s->rows.view.label;
    if (c->partitions && c->partition_by == WN_PART_LABEL && !s->rows.view.label)
        return wn_err_set(err, WN_EUSAGE, "--partition-by label: the rows have no labels");
    if (c->query_path && (code = wn_querying_read(&s->query, c, s->in.cols, io, err)) != WN_OK) return code;
    if (c->query_path) s->opts.query = &s->query.x;
    if ((code = read_numbers(s, c, err)) != WN_OK) return code;
    s->opts.value = s->value, s->opts.weight = s->weight; /* that there are any, for the plan; keep_numbers has them */
    return s->opts.objective == WN_CLASS_HERDING || c->quota ? find_classes(s, c, io, err) : WN_OK;
}

/* ---- choice ---- */

static bool wants_verdict(const wn_selecting *s, const wn_config *c) {
    return !c->no_verdict && c->similarity != WN_PRECOMPUTED && s->rows.view.label && s->rows.view.nlabels > 0;
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
    const wn_kernel_opts kernel = wn_config_kernel(c, s->opts.wanted);
    wn_vectors *v = &s->vectors;
    wn_code code;
    wn_inputs_replayed_say(c, s->rows.inputs, s->rows.ninputs, io);
    wn_inputs_replayed_say(c, s->query.rows.inputs, s->query.rows.ninputs, io);
    if (c->dedup == WN_DEDUP_NEAR) {
        if ((code = wn_copies_near(&s->copies, &v->x, &s->lists, c->dedup_threshold, io, err)) != WN_OK) return code;
        wn_timings_lap(&s->timings, "near_duplicates");
    }
    if (s->limiting.had.rows > 0) {
        v->had = s->limiting.had;
        s->limiting.had = (wn_mat){0};
    }
    if (v->had.rows > 0 && v->had.cols != v->x.cols)
        return wn_err_set(err, WN_EINPUT,
                          "--against %s has rows of %zu numbers, but those of the input have %zu: not "
                          "of one encoder",
                          c->against[0], v->had.cols, v->x.cols);
    if ((code = wn_vectors_scan(v, &s->copies, err)) != WN_OK) return code;
    if ((code = wn_space_make(v, &s->copies, &s->opts.space, io, err)) != WN_OK) return code;
    if (c->query_path && (code = wn_querying_look(&s->query, s->encoder != NULL, io, err)) != WN_OK) return code;
    code = wn_kernel_choose(&s->opts.kernel, &s->gamma_median, v, &s->copies, &kernel, io, err);
    if (code != WN_OK) return code;
    if (s->opts.classes) {
        if (c->dedup == WN_DEDUP_NEAR && (code = find_classes(s, c, NULL, err)) != WN_OK) return code;
        if (s->opts.objective == WN_CLASS_HERDING)
            code = wn_push_choose(&s->classes, v, &s->copies, c->push, c->seed, err);
        if (code != WN_OK) return code;
    }
    if ((code = keep_numbers(s, c, err)) != WN_OK) return code;
    size_t budget = wn_memory_budget(c->memory), held = wn_plan_held(&s->rows, v, &s->opts);
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
                        .passes = kernel->kind == WN_COSINE || kernel->kind == WN_DOT ? chosen->passes : 0,
                        .lambda = chosen->lambda > 0 || s->opts.objective == WN_GRAPH_CUT ? chosen->lambda : NAN,
                        .saturation = chosen->saturation > 0 ? chosen->saturation : NAN,
                        .gamma = kernel->kind == WN_RBF ? kernel->gamma : NAN,
                        .radius = kernel->kind == WN_BALL ? kernel->gamma : NAN,
                        .gamma_median = s->gamma_median,
                        .components = s->vectors.space.cols,
                        .explained = s->vectors.space.cols ? s->vectors.explained : NAN,
                        .cut_off = s->opts.objective == WN_FACILITY_LOCATION ? chosen->cut_off : NAN,
                        .bound = chosen->bound,
                        .push = s->opts.objective == WN_CLASS_HERDING ? s->classes.push : NAN,
                        .quota_power = s->classes.share ? NAN : s->classes.power,
                        .label_noise = s->opts.objective == WN_CLASS_HERDING ? s->classes.noise : NAN,
                        .worth = s->judged ? &s->worth : NULL,
                        .limits = wn_limiting_outcome(&s->limiting, s->choice.chosen, s->choice.k),
                        .n = s->copies.n,
                        .k = s->choice.k,
                        .wanted = s->limiting.cost ? s->choice.k : s->opts.wanted,
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
                                   .cost = s->limiting.cost,
                                   .query = s->query.of_row,
                                   .query_sim = s->query.sim},
                        .chosen = s->choice.chosen,
                        .query = s->query.rows.view.n ? &s->query.outcome : NULL,
                        .gain = chosen->gain,
                        .value = chosen->objective,
                        .n_represented = s->who.count,
                        .negative_from = chosen->negative_from,
                        .by_coverage = chosen->by_coverage,
                        .summed = chosen->summed,
                        .sum_error = chosen->sum_error,
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
    wn_limiting_free(&s->limiting);
    wn_choice_free(&s->choice);
    wn_representatives_free(&s->who);
    wn_free(s->value);
    wn_free(s->weight);
    wn_free(s->kept_value);
    wn_free(s->kept_weight);
}
