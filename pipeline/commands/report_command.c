/* winnow report: the page of an output folder, written again from what the folder holds; the same bytes. */
#include "stages/common.h"
#include "stages/job.h"
#include "kind.h"
#include "stages/labels.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wn/path.h>
#include <wn/report.h>

typedef struct {
    const char *folder;
    cJSON *manifest;
    wn_matrix_file *file;
    wn_report r;
    wn_view view;
    wn_mat x;
    wn_strings ids, labels;
    wn_label_codes codes;
    wn_corpus corpus; /* subset.* and rest.* */
    char *text;       /* texts in the order of the input */
    unsigned long long *off;
    size_t *chosen, *by, *copy_of, points[WN_JOB_POINTS];
    int64_t *column, *rank;
    double *gain, *value, coverage[WN_JOB_POINTS], coverage_random[WN_JOB_POINTS], value_random[WN_JOB_POINTS];
    float *sim;
    const char **inputs, **sums;
    char *command;
} page;

static void page_free(page *p) {
    cJSON_Delete(p->manifest);
    wn_matrix_close(p->file);
    wn_mat_free(&p->x);
    wn_strings_free(&p->ids);
    wn_strings_free(&p->labels);
    wn_label_codes_free(&p->codes);
    wn_corpus_free(&p->corpus);
    wn_free(p->text);
    wn_free(p->off);
    wn_free(p->chosen);
    wn_free(p->by);
    wn_free(p->copy_of);
    wn_free(p->column);
    wn_free(p->rank);
    wn_free(p->gain);
    wn_free(p->value);
    wn_free(p->sim);
    wn_free(p->inputs);
    wn_free(p->sums);
    wn_free(p->command);
}

static wn_code damaged(const page *p, const char *what, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s: %s; winnow check says whether the folder is whole", p->folder, what);
}

/* ---- manifest.json ---- */

static const cJSON *at(const page *p, const char *group, const char *name) {
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(p->manifest, group);
    return name ? cJSON_GetObjectItemCaseSensitive(o, name) : o;
}

static double number(const cJSON *v) { return cJSON_IsNumber(v) ? v->valuedouble : NAN; }
static const char *string(const cJSON *v) { return cJSON_IsString(v) && v->valuestring[0] ? v->valuestring : NULL; }
static size_t counted(const page *p, const char *name) {
    double v = number(at(p, "counts", name));
    return v >= 0 && v < 1e15 ? (size_t)v : 0;
}

static size_t curve(const page *p, const char *name, double out[WN_JOB_POINTS]) {
    const cJSON *list = at(p, "curves", name);
    size_t n = (size_t)cJSON_GetArraySize(list);
    if (n > WN_JOB_POINTS) return 0;
    for (size_t i = 0; i < n; i++) out[i] = number(cJSON_GetArrayItem(list, (int)i));
    return n;
}

static wn_code use_curves(page *p, wn_err *err) {
    double k[WN_JOB_POINTS] = {0};
    size_t n = curve(p, "k", k), random = curve(p, "value_random", p->value_random);
    if (curve(p, "coverage", p->coverage) != n || curve(p, "coverage_random", p->coverage_random) != n ||
        (random && random != n))
        return damaged(p, "the curves in manifest.json do not fit together", err);
    for (size_t i = 0; i < n; i++) {
        if (!(k[i] >= 1 && k[i] <= (double)p->r.k) || (i && k[i] <= k[i - 1]))
            return damaged(p, "the budgets in manifest.json do not rise to k", err);
        p->points[i] = (size_t)k[i];
    }
    p->r.npoints = n;
    p->r.value_random = random ? p->value_random : NULL;
    return WN_OK;
}

