#ifndef WN_TOK_LOAD_H
#define WN_TOK_LOAD_H
/* What the readers of tokenizer files share. */
#include "tok_private.h"

enum { WN_TOK_JSON_MAX = 128 << 20, WN_TOK_PATH = 4096 + 64 };

/* Who makes the tokenizer in the reference. BERT and ROBERTA take the vocabulary of tokenizer.json and make the rest
 * anew from tokenizer_config.json; WRITTEN takes all of tokenizer.json. */
typedef enum { WN_TOK_WRITTEN, WN_TOK_BERT, WN_TOK_ROBERTA } wn_tok_maker;

typedef struct {
    const char *dir;            /* that holds them */
    char path[WN_TOK_PATH];     /* of tokenizer.json, for messages */
    cJSON *config, *map, *json; /* tokenizer_config.json, special_tokens_map.json, tokenizer.json; or NULL */
    wn_tok_maker maker;
    bool lowercase;              /* sentence-transformers lowers every text first */
    const char *cls, *sep, *unk; /* pieces that tokenizer.json gives the roles; NULL: by name */
} wn_tok_files;

static inline const cJSON *wn_json_field(const cJSON *json, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(json, name);
}
static inline const char *wn_json_string(const cJSON *json, const char *name) {
    return cJSON_GetStringValue(wn_json_field(json, name));
}
static inline bool wn_json_flag(const cJSON *json, const char *name, bool fallback) {
    const cJSON *v = wn_json_field(json, name);
    return v && !cJSON_IsNull(v) ? cJSON_IsTrue(v) : fallback;
}

/* Of tokenizer.json. */
static inline wn_code wn_tok_refuse(const wn_tok_files *f, const char *what, const char *got, const char *supported,
                                    wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s: %s \"%.60s\" is not supported; %s", f->path, what, got ? got : "(none)",
                      supported);
}

/* ---- load_model.c: vocabulary, merges, and what is done to a text before ---- */
wn_code wn_tok_load_json(wn_tok *t, const wn_tok_files *f, wn_err *err);
wn_code wn_tok_load_plain(wn_tok *t, const wn_tok_files *f, wn_err *err);
/* Ids may have gaps, but a few pieces must not claim a table of millions: the highest that is taken. */
unsigned long long wn_tok_id_bound(size_t pieces);

/* ---- load_special.c: added and special tokens, what frames a text ---- */
/* After the vocabulary: the tokens that are matched in a text as they stand, and the five roles. */
wn_code wn_tok_load_special(wn_tok *t, wn_tok_files *f, wn_err *err);

#endif
