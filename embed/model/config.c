/* config.json and the sentence-transformers modules beside it. */
#include <winnow/model.h>

#include <stdio.h>
#include <string.h>
#include <wn/jsonfile.h>
#include <winnow/mem.h>

enum { CONFIG_MAX = 4 << 20 };

static const cJSON *json_field(const cJSON *json, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(json, name);
}

/* A text field; absent or null: *out = NULL. */
static wn_code read_text(const char **out, const cJSON *json, const char *file, const char *name, wn_err *err) {
    const cJSON *v = json_field(json, name);
    *out = cJSON_GetStringValue(v);
    if (*out || !v || cJSON_IsNull(v)) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: \"%s\" is not a string", file, name);
}

/* One size of config.json: its usual name and DistilBERT's; lowest and highest sensible value. */
static const struct {
    const char *name, *distil;
    size_t offset, low, high;
    long fallback; /* -1: required */
} sizes[] = {
#define SIZE(member, name, distil, low, high, fallback)                                                                \
    { name, distil, offsetof(wn_model_config, member), low, high, fallback }
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

static wn_code read_size(size_t *out, const cJSON *json, const char *file, const char *name, size_t low, size_t high,
                         long fallback, wn_err *err) {
    const cJSON *v = json_field(json, name);
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

static wn_code read_real(double *out, const cJSON *json, const char *file, const char *name, const char *other,
                         double fallback, double high, wn_err *err) {
    const cJSON *v = json_field(json, name);
    if (!v && other) v = json_field(json, other);
    *out = fallback;
    if (!v || cJSON_IsNull(v)) return WN_OK;
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > high)
        return wn_err_set(err, WN_EINPUT, "%s: \"%s\" is not a number from 0 to %g", file, name, high);
    *out = v->valuedouble;
    return WN_OK;
}

static const char *const arch_names[] = {"bert", "roberta", "distilbert", "albert"};
const char *wn_arch_name(wn_arch a) {
    return arch_names[a];
}

/* Old checkpoints name only the class. */
static const char *arch_of_class(const char *name) {
    static const struct {
        const char *start, *arch;
    } classes[] = {{"Bert", "bert"}, {"Roberta", "roberta"}, {"DistilBert", "distilbert"}, {"Albert", "albert"}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(name, classes[i].start, strlen(classes[i].start)) == 0) return classes[i].arch;
    return name;
}

static wn_code read_arch(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    const char *type, *first = cJSON_GetStringValue(cJSON_GetArrayItem(json_field(json, "architectures"), 0));
    wn_code code = read_text(&type, json, file, "model_type", err);
    if (code != WN_OK) return code;
    if (!type && first) type = arch_of_class(first);
    if (!type && json_field(json, "hidden_size")) type = "bert"; /* the very first checkpoints name nothing */
    for (size_t i = 0; type && i < sizeof arch_names / sizeof *arch_names; i++)
        if (strcmp(type, arch_names[i]) == 0) {
            c->arch = (wn_arch)i;
            return WN_OK;
        }
    return wn_err_set(err, WN_EINPUT,
                      "%s: model type \"%.60s\" is not supported; bert, roberta, distilbert and albert are", file,
                      type ? type : "(none)");
}

static wn_code read_activation(wn_activation *out, const char *name, const char *file, wn_err *err) {
    static const struct {
        const char *name;
        wn_activation activation;
    } known[] = {{"gelu", WN_ACT_GELU},
                 {"gelu_python", WN_ACT_GELU},
                 {"gelu_new", WN_ACT_GELU_TANH},
                 {"gelu_fast", WN_ACT_GELU_TANH},
                 {"gelu_pytorch_tanh", WN_ACT_GELU_TANH},
                 {"relu", WN_ACT_RELU}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) {
            *out = known[i].activation;
            return WN_OK;
        }
    return wn_err_set(err, WN_EINPUT,
                      "%s: activation \"%.60s\" is not supported; gelu, gelu_python, gelu_new, gelu_pytorch_tanh, "
                      "gelu_fast and relu are",
                      file, name);
}

static wn_code read_albert(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    wn_code code = read_size(&c->embedding, json, file, "embedding_size", 1, 65536, 128, err);
    if (code != WN_OK) return code;
    if ((code = read_size(&c->groups, json, file, "num_hidden_groups", 1, 1024, 1, err)) != WN_OK) return code;
    if ((code = read_size(&c->inner, json, file, "inner_group_num", 1, 64, 1, err)) != WN_OK) return code;
    if (c->groups <= c->layers) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: num_hidden_groups %zu exceeds num_hidden_layers %zu", file, c->groups,
                      c->layers);
}

