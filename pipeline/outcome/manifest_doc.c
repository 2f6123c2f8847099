#include "manifest_doc.h"

#include "layout.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/cpu.h>
#include <wn/visible.h>

cJSON *wn_doc_object(wn_manifest_doc *d, cJSON *in, const char *name) {
    cJSON *o = cJSON_AddObjectToObject(in, name);
    d->failed |= !o;
    return o;
}

void wn_doc_text(wn_manifest_doc *d, cJSON *in, const char *name, const char *v) {
    d->failed |= !cJSON_AddStringToObject(in, name, v);
}

void wn_doc_path(wn_manifest_doc *d, cJSON *in, const char *path) {
    wn_err ignored;
    char *name = wn_visible_name(path, &ignored);
    d->failed |= !name || !cJSON_AddStringToObject(in, "path", name);
    wn_free(name);
}

void wn_doc_raw(wn_manifest_doc *d, cJSON *in, const char *name, const char *digits) {
    d->failed |= !cJSON_AddRawToObject(in, name, digits);
}

void wn_doc_count(wn_manifest_doc *d, cJSON *in, const char *name, uint64_t v) {
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    wn_doc_raw(d, in, name, digits);
}

void wn_doc_real(wn_manifest_doc *d, cJSON *in, const char *name, double v) {
    char digits[40] = "null";
    if (isfinite(v)) (void)snprintf(digits, sizeof digits, "%.9g", v);
    wn_doc_raw(d, in, name, digits);
}

void wn_doc_exact(wn_manifest_doc *d, cJSON *in, const char *name, double v) {
    char digits[40] = "null";
    if (isfinite(v)) (void)snprintf(digits, sizeof digits, "%.17g", v);
    wn_doc_raw(d, in, name, digits);
}

void wn_doc_seconds(wn_manifest_doc *d, cJSON *in, const char *name, double v) {
    char digits[40];
    (void)snprintf(digits, sizeof digits, "%.3f", v);
    wn_doc_raw(d, in, name, digits);
}

wn_manifest_doc wn_doc_begin(const char *command, const char *config, uint64_t seed) {
    wn_manifest_doc d = {.root = cJSON_CreateObject()};
    d.failed = !d.root;
    wn_doc_text(&d, d.root, "winnow", WINNOW_VERSION);
    wn_doc_text(&d, d.root, "command", command);
    cJSON *parsed = cJSON_Parse(config);
    d.failed |= !parsed || !cJSON_AddItemToObject(d.root, "config", parsed);
    wn_doc_count(&d, d.root, "seed", seed);
    return d;
}

void wn_doc_inputs(wn_manifest_doc *d, const wn_input *inputs, size_t n) {
    cJSON *list = cJSON_AddArrayToObject(d->root, "inputs");
    d->failed |= !list;
    for (size_t i = 0; i < n && !d->failed; i++) {
        const wn_input *in = &inputs[i];
        cJSON *o = cJSON_CreateObject();
        d->failed |= !o || !cJSON_AddItemToArray(list, o);
        wn_doc_path(d, o, in->path);
        if (in->format) wn_doc_text(d, o, "format", in->format);
        wn_doc_count(d, o, "bytes", in->bytes);
        wn_doc_count(d, o, in->format ? "records" : "rows", in->rows);
        wn_doc_text(d, o, "sha256", in->sha256);
    }
}

void wn_doc_outputs(wn_manifest_doc *d, const wn_outdir *dir) {
    cJSON *all = wn_doc_object(d, d->root, "outputs");
    for (size_t i = 0; i < dir->nfiles; i++) {
        cJSON *o = wn_doc_object(d, all, dir->files[i].name);
        wn_doc_count(d, o, "bytes", dir->files[i].bytes);
        wn_doc_text(d, o, "sha256", dir->files[i].sha256);
    }
}

void wn_doc_versions(wn_manifest_doc *d) {
    unsigned a = 0, b = 0, c = 0;
    char hdf5[48];
    (void)H5get_libversion(&a, &b, &c);
    (void)snprintf(hdf5, sizeof hdf5, "%u.%u.%u", a, b, c);
    cJSON *o = wn_doc_object(d, d->root, "versions");
    wn_doc_text(d, o, "winnow", WINNOW_VERSION);
    wn_doc_text(d, o, "hdf5", hdf5);
    wn_doc_text(d, o, "cjson", cJSON_Version());
}

cJSON *wn_doc_this_run(wn_manifest_doc *d) {
    cJSON *o = wn_doc_object(d, d->root, "this_run");
    wn_doc_text(d, o, "cpu", wn_cpu_model());
    wn_doc_text(d, o, "kernels", wn_cpu_level());
    wn_doc_text(d, o, "blas", wn_blas_core());
    wn_doc_count(d, o, "threads", (uint64_t)wn_threads_get());
    return o;
}

wn_code wn_doc_write(wn_manifest_doc *d, wn_outdir *dir, wn_err *err) {
    wn_outfile *f = NULL;
    char *json = d->failed ? NULL : cJSON_Print(d->root);
    cJSON_Delete(d->root);
    if (!json) return wn_err_set(err, WN_EMEMORY, "out of memory while manifest.json was written");
    wn_code code = wn_outfile_open(&f, dir, WN_FILE_MANIFEST, err);
    if (code != WN_OK) goto out;
    wn_outfile_printf(f, "%s\n", json);
    code = wn_outfile_close(f, err);
out:
    cJSON_free(json);
    return code;
}
