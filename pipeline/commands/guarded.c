/* libhdf5 itself crashes on some broken files. A check must not: it runs in a child process. */
#include "kind.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn/fd.h>
#include <winnow/progress.h>
#include <winnow/store.h>

typedef struct {
    wn_code code;
    wn_err err;
    char summary[1024];
} verdict;

static _Noreturn void guarded_child(const char *path, int answer) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGINT, SIGTERM};
    static verdict v;
    const struct rlimit none = {0, 0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setrlimit(RLIMIT_CORE, &none);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) (void)signal(fatal[i], SIG_DFL);
    (void)close(STDERR_FILENO); /* what a dying library says is of no use to the user */
    v.code = wn_store_check(path, v.summary, sizeof v.summary, &v.err);
    (void)wn_fd_write(answer, &v, sizeof v);
    _exit(0);
}

/* Reads the verdict; false when the child ended without one or was stopped. */
static bool guarded_listen(int answer, pid_t pid, verdict *v) {
    size_t done = 0;
    struct pollfd p = {.fd = answer, .events = POLLIN};
    while (done < sizeof *v) {
        if (wn_interrupted()) (void)kill(pid, SIGKILL);
        int ready = poll(&p, 1, 100);
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        ssize_t n = ready < 0 ? -1 : read(answer, (char *)v + done, sizeof *v - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += (size_t)n;
    }
    return done == sizeof *v;
}

wn_code wn_store_check_guarded(const char *path, char *summary, size_t size, wn_err *err) {
    int ends[2];
    verdict v;
    if (pipe(ends) != 0) return wn_err_errno(err, "checking %s: no pipe", path);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        guarded_child(path, ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return wn_err_errno(err, "checking %s: no process", path);
    }
    bool answered = guarded_listen(ends[0], pid, &v);
    (void)close(ends[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (wn_interrupted()) return wn_err_set(err, WN_EINTERRUPT, "interrupted while %s was checked", path);
    if (!answered)
        return wn_err_set(err, WN_EINPUT, "%s: broken: the HDF5 library fails on it without being able to say why",
                          path);
    if (v.code == WN_OK && size) (void)snprintf(summary, size, "%s", v.summary);
    if (v.code != WN_OK && err) *err = v.err;
    return v.code;
}
