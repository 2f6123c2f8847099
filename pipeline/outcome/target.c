#include "target.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>
#include <wn/path.h>
#include <wn/report.h>

bool wn_page_ours(const char *path) {
    char head[1024];
    size_t n;
    if (!wn_input_file_head(head, sizeof head - 1, &n, path)) return false;
    head[n] = 0;
    return strstr(head, "<title>" WN_REPORT_TITLE "</title>") != NULL;
}

/* What may be replaced at `target`, which `path` names. */
static wn_code check_there(const char *path, const char *target, bool overwrite, wn_output_ours ours, wn_err *err) {
    struct stat s;
    if (lstat(target, &s) != 0) return WN_OK;
    if (!overwrite) return wn_err_set(err, WN_EUSAGE, "%s exists; -f replaces it", path);
    if (S_ISDIR(s.st_mode) != !ours)
        return wn_err_set(err, WN_EUSAGE, "%s is %s, and a %s is to be written there", path,
                          ours ? "a folder" : "not a folder", ours ? "file" : "folder");
    if (!ours || (S_ISREG(s.st_mode) && (s.st_size == 0 || ours(target)))) return WN_OK;
    return wn_err_set(err, WN_EUSAGE,
                      "%s does not tell that winnow wrote it, so -f leaves it alone; choose another name or move it "
                      "away",
                      path);
}

static wn_code check_folder(const char *path, const char *folder, wn_err *err) {
    struct stat s;
    if (stat(folder, &s) != 0) return wn_err_errno(err, "cannot write %s: folder %s", path, folder);
    if (!S_ISDIR(s.st_mode)) return wn_err_set(err, WN_EIO, "cannot write %s: %s is not a folder", path, folder);
    return access(folder, W_OK | X_OK) == 0 ? WN_OK : wn_err_errno(err, "cannot write %s", path);
}

wn_code wn_output_check(const char *path, bool overwrite, wn_output_ours ours, wn_err *err) {
    char *target = wn_strndup(path, wn_path_trim(path), err), *where = target ? wn_path_folder(target, err) : NULL;
    wn_code code = where ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = check_there(path, target, overwrite, ours, err)) != WN_OK) goto out;
    code = check_folder(path, where, err);
out:
    wn_free(where);
    wn_free(target);
    return code;
}
