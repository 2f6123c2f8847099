/* Where a model is found, what its configuration says, and what is refused, by name. */
#include "tests/formats/weights_build.h"
#include <winnow/bert.h>
#include <winnow/mem.h>
#include <winnow/model.h>

static char *folder;

static void begin(void) {
    folder = new_folder();
    static const char *const variables[] = {"WINNOW_MODELS", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE",
                                            "HF_HOME",       "SENTENCE_TRANSFORMERS_HOME"};
    for (size_t i = 0; i < 6; i++) (void)unsetenv(variables[i]);
    (void)setenv("HOME", folder, 1);
}
static void end(void) { remove_folder(folder); }
TestSuite(model, .init = begin, .fini = end);

static void put_file(const char *name, const char *text) { write_below(folder, name, text); }

#define BASE                                                                                                           \
    "\"model_type\":\"bert\",\"vocab_size\":9,\"num_hidden_layers\":2,\"num_attention_heads\":2," \
    "\"intermediate_size\":8,\"max_position_embeddings\":16"
#define GOOD "{" BASE ",\"hidden_size\":4}"

static wn_model_config accepted(void) {
    wn_model_config c;
    wn_err e = {0};
    cr_assert_eq(wn_model_config_read(&c, folder, &e), WN_OK, "%s", e.msg);
    return c;
}

static void refused(const char *text) {
    wn_model_config c;
    wn_err e = {0};
    cr_assert(wn_model_config_read(&c, folder, &e) != WN_OK, "wanted a refusal: %s", text);
    cr_assert(strstr(e.msg, text), "wanted \"%s\", got \"%s\"", text, e.msg);
    cr_assert(strncmp(e.msg, folder, strlen(folder)) == 0, "no path: %s", e.msg);
}

/* ---- config.json ---- */

Test(model, config) {
    put_file("config.json", GOOD);
    wn_model_config c = accepted();
    cr_assert(c.arch == WN_BERT && c.vocab == 9 && c.hidden == 4 && c.layers == 2 && c.heads == 2 &&
              c.intermediate == 8 && c.positions == 16);
    cr_assert(c.types == 2 && c.max_tokens == 16 && c.activation == WN_ACT_GELU && c.norm_eps == 1e-12 &&
              c.pooling == WN_POOL_MEAN && !c.normalize);
    put_file(
        "config.json",
        "{\"model_type\":\"roberta\",\"vocab_size\":9,\"num_hidden_layers\":2,\"num_attention_heads\":2,"
        "\"intermediate_size\":8,"
        "\"max_position_embeddings\":16,\"hidden_size\":4,\"type_vocab_size\":1,\"layer_norm_eps\":1e-5,"
        "\"hidden_act\":\"gelu_new\"}");
    c = accepted();
    cr_assert(c.arch == WN_ROBERTA && c.pad == 1 && c.max_tokens == 14 && c.types == 1 && c.norm_eps == 1e-5 &&
              c.activation == WN_ACT_GELU_TANH);
    put_file("config.json",
             "{\"model_type\":\"distilbert\",\"vocab_size\":9,\"n_layers\":3,\"n_heads\":2,\"dim\":4,\"hidden_dim\":7,"
             "\"max_position_embeddings\":16,\"activation\":\"relu\",\"dropout\":0.2}");
    c = accepted();
    cr_assert(c.arch == WN_DISTILBERT && c.layers == 3 && c.intermediate == 7 && c.types == 0 &&
              c.activation == WN_ACT_RELU && c.hidden_dropout == 0.2);
    put_file(
        "config.json",
        "{\"model_type\":\"albert\",\"vocab_size\":9,\"num_hidden_layers\":4,\"num_attention_heads\":2,"
        "\"hidden_size\":4,"
        "\"intermediate_size\":8,\"max_position_embeddings\":16,\"embedding_size\":3,\"num_hidden_groups\":2,"
        "\"inner_group_num\":1}");
    c = accepted();
    cr_assert(c.arch == WN_ALBERT && c.embedding == 3 && c.groups == 2 && c.inner == 1);
    put_file(
        "config.json",
        "{\"architectures\":[\"RobertaForMaskedLM\"],\"vocab_size\":9,\"num_hidden_layers\":2,"
        "\"num_attention_heads\":2,"
        "\"intermediate_size\":8,\"max_position_embeddings\":16,\"hidden_size\":4}");
    cr_assert_eq(accepted().arch, WN_ROBERTA);
}

