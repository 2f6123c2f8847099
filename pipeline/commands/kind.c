#include "kind.h"

#include "embedding/registry.h"
#include "outcome/layout.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/path.h>

enum { HEAD = 8 };

/* A path, looked at. */
typedef struct {
    const char *path;
    bool folder;
    char head[HEAD]; /* the first bytes of a file, where it has so many */
} looked_at;

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static bool named_as_matrix(const char *path) {
    static const char *const ends[] = {".h5ad", ".h5", ".hdf5", ".npy", ".npz"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(path, ends[i])) return true;
    return false;
}

/* A pipe must not lose its first bytes, and a file that has the name of a matrix need not be opened. */
static wn_code look_at(looked_at *l, const char *path, wn_err *err) {
    struct stat s;
    *l = (looked_at){.path = path};
    if (strcmp(path, "-") == 0) return WN_OK;
    if (stat(path, &s) != 0) return wn_err_errno(err, "%s", path);
    l->folder = S_ISDIR(s.st_mode);
    if (!S_ISREG(s.st_mode) || named_as_matrix(path)) return WN_OK;
    FILE *f = fopen(path, "re");
    if (!f) return wn_err_errno(err, "%s", path);
    char head[HEAD];
    if (fread(head, 1, sizeof head, f) == sizeof head) memcpy(l->head, head, sizeof head);
    (void)fclose(f);
    return WN_OK;
}

static bool holds_file(const char *folder, const char *name) {
    wn_err ignored;
    struct stat s;
    char *path = wn_path_join(folder, name, &ignored);
    bool there = path && stat(path, &s) == 0;
    wn_free(path);
    return there;
}

/* ---- one function a kind ---- */

static bool is_model(const looked_at *l) {
    return l->folder && (holds_file(l->path, "config.json") || holds_file(l->path, "modules.json")) &&
           !holds_file(l->path, WN_FILE_MANIFEST);
}

static bool is_folder(const looked_at *l) {
    return l->folder;
}

static bool is_matrix(const looked_at *l) {
    static const char hdf5[] = "\x89HDF\r\n\x1a\n", npy[] = "\x93NUMPY";
    return named_as_matrix(l->path) || memcmp(l->head, hdf5, 8) == 0 || memcmp(l->head, npy, 6) == 0;
}

static bool is_encoder(const looked_at *l) {
    return wn_encoder_family_of_file(l->path) != NULL;
}

static bool is_records(const looked_at *l) {
    (void)l; /* what is nothing else */
    return true;
}

static bool (*const is_kind[])(const looked_at *l) = {
#define IS_KIND(name, value) [value] = is_##name,
    WN_KINDS(IS_KIND)
#undef IS_KIND
};

wn_code wn_kind_of(const char *path, wn_kind *kind, wn_err *err) {
    looked_at l;
    wn_code code = look_at(&l, path, err);
    if (code != WN_OK) return code;
    size_t i = 0;
    while (!is_kind[i](&l)) i++;
    *kind = (wn_kind)i;
    return WN_OK;
}

bool wn_input_is_matrix(const char *path) {
    looked_at l;
    wn_err ignored;
    return named_as_matrix(path) || (look_at(&l, path, &ignored) == WN_OK && is_matrix(&l));
}
