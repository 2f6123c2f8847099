#include <wn/path.h>

#include <string.h>
#include <winnow/mem.h>

size_t wn_path_trim(const char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    return n;
}

const char *wn_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *wn_path_folder(const char *path, wn_err *err) {
    size_t n = (size_t)(wn_path_name(path) - path);
    if (n == 0) return wn_strndup(".", 1, err);
    return wn_strndup(path, n > 1 ? n - 1 : 1, err);
}

char *wn_path_join(const char *folder, const char *name, wn_err *err) {
    size_t n = wn_path_trim(folder), m = strlen(name);
    char *path = wn_alloc(n + m + 2, 1, err);
    if (!path) return NULL;
    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m);
    return path;
}
