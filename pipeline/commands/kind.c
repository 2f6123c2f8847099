#include "kind.h"

#include "embedding/registry.h"
#include "stages/common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wn/path.h>

static bool is_there(const char *folder, const char *name) {
    char *path = wn_path_join(folder, name, NULL);
    struct stat s;
    bool there = path && stat(path, &s) == 0;
    wn_free(path);
    return there;
}

wn_code wn_kind_of(const char *path, wn_kind *kind, wn_err *err) {
    struct stat s;
    *kind = WN_KIND_RECORDS;
    if (strcmp(path, "-") == 0) return WN_OK;
    if (stat(path, &s) != 0) return wn_err_errno(err, "%s", path);
    if (S_ISDIR(s.st_mode)) *kind = is_there(path, "config.json") && !is_there(path, "manifest.json") ? WN_KIND_MODEL : WN_KIND_FOLDER;
    else if (wn_input_is_matrix(path)) *kind = WN_KIND_MATRIX;
    if (*kind != WN_KIND_RECORDS || !S_ISREG(s.st_mode)) return WN_OK;
    if (access(path, R_OK) != 0) return wn_err_errno(err, "%s", path);
    if (wn_encoder_family_of_file(path)) *kind = WN_KIND_ENCODER;
    return WN_OK;
}

wn_code wn_json_read(const char *path, cJSON **out, wn_err *err) {
    char *text = NULL;
    size_t len = 0;
    *out = NULL;
    wn_code code = wn_read_whole(path, &text, &len, err);
    if (code != WN_OK) return code;
    *out = cJSON_ParseWithLength(text, len);
    if (!cJSON_IsObject(*out)) {
        cJSON_Delete(*out);
        *out = NULL;
        code = wn_err_set(err, WN_EINPUT, "%s: not a JSON object", path);
    }
    wn_free(text);
    return code;
}
