/* NumPy's .npz: a zip archive of .npy files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/fd.h>
#include <zip.h>

#include "store.h"

enum { UNPACK_BYTES = 1 << 16, NAME_MAX_SHOWN = 60 };

/* An archive and what is known of its members. */
typedef struct {
    const char *path;
    zip_t *zip;
    size_t count;     /* of matrices that can be read */
    wn_npy only;      /* the first of them */
    char list[200];   /* names of all members */
    char name[NAME_MAX_SHOWN + 1]; /* of a member that is none, for the remedy */
    wn_err why;       /* why the last one is none */
} archive;

bool wn_npz_probe(const char *path) {
    char head[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool is = pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && memcmp(head, "PK\3\4", 4) == 0;
    (void)close(fd);
    return is;
}

/* A file without a name, which is gone when it is closed. */
static int unnamed_file(void) {
    const char *folder = getenv("TMPDIR");
    char path[1024];
    if (!folder || !*folder) folder = "/var/tmp"; /* /tmp is often memory */
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    if (snprintf(path, sizeof path, "%s/winnow-npz-XXXXXX", folder) >= (int)sizeof path) return -1;
    if ((fd = mkostemp(path, O_CLOEXEC)) >= 0) (void)unlink(path);
    return fd;
}

static wn_code unpack(const archive *a, zip_uint64_t index, const char *name, int fd, wn_err *err) {
    zip_file_t *in = zip_fopen_index(a->zip, index, 0);
    char *room = wn_alloc(UNPACK_BYTES, 1, err);
    wn_code code = room ? WN_OK : WN_EMEMORY;
    zip_int64_t n = 0;
    if (code != WN_OK) goto out;
    if (!in) {
        code = wn_err_set(err, WN_EINPUT, "%s: %s cannot be unpacked: %s", a->path, name, zip_strerror(a->zip));
        goto out;
    }
    while ((n = zip_fread(in, room, UNPACK_BYTES)) > 0)
        if (wn_fd_write(fd, room, (size_t)n) != 0) {
            code = wn_err_errno(err, "%s: unpacking %s", a->path, name);
            goto out;
        }
    if (n < 0) code = wn_err_set(err, WN_EINPUT, "%s: %s is damaged: %s", a->path, name, zip_file_strerror(in));
out:
    wn_free(room);
    if (in) (void)zip_fclose(in);
    return code;
}

/* Opens the member as a matrix. */
static wn_code open_member(const archive *a, zip_uint64_t index, const char *name, wn_npy *f, wn_err *err) {
    char where[600];
    int fd = unnamed_file();
    *f = (wn_npy){.fd = -1};
    if (fd < 0) return wn_err_errno(err, "%s: no place to unpack %s (TMPDIR)", a->path, name);
    wn_code code = unpack(a, index, name, fd, err);
    if (code != WN_OK) {
        (void)close(fd);
        return code;
    }
    (void)snprintf(where, sizeof where, "%s: %s", a->path, name);
    return wn_npy_open_fd(f, fd, where, err);
}

/* "emb" of "emb.npy"; false: the member is no array. */
static bool array_name(const char *member, char name[NAME_MAX_SHOWN + 1]) {
    size_t n = member ? strlen(member) : 0;
    if (n <= 4 || strcmp(member + n - 4, ".npy") != 0) return false;
    (void)snprintf(name, NAME_MAX_SHOWN + 1, "%.*s", (int)(n - 4 < NAME_MAX_SHOWN ? n - 4 : NAME_MAX_SHOWN), member);
    for (char *p = name; *p; p++)
        if ((unsigned char)*p < ' ') *p = '?';
    return true;
}

static wn_code look_through(archive *a, const char *wanted, wn_err *err) {
    zip_int64_t n = zip_get_num_entries(a->zip, 0);
    for (zip_int64_t i = 0; i < n; i++) {
        char name[NAME_MAX_SHOWN + 1];
        wn_npy f;
        size_t used = strlen(a->list);
        if (!array_name(zip_get_name(a->zip, (zip_uint64_t)i, 0), name)) continue;
        (void)snprintf(a->list + used, sizeof a->list - used, "%s%s", used ? ", " : "", name);
        (void)snprintf(a->name, sizeof a->name, "%s", name);
        if (wanted && strcmp(name, wanted) != 0) continue;
        wn_code code = open_member(a, (zip_uint64_t)i, name, &f, &a->why);
        if (code != WN_OK && code != WN_EINPUT) {
            *err = a->why;
            return code;
        }
        if (code != WN_OK) continue;
        if (a->count++ == 0) a->only = f;
        else wn_npy_close(&f);
    }
    return WN_OK;
}

static wn_code refuse(const archive *a, const char *wanted, wn_err *err) {
    if (!a->list[0])
        return wn_err_set(err, WN_EINPUT, "%s: a zip archive without arrays (.npy); an HDF5 or .npy matrix is wanted",
                          a->path);
    if (a->count > 1)
        return wn_err_set(err, WN_EUSAGE,
                          "%s: several matrices in this archive (%s). Choose one with --dataset, or in Python: "
                          "np.save(\"x.npy\", np.load(...)[\"%s\"])",
                          a->path, a->list, a->name);
    if (a->why.code) {
        *err = a->why;
        return err->code;
    }
    return wn_err_set(err, WN_EUSAGE, "%s: no array \"%.60s\" in this archive (arrays: %s)", a->path, wanted, a->list);
}

wn_code wn_npz_open(wn_npy *f, const char *path, const char *member, wn_err *err) {
    int why = 0;
    archive a = {.path = path, .zip = zip_open(path, ZIP_RDONLY, &why), .only = {.fd = -1}};
    const char *wanted = member && *member ? member : NULL;
    wn_code code = WN_OK;
    *f = (wn_npy){.fd = -1};
    if (!a.zip) {
        zip_error_t e;
        zip_error_init_with_code(&e, why);
        code = wn_err_set(err, WN_EINPUT, "%s: a damaged zip archive: %s", path, zip_error_strerror(&e));
        zip_error_fini(&e);
        goto out;
    }
    if ((code = look_through(&a, wanted, err)) != WN_OK) goto out;
    if (a.count != 1) {
        code = refuse(&a, wanted, err);
        goto out;
    }
    *f = a.only;
    a.only.fd = -1;
out:
    wn_npy_close(&a.only);
    if (a.zip) zip_discard(a.zip);
    return code;
}
