/* manifest.json back into an outcome. */
#include "layout.h"
#include "read_private.h"
#include "stages/whole_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>

wn_code wn_outcome_damaged(const wn_outcome *o, const char *what, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s: %s; winnow check says whether the folder is whole", o->own->folder, what);
}

const cJSON *wn_manifest_at(const wn_outcome *o, const char *group, const char *name) {
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(o->own->manifest, group);
    return name ? cJSON_GetObjectItemCaseSensitive(found, name) : found;
}

static double json_number(const cJSON *v) {
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}
static const char *json_string(const cJSON *v) {
    return cJSON_IsString(v) && v->valuestring[0] ? v->valuestring : NULL;
}

static size_t json_count(const cJSON *v) {
    double n = json_number(v);
    return n >= 0 && n < 1e15 ? (size_t)n : 0;
}

static wn_code read_inputs(wn_outcome *o, wn_err *err) {
    const cJSON *list = wn_manifest_at(o, "inputs", NULL);
    o->ninputs = (size_t)cJSON_GetArraySize(list);
    o->inputs = o->own->inputs = wn_alloc(o->ninputs, sizeof *o->own->inputs, err);
    if (!o->inputs) return WN_EMEMORY;
    for (size_t i = 0; i < o->ninputs; i++) {
        const cJSON *in = cJSON_GetArrayItem(list, (int)i);
        const char *format = json_string(cJSON_GetObjectItemCaseSensitive(in, "format"));
        o->own->inputs[i] =
            (wn_input){.path = json_string(cJSON_GetObjectItemCaseSensitive(in, "path")),
                       .sha256 = json_string(cJSON_GetObjectItemCaseSensitive(in, "sha256")),
                       .format = format,
                       .bytes = json_count(cJSON_GetObjectItemCaseSensitive(in, "bytes")),
                       .rows = json_count(cJSON_GetObjectItemCaseSensitive(in, format ? "records" : "rows"))};
        if (!o->inputs[i].path) return wn_outcome_damaged(o, "an input in manifest.json has no path", err);
    }
    return WN_OK;
}

