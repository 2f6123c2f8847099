/* Outputs that would destroy what the command reads, or one another. */
#include "options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>

typedef struct {
    const char *option, *path; /* path NULL: not given */
} named;

/* The path without links and dots; of one that is not there, its folder's. False where that cannot be told. */
static bool resolve(const char *path, char out[PATH_MAX + NAME_MAX + 2]) {
    char folder[PATH_MAX];
    size_t n = strlen(path);
    if (realpath(path, out)) return true;
    while (n > 1 && path[n - 1] == '/') n--;
    if (n >= sizeof folder) return false;
    memcpy(folder, path, n);
    folder[n] = 0;
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    char last[NAME_MAX + 1];
    if (strlen(name) > NAME_MAX) return false;
    (void)snprintf(last, sizeof last, "%s", name);
    if (!slash) (void)snprintf(folder, sizeof folder, ".");
    else folder[slash == folder ? 1 : slash - folder] = 0;
    if (!realpath(folder, out)) return false;
    size_t used = strlen(out);
    (void)snprintf(out + used, NAME_MAX + 2, "%s%s", used > 1 ? "/" : "", last);
    return true;
}

/* a is b, or a folder above b. */
static bool holds(const char *a, const char *b) {
    size_t n = strlen(a);
    return strncmp(a, b, n) == 0 && (b[n] == 0 || b[n] == '/' || (n > 0 && a[n - 1] == '/'));
}

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static wn_code check_read(const named *o, const char *place, const char *read, wn_err *err) {
    char other[PATH_MAX + NAME_MAX + 2];
    if (!read || strcmp(read, "-") == 0) return WN_OK;
    if (same_file(o->path, read))
        return wn_err_set(err, WN_EUSAGE, "%s %.200s is a file that is read (%.200s); name another", o->option, o->path, read);
    if (resolve(read, other) && holds(place, other))
        return wn_err_set(err, WN_EUSAGE, "%s %.200s holds a file that is read (%.200s); name another folder", o->option,
                          o->path, read);
    return WN_OK;
}

static wn_code check_output(const wn_cli *cli, const named *o, wn_err *err) {
    const wn_config *c = &cli->config;
    const char *const read[] = {c->keep_path, c->exclude_path, c->load_encoder, c->model, cli->config_file, cli->filelist};
    char place[PATH_MAX + NAME_MAX + 2];
    struct stat s;
    if (stat(o->path, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
        return wn_err_set(err, WN_EUSAGE, "%s %.200s is a device or a pipe; only a file can appear whole or not at all",
                          o->option, o->path);
    if (!resolve(o->path, place)) return WN_OK; /* whoever writes there will say why */
    wn_code code = WN_OK;
    /* report writes its page into the folder that it reads */
    for (size_t i = 0; code == WN_OK && i < c->ninputs; i++) code = check_read(o, place, c->inputs[i], err);
    for (size_t i = 0; code == WN_OK && i < sizeof read / sizeof read[0]; i++) code = check_read(o, place, read[i], err);
    return code;
}

wn_code wn_cli_check_outputs(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const named outputs[] = {{"-o", c->output}, {"--save-encoder", c->save_encoder}, {"--on-error", c->skip_path},
                             {"--html", c->html}};
    enum { N = sizeof outputs / sizeof outputs[0] };
    char a[PATH_MAX + NAME_MAX + 2], b[PATH_MAX + NAME_MAX + 2];
    for (size_t i = 0; i < N; i++) {
        if (!outputs[i].path) continue;
        wn_code code = check_output(cli, &outputs[i], err);
        if (code != WN_OK) return code;
        for (size_t j = 0; j < i; j++)
            if (outputs[j].path && resolve(outputs[j].path, a) && resolve(outputs[i].path, b) && (holds(a, b) || holds(b, a)))
                return wn_err_set(err, WN_EUSAGE, "%s and %s name the same place (%.200s)", outputs[i].option,
                                  outputs[j].option, outputs[i].path);
    }
    return WN_OK;
}
