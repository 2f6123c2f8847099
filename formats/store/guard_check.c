/* A check in a process of its own: libhdf5 itself crashes on some broken files. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <winnow/store.h>
#include <wn/fd.h>

#include "guard.h"

typedef struct {
    wn_code code;
    wn_err err;
    char summary[1024];
} verdict;

static _Noreturn void check_child(const char *path, int answer) {
    static verdict v;
    wn_guard_child_begin(path);
    v.code = wn_store_check(path, v.summary, sizeof v.summary, &v.err);
    (void)wn_fd_write(answer, &v, sizeof v);
    _exit(0);
}

wn_code wn_store_check_apart(const char *path, char *summary, size_t summary_size, wn_err *err) {
    int ends[2];
    verdict v;
    wn_err ignored;
    if (pipe(ends) != 0) return wn_err_errno(err, "checking %s: no pipe", path);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        check_child(path, ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return wn_err_errno(err, "checking %s: no process", path);
    }
    bool answered = wn_guard_receive(ends[0], pid, &v, sizeof v);
    (void)close(ends[0]);
    wn_code ended = wn_guard_ended(pid, path, answered ? &ignored : err);
    if (!answered) return ended;
    if (v.code == WN_OK && summary && summary_size) (void)snprintf(summary, summary_size, "%s", v.summary);
    if (v.code != WN_OK) *err = v.err;
    return v.code;
}
