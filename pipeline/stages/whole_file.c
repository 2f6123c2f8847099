#include "whole_file.h"

#include <winnow/mem.h>
#include <wn/textfile.h>

enum { JSON_MAX = 256 << 20 };

wn_code wn_json_read(const char *path, cJSON **out, wn_err *err) {
    char *text = NULL;
    size_t len = 0;
    cJSON *found = NULL;
    wn_code code = wn_textfile_read_regular(&text, &len, path, JSON_MAX, err);
    if (code == WN_EUSAGE) code = wn_err_set(err, WN_EINPUT, "%s: not a JSON object", path);
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
