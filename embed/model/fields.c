/* Fields of JSON objects, with what is said of a value that will not do. */
#include "model_private.h"

#include <stdio.h>
#include <string.h>

wn_code wn_field_text(const char **out, const cJSON *json, const char *file, const char *name, wn_err *err) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, name);
    *out = cJSON_GetStringValue(v);
    if (*out || !v || cJSON_IsNull(v)) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: \"%s\" is not a string", file, name);
}

wn_code wn_field_size(size_t *out, const cJSON *json, const char *file, const char *name, size_t low, size_t high,
                      long fallback, wn_err *err) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, name);
    unsigned long long got = 0;
    if ((!v || cJSON_IsNull(v)) && fallback >= 0) {
        *out = (size_t)fallback;
        return WN_OK;
    }
    if (!wn_jsonfile_whole(v, high, &got) || got < low)
        return wn_err_set(err, WN_EINPUT, "%s: \"%s\" is %s; a whole number from %zu to %zu is wanted", file, name,
                          v ? "out of range" : "missing", low, high);
    *out = (size_t)got;
    return WN_OK;
}

wn_code wn_field_activation(wn_activation *out, const char *value, const wn_activation_name *names, size_t n,
                            const char *file, const char *key, wn_err *err) {
    char list[160] = "";
    for (size_t i = 0, at = 0; i < n; i++) {
        if (strcmp(value, names[i].name) == 0) {
            *out = names[i].activation;
            return WN_OK;
        }
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s",
                               i == 0      ? ""
                               : i + 1 < n ? ", "
                                           : " and ",
                               names[i].name);
    }
    return wn_err_set(err, WN_EINPUT, "%s: %s \"%.60s\" is not supported; %s are", file, key, value, list);
}

const char *wn_pooling_name(wn_pooling p) {
    switch (p) { WN_POOLINGS(WN_NAME_CASE) }
    return NULL;
}
