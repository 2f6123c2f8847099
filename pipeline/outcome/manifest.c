/* manifest.json: what was done, from what, with which outcome. Everything but "this_run" is the same for equal input,
 * configuration and version. */
#include "layout.h"
#include "stages/unknown.h"
#include "writer.h"

#include <cjson/cJSON.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/cpu.h>
#include <wn/visible.h>

/* cJSON returns NULL when memory runs out, and its Add functions take NULL; one flag collects that. */
typedef struct {
    cJSON *root;
    bool failed;
} manifest_doc;

static cJSON *manifest_object(manifest_doc *d, cJSON *in, const char *name) {
    cJSON *o = cJSON_AddObjectToObject(in, name);
    d->failed |= !o;
    return o;
}

static void manifest_text(manifest_doc *d, cJSON *in, const char *name, const char *v) {
    d->failed |= !cJSON_AddStringToObject(in, name, v);
}

/* A path, which need not be UTF-8. */
static void manifest_path(manifest_doc *d, cJSON *in, const char *path) {
    wn_err ignored;
    char *name = wn_visible_name(path, &ignored);
    d->failed |= !name || !cJSON_AddStringToObject(in, "path", name);
    wn_free(name);
}

static void manifest_raw(manifest_doc *d, cJSON *in, const char *name, const char *digits) {
    d->failed |= !cJSON_AddRawToObject(in, name, digits);
}

static void manifest_count(manifest_doc *d, cJSON *in, const char *name, uint64_t v) {
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    manifest_raw(d, in, name, digits);
}

static void manifest_real(manifest_doc *d, cJSON *in, const char *name, double v) { /* null where there is none */
    char digits[40] = "null";
    if (isfinite(v)) (void)snprintf(digits, sizeof digits, "%.9g", v);
    manifest_raw(d, in, name, digits);
}

static void manifest_seconds(manifest_doc *d, cJSON *in, const char *name, double v) {
    char digits[40];
    (void)snprintf(digits, sizeof digits, "%.3f", v);
    manifest_raw(d, in, name, digits);
}

static void add_inputs(manifest_doc *d, const wn_outcome *r) {
    cJSON *list = cJSON_AddArrayToObject(d->root, "inputs");
    d->failed |= !list;
    for (size_t i = 0; i < r->ninputs && !d->failed; i++) {
        const wn_input *in = &r->inputs[i];
        cJSON *o = cJSON_CreateObject();
        d->failed |= !o || !cJSON_AddItemToArray(list, o);
        manifest_path(d, o, in->path);
        if (in->format) manifest_text(d, o, "format", in->format);
        manifest_count(d, o, "bytes", in->bytes);
        manifest_count(d, o, in->format ? "records" : "rows", in->rows);
        manifest_text(d, o, "sha256", in->sha256);
    }
}

/* What made the vectors, where a model did. */
static void add_model(manifest_doc *d, const wn_outcome_model *m) {
    cJSON *o = manifest_object(d, d->root, "model");
    manifest_path(d, o, m->path);
    manifest_text(d, o, "sha256", m->sha256);
    manifest_text(d, o, "precision", m->precision);
    manifest_count(d, o, "texts", m->texts);
    manifest_count(d, o, "tokens", m->tokens);
    manifest_count(d, o, "truncated", m->truncated);
    manifest_count(d, o, "equal", m->equal);
}

static void add_counts(manifest_doc *d, const wn_outcome *r) {
    cJSON *o = manifest_object(d, d->root, "counts");
    manifest_count(d, o, "read", r->n);
    if (r->chosen) {
        manifest_count(d, o, "asked", r->wanted);
        manifest_count(d, o, "chosen", r->k);
        manifest_count(d, o, "not_chosen", r->n - r->k);
    }
    manifest_count(d, o, "copies_dropped", r->dropped);
    manifest_count(d, o, "copy_groups", r->groups);
    manifest_count(d, o, "copy_groups_of_different_labels", r->mixed);
    manifest_count(d, o, "distinct", r->n - r->dropped);
    manifest_count(d, o, "skipped", r->skipped);
    manifest_count(d, o, "empty", r->empty);
    manifest_count(d, o, "zero_vectors", r->zero_rows);
    manifest_count(d, o, "must_keep", r->nkeep);
    manifest_count(d, o, "excluded", r->nexclude);
    manifest_count(d, o, "labels", r->rows.nlabels);
}

/* What a reader of the outcome should not overlook. */
static void add_warnings(manifest_doc *d, const wn_outcome *r) {
    char warning[WN_UNKNOWN_SIZE];
    cJSON *list = cJSON_AddArrayToObject(d->root, "warnings");
    d->failed |= !list;
    bool words = r->rows.texts.n > 0 && (r->encoder || !r->chosen);
    if (d->failed || !wn_unknown_warning(warning, r->zero_rows, r->n, words, r->chosen != NULL)) return;
    d->failed |= !cJSON_AddItemToArray(list, cJSON_CreateString(warning));
}

static void add_selection(manifest_doc *d, const wn_outcome *r) {
    cJSON *o = manifest_object(d, d->root, "selection");
    manifest_text(d, o, "encoder", r->encoder ? r->encoder : "");
    manifest_count(d, o, "dimensions", r->x->cols);
    manifest_text(d, o, "objective", wn_objective_name(r->objective));
    manifest_text(d, o, "similarity", wn_kernel_name(r->similarity));
    manifest_real(d, o, "gamma", r->gamma);
    manifest_real(d, o, "median_distance", r->gamma_median);
    manifest_real(d, o, "lambda", r->k ? r->lambda : NAN);
    manifest_text(d, o, "maximizer", wn_storage_name(r->storage));
    if (r->objective == WN_FACILITY_LOCATION) manifest_real(d, o, "cut_off", r->cut_off);
    manifest_count(d, o, "gains_negative_from", r->negative_from);
    manifest_real(d, o, "value", r->k ? r->value[r->k - 1] : NAN);
    manifest_real(d, o, "coverage", r->npoints ? r->coverage[r->npoints - 1] : NAN);
    manifest_real(d, o, "coverage_random", r->npoints ? r->coverage_random[r->npoints - 1] : NAN);
}

