/* manifest.json: what was done, from what, with which outcome. Everything but "this_run" is the same for equal input,
 * configuration and version. */
#include "manifest_doc.h"
#include "stages/unknown.h"
#include "writer.h"

#include <math.h>
#include <stdio.h>
#include <winnow/mem.h>

/* What made the vectors, where a model did. */
static void add_model(wn_manifest_doc *d, const wn_outcome_model *m) {
    cJSON *o = wn_doc_object(d, d->root, "model");
    wn_doc_path(d, o, m->path);
    wn_doc_text(d, o, "sha256", m->sha256);
    wn_doc_text(d, o, "precision", m->precision);
    wn_doc_count(d, o, "texts", m->texts);
    wn_doc_count(d, o, "tokens", m->tokens);
    wn_doc_count(d, o, "truncated", m->truncated);
    wn_doc_count(d, o, "equal", m->equal);
}

static void add_counts(wn_manifest_doc *d, const wn_outcome *r) {
    cJSON *o = wn_doc_object(d, d->root, "counts");
    wn_doc_count(d, o, "read", r->n);
    if (r->chosen) {
        wn_doc_count(d, o, "asked", r->wanted);
        wn_doc_count(d, o, "chosen", r->k);
        wn_doc_count(d, o, "not_chosen", r->n - r->k);
    }
    wn_doc_count(d, o, "copies_dropped", r->dropped);
    wn_doc_count(d, o, "copy_groups", r->groups);
    wn_doc_count(d, o, "copy_groups_of_different_labels", r->mixed);
    wn_doc_count(d, o, "distinct", r->n - r->dropped);
    wn_doc_count(d, o, "skipped", r->skipped);
    wn_doc_count(d, o, "empty", r->empty);
    wn_doc_count(d, o, "zero_vectors", r->zero_rows);
    wn_doc_count(d, o, "must_keep", r->nkeep);
    wn_doc_count(d, o, "excluded", r->nexclude);
    wn_doc_count(d, o, "labels", r->rows.nlabels);
}

static void add_warning(wn_manifest_doc *d, cJSON *list, const char *warning) {
    if (!d->failed) d->failed |= !cJSON_AddItemToArray(list, cJSON_CreateString(warning));
}

/* What a reader of the outcome should not overlook. */
static void add_warnings(wn_manifest_doc *d, const wn_outcome *r) {
    char warning[WN_UNKNOWN_SIZE];
    size_t labelled = 0;
    cJSON *list = cJSON_AddArrayToObject(d->root, "warnings");
    d->failed |= !list;
    bool words = r->rows.texts.n > 0 && (r->encoder || !r->chosen);
    if (wn_unknown_warning(warning, r->zero_rows, r->n, words, r->chosen != NULL)) add_warning(d, list, warning);
    if (r->objective != WN_CLASS_HERDING || !r->rows.label) return;
    for (size_t i = 0; i < r->n; i++) labelled += r->rows.label[i] < r->rows.nlabels;
    if (wn_classes_warning(warning, r->rows.nlabels, labelled)) add_warning(d, list, warning);
}

/* How many rows each round had, and what its sums were over. */
static void add_parts(wn_manifest_doc *d, cJSON *in, const wn_outcome *r) {
    cJSON *o = wn_doc_object(d, in, "partitions");
    wn_doc_count(d, o, "parts", r->parts);
    wn_doc_text(d, o, "by", wn_partitioning_name(r->parts_by));
    wn_doc_count(d, o, "candidates", r->rounds.candidates);
    wn_doc_count(d, o, "sampled_rows", r->rounds.sampled);
    wn_doc_count(d, o, "best_part", r->rounds.part);
}

/* What was chosen together, and how far the budget went. */
static void add_limits(wn_manifest_doc *d, cJSON *in, const wn_outcome_limits *l) {
    if (!l->groups && !(l->budget > 0) && !(l->max_similarity > 0) && !l->had) return;
    cJSON *o = wn_doc_object(d, in, "limits");
    if (l->groups) wn_doc_count(d, o, "groups", l->groups);
    if (l->groups) wn_doc_count(d, o, "per_group", l->per_group);
    if (l->budget > 0) wn_doc_exact(d, o, "budget", l->budget);
    if (l->budget > 0) wn_doc_exact(d, o, "spent", l->spent);
    if (l->budget > 0) wn_doc_real(d, o, "cost_power", l->cost_power);
    if (l->max_similarity > 0) wn_doc_real(d, o, "max_similarity", l->max_similarity);
    if (l->had) wn_doc_count(d, o, "had", l->had);
}

