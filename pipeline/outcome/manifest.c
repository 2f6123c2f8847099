/* manifest.json: what was done, from what, with which outcome. Everything but "this_run" is the same for equal input,
 * configuration and version. */
#include "stages/job.h"

#include <cjson/cJSON.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wn/cpu.h>
#include <winnow/threads.h>

/* cJSON returns NULL when memory runs out, and its Add functions take NULL; one flag collects that. */
typedef struct {
    cJSON *root;
    bool failed;
} doc;

static cJSON *object(doc *d, cJSON *in, const char *name) {
    cJSON *o = cJSON_AddObjectToObject(in, name);
    d->failed |= !o;
    return o;
}

static void text(doc *d, cJSON *in, const char *name, const char *v) { d->failed |= !cJSON_AddStringToObject(in, name, v); }

static void raw(doc *d, cJSON *in, const char *name, const char *digits) {
    d->failed |= !cJSON_AddRawToObject(in, name, digits);
}

static void count(doc *d, cJSON *in, const char *name, uint64_t v) {
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    raw(d, in, name, digits);
}

static void real(doc *d, cJSON *in, const char *name, double v) { /* null where there is none */
    char digits[40] = "null";
    if (isfinite(v)) (void)snprintf(digits, sizeof digits, "%.9g", v);
    raw(d, in, name, digits);
}

static void seconds(doc *d, cJSON *in, const char *name, double v) {
    char digits[40];
    (void)snprintf(digits, sizeof digits, "%.3f", v);
    raw(d, in, name, digits);
}

static void add_inputs(doc *d, const wn_job *j) {
    cJSON *list = cJSON_AddArrayToObject(d->root, "inputs");
    d->failed |= !list;
    for (size_t i = 0; i < j->corpus.nsources && !d->failed; i++) {
        const wn_source *s = &j->corpus.sources[i];
        cJSON *o = cJSON_CreateObject();
        d->failed |= !o || !cJSON_AddItemToArray(list, o);
        text(d, o, "path", s->path);
        text(d, o, "format", wn_format_name(s->format));
        count(d, o, "bytes", s->bytes);
        count(d, o, "records", s->records);
        text(d, o, "sha256", s->sha256);
    }
    for (size_t i = 0; i < j->nmatrices && !d->failed; i++) {
        cJSON *o = cJSON_CreateObject();
        d->failed |= !o || !cJSON_AddItemToArray(list, o);
        text(d, o, "path", j->matrices[i].path);
        count(d, o, "bytes", j->matrices[i].bytes);
        count(d, o, "rows", j->matrices[i].rows);
        text(d, o, "sha256", j->matrices[i].sha256);
    }
}

/* What made the vectors, where a model did. */
static wn_code add_model(doc *d, const wn_job *j, wn_err *err) {
    wn_encoder_origin origin = {0};
    wn_code code = j->made_by ? wn_encoder_describe(j->made_by, &origin, err) : WN_OK;
    if (code != WN_OK || !origin.sha256) return code;
    const wn_encoder_counts *n = &j->made_by->counts;
    cJSON *o = object(d, d->root, "model");
    text(d, o, "path", origin.dir);
    text(d, o, "sha256", origin.sha256);
    text(d, o, "precision", origin.precision);
    count(d, o, "texts", n->texts);
    count(d, o, "tokens", n->tokens);
    count(d, o, "truncated", n->truncated);
    count(d, o, "equal", n->equal);
    return WN_OK;
}

static void add_counts(doc *d, const wn_job *j) {
    cJSON *o = object(d, d->root, "counts");
    count(d, o, "read", j->n);
    if (j->chosen) { /* dedup chooses nothing */
        count(d, o, "asked", j->wanted);
        count(d, o, "chosen", j->k);
        count(d, o, "not_chosen", j->n - j->k);
    }
    count(d, o, "copies_dropped", j->dropped);
    count(d, o, "copy_groups", j->groups);
    count(d, o, "distinct", j->n - j->dropped);
    count(d, o, "skipped", j->corpus.skipped);
    count(d, o, "empty", j->corpus.empty);
    count(d, o, "zero_vectors", j->zero_rows);
    count(d, o, "must_keep", j->nkeep);
    count(d, o, "excluded", j->nexclude);
    count(d, o, "labels", j->view.nlabels);
}

static void add_selection(doc *d, const wn_job *j) {
    wn_objective objective = j->c->objective;
    cJSON *o = object(d, d->root, "selection");
    text(d, o, "encoder", j->encoder);
    count(d, o, "dimensions", j->x.cols);
    text(d, o, "objective", wn_objective_name(objective));
    text(d, o, "similarity", wn_kernel_name(j->c->similarity));
    real(d, o, "gamma", j->kernel.kind == WN_RBF ? j->kernel.gamma : NAN);
    real(d, o, "median_distance", j->gamma_median);
    real(d, o, "lambda", objective == WN_GRAPH_CUT && j->k ? j->selection.lambda : NAN);
    text(d, o, "maximizer", wn_storage_name(j->selection.storage));
    if (objective == WN_FACILITY_LOCATION) real(d, o, "cut_off", j->selection.cut_off);
    count(d, o, "gains_negative_from", j->selection.negative_from);
    real(d, o, "value", j->k ? j->selection.objective[j->k - 1] : NAN);
    real(d, o, "coverage", j->npoints ? j->coverage[j->npoints - 1] : NAN);
    real(d, o, "coverage_random", j->npoints ? j->coverage_random[j->npoints - 1] : NAN);
}

