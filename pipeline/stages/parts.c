#include "parts.h"

#include "whole_file.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/buf.h>
#include <wn/path.h>
#include <wn/safefile.h>
#include <wn/sha256.h>
#include <wn/textfile.h>

enum { MOST_BYTES = 1 << 30, HEX = 64 };
static const char job_name[] = "job.json";

void wn_parts_job_free(wn_parts_job *job) {
    wn_free(job->folder);
    wn_free(job->command);
    wn_free(job->config);
    *job = (wn_parts_job){0};
}

char *wn_parts_job_path(const char *folder, wn_err *err) {
    return wn_path_join(folder, job_name, err);
}

static wn_code hash_bytes(char hex[65], const void *data, size_t n, wn_err *err) {
    wn_sha256 h = {0};
    wn_code code = wn_sha256_init(&h, err);
    if (code == WN_OK) code = wn_sha256_update(&h, data, n, err);
    if (code == WN_OK) code = wn_sha256_final(&h, hex, err);
    wn_sha256_free(&h);
    return code;
}

/* ---- the job ---- */

static bool add_input(cJSON *list, const wn_input *in) {
    cJSON *o = cJSON_CreateObject();
    return o && cJSON_AddItemToArray(list, o) && cJSON_AddStringToObject(o, "path", in->path) &&
           cJSON_AddNumberToObject(o, "rows", (double)in->rows) && cJSON_AddStringToObject(o, "sha256", in->sha256);
}

/* job.json of a plan, as text: cJSON_free it. */
static wn_code print_job(char **out, const wn_parts_plan *p, wn_err *err) {
    char lists[2][65];
    wn_code code = hash_bytes(lists[0], p->lists->keep, p->lists->nkeep * sizeof *p->lists->keep, err);
    if (code == WN_OK)
        code = hash_bytes(lists[1], p->lists->exclude, p->lists->nexclude * sizeof *p->lists->exclude, err);
    if (code != WN_OK) return code;
    cJSON *o = cJSON_CreateObject(), *inputs = NULL, *config = cJSON_Parse(p->config);
    bool ok = o && config && cJSON_AddStringToObject(o, "winnow", WINNOW_VERSION) &&
              cJSON_AddStringToObject(o, "command", p->command) &&
              cJSON_AddStringToObject(o, "config_text", p->config) && /* to the byte, for the outputs */
              cJSON_AddNumberToObject(o, "partitions", (double)p->parts) && cJSON_AddItemToObject(o, "config", config);
    if (ok) config = NULL; /* it belongs to o */
    ok = ok && (inputs = cJSON_AddArrayToObject(o, "inputs"));
    for (size_t i = 0; ok && i < p->ninputs; i++) ok = add_input(inputs, &p->inputs[i]);
    ok = ok && cJSON_AddStringToObject(o, "keep_sha256", lists[0]) &&
         cJSON_AddStringToObject(o, "exclude_sha256", lists[1]);
    *out = ok ? cJSON_Print(o) : NULL;
    cJSON_Delete(config);
    cJSON_Delete(o);
    return *out ? WN_OK : wn_err_set(err, WN_EMEMORY, "out of memory while job.json was made");
}

static const char *member(const cJSON *job, const char *name) {
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(job, name));
    return value ? value : "";
}

static size_t parts_of(const cJSON *job) {
    const cJSON *parts = cJSON_GetObjectItemCaseSensitive(job, "partitions");
    return cJSON_IsNumber(parts) && parts->valuedouble >= 1 && parts->valuedouble <= 1e6 ? (size_t)parts->valuedouble
                                                                                         : 0;
}

/* What is asked of a folder that has another job. */
static wn_code other_job(const char *folder, const cJSON *job, const wn_parts_plan *p, wn_err *err) {
    if (parts_of(job) != p->parts)
        return wn_err_set(err, WN_EUSAGE,
                          "%s has the shards of %zu partitions, and their number cannot change: use --partitions %zu, "
                          "or another folder for %zu",
                          folder, parts_of(job), parts_of(job), p->parts);
    if (strcmp(member(job, "winnow"), WINNOW_VERSION) != 0)
        return wn_err_set(err, WN_EUSAGE,
                          "%s was begun by winnow %.40s, this is " WINNOW_VERSION ": use another "
                          "folder",
                          folder, member(job, "winnow"));
    if (strcmp(member(job, "command"), p->command) != 0)
        return wn_err_set(err, WN_EUSAGE,
                          "%s was begun by another command: %.600s; use another folder for other "
                          "options",
                          folder, member(job, "command"));
    return wn_err_set(err, WN_EUSAGE, "%s was begun with other input: a file has changed since; use another folder",
                      folder);
}

