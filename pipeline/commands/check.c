/* winnow check: is a file or an output folder whole? */
#include "embedding/encode.h"
#include "input.h"
#include "kind.h"
#include "outcome/layout.h"
#include "stages/say.h"
#include "stages/whole_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/path.h>
#include <wn/sha256.h>

/* ---- output folders ---- */

typedef struct {
    const char *folder;
    size_t files;
} folder_check;

/* A file of the folder, by its line in SHA256SUMS. */
static wn_code check_listed(folder_check *f, const char *name, const char *wanted, wn_io *io, wn_err *err) {
    char hex[65];
    wn_kind kind;
    if (strchr(name, '/') || strcmp(name, "..") == 0)
        return wn_err_set(err, WN_EINPUT, "%s/SHA256SUMS names \"%.100s\", which is not a file of this folder",
                          f->folder, name);
    char *path = wn_path_join(f->folder, name, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_sha256_file(path, hex, err)) != WN_OK) goto out;
    if (strcmp(hex, wanted) != 0) {
        code =
            wn_err_set(err, WN_EINPUT, "%s: its SHA-256 is %.12s..., and SHA256SUMS says %.12s...", path, hex, wanted);
        goto out;
    }
    if ((code = wn_kind_of(path, &kind, err)) != WN_OK) goto out;
    if (kind == WN_KIND_MATRIX && (code = wn_store_check_guarded(path, NULL, 0, err)) != WN_OK) goto out;
    f->files++;
    code = wn_tick(io->progress, "check", "files", f->files, 0, err);
out:
    wn_free(path);
    return code;
}

/* The manifest is not in SHA256SUMS, since it holds timings; but it holds the checksum of SHA256SUMS. */
static wn_code check_manifest(const char *folder, wn_err *err) {
    char hex[65];
    cJSON *manifest = NULL;
    char *path = wn_path_join(folder, WN_FILE_MANIFEST, err), *sums = wn_path_join(folder, WN_FILE_SUMS, err);
    wn_code code = path && sums ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_json_read(path, &manifest, err)) != WN_OK) goto out;
    if ((code = wn_sha256_file(sums, hex, err)) != WN_OK) goto out;
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(manifest, "outputs");
    const cJSON *listed = cJSON_GetObjectItemCaseSensitive(outputs, WN_FILE_SUMS);
    const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(listed, "sha256");
    if (!cJSON_IsString(wanted) || strcmp(wanted->valuestring, hex) != 0)
        code = wn_err_set(err, WN_EINPUT, "%s: not the checksum of SHA256SUMS that manifest.json holds", sums);
out:
    cJSON_Delete(manifest);
    wn_free(path);
    wn_free(sums);
    return code;
}

/* Every file that SHA256SUMS lists. */
static wn_code check_sums(folder_check *f, const char *sums, FILE *file, wn_io *io, wn_err *err) {
    char *line = NULL;
    size_t cap = 0, number = 0;
    wn_code code = WN_OK;
    for (ssize_t n; (n = getline(&line, &cap, file)) >= 0;) {
        number++;
        if (n < 68 || line[n - 1] != '\n' || line[64] != ' ' || (line[65] != ' ' && line[65] != '*') ||
            strspn(line, "0123456789abcdef") != 64) {
            code = wn_err_set(err, WN_EINPUT, "%s:%zu: not a line \"SHA-256  name\"", sums, number);
            goto out;
        }
        line[n - 1] = line[64] = 0;
        if ((code = check_listed(f, line + 66, line, io, err)) != WN_OK) goto out;
    }
    if (ferror(file)) code = wn_err_errno(err, "reading %s", sums);
out:
    free(line);
    return code;
}

/* ---- one function a kind: what is whole is said in `summary` [size] ---- */

