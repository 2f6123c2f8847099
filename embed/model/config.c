/* config.json and the sentence-transformers modules beside it. */
#include <winnow/model.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { CONFIG_MAX = 16 << 20 };

/* A JSON file as a tree; absent and !required: *out = NULL. */
static wn_code read_json(cJSON **out, const char *dir, const char *name, bool required, wn_err *err) {
    char path[4096];
    *out = NULL;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return wn_err_set(err, WN_EUSAGE, "%s: the path is too long", dir);
    FILE *f = fopen(path, "re");
    if (!f) return required ? wn_err_errno(err, "%s", path) : WN_OK;
    wn_code rc = WN_OK;
    char *text = NULL;
    long size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    if (size < 0 || size > CONFIG_MAX || fseek(f, 0, SEEK_SET) != 0)
        rc = wn_err_set(err, WN_EINPUT, "%s: cannot be read, or is larger than 16 MiB", path);
    if (!rc && !(text = wn_alloc((size_t)size + 1, 1, err))) rc = WN_EMEMORY;
    if (!rc && fread(text, 1, (size_t)size, f) != (size_t)size) rc = wn_err_errno(err, "reading %s", path);
    (void)fclose(f);
    if (!rc && !(*out = cJSON_ParseWithLength(text, (size_t)size))) rc = wn_err_set(err, WN_EINPUT, "%s: not valid JSON", path);
    wn_free(text);
    return rc;
}

static const cJSON *field(const cJSON *json, const char *name) { return cJSON_GetObjectItemCaseSensitive(json, name); }

/* One size of config.json: its usual name and DistilBERT's; lowest and highest sensible value. */
static const struct {
    const char *name, *distil;
    size_t offset, low, high;
    long fallback; /* -1: required */
} sizes[] = {
#define SIZE(member, name, distil, low, high, fallback) {name, distil, offsetof(wn_model_config, member), low, high, fallback}
    SIZE(vocab, "vocab_size", NULL, 1, 10000000, -1),
    SIZE(hidden, "hidden_size", "dim", 1, 65536, -1),
    SIZE(layers, "num_hidden_layers", "n_layers", 1, 1024, -1),
    SIZE(heads, "num_attention_heads", "n_heads", 1, 1024, -1),
    SIZE(intermediate, "intermediate_size", "hidden_dim", 1, 1048576, -1),
    SIZE(positions, "max_position_embeddings", NULL, 1, 1048576, -1),
    SIZE(types, "type_vocab_size", NULL, 0, 65536, 2),
    SIZE(pad, "pad_token_id", NULL, 0, 10000000, 0),
#undef SIZE
};

static wn_code read_size(size_t *out, const cJSON *json, const char *dir, const char *name, size_t low, size_t high,
                         long fallback, wn_err *err) {
    const cJSON *v = field(json, name);
    if ((!v || cJSON_IsNull(v)) && fallback >= 0) {
        *out = (size_t)fallback;
        return WN_OK;
    }
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= (double)low) || v->valuedouble > (double)high ||
        floor(v->valuedouble) != v->valuedouble)
        return wn_err_set(err, WN_EINPUT, "%s/config.json: \"%s\" is %s; a whole number from %zu to %zu is wanted", dir, name,
                          v ? "out of range" : "missing", low, high);
    *out = (size_t)v->valuedouble;
    return WN_OK;
}

static wn_code read_real(double *out, const cJSON *json, const char *dir, const char *name, const char *other, double fallback,
                         double high, wn_err *err) {
    const cJSON *v = field(json, name);
    if (!v && other) v = field(json, other);
    *out = fallback;
    if (!v || cJSON_IsNull(v)) return WN_OK;
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > high)
        return wn_err_set(err, WN_EINPUT, "%s/config.json: \"%s\" is not a number from 0 to %g", dir, name, high);
    *out = v->valuedouble;
    return WN_OK;
}

static const char *const arch_names[] = {"bert", "roberta", "distilbert", "albert"};
const char *wn_arch_name(wn_arch a) { return arch_names[a]; }

static wn_code read_arch(wn_model_config *c, const cJSON *json, const char *dir, wn_err *err) {
    const char *type = cJSON_GetStringValue(field(json, "model_type"));
    const char *first = cJSON_GetStringValue(cJSON_GetArrayItem(field(json, "architectures"), 0));
    if (!type && first) /* old checkpoints name only the class */
        type = strncmp(first, "Bert", 4) == 0         ? "bert"
               : strncmp(first, "Roberta", 7) == 0    ? "roberta"
               : strncmp(first, "DistilBert", 10) == 0 ? "distilbert"
               : strncmp(first, "Albert", 6) == 0     ? "albert"
                                                      : first;
    for (size_t i = 0; type && i < sizeof arch_names / sizeof *arch_names; i++)
        if (strcmp(type, arch_names[i]) == 0) {
            c->arch = (wn_arch)i;
            return WN_OK;
        }
    if (!type && field(json, "hidden_size")) {
        c->arch = WN_BERT;
        return WN_OK;
    }
    return wn_err_set(err, WN_EINPUT, "%s/config.json: model type \"%s\" is not supported; bert, roberta, distilbert and albert are",
                      dir, type ? type : "(none)");
}