static void exact(doc *d, cJSON *list, double v) { /* to the last bit: the report is written again from it */
    char digits[40];
    (void)snprintf(digits, sizeof digits, "%.17g", v);
    cJSON *item = cJSON_CreateRaw(digits);
    d->failed |= !item || !cJSON_AddItemToArray(list, item);
}

static void add_curves(doc *d, const wn_job *j) {
    static const char *const names[] = {"k", "coverage", "coverage_random", "value_random"};
    cJSON *o = object(d, d->root, "curves");
    for (int a = 0; a < 4 && !d->failed; a++) {
        if (a == 3 && !j->has_value_random) continue;
        cJSON *list = cJSON_AddArrayToObject(o, names[a]);
        d->failed |= !list;
        for (size_t i = 0; i < j->npoints && !d->failed; i++)
            exact(d, list, a == 0   ? (double)j->points[i]
                           : a == 1 ? j->coverage[i]
                           : a == 2 ? j->coverage_random[i]
                                    : j->value_random[i]);
    }
}

static void add_outputs(doc *d, const wn_job *j) {
    cJSON *all = object(d, d->root, "outputs");
    for (size_t i = 0; i < j->out.nfiles; i++) {
        cJSON *o = object(d, all, j->out.files[i].name);
        count(d, o, "bytes", j->out.files[i].bytes);
        text(d, o, "sha256", j->out.files[i].sha256);
    }
}

static void add_versions(doc *d) {
    unsigned a = 0, b = 0, c = 0;
    char hdf5[48];
    (void)H5get_libversion(&a, &b, &c);
    (void)snprintf(hdf5, sizeof hdf5, "%u.%u.%u", a, b, c);
    cJSON *o = object(d, d->root, "versions");
    text(d, o, "winnow", WINNOW_VERSION);
    text(d, o, "hdf5", hdf5);
    text(d, o, "cjson", cJSON_Version());
}

/* What may differ from run to run. */
static void add_this_run(doc *d, const wn_job *j) {
    cJSON *o = object(d, d->root, "this_run");
    text(d, o, "cpu", wn_cpu_model());
    text(d, o, "kernels", wn_cpu_level());
    text(d, o, "blas", wn_blas_core());
    count(d, o, "threads", (uint64_t)wn_threads_get());
    cJSON *s = object(d, o, "seconds");
    for (size_t i = 0; i < j->nstages; i++) seconds(d, s, j->stages[i].name, j->stages[i].seconds);
    seconds(d, s, "total", wn_now() - j->started);
    if (j->made_by && j->made_by->ready && j->made_by->vt->resumes) {
        const wn_encoder_counts *n = &j->made_by->counts;
        count(d, o, "vectors_resumed", n->resumed);
        count(d, o, "tokens_computed", n->computed_tokens);
        real(d, o, "tokens_per_second", n->computed ? (double)n->computed_tokens / n->seconds : NAN);
    }
    count(d, o, "peak_memory_bytes", wn_mem_peak());
}

wn_code wn_job_manifest(wn_job *j, wn_err *err) {
    doc d = {.root = cJSON_CreateObject()};
    d.failed = !d.root;
    text(&d, d.root, "winnow", WINNOW_VERSION);
    text(&d, d.root, "command", j->c->command_line ? j->c->command_line : "");
    cJSON *config = cJSON_Parse(j->c->json ? j->c->json : "{}");
    d.failed |= !config || !cJSON_AddItemToObject(d.root, "config", config);
    count(&d, d.root, "seed", j->c->seed);
    add_inputs(&d, j);
    wn_code code = add_model(&d, j, err);
    if (code != WN_OK) {
        cJSON_Delete(d.root);
        return code;
    }
    add_counts(&d, j);
    if (j->chosen) add_selection(&d, j);
    add_curves(&d, j);
    add_outputs(&d, j);
    add_versions(&d);
    add_this_run(&d, j);
    char *json = d.failed ? NULL : cJSON_Print(d.root);
    cJSON_Delete(d.root);
    if (!json) return wn_err_set(err, WN_EMEMORY, "out of memory while manifest.json was written");
    wn_outfile *f = NULL;
    code = wn_outfile_open(&f, &j->out, "manifest.json", err);
    if (code == WN_OK) {
        (void)wn_outfile_printf(f, "%s\n", json);
        code = wn_outfile_close(f, err);
    }
    cJSON_free(json);
    return code;
}