static wn_code check_folder(const wn_config *c, const char *folder, wn_io *io, char *summary, size_t size,
                            wn_err *err) {
    folder_check f = {.folder = folder};
    FILE *file = NULL;
    char *sums = wn_path_join(folder, WN_FILE_SUMS, err);
    wn_code code = sums ? WN_OK : WN_EMEMORY;
    (void)c;
    if (code != WN_OK) goto out;
    file = fopen(sums, "re");
    if (!file) {
        code = errno == ENOENT
                   ? wn_err_set(err, WN_EINPUT, "%s: no SHA256SUMS in it: not an output folder of winnow", folder)
                   : wn_err_errno(err, "%s", sums);
        goto out;
    }
    if ((code = check_sums(&f, sums, file, io, err)) != WN_OK) goto out;
    if ((code = check_manifest(folder, err)) != WN_OK) goto out;
    (void)snprintf(summary, size, "%zu files as SHA256SUMS says", f.files);
out:
    if (file) (void)fclose(file);
    wn_free(sums);
    return code;
}

static wn_code check_model(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    (void)c, (void)io;
    return wn_check_model(path, summary, size, err);
}

static wn_code check_matrix(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    (void)c, (void)io;
    return wn_store_check_guarded(path, summary, size, err);
}

static wn_code check_encoder(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    wn_encoder *e = NULL;
    wn_code code = wn_encode_load(&e, path, err);
    (void)c, (void)io;
    if (code == WN_OK) (void)snprintf(summary, size, "%s %s encoder", e->vt->article, e->vt->name);
    wn_encoder_close(e);
    return code;
}

/* Only the whole tells whether an id is there twice; without ids records are passed over one by one. */
static wn_code count_records(const wn_records_opts *o, size_t *n, wn_io *io, wn_err *err) {
    wn_records *r = NULL;
    wn_corpus corpus = {0};
    wn_record record;
    bool end = false;
    wn_code code;
    if (o->id_field) {
        if ((code = wn_corpus_read(&corpus, o, io->progress, err)) != WN_OK) return code;
        *n = corpus.n;
        wn_corpus_free(&corpus);
        return WN_OK;
    }
    if ((code = wn_records_open(&r, o, err)) != WN_OK) goto out;
    while ((code = wn_records_next(r, &record, &end, err)) == WN_OK && !end)
        if (++*n % 1024 == 0 && (code = wn_tick(io->progress, "check", "records", *n, 0, err)) != WN_OK) goto out;
out:
    wn_records_close(r);
    return code;
}

static wn_code check_records(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    size_t n = 0;
    o.paths = &path;
    o.npaths = 1;
    wn_code code = count_records(&o, &n, io, err);
    if (code == WN_OK) (void)snprintf(summary, size, "%zu records", n);
    return code;
}

static wn_code (*const check_kind[])(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size,
                                     wn_err *err) = {
#define CHECK_KIND(name, value) [value] = check_##name,
    WN_KINDS(CHECK_KIND)
#undef CHECK_KIND
};

static wn_code check_path(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    wn_kind kind;
    wn_code code = wn_kind_of(path, &kind, err);
    return code == WN_OK ? check_kind[kind](c, path, io, summary, size, err) : code;
}

wn_code wn_check(const wn_config *c, wn_io *io, wn_err *err) {
    wn_err first = {0};
    size_t bad = 0;
    for (size_t i = 0; i < c->ninputs; i++) {
        char summary[1024] = "";
        wn_code code = check_path(c, c->inputs[i], io, summary, sizeof summary, err);
        if (code == WN_EINTERRUPT) return code;
        for (char *p = summary; (p = strchr(p, '\n')); p++) *p = p[1] ? ';' : 0;
        if (code == WN_OK) {
            wn_print_name(io, c->inputs[i]);
            wn_printf(io, ": whole%s", summary[0] ? ": " : "");
            wn_print_name(io, summary);
            wn_printf(io, "\n");
            continue;
        }
        if (bad++ == 0) first = *err;
        if (c->ninputs == 1) break;
        wn_print_name(io, c->inputs[i]);
        wn_printf(io, ": NOT WHOLE: %s\n", err->msg);
    }
    if (bad == 0) return WN_OK;
    *err = first;
    if (c->ninputs > 1) (void)wn_err_prefix(err, "%zu of %zu are not whole; the first: ", bad, c->ninputs);
    return err->code;
}