static wn_code read_activation(wn_activation *out, const char *name, const char *dir, wn_err *err) {
    static const struct {
        const char *name;
        wn_activation activation;
    } known[] = {{"gelu", WN_ACT_GELU}, {"gelu_new", WN_ACT_GELU_TANH}, {"gelu_pytorch_tanh", WN_ACT_GELU_TANH},
                 {"gelu_fast", WN_ACT_GELU_TANH}, {"relu", WN_ACT_RELU}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) {
            *out = known[i].activation;
            return WN_OK;
        }
    return wn_err_set(err, WN_EINPUT, "%s/config.json: activation \"%s\" is not supported; gelu, gelu_new, gelu_pytorch_tanh, "
                      "gelu_fast and relu are", dir, name);
}

static wn_code read_shape(wn_model_config *c, const cJSON *json, const char *dir, wn_err *err) {
    bool distil = c->arch == WN_DISTILBERT;
    wn_code rc = WN_OK;
    for (size_t i = 0; !rc && i < sizeof sizes / sizeof *sizes; i++) {
        size_t *at = (size_t *)((char *)c + sizes[i].offset);
        rc = read_size(at, json, dir, distil && sizes[i].distil ? sizes[i].distil : sizes[i].name, sizes[i].low, sizes[i].high,
                       sizes[i].fallback, err);
    }
    if (rc) return rc;
    if (distil) c->types = 0;
    if (c->hidden % c->heads)
        return wn_err_set(err, WN_EINPUT, "%s/config.json: hidden_size %zu is not a multiple of num_attention_heads %zu", dir,
                          c->hidden, c->heads);
    c->embedding = c->hidden;
    if (c->arch == WN_ALBERT) {
        rc = read_size(&c->embedding, json, dir, "embedding_size", 1, 65536, 128, err);
        if (!rc) rc = read_size(&c->groups, json, dir, "num_hidden_groups", 1, 1024, 1, err);
        if (!rc) rc = read_size(&c->inner, json, dir, "inner_group_num", 1, 1024, 1, err);
        if (rc) return rc;
        if (c->groups > c->layers)
            return wn_err_set(err, WN_EINPUT, "%s/config.json: num_hidden_groups %zu exceeds num_hidden_layers %zu", dir, c->groups,
                              c->layers);
    }
    return WN_OK;
}

static wn_code read_config(wn_model_config *c, const cJSON *json, const char *dir, wn_err *err) {
    if (!cJSON_IsObject(json)) return wn_err_set(err, WN_EINPUT, "%s/config.json: not a JSON object", dir);
    wn_code rc = read_arch(c, json, dir, err);
    if (!rc) rc = read_shape(c, json, dir, err);
    if (rc) return rc;
    bool distil = c->arch == WN_DISTILBERT;
    const char *act = cJSON_GetStringValue(field(json, distil ? "activation" : "hidden_act"));
    const char *positions = cJSON_GetStringValue(field(json, "position_embedding_type"));
    if (positions && strcmp(positions, "absolute") != 0)
        return wn_err_set(err, WN_EINPUT, "%s/config.json: position_embedding_type \"%s\" is not supported; absolute is", dir, positions);
    rc = read_activation(&c->activation, act ? act : c->arch == WN_ALBERT ? "gelu_new" : "gelu", dir, err);
    if (!rc) rc = read_real(&c->norm_eps, json, dir, "layer_norm_eps", NULL, 1e-12, 1, err);
    if (!rc) rc = read_real(&c->hidden_dropout, json, dir, "hidden_dropout_prob", "dropout", 0.1, 1, err);
    if (!rc) rc = read_real(&c->attention_dropout, json, dir, "attention_probs_dropout_prob", "attention_dropout", 0.1, 1, err);
    if (rc) return rc;
    size_t reserved = c->arch == WN_ROBERTA ? c->pad + 1 : 0; /* positions start behind the padding's */
    if (c->positions <= reserved)
        return wn_err_set(err, WN_EINPUT, "%s/config.json: max_position_embeddings %zu leaves no positions", dir, c->positions);
    c->max_tokens = c->positions - reserved;
    return WN_OK;
}