/* To the last bit: the report is written again from it. */
static void add_curve(manifest_doc *d, cJSON *in, const char *name, const double *v, size_t n) {
    char digits[40];
    cJSON *list = cJSON_AddArrayToObject(in, name);
    d->failed |= !list;
    for (size_t i = 0; i < n && !d->failed; i++) {
        (void)snprintf(digits, sizeof digits, "%.17g", v[i]);
        cJSON *item = cJSON_CreateRaw(digits);
        d->failed |= !item || !cJSON_AddItemToArray(list, item);
    }
}

static void add_budgets(manifest_doc *d, cJSON *in, const size_t *k, size_t n) {
    cJSON *list = cJSON_AddArrayToObject(in, "k");
    d->failed |= !list;
    for (size_t i = 0; i < n && !d->failed; i++) {
        cJSON *item = cJSON_CreateNumber((double)k[i]);
        d->failed |= !item || !cJSON_AddItemToArray(list, item);
    }
}

static void add_curves(manifest_doc *d, const wn_outcome *r) {
    cJSON *o = manifest_object(d, d->root, "curves");
    add_budgets(d, o, r->points, r->npoints);
    add_curve(d, o, "coverage", r->coverage, r->npoints);
    add_curve(d, o, "coverage_random", r->coverage_random, r->npoints);
    if (r->value_random) add_curve(d, o, "value_random", r->value_random, r->npoints);
}

static void add_outputs(manifest_doc *d, const wn_outdir *dir) {
    cJSON *all = manifest_object(d, d->root, "outputs");
    for (size_t i = 0; i < dir->nfiles; i++) {
        cJSON *o = manifest_object(d, all, dir->files[i].name);
        manifest_count(d, o, "bytes", dir->files[i].bytes);
        manifest_text(d, o, "sha256", dir->files[i].sha256);
    }
}

static void add_versions(manifest_doc *d) {
    unsigned a = 0, b = 0, c = 0;
    char hdf5[48];
    (void)H5get_libversion(&a, &b, &c);
    (void)snprintf(hdf5, sizeof hdf5, "%u.%u.%u", a, b, c);
    cJSON *o = manifest_object(d, d->root, "versions");
    manifest_text(d, o, "winnow", WINNOW_VERSION);
    manifest_text(d, o, "hdf5", hdf5);
    manifest_text(d, o, "cjson", cJSON_Version());
}

/* What may differ from run to run. */
static void add_this_run(manifest_doc *d, const wn_outcome *r, const wn_timings *t) {
    cJSON *o = manifest_object(d, d->root, "this_run");
    manifest_text(d, o, "cpu", wn_cpu_model());
    manifest_text(d, o, "kernels", wn_cpu_level());
    manifest_text(d, o, "blas", wn_blas_core());
    manifest_count(d, o, "threads", (uint64_t)wn_threads_get());
    cJSON *s = manifest_object(d, o, "seconds");
    for (size_t i = 0; i < t->n; i++) manifest_seconds(d, s, t->stages[i].name, t->stages[i].seconds);
    manifest_seconds(d, s, "total", wn_now() - t->started);
    if (r->model) {
        manifest_count(d, o, "vectors_resumed", r->model->resumed);
        manifest_count(d, o, "tokens_computed", r->model->computed_tokens);
        manifest_real(d, o, "tokens_per_second", r->model->tokens_per_second);
    }
    manifest_count(d, o, "peak_memory_bytes", wn_mem_peak());
}

wn_code wn_manifest_write(const wn_outcome *r, const wn_manifest_part *part, wn_outdir *dir, const wn_timings *t,
                          wn_err *err) {
    manifest_doc d = {.root = cJSON_CreateObject()};
    wn_outfile *f = NULL;
    d.failed = !d.root;
    manifest_text(&d, d.root, "winnow", r->version);
    manifest_text(&d, d.root, "command", r->command);
    cJSON *config = cJSON_Parse(r->config);
    d.failed |= !config || !cJSON_AddItemToObject(d.root, "config", config);
    manifest_count(&d, d.root, "seed", r->seed);
    add_inputs(&d, r);
    if (r->model) add_model(&d, r->model);
    if (part) {
        manifest_raw(&d, d.root, part->name, part->json);
    } else {
        add_counts(&d, r);
        add_warnings(&d, r);
        if (r->chosen) add_selection(&d, r);
        add_curves(&d, r);
    }
    add_outputs(&d, dir);
    add_versions(&d);
    add_this_run(&d, r, t);
    char *json = d.failed ? NULL : cJSON_Print(d.root);
    cJSON_Delete(d.root);
    if (!json) return wn_err_set(err, WN_EMEMORY, "out of memory while manifest.json was written");
    wn_code code = wn_outfile_open(&f, dir, WN_FILE_MANIFEST, err);
    if (code != WN_OK) goto out;
    wn_outfile_printf(f, "%s\n", json);
    code = wn_outfile_close(f, err);
out:
    cJSON_free(json);
    return code;
}
