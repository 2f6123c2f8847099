#include <wn/safefile.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>

enum { BUFFER = 1 << 16 };
#define TEMP ".winnow-"
#define ASIDE ".winnow-old-"

/* Names are split once: the folder, for the temporaries and the final sync, and the target. */
typedef struct {
    char *target, *folder, *temp;
    char *aside; /* where an old folder stands until it is known that nothing in it is the user's */
} places;

struct wn_safefile {
    places at;
    int fd;
    bool overwrite, failed;
    bool keep_other;
    bool there; /* a target stood there at the beginning: `old` */
    struct stat old;
    wn_err first; /* the failure that commit reports again */
    size_t used;
    char buffer[BUFFER];
};

struct wn_safedir {
    places at;
    wn_safedir_guard guard; /* NULL: nothing is replaced */
};

static void places_free(places *p) {
    wn_free(p->target);
    wn_free(p->folder);
    wn_free(p->temp);
    wn_free(p->aside);
    *p = (places){0};
}

/* .NAME.winnow-PID-N and .NAME.winnow-old-PID-N beside NAME: hidden from globs, and their owner can be told. The first
 * never holds anything of the user's for longer than a rename takes to be looked at; the second may. */
static wn_code places_init(places *p, const char *path, wn_err *err) {
    static unsigned attempts;
    size_t n = wn_path_trim(path);
    if (n == 0) return wn_err_set(err, WN_EUSAGE, "an output path is empty");
    *p = (places){.target = wn_strndup(path, n, err)};
    if (!p->target) return WN_EMEMORY;
    const char *name = wn_path_name(p->target);
    p->folder = wn_path_folder(p->target, err);
    size_t size = n + 64;
    p->temp = wn_alloc(size, 1, err);
    p->aside = wn_alloc(size, 1, err);
    if (!p->folder || !p->temp || !p->aside) return places_free(p), WN_EMEMORY;
    unsigned attempt = __atomic_add_fetch(&attempts, 1, __ATOMIC_RELAXED);
    int before = (int)(name - p->target);
    (void)snprintf(p->temp, size, "%.*s.%s" TEMP "%ld-%u", before, p->target, name, (long)getpid(), attempt);
    (void)snprintf(p->aside, size, "%.*s.%s" ASIDE "%ld-%u", before, p->target, name, (long)getpid(), attempt);
    return WN_OK;
}

static wn_code refuse_existing(const char *path, bool overwrite, bool want_folder, wn_err *err) {
    struct stat s;
    if (lstat(path, &s) != 0)
        return errno == ENOENT ? WN_OK : wn_err_errno(err, "%s", path);
    if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode) && !S_ISLNK(s.st_mode))
        return wn_err_set(err, WN_EUSAGE, "%s is a device or a pipe, and only a file can appear whole or not at all",
                          path);
    if (!overwrite) return wn_err_set(err, WN_EUSAGE, "%s exists; -f replaces it", path);
    if (S_ISDIR(s.st_mode) != want_folder)
        return wn_err_set(err, WN_EUSAGE, "%s is %s, and a %s is to be written there", path,
                          S_ISDIR(s.st_mode) ? "a folder" : "not a folder", want_folder ? "folder" : "file");
    return WN_OK;
}

/* Removes a folder and what it holds, without following links. */
static int remove_tree(const char *path) {
    DIR *d = opendir(path);
    if (!d) return errno == ENOTDIR || errno == ELOOP ? unlink(path) : -1;
    int bad = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        struct stat s;
        size_t size = strlen(path) + strlen(e->d_name) + 2;
        char *inner = malloc(size);
        if (!inner) {
            bad = -1;
            break;
        }
        (void)snprintf(inner, size, "%s/%s", path, e->d_name);
        if (lstat(inner, &s) != 0) bad = -1;
        else if (S_ISDIR(s.st_mode) ? remove_tree(inner) : unlink(inner)) bad = -1;
        free(inner);
    }
    (void)closedir(d);
    return rmdir(path) != 0 ? -1 : bad;
}

