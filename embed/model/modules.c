/* The sentence-transformers modules of a model: which there are, what they do to texts and to hidden states. */
#include "model_private.h"

#include <stdio.h>
#include <string.h>

static const cJSON *json_field(const cJSON *json, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(json, name);
}

/* dir/inside/name for messages, and inside/name for reading. */
typedef struct {
    char relative[WN_MODEL_INSIDE + 64], file[WN_MODEL_FILE_PATH];
} module_file;

static module_file file_of(const char *dir, const char *inside, const char *name) {
    module_file f;
    (void)snprintf(f.relative, sizeof f.relative, "%s%s%s", inside, *inside ? "/" : "", name);
    (void)snprintf(f.file, sizeof f.file, "%.3900s/%s", dir, f.relative);
    return f;
}

/* ---- modules.json ---- */

enum { TABLE, TRANSFORMER, POOLING, DENSE, NORMALIZE, KINDS };
static const char *const kinds[] = {"StaticEmbedding", "Transformer", "Pooling", "Dense", "Normalize"};

/* May the next of a chain that has come to `stage` (-1: nowhere) be of this kind? */
static bool in_order(const wn_model_layout *l, int stage, int kind) {
    if (kind == TABLE) return stage < 0;
    if (l->static_table) return kind == NORMALIZE && stage < NORMALIZE;
    return kind > stage && (kind != POOLING || stage == TRANSFORMER) && (kind <= POOLING || stage >= POOLING);
}

/* One entry; `stage` is how far the chain of kinds has come. */
static wn_code read_module(wn_model_layout *l, const cJSON *module, const char *file, int *stage, wn_err *err) {
    const char *type = cJSON_GetStringValue(json_field(module, "type")),
               *path = cJSON_GetStringValue(json_field(module, "path"));
    const char *name = type ? strrchr(type, '.') : NULL;
    name = name ? name + 1 : type;
    if (!name || !path || strstr(path, "..") || path[0] == '/' || strlen(path) >= WN_MODEL_INSIDE)
        return wn_err_set(err, WN_EINPUT, "%s: a module without a usable type and path", file);
    int kind = 0;
    while (kind < KINDS && strcmp(name, kinds[kind]) != 0) kind++;
    if (kind == KINDS)
        return wn_err_set(err, WN_EINPUT,
                          "%s: module %.60s is not supported; Transformer, Pooling, Dense, Normalize and "
                          "StaticEmbedding are",
                          file, name);
    if (!in_order(l, *stage, kind))
        return wn_err_set(err, WN_EINPUT,
                          "%s: %s at this place is not supported; the order is Transformer, Pooling, Dense, Normalize, "
                          "or StaticEmbedding, Normalize, each once",
                          file, name);
    *stage = kind;
    char *const places[] = {
        [TABLE] = l->encoder, [TRANSFORMER] = l->encoder, [POOLING] = l->pooling, [DENSE] = l->dense};
    if (kind == NORMALIZE)
        l->normalize = true;
    else
        (void)snprintf(places[kind], WN_MODEL_INSIDE, "%s", strcmp(path, ".") == 0 ? "" : path);
    l->static_table |= kind == TABLE;
    return WN_OK;
}

/* A folder of model2vec may lack modules.json; its config.json says what it is. */
static wn_code read_type(wn_model_layout *l, const char *dir, wn_err *err) {
    cJSON *json;
    wn_code code = wn_jsonfile_read(&json, dir, "config.json", WN_MODEL_JSON_MAX, false, err);
    if (code != WN_OK) return code;
    const char *type = cJSON_GetStringValue(json_field(json, "model_type"));
    l->static_table = type && strcmp(type, "model2vec") == 0;
    cJSON_Delete(json);
    return WN_OK;
}

wn_code wn_model_layout_read(wn_model_layout *l, const char *dir, char unknown[WN_MODEL_UNKNOWN], wn_err *err) {
    const module_file f = file_of(dir, "", "modules.json");
    cJSON *modules;
    int stage = -1;
    *l = (wn_model_layout){0};
    wn_code code = wn_jsonfile_read(&modules, dir, f.relative, WN_MODEL_JSON_MAX, false, err);
    if (code != WN_OK) return code;
    if (!modules) return read_type(l, dir, err);
    l->there = true;
    if (!cJSON_IsArray(modules)) {
        code = wn_err_set(err, WN_EINPUT, "%s: not a list of modules", f.file);
        goto out;
    }
    const cJSON *module;
    cJSON_ArrayForEach(module, modules) {
        if ((code = read_module(l, module, f.file, &stage, err)) != WN_OK) goto out;
        if ((code = wn_model_keys_check(module, WN_KEYS_MODULE, f.file, unknown, err)) != WN_OK) goto out;
    }
    if (stage < POOLING && !l->static_table)
        code = wn_err_set(err, WN_EINPUT, "%s: lists no Transformer with a Pooling behind it", f.file);
out:
    cJSON_Delete(modules);
    return code;
}

