#include "target.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>

/* What may be replaced at `target`, which `path` names. */
static wn_code check_there(const char *path, const char *target, bool overwrite, bool folder, wn_err *err) {
    struct stat s;
    if (lstat(target, &s) != 0) return WN_OK;
    if (!overwrite) return wn_err_set(err, WN_EUSAGE, "%s exists; -f replaces it", path);
    if (S_ISDIR(s.st_mode) == folder) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "%s is %s, and a %s is to be written there", path,
                      folder ? "not a folder" : "a folder", folder ? "folder" : "file");
}

static wn_code check_folder(const char *path, const char *folder, wn_err *err) {
    struct stat s;
    if (stat(folder, &s) != 0) return wn_err_errno(err, "cannot write %s: folder %s", path, folder);
    if (!S_ISDIR(s.st_mode)) return wn_err_set(err, WN_EIO, "cannot write %s: %s is not a folder", path, folder);
    return access(folder, W_OK | X_OK) == 0 ? WN_OK : wn_err_errno(err, "cannot write %s", path);
}

wn_code wn_output_check(const char *path, bool overwrite, bool folder, wn_err *err) {
    char *target = wn_strndup(path, wn_path_trim(path), err), *where = target ? wn_path_folder(target, err) : NULL;
    wn_code code = where ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = check_there(path, target, overwrite, folder, err)) != WN_OK) goto out;
    code = check_folder(path, where, err);
out:
    wn_free(where);
    wn_free(target);
    return code;
}