Test(model, absurd_config) {
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"{" BASE "}", "\"hidden_size\" is missing"},
        {"{" BASE ",\"hidden_size\":5}", "hidden_size 5 is not a multiple of num_attention_heads 2"},
        {"{" BASE ",\"hidden_size\":0}", "\"hidden_size\" is out of range; a whole number from 1 to 65536"},
        {"{" BASE ",\"hidden_size\":-4}", "\"hidden_size\" is out of range"},
        {"{" BASE ",\"hidden_size\":4.5}", "\"hidden_size\" is out of range"},
        {"{" BASE ",\"hidden_size\":1e308}", "\"hidden_size\" is out of range"},
        {"{" BASE ",\"hidden_size\":1e999}", "\"hidden_size\" is out of range"},
        {"{" BASE ",\"hidden_size\":\"4\"}", "\"hidden_size\" is out of range"},
        {"{" BASE ",\"hidden_size\":[4]}", "\"hidden_size\" is out of range"},
        {"{\"num_hidden_layers\":0," BASE ",\"hidden_size\":4}", "\"num_hidden_layers\" is out of range"},
        {"{" BASE ",\"hidden_size\":4,\"layer_norm_eps\":-1}", "\"layer_norm_eps\" is not a number from 0 to 1"},
        {"{" BASE ",\"hidden_size\":4,\"layer_norm_eps\":\"tiny\"}", "\"layer_norm_eps\" is not a number"},
        {"{" BASE ",\"hidden_size\":4,\"hidden_dropout_prob\":2}",
         "\"hidden_dropout_prob\" is not a number from 0 to 1"},
        {"{" BASE ",\"hidden_size\":4,\"hidden_act\":\"silu\"}", "activation \"silu\" is not supported; gelu"},
        {"{" BASE ",\"hidden_size\":4,\"hidden_act\":7}", "\"hidden_act\" is not a string"},
        {"{" BASE ",\"hidden_size\":4,\"position_embedding_type\":\"relative_key\"}",
         "position_embedding_type \"relative_key\" is not supported; absolute is"},
        {"{" BASE ",\"hidden_size\":4,\"is_decoder\":true}", "is_decoder \"true\" is not supported; false is"},
        {"{\"model_type\":\"gpt2\"}", "model type \"gpt2\" is not supported; bert, roberta, distilbert and albert are"},
        {"{\"architectures\":[\"T5Model\"]}", "model type \"T5Model\" is not supported"},
        {"{\"model_type\":7}", "\"model_type\" is not a string"},
        {"{}", "model type \"(none)\""},
        {"[]", "not a JSON object"},
        {"{", "not valid JSON"},
        {"", "not valid JSON"},
        {"{\"model_type\":\"roberta\",\"vocab_size\":9,\"num_hidden_layers\":2,\"num_attention_heads\":2,"
         "\"intermediate_size\":8,\"max_position_embeddings\":2,"
         "\"hidden_size\":4}",
         "max_position_embeddings 2 leaves no positions"},
        {"{\"model_type\":\"albert\",\"vocab_size\":9,\"num_hidden_layers\":2,\"num_attention_heads\":2,"
         "\"intermediate_size\":8,\"max_position_embeddings\":2,"
         "\"hidden_size\":4,\"num_hidden_groups\":3}",
         "num_hidden_groups 3 exceeds num_hidden_layers 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file("config.json", cases[i].json);
        refused(cases[i].text);
    }
}

/* ---- sentence-transformers ---- */

#define MODULES(more)                                                                                                  \
    "[{\"path\":\"\",\"type\":\"sentence_transformers.models.Transformer\"},{\"path\":\"1_Pooling\","                  \
    "\"type\":\"sentence_transformers.models.Pooling\"}" more "]"
#define DENSE ",{\"path\":\"2_Dense\",\"type\":\"sentence_transformers.models.Dense\"}"
#define NORMAL ",{\"path\":\"3_Normalize\",\"type\":\"sentence_transformers.models.Normalize\"}"