static wn_code read_pooling(wn_model_config *c, const cJSON *json, const char *dir, const char *path, wn_err *err) {
    static const struct {
        const char *name;
        wn_pooling pooling;
    } modes[] = {{"pooling_mode_cls_token", WN_POOL_CLS}, {"pooling_mode_max_tokens", WN_POOL_MAX},
                 {"pooling_mode_mean_tokens", WN_POOL_MEAN}, {"pooling_mode_mean_sqrt_len_tokens", WN_POOL_MEAN_SQRT}};
    size_t chosen = 0;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (cJSON_IsTrue(field(json, modes[i].name))) c->pooling = modes[i].pooling, chosen++;
    if (cJSON_IsTrue(field(json, "pooling_mode_weightedmean_tokens")) || cJSON_IsTrue(field(json, "pooling_mode_lasttoken")) || chosen != 1)
        return wn_err_set(err, WN_EINPUT, "%s/%s/config.json: exactly one of cls, max, mean and mean_sqrt_len pooling is supported", dir, path);
    return WN_OK;
}

static wn_code read_dense(wn_model_config *c, const cJSON *json, const char *dir, const char *path, wn_err *err) {
    const char *act = cJSON_GetStringValue(field(json, "activation_function"));
    size_t in = 0;
    wn_code rc = read_size(&in, json, dir, "in_features", 1, 65536, -1, err);
    if (!rc) rc = read_size(&c->dense_out, json, dir, "out_features", 1, 65536, -1, err);
    if (rc) return rc;
    if (in != c->hidden) return wn_err_set(err, WN_EINPUT, "%s/%s: in_features %zu is not the model's %zu", dir, path, in, c->hidden);
    if (!act || strstr(act, "Tanh")) c->dense_activation = WN_ACT_TANH;
    else if (strstr(act, "Identity")) c->dense_activation = WN_ACT_IDENTITY;
    else if (strstr(act, "ReLU")) c->dense_activation = WN_ACT_RELU;
    else if (strstr(act, "GELU")) c->dense_activation = WN_ACT_GELU;
    else return wn_err_set(err, WN_EINPUT, "%s/%s: activation \"%s\" is not supported", dir, path, act);
    (void)snprintf(c->dense_path, sizeof c->dense_path, "%s", path);
    return WN_OK;
}

/* One entry of modules.json. */
static wn_code read_module(wn_model_config *c, const cJSON *module, const char *dir, wn_err *err) {
    const char *type = cJSON_GetStringValue(field(module, "type")), *path = cJSON_GetStringValue(field(module, "path"));
    const char *name = type ? strrchr(type, '.') : NULL;
    name = name ? name + 1 : type;
    if (!name || !path || strstr(path, "..") || path[0] == '/' || strlen(path) >= sizeof c->dense_path)
        return wn_err_set(err, WN_EINPUT, "%s/modules.json: a module without a usable type and path", dir);
    if (strcmp(name, "Transformer") == 0) {
        if (*path) return wn_err_set(err, WN_EINPUT, "%s/modules.json: the Transformer stands in \"%s\"; give that folder as the model", dir, path);
        return WN_OK;
    }
    if (strcmp(name, "Normalize") == 0) {
        c->normalize = true;
        return WN_OK;
    }
    bool pooling = strcmp(name, "Pooling") == 0;
    if (!pooling && strcmp(name, "Dense") != 0)
        return wn_err_set(err, WN_EINPUT, "%s/modules.json: module %s is not supported; Transformer, Pooling, Dense and Normalize are", dir, name);
    char file[128];
    cJSON *json;
    (void)snprintf(file, sizeof file, "%s/config.json", path);
    wn_code rc = read_json(&json, dir, file, true, err);
    if (!rc) rc = pooling ? read_pooling(c, json, dir, path, err) : read_dense(c, json, dir, path, err);
    cJSON_Delete(json);
    return rc;
}

static wn_code read_modules(wn_model_config *c, const char *dir, wn_err *err) {
    cJSON *modules, *sentence = NULL;
    wn_code rc = read_json(&modules, dir, "modules.json", false, err);
    c->sentence_transformer = modules != NULL;
    const cJSON *module;
    cJSON_ArrayForEach(module, modules) {
        if (!rc) rc = read_module(c, module, dir, err);
    }
    if (!rc) rc = read_json(&sentence, dir, "sentence_bert_config.json", false, err);
    if (!rc && sentence) {
        size_t longest = 0;
        rc = read_size(&longest, sentence, dir, "max_seq_length", 1, 1048576, 0, err);
        if (longest && longest < c->max_tokens) c->max_tokens = longest;
        c->lowercase = cJSON_IsTrue(field(sentence, "do_lower_case"));
    }
    cJSON_Delete(modules);
    cJSON_Delete(sentence);
    return rc;
}

wn_code wn_model_config_read(wn_model_config *c, const char *dir, wn_err *err) {
    cJSON *json;
    *c = (wn_model_config){.pooling = WN_POOL_MEAN};
    wn_code rc = read_json(&json, dir, "config.json", true, err);
    if (!rc) rc = read_config(c, json, dir, err);
    if (!rc) rc = read_modules(c, dir, err);
    cJSON_Delete(json);
    return rc;
}
