/* Questions about a whole file, answered in a process of its own: libhdf5 itself crashes on some broken files. */
#include <hdf5.h>
#include <stdio.h>
#include <unistd.h>
#include <winnow/store.h>
#include <wn/fd.h>
#include <wn/store_ours.h>

#include "guard.h"

/* What the child does: fills the answer, of a size that both sides know. */
typedef void (*guard_work)(const char *path, void *answer);

/* Forks a child that does the work and sends `answer` [size]. */
static wn_code answer_apart(const char *path, guard_work work, void *answer, size_t size, wn_err *err) {
    int ends[2];
    wn_err ignored;
    if (pipe(ends) != 0) return wn_err_errno(err, "looking at %s: no pipe", path);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        wn_guard_child_begin(path);
        work(path, answer);
        (void)wn_fd_write(ends[1], answer, size);
        _exit(0);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return wn_err_errno(err, "looking at %s: no process", path);
    }
    bool answered = wn_guard_receive(ends[0], pid, answer, size);
    (void)close(ends[0]);
    wn_code ended = wn_guard_ended(pid, path, answered ? &ignored : err);
    return answered ? WN_OK : ended;
}

/* ---- is it whole? ---- */

typedef struct {
    wn_code code;
    wn_err err;
    char summary[1024];
} verdict;

static void check_work(const char *path, void *answer) {
    verdict *v = answer;
    v->code = wn_store_check(path, v->summary, sizeof v->summary, &v->err);
}

wn_code wn_store_check_apart(const char *path, char *summary, size_t summary_size, wn_err *err) {
    verdict v = {0};
    wn_code code = answer_apart(path, check_work, &v, sizeof v, err);
    if (code != WN_OK) return code;
    if (v.code == WN_OK && summary && summary_size) (void)snprintf(summary, summary_size, "%s", v.summary);
    if (v.code != WN_OK) *err = v.err;
    return v.code;
}

/* ---- is it ours? ---- */

static void ours_work(const char *path, void *answer) {
    bool *ours = answer;
    hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (f < 0) return;
    *ours = H5Aexists(f, "winnow") > 0 || (H5Lexists(f, "uns", H5P_DEFAULT) > 0 &&
                                           H5Lexists(f, "uns/winnow", H5P_DEFAULT) > 0 &&
                                           H5Lexists(f, "uns/winnow/version", H5P_DEFAULT) > 0);
    (void)H5Fclose(f);
}

bool wn_store_ours(const char *path) {
    bool ours = false;
    wn_err ignored;
    return answer_apart(path, ours_work, &ours, sizeof ours, &ignored) == WN_OK && ours;
}
