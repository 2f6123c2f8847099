#include "sums.h"

#include "layout.h"
#include "stages/whole_file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>
#include <wn/textfile.h>
#include <wn/sha256.h>

enum { HEX = 64, NAME_AT = HEX + 2 };

/* ---- the list ---- */

static wn_code sums_add(wn_sums *s, const char *line, size_t n, wn_err *err) {
    void *list = s->list;
    wn_code code = wn_reserve(&list, &s->cap, s->n + 1, sizeof *s->list, err);
    s->list = list;
    if (code != WN_OK) return code;
    wn_sum *sum = &s->list[s->n];
    *sum = (wn_sum){.name = wn_strndup(line + NAME_AT, n - NAME_AT, err)};
    if (!sum->name) return WN_EMEMORY;
    memcpy(sum->sha256, line, HEX);
    s->n++;
    return WN_OK;
}

static wn_code sums_parse(wn_sums *s, const char *path, const char *text, size_t len, wn_err *err) {
    size_t number = 0;
    for (size_t at = 0, next; at < len; at = next) {
        const char *line = text + at, *feed = memchr(line, '\n', len - at);
        size_t n = feed ? (size_t)(feed - line) : 0;
        next = at + n + 1;
        number++;
        if (n <= NAME_AT || line[HEX] != ' ' || (line[HEX + 1] != ' ' && line[HEX + 1] != '*') ||
            strspn(line, "0123456789abcdef") != HEX)
            return wn_err_set(err, WN_EINPUT, "%s:%zu: not a line \"SHA-256  name\"", path, number);
        wn_code code = sums_add(s, line, n, err);
        if (code != WN_OK) return code;
        const char *name = s->list[s->n - 1].name;
        if (strchr(name, '/') || strcmp(name, "..") == 0)
            return wn_err_set(err, WN_EINPUT, "%s names \"%.100s\", which is not a file of this folder", path, name);
    }
    return WN_OK;
}

static wn_code check_manifest(const char *folder, const char *sums, wn_err *err) {
    char hex[65];
    cJSON *manifest = NULL;
    char *path = wn_path_join(folder, WN_FILE_MANIFEST, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_json_read(path, &manifest, err)) != WN_OK) goto out;
    if ((code = wn_sha256_file(sums, hex, err)) != WN_OK) goto out;
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(manifest, "outputs");
    const cJSON *listed = cJSON_GetObjectItemCaseSensitive(outputs, WN_FILE_SUMS);
    const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(listed, "sha256");
    if (!cJSON_IsString(wanted) || strcmp(wanted->valuestring, hex) != 0)
        code = wn_err_set(err, WN_EINPUT, "%s: not the checksum of SHA256SUMS that manifest.json holds", sums);
out:
    cJSON_Delete(manifest);
    wn_free(path);
    return code;
}

enum { SUMS_MAX = 1 << 20 };

wn_code wn_sums_read(wn_sums *out, const char *folder, wn_err *err) {
    wn_sums s = {0};
    char *text = NULL, *path = wn_path_join(folder, WN_FILE_SUMS, err);
    size_t len = 0;
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        code = wn_err_set(err, WN_EINPUT, "%s: no SHA256SUMS in it: not an output folder of winnow", folder);
        goto out;
    }
    if ((code = wn_textfile_read_regular(&text, &len, path, SUMS_MAX, err)) != WN_OK) {
        if (code == WN_EUSAGE) code = err->code = WN_EINPUT; /* damaged, rather than named by mistake */
        goto out;
    }
    if ((code = sums_parse(&s, path, text, len, err)) != WN_OK) goto out;
    if ((code = check_manifest(folder, path, err)) != WN_OK) goto out;
    *out = s;
    s = (wn_sums){0};
out:
    wn_sums_free(&s);
    wn_free(text);
    wn_free(path);
    return code;
}

void wn_sums_free(wn_sums *s) {
    for (size_t i = 0; i < s->n; i++) wn_free(s->list[i].name);
    wn_free(s->list);
    *s = (wn_sums){0};
}

/* ---- whose a folder is ---- */

#define ELSEWHERE "; choose another -o or move it away"

/* One entry of a folder that winnow wrote. */
static wn_code entry_ours(const wn_sums *s, const char *folder, const char *named, const char *name, wn_err *err) {
    struct stat st;
    char hex[65];
    const wn_sum *sum = NULL;
    wn_code code;
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->list[i].name, name) == 0) sum = &s->list[i];
    bool about = strcmp(name, WN_FILE_MANIFEST) == 0 || strcmp(name, WN_FILE_SUMS) == 0;
    char *path = wn_path_join(folder, name, err);
    if (!path) return WN_EMEMORY;
    if (lstat(path, &st) != 0) {
        code = errno == ENOENT ? WN_OK : wn_err_errno(err, "%s/%s", named, name);
        goto out;
    }
    code = WN_OK;
    if (about && S_ISREG(st.st_mode)) goto out;
    if (!sum || !S_ISREG(st.st_mode)) {
        code =
            wn_err_set(err, WN_EUSAGE, "%s/%s is not a file that winnow wrote, so -f leaves the folder alone" ELSEWHERE,
                       named, name);
        goto out;
    }
    if ((code = wn_sha256_file(path, hex, err)) != WN_OK) goto out;
    if (strcmp(hex, sum->sha256) != 0)
        code =
            wn_err_set(err, WN_EUSAGE,
                       "%s/%s has changed since winnow wrote it (SHA256SUMS), so -f leaves the folder alone" ELSEWHERE,
                       named, name);
out:
    wn_free(path);
    return code;
}

wn_code wn_file_ours(const char *folder, const char *name, wn_err *err) {
    wn_sums s = {0};
    wn_code code = wn_sums_read(&s, folder, err);
    if (code != WN_OK) goto out;
    code = entry_ours(&s, folder, folder, name, err);
out:
    wn_sums_free(&s);
    return code;
}

static wn_code check_entries(const wn_sums *s, DIR *d, const char *folder, const char *named, wn_err *err) {
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        wn_code code = entry_ours(s, folder, named, e->d_name, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* Reads what the folder says of itself; an empty one has nothing to say. */
static wn_code read_own(wn_sums *s, DIR *d, const char *folder, const char *named, wn_err *err) {
    bool empty = true, manifest = false, sums = false;
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        empty = false;
        manifest = manifest || strcmp(e->d_name, WN_FILE_MANIFEST) == 0;
        sums = sums || strcmp(e->d_name, WN_FILE_SUMS) == 0;
    }
    rewinddir(d);
    if (empty) return WN_OK;
    if (!manifest || !sums)
        return wn_err_set(err, WN_EUSAGE, "%s is not a folder that winnow wrote (no %s in it), so -f leaves it alone"
                          ELSEWHERE, named, manifest ? WN_FILE_SUMS : WN_FILE_MANIFEST);
    wn_code code = wn_sums_read(s, folder, err);
    if (code != WN_EINPUT) return code;
    return wn_err_set(err, WN_EUSAGE,
                      "%s: its SHA256SUMS or manifest.json has changed since winnow wrote it, so -f leaves the folder "
                      "alone" ELSEWHERE, named);
}

wn_code wn_folder_ours(const char *folder, const char *named, wn_err *err) {
    wn_sums s = {0};
    DIR *d = opendir(folder);
    if (!d) return wn_err_errno(err, "%s", named);
    wn_code code = read_own(&s, d, folder, named, err);
    if (code != WN_OK) goto out;
    code = check_entries(&s, d, folder, named, err);
out:
    (void)closedir(d);
    wn_sums_free(&s);
    return code;
}
