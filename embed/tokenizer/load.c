/* Tokenizer files: who would make a tokenizer of them, and what is set beside the model. */
#include "load.h"
#include "model/model_private.h"

#include <stdio.h>
#include <string.h>

/* Names of classes, "Fast" at the end aside. */
static const struct {
    const char *name;
    wn_tok_maker maker;
} makers[] = {{"BertTokenizer", WN_TOK_BERT},        {"DistilBertTokenizer", WN_TOK_BERT},
              {"ElectraTokenizer", WN_TOK_BERT},     {"MobileBertTokenizer", WN_TOK_BERT},
              {"SqueezeBertTokenizer", WN_TOK_BERT}, {"LayoutLMTokenizer", WN_TOK_BERT},
              {"LxmertTokenizer", WN_TOK_BERT},      {"ConvBertTokenizer", WN_TOK_BERT},
              {"RobertaTokenizer", WN_TOK_ROBERTA},  {"LongformerTokenizer", WN_TOK_ROBERTA},
              {"BartTokenizer", WN_TOK_ROBERTA},     {"LEDTokenizer", WN_TOK_ROBERTA}};

/* The class of a model whose files name none. */
static const char *class_of(const char *model_type) {
    static const struct {
        wn_arch arch;
        const char *name;
    } classes[] = {{WN_BERT, "BertTokenizer"}, {WN_DISTILBERT, "BertTokenizer"}, {WN_ROBERTA, "RobertaTokenizer"}};
    for (size_t i = 0; model_type && i < sizeof classes / sizeof *classes; i++)
        if (strcmp(model_type, wn_arch_name(classes[i].arch)) == 0) return classes[i].name;
    return NULL;
}

/* As AutoTokenizer picks: by tokenizer_class of tokenizer_config.json, else of config.json, else by model_type. A class
 * that is none of these reads tokenizer.json as it is written; without that file it would need code of its own. */
static wn_code pick_maker(wn_tok_files *f, const cJSON *model, wn_err *err) {
    const char *name = wn_json_string(f->config, "tokenizer_class");
    const char *type = wn_json_string(wn_json_field(f->json, "model"), "type");
    f->maker = WN_TOK_WRITTEN;
    if (!name) name = wn_json_string(model, "tokenizer_class");
    const bool named = name != NULL;
    if (!name) name = class_of(wn_json_string(model, "model_type"));
    if (!name) return WN_OK;
    size_t n = strlen(name);
    if (n > 4 && strcmp(name + n - 4, "Fast") == 0) n -= 4;
    size_t i = 0;
    for (; i < sizeof makers / sizeof *makers; i++)
        if (strlen(makers[i].name) == n && memcmp(makers[i].name, name, n) == 0) break;
    const bool known = i < sizeof makers / sizeof *makers;
    static const char *const any[] = {"PreTrainedTokenizer", "TokenizersBackend", "AlbertTokenizer"};
    for (size_t k = 0; named && !known && !f->json && k < 3; k++)
        if (strlen(any[k]) == n && memcmp(any[k], name, n) == 0) return WN_OK;
    if (strcmp(name, "BertJapaneseTokenizer") == 0 || (named && !known && !f->json))
        return wn_err_set(err, WN_EINPUT,
                          "%s/tokenizer_config.json: tokenizer_class \"%.60s\" is not supported%s; BertTokenizer and "
                          "RobertaTokenizer are",
                          f->dir, name, f->json ? "" : " without a tokenizer.json");
    if (!known) return WN_OK;
    const bool fits = !type || strcmp(type, makers[i].maker == WN_TOK_BERT ? "WordPiece" : "BPE") == 0;
    if (fits) f->maker = makers[i].maker;
    return WN_OK;
}

/* Which end of a text that is too long is cut off. */
static wn_code read_truncation(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    const char *side = wn_json_string(f->config, "truncation_side"),
               *written = wn_json_string(wn_json_field(f->json, "truncation"), "direction");
    if (side && strcmp(side, "left") != 0 && strcmp(side, "right") != 0)
        return wn_err_set(err, WN_EINPUT,
                          "%s/tokenizer_config.json: truncation_side \"%.60s\" is not supported; left and right are",
                          f->dir, side);
    if (!side && written && strcmp(written, "Left") != 0 && strcmp(written, "Right") != 0)
        return wn_tok_refuse(f, "truncation direction", written, "Left and Right are", err);
    t->keep_end = side ? strcmp(side, "left") == 0 : written && strcmp(written, "Left") == 0;
    return WN_OK;
}

