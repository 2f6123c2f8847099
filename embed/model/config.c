/* config.json and the sentence-transformers modules beside it. */
#include "model_private.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

static const cJSON *json_field(const cJSON *json, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(json, name);
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
    wn_code code = wn_field_text(&type, json, file, "model_type", err);
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

static wn_code read_activation(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    static const wn_activation_name names[] = {{"gelu", WN_ACT_GELU},           {"gelu_python", WN_ACT_GELU},
                                               {"gelu_new", WN_ACT_GELU_TANH},  {"gelu_pytorch_tanh", WN_ACT_GELU_TANH},
                                               {"gelu_fast", WN_ACT_GELU_TANH}, {"relu", WN_ACT_RELU}};
    const char *act, *key = c->arch == WN_DISTILBERT ? "activation" : "hidden_act";
    const wn_code code = wn_field_text(&act, json, file, key, err);
    if (code != WN_OK) return code;
    if (!act) act = c->arch == WN_ALBERT ? "gelu_new" : "gelu";
    return wn_field_activation(&c->activation, act, names, sizeof names / sizeof *names, file, "activation", err);
}

static wn_code read_albert(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    wn_code code = wn_field_size(&c->embedding, json, file, "embedding_size", 1, 65536, 128, err);
    if (code != WN_OK) return code;
    if ((code = wn_field_size(&c->groups, json, file, "num_hidden_groups", 1, 1024, 1, err)) != WN_OK) return code;
    if ((code = wn_field_size(&c->inner, json, file, "inner_group_num", 1, 64, 1, err)) != WN_OK) return code;
    if (c->groups <= c->layers) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: num_hidden_groups %zu exceeds num_hidden_layers %zu", file, c->groups,
                      c->layers);
}

