#include "whole_file.h"

#include <stdio.h>
#include <winnow/mem.h>

wn_code wn_read_whole(const char *path, char **text, size_t *len, wn_err *err) {
    enum { PIECE = 1 << 16 };
    size_t cap = 0, n = 0;
    void *data = NULL;
    wn_code code = WN_OK;
    FILE *f = fopen(path, "re");
    if (!f) return wn_err_errno(err, "%s", path);
    for (size_t got = 1; got > 0; n += got) {
        if ((code = wn_reserve(&data, &cap, n + PIECE, 1, err)) != WN_OK) goto out;
        got = fread((char *)data + n, 1, PIECE, f);
    }
    if (ferror(f)) {
        code = wn_err_errno(err, "reading %s", path);
        goto out;
    }
    *text = data;
    *len = n;
    data = NULL;
out:
    (void)fclose(f);
    wn_free(data);
    return code;
}

wn_code wn_json_read(const char *path, cJSON **out, wn_err *err) {
    char *text = NULL;
    size_t len = 0;
    cJSON *found = NULL;
    wn_code code = wn_read_whole(path, &text, &len, err);
    if (code != WN_OK) goto out;
    found = cJSON_ParseWithLength(text, len);
    if (!cJSON_IsObject(found)) {
        code = wn_err_set(err, WN_EINPUT, "%s: not a JSON object", path);
        goto out;
    }
    *out = found;
    found = NULL;
out:
    cJSON_Delete(found);
    wn_free(text);
    return code;
}
