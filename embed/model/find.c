/* Where a model is: a folder, winnow's own cache, the Hugging Face cache. */
#include "model_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>

enum { PATH_SIZE = 4096 };

static bool is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static bool is_there(const char *folder, const char *name) {
    char path[PATH_SIZE + 64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, R_OK) == 0;
}

/* The cache folders in order; each with the variable or folder that names it. */
static const struct {
    const char *variable, *below;
    bool hub; /* Hugging Face's layout: models--org--name/snapshots/<commit> */
} caches[] = {{"WINNOW_MODELS", "", false},
              {"XDG_CACHE_HOME", "/winnow/models", false},
              {"HOME", "/.cache/winnow/models", false},
              {"HF_HUB_CACHE", "", true},
              {"HUGGINGFACE_HUB_CACHE", "", true},
              {"SENTENCE_TRANSFORMERS_HOME", "", true},
              {"HF_HOME", "/hub", true},
              {"XDG_CACHE_HOME", "/huggingface/hub", true},
              {"HOME", "/.cache/huggingface/hub", true}};

/* A place in a cache. several: snapshots of which none is the one meant. */
typedef struct {
    char folder[PATH_SIZE], several[200];
} place;

/* The only folder below `snapshots`, or the names of several, as many as fit. */
static size_t list_snapshots(place *at, const char *snapshots) {
    size_t found = 0, used = 0;
    DIR *d = opendir(snapshots);
    for (const struct dirent *e; d && (e = readdir(d));) {
        char path[PATH_SIZE];
        if (e->d_name[0] == '.' || (size_t)snprintf(path, sizeof path, "%s/%s", snapshots, e->d_name) >= sizeof path ||
            !is_folder(path))
            continue;
        if (used < sizeof at->several)
            used +=
                (size_t)snprintf(at->several + used, sizeof at->several - used, "%s%s", found ? ", " : "", e->d_name);
        if (found++ == 0) memcpy(at->folder, path, sizeof path);
    }
    if (d) (void)closedir(d);
    if (found < 2) at->several[0] = 0;
    return found;
}

/* What the cache has of `name`: false if nothing; else the folder where its files would be, there or not. refs/main
 * names the snapshot. A model that was fetched at a fixed revision has no such file: its only snapshot will do. */
static bool hub_snapshot(place *at, const char *cache, const char *name) {
    char folder[PATH_SIZE / 2], path[PATH_SIZE / 2 + 64], commit[128] = "";
    size_t used = (size_t)snprintf(folder, sizeof folder, "%s/models--", cache);
    for (const char *p = name; *p && used < sizeof folder - 3; p++) {
        if (*p == '/')
            folder[used++] = '-', folder[used++] = '-';
        else
            folder[used++] = *p;
    }
    folder[used] = 0;
    if (!is_folder(folder)) return false;
    (void)snprintf(path, sizeof path, "%s/refs/main", folder);
    wn_err ignored;
    FILE *f;
    if (wn_input_file_stream(&f, path, &ignored) == WN_OK) {
        size_t got = fread(commit, 1, sizeof commit - 1, f);
        (void)fclose(f);
        commit[got] = 0;
        commit[strcspn(commit, " \t\r\n")] = 0;
    }
    if (strchr(commit, '/') || strchr(commit, '.')) commit[0] = 0; /* not a commit: no way out of the cache */
    (void)snprintf(path, sizeof path, "%s/snapshots", folder);
    if (!f && list_snapshots(at, path) == 1) return true;
    return snprintf(at->folder, PATH_SIZE, "%s/%s", path, commit[0] ? commit : "(no refs/main)") < PATH_SIZE;
}

static bool has_weights(const char *folder) {
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                        "pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_there(folder, names[i])) return true;
    return false;
}

/* The root of cache i, or false where its variable is not set. */
static bool cache_root(char out[PATH_SIZE / 4], size_t i) {
    const char *root = getenv(caches[i].variable);
    return root && *root && (size_t)snprintf(out, PATH_SIZE / 4, "%s%s", root, caches[i].below) < PATH_SIZE / 4;
}

static bool in_cache(place *at, size_t i, const char *name) {
    char cache[PATH_SIZE / 4];
    *at = (place){0};
    if (!cache_root(cache, i)) return false;
    if (caches[i].hub) return hub_snapshot(at, cache, name);
    return snprintf(at->folder, PATH_SIZE, "%s/%s", cache, name) < PATH_SIZE && is_folder(at->folder);
}