static wn_code read_shape(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    bool distil = c->arch == WN_DISTILBERT;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t *at = (size_t *)((char *)c + sizes[i].offset);
        const char *name = distil && sizes[i].distil ? sizes[i].distil : sizes[i].name;
        wn_code code = wn_field_size(at, json, file, name, sizes[i].low, sizes[i].high, sizes[i].fallback, err);
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

/* Where and how much is left out in training; what is absent is as the reference library has it. */
static wn_code read_dropout(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    const bool albert = c->arch == WN_ALBERT, distil = c->arch == WN_DISTILBERT;
    const double usual = albert ? 0 : 0.1;
    wn_code code = read_real(&c->hidden_dropout, json, file, "hidden_dropout_prob", "dropout", usual, 1, err);
    if (code != WN_OK) return code;
    code = read_real(&c->attention_dropout, json, file, "attention_probs_dropout_prob", "attention_dropout", usual, 1,
                     err);
    if (code != WN_OK) return code;
    const char *head = albert   ? "classifier_dropout_prob"
                       : distil ? "seq_classif_dropout"
                                : "classifier_dropout";
    return read_real(&c->head_dropout, json, file, head, NULL, albert ? 0.1 : distil ? 0.2 : c->hidden_dropout, 1,
                     err);
}

static wn_code read_config(wn_model_config *c, const cJSON *json, const char *file, wn_err *err) {
    if (!cJSON_IsObject(json)) return wn_err_set(err, WN_EINPUT, "%s: not a JSON object", file);
    wn_code code = read_arch(c, json, file, err);
    if (code != WN_OK) return code;
    if ((code = read_shape(c, json, file, err)) != WN_OK) return code;
    if ((code = wn_model_keys_check(json, WN_KEYS_CONFIG, file, c->unknown, err)) != WN_OK) return code;
    if ((code = read_activation(c, json, file, err)) != WN_OK) return code;
    if ((code = read_real(&c->norm_eps, json, file, "layer_norm_eps", NULL, 1e-12, 1, err)) != WN_OK) return code;
    if ((code = read_dropout(c, json, file, err)) != WN_OK) return code;
    code = read_real(&c->initializer_range, json, file, "initializer_range", NULL, 0.02, 100, err);
    if (code != WN_OK) return code;
    size_t reserved = c->arch == WN_ROBERTA ? c->pad + 1 : 0; /* positions start behind the padding's */
    if (c->positions <= reserved)
        return wn_err_set(err, WN_EINPUT, "%s: max_position_embeddings %zu leaves no positions", file, c->positions);
    c->max_tokens = c->positions - reserved;
    return WN_OK;
}

/* How many tokens of a text are left: max_seq_length, or else what the tokenizer's own configuration says; never more
 * than there are positions. Values beyond any model ("1e30") mean no bound. */
static wn_code read_max_tokens(wn_model_config *c, const wn_model_texts *texts, const char *dir, wn_err *err) {
    size_t most = texts->max_tokens;
    if (!most) {
        cJSON *json;
        const wn_code code = wn_jsonfile_read(&json, dir, "tokenizer_config.json", WN_MODEL_JSON_MAX, false, err);
        if (code != WN_OK) return code;
        const cJSON *v = json_field(json, "model_max_length");
        if (!v) v = json_field(json, "max_len");
        if (cJSON_IsNumber(v) && v->valuedouble >= 1 && v->valuedouble < (double)c->max_tokens)
            most = (size_t)v->valuedouble;
        cJSON_Delete(json);
    }
    if (most && most < c->max_tokens) c->max_tokens = most;
    return WN_OK;
}

wn_code wn_model_folder(char **out, const char *dir, const char *inside, wn_err *err) {
    const size_t n = strlen(dir) + strlen(inside) + 2;
    if (!(*out = wn_alloc(n, 1, err))) return WN_EMEMORY;
    (void)snprintf(*out, n, "%s%s%s", dir, *inside ? "/" : "", inside);
    return WN_OK;
}

static wn_code read_encoder(wn_model_config *c, const wn_model_texts *texts, const char *dir, wn_err *err) {
    cJSON *json;
    char file[WN_MODEL_FILE_PATH];
    (void)snprintf(file, sizeof file, "%.4000s/config.json", dir);
    wn_code code = wn_jsonfile_read(&json, dir, "config.json", WN_MODEL_JSON_MAX, true, err);
    if (code != WN_OK) return code;
    code = read_config(c, json, file, err);
    cJSON_Delete(json);
    return code != WN_OK ? code : read_max_tokens(c, texts, dir, err);
}

wn_code wn_model_is_static(bool *is, const char *dir, wn_err *err) {
    wn_model_layout layout;
    char unknown[WN_MODEL_UNKNOWN] = "";
    const wn_code code = wn_model_layout_read(&layout, dir, unknown, err);
    *is = code == WN_OK && layout.static_table;
    return code;
}

wn_code wn_model_config_read(wn_model_config *c, const char *dir, wn_err *err) {
    wn_model_layout layout;
    wn_model_texts texts;
    char *encoder = NULL;
    *c = (wn_model_config){.pooling = WN_POOL_MEAN};
    wn_code code = wn_model_layout_read(&layout, dir, c->unknown, err);
    if (code != WN_OK) return code;
    if (layout.static_table)
        return wn_err_set(err, WN_EINPUT,
                          "%s: a table of token vectors, which has no layers: it can make vectors, but not be trained, "
                          "scored or distilled",
                          dir);
    if ((code = wn_model_texts_read(&texts, dir, &layout, c->unknown, err)) != WN_OK) return code;
    if ((code = wn_model_folder(&encoder, dir, layout.encoder, err)) != WN_OK) return code;
    (void)snprintf(c->path, sizeof c->path, "%s", layout.encoder);
    (void)snprintf(c->prompt, sizeof c->prompt, "%s", texts.prompt);
    c->lowercase = texts.lowercase;
    if ((code = read_encoder(c, &texts, encoder, err)) != WN_OK) goto out;
    code = wn_model_modules_read(c, dir, &layout, err);
out:
    wn_free(encoder);
    return code;
}