Test(model, poolings) {
    static const struct {
        const char *json;
        int pooling;
    } cases[] = {{"{\"pooling_mode_cls_token\":true,\"pooling_mode_mean_tokens\":false}", WN_POOL_CLS},
                 {"{\"pooling_mode_max_tokens\":true}", WN_POOL_MAX},
                 {"{\"pooling_mode_mean_tokens\":true,\"word_embedding_dimension\":4}", WN_POOL_MEAN},
                 {"{\"pooling_mode_mean_sqrt_len_tokens\":true}", WN_POOL_MEAN_SQRT},
                 {"{\"pooling_mode\":\"cls\",\"embedding_dimension\":4}", WN_POOL_CLS},
                 {"{\"pooling_mode\":[\"max\"]}", WN_POOL_MAX},
                 {"{\"pooling_mode\":\"mean\"}", WN_POOL_MEAN},
                 {"{\"pooling_mode\":\"mean_sqrt_len_tokens\"}", WN_POOL_MEAN_SQRT},
                 {"{}", WN_POOL_MEAN},
                 {"{\"pooling_mode\":\"lasttoken\"}", WN_POOL_LAST},
                 {"{\"pooling_mode_weightedmean_tokens\":true,\"include_prompt\":false}", WN_POOL_WEIGHTED}};
    static const struct {
        const char *json, *text;
    } bad[] = {{"{\"pooling_mode\":[\"cls\",\"mean\"]}",
                "pooling_mode \"cls, mean\" is not supported; one of cls, max"},
               {"{\"pooling_mode\":3}", "pooling_mode \"(no name)\" is not supported"},
               {"{\"pooling_mode\":\"median\"}", "pooling_mode \"median\" is not supported"},
               {"{\"pooling_mode_cls_token\":true,\"pooling_mode_mean_tokens\":true}",
                "pooling_mode_mean_tokens beside pooling_mode_cls_token is not supported"}};
    put_file("config.json", GOOD);
    put_file("modules.json", MODULES(NORMAL));
    refused("1_Pooling/config.json: no such file");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file("1_Pooling/config.json", cases[i].json);
        cr_assert_eq((int)accepted().pooling, cases[i].pooling, "%s", cases[i].json);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_file("1_Pooling/config.json", bad[i].json);
        refused(bad[i].text);
    }
    put_file("1_Pooling/config.json", "{\"word_embedding_dimension\":8}");
    refused("pools vectors of 8; the model's have 4");
}

