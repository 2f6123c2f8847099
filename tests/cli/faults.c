/* Preloaded into winnow by faults.sh: makes calls that write fail as disks and kernels do.
 *
 *   FAULT_KIND=eio     the FAULT_AT-th call (from 1) fails with EIO, once
 *   FAULT_KIND=enospc  from the FAULT_AT-th call on there is no space: writing, extending and creating fail
 *   FAULT_KIND=eintr   every second call is interrupted before it did anything
 *   FAULT_KIND=short   every write takes at most 7 bytes, or a third where there are more than 4,000
 *   FAULT_KIND=plain-rename   renameat2 is refused with EINVAL, as by file systems that only know rename
 *   FAULT_LOG=FILE     gets the name of each call that failed, a line each
 *
 * Counted are calls on regular files and folders: write, pwrite, fsync, ftruncate, close of a file open for writing,
 * open with O_CREAT, mkdir, rename, renameat2. A failed close has closed, as on Linux; any other failed call did
 * nothing. What libhdf5 does not promise to survive (an interrupted open, close or ftruncate) is spared with eintr. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITES = 1, CREATES = 2, OTHER = 4 };

static atomic_long calls;

static bool is_kind(const char *name) {
    const char *kind = getenv("FAULT_KIND");
    return kind && strcmp(kind, name) == 0;
}

static void report(const char *name) {
    const char *path = getenv("FAULT_LOG");
    char line[64];
    int n = snprintf(line, sizeof line, "%s\n", name);
    long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    if (fd < 0) return;
    (void)syscall(SYS_write, fd, line, (size_t)n);
    (void)syscall(SYS_close, fd);
}

static bool on_disk(int fd) {
    struct stat s;
    int saved = errno;
    bool yes = fd > 2 && fstat(fd, &s) == 0 && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode));
    errno = saved;
    return yes;
}

static bool from_hdf5(const void *caller) {
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libhdf5");
}

/* Counts one call; true: it fails, and errno says how. `interruptible`: this caller must survive EINTR. */
static bool fails(const char *name, int group, bool interruptible) {
    const char *text = getenv("FAULT_AT");
    long at = text ? strtol(text, NULL, 10) : 0, now = atomic_fetch_add(&calls, 1) + 1;
    int how = 0;
    if (is_kind("eio") && now == at) how = EIO;
    if (is_kind("enospc") && at > 0 && now >= at && group != OTHER) how = ENOSPC;
    if (is_kind("eintr") && interruptible && now % 2) how = EINTR;
    if (how == 0) return false;
    report(name);
    errno = how;
    return true;
}

static void *next(const char *name) {
    void *f = dlsym(RTLD_NEXT, name);
    if (!f) _exit(99);
    return f;
}

/* dlsym gives object pointers; C wants them copied into function pointers. */
#define NEXT(type, name)                  \
    type real;                            \
    void *found = next(name);             \
    memcpy(&real, &found, sizeof real)

static size_t taken(size_t n) {
    if (!is_kind("short") || n < 2) return n;
    return n > 4000 ? n / 3 : n < 7 ? n - 1 : 7;
}

ssize_t write(int fd, const void *data, size_t n);
ssize_t write(int fd, const void *data, size_t n) {
    typedef ssize_t (*function)(int, const void *, size_t);
    NEXT(function, "write");
    if (!on_disk(fd)) return real(fd, data, n);
    if (fails("write", WRITES, true)) return -1;
    return real(fd, data, taken(n));
}

static ssize_t place(const char *name, int fd, const void *data, size_t n, off_t at) {
    typedef ssize_t (*function)(int, const void *, size_t, off_t);
    NEXT(function, name);
    if (on_disk(fd) && fails("pwrite", WRITES, true)) return -1;
    return real(fd, data, taken(n), at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return place("pwrite", fd, data, n, at); }
ssize_t pwrite64(int fd, const void *data, size_t n, off_t at);
ssize_t pwrite64(int fd, const void *data, size_t n, off_t at) { return place("pwrite64", fd, data, n, at); }

int fsync(int fd);
int fsync(int fd) {
    typedef int (*function)(int);
    NEXT(function, "fsync");
    return fails("fsync", OTHER, true) ? -1 : real(fd);
}

static int extend(const char *name, int fd, off_t size, const void *caller) {
    typedef int (*function)(int, off_t);
    NEXT(function, name);
    return fails("ftruncate", WRITES, !from_hdf5(caller)) ? -1 : real(fd, size);
}

int ftruncate(int fd, off_t size);
int ftruncate(int fd, off_t size) { return extend("ftruncate", fd, size, __builtin_return_address(0)); }
int ftruncate64(int fd, off_t size);
int ftruncate64(int fd, off_t size) { return extend("ftruncate64", fd, size, __builtin_return_address(0)); }

int close(int fd);
int close(int fd) {
    typedef int (*function)(int);
    NEXT(function, "close");
    bool counted = on_disk(fd) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    int status = real(fd);
    return counted && status == 0 && fails("close", OTHER, !from_hdf5(__builtin_return_address(0))) ? -1 : status;
}

static bool creates(int flags) { return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE; }

static int make(const char *name, const char *path, int flags, mode_t mode, const void *caller) {
    typedef int (*function)(const char *, int, ...);
    NEXT(function, name);
    if (!creates(flags)) return real(path, flags);
    return fails("open", CREATES, !from_hdf5(caller)) ? -1 : real(path, flags, mode);
}

static mode_t mode_in(va_list ap, int flags) { return creates(flags) ? (mode_t)va_arg(ap, int) : 0; }

int open(const char *path, int flags, ...);
int open(const char *path, int flags, ...) {
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_in(ap, flags);
    va_end(ap);
    return make("open", path, flags, mode, __builtin_return_address(0));
}

int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...) {
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_in(ap, flags);
    va_end(ap);
    return make("open64", path, flags, mode, __builtin_return_address(0));
}

int mkdir(const char *path, mode_t mode);
int mkdir(const char *path, mode_t mode) {
    typedef int (*function)(const char *, mode_t);
    NEXT(function, "mkdir");
    return fails("mkdir", CREATES, false) ? -1 : real(path, mode);
}

int rename(const char *from, const char *to);
int rename(const char *from, const char *to) {
    typedef int (*function)(const char *, const char *);
    NEXT(function, "rename");
    return fails("rename", OTHER, false) ? -1 : real(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    typedef int (*function)(int, const char *, int, const char *, unsigned);
    NEXT(function, "renameat2");
    if (is_kind("plain-rename")) {
        errno = EINVAL;
        return -1;
    }
    return fails("renameat2", OTHER, false) ? -1 : real(a, from, b, to, flags);
}