/* Whether an entry of the folder is a temporary of a process that no longer lives: what a kill -9 left. */
static bool is_stale(const char *entry, const char *name, const char *mark) {
    size_t n = strlen(name), m = strlen(mark);
    char *end;
    if (entry[0] != '.' || strncmp(entry + 1, name, n) != 0 || strncmp(entry + 1 + n, mark, m) != 0) return false;
    long pid = strtol(entry + 1 + n + m, &end, 10);
    if (pid <= 0 || *end != '-' || pid == (long)getpid()) return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* guard (NULL: of a file): an old folder is removed only where nothing in it is the user's and another took its place.
 */
static void sweep_stale(const places *p, wn_safedir_guard guard) {
    const char *name = wn_path_name(p->target);
    struct stat s;
    wn_err ignored;
    bool replaced = lstat(p->target, &s) == 0;
    DIR *d = opendir(p->folder);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        bool temp = is_stale(e->d_name, name, TEMP);
        if (!temp && !(guard && replaced && is_stale(e->d_name, name, ASIDE))) continue;
        size_t size = strlen(p->folder) + strlen(e->d_name) + 2;
        char *stale = malloc(size);
        if (!stale) break;
        (void)snprintf(stale, size, "%s/%s", p->folder, e->d_name);
        if (temp || (guard(stale, stale, &ignored) == WN_OK && rename(stale, p->temp) == 0))
            (void)remove_tree(temp ? stale : p->temp);
        free(stale);
    }
    (void)closedir(d);
}

static int sync_fd(int fd) {
    int bad;
    do bad = fsync(fd);
    while (bad != 0 && errno == EINTR);
    return bad;
}

static wn_code sync_path(const char *path, wn_err *err) {
    int fd = wn_fd_open(path, O_RDONLY);
    if (fd < 0) return wn_err_errno(err, "opening %s to sync it", path);
    int bad = sync_fd(fd);
    int saved = errno;
    (void)close(fd);
    errno = saved;
    /* some file systems cannot sync a folder; that is theirs to know */
    return bad && saved != EINVAL && saved != EROFS ? wn_err_errno(err, "syncing %s", path) : WN_OK;
}

/* ---- a file takes the place of the target ---- */

