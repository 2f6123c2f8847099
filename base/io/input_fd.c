#include <wn/input_fd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <winnow/progress.h>
#include <wn/fd.h>

const char *wn_path_label(const char *path) {
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static wn_code check_input_kind(int fd, bool *regular, const char *path, wn_err *err) {
    struct stat s;
    const char *label = wn_path_label(path);
    if (fstat(fd, &s) != 0) return wn_err_errno(err, "cannot examine %s", label);
    *regular = S_ISREG(s.st_mode) && fd != STDIN_FILENO;
    if (S_ISDIR(s.st_mode)) return wn_err_set(err, WN_EIO, "%s is a folder; name the files in it", label);
    return WN_OK;
}

bool wn_input_fd_endless(int fd) {
    struct stat s;
    if (fstat(fd, &s) != 0 || (S_ISCHR(s.st_mode) && s.st_rdev == makedev(1, 3))) return false;
    return S_ISBLK(s.st_mode) || (S_ISCHR(s.st_mode) && !isatty(fd));
}

wn_code wn_input_fd_open(int *fd, bool *regular, const char *path, wn_err *err) {
    bool standard = strcmp(path, "-") == 0;
    *fd = standard ? STDIN_FILENO : wn_fd_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return wn_err_errno(err, "cannot open %s", path);
    wn_code code = check_input_kind(*fd, regular, path, err);
    if (code != WN_OK) {
        wn_input_fd_close(*fd);
        *fd = -1;
    }
    return code;
}

wn_code wn_input_file_open(int *fd, const char *path, wn_err *err) {
    struct stat s;
    *fd = wn_fd_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return wn_err_errno(err, "%s", path);
    wn_code code = WN_OK;
    if (fstat(*fd, &s) != 0)
        code = wn_err_errno(err, "%s", path);
    else if (!S_ISREG(s.st_mode))
        code = wn_err_set(err, WN_EINPUT, "%s: not a file", path);
    if (code == WN_OK) return WN_OK;
    wn_input_fd_close(*fd);
    *fd = -1;
    return code;
}

wn_code wn_input_file_stream(FILE **f, const char *path, wn_err *err) {
    int fd;
    *f = NULL;
    wn_code code = wn_input_file_open(&fd, path, err);
    if (code != WN_OK) return code;
    if ((*f = fdopen(fd, "rb"))) return WN_OK;
    code = wn_err_errno(err, "%s", path);
    wn_input_fd_close(fd);
    return code;
}

bool wn_input_file_head(void *head, size_t cap, size_t *got, const char *path) {
    wn_err ignored;
    FILE *f;
    *got = 0;
    if (wn_input_file_stream(&f, path, &ignored) != WN_OK) return false;
    *got = fread(head, 1, cap, f);
    const bool read = !ferror(f);
    (void)fclose(f);
    return read;
}

static wn_code await_input(int fd, wn_err *err) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        wn_code code = wn_tick(NULL, "read", "bytes", 0, 0, err);
        if (code != WN_OK || poll(&p, 1, 200) > 0) return code;
    }
}

wn_code wn_input_fd_read(int fd, bool regular, void *dst, size_t cap, size_t *got, const char *path, wn_err *err) {
    *got = 0;
    for (;;) {
        wn_code code = regular ? WN_OK : await_input(fd, err);
        if (code != WN_OK) return code;
        ssize_t n = read(fd, dst, cap);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return wn_err_errno(err, "cannot read %s", wn_path_label(path));
        *got = (size_t)n;
        return WN_OK;
    }
}

void wn_input_fd_close(int fd) {
    if (fd > STDIN_FILENO) (void)close(fd);
}
