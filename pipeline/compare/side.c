#include "side.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>

char *wn_side_path(const char *output, wn_err *err) {
    size_t n = wn_path_trim(output);
    char *path = wn_alloc(n + 32, 1, err);
    if (!path) return NULL;
    size_t folder = n;
    while (folder > 0 && output[folder - 1] != '/') folder--;
    (void)snprintf(path, n + 32, "%.*s.%.*s.winnow.cells", (int)folder, output, (int)(n - folder), output + folder);
    return path;
}

wn_code wn_side_create(const char *path, wn_err *err) {
    struct stat s;
    if (mkdir(path, 0777) == 0) return WN_OK;
    if (errno != EEXIST) return wn_err_errno(err, "%s, which keeps what is finished", path);
    if (lstat(path, &s) == 0 && S_ISDIR(s.st_mode)) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "%s is in the way: the folder of that name keeps what is finished; move it away",
                      path);
}

/* "<64 hex digits>.json", and what a killed process left of writing one. */
static bool is_cell(const char *name) {
    static const char kind[] = ".json";
    return strspn(name, "0123456789abcdef") == 64 && strncmp(name + 64, kind, sizeof kind - 1) == 0;
}

void wn_side_remove(const char *path) {
    wn_err ignored;
    DIR *d = opendir(path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        char *file = is_cell(e->d_name) ? wn_path_join(path, e->d_name, &ignored) : NULL;
        if (file) (void)unlink(file);
        wn_free(file);
    }
    (void)closedir(d);
    wn_side_remove_empty(path);
}

void wn_side_remove_empty(const char *path) {
    (void)rmdir(path);
}
