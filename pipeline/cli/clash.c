/* Outputs that would destroy what the command reads, or one another. */
#include "options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/path.h>

/* A path that an option names; NULL where it was not given. */
typedef struct {
    char option[32];
    const char *path;
} named_path;

static named_path named_by(const wn_cli *cli, const wn_option *o, size_t entry) {
    const void *at = (const char *)cli + o->offset;
    named_path n = {.path = *(const char *const *)at};
    if (o->kind == OPT_LIST) n.path = (*(const char *const *const *)at)[entry];
    if (o->letter)
        (void)snprintf(n.option, sizeof n.option, "-%c", o->letter);
    else
        (void)snprintf(n.option, sizeof n.option, "--%s", o->name);
    return n;
}

/* The same, of an option that reads it; NULL also where it is a word that stands for no file. */
static const char *read_by(const wn_cli *cli, const wn_option *o, size_t entry) {
    const char *path = named_by(cli, o, entry).path;
    return path && o->words && wn_option_has_word(o, path) ? NULL : path;
}

/* The path without links and dots; of one that is not there, its folder's. False where that cannot be told. */
static bool resolve_path(const char *path, char out[PATH_MAX + NAME_MAX + 2]) {
    char folder[PATH_MAX];
    size_t n = wn_path_trim(path);
    if (realpath(path, out)) return true;
    if (n >= sizeof folder) return false;
    memcpy(folder, path, n);
    folder[n] = 0;
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    char last[NAME_MAX + 1];
    if (strlen(name) > NAME_MAX) return false;
    (void)snprintf(last, sizeof last, "%s", name);
    if (!slash)
        (void)snprintf(folder, sizeof folder, ".");
    else
        folder[slash == folder ? 1 : slash - folder] = 0;
    if (!realpath(folder, out)) return false;
    size_t used = strlen(out);
    (void)snprintf(out + used, NAME_MAX + 2, "%s%s", used > 1 ? "/" : "", last);
    return true;
}

/* a is b, or a folder above b. */
static bool path_holds(const char *a, const char *b) {
    size_t n = strlen(a);
    return strncmp(a, b, n) == 0 && (b[n] == 0 || b[n] == '/' || (n > 0 && a[n - 1] == '/'));
}

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static wn_code check_read(const named_path *o, const char *place, const char *read, wn_err *err) {
    char other[PATH_MAX + NAME_MAX + 2];
    if (!read || strcmp(read, "-") == 0) return WN_OK;
    if (same_file(o->path, read))
        return wn_err_set(err, WN_EUSAGE, "%s %.200s is a file that is read (%.200s); name another", o->option, o->path,
                          read);
    if (resolve_path(read, other) && path_holds(place, other))
        return wn_err_set(err, WN_EUSAGE, "%s %.200s holds a file that is read (%.200s); name another folder",
                          o->option, o->path, read);
    return WN_OK;
}

static wn_code check_output(const wn_cli *cli, const named_path *o, wn_err *err) {
    const wn_config *c = &cli->config;
    char place[PATH_MAX + NAME_MAX + 2];
    struct stat s;
    wn_code code = WN_OK;
    if (strcmp(o->path, "-") == 0)
        return wn_err_set(err, WN_EUSAGE,
                          "%s - would be standard output, and only what has a name can appear whole or not at all: "
                          "name a file or folder (run and select put the chosen records into subset.* there)",
                          o->option);
    if (stat(o->path, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
        return wn_err_set(err, WN_EUSAGE, "%s %.200s is a device or a pipe; only a file can appear whole or not at all",
                          o->option, o->path);
    if (!resolve_path(o->path, place)) return WN_OK; /* whoever writes there will say why */
    /* report writes its page into the folder that it reads */
    for (size_t i = 0; i < c->ninputs; i++)
        if ((code = check_read(o, place, c->inputs[i], err)) != WN_OK) return code;
    for (size_t i = 0; i < c->nfound_records; i++)
        if ((code = check_read(o, place, c->found_records[i], err)) != WN_OK) return code;
    for (size_t i = 0; i < wn_noptions; i++)
        for (size_t e = 0; (wn_options[i].traits & WN_OPTION_READS) && e < wn_option_entries(cli, &wn_options[i]); e++)
            if ((code = check_read(o, place, read_by(cli, &wn_options[i], e), err)) != WN_OK) return code;
    return WN_OK;
}

static wn_code check_pair(const named_path *o, const named_path *other, wn_err *err) {
    char a[PATH_MAX + NAME_MAX + 2], b[PATH_MAX + NAME_MAX + 2];
    if (!other->path || !resolve_path(other->path, a) || !resolve_path(o->path, b) ||
        (!path_holds(a, b) && !path_holds(b, a)))
        return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "%s and %s name the same place (%.200s)", o->option, other->option, o->path);
}

wn_code wn_cli_check_outputs(const wn_cli *cli, wn_err *err) {
    wn_code code = WN_OK;
    for (size_t i = 0; i < wn_noptions; i++) {
        if (!(wn_options[i].traits & WN_OPTION_WRITES)) continue;
        const named_path o = named_by(cli, &wn_options[i], 0);
        if (!o.path) continue;
        if ((code = check_output(cli, &o, err)) != WN_OK) return code;
        for (size_t j = 0; j < i; j++) {
            if (!(wn_options[j].traits & WN_OPTION_WRITES)) continue;
            const named_path other = named_by(cli, &wn_options[j], 0);
            if ((code = check_pair(&o, &other, err)) != WN_OK) return code;
        }
        const named_path parts = {"--parts", cli->config.keep_parts}; /* kept, so no output that appears whole */
        if ((code = check_pair(&o, &parts, err)) != WN_OK) return code;
    }
    return WN_OK;
}