/* ---- what happens to texts ---- */

/* max_seq_length and do_lower_case, under any of the names that the file has had; an empty one counts as absent. */
static wn_code read_sentence(wn_model_texts *t, const char *dir, const char *inside, char *unknown, wn_err *err) {
    static const char *const names[] = {"sentence_bert_config.json",       "sentence_roberta_config.json",
                                        "sentence_distilbert_config.json", "sentence_camembert_config.json",
                                        "sentence_albert_config.json",     "sentence_xlm-roberta_config.json",
                                        "sentence_xlnet_config.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const module_file f = file_of(dir, inside, names[i]);
        cJSON *json;
        wn_code code = wn_jsonfile_read(&json, dir, f.relative, WN_MODEL_JSON_MAX, false, err);
        if (code != WN_OK) return code;
        if (!json || !json->child) {
            cJSON_Delete(json);
            continue;
        }
        code = wn_field_size(&t->max_tokens, json, f.file, "max_seq_length", 1, 1048576, 0, err);
        t->lowercase = cJSON_IsTrue(json_field(json, "do_lower_case"));
        if (code == WN_OK) code = wn_model_keys_check(json, WN_KEYS_SENTENCE, f.file, unknown, err);
        cJSON_Delete(json);
        return code;
    }
    return WN_OK;
}

/* The prompt that default_prompt_name names stands before every text; the others are for callers who ask for them. */
static wn_code read_prompt(wn_model_texts *t, const char *dir, char *unknown, wn_err *err) {
    const module_file f = file_of(dir, "", "config_sentence_transformers.json");
    const char *name, *prompt = "";
    cJSON *json;
    wn_code code = wn_jsonfile_read(&json, dir, f.relative, WN_MODEL_JSON_MAX, false, err);
    if (code != WN_OK || !json) return code;
    if ((code = wn_model_keys_check(json, WN_KEYS_PROMPTS, f.file, unknown, err)) != WN_OK) goto out;
    if ((code = wn_field_text(&name, json, f.file, "default_prompt_name", err)) != WN_OK || !name) goto out;
    const cJSON *prompts = json_field(json, "prompts");
    /* query and document are there without being named: empty */
    if (json_field(prompts, name) || (strcmp(name, "query") != 0 && strcmp(name, "document") != 0)) {
        if ((code = wn_field_text(&prompt, prompts, f.file, name, err)) != WN_OK) goto out;
        if (!json_field(prompts, name)) {
            code =
                wn_err_set(err, WN_EINPUT, "%s: default_prompt_name \"%.60s\" is not among the prompts", f.file, name);
            goto out;
        }
    }
    if (prompt && (size_t)snprintf(t->prompt, sizeof t->prompt, "%s", prompt) >= sizeof t->prompt)
        code = wn_err_set(err, WN_EINPUT, "%s: the prompt \"%.60s\" has %zu bytes; at most %zu are supported", f.file,
                          name, strlen(prompt), sizeof t->prompt - 1);
out:
    cJSON_Delete(json);
    return code;
}

wn_code wn_model_texts_read(wn_model_texts *t, const char *dir, const wn_model_layout *l,
                            char unknown[WN_MODEL_UNKNOWN], wn_err *err) {
    *t = (wn_model_texts){0};
    if (!l->there) return WN_OK;
    const wn_code code = l->static_table ? WN_OK : read_sentence(t, dir, l->encoder, unknown, err);
    return code != WN_OK ? code : read_prompt(t, dir, unknown, err);
}

/* ---- Pooling, Dense ---- */

