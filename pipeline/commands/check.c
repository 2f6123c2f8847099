/* winnow check: is a file or an output folder whole? */
#include "stages/common.h"
#include "embedding/encode.h"
#include "kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/path.h>
#include <wn/sha256.h>
#include <sys/stat.h>

/* ---- output folders ---- */

typedef struct {
    const char *folder;
    size_t files;
} folder_check;

static wn_code check_listed(folder_check *f, const char *name, const char *wanted, wn_io *io, wn_err *err) {
    char hex[65];
    wn_kind kind;
    if (strchr(name, '/') || strcmp(name, "..") == 0)
        return wn_err_set(err, WN_EINPUT, "%s/SHA256SUMS names \"%.100s\", which is not a file of this folder", f->folder,
                          name);
    char *path = wn_path_join(f->folder, name, err);
    if (!path) return WN_EMEMORY;
    wn_code code = wn_sha256_file(path, hex, err);
    if (code == WN_OK && strcmp(hex, wanted) != 0)
        code = wn_err_set(err, WN_EINPUT, "%s: its SHA-256 is %.12s..., and SHA256SUMS says %.12s...", path, hex, wanted);
    if (code == WN_OK) code = wn_kind_of(path, &kind, err);
    if (code == WN_OK && kind == WN_KIND_MATRIX) code = wn_store_check_guarded(path, NULL, 0, err);
    f->files++;
    if (code == WN_OK) code = wn_tick(io->progress, "check", "files", f->files, 0, err);
    wn_free(path);
    return code;
}

/* The manifest is not in SHA256SUMS, since it holds timings; but it holds the checksum of SHA256SUMS. */
static wn_code check_manifest(const char *folder, wn_err *err) {
    char hex[65];
    cJSON *manifest = NULL;
    char *path = wn_path_join(folder, "manifest.json", err), *sums = wn_path_join(folder, "SHA256SUMS", err);
    wn_code code = path && sums ? wn_json_read(path, &manifest, err) : WN_EMEMORY;
    if (code == WN_OK) code = wn_sha256_file(sums, hex, err);
    if (code == WN_OK) {
        const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(manifest, "outputs");
        const cJSON *listed = cJSON_GetObjectItemCaseSensitive(outputs, "SHA256SUMS");
        const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(listed, "sha256");
        if (!cJSON_IsString(wanted) || strcmp(wanted->valuestring, hex) != 0)
            code = wn_err_set(err, WN_EINPUT, "%s: not the checksum of SHA256SUMS that manifest.json holds", sums);
    }
    cJSON_Delete(manifest);
    wn_free(path);
    wn_free(sums);
    return code;
}

static wn_code check_folder(const char *folder, wn_io *io, char *summary, size_t size, wn_err *err) {
    folder_check f = {.folder = folder};
    char *line = NULL;
    size_t cap = 0, number = 0;
    wn_code code = WN_OK;
    char *sums = wn_path_join(folder, "SHA256SUMS", err);
    if (!sums) return WN_EMEMORY;
    FILE *file = fopen(sums, "re");
    if (!file) {
        code = errno == ENOENT ? wn_err_set(err, WN_EINPUT, "%s: no SHA256SUMS in it: not an output folder of winnow", folder)
                               : wn_err_errno(err, "%s", sums);
        goto out;
    }
    for (ssize_t n; code == WN_OK && (n = getline(&line, &cap, file)) >= 0;) {
        number++;
        if (n < 68 || line[n - 1] != '\n' || line[64] != ' ' || (line[65] != ' ' && line[65] != '*') ||
            strspn(line, "0123456789abcdef") != 64) {
            code = wn_err_set(err, WN_EINPUT, "%s:%zu: not a line \"SHA-256  name\"", sums, number);
            break;
        }
        line[n - 1] = line[64] = 0;
        code = check_listed(&f, line + 66, line, io, err);
    }
    if (code == WN_OK && ferror(file)) code = wn_err_errno(err, "reading %s", sums);
    if (code == WN_OK) code = check_manifest(folder, err);
    (void)fclose(file);
    if (code == WN_OK) (void)snprintf(summary, size, "%zu files as SHA256SUMS says", f.files);
out:
    free(line);
    wn_free(sums);
    return code;
}

/* ---- files ---- */

static wn_code check_records(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    wn_records *r = NULL;
    wn_corpus corpus = {0};
    wn_record record;
    size_t n = 0;
    bool end = false;
    o.paths = &path;
    o.npaths = 1;
    if (c->id_field) { /* only the whole tells whether an id is there twice */
        wn_code code = wn_corpus_read(&corpus, &o, io->progress, err);
        n = corpus.n;
        wn_corpus_free(&corpus);
        if (code != WN_OK) return code;
    } else {
        wn_code code = wn_records_open(&r, &o, err);
        while (code == WN_OK && (code = wn_records_next(r, &record, &end, err)) == WN_OK && !end)
            if (++n % 1024 == 0) code = wn_tick(io->progress, "check", "records", n, 0, err);
        wn_records_close(r);
        if (code != WN_OK) return code;
    }
    (void)snprintf(summary, size, "%zu records", n);
    return WN_OK;
}

static wn_code check_encoder(const char *path, char *summary, size_t size, wn_err *err) {
    wn_encoder *e = NULL;
    wn_code code = wn_encode_load(&e, path, err);
    if (code == WN_OK) (void)snprintf(summary, size, "%s %s encoder", e->vt->article, e->vt->name);
    wn_encoder_close(e);
    return code;
}

static wn_code check_one(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    wn_kind kind;
    wn_code code = wn_kind_of(path, &kind, err);
    if (code != WN_OK) return code;
    switch (kind) {
    case WN_KIND_FOLDER: return check_folder(path, io, summary, size, err);
    case WN_KIND_MODEL: return wn_check_model(path, summary, size, err);
    case WN_KIND_MATRIX: return wn_store_check_guarded(path, summary, size, err);
    case WN_KIND_ENCODER: return check_encoder(path, summary, size, err);
    case WN_KIND_RECORDS: break;
    }
    return check_records(c, path, io, summary, size, err);
}

wn_code wn_check(const wn_config *c, wn_io *io, wn_err *err) {
    wn_err first = {0};
    size_t bad = 0;
    for (size_t i = 0; i < c->ninputs; i++) {
        char summary[1024] = "";
        wn_code code = check_one(c, c->inputs[i], io, summary, sizeof summary, err);
        if (code == WN_EINTERRUPT) return code;
        for (char *p = summary; (p = strchr(p, '\n')); p++) *p = p[1] ? ';' : 0;
        if (code == WN_OK) {
            wn_printf(io, "%s: whole%s%s\n", c->inputs[i], summary[0] ? ": " : "", summary);
            continue;
        }
        if (bad++ == 0) first = *err;
        if (c->ninputs > 1) wn_printf(io, "%s: NOT WHOLE: %s\n", c->inputs[i], err->msg);
    }
    if (bad == 0) return WN_OK;
    *err = first;
    if (c->ninputs > 1) (void)wn_err_prefix(err, "%zu of %zu are not whole; the first: ", bad, c->ninputs);
    return err->code;
}