static wn_code use_manifest(page *p, wn_err *err) {
    const cJSON *inputs = at(p, "inputs", NULL);
    size_t n = (size_t)cJSON_GetArraySize(inputs);
    p->inputs = wn_alloc(n, sizeof *p->inputs, err);
    p->sums = wn_alloc(n, sizeof *p->sums, err);
    p->command = wn_repeat_command(string(at(p, "command", NULL)), err);
    if (!p->inputs || !p->sums || !p->command) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        const cJSON *o = cJSON_GetArrayItem(inputs, (int)i);
        p->inputs[i] = string(cJSON_GetObjectItemCaseSensitive(o, "path"));
        p->sums[i] = string(cJSON_GetObjectItemCaseSensitive(o, "sha256"));
        if (!p->inputs[i]) return damaged(p, "an input in manifest.json has no path", err);
    }
    const char *objective = string(at(p, "selection", "objective"));
    wn_objective which = WN_GRAPH_CUT;
    bool random = objective && wn_objective_named(objective, &which) && which == WN_RANDOM;
    double seed = number(at(p, "seed", NULL)), negative = number(at(p, "selection", "gains_negative_from"));
    p->r = (wn_report){.title = WN_REPORT_TITLE, .command = p->command, .version = string(at(p, "winnow", NULL)),
                       .encoder = string(at(p, "selection", "encoder")), .objective = objective,
                       .similarity = random ? NULL : string(at(p, "selection", "similarity")), .inputs = p->inputs,
                       .input_sha256 = p->sums, .ninputs = n, .lambda = number(at(p, "selection", "lambda")),
                       .gamma = random ? NAN : number(at(p, "selection", "gamma")), .n = counted(p, "read"),
                       .k = counted(p, "chosen"), .dropped = counted(p, "copies_dropped"),
                       .skipped = counted(p, "skipped"), .empty = counted(p, "empty"),
                       .zero_rows = counted(p, "zero_vectors"), .negative_from = negative >= 0 ? (size_t)negative : 0,
                       .coverage = p->coverage, .coverage_random = p->coverage_random, .coverage_k = p->points,
                       .seed = seed >= 0 ? (uint64_t)seed : 0};
    return use_curves(p, err);
}

/* ---- selection.h5ad ---- */

static wn_code rows_of(page *p, const char *name, size_t *out, bool none, wn_err *err) {
    wn_code code = wn_matrix_obs_i64(p->file, name, p->column, err);
    for (size_t i = 0; code == WN_OK && i < p->r.n; i++) {
        int64_t v = p->column[i];
        if (v >= (int64_t)p->r.n || v < (none ? -1 : 0)) code = damaged(p, "selection.h5ad names a row that is not there", err);
        else out[i] = v < 0 ? SIZE_MAX : (size_t)v;
    }
    return code;
}

/* chosen, gain and running objective by rank. */
static wn_code use_ranks(page *p, wn_err *err) {
    size_t n = p->r.n, k = p->r.k, found = 0;
    double *gain = wn_alloc(n, sizeof *gain, err);
    p->chosen = wn_alloc(k, sizeof *p->chosen, err);
    p->gain = wn_alloc(k, sizeof *p->gain, err);
    p->value = wn_alloc(k, sizeof *p->value, err);
    wn_code code = gain && p->chosen && p->gain && p->value ? WN_OK : WN_EMEMORY;
    if (code == WN_OK) code = wn_matrix_obs_i64(p->file, "rank", p->rank, err);
    if (code == WN_OK) code = wn_matrix_obs_f64(p->file, "gain", gain, err);
    for (size_t i = 0; i < k && code == WN_OK; i++) p->chosen[i] = SIZE_MAX;
    for (size_t i = 0; i < n && code == WN_OK; i++) {
        if (p->rank[i] < 1) continue;
        if (p->rank[i] > (int64_t)k || p->chosen[p->rank[i] - 1] != SIZE_MAX) break;
        p->chosen[p->rank[i] - 1] = i;
        p->gain[p->rank[i] - 1] = gain[i];
        found++;
    }
    if (code == WN_OK && found != k) code = damaged(p, "the ranks in selection.h5ad are not 1 to k", err);
    for (size_t i = 0; i < k && code == WN_OK; i++) p->value[i] = (i ? p->value[i - 1] : 0) + p->gain[i];
    wn_free(gain);
    return code;
}