static wn_code read_shape(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    bool distil = c->arch == WN_DISTILBERT;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t *at = (size_t *)((char *)c + sizes[i].offset);
        const char *name = distil && sizes[i].distil ? sizes[i].distil : sizes[i].name;
        wn_code code = read_size(at, json, file, name, sizes[i].low, sizes[i].high, sizes[i].fallback, err);
        if (code != WN_OK) return code;
    }
    if (distil) c->types = 0;
    if (c->arch == WN_ROBERTA && !cJSON_IsNumber(json_field(json, "pad_token_id"))) c->pad = 1;
    if (c->hidden % c->heads)
        return wn_err_set(err, WN_EINPUT, "%s: hidden_size %zu is not a multiple of num_attention_heads %zu", file,
                          c->hidden, c->heads);
    c->embedding = c->hidden;
    return c->arch == WN_ALBERT ? read_albert(c, json, file, err) : WN_OK;
}

/* What would change the mathematics without any tensor missing. */
static wn_code refuse_variants(const cJSON *json, const char *file, wn_err *err) {
    const char *positions;
    wn_code code = read_text(&positions, json, file, "position_embedding_type", err);
    if (code != WN_OK) return code;
    if (positions && strcmp(positions, "absolute") != 0)
        return wn_err_set(err, WN_EINPUT, "%s: position_embedding_type \"%.60s\" is not supported; absolute is", file,
                          positions);
    if (cJSON_IsTrue(json_field(json, "is_decoder")))
        return wn_err_set(err, WN_EINPUT, "%s: a decoder (is_decoder) is not supported; encoders are", file);
    return WN_OK;
}

static wn_code read_config(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    if (!cJSON_IsObject(json)) return wn_err_set(err, WN_EINPUT, "%s: not a JSON object", file);
    const char *act = NULL;
    wn_code code = read_arch(c, json, file, err);
    if (code != WN_OK) return code;
    if ((code = read_shape(c, json, file, err)) != WN_OK) return code;
    if ((code = refuse_variants(json, file, err)) != WN_OK) return code;
    code = read_text(&act, json, file, c->arch == WN_DISTILBERT ? "activation" : "hidden_act", err);
    if (code != WN_OK) return code;
    if (!act) act = c->arch == WN_ALBERT ? "gelu_new" : "gelu";
    if ((code = read_activation(&c->activation, act, file, err)) != WN_OK) return code;
    if ((code = read_real(&c->norm_eps, json, file, "layer_norm_eps", NULL, 1e-12, 1, err)) != WN_OK) return code;
    code = read_real(&c->hidden_dropout, json, file, "hidden_dropout_prob", "dropout", 0.1, 1, err);
    if (code != WN_OK) return code;
    code =
        read_real(&c->attention_dropout, json, file, "attention_probs_dropout_prob", "attention_dropout", 0.1, 1, err);
    if (code != WN_OK) return code;
    size_t reserved = c->arch == WN_ROBERTA ? c->pad + 1 : 0; /* positions start behind the padding's */
    if (c->positions <= reserved)
        return wn_err_set(err, WN_EINPUT, "%s: max_position_embeddings %zu leaves no positions", file, c->positions);
    c->max_tokens = c->positions - reserved;
    return WN_OK;
}