static const struct {
    /* the flag of older files; the value of pooling_mode in newer ones, NULL: our own name of it */
    const char *flag, *name;
    wn_pooling pooling;
} pooling_modes[] = {{"pooling_mode_cls_token", NULL, WN_POOL_CLS},
                     {"pooling_mode_max_tokens", NULL, WN_POOL_MAX},
                     {"pooling_mode_mean_tokens", NULL, WN_POOL_MEAN},
                     {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", WN_POOL_MEAN_SQRT},
                     {"pooling_mode_weightedmean_tokens", NULL, WN_POOL_WEIGHTED},
                     {"pooling_mode_lasttoken", NULL, WN_POOL_LAST}};
enum { MODES = sizeof pooling_modes / sizeof *pooling_modes };
static const char modes_supported[] =
    "one of cls, max, mean, mean_sqrt_len_tokens, weightedmean and lasttoken is, and no two side by side";

static wn_code read_mode_name(wn_model_config *c, const cJSON *mode, const char *file, wn_err *err) {
    const int n = cJSON_IsArray(mode) ? cJSON_GetArraySize(mode) : 1;
    if (cJSON_IsArray(mode) && n == 1) mode = mode->child;
    const char *name = cJSON_GetStringValue(mode);
    for (size_t i = 0; name && i < MODES; i++) {
        const char *known = pooling_modes[i].name;
        if (strcmp(name, known ? known : wn_pooling_name(pooling_modes[i].pooling)) != 0) continue;
        c->pooling = pooling_modes[i].pooling;
        return WN_OK;
    }
    const char *second = n > 1 ? cJSON_GetStringValue(cJSON_GetArrayItem(mode, 1)) : NULL;
    if (n > 1) name = cJSON_GetStringValue(cJSON_GetArrayItem(mode, 0));
    return wn_err_set(err, WN_EINPUT, "%s: pooling_mode \"%.40s%s%.40s\" is not supported; %s", file,
                      name ? name : "(no name)", n > 1 ? ", " : "", second ? second : "", modes_supported);
}

static wn_code read_mode_flags(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    const char *first = NULL;
    c->pooling = WN_POOL_MEAN; /* the reference's default */
    for (size_t i = 0; i < MODES; i++) {
        if (!cJSON_IsTrue(json_field(json, pooling_modes[i].flag))) continue;
        if (first)
            return wn_err_set(err, WN_EINPUT, "%s: %s beside %s is not supported; %s", file, pooling_modes[i].flag,
                              first, modes_supported);
        first = pooling_modes[i].flag;
        c->pooling = pooling_modes[i].pooling;
    }
    return WN_OK;
}

static wn_code read_pooling(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    const cJSON *mode = json_field(json, "pooling_mode");
    size_t width = c->hidden;
    wn_code code = mode ? read_mode_name(c, mode, file, err) : read_mode_flags(c, json, file, err);
    if (code != WN_OK) return code;
    if (cJSON_IsFalse(json_field(json, "include_prompt")) && c->prompt[0])
        return wn_err_set(err, WN_EINPUT,
                          "%s: include_prompt \"false\" is not supported where config_sentence_transformers.json has a "
                          "default prompt (\"%.60s\")",
                          file, c->prompt);
    const char *key = json_field(json, "embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
    code = wn_field_size(&width, json, file, key, 1, 65536, (long)c->hidden, err);
    if (code != WN_OK || width == c->hidden) return code;
    return wn_err_set(err, WN_EINPUT, "%s: pools vectors of %zu; the model's have %zu", file, width, c->hidden);
}

static wn_code read_dense(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    static const wn_activation_name names[] = {
        {"Tanh", WN_ACT_TANH}, {"Identity", WN_ACT_IDENTITY}, {"ReLU", WN_ACT_RELU}, {"GELU", WN_ACT_GELU}};
    const char *act = NULL;
    const cJSON *bias = json_field(json, "bias");
    size_t in = 0;
    wn_code code = wn_field_size(&in, json, file, "in_features", 1, 65536, -1, err);
    if (code != WN_OK) return code;
    if ((code = wn_field_size(&c->dense_out, json, file, "out_features", 1, 65536, -1, err)) != WN_OK) return code;
    if ((code = wn_field_text(&act, json, file, "activation_function", err)) != WN_OK) return code;
    const char *dot = act ? strrchr(act, '.') : NULL;
    if (!act) act = "Tanh";
    code = wn_field_activation(&c->dense_activation, dot ? dot + 1 : act, names, sizeof names / sizeof *names, file,
                               "activation_function", err);
    if (code != WN_OK) return code;
    if (in != c->hidden)
        return wn_err_set(err, WN_EINPUT, "%s: in_features %zu is not the model's %zu", file, in, c->hidden);
    c->dense_bias = !bias || cJSON_IsTrue(bias);
    return WN_OK;
}

typedef wn_code (*module_reader)(wn_model_config *c, const cJSON *json, const char *file, wn_err *err);

static wn_code read_one(wn_model_config *c, const char *dir, const char *inside, wn_model_keys keys,
                        module_reader reader, wn_err *err) {
    const module_file f = file_of(dir, inside, "config.json");
    cJSON *json;
    wn_code code = wn_jsonfile_read(&json, dir, f.relative, WN_MODEL_JSON_MAX, true, err);
    if (code != WN_OK) return code;
    code = wn_model_keys_check(json, keys, f.file, c->unknown, err);
    if (code == WN_OK) code = reader(c, json, f.file, err);
    cJSON_Delete(json);
    return code;
}

wn_code wn_model_modules_read(wn_model_config *c, const char *dir, const wn_model_layout *l, wn_err *err) {
    c->sentence_transformer = l->there;
    c->normalize = l->normalize;
    if (!l->there) return WN_OK;
    const wn_code code = read_one(c, dir, l->pooling, WN_KEYS_POOLING, read_pooling, err);
    if (code != WN_OK || !*l->dense) return code;
    (void)snprintf(c->dense_path, sizeof c->dense_path, "%s", l->dense);
    return read_one(c, dir, l->dense, WN_KEYS_DENSE, read_dense, err);
}
