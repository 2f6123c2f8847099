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

/* Names are split once: the folder, for the temporary and the final sync, and the target. */
typedef struct {
    char *target, *folder, *temp;
} places;

struct wn_safefile {
    places at;
    int fd;
    bool overwrite, failed;
    wn_err first; /* the failure that commit reports again */
    size_t used;
    char buffer[BUFFER];
};

struct wn_safedir {
    places at;
    bool overwrite;
};

static void places_free(places *p) {
    wn_free(p->target);
    wn_free(p->folder);
    wn_free(p->temp);
    *p = (places){0};
}

/* .NAME.winnow-PID-N beside NAME: hidden from globs, and its owner can be told. */
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
    if (!p->folder || !p->temp) return places_free(p), WN_EMEMORY;
    (void)snprintf(p->temp, size, "%.*s.%s.winnow-%ld-%u", (int)(name - p->target), p->target, name, (long)getpid(),
                   __atomic_add_fetch(&attempts, 1, __ATOMIC_RELAXED));
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

/* Temporaries of processes that no longer live: what a kill -9 left. */
static void sweep_stale(const places *p) {
    const char *name = wn_path_name(p->target);
    DIR *d = opendir(p->folder);
    if (!d) return;
    size_t n = strlen(name);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] != '.' || strncmp(e->d_name + 1, name, n) != 0) continue;
        if (strncmp(e->d_name + 1 + n, ".winnow-", 8) != 0) continue;
        char *end;
        long pid = strtol(e->d_name + 1 + n + 8, &end, 10);
        if (pid <= 0 || *end != '-' || pid == (long)getpid()) continue;
        if (kill((pid_t)pid, 0) == 0 || errno != ESRCH) continue;
        size_t size = strlen(p->folder) + strlen(e->d_name) + 2;
        char *stale = malloc(size);
        if (!stale) break;
        (void)snprintf(stale, size, "%s/%s", p->folder, e->d_name);
        (void)remove_tree(stale);
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

/* ---- temp takes the place of the target ---- */

/* MOVED: nothing stood there. SWAPPED: the old target is now at temp. REPLACED: the old target is gone. */
typedef enum { MOVED, SWAPPED, REPLACED } placing;

/* Without overwrite a target that appeared meanwhile is not replaced. */
static wn_code place_temp(const places *p, bool overwrite, bool folder, placing *how, wn_err *err) {
    unsigned flags = overwrite ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    *how = overwrite ? SWAPPED : MOVED;
    if (renameat2(AT_FDCWD, p->temp, AT_FDCWD, p->target, flags) == 0) return WN_OK;
    if (!overwrite && errno == EEXIST) return wn_err_set(err, WN_EUSAGE, "%s exists; -f replaces it", p->target);
    bool unable = errno == EINVAL || errno == ENOSYS, absent = overwrite && errno == ENOENT;
    if (!unable && !absent) return wn_err_errno(err, "renaming to %s", p->target);
    *how = overwrite && unable ? REPLACED : MOVED;
    if (*how == REPLACED && folder)
        (void)remove_tree(p->target); /* rename alone replaces no folder that holds something */
    return rename(p->temp, p->target) == 0 ? WN_OK : wn_err_errno(err, "renaming to %s", p->target);
}

/* Places temp and syncs the folder; where that fails, the target is again what it was. */
static wn_code settle_temp(const places *p, bool overwrite, bool folder, wn_err *err) {
    placing how;
    wn_code code = refuse_existing(p->target, overwrite, folder, err);
    if (code != WN_OK) return code;
    if ((code = place_temp(p, overwrite, folder, &how, err)) != WN_OK) return code;
    code = sync_path(p->folder, err);
    if (code != WN_OK && how != REPLACED)
        (void)renameat2(AT_FDCWD, p->target, AT_FDCWD, p->temp, how == SWAPPED ? RENAME_EXCHANGE : 0);
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
    sweep_stale(&f->at);
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
    code = settle_temp(&f->at, f->overwrite, false, err);
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

wn_code wn_safedir_create(wn_safedir **out, const char *path, bool overwrite, wn_err *err) {
    *out = NULL;
    wn_safedir *d = wn_alloc(1, sizeof *d, err);
    if (!d) return WN_EMEMORY;
    d->overwrite = overwrite;
    wn_code code = places_init(&d->at, path, err);
    if (code != WN_OK) goto out;
    if ((code = refuse_existing(d->at.target, overwrite, true, err)) != WN_OK) goto out;
    sweep_stale(&d->at);
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

wn_code wn_safedir_commit(wn_safedir *d, wn_err *err) {
    wn_code code = sync_folder(d->at.temp, err);
    if (code == WN_OK) code = settle_temp(&d->at, d->overwrite, true, err);
    wn_safedir_abort(d); /* the temporary name holds nothing, the old folder, or what could not be placed */
    return code;
}

void wn_safedir_abort(wn_safedir *d) {
    if (!d) return;
    if (d->at.temp) (void)remove_tree(d->at.temp);
    places_free(&d->at);
    wn_free(d);
}
