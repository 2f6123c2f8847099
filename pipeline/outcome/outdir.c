#include "outdir.h"

#include "layout.h"
#include "sums.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>
#include <wn/sha256.h>

enum { BUFFER = 1 << 16 };

struct wn_outfile {
    wn_outdir *dir;
    wn_sha256 sha;
    int fd;
    wn_err first; /* the first failure; code WN_OK: none */
    wn_outentry entry;
    size_t used;
    char buffer[BUFFER];
};

wn_code wn_outdir_check(const char *path, bool overwrite, wn_err *err) {
    struct stat s;
    if (!path || !*path) return wn_err_set(err, WN_EUSAGE, "no output folder was named: -o DIR");
    wn_code code = wn_output_check(path, overwrite, NULL, err);
    if (code != WN_OK || lstat(path, &s) != 0) return code;
    char *named = wn_strndup(path, wn_path_trim(path), err);
    if (!named) return WN_EMEMORY;
    code = wn_folder_ours(path, named, err);
    wn_free(named);
    return code;
}

wn_code wn_outdir_create(wn_outdir *d, const char *path, bool overwrite, wn_err *err) {
    *d = (wn_outdir){0};
    return wn_safedir_create(&d->dir, path, overwrite ? wn_folder_ours : NULL, err);
}

char *wn_outdir_path(const wn_outdir *d, const char *name, wn_err *err) {
    return wn_path_join(wn_safedir_temp(d->dir), name, err);
}

static wn_code outdir_list(wn_outdir *d, const wn_outentry *e, wn_err *err) {
    if (d->nfiles == WN_OUTDIR_FILES) return wn_err_set(err, WN_EINTERNAL, "too many files in an output folder");
    d->files[d->nfiles++] = *e;
    return WN_OK;
}

wn_code wn_outdir_adopt(wn_outdir *d, const char *name, wn_err *err) {
    wn_outentry e = {0};
    struct stat s;
    char *path = wn_outdir_path(d, name, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_sha256_file(path, e.sha256, err)) != WN_OK) goto out;
    if (stat(path, &s) != 0) {
        code = wn_err_errno(err, "%s", name);
        goto out;
    }
    (void)snprintf(e.name, sizeof e.name, "%s", name);
    e.bytes = (uint64_t)s.st_size;
    code = outdir_list(d, &e, err);
out:
    wn_free(path);
    return code;
}

static int entry_by_name(const void *a, const void *b) {
    return strcmp(((const wn_outentry *)a)->name, ((const wn_outentry *)b)->name);
}

wn_code wn_outdir_sums(wn_outdir *d, wn_err *err) {
    wn_outfile *f = NULL;
    qsort(d->files, d->nfiles, sizeof *d->files, entry_by_name);
    wn_code code = wn_outfile_open(&f, d, WN_FILE_SUMS, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < d->nfiles; i++) wn_outfile_printf(f, "%s  %s\n", d->files[i].sha256, d->files[i].name);
    return wn_outfile_close(f, err);
}

wn_code wn_outdir_commit(wn_outdir *d, wn_err *err) {
    wn_safedir *dir = d->dir;
    d->dir = NULL;
    return wn_safedir_commit(dir, err);
}

void wn_outdir_abort(wn_outdir *d) {
    wn_safedir_abort(d->dir);
    d->dir = NULL;
}

wn_code wn_outfile_open(wn_outfile **out, wn_outdir *d, const char *name, wn_err *err) {
    char *path = wn_outdir_path(d, name, err);
    wn_outfile *f = wn_alloc(1, sizeof *f, err);
    wn_code code = path && f ? WN_OK : WN_EMEMORY;
    *out = NULL;
    if (code != WN_OK) goto out;
    f->dir = d;
    f->fd = -1;
    (void)snprintf(f->entry.name, sizeof f->entry.name, "%s", name);
    if ((code = wn_sha256_init(&f->sha, err)) != WN_OK) goto out;
    f->fd = wn_fd_open(path, O_WRONLY | O_CREAT | O_EXCL);
    if (f->fd < 0) {
        code = wn_err_errno(err, "cannot write %s", name);
        goto out;
    }
    *out = f;
    f = NULL;
out:
    if (f) wn_sha256_free(&f->sha);
    wn_free(f);
    wn_free(path);
    return code;
}

static wn_code outfile_put(wn_outfile *f, const char *p, size_t n) {
    if (wn_sha256_update(&f->sha, p, n, &f->first) != WN_OK) return f->first.code;
    f->entry.bytes += n;
    return wn_fd_write(f->fd, p, n) == 0 ? WN_OK : wn_err_errno(&f->first, "writing %s", f->entry.name);
}

static wn_code outfile_flush(wn_outfile *f) {
    size_t n = f->used;
    f->used = 0;
    return outfile_put(f, f->buffer, n);
}

void wn_outfile_write(wn_outfile *f, const void *data, size_t n) {
    if (f->first.code != WN_OK) return;
    if (n > BUFFER - f->used && outfile_flush(f) != WN_OK) return;
    if (n >= BUFFER) {
        (void)outfile_put(f, data, n);
        return;
    }
    memcpy(f->buffer + f->used, data, n);
    f->used += n;
}

wn_code wn_outfile_check(const wn_outfile *f, wn_err *err) {
    if (f->first.code != WN_OK) *err = f->first;
    return f->first.code;
}

void wn_outfile_printf(wn_outfile *f, const char *fmt, ...) {
    char small[512], *text = small;
    va_list ap, again;
    if (f->first.code != WN_OK) return;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n >= sizeof small) {
        text = wn_alloc((size_t)n + 1, 1, &f->first);
        if (text) (void)vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (n < 0)
        (void)wn_err_set(&f->first, WN_EINTERNAL, "formatting for %s failed", f->entry.name);
    else if (text)
        wn_outfile_write(f, text, (size_t)n);
    if (text != small) wn_free(text);
}

wn_code wn_outfile_close(wn_outfile *f, wn_err *err) {
    if (!f) return WN_OK;
    if (f->first.code == WN_OK) (void)outfile_flush(f);
    if (wn_fd_close(f->fd) != 0 && f->first.code == WN_OK) (void)wn_err_errno(&f->first, "closing %s", f->entry.name);
    f->fd = -1;
    if (f->first.code == WN_OK) (void)wn_sha256_final(&f->sha, f->entry.sha256, &f->first);
    wn_code code = f->first.code;
    if (code == WN_OK)
        code = outdir_list(f->dir, &f->entry, err);
    else
        *err = f->first;
    wn_outfile_abort(f);
    return code;
}

void wn_outfile_abort(wn_outfile *f) {
    if (!f) return;
    if (f->fd >= 0) (void)close(f->fd);
    wn_sha256_free(&f->sha);
    wn_free(f);
}
