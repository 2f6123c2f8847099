/* JSON files of bounded size and cost. */
#include <wn/jsonfile.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/text.h>

enum { VALUES_MAX = 4 * 1000 * 1000, PATH_SIZE = 4096 };

bool wn_jsonfile_whole(const cJSON *v, unsigned long long high, unsigned long long *out) {
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > (double)high ||
        floor(v->valuedouble) != v->valuedouble)
        return false;
    *out = (unsigned long long)v->valuedouble;
    return true;
}

/* `text` has a zero behind its n bytes: the parser looks one byte beyond what it was given. */
static wn_code parse_json(cJSON **out, const char *text, size_t n, const char *what, wn_err *err) {
    size_t values = 0, bad = wn_utf8_invalid(text, n);
    const char *end = NULL;
    *out = NULL;
    if (bad < n) return wn_err_set(err, WN_EINPUT, "%s: not valid JSON: byte %zu is not UTF-8", what, bad);
    for (size_t i = 0; i < n; i++) values += text[i] == ',' || text[i] == '[' || text[i] == '{';
    if (values > VALUES_MAX)
        return wn_err_set(err, WN_EINPUT, "%s: JSON of more than %d values is not read", what, VALUES_MAX);
    cJSON *json = cJSON_ParseWithLengthOpts(text, n + 1, &end, 0);
    if (!json || strspn(end, " \t\r\n") != (size_t)(text + n - end)) {
        cJSON_Delete(json);
        return wn_err_set(err, WN_EINPUT, "%s: not valid JSON near byte %zu", what,
                          end && end >= text ? (size_t)(end - text) : 0);
    }
    *out = json;
    return WN_OK;
}

wn_code wn_jsonfile_parse(cJSON **out, const char *text, size_t n, const char *what, wn_err *err) {
    *out = NULL;
    char *copy = wn_strndup(text, n, err);
    wn_code code = copy ? parse_json(out, copy, n, what, err) : WN_EMEMORY;
    wn_free(copy);
    return code;
}

static wn_code join(char path[PATH_SIZE], const char *dir, const char *name, wn_err *err) {
    if ((size_t)snprintf(path, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "%.100s...: the path is too long", dir);
}

wn_code wn_file_read(char **data, size_t *n, const char *dir, const char *name, size_t max, wn_err *err) {
    char path[PATH_SIZE];
    struct stat s;
    *data = NULL;
    *n = 0;
    wn_code code = join(path, dir, name, err);
    if (code != WN_OK) return code;
    if (stat(path, &s) != 0) return errno == ENOENT ? WN_OK : wn_err_errno(err, "%s", path);
    if (!S_ISREG(s.st_mode)) return wn_err_set(err, WN_EINPUT, "%s: not a file", path);
    if ((unsigned long long)s.st_size > max)
        return wn_err_set(err, WN_EINPUT, "%s: %lld bytes; at most %zu are read", path, (long long)s.st_size, max);
    FILE *f = fopen(path, "re");
    if (!f) return wn_err_errno(err, "%s", path);
    size_t size = (size_t)s.st_size;
    char *text = wn_alloc(size + 1, 1, err);
    if (!text) code = WN_EMEMORY;
    else if (fread(text, 1, size, f) != size)
        code = ferror(f) ? wn_err_errno(err, "reading %s", path)
                         : wn_err_set(err, WN_EINPUT, "%s: shrank while it was read", path);
    (void)fclose(f);
    if (code != WN_OK) {
        wn_free(text);
        return code;
    }
    *data = text;
    *n = size;
    return WN_OK;
}

wn_code wn_jsonfile_read(cJSON **out, const char *dir, const char *name, size_t max, bool required, wn_err *err) {
    char path[PATH_SIZE], *text;
    size_t n;
    *out = NULL;
    wn_code code = join(path, dir, name, err);
    if (code != WN_OK) return code;
    if ((code = wn_file_read(&text, &n, dir, name, max, err)) != WN_OK) return code;
    if (!text) return required ? wn_err_set(err, WN_EIO, "%s: no such file", path) : WN_OK;
    code = parse_json(out, text, n, path, err);
    wn_free(text);
    return code;
}