static bool same_content(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static wn_code refuse_changed(const char *path, wn_err *err) {
    return wn_err_set(err, WN_EUSAGE, "%s was written by another while winnow worked, so it is left alone", path);
}

/* Nothing stood there at the beginning, or nothing may be replaced: what appeared meanwhile is not. */
static wn_code place_new(const places *p, wn_err *err) {
    if (renameat2(AT_FDCWD, p->temp, AT_FDCWD, p->target, RENAME_NOREPLACE) == 0) return WN_OK;
    if (errno == EEXIST) return wn_err_set(err, WN_EUSAGE, "%s exists; -f replaces it", p->target);
    if (errno != EINVAL && errno != ENOSYS) return wn_err_errno(err, "renaming to %s", p->target);
    return rename(p->temp, p->target) == 0 ? WN_OK : wn_err_errno(err, "renaming to %s", p->target);
}

/* The old file stands at temp afterwards (*swapped), is looked at there, and goes back if it is another than at the
 * beginning. Where two names cannot be exchanged it is looked at before. */
static wn_code place_over(const wn_safefile *f, bool *swapped, wn_err *err) {
    const places *p = &f->at;
    struct stat s;
    *swapped = renameat2(AT_FDCWD, p->temp, AT_FDCWD, p->target, RENAME_EXCHANGE) == 0;
    if (!*swapped && errno == ENOENT) return place_new(p, err);
    if (!*swapped && errno != EINVAL && errno != ENOSYS) return wn_err_errno(err, "renaming to %s", p->target);
    if (lstat(*swapped ? p->temp : p->target, &s) == 0 && same_content(&s, &f->old))
        return *swapped || rename(p->temp, p->target) == 0 ? WN_OK : wn_err_errno(err, "renaming to %s", p->target);
    if (*swapped) (void)renameat2(AT_FDCWD, p->target, AT_FDCWD, p->temp, RENAME_EXCHANGE);
    return refuse_changed(p->target, err);
}

/* Whether two files hold the same bytes; false where that cannot be told. */
static bool same_bytes(const char *a, const char *b) {
    FILE *x = fopen(a, "re"), *y = fopen(b, "re");
    bool same = x && y;
    while (same) {
        int c = getc(x);
        same = c == getc(y);
        if (c == EOF) break;
    }
    same = same && !ferror(x) && !ferror(y);
    if (x) (void)fclose(x);
    if (y) (void)fclose(y);
    return same;
}

/* Places the file and syncs its folder; where that fails, the target is again what it was. */
static wn_code settle_file(const wn_safefile *f, wn_err *err) {
    const places *p = &f->at;
    bool swapped = false;
    wn_code code = refuse_existing(p->target, f->overwrite, false, err);
    if (code != WN_OK) return code;
    if (f->there && f->keep_other && f->old.st_size > 0 && !same_bytes(p->temp, p->target))
        return wn_err_set(err, WN_EUSAGE,
                          "%s holds something else than is to be written there, so -f leaves it alone; choose another "
                          "name or move it away",
                          p->target);
    if ((code = f->there ? place_over(f, &swapped, err) : place_new(p, err)) != WN_OK) return code;
    code = sync_path(p->folder, err);
    if (code != WN_OK && (swapped || !f->there))
        (void)renameat2(AT_FDCWD, p->target, AT_FDCWD, p->temp, swapped ? RENAME_EXCHANGE : 0);
    return code;
}

wn_code wn_safefile_create(wn_safefile **out, const char *path, bool overwrite, wn_err *err) {
    *out = NULL;
    wn_safefile *f = wn_alloc(1, sizeof *f, err);
    if (!f) return WN_EMEMORY;
    f->fd = -1;
    f->overwrite = overwrite;
    wn_code code = places_init(&f->at, path, err);
    if (code != WN_OK) goto out;
    if ((code = refuse_existing(f->at.target, overwrite, false, err)) != WN_OK) goto out;
    f->there = lstat(f->at.target, &f->old) == 0;
    sweep_stale(&f->at, NULL);
    f->fd = wn_fd_open(f->at.temp, O_RDWR | O_CREAT | O_EXCL);
    if (f->fd < 0) code = wn_err_errno(err, "cannot write %s", f->at.target);
out:
    if (code != WN_OK) {
        places_free(&f->at);
        wn_free(f);
    } else {
        *out = f;
    }
    return code;
}

void wn_safefile_sweep(const char *path) {
    places p;
    wn_err ignored;
    if (places_init(&p, path, &ignored) != WN_OK) return;
    sweep_stale(&p, NULL);
    places_free(&p);
}

void wn_safefile_keep_other(wn_safefile *f) { f->keep_other = true; }

const char *wn_safefile_temp(const wn_safefile *f) { return f->at.temp; }

static wn_code safefile_fail(wn_safefile *f, wn_err *err) {
    f->failed = true;
    wn_code code = wn_err_errno(&f->first, "writing %s", f->at.target);
    *err = f->first;
    return code;
}

static wn_code safefile_put(wn_safefile *f, const void *data, size_t n, wn_err *err) {
    return wn_fd_write(f->fd, data, n) == 0 ? WN_OK : safefile_fail(f, err);
}

static wn_code safefile_flush(wn_safefile *f, wn_err *err) {
    size_t n = f->used;
    f->used = 0;
    return safefile_put(f, f->buffer, n, err);
}

wn_code wn_safefile_write(wn_safefile *f, const void *data, size_t n, wn_err *err) {
    if (f->failed) {
        *err = f->first;
        return f->first.code;
    }
    wn_code code = n > BUFFER - f->used ? safefile_flush(f, err) : WN_OK;
    if (code != WN_OK) return code;
    if (n >= BUFFER) return safefile_put(f, data, n, err);
    memcpy(f->buffer + f->used, data, n);
    f->used += n;
    return WN_OK;
}

wn_code wn_safefile_printf(wn_safefile *f, wn_err *err, const char *fmt, ...) {
    char small[1024], *text = small;
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    wn_code code = n < 0 ? wn_err_set(err, WN_EINTERNAL, "formatting for %s failed", f->at.target) : WN_OK;
    if (code != WN_OK) goto out;
    if ((size_t)n >= sizeof small) {
        if (!(text = wn_alloc((size_t)n + 1, 1, err))) {
            code = WN_EMEMORY;
            goto out;
        }
        (void)vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    code = wn_safefile_write(f, text, (size_t)n, err);
out:
    va_end(again);
    if (text != small) wn_free(text);
    return code;
}

wn_code wn_safefile_commit(wn_safefile *f, wn_err *err) {
    wn_code code = f->failed ? f->first.code : safefile_flush(f, err);
    if (f->failed) *err = f->first;
    if (code != WN_OK) goto out;
    if (sync_fd(f->fd) != 0) {
        code = safefile_fail(f, err);
        goto out;
    }
    int fd = f->fd;
    f->fd = -1;
    if (wn_fd_close(fd) != 0) {
        code = safefile_fail(f, err);
        goto out;
    }
    /* a library may have replaced the file by name: what stands there now is what must be on disk */
    if ((code = sync_path(f->at.temp, err)) != WN_OK) goto out;
    code = settle_file(f, err);
out:
    wn_safefile_abort(f); /* the temporary name holds nothing, the old file, or what could not be placed */
    return code;
}

void wn_safefile_abort(wn_safefile *f) {
    if (!f) return;
    if (f->fd >= 0) (void)close(f->fd);
    if (f->at.temp) (void)unlink(f->at.temp);
    places_free(&f->at);
    wn_free(f);
}

wn_code wn_safedir_create(wn_safedir **out, const char *path, wn_safedir_guard guard, wn_err *err) {
    *out = NULL;
    wn_safedir *d = wn_alloc(1, sizeof *d, err);
    if (!d) return WN_EMEMORY;
    d->guard = guard;
    wn_code code = places_init(&d->at, path, err);
    if (code != WN_OK) goto out;
    if ((code = refuse_existing(d->at.target, guard != NULL, true, err)) != WN_OK) goto out;
    sweep_stale(&d->at, guard);
    if (mkdir(d->at.temp, 0777) != 0) code = wn_err_errno(err, "cannot write %s", d->at.target);
out:
    if (code != WN_OK) {
        places_free(&d->at);
        wn_free(d);
    } else {
        *out = d;
    }
    return code;
}

const char *wn_safedir_temp(const wn_safedir *d) { return d->at.temp; }

/* Syncs every file of the folder and the folder itself; winnow's output folders are flat. */
static wn_code sync_folder(const char *path, wn_err *err) {
    DIR *dir = opendir(path);
    if (!dir) return wn_err_errno(err, "opening %s", path);
    wn_code code = WN_OK;
    for (struct dirent *e; code == WN_OK && (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char *inner = wn_path_join(path, e->d_name, err);
        code = inner ? sync_path(inner, err) : WN_EMEMORY;
        wn_free(inner);
    }
    (void)closedir(dir);
    return code != WN_OK ? code : sync_path(path, err);
}

/* ---- a folder takes the place of the target ---- */

/* The new folder goes to `aside` first and is exchanged from there, so that the old one never bears the name of a
 * temporary. Where two names cannot be exchanged, the old one steps aside by itself. */
static wn_code exchange_folders(const places *p, wn_err *err) {
    if (rename(p->temp, p->aside) != 0) return wn_err_errno(err, "renaming to %s", p->target);
    if (renameat2(AT_FDCWD, p->aside, AT_FDCWD, p->target, RENAME_EXCHANGE) == 0) return WN_OK;
    bool unable = errno == EINVAL || errno == ENOSYS;
    if (!unable) (void)wn_err_errno(err, "renaming to %s", p->target);
    if (rename(p->aside, p->temp) != 0 || !unable)
        return unable ? wn_err_errno(err, "renaming to %s", p->target) : err->code;
    if (rename(p->target, p->aside) != 0) return wn_err_errno(err, "renaming %s", p->target);
    if (rename(p->temp, p->target) == 0) return WN_OK;
    (void)wn_err_errno(err, "renaming to %s", p->target);
    (void)rename(p->aside, p->target);
    return err->code;
}

/* Back to what it was: the new folder is at temp again, the old one at the target. */
static void exchange_back(const places *p) {
    if (renameat2(AT_FDCWD, p->aside, AT_FDCWD, p->target, RENAME_EXCHANGE) == 0)
        (void)rename(p->aside, p->temp);
    else if (rename(p->target, p->temp) == 0)
        (void)rename(p->aside, p->target);
}

/* Exchanges the folders, looks at the old one where nobody else finds it, and removes it or puts it back. */
static wn_code replace_folder(const wn_safedir *d, wn_err *err) {
    const places *p = &d->at;
    wn_code code = exchange_folders(p, err);
    if (code != WN_OK) return code;
    if ((code = d->guard(p->aside, p->target, err)) == WN_OK) code = sync_path(p->folder, err);
    if (code != WN_OK) exchange_back(p);
    /* at temp the old folder is removed, and found again if that is interrupted; else it goes at once */
    else if (rename(p->aside, p->temp) != 0) (void)remove_tree(p->aside);
    return code;
}

static wn_code settle_folder(const wn_safedir *d, wn_err *err) {
    const places *p = &d->at;
    struct stat s;
    wn_code code = refuse_existing(p->target, d->guard != NULL, true, err);
    if (code != WN_OK) return code;
    if (d->guard && lstat(p->target, &s) == 0) return replace_folder(d, err);
    if ((code = place_new(p, err)) != WN_OK) return code;
    if ((code = sync_path(p->folder, err)) != WN_OK) (void)rename(p->target, p->temp);
    return code;
}

wn_code wn_safedir_commit(wn_safedir *d, wn_err *err) {
    wn_code code = sync_folder(d->at.temp, err);
    if (code == WN_OK) code = settle_folder(d, err);
    wn_safedir_abort(d); /* the temporary name holds nothing, the old folder, or what could not be placed */
    return code;
}

void wn_safedir_abort(wn_safedir *d) {
    if (!d) return;
    if (d->at.temp) (void)remove_tree(d->at.temp);
    places_free(&d->at);
    wn_free(d);
}
