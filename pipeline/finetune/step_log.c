#include "step_log.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/fd.h>
#include <wn/input_fd.h>

static const char first_key[] = "{\"step\":";

struct wn_step_log {
    int fd;
    uint64_t bytes;
    char *path;
};

bool wn_step_log_ours(const char *path) {
    char head[sizeof first_key] = "";
    size_t n;
    return wn_input_file_head(head, sizeof head - 1, &n, path) && (n == 0 || strcmp(head, first_key) == 0);
}

wn_code wn_step_log_open(wn_step_log **out, const char *path, uint64_t keep, wn_err *err) {
    struct stat s;
    wn_step_log *l = wn_alloc(1, sizeof *l, err);
    wn_code code = WN_EMEMORY;
    *out = NULL;
    if (!l) return WN_EMEMORY;
    l->fd = -1;
    l->path = wn_strndup(path, strlen(path), err);
    if (!l->path) goto out;
    l->fd = wn_fd_open(path, O_WRONLY | O_CREAT);
    if (l->fd < 0 || fstat(l->fd, &s) != 0) {
        code = wn_err_errno(err, "cannot write %s", path);
        goto out;
    }
    l->bytes = keep < (uint64_t)s.st_size ? keep : (uint64_t)s.st_size;
    if (ftruncate(l->fd, (off_t)l->bytes) != 0 || lseek(l->fd, 0, SEEK_END) < 0) {
        code = wn_err_errno(err, "cannot write %s", path);
        goto out;
    }
    *out = l;
    return WN_OK;
out:
    if (l->fd >= 0) (void)close(l->fd);
    wn_free(l->path);
    wn_free(l);
    return code;
}

/* A number as JSON has it: null where it is none. */
static const char *json_number(double v, char out[32]) {
    (void)snprintf(out, 32, "%.9g", v);
    return isfinite(v) ? out : "null";
}

wn_code wn_step_log_append(wn_step_log *l, const wn_step_entry *e, wn_err *err) {
    char line[256], loss[32], norm[32];
    int n = snprintf(line, sizeof line,
                     "%s %llu, \"epoch\": %.6g, \"loss\": %s, \"grad_norm\": %s, \"lr\": %.9g, \"seconds\": %.6f}\n",
                     first_key, (unsigned long long)e->step, e->epoch, json_number(e->loss, loss),
                     json_number(e->grad_norm, norm), e->lr, e->seconds);
    if (wn_fd_write(l->fd, line, (size_t)n) != 0) return wn_err_errno(err, "writing %s", l->path);
    l->bytes += (uint64_t)n;
    return WN_OK;
}

uint64_t wn_step_log_bytes(const wn_step_log *l) {
    return l ? l->bytes : 0;
}

wn_code wn_step_log_close(wn_step_log *l, wn_err *err) {
    if (!l) return WN_OK;
    wn_code code = wn_fd_close(l->fd) == 0 ? WN_OK : wn_err_errno(err, "writing %s", l->path);
    wn_free(l->path);
    wn_free(l);
    return code;
}