static const struct {
    /* The flag of older files; the value of pooling_mode in newer ones, NULL: our own name of it. */
    const char *flag, *name;
    int pooling;             /* -1: not supported */
} pooling_modes[] = {{"pooling_mode_cls_token", NULL, WN_POOL_CLS},
                     {"pooling_mode_max_tokens", NULL, WN_POOL_MAX},
                     {"pooling_mode_mean_tokens", NULL, WN_POOL_MEAN},
                     {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", WN_POOL_MEAN_SQRT},
                     {"pooling_mode_weightedmean_tokens", "weightedmean", -1},
                     {"pooling_mode_lasttoken", "lasttoken", -1}};

static wn_code read_pooling(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    const cJSON *mode = json_field(json, "pooling_mode");
    if (cJSON_IsArray(mode) && cJSON_GetArraySize(mode) == 1) mode = mode->child;
    const char *name = cJSON_GetStringValue(mode);
    size_t chosen = 0, width = c->hidden;
    int pooling = -1;
    for (size_t i = 0; i < sizeof pooling_modes / sizeof *pooling_modes; i++) {
        const char *known = pooling_modes[i].name;
        if (!known) known = wn_pooling_name((wn_pooling)pooling_modes[i].pooling);
        bool is = mode ? name && strcmp(name, known) == 0 : cJSON_IsTrue(json_field(json, pooling_modes[i].flag));
        if (is) pooling = pooling_modes[i].pooling, chosen++;
    }
    if (chosen == 0 && !mode) pooling = WN_POOL_MEAN, chosen = 1; /* the reference's default */
    if (chosen != 1 || pooling < 0)
        return wn_err_set(err, WN_EINPUT,
                          "%s: the pooling is not supported; exactly one of cls, max, mean and mean_sqrt_len is", file);
    c->pooling = (wn_pooling)pooling;
    const char *key = json_field(json, "embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
    wn_code code = read_size(&width, json, file, key, 1, 65536, (long)c->hidden, err);
    if (code != WN_OK || width == c->hidden) return code;
    return wn_err_set(err, WN_EINPUT, "%s: pools vectors of %zu; the model's have %zu", file, width, c->hidden);
}

static wn_code read_dense_activation(wn_activation *out, const char *name, const char *file, wn_err *err) {
    static const struct {
        const char *name;
        wn_activation activation;
    } known[] = {{"Tanh", WN_ACT_TANH}, {"Identity", WN_ACT_IDENTITY}, {"ReLU", WN_ACT_RELU}, {"GELU", WN_ACT_GELU}};
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(last, known[i].name) == 0) {
            *out = known[i].activation;
            return WN_OK;
        }
    return wn_err_set(err, WN_EINPUT, "%s: activation \"%.60s\" is not supported; Tanh, Identity, ReLU and GELU are",
                      file, name);
}

static wn_code read_dense(wn_model_config *c, const cJSON *json, const char *file, const char *path, wn_err *err) {
    const char *act = NULL;
    const cJSON *bias = json_field(json, "bias");
    size_t in = 0;
    if (c->dense_out) return wn_err_set(err, WN_EINPUT, "%s: a second Dense module is not supported", file);
    wn_code code = read_size(&in, json, file, "in_features", 1, 65536, -1, err);
    if (code != WN_OK) return code;
    if ((code = read_size(&c->dense_out, json, file, "out_features", 1, 65536, -1, err)) != WN_OK) return code;
    if ((code = read_text(&act, json, file, "activation_function", err)) != WN_OK) return code;
    if ((code = read_dense_activation(&c->dense_activation, act ? act : "Tanh", file, err)) != WN_OK) return code;
    if (in != c->hidden)
        return wn_err_set(err, WN_EINPUT, "%s: in_features %zu is not the model's %zu", file, in, c->hidden);
    if (cJSON_IsTrue(json_field(json, "use_residual")))
        return wn_err_set(err, WN_EINPUT, "%s: use_residual is not supported", file);
    c->dense_bias = !bias || cJSON_IsTrue(bias);
    (void)snprintf(c->dense_path, sizeof c->dense_path, "%s", path);
    return WN_OK;
}

/* One entry of modules.json; `stage` is how far the chain Transformer, Pooling, Dense, Normalize has come. */
static wn_code read_module(wn_model_config *c, const cJSON *module, const char *dir, int *stage, wn_err *err) {
    static const char *const names[] = {"Transformer", "Pooling", "Dense", "Normalize"};
    enum { TRANSFORMER, POOLING, DENSE, NORMALIZE, NAMES };
    const char *type = cJSON_GetStringValue(json_field(module, "type")),
               *path = cJSON_GetStringValue(json_field(module, "path"));
    const char *name = type ? strrchr(type, '.') : NULL;
    name = name ? name + 1 : type;
    if (!name || !path || strstr(path, "..") || path[0] == '/' || strlen(path) >= sizeof c->dense_path)
        return wn_err_set(err, WN_EINPUT, "%s/modules.json: a module without a usable type and path", dir);
    int kind = 0;
    while (kind < NAMES && strcmp(name, names[kind]) != 0) kind++;
    if (kind == NAMES)
        return wn_err_set(
            err, WN_EINPUT,
            "%s/modules.json: module %.60s is not supported; Transformer, Pooling, Dense and Normalize are", dir, name);
    if (kind <= *stage || (kind > POOLING && *stage < POOLING) || (kind == POOLING && *stage != TRANSFORMER))
        return wn_err_set(
            err, WN_EINPUT,
            "%s/modules.json: %s at this place is not supported; the order is Transformer, Pooling, Dense, Normalize, "
            "each once",
            dir, name);
    *stage = kind;
    if (kind == TRANSFORMER && *path)
        return wn_err_set(err, WN_EINPUT,
                          "%s/modules.json: the Transformer stands in \"%s\"; give that folder as the model", dir,
                          path);
    if (kind == NORMALIZE) c->normalize = true;
    if (kind == TRANSFORMER || kind == NORMALIZE) return WN_OK;
    char relative[96], file[4096 + 96];
    cJSON *json;
    (void)snprintf(relative, sizeof relative, "%s/config.json", path);
    wn_code code = wn_jsonfile_read(&json, dir, relative, CONFIG_MAX, true, err);
    if (code != WN_OK) return code;
    (void)snprintf(file, sizeof file, "%.4000s/%s", dir, relative);
    code = kind == POOLING ? read_pooling(c, json, file, err) : read_dense(c, json, file, path, err);
    cJSON_Delete(json);
    return code;
}

/* max_seq_length and do_lower_case, under any of the names that the file has had. */
static wn_code read_sentence(wn_model_config *c, const char *dir, wn_err *err) {
    static const char *const names[] = {"sentence_bert_config.json", "sentence_roberta_config.json",
                                        "sentence_distilbert_config.json", "sentence_albert_config.json"};
    size_t longest = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cJSON *json;
        char file[4096 + 64];
        wn_code code = wn_jsonfile_read(&json, dir, names[i], CONFIG_MAX, false, err);
        if (code != WN_OK) return code;
        if (!json) continue;
        (void)snprintf(file, sizeof file, "%.4000s/%s", dir, names[i]);
        code = read_size(&longest, json, file, "max_seq_length", 1, 1048576, 0, err);
        c->lowercase = cJSON_IsTrue(json_field(json, "do_lower_case"));
        cJSON_Delete(json);
        if (code != WN_OK) return code;
        break;
    }
    if (longest && longest < c->max_tokens) c->max_tokens = longest;
    return WN_OK;
}

