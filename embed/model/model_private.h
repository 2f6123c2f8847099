#ifndef WN_MODEL_PRIVATE_H
#define WN_MODEL_PRIVATE_H
/* What the readers of a model's files share. */
#include <winnow/model.h>
#include <wn/jsonfile.h>

enum { WN_MODEL_JSON_MAX = 4 << 20, WN_MODEL_FILE_PATH = 4096 + 128 };

/* ---- keys.c: every key of every file, and what it is to us ---- */
typedef enum {
    WN_KEYS_CONFIG,
    WN_KEYS_MODULE,
    WN_KEYS_POOLING,
    WN_KEYS_DENSE,
    WN_KEYS_SENTENCE,
    WN_KEYS_PROMPTS,
    WN_KEYS_TOKENIZER_CONFIG,
    WN_KEYS_SPECIALS,
    WN_KEYS_TOKENIZER,
    WN_KEYS_TOKENIZER_MODEL,
    WN_KEYS_NORMALIZER,
    WN_KEYS_PRE_TOKENIZER
} wn_model_keys;
/* Refuses an object of `path` with a value that is not supported, by file, key, value and what is; appends keys that
 * are not in the table to `unknown`, as "FILE: key, key; FILE: key". Anything but an object passes. */
wn_code wn_model_keys_check(const cJSON *object, wn_model_keys kind, const char *path, char unknown[WN_MODEL_UNKNOWN],
                            wn_err *err);

/* ---- modules.c ---- */
/* What modules.json lists. Without the file all is empty: an encoder without modules. Paths are relative to the folder.
 */
typedef struct {
    bool there, normalize;
    bool static_table; /* the encoder is a StaticEmbedding: a table of token vectors, without layers */
    char encoder[WN_MODEL_INSIDE], pooling[WN_MODEL_INSIDE], dense[WN_MODEL_INSIDE];
} wn_model_layout;
/* WN_EINPUT names a module, or an order of them, that is not supported. */
wn_code wn_model_layout_read(wn_model_layout *l, const char *dir, char unknown[WN_MODEL_UNKNOWN], wn_err *err);

/* What sentence-transformers does to a text before the tokenizer, and how many tokens it leaves. */
typedef struct {
    bool lowercase;
    size_t max_tokens; /* 0: not said */
    char prompt[WN_MODEL_PROMPT];
} wn_model_texts;
/* Nothing at all without modules.json. */
wn_code wn_model_texts_read(wn_model_texts *t, const char *dir, const wn_model_layout *l,
                            char unknown[WN_MODEL_UNKNOWN], wn_err *err);
/* Pooling and Dense: into c, whose sizes are known. */
wn_code wn_model_modules_read(wn_model_config *c, const char *dir, const wn_model_layout *l, wn_err *err);

/* ---- fields.c ---- */
/* A text field; absent or null: *out = NULL. */
wn_code wn_field_text(const char **out, const cJSON *json, const char *file, const char *name, wn_err *err);
/* A whole number from low to high; absent or null: the fallback, or where that is negative an error. */
wn_code wn_field_size(size_t *out, const cJSON *json, const char *file, const char *name, size_t low, size_t high,
                      long fallback, wn_err *err);
/* The name among `names` that the field's value must be; see wn_activation. */
typedef struct {
    const char *name;
    wn_activation activation;
} wn_activation_name;
wn_code wn_field_activation(wn_activation *out, const char *value, const wn_activation_name *names, size_t n,
                            const char *file, const char *key, wn_err *err);

#endif
