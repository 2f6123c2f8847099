#include <wn/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int wn_fd_open(const char *path, int flags) {
    int fd;
    do fd = open(path, flags | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int wn_fd_write(int fd, const void *data, size_t n) {
    for (const char *from = data; n > 0;) {
        ssize_t done = write(fd, from, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -1;
        from += done;
        n -= (size_t)done;
    }
    return 0;
}

int wn_fd_close(int fd) { return close(fd) == 0 || errno == EINTR ? 0 : -1; }