static wn_code read_modules(wn_model_config *c, const char *dir, wn_err *err) {
    cJSON *modules;
    int stage = -1;
    wn_code code = wn_jsonfile_read(&modules, dir, "modules.json", CONFIG_MAX, false, err);
    if (code != WN_OK) return code;
    c->sentence_transformer = modules != NULL;
    if (!modules) return read_sentence(c, dir, err);
    if (!cJSON_IsArray(modules)) {
        code = wn_err_set(err, WN_EINPUT, "%s/modules.json: not a list of modules", dir);
        goto out;
    }
    const cJSON *module;
    cJSON_ArrayForEach(module, modules) {
        if ((code = read_module(c, module, dir, &stage, err)) != WN_OK) goto out;
    }
    if (stage < 1) {
        code = wn_err_set(err, WN_EINPUT, "%s/modules.json: lists no Transformer with a Pooling behind it", dir);
        goto out;
    }
    code = read_sentence(c, dir, err);
out:
    cJSON_Delete(modules);
    return code;
}

wn_code wn_model_config_read(wn_model_config *c, const char *dir, wn_err *err) {
    cJSON *json;
    char file[4096 + 64];
    *c = (wn_model_config){.pooling = WN_POOL_MEAN};
    (void)snprintf(file, sizeof file, "%.4000s/config.json", dir);
    wn_code code = wn_jsonfile_read(&json, dir, "config.json", CONFIG_MAX, true, err);
    if (code != WN_OK) return code;
    if ((code = read_config(c, json, file, err)) != WN_OK) goto out;
    code = read_modules(c, dir, err);
out:
    cJSON_Delete(json);
    return code;
}

const char *wn_pooling_name(wn_pooling p) {
    switch (p) { WN_POOLINGS(WN_NAME_CASE) }
    return NULL;
}