static wn_code use_matrix(page *p, wn_err *err) {
    size_t n = p->r.n;
    char *path = wn_path_join(p->folder, "selection.h5ad", err);
    wn_code code = path ? wn_matrix_open(&p->file, path, NULL, err) : WN_EMEMORY;
    wn_free(path);
    if (code != WN_OK) return code;
    if (wn_matrix_rows(p->file) != n) return damaged(p, "selection.h5ad has other rows than manifest.json counts", err);
    p->column = wn_alloc(n, sizeof *p->column, err);
    p->rank = wn_alloc(n, sizeof *p->rank, err);
    p->by = wn_alloc(n, sizeof *p->by, err);
    p->copy_of = wn_alloc(n, sizeof *p->copy_of, err);
    p->sim = wn_alloc(n, sizeof *p->sim, err);
    double *sim = wn_alloc(n, sizeof *sim, err);
    if (!p->column || !p->rank || !p->by || !p->copy_of || !p->sim || !sim) code = WN_EMEMORY;
    if (code == WN_OK) code = wn_matrix_read_all(p->file, &p->x, err);
    if (code == WN_OK) code = wn_matrix_obs_strings(p->file, "_index", &p->ids, err);
    if (code == WN_OK && wn_matrix_has_obs(p->file, "label")) {
        code = wn_matrix_obs_strings(p->file, "label", &p->labels, err);
        if (code == WN_OK) code = wn_label_codes_init(&p->codes, &p->labels.view, err);
    }
    if (code == WN_OK) code = use_ranks(p, err);
    if (code == WN_OK) code = rows_of(p, "represented_by", p->by, true, err);
    if (code == WN_OK) code = wn_matrix_obs_f64(p->file, "represented_sim", sim, err);
    for (size_t i = 0; code == WN_OK && i < n; i++) p->sim[i] = (float)sim[i];
    if (code == WN_OK && wn_matrix_has_obs(p->file, "copy_of")) {
        code = rows_of(p, "copy_of", p->copy_of, false, err);
        p->r.duplicate_of = p->copy_of;
    }
    wn_free(sim);
    return code;
}

/* ---- subset.* and rest.* ---- */

static const char *records_name(const page *p, const char *stem, char name[32]) {
    static const wn_format formats[] = {WN_JSONL, WN_CSV, WN_TSV, WN_TXT};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        (void)snprintf(name, 32, "%s.%s", stem, wn_format_name(formats[i]));
        if (at(p, "outputs", name)) return name;
    }
    return NULL;
}

/* Row of the input -> row of subset.* followed by rest.*, the reverse of what `run` did. */
static void place(const page *p, size_t *to) {
    const cJSON *order = at(p, "config", "order");
    bool by_rank = cJSON_IsString(order) && strcmp(order->valuestring, "rank") == 0;
    size_t subset = 0, rest = p->r.k;
    for (size_t i = 0; i < p->r.n; i++) {
        if (p->rank[i] < 1) to[i] = rest++;
        else to[i] = by_rank ? (size_t)p->rank[i] - 1 : subset++;
    }
}

static wn_code read_records(page *p, const char *subset, const char *rest, wn_progress *progress, wn_err *err) {
    char *paths[2] = {wn_path_join(p->folder, subset, err), wn_path_join(p->folder, rest, err)};
    const cJSON *fields = at(p, "config", "text-field");
    size_t nfields = (size_t)cJSON_GetArraySize(fields), npaths = 0;
    const char **names = wn_alloc(nfields, sizeof *names, err), *used[2];
    wn_code code = paths[0] && paths[1] && names ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < nfields; i++)
        if (!(names[i] = string(cJSON_GetArrayItem(fields, (int)i)))) code = damaged(p, "a text field has no name", err);
    if (code == WN_OK && p->r.k > 0) used[npaths++] = paths[0];
    if (code == WN_OK && p->r.k < p->r.n) used[npaths++] = paths[1];
    wn_records_opts o = {.paths = used, .npaths = npaths, .text_fields = names, .ntext_fields = nfields};
    if (code == WN_OK) code = wn_corpus_read(&p->corpus, &o, progress, err);
    if (code == WN_OK && p->corpus.n != p->r.n) code = damaged(p, "the records are not as many as manifest.json counts", err);
    wn_free(paths[0]);
    wn_free(paths[1]);
    wn_free(names);
    return code;
}