Test(model, modules) {
    put_file("config.json", GOOD);
    put_file("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\":true}");
    put_file(
        "2_Dense/config.json",
        "{\"in_features\":4,\"out_features\":3,\"bias\":false,"
        "\"activation_function\":\"torch.nn.modules.linear.Identity\"}");
    put_file("modules.json", MODULES(DENSE NORMAL));
    put_file("sentence_bert_config.json", "{\"max_seq_length\":8,\"do_lower_case\":true}");
    wn_model_config c = accepted();
    cr_assert(c.sentence_transformer && c.normalize && c.dense_out == 3 && !c.dense_bias &&
              c.dense_activation == WN_ACT_IDENTITY && c.max_tokens == 8 && c.lowercase);
    cr_assert_str_eq(c.dense_path, "2_Dense");
    put_file("sentence_bert_config.json", "{\"max_seq_length\":99}");
    cr_assert_eq(accepted().max_tokens, 16);
    put_file("sentence_bert_config.json", "{\"max_seq_length\":-1}");
    refused("sentence_bert_config.json: \"max_seq_length\" is out of range");
    put_file("sentence_bert_config.json", "{}");
    static const struct {
        const char *json, *text;
    } dense[] = {{"{\"in_features\":5,\"out_features\":3}", "2_Dense/config.json: in_features 5 is not the model's 4"},
                 {"{\"in_features\":4}", "\"out_features\" is missing"},
                 {"{\"in_features\":4,\"out_features\":3,\"activation_function\":\"torch.nn.LeakyReLU\"}",
                  "activation_function \"LeakyReLU\" is not supported; Tanh, Identity, ReLU and GELU are"},
                 {"{\"in_features\":4,\"out_features\":3,\"use_residual\":true}",
                  "use_residual \"true\" is not supported; false is"}};
    for (size_t i = 0; i < 4; i++) {
        put_file("2_Dense/config.json", dense[i].json);
        refused(dense[i].text);
    }
    put_file("2_Dense/config.json", "{\"in_features\":4,\"out_features\":3}");
    cr_assert(accepted().dense_bias && accepted().dense_activation == WN_ACT_TANH);
    static const struct {
        const char *json, *text;
    } lists[] = {{MODULES(NORMAL DENSE), "Dense at this place is not supported"},
                 {MODULES(DENSE DENSE), "Dense at this place is not supported"},
                 {"[{\"path\":\"\",\"type\":\"Transformer\"}]", "lists no Transformer with a Pooling behind it"},
                 {"[]", "lists no Transformer"},
                 {"{}", "not a list of modules"},
                 {MODULES(",{\"path\":\"\",\"type\":\"x.LayerNorm\"}"),
                  "module LayerNorm is not supported; Transformer, Pooling, Dense, Normalize and "
                  "StaticEmbedding are"},
                 {"[{\"path\":\"../x\",\"type\":\"x.Pooling\"}]", "without a usable type and path"},
                 {"[{\"path\":\"/etc\",\"type\":\"x.Pooling\"}]", "without a usable type and path"},
                 {"[7]", "without a usable type and path"},
                 {"[{\"path\":\"1_Pooling\",\"type\":\"Pooling\"}]", "Pooling at this place"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        put_file("modules.json", lists[i].json);
        refused(lists[i].text);
    }
}

/* ---- where ---- */

static void find_is(const char *name, const char *want) {
    char *dir = NULL, p[512];
    wn_err e = {0};
    cr_assert_eq(wn_model_find(&dir, name, &e), WN_OK, "%s", e.msg);
    (void)snprintf(p, sizeof p, "%s/%s", folder, want);
    cr_assert_str_eq(dir, p);
    wn_free(dir);
}

static void find_fails(const char *name, wn_code code, const char *text) {
    char *dir = NULL;
    wn_err e = {0};
    cr_assert_eq(wn_model_find(&dir, name, &e), code, "%s", e.msg);
    cr_assert(!dir && strstr(e.msg, text), "wanted \"%s\", got \"%s\"", text, e.msg);
}

Test(model, hub_cache) {
    find_fails("org/name", WN_EUSAGE, "no model \"org/name\"");
    find_fails("org/name", WN_EUSAGE, "tools/get-minilm");
    find_fails("", WN_EUSAGE, "empty");
    put_file(".cache/huggingface/hub/models--org--name/blobs/x", "");
    find_fails("org/name", WN_EINPUT, "not fetched completely");
    put_file(".cache/huggingface/hub/models--org--name/refs/main", "abc123\n");
    find_fails("org/name", WN_EINPUT, "snapshots/abc123: this snapshot is not there");
    put_file(".cache/huggingface/hub/models--org--name/snapshots/abc123/tokenizer.json", "{}");
    find_fails("org/name", WN_EINPUT, "no config.json");
    put_file(".cache/huggingface/hub/models--org--name/snapshots/abc123/config.json", GOOD);
    find_fails("org/name", WN_EINPUT, "the weights (model.safetensors or pytorch_model.bin) are not");
    char link[512];
    (void)snprintf(link, sizeof link, "%s/.cache/huggingface/hub/models--org--name/snapshots/abc123/model.safetensors",
                   folder);
    cr_assert_eq(symlink("../../blobs/w", link), 0);
    find_fails("org/name", WN_EINPUT,
               "the weights (model.safetensors or pytorch_model.bin) are not"); /* a link into nothing */
    put_file(".cache/huggingface/hub/models--org--name/blobs/w", "weights");
    find_is("org/name", ".cache/huggingface/hub/models--org--name/snapshots/abc123");
    put_file(".cache/huggingface/hub/models--org--name/refs/main", "../../../..");
    find_fails("org/name", WN_EINPUT, "this snapshot is not there");
}

Test(model, order_of_the_caches) {
    static const struct {
        const char *variable, *value, *place;
    } caches[] = {{"HOME", "", ".cache/huggingface/hub/models--sentence-transformers--m/snapshots/s"},
                  {"XDG_CACHE_HOME", "/xdg", "xdg/huggingface/hub/models--sentence-transformers--m/snapshots/s"},
                  {"HF_HOME", "/hf", "hf/hub/models--sentence-transformers--m/snapshots/s"},
                  {"HUGGINGFACE_HUB_CACHE", "/old", "old/models--sentence-transformers--m/snapshots/s"},
                  {"HF_HUB_CACHE", "/hub", "hub/models--sentence-transformers--m/snapshots/s"},
                  {"WINNOW_MODELS", "/own", "own/sentence-transformers/m"}};
    for (size_t i = 0; i < 6; i++) {
        char p[512];
        (void)snprintf(p, sizeof p, "%s%s", folder, caches[i].value);
        (void)setenv(caches[i].variable, p, 1);
        (void)snprintf(p, sizeof p, "%s/config.json", caches[i].place);
        put_file(p, GOOD);
        (void)snprintf(p, sizeof p, "%s/pytorch_model.bin", caches[i].place);
        put_file(p, "weights");
        if (i < 5) {
            (void)snprintf(p, sizeof p, "%.*s/refs/main",
                           (int)(strstr(caches[i].place, "/snapshots") - caches[i].place), caches[i].place);
            put_file(p, "s");
        }
        find_is("sentence-transformers/m", caches[i].place);
        find_is("m", caches[i].place); /* as sentence-transformers' models are commonly called */
    }
}

/* Fetched at a fixed revision: no refs/main. */
Test(model, snapshots_without_main) {
#define SNAPSHOTS "hub/models--org--name/snapshots/"
    char p[512];
    (void)snprintf(p, sizeof p, "%s/hub", folder);
    (void)setenv("SENTENCE_TRANSFORMERS_HOME", p, 1);
    put_file(SNAPSHOTS "abc/config.json", GOOD);
    put_file(SNAPSHOTS "abc/pytorch_model.bin", "weights");
    find_is("org/name", SNAPSHOTS "abc");
    put_file(SNAPSHOTS "def/config.json", GOOD);
    find_fails("org/name", WN_EINPUT, "no refs/main says which snapshot is meant");
    find_fails("org/name", WN_EINPUT, "abc");
    find_fails("org/name", WN_EINPUT, "def");
    put_file("hub/models--org--name/refs/main", "abc");
    find_is("org/name", SNAPSHOTS "abc");
}

Test(model, names_that_are_not_there) {
    put_file(".cache/huggingface/hub/models--org--Big-Model/refs/main", "x");
    put_file(".cache/winnow/models/sentence-transformers/all-Mini/config.json", GOOD);
    find_fails("ORG/big-model", WN_EUSAGE, "did you mean org/Big-Model?");
    find_fails("all-mini", WN_EUSAGE, "did you mean sentence-transformers/all-Mini?");
    find_fails("other", WN_EUSAGE, "in the cache are: org/Big-Model, sentence-transformers/all-Mini");
    char p[512];
    (void)snprintf(p, sizeof p, "%s/pipe", folder);
    cr_assert_eq(mkfifo(p, 0600), 0);
    find_fails(p, WN_EUSAGE, "pipe: not a folder; a model is given as the folder that holds its config.json");
    find_fails("/dev/null", WN_EUSAGE, "/dev/null: not a folder");
}

/* modules.json says where the encoder is, and whether there is one. */
Test(model, modules_before_anything_else) {
    put_file("m/modules.json", "[{\"path\":\"\",\"type\":\"sentence_transformers.models.BoW\"}]");
    char p[512];
    (void)snprintf(p, sizeof p, "%s/m", folder);
    find_fails(p, WN_EINPUT, "m/modules.json: module BoW is not supported; Transformer, Pooling");
    put_file("m/modules.json", "[{\"path\":\"0_Transformer\",\"type\":\"x.Transformer\"},"
                               "{\"path\":\"1_Pooling\",\"type\":\"x.Pooling\"}]");
    find_fails(p, WN_EINPUT, "m/0_Transformer: no config.json");
    put_file("m/0_Transformer/config.json", GOOD);
    find_fails(p, WN_EINPUT, "m/0_Transformer: config.json is there, the weights");
    put_file("m/0_Transformer/pytorch_model.bin", "weights");
    find_is(p, "m");
}

/* ---- tensors against the configuration ---- */

typedef struct {
    const char *name;
    size_t rows, cols;
} want;

/* A whole bert of 1 layer (H 4, I 8, 9 pieces, 16 positions) without tensor `skip`, tensor `odd` one row longer. */
static void put_bert(const char *prefix, bool old, int skip, int odd) {
    static const want all[] = {{"embeddings.word_embeddings.weight", 9, 4},
                               {"embeddings.position_embeddings.weight", 16, 4},
                               {"embeddings.token_type_embeddings.weight", 2, 4},
                               {"embeddings.LayerNorm.weight", 4, 0},
                               {"embeddings.LayerNorm.bias", 4, 0},
                               {"encoder.layer.0.attention.self.query.weight", 4, 4},
                               {"encoder.layer.0.attention.self.query.bias", 4, 0},
                               {"encoder.layer.0.attention.self.key.weight", 4, 4},
                               {"encoder.layer.0.attention.self.key.bias", 4, 0},
                               {"encoder.layer.0.attention.self.value.weight", 4, 4},
                               {"encoder.layer.0.attention.self.value.bias", 4, 0},
                               {"encoder.layer.0.attention.output.dense.weight", 4, 4},
                               {"encoder.layer.0.attention.output.dense.bias", 4, 0},
                               {"encoder.layer.0.attention.output.LayerNorm.weight", 4, 0},
                               {"encoder.layer.0.attention.output.LayerNorm.bias", 4, 0},
                               {"encoder.layer.0.intermediate.dense.weight", 8, 4},
                               {"encoder.layer.0.intermediate.dense.bias", 8, 0},
                               {"encoder.layer.0.output.dense.weight", 4, 8},
                               {"encoder.layer.0.output.dense.bias", 4, 0},
                               {"encoder.layer.0.output.LayerNorm.weight", 4, 0},
                               {"encoder.layer.0.output.LayerNorm.bias", 4, 0}};
    char header[8192] = "{", name[128], p[512];
    size_t at = 1, offset = 0;
    for (int i = 0; i < 21; i++) {
        size_t rows = all[i].rows + (i == odd), n = rows * (all[i].cols ? all[i].cols : 1);
        if (i == skip) continue;
        (void)snprintf(name, sizeof name, "%s%s", prefix, all[i].name);
        char *norm = old ? strstr(name, "LayerNorm.") : NULL;
        if (norm) strcpy(norm + 10, strcmp(norm + 10, "weight") == 0 ? "gamma" : "beta");
        at += (size_t)snprintf(header + at, sizeof header - at, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu",
                               offset ? "," : "", name, rows);
        if (all[i].cols) at += (size_t)snprintf(header + at, sizeof header - at, ",%zu", all[i].cols);
        at +=
            (size_t)snprintf(header + at, sizeof header - at, "],\"data_offsets\":[%zu,%zu]}", offset, offset + 4 * n);
        offset += 4 * n;
    }
    (void)snprintf(header + at, sizeof header - at, "}");
    float *data = malloc(offset);
    for (size_t i = 0; i < offset / 4; i++) data[i] = (float)((i * 37) % 19) * 0.05f - 0.4f;
    bytes b = safetensors(header, data, offset);
    (void)snprintf(p, sizeof p, "%s/model.safetensors", folder);
    write_file(p, b.p, b.n);
    free(data);
    drop(&b);
}

#define TINY                                                                                                           \
    "{\"model_type\":\"bert\",\"vocab_size\":9,\"num_hidden_layers\":1,\"num_attention_heads\":2," \
    "\"intermediate_size\":8,\"max_position_embeddings\":16,\"hidden_size\":4}"

static void open_fails(const char *text) {
    wn_bert *m = NULL;
    wn_bert_opts o = {.layer = -1};
    wn_err e = {0};
    cr_assert_eq(wn_bert_open(&m, folder, &o, &e), WN_EINPUT, "wanted a refusal: %s", text);
    cr_assert(!m && strstr(e.msg, text), "wanted \"%s\", got \"%s\"", text, e.msg);
}

static wn_code open_and_run(float out[4], wn_err *e) {
    wn_bert *m = NULL;
    wn_bert_opts o = {.layer = -1};
    wn_code rc = wn_bert_open(&m, folder, &o, e);
    if (!rc)
        rc = wn_bert_forward(m, &(wn_token_batch){(uint32_t[]){2, 5, 3}, NULL, (size_t[]){0, 3}, 1}, out, 4, NULL, e);
    wn_bert_close(m);
    return rc;
}

Test(model, tensors) {
    float plain[4], other[4];
    wn_err e = {0};
    put_file("config.json", TINY);
    put_bert("", false, -1, -1);
    cr_assert_eq(open_and_run(plain, &e), WN_OK, "%s", e.msg);
    static const char *const prefixes[] = {"bert.", "model.", "0.auto_model."};
    for (size_t i = 0; i < 3; i++) {
        put_bert(prefixes[i], i == 0, -1, -1); /* the first with the old names gamma and beta */
        cr_assert_eq(open_and_run(other, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(memcmp(plain, other, sizeof plain), 0);
    }
    put_bert("bert.", false, 9, -1);
    open_fails("1 tensors that config.json (bert) wants are missing: encoder.layer.0.attention.self.value.weight");
    put_bert("", false, 0, -1);
    open_fails("embeddings.word_embeddings.weight");
    put_bert("", false, -1, 0);
    open_fails("\"embeddings.word_embeddings.weight\" is 10 x 4; config.json wants 9 x 4");
    put_bert("", false, -1, 17);
    open_fails("\"encoder.layer.0.output.dense.weight\" is 5 x 8; config.json wants 4 x 8");
    put_bert("", false, -1, 13);
    open_fails("\"encoder.layer.0.attention.output.LayerNorm.weight\" is 5; config.json wants 4");
    /* sizes that only the configuration claims are refused before they are allocated */
    put_bert("", false, -1, -1);
    put_file(
        "config.json",
        "{\"model_type\":\"bert\",\"vocab_size\":9,\"num_hidden_layers\":1024,\"num_attention_heads\":2,"
        "\"intermediate_size\":1048576,"
        "\"max_position_embeddings\":16,\"hidden_size\":4}");
    open_fails("\"encoder.layer.0.intermediate.dense.weight\" is 8 x 4; config.json wants 1048576 x 4");
}

Test(model, an_id_beyond_the_vocabulary) {
    wn_bert *m = NULL;
    wn_bert_opts o = {.layer = -1};
    wn_err e = {0};
    float out[4];
    put_file("config.json", TINY);
    put_bert("", false, -1, -1);
    cr_assert_eq(wn_bert_open(&m, folder, &o, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){(uint32_t[]){2, 9, 3}, NULL, (size_t[]){0, 3}, 1}, out, 4, NULL,
                                 &e),
                 WN_EINPUT);
    cr_assert(strstr(e.msg, "token id 9: the model's vocabulary has 9"));
    wn_bert_close(m);
}

Test(model, out_of_memory_at_every_point) {
    float out[4];
    put_file("config.json", TINY);
    put_file("modules.json", MODULES(NORMAL));
    put_file("1_Pooling/config.json", "{\"pooling_mode\":\"mean\"}");
    put_bert("bert.", true, -1, -1);
    for (long k = 0;; k++) {
        wn_err e = {0};
        wn_mem_fail_after(k, k % 2);
        wn_code rc = open_and_run(out, &e);
        wn_mem_fail_after(-1, false);
        if (!rc) break;
        cr_assert(rc == WN_EMEMORY && k < 10000, "allocation %ld: %s", k, e.msg);
    }
    for (long k = 0;; k++) {
        wn_err e = {0};
        char *dir = NULL;
        wn_mem_fail_after(k, false);
        wn_code rc = wn_model_find(&dir, folder, &e);
        wn_mem_fail_after(-1, false);
        wn_free(dir);
        if (!rc) break;
        cr_assert_eq(rc, WN_EMEMORY);
    }
}