static bool same_text(const char *path, const char *text) {
    char *found = NULL;
    size_t n = 0;
    const bool same = wn_textfile_read_regular(&found, &n, path, MOST_BYTES, &(wn_err){0}) == WN_OK &&
                      n == strlen(text) && memcmp(found, text, n) == 0;
    wn_free(found);
    return same;
}

wn_code wn_parts_open(wn_parts_job *out, const char *folder, const wn_parts_plan *plan, wn_err *err) {
    wn_parts_job made = {0};
    cJSON *job = NULL;
    char *text = NULL, *path = wn_parts_job_path(folder, err);
    struct stat s;
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if (stat(path, &s) != 0) {
        code = wn_err_set(err, WN_EINPUT,
                          "%s has no job.json: it is no folder of shards (winnow select --partitions N --shard I/N -o "
                          "%s begins one)",
                          folder, folder);
        goto out;
    }
    if ((code = wn_json_read(path, &job, err)) != WN_OK) goto out;
    if (parts_of(job) == 0) {
        code = wn_err_set(err, WN_EINPUT, "%s is not a job of winnow select --shard", path);
        goto out;
    }
    if (plan && (code = print_job(&text, plan, err)) != WN_OK) goto out;
    if (plan && !same_text(path, text)) {
        code = other_job(folder, job, plan, err);
        goto out;
    }
    made.parts = parts_of(job);
    if ((code = wn_sha256_file(path, made.hash, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(made.folder = wn_strndup(folder, strlen(folder), err))) goto out;
    if (!(made.command = wn_strndup(member(job, "command"), strlen(member(job, "command")), err))) goto out;
    if (!(made.config = wn_strndup(member(job, "config_text"), strlen(member(job, "config_text")), err))) goto out;
    *out = made;
    made = (wn_parts_job){0};
    code = WN_OK;
out:
    wn_parts_job_free(&made);
    cJSON_free(text);
    cJSON_Delete(job);
    wn_free(path);
    return code;
}

/* A new or empty folder; what killed processes left there is hidden. */
static wn_code make_folder(const char *folder, wn_err *err) {
    if (mkdir(folder, 0777) == 0) return WN_OK;
    if (errno != EEXIST) return wn_err_set(err, WN_EIO, "%s: cannot be made: %s", folder, strerror(errno));
    DIR *d = opendir(folder);
    if (!d) return wn_err_set(err, WN_EUSAGE, "%s: is no folder that can be read: %s", folder, strerror(errno));
    const struct dirent *e;
    bool other = false;
    while ((e = readdir(d))) other = other || (e->d_name[0] != '.' && strcmp(e->d_name, job_name) != 0);
    (void)closedir(d);
    return other ? wn_err_set(err, WN_EUSAGE, "%s holds other things than shards: name a folder of their own", folder)
                 : WN_OK;
}

/* Shards that begin at the same time write the same bytes; the first one's stand. */
static wn_code write_job(const char *path, const char *text, wn_err *err) {
    wn_safefile *f = NULL;
    struct stat s;
    wn_code code = wn_safefile_create(&f, path, false, err);
    if (code == WN_OK && (code = wn_safefile_write(f, text, strlen(text), err)) == WN_OK)
        code = wn_safefile_commit(f, err);
    else
        wn_safefile_abort(f);
    if (code != WN_EUSAGE || stat(path, &s) != 0) return code;
    *err = (wn_err){0};
    return WN_OK;
}

wn_code wn_parts_begin(wn_parts_job *out, const char *folder, const wn_parts_plan *plan, wn_err *err) {
    char *text = NULL, *path = wn_parts_job_path(folder, err);
    struct stat s;
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code == WN_OK && stat(path, &s) != 0) {
        if ((code = make_folder(folder, err)) != WN_OK) goto out;
        if ((code = print_job(&text, plan, err)) != WN_OK) goto out;
        code = write_job(path, text, err);
    }
    if (code == WN_OK) code = wn_parts_open(out, folder, plan, err);
out:
    cJSON_free(text);
    wn_free(path);
    return code;
}

/* ---- a shard ---- */

/* part-00003.txt; wn_free it. */
static char *shard_path(const wn_parts_job *job, size_t shard, wn_err *err) {
    char name[40];
    (void)snprintf(name, sizeof name, "part-%05zu.txt", shard);
    return wn_path_join(job->folder, name, err);
}

static void print_head(char out[160], const wn_parts_job *job, size_t shard) {
    (void)snprintf(out, 160, "winnow picks of part %zu/%zu, job %s\n", shard, job->parts, job->hash);
}

wn_code wn_parts_write(const wn_parts_job *job, size_t shard, const wn_part_picks *picks, wn_err *err) {
    char head[160], hex[65];
    wn_writer text = {.err = err};
    wn_safefile *f = NULL;
    char *path = shard_path(job, shard, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    print_head(head, job, shard);
    wn_writer_put(&text, head);
    wn_writer_printf(&text, "%zu rows, value %a\n", picks->n, picks->value);
    for (size_t i = 0; i < picks->n; i++) wn_writer_printf(&text, "%zu\n", picks->ids[i]);
    if ((code = text.code) != WN_OK || (code = hash_bytes(hex, text.data, text.len, err)) != WN_OK) goto out;
    wn_writer_printf(&text, "%s\n", hex);
    if ((code = text.code) != WN_OK || (code = wn_safefile_create(&f, path, true, err)) != WN_OK) goto out;
    if ((code = wn_safefile_write(f, text.data, text.len, err)) != WN_OK) goto out;
    code = wn_safefile_commit(f, err);
    f = NULL;
out:
    wn_safefile_abort(f);
    wn_free(text.data);
    wn_free(path);
    return code;
}

/* The lines behind the head; false where they are not what was written. */
static bool parse_picks(wn_part_picks *out, char *text, wn_code *code, wn_err *err) {
    size_t n = 0;
    double value = 0;
    int used = 0;
    if (sscanf(text, "%zu rows, value %la\n%n", &n, &value, &used) != 2 || n > MOST_BYTES) return false;
    if (!(out->ids = wn_alloc(n, sizeof *out->ids, err))) {
        *code = WN_EMEMORY;
        return false;
    }
    out->n = n, out->value = value;
    char *at = text + used, *end = NULL;
    for (size_t i = 0; i < n; i++, at = end + 1) {
        out->ids[i] = (size_t)strtoull(at, &end, 10);
        if (end == at || *end != '\n') return false;
    }
    return *at == 0;
}

/* Ends with the hash of what stands before it, which is cut off. */
static bool sealed(char *text, size_t n, wn_code *code, wn_err *err) {
    char hex[65];
    if (n <= HEX + 1 || text[n - 1] != '\n') return false;
    const size_t body = n - HEX - 1;
    if ((*code = hash_bytes(hex, text, body, err)) != WN_OK) return false;
    const bool same = memcmp(hex, text + body, HEX) == 0;
    text[body] = 0;
    return same;
}

wn_code wn_parts_read(wn_part_picks *out, wn_shard_state *state, const wn_parts_job *job, size_t shard, wn_err *err) {
    char head[160], *text = NULL, *path = shard_path(job, shard, err);
    wn_part_picks picks = {0};
    struct stat s;
    size_t n = 0;
    wn_code code = path ? WN_OK : WN_EMEMORY;
    *state = WN_SHARD_MISSING;
    if (code != WN_OK || stat(path, &s) != 0) goto out;
    *state = WN_SHARD_DAMAGED;
    if ((code = wn_textfile_read_regular(&text, &n, path, MOST_BYTES, err)) != WN_OK) {
        if (code != WN_EINPUT && code != WN_EUSAGE) goto out;
        *err = (wn_err){0}; /* zeros in it, say */
        code = WN_OK;
        goto out;
    }
    print_head(head, job, shard);
    if (!sealed(text, n, &code, err) || strncmp(text, head, strlen(head)) != 0) goto out;
    if (!parse_picks(&picks, text + strlen(head), &code, err)) goto out;
    *state = WN_SHARD_WHOLE;
    *out = picks;
    picks = (wn_part_picks){0};
out:
    wn_part_picks_free(&picks);
    wn_free(text);
    wn_free(path);
    return code;
}