static wn_code use_texts(page *p, wn_progress *progress, wn_err *err) {
    char subset[32], rest[32];
    size_t n = p->r.n, *to = NULL;
    if (!records_name(p, "subset", subset) || !records_name(p, "rest", rest)) return WN_OK; /* chosen from a matrix */
    wn_code code = read_records(p, subset, rest, progress, err);
    if (code != WN_OK) return code;
    const wn_texts *t = &p->corpus.texts;
    to = wn_alloc(n, sizeof *to, err);
    p->off = wn_alloc(n + 1, sizeof *p->off, err);
    p->text = wn_alloc((size_t)t->off[n], 1, err);
    code = to && p->off && p->text ? WN_OK : WN_EMEMORY;
    if (code == WN_OK) place(p, to);
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        unsigned long long len = t->off[to[i] + 1] - t->off[to[i]];
        memcpy(p->text + p->off[i], t->base + t->off[to[i]], (size_t)len);
        p->off[i + 1] = p->off[i] + len;
    }
    if (code == WN_OK) p->view.texts = (wn_texts){p->text, p->off, n};
    wn_free(to);
    return code;
}

static wn_code write_page(page *p, const wn_config *c, wn_io *io, wn_err *err) {
    wn_safefile *out = NULL;
    char *inside = c->html ? NULL : wn_path_join(p->folder, "report.html", err);
    const char *path = c->html ? c->html : inside;
    wn_objective which = WN_GRAPH_CUT;
    bool random = p->r.objective && wn_objective_named(p->r.objective, &which) && which == WN_RANDOM;
    p->view.n = p->r.n;
    p->view.ids = p->ids.view;
    p->view.label = p->codes.code;
    p->view.labels = (const char *const *)p->codes.names;
    p->view.nlabels = p->codes.n;
    p->r.rows = &p->view;
    p->r.x = &p->x;
    p->r.ids = p->chosen;
    p->r.gain = random ? NULL : p->gain;
    p->r.value = random ? NULL : p->value;
    p->r.represented_by = p->by;
    p->r.represented_sim = p->sim;
    wn_code code = path ? wn_safefile_create(&out, path, c->overwrite, err) : WN_EMEMORY;
    if (code == WN_OK) code = wn_report_write(&p->r, out, err);
    if (code == WN_OK) code = wn_safefile_commit(out, err);
    else wn_safefile_abort(out);
    if (code == WN_OK) wn_sayf(io, "report    %s", path);
    wn_free(inside);
    return code;
}

wn_code wn_report_command(const wn_config *c, wn_io *io, wn_err *err) {
    page p = {.folder = c->inputs[0]};
    char *path = wn_path_join(p.folder, "manifest.json", err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (path && access(path, F_OK) != 0 && errno == ENOENT)
        code = wn_err_set(err, WN_EINPUT, "%s holds no manifest.json: not an output folder of winnow", p.folder);
    if (code == WN_OK) code = wn_json_read(path, &p.manifest, err);
    if (code == WN_OK) code = use_manifest(&p, err);
    if (code == WN_OK && p.r.n == 0) code = wn_err_set(err, WN_EINPUT, "%s: nothing was read, so there is no report", p.folder);
    if (code == WN_OK) code = use_matrix(&p, err);
    if (code == WN_OK) code = use_texts(&p, io->progress, err);
    if (code == WN_OK) code = write_page(&p, c, io, err);
    wn_free(path);
    page_free(&p);
    return code;
}
