#include "made_of.h"

#include <string.h>
#include <winnow/mem.h>

enum { SUM = 64 }; /* digits */

static const cJSON *made_of_inputs(const cJSON *config) {
    return cJSON_GetObjectItemCaseSensitive(config, "inputs");
}

/* A value of /uns/winnow; NULL where it is not there. */
static wn_code uns_string(wn_matrix_file *m, const char *name, char **out, wn_err *err) {
    wn_err absent = {0};
    wn_code code = wn_matrix_uns_string(m, name, out, &absent);
    if (code == WN_OK || code == WN_EUSAGE) return WN_OK;
    *err = absent;
    return code;
}

/* Files with a sum: all inputs, or the first of them where a limit was reached. 0: something else was read. */
static size_t count_files(const cJSON *config, const char *sums) {
    const cJSON *inputs = made_of_inputs(config), *input;
    size_t len = strlen(sums), n = 0;
    /* a selection from a matrix has its option --records, and other inputs */
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(config, "text-field")) ||
        cJSON_GetObjectItemCaseSensitive(config, "records"))
        return 0;
    cJSON_ArrayForEach(input, inputs) {
        if (!cJSON_IsString(input)) return 0;
        if (n * (SUM + 1) + SUM <= len) n++;
    }
    return n;
}

wn_code wn_made_of_read(wn_made_of *out, wn_matrix_file *m, wn_err *err) {
    wn_made_of made = {0};
    char *config = NULL;
    wn_code code = uns_string(m, "config", &config, err);
    if (code != WN_OK || !config) goto out;
    if ((code = uns_string(m, "input_sha256", &made.sums, err)) != WN_OK || !made.sums) goto out;
    if (!(made.config = cJSON_Parse(config))) goto out;
    if (!(made.n = count_files(made.config, made.sums))) goto out;
    *out = made;
    made = (wn_made_of){0};
out:
    wn_free(config);
    wn_made_of_free(&made);
    return code;
}

const char *wn_made_of_path(const wn_made_of *o, size_t i) {
    return cJSON_GetArrayItem(made_of_inputs(o->config), (int)i)->valuestring;
}

bool wn_made_of_is(const wn_made_of *o, size_t i, const char *sha256) {
    return i < o->n && memcmp(o->sums + i * (SUM + 1), sha256, SUM) == 0;
}

void wn_made_of_free(wn_made_of *o) {
    cJSON_Delete(o->config);
    wn_free(o->sums);
    *o = (wn_made_of){0};
}
