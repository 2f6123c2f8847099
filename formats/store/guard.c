/* The parent's side of guard.h: starts the child, asks, and takes its end for an answer. */
#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

#include "guard_wire.h"

bool wn_guard_receive(int fd, pid_t pid, void *out, size_t n) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char *at = out;
    while (n) {
        if (wn_interrupted()) (void)kill(pid, SIGKILL);
        int ready = poll(&p, 1, 100);
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        ssize_t got = ready < 0 ? -1 : read(fd, at, n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

wn_code wn_guard_ended(pid_t pid, const char *path, wn_err *err) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (wn_interrupted()) return wn_err_set(err, WN_EINTERRUPT, "interrupted while %s was read", path);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return wn_err_set(err, WN_EMEMORY, "%s: the process that read it was killed; is there too little memory?",
                          path);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return wn_err_set(err, WN_EINPUT, "%s: broken: the HDF5 library comes to no end with it", path);
    if (WIFSIGNALED(status))
        return wn_err_set(err, WN_EINPUT, "%s: broken: the HDF5 library fails on it without being able to say why",
                          path);
    return wn_err_set(err, WN_EIO, "%s: the process that read it could not send what it found", path);
}

/* The child has ended or talks nonsense: it is gone after this. */
static wn_code guard_lost(wn_matrix_guard *g, const char *path, wn_err *err) {
    if (!g->pid && wn_interrupted()) /* which ended the child while it was settled with */
        return wn_err_set(err, WN_EINTERRUPT, "interrupted while %s was read", path);
    if (!g->pid)
        return wn_err_set(err, WN_EINPUT, "%s: broken: the HDF5 library failed on it before", path);
    (void)shutdown(g->fd, SHUT_RDWR); /* children started later have copies of this end: to close it is not enough */
    (void)close(g->fd);
    g->fd = -1;
    pid_t pid = g->pid;
    g->pid = 0;
    g->answering = false;
    wn_code code = wn_guard_ended(pid, path, err);
    wn_mem_unhold(g->held);
    g->held = 0;
    return code;
}

static wn_code guard_take(wn_matrix_guard *g, const char *path, void *out, size_t n, wn_err *err) {
    return wn_guard_receive(g->fd, g->pid, out, n) ? WN_OK : guard_lost(g, path, err);
}

/* Counts what the child holds beside what is held here: --memory bounds both together. */
static wn_code guard_count(wn_matrix_guard *g, size_t together, wn_err *err) {
    size_t child = together > g->asked ? together - g->asked : 0;
    if (child > g->held) {
        wn_code code = wn_mem_hold(child - g->held, err);
        if (code != WN_OK) return code;
    } else {
        wn_mem_unhold(g->held - child);
    }
    g->held = child;
    return WN_OK;
}

/* The answer to what was asked; an error of the child's becomes the caller's. */
static wn_code guard_answer_take(wn_matrix_guard *g, const char *path, guard_answer *a, wn_err *err) {
    wn_code code = guard_take(g, path, a, sizeof *a, err);
    if (code != WN_OK) return code;
    if (a->code != WN_OK) *err = a->err;
    return a->code != WN_OK ? a->code : guard_count(g, a->held, err);
}

/* The end of an answer: the child has let go of what it sent. Its loss is the next question's affair. */
static void guard_settle(wn_matrix_guard *g, const char *path) {
    guard_answer a;
    wn_err ignored;
    if (g->answering && guard_take(g, path, &a, sizeof a, &ignored) == WN_OK) (void)guard_count(g, a.held, &ignored);
    g->answering = false;
}

static wn_code guard_ask(wn_matrix_guard *g, const wn_guard_about *about, guard_topic what, size_t begin, size_t n,
                   wn_err *err) {
    guard_question q;
    memset(&q, 0, sizeof q);
    q.what = what, q.begin = begin, q.n = n, q.held = wn_mem_held();
    g->asked = q.held - g->held;
    if (!g->pid) return guard_lost(g, about->path, err);
    if (about->name && snprintf(q.name, sizeof q.name, "%s", about->name) >= (int)sizeof q.name)
        return wn_err_set(err, WN_EUSAGE, "%s: no name is as long as \"%.60s...\"", about->path, about->name);
    const char *p = (const char *)&q;
    for (size_t left = sizeof q; left;) {
        ssize_t sent = send(g->fd, p, left, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return guard_lost(g, about->path, err);
        p += sent;
        left -= (size_t)sent;
    }
    g->answering = true;
    return WN_OK;
}

/* What the child still sends will not be read: there is nothing more to ask it. */
static void guard_abandon(wn_matrix_guard *g) {
    wn_err ignored;
    if (!g->answering) return;
    (void)kill(g->pid, SIGKILL);
    (void)guard_lost(g, "", &ignored);
}

/* ---- questions ---- */

wn_code wn_guard_rows(wn_matrix_guard *g, const wn_guard_about *a, size_t begin, size_t n, float *out, size_t stride,
                      wn_err *err) {
    guard_answer answer;
    size_t block = wn_guard_block(a->cols);
    float *room = wn_alloc(block, a->cols * sizeof *room, err);
    wn_code code = room ? guard_ask(g, a, ASK_rows, begin, n, err) : WN_EMEMORY;
    for (size_t at = 0; code == WN_OK && at < n; at += block) {
        size_t m = n - at < block ? n - at : block;
        if ((code = guard_answer_take(g, a->path, &answer, err)) != WN_OK) goto out;
        if ((code = guard_take(g, a->path, room, m * a->cols * sizeof *room, err)) != WN_OK) goto out;
        for (size_t i = 0; i < m; i++) memcpy(out + (at + i) * stride, room + i * a->cols, a->cols * sizeof *room);
    }
out:
    if (code == WN_EMEMORY) guard_abandon(g);
    guard_settle(g, a->path);
    wn_free(room);
    return code;
}

wn_code wn_guard_strings(wn_matrix_guard *g, const wn_guard_about *a, wn_strings *out, wn_err *err) {
    guard_answer answer;
    wn_strings s = {0};
    wn_code code = guard_ask(g, a, ASK_strings, 0, 0, err);
    if (code != WN_OK) goto out;
    if ((code = guard_answer_take(g, a->path, &answer, err)) != WN_OK) goto out;
    size_t n = answer.size[0], bytes = answer.size[1];
    code = WN_EMEMORY;
    if (!(s.off = wn_alloc(n + 1, sizeof *s.off, err))) goto out;
    if (!(s.base = wn_alloc(bytes + 1, 1, err))) goto out;
    if ((code = guard_take(g, a->path, s.off, (n + 1) * sizeof *s.off, err)) != WN_OK) goto out;
    if ((code = guard_take(g, a->path, s.base, bytes, err)) != WN_OK) goto out;
    s.view = (wn_texts){.base = s.base, .off = s.off, .n = n};
    *out = s;
    s = (wn_strings){0};
out:
    if (code == WN_EMEMORY) guard_abandon(g);
    guard_settle(g, a->path);
    wn_strings_free(&s);
    return code;
}

/* A column of rows * `size` bytes. */
static wn_code guard_column(wn_matrix_guard *g, const wn_guard_about *a, guard_topic what, void *out, size_t size,
                           wn_err *err) {
    guard_answer answer;
    wn_code code = guard_ask(g, a, what, 0, 0, err);
    if (code != WN_OK) goto out;
    if ((code = guard_answer_take(g, a->path, &answer, err)) != WN_OK) goto out;
    code = guard_take(g, a->path, out, a->rows * size, err);
out:
    if (code == WN_EMEMORY) guard_abandon(g);
    guard_settle(g, a->path);
    return code;
}

wn_code wn_guard_i64(wn_matrix_guard *g, const wn_guard_about *a, int64_t *out, wn_err *err) {
    return guard_column(g, a, ASK_i64, out, sizeof *out, err);
}

wn_code wn_guard_f64(wn_matrix_guard *g, const wn_guard_about *a, double *out, wn_err *err) {
    return guard_column(g, a, ASK_f64, out, sizeof *out, err);
}

wn_code wn_guard_uns(wn_matrix_guard *g, const wn_guard_about *a, char **out, wn_err *err) {
    guard_answer answer;
    char *text = NULL;
    wn_code code = guard_ask(g, a, ASK_uns, 0, 0, err);
    if (code != WN_OK) goto out;
    if ((code = guard_answer_take(g, a->path, &answer, err)) != WN_OK) goto out;
    if (!(text = wn_alloc(answer.size[0] + 1, 1, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    if ((code = guard_take(g, a->path, text, answer.size[0], err)) != WN_OK) goto out;
    *out = text;
    text = NULL;
out:
    if (code == WN_EMEMORY) guard_abandon(g);
    guard_settle(g, a->path);
    wn_free(text);
    return code;
}

wn_code wn_guard_graph(wn_matrix_guard *g, const wn_guard_about *a, wn_csr *out, wn_err *err) {
    guard_answer answer;
    wn_csr c = {.rows = a->rows, .cols = a->rows};
    wn_code code = guard_ask(g, a, ASK_graph, 0, 0, err);
    if (code != WN_OK) goto out;
    if ((code = guard_answer_take(g, a->path, &answer, err)) != WN_OK) goto out;
    size_t n = answer.size[0];
    code = WN_EMEMORY;
    if (!(c.indptr = wn_alloc(a->rows + 1, sizeof *c.indptr, err))) goto out;
    if (!(c.indices = wn_alloc(n, sizeof *c.indices, err))) goto out;
    if (!(c.data = wn_alloc(n, sizeof *c.data, err))) goto out;
    if ((code = guard_take(g, a->path, c.indptr, (a->rows + 1) * sizeof *c.indptr, err)) != WN_OK) goto out;
    if ((code = guard_take(g, a->path, c.indices, n * sizeof *c.indices, err)) != WN_OK) goto out;
    if ((code = guard_take(g, a->path, c.data, n * sizeof *c.data, err)) != WN_OK) goto out;
    *out = c;
    c = (wn_csr){0};
out:
    if (code == WN_EMEMORY) guard_abandon(g);
    guard_settle(g, a->path);
    wn_csr_free(&c);
    return code;
}

/* ---- opening ---- */

static wn_code guard_names(wn_matrix_guard *g, const char *path, wn_err *err) {
    size_t n = 0;
    wn_code code = guard_take(g, path, &n, sizeof n, err);
    if (code != WN_OK) return code;
    if (!(g->names = wn_alloc(n + 1, 1, err))) return WN_EMEMORY;
    g->names_bytes = n;
    return guard_take(g, path, g->names, n, err);
}

wn_code wn_guard_start(wn_matrix_guard *g, const char *path, const char *dataset, wn_guard_reader reader, wn_err *err) {
    int ends[2];
    *g = (wn_matrix_guard){.fd = -1, .asked = wn_mem_held()};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return wn_err_errno(err, "reading %s: no socket", path);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        reader(ends[1], path, dataset);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return wn_err_errno(err, "reading %s: no process", path);
    }
    g->fd = ends[0];
    g->pid = pid;
    return WN_OK;
}

wn_code wn_guard_greet(wn_matrix_guard *g, const char *path, size_t *rows, size_t *cols, wn_err *err) {
    guard_answer answer;
    wn_code code = guard_answer_take(g, path, &answer, err);
    if (code != WN_OK) return code;
    *rows = answer.size[0];
    *cols = answer.size[1];
    return guard_names(g, path, err);
}

bool wn_guard_has_obs(const wn_matrix_guard *g, const char *name) {
    for (const char *p = g->names; p && p < g->names + g->names_bytes; p += strlen(p) + 1)
        if (strcmp(p, name) == 0) return true;
    return false;
}

void wn_guard_close(wn_matrix_guard *g) {
    wn_err ignored;
    if (g->pid && wn_interrupted()) (void)kill(g->pid, SIGKILL);
    if (g->pid) (void)guard_lost(g, "", &ignored);
    wn_free(g->names);
    *g = (wn_matrix_guard){.fd = -1};
}
