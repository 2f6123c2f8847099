#ifndef WN_FD_H
#define WN_FD_H
/* File descriptors: the calls that a signal may interrupt, repeated until they are done. -1 and errno on failure. */
#include <stddef.h>

/* Closed on exec; created files have mode 0666 less the umask. */
int wn_fd_open(const char *path, int flags);
/* All n bytes; 0 on success. */
int wn_fd_write(int fd, const void *data, size_t n);
/* 0 on success; Linux has closed the descriptor also where it says EINTR. */
int wn_fd_close(int fd);

#endif