static void read_counts(wn_outcome *o) {
    const struct {
        const char *name;
        size_t *to;
    } counts[] = {{"read", &o->n},
                  {"chosen", &o->k},
                  {"asked", &o->wanted},
                  {"copies_dropped", &o->dropped},
                  {"copy_groups", &o->groups},
                  {"copy_groups_of_different_labels", &o->mixed},
                  {"skipped", &o->skipped},
                  {"empty", &o->empty},
                  {"zero_vectors", &o->zero_rows},
                  {"must_keep", &o->nkeep},
                  {"excluded", &o->nexclude}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        *counts[i].to = json_count(wn_manifest_at(o, "counts", counts[i].name));
}

static wn_code read_selection(wn_outcome *o, wn_err *err) {
    const char *objective = json_string(wn_manifest_at(o, "selection", "objective"));
    const char *similarity = json_string(wn_manifest_at(o, "selection", "similarity"));
    if (objective && !wn_objective_named(objective, &o->objective))
        return wn_outcome_damaged(o, "manifest.json names an objective that is none", err);
    if (similarity && !wn_kernel_named(similarity, &o->similarity))
        return wn_outcome_damaged(o, "manifest.json names a similarity that is none", err);
    o->encoder = json_string(wn_manifest_at(o, "selection", "encoder"));
    o->lambda = json_number(wn_manifest_at(o, "selection", "lambda"));
    o->saturation = json_number(wn_manifest_at(o, "selection", "saturation"));
    const double components = json_number(wn_manifest_at(o, "selection", "components"));
    o->components = components >= 1 ? (size_t)components : 0; /* not for NaN */
    o->explained = json_number(wn_manifest_at(o, "selection", "variance_explained"));
    o->gamma = json_number(wn_manifest_at(o, "selection", "gamma"));
    o->radius = json_number(wn_manifest_at(o, "selection", "radius"));
    o->gamma_median = json_number(wn_manifest_at(o, "selection", "median_distance"));
    o->push = json_number(wn_manifest_at(o, "selection", "push"));
    const cJSON *power = wn_manifest_at(o, "selection", "quota_power"); /* earlier versions did not say */
    o->quota_power = power ? json_number(power) : -1;
    o->label_noise = json_number(wn_manifest_at(o, "selection", "label_noise"));
    o->cut_off = json_number(wn_manifest_at(o, "selection", "cut_off"));
    o->bound = json_number(wn_manifest_at(o, "selection", "bound"));
    o->by_coverage = wn_manifest_at(o, "selection", "order") != NULL;
    o->negative_from = json_count(wn_manifest_at(o, "selection", "gains_negative_from"));
    const cJSON *limits = wn_manifest_at(o, "selection", "limits");
    const double budget = json_number(cJSON_GetObjectItemCaseSensitive(limits, "budget"));
    o->limits.budget = budget > 0 ? budget : 0; /* not for NaN */
    o->limits.had = json_count(cJSON_GetObjectItemCaseSensitive(limits, "had"));
    return WN_OK;
}

static wn_code read_query(wn_outcome *o, wn_err *err) {
    const char *method = json_string(wn_manifest_at(o, "query", "method"));
    wn_outcome_query *q = &o->own->query;
    if (!wn_manifest_at(o, "query", NULL)) return WN_OK;
    *q = (wn_outcome_query){.path = json_string(wn_manifest_at(o, "query", "path")),
                            .sha256 = json_string(wn_manifest_at(o, "query", "sha256")),
                            .format = json_string(wn_manifest_at(o, "query", "format")),
                            .bytes = json_count(wn_manifest_at(o, "query", "bytes")),
                            .zero = json_count(wn_manifest_at(o, "query", "zero_vectors")),
                            .in_pool = json_count(wn_manifest_at(o, "query", "in_pool")),
                            .weight = json_number(wn_manifest_at(o, "query", "weight")),
                            .alpha = json_number(wn_manifest_at(o, "query", "alpha")),
                            .chosen = json_count(wn_manifest_at(o, "query", "chosen")),
                            .cosine = json_number(wn_manifest_at(o, "query", "mean_cosine")),
                            .cosine_random = json_number(wn_manifest_at(o, "query", "mean_cosine_random"))};
    q->n = json_count(wn_manifest_at(o, "query", q->format ? "records" : "rows"));
    if (!q->path || !method || !wn_objective_named(method, &q->method))
        return wn_outcome_damaged(o, "the query in manifest.json has no path, or a method that is none", err);
    o->query = q;
    return WN_OK;
}

static wn_estimate read_estimate(const cJSON *in) {
    return (wn_estimate){.mean = json_number(cJSON_GetObjectItemCaseSensitive(in, "expected")),
                         .low = json_number(cJSON_GetObjectItemCaseSensitive(in, "low")),
                         .high = json_number(cJSON_GetObjectItemCaseSensitive(in, "high"))};
}

/* Folders of versions without one have none. */
static wn_code read_verdict(wn_outcome *o, wn_err *err) {
    wn_worth *w = &o->own->worth;
    const char *none = json_string(wn_manifest_at(o, "verdict", "why_none"));
    const char *word = json_string(wn_manifest_at(o, "verdict", "verdict"));
    if (!wn_manifest_at(o, "verdict", NULL)) return WN_OK;
    if (none) (void)snprintf(w->none, sizeof w->none, "%s", none);
    bool known = none != NULL;
    for (int v = WN_VERDICT_NONE; !known && word && wn_verdict_word((wn_verdict)v); v++) {
        known = strcmp(word, wn_verdict_word((wn_verdict)v)) == 0;
        if (known) w->verdict = (wn_verdict)v;
    }
    if (!known) return wn_outcome_damaged(o, "manifest.json has a verdict that is none", err);
    w->chosen = read_estimate(wn_manifest_at(o, "verdict", "accuracy"));
    w->random = read_estimate(wn_manifest_at(o, "verdict", "accuracy_random"));
    w->all = read_estimate(wn_manifest_at(o, "verdict", "accuracy_all"));
    w->limited = cJSON_IsTrue(wn_manifest_at(o, "verdict", "random_under_limits"));
    w->gain = read_estimate(wn_manifest_at(o, "verdict", "gain"));
    w->guess = json_number(wn_manifest_at(o, "verdict", "accuracy_guess"));
    w->p = json_number(wn_manifest_at(o, "verdict", "p"));
    w->c = json_number(wn_manifest_at(o, "verdict", "c"));
    w->folds = json_count(wn_manifest_at(o, "verdict", "folds"));
    w->held_out = json_count(wn_manifest_at(o, "verdict", "held_out"));
    w->rows = json_count(wn_manifest_at(o, "verdict", "rows"));
    w->all_folds = json_count(wn_manifest_at(o, "verdict", "all_folds"));
    w->all_rows = json_count(wn_manifest_at(o, "verdict", "all_rows"));
    w->of = json_count(wn_manifest_at(o, "verdict", "all_of"));
    o->worth = w;
    return WN_OK;
}

/* What made the vectors, where a model did. */
static void read_model(wn_outcome *o) {
    if (!wn_manifest_at(o, "model", NULL)) return;
    o->own->model = (wn_outcome_model){.path = json_string(wn_manifest_at(o, "model", "path")),
                                       .sha256 = json_string(wn_manifest_at(o, "model", "sha256")),
                                       .precision = json_string(wn_manifest_at(o, "model", "precision")),
                                       .texts = json_count(wn_manifest_at(o, "model", "texts")),
                                       .tokens = json_count(wn_manifest_at(o, "model", "tokens")),
                                       .truncated = json_count(wn_manifest_at(o, "model", "truncated")),
                                       .equal = json_count(wn_manifest_at(o, "model", "equal")),
                                       .tokens_per_second = NAN};
    o->model = &o->own->model;
}

static size_t read_curve(const wn_outcome *o, const char *name, double out[WN_CURVE_POINTS]) {
    const cJSON *list = wn_manifest_at(o, "curves", name);
    size_t n = (size_t)cJSON_GetArraySize(list);
    if (n > WN_CURVE_POINTS) return 0;
    for (size_t i = 0; i < n; i++) out[i] = json_number(cJSON_GetArrayItem(list, (int)i));
    return n;
}

static wn_code read_curves(wn_outcome *o, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    double k[WN_CURVE_POINTS] = {0};
    size_t n = read_curve(o, "k", k), random = read_curve(o, "value_random", own->value_random);
    if (read_curve(o, "coverage", own->coverage) != n || read_curve(o, "coverage_random", own->coverage_random) != n ||
        (random && random != n))
        return wn_outcome_damaged(o, "the curves in manifest.json do not fit together", err);
    for (size_t i = 0; i < n; i++) {
        if (!(k[i] >= 1 && k[i] <= (double)o->k) || (i && k[i] <= k[i - 1]))
            return wn_outcome_damaged(o, "the budgets in manifest.json do not rise to k", err);
        own->points[i] = (size_t)k[i];
    }
    o->npoints = n;
    o->points = own->points;
    o->coverage = own->coverage;
    o->coverage_random = own->coverage_random;
    o->value_random = random ? own->value_random : NULL;
    return WN_OK;
}

/* Folders of earlier versions have none. */
static wn_code read_nearest(wn_outcome *o, wn_err *err) {
    const cJSON *list = wn_manifest_at(o, "curves", "nearest_random");
    size_t total = 0;
    if (!list) return WN_OK;
    if (cJSON_GetArraySize(list) != WN_CURVE_BINS)
        return wn_outcome_damaged(o, "nearest_random in manifest.json has another number of steps", err);
    for (int i = 0; i < WN_CURVE_BINS; i++)
        total += o->own->nearest_random[i] = json_count(cJSON_GetArrayItem(list, i));
    if (total != o->n) return wn_outcome_damaged(o, "nearest_random in manifest.json does not count every row", err);
    o->nearest_random = o->own->nearest_random;
    return WN_OK;
}

wn_code wn_manifest_read(wn_outcome *o, wn_err *err) {
    char *path = wn_path_join(o->own->folder, WN_FILE_MANIFEST, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        code = wn_err_set(err, WN_EINPUT, "%s holds no manifest.json: not an output folder of winnow", o->own->folder);
        goto out;
    }
    if ((code = wn_json_read(path, &o->own->manifest, err)) != WN_OK) goto out;
    if (wn_manifest_at(o, "comparison", NULL)) {
        code = wn_err_set(err, WN_EINPUT,
                          "%s is a comparison, not a choice: its report.html and summary.json say what came of it",
                          o->own->folder);
        goto out;
    }
    double seed = json_number(wn_manifest_at(o, "seed", NULL));
    o->version = json_string(wn_manifest_at(o, "winnow", NULL));
    o->command = json_string(wn_manifest_at(o, "command", NULL));
    o->day = json_string(wn_manifest_at(o, "this_run", "day"));
    o->seed = seed >= 0 ? (uint64_t)seed : 0;
    read_counts(o);
    read_model(o);
    if ((code = read_inputs(o, err)) != WN_OK) goto out;
    if ((code = read_selection(o, err)) != WN_OK) goto out;
    if ((code = read_query(o, err)) != WN_OK) goto out;
    if ((code = read_verdict(o, err)) != WN_OK) goto out;
    if ((code = read_curves(o, err)) != WN_OK) goto out;
    code = read_nearest(o, err);
out:
    wn_free(path);
    return code;
}