static void add_selection(wn_manifest_doc *d, const wn_outcome *r) {
    cJSON *o = wn_doc_object(d, d->root, "selection");
    wn_doc_text(d, o, "encoder", r->encoder ? r->encoder : "");
    wn_doc_count(d, o, "dimensions", r->x->cols);
    wn_doc_text(d, o, "objective", wn_objective_name(r->objective));
    wn_doc_text(d, o, "similarity", wn_kernel_name(r->similarity));
    if (r->components) wn_doc_count(d, o, "components", r->components);
    wn_doc_real(d, o, "variance_explained", r->explained);
    wn_doc_real(d, o, "gamma", r->gamma);
    if (isfinite(r->radius)) wn_doc_real(d, o, "radius", r->radius);
    wn_doc_real(d, o, "median_distance", r->gamma_median);
    wn_doc_real(d, o, "lambda", r->k ? r->lambda : NAN);
    if (isfinite(r->saturation)) wn_doc_real(d, o, "saturation", r->saturation);
    wn_doc_text(d, o, "storage", wn_storage_name(r->storage));
    if (r->maximizer != WN_MAXIMIZER_AUTO) wn_doc_text(d, o, "maximizer", wn_maximizer_name(r->maximizer));
    if (r->objective == WN_FACILITY_LOCATION) wn_doc_real(d, o, "cut_off", r->cut_off);
    if (r->objective == WN_CLASS_HERDING) wn_doc_real(d, o, "quota_power", r->quota_power);
    if (r->objective == WN_CLASS_HERDING) wn_doc_real(d, o, "push", r->push);
    if (r->objective == WN_CLASS_HERDING) wn_doc_real(d, o, "label_noise", r->label_noise);
    if (r->summed) wn_doc_count(d, o, "sum_rows", r->summed);
    if (r->summed) wn_doc_real(d, o, "sum_error", r->sum_error);
    if (r->parts) add_parts(d, o, r);
    add_limits(d, o, &r->limits);
    if (r->by_coverage) wn_doc_text(d, o, "order", "coverage");
    wn_doc_count(d, o, "gains_negative_from", r->negative_from);
    wn_doc_real(d, o, "value", r->k ? r->value[r->k - 1] : NAN);
    wn_doc_exact(d, o, "bound", r->bound);
    wn_doc_real(d, o, "certified", wn_outcome_certified(r));
    wn_doc_real(d, o, "coverage", r->npoints ? r->coverage[r->npoints - 1] : NAN);
    wn_doc_real(d, o, "coverage_random", r->npoints ? r->coverage_random[r->npoints - 1] : NAN);
}

/* What rows were chosen toward. */
static void add_query(wn_manifest_doc *d, const wn_outcome_query *q) {
    cJSON *o = wn_doc_object(d, d->root, "query");
    wn_doc_path(d, o, q->path);
    if (q->format) wn_doc_text(d, o, "format", q->format);
    wn_doc_count(d, o, "bytes", q->bytes);
    wn_doc_count(d, o, q->format ? "records" : "rows", q->n);
    wn_doc_text(d, o, "sha256", q->sha256);
    wn_doc_count(d, o, "zero_vectors", q->zero);
    wn_doc_count(d, o, "in_pool", q->in_pool);
    wn_doc_text(d, o, "method", wn_objective_name(q->method));
    wn_doc_real(d, o, "weight", q->weight);
    wn_doc_real(d, o, "alpha", q->alpha);
    wn_doc_count(d, o, "chosen", q->chosen);
    wn_doc_real(d, o, "mean_cosine", q->cosine);
    wn_doc_real(d, o, "mean_cosine_random", q->cosine_random);
}

static void add_estimate(wn_manifest_doc *d, cJSON *in, const char *name, const wn_estimate *e) {
    cJSON *o = wn_doc_object(d, in, name);
    wn_doc_real(d, o, "expected", e->mean);
    wn_doc_real(d, o, "low", e->low);
    wn_doc_real(d, o, "high", e->high);
}