/* modules.json comes first: it says where the encoder is, and whether there is one. */
static wn_code accept(char **dir, const place *at, wn_err *err) {
    const char *folder = at->folder;
    char unknown[WN_MODEL_UNKNOWN] = "", *encoder = NULL;
    wn_model_layout layout;
    if (at->several[0])
        return wn_err_set(err, WN_EINPUT,
                          "%.200s: no refs/main says which snapshot is meant; give the folder of one as the model: %s",
                          folder, at->several);
    if (!is_folder(folder))
        return wn_err_set(err, WN_EINPUT, "%s: this snapshot is not there: the model was not fetched completely",
                          folder);
    wn_code code = wn_model_layout_read(&layout, folder, unknown, err);
    if (code != WN_OK) return code;
    if ((code = wn_model_folder(&encoder, folder, layout.encoder, err)) != WN_OK) return code;
    if (!layout.static_table && !is_there(encoder, "config.json"))
        code = wn_err_set(err, WN_EINPUT, "%s: no config.json in this folder: not a model, or not fetched completely",
                          encoder);
    else if (!has_weights(encoder))
        code = wn_err_set(err, WN_EINPUT,
                          "%s: %s is there, the weights (model.safetensors or pytorch_model.bin) are not: "
                          "the model was not fetched completely",
                          encoder, layout.static_table ? "modules.json" : "config.json");
    else if (!(*dir = wn_strndup(folder, strlen(folder), err)))
        code = WN_EMEMORY;
    wn_free(encoder);
    return code;
}

/* ---- a name that is not found: which are there ---- */

enum { NAMES = 64, NAME_SIZE = 128 };
typedef struct {
    char names[NAMES][NAME_SIZE];
    size_t n;
} cached;

static void add_cached(cached *c, const char *organisation, const char *name) {
    char *slot = c->names[c->n];
    if (c->n == NAMES ||
        (size_t)snprintf(slot, NAME_SIZE, "%s%s%s", organisation, *organisation ? "/" : "", name) >= NAME_SIZE)
        return;
    for (char *p = slot; (p = strstr(p, "--"));) { /* how the Hugging Face cache writes a slash */
        *p = '/';
        memmove(p + 1, p + 2, strlen(p + 2) + 1);
    }
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->names[i], slot) == 0) return;
    c->n++;
}

/* Folders of winnow's own cache are organisations, with models below. */
static void list_folder(cached *c, const char *path, const char *organisation, bool hub) {
    static const char prefix[] = "models--";
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));) {
        char below[PATH_SIZE / 2];
        if (e->d_name[0] == '.' || (size_t)snprintf(below, sizeof below, "%s/%s", path, e->d_name) >= sizeof below ||
            !is_folder(below))
            continue;
        if (hub && strncmp(e->d_name, prefix, sizeof prefix - 1) == 0)
            add_cached(c, "", e->d_name + sizeof prefix - 1);
        else if (!hub && (*organisation || is_there(below, "config.json")))
            add_cached(c, organisation, e->d_name);
        else if (!hub)
            list_folder(c, below, e->d_name, hub);
    }
    if (d) (void)closedir(d);
}

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

static bool means(const char *known, const char *name) {
    const char *slash = strrchr(known, '/'), *last = strrchr(name, '/');
    return strcasecmp(known, name) == 0 || strcasecmp(slash ? slash + 1 : known, last ? last + 1 : name) == 0;
}

static wn_code refuse_unknown(const char *name, wn_err *err) {
    cached c = {.n = 0};
    struct stat s;
    char said[200] = "", cache[PATH_SIZE / 4];
    if (stat(name, &s) == 0)
        return wn_err_set(err, WN_EUSAGE, "%s: not a folder; a model is given as the folder that holds its config.json",
                          name);
    for (size_t i = 0; i < sizeof caches / sizeof *caches; i++)
        if (cache_root(cache, i)) list_folder(&c, cache, "", caches[i].hub);
    qsort(c.names, c.n, sizeof *c.names, by_name);
    size_t at = 0;
    for (size_t i = 0; i < c.n && at == 0; i++)
        if (means(c.names[i], name)) at = (size_t)snprintf(said, sizeof said, "; did you mean %s?", c.names[i]);
    for (size_t i = 0; i < c.n && at + strlen(c.names[i]) + 40 < sizeof said; i++)
        at += (size_t)snprintf(said + at, sizeof said - at, "%s%s", i ? ", " : "; in the cache are: ", c.names[i]);
    return wn_err_set(
        err, WN_EUSAGE,
        "no model \"%.100s\": neither a folder, nor in the cache of winnow (~/.cache/winnow/models) or of "
        "Hugging Face (HF_HOME, ~/.cache/huggingface/hub)%s. tools/get-minilm fetches all-MiniLM-L6-v2",
        name, said);
}

wn_code wn_model_find(char **dir, const char *name, wn_err *err) {
    place at = {0};
    char longer[512];
    *dir = NULL;
    size_t n = strlen(name);
    if (n == 0 || n > 1024) return wn_err_set(err, WN_EUSAGE, "a model's name or folder is empty or too long");
    if (is_folder(name)) {
        (void)snprintf(at.folder, sizeof at.folder, "%s", name);
        return accept(dir, &at, err);
    }
    /* sentence-transformers' models are commonly named without their organisation */
    (void)snprintf(longer, sizeof longer, "sentence-transformers/%s", name);
    for (size_t i = 0; name[0] != '.' && name[0] != '/' && i < sizeof caches / sizeof *caches; i++) {
        if (in_cache(&at, i, name)) return accept(dir, &at, err);
        if (!strchr(name, '/') && in_cache(&at, i, longer)) return accept(dir, &at, err);
    }
    return refuse_unknown(name, err);
}
