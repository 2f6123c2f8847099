/* winnow check: is a file or an output folder whole? */
#include "embedding/encode.h"
#include "input.h"
#include "kind.h"
#include "outcome/sums.h"
#include "stages/say.h"

#include <stdio.h>
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
static wn_code check_listed(folder_check *f, const wn_sum *sum, wn_io *io, wn_err *err) {
    char hex[65];
    wn_kind kind;
    char *path = wn_path_join(f->folder, sum->name, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_sha256_file(path, hex, err)) != WN_OK) goto out;
    if (strcmp(hex, sum->sha256) != 0) {
        code = wn_err_set(err, WN_EINPUT, "%s: its SHA-256 is %.12s..., and SHA256SUMS says %.12s...", path, hex,
                          sum->sha256);
        goto out;
    }
    if ((code = wn_kind_of(path, &kind, err)) != WN_OK) goto out;
    if (kind == WN_KIND_MATRIX && (code = wn_store_check_apart(path, NULL, 0, err)) != WN_OK) goto out;
    f->files++;
    code = wn_tick(io->progress, "check", "files", f->files, 0, err);
out:
    wn_free(path);
    return code;
}

/* ---- one function a kind: what is whole is said in `summary` [size] ---- */

static wn_code check_folder(const wn_config *c, const char *folder, wn_io *io, char *summary, size_t size,
                            wn_err *err) {
    folder_check f = {.folder = folder};
    wn_sums sums = {0};
    (void)c;
    wn_code code = wn_sums_read(&sums, folder, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < sums.n; i++)
        if ((code = check_listed(&f, &sums.list[i], io, err)) != WN_OK) goto out;
    (void)snprintf(summary, size, "%zu files as SHA256SUMS says", f.files);
out:
    wn_sums_free(&sums);
    return code;
}

static wn_code check_model(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    (void)c, (void)io;
    return wn_check_model(path, summary, size, err);
}

static wn_code check_matrix(const wn_config *c, const char *path, wn_io *io, char *summary, size_t size, wn_err *err) {
    (void)c, (void)io;
    return wn_store_check_apart(path, summary, size, err);
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
            bool unread = strncmp(summary, WN_STORE_UNREAD, strlen(WN_STORE_UNREAD)) == 0;
            wn_print_name(io, c->inputs[i]);
            wn_printf(io, ": whole%s%s", unread ? ", as far as it can be read" : "", summary[0] ? ": " : "");
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
