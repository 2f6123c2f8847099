/* Where a model is: a folder, winnow's own cache, the Hugging Face cache. */
#include <winnow/model.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>

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
              {"HF_HOME", "/hub", true},
              {"XDG_CACHE_HOME", "/huggingface/hub", true},
              {"HOME", "/.cache/huggingface/hub", true}};

/* What the cache `root` has of `name`: false if nothing; else `out` is the folder where its files would be, there or
 * not. */
static bool hub_snapshot(char *out, const char *cache, const char *name) {
    char folder[PATH_SIZE], path[PATH_SIZE + 64], commit[128] = "";
    size_t at = (size_t)snprintf(folder, sizeof folder, "%s/models--", cache);
    for (const char *p = name; *p && at < sizeof folder - 3; p++) {
        if (*p == '/') folder[at++] = '-', folder[at++] = '-';
        else folder[at++] = *p;
    }
    folder[at] = 0;
    if (!is_folder(folder)) return false;
    (void)snprintf(path, sizeof path, "%s/refs/main", folder);
    FILE *f = fopen(path, "re");
    if (f) {
        size_t got = fread(commit, 1, sizeof commit - 1, f);
        (void)fclose(f);
        commit[got] = 0;
        commit[strcspn(commit, " \t\r\n")] = 0;
    }
    if (strchr(commit, '/') || strchr(commit, '.')) commit[0] = 0; /* not a commit: no way out of the cache */
    return snprintf(out, PATH_SIZE, "%s/snapshots/%s", folder, commit[0] ? commit : "(no refs/main)") < PATH_SIZE;
}

static bool has_weights(const char *folder) {
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                        "pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_there(folder, names[i])) return true;
    return false;
}

static bool in_cache(char *out, size_t i, const char *name) {
    const char *root = getenv(caches[i].variable);
    char cache[PATH_SIZE / 2];
    if (!root || !*root || (size_t)snprintf(cache, sizeof cache, "%s%s", root, caches[i].below) >= sizeof cache)
        return false;
    if (caches[i].hub) return hub_snapshot(out, cache, name);
    return snprintf(out, PATH_SIZE, "%s/%s", cache, name) < PATH_SIZE && is_folder(out);
}

static wn_code accept(char **dir, const char *folder, wn_err *err) {
    if (!is_folder(folder))
        return wn_err_set(err, WN_EINPUT, "%s: this snapshot is not there: the model was not fetched completely",
                          folder);
    if (!is_there(folder, "config.json"))
        return wn_err_set(err, WN_EINPUT, "%s: no config.json in this folder: not a model, or not fetched completely",
                          folder);
    if (!has_weights(folder))
        return wn_err_set(err, WN_EINPUT,
                          "%s: config.json is there, the weights (model.safetensors or pytorch_model.bin) are not: "
                          "the model was not fetched completely",
                          folder);
    *dir = wn_strndup(folder, strlen(folder), err);
    return *dir ? WN_OK : WN_EMEMORY;
}

wn_code wn_model_find(char **dir, const char *name, wn_err *err) {
    char folder[PATH_SIZE], longer[512];
    *dir = NULL;
    size_t n = strlen(name);
    if (n == 0 || n > 1024) return wn_err_set(err, WN_EUSAGE, "a model's name or folder is empty or too long");
    if (is_folder(name)) return accept(dir, name, err);
    /* sentence-transformers' models are commonly named without their organisation */
    (void)snprintf(longer, sizeof longer, "sentence-transformers/%s", name);
    for (size_t i = 0; name[0] != '.' && name[0] != '/' && i < sizeof caches / sizeof *caches; i++) {
        if (in_cache(folder, i, name)) return accept(dir, folder, err);
        if (!strchr(name, '/') && in_cache(folder, i, longer)) return accept(dir, folder, err);
    }
    return wn_err_set(
        err, WN_EUSAGE,
        "no model \"%s\": neither a folder, nor in the cache of winnow (~/.cache/winnow/models) or of Hugging Face "
        "(HF_HUB_CACHE, HF_HOME/hub, ~/.cache/huggingface/hub). tools/get-minilm fetches all-MiniLM-L6-v2",
        name);
}