static void add_verdict(wn_manifest_doc *d, const wn_worth *w) {
    cJSON *o = wn_doc_object(d, d->root, "verdict");
    char text[WN_WORTH_TEXT];
    wn_worth_text(text, w);
    wn_doc_text(d, o, "sentence", text);
    wn_doc_text(d, o, "verdict", w->none[0] ? "none" : wn_verdict_word(w->verdict));
    wn_doc_text(d, o, "why_none", w->none);
    add_estimate(d, o, "accuracy", &w->chosen);
    add_estimate(d, o, "accuracy_random", &w->random);
    add_estimate(d, o, "accuracy_all", &w->all);
    if (w->limited) d->failed |= !cJSON_AddTrueToObject(o, "random_under_limits");
    add_estimate(d, o, "gain", &w->gain);
    wn_doc_real(d, o, "accuracy_guess", w->guess);
    wn_doc_real(d, o, "p", w->p);
    wn_doc_count(d, o, "folds", w->folds);
    wn_doc_count(d, o, "held_out", w->held_out);
    wn_doc_count(d, o, "rows", w->rows);
    wn_doc_count(d, o, "all_folds", w->all_folds);
    wn_doc_count(d, o, "all_rows", w->all_rows);
    wn_doc_count(d, o, "all_of", w->of);
    wn_doc_real(d, o, "c", w->c);
}

/* To the last bit: the report is written again from it. */
static void add_curve(wn_manifest_doc *d, cJSON *in, const char *name, const double *v, size_t n) {
    char digits[40];
    cJSON *list = cJSON_AddArrayToObject(in, name);
    d->failed |= !list;
    for (size_t i = 0; i < n && !d->failed; i++) {
        (void)snprintf(digits, sizeof digits, "%.17g", v[i]);
        cJSON *item = cJSON_CreateRaw(digits);
        d->failed |= !item || !cJSON_AddItemToArray(list, item);
    }
}

static void add_list(wn_manifest_doc *d, cJSON *in, const char *name, const size_t *v, size_t n) {
    cJSON *list = cJSON_AddArrayToObject(in, name);
    d->failed |= !list;
    for (size_t i = 0; i < n && !d->failed; i++) {
        cJSON *item = cJSON_CreateNumber((double)v[i]);
        d->failed |= !item || !cJSON_AddItemToArray(list, item);
    }
}

static void add_curves(wn_manifest_doc *d, const wn_outcome *r) {
    cJSON *o = wn_doc_object(d, d->root, "curves");
    add_list(d, o, "k", r->points, r->npoints);
    add_curve(d, o, "coverage", r->coverage, r->npoints);
    add_curve(d, o, "coverage_random", r->coverage_random, r->npoints);
    if (r->value_random) add_curve(d, o, "value_random", r->value_random, r->npoints);
    if (r->nearest_random) add_list(d, o, "nearest_random", r->nearest_random, WN_CURVE_BINS);
}

static void add_this_run(wn_manifest_doc *d, const wn_outcome *r, const wn_timings *t) {
    cJSON *o = wn_doc_this_run(d);
    wn_doc_text(d, o, "day", t->day);
    cJSON *s = wn_doc_object(d, o, "seconds");
    for (size_t i = 0; i < t->n; i++) wn_doc_seconds(d, s, t->stages[i].name, t->stages[i].seconds);
    wn_doc_seconds(d, s, "total", wn_now() - t->started);
    if (r->model) {
        wn_doc_count(d, o, "vectors_resumed", r->model->resumed);
        wn_doc_count(d, o, "tokens_computed", r->model->computed_tokens);
        wn_doc_real(d, o, "tokens_per_second", r->model->tokens_per_second);
    }
    wn_doc_count(d, o, "peak_memory_bytes", wn_mem_peak());
}

wn_code wn_manifest_write(const wn_outcome *r, const wn_manifest_part *part, wn_outdir *dir, const wn_timings *t,
                          wn_err *err) {
    wn_manifest_doc d = wn_doc_begin(r->command, r->config, r->seed);
    wn_doc_inputs(&d, r->inputs, r->ninputs);
    if (r->model) add_model(&d, r->model);
    if (part) {
        wn_doc_raw(&d, d.root, part->name, part->json);
    } else {
        add_counts(&d, r);
        add_warnings(&d, r);
        if (r->chosen) add_selection(&d, r);
        if (r->query) add_query(&d, r->query);
        if (r->worth) add_verdict(&d, r->worth);
        add_curves(&d, r);
    }
    wn_doc_outputs(&d, dir);
    wn_doc_versions(&d);
    add_this_run(&d, r, t);
    return wn_doc_write(&d, dir, err);
}