static wn_code check_keys(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    char path[WN_TOK_PATH];
    (void)snprintf(path, sizeof path, "%.4000s/tokenizer_config.json", f->dir);
    wn_code code = wn_model_keys_check(f->config, WN_KEYS_TOKENIZER_CONFIG, path, t->unknown, err);
    if (code != WN_OK) return code;
    (void)snprintf(path, sizeof path, "%.4000s/special_tokens_map.json", f->dir);
    if ((code = wn_model_keys_check(f->map, WN_KEYS_SPECIALS, path, t->unknown, err)) != WN_OK) return code;
    const struct {
        const cJSON *object;
        wn_model_keys kind;
    } parts[] = {{f->json, WN_KEYS_TOKENIZER},
                 {wn_json_field(f->json, "model"), WN_KEYS_TOKENIZER_MODEL},
                 {wn_json_field(f->json, "normalizer"), WN_KEYS_NORMALIZER},
                 {wn_json_field(f->json, "pre_tokenizer"), WN_KEYS_PRE_TOKENIZER}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (i == 2 && f->maker != WN_TOK_WRITTEN) break; /* the rest is made anew */
        if ((code = wn_model_keys_check(parts[i].object, parts[i].kind, f->path, t->unknown, err)) != WN_OK)
            return code;
    }
    return WN_OK;
}

/* Who reads a static table takes its tokenizer.json as it is written, whatever stands beside it. */
static wn_code load_table(wn_tok *t, wn_tok_files *f, wn_err *err) {
    wn_code code = wn_jsonfile_read(&f->json, f->dir, "tokenizer.json", WN_TOK_JSON_MAX, false, err);
    if (code != WN_OK) return code;
    if (!f->json)
        return wn_err_set(err, WN_EINPUT, "%s: no tokenizer.json in this folder: a static table has no other", f->dir);
    const cJSON *most = wn_json_field(wn_json_field(f->json, "truncation"), "max_length");
    if (cJSON_IsNumber(most) && most->valuedouble >= 1 && most->valuedouble < 1e9)
        t->written_max = (size_t)most->valuedouble;
    t->bare = true;
    if ((code = read_truncation(t, f, err)) != WN_OK) goto out;
    if ((code = wn_tok_load_json(t, f, err)) != WN_OK) goto out;
    if ((code = check_keys(t, f, err)) != WN_OK) goto out;
    code = wn_tok_load_special(t, f, err);
out:
    cJSON_Delete(f->json);
    return code;
}

static wn_code load_files(wn_tok *t, wn_tok_files *f, wn_err *err) {
    cJSON *model = NULL, *map = NULL;
    wn_code code = wn_jsonfile_read(&f->config, f->dir, "tokenizer_config.json", WN_TOK_JSON_MAX, false, err);
    if (code != WN_OK) goto out;
    if ((code = wn_jsonfile_read(&map, f->dir, "special_tokens_map.json", WN_TOK_JSON_MAX, false, err)) != WN_OK)
        goto out;
    if ((code = wn_jsonfile_read(&f->json, f->dir, "tokenizer.json", WN_TOK_JSON_MAX, false, err)) != WN_OK) goto out;
    if ((code = wn_jsonfile_read(&model, f->dir, "config.json", WN_MODEL_JSON_MAX, false, err)) != WN_OK) goto out;
    /* where the tokens are listed with their flags, the older file counts for nothing */
    if (!wn_json_field(f->config, "added_tokens_decoder")) f->map = map;
    if ((code = pick_maker(f, model, err)) != WN_OK) goto out;
    if ((code = read_truncation(t, f, err)) != WN_OK) goto out;
    code = f->json ? wn_tok_load_json(t, f, err) : wn_tok_load_plain(t, f, err);
    if (code != WN_OK) goto out;
    if ((code = check_keys(t, f, err)) != WN_OK) goto out;
    code = wn_tok_load_special(t, f, err);
out:
    cJSON_Delete(f->config);
    cJSON_Delete(f->json);
    cJSON_Delete(map);
    cJSON_Delete(model);
    return code;
}

wn_code wn_tok_load(wn_tok *t, const char *dir, wn_err *err) {
    wn_model_layout layout;
    wn_model_texts texts;
    wn_tok_files f = {0};
    char unknown[WN_MODEL_UNKNOWN] = ""; /* wn_model_config_read tells of these */
    char *home = NULL;
    t->ids = (wn_tok_specials){WN_TOK_NONE, WN_TOK_NONE, WN_TOK_NONE, WN_TOK_NONE, WN_TOK_NONE};
    wn_code code = wn_model_layout_read(&layout, dir, unknown, err);
    if (code != WN_OK) goto out;
    if ((code = wn_model_texts_read(&texts, dir, &layout, unknown, err)) != WN_OK) goto out;
    if ((code = wn_model_folder(&home, dir, layout.encoder, err)) != WN_OK) goto out;
    if (texts.prompt[0] && !(t->prompt = wn_strndup(texts.prompt, strlen(texts.prompt), err))) {
        code = WN_EMEMORY;
        goto out;
    }
    f.dir = home;
    f.lowercase = texts.lowercase;
    (void)snprintf(f.path, sizeof f.path, "%.4000s/tokenizer.json", home);
    code = layout.static_table ? load_table(t, &f, err) : load_files(t, &f, err);
out:
    wn_free(home);
    if (code == WN_EINPUT && strncmp(err->msg, dir, strlen(dir)) != 0) (void)wn_err_prefix(err, "%s: ", dir);
    return code;
}
