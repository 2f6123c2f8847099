/* Tokenizer files: tokenizer.json, or vocab.txt, or vocab.json + merges.txt; with what the configuration files add. */
#include "tok_private.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 256 << 20, JSON_MAX = 128 << 20, PATH_SIZE = 4096 + 64 };

static const cJSON *json_field(const cJSON *json, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(json, name);
}
static const char *json_string(const cJSON *json, const char *name) {
    return cJSON_GetStringValue(json_field(json, name));
}

static bool json_flag(const cJSON *json, const char *name, bool fallback) {
    const cJSON *v = json_field(json, name);
    return v && !cJSON_IsNull(v) ? cJSON_IsTrue(v) : fallback;
}

static wn_code add_special(wn_tok *t, const char *text, uint32_t id, const cJSON *flags, bool lstrip, wn_err *err) {
    wn_added_token s = {.id = id,
                        .lstrip = json_flag(flags, "lstrip", lstrip),
                        .rstrip = json_flag(flags, "rstrip", false),
                        .single_word = json_flag(flags, "single_word", false)};
    bool late = t->kind == WN_WORDPIECE && json_flag(flags, "normalized", false);
    if (!late) return wn_added_tokens_add(&t->raw, &s, text, strlen(text), err);
    wn_buf normal = {0};
    wn_code code = wn_tok_wordpiece_normalize(t, text, strlen(text), &normal, err);
    if (code == WN_OK && normal.len > 0) /* what normalises to nothing never matches */
        code = wn_added_tokens_add(&t->late, &s, normal.data, normal.len, err);
    wn_free(normal.data);
    return code;
}

/* What frames a text, as the post-processor of tokenizer.json says. */
typedef struct {
    const char *cls, *sep; /* NULL: by role */
} frame;

static wn_code refuse_part(const char *path, const char *what, const char *got, const char *supported, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s: %s \"%.60s\" is not supported; %s", path, what, got ? got : "(none)",
                      supported);
}

static const char *special_of(const cJSON *step) {
    return json_string(json_field(step, "SpecialToken"), "id");
}

/* [CLS] A [SEP] and [CLS] A [SEP] B [SEP], or with two separators between A and B. */
static bool read_template(wn_tok *t, const cJSON *post, frame *f) {
    const cJSON *one = json_field(post, "single"), *two = json_field(post, "pair"), *type;
    if (cJSON_GetArraySize(one) != 3 || !json_field(cJSON_GetArrayItem(one, 1), "Sequence")) return false;
    f->cls = special_of(cJSON_GetArrayItem(one, 0));
    f->sep = special_of(cJSON_GetArrayItem(one, 2));
    if (!f->cls || !f->sep) return false;
    int n = cJSON_GetArraySize(two);
    if (n == 0) return true;
    for (int i = 0; i < n; i++) {
        const cJSON *step = cJSON_GetArrayItem(two, i);
        bool sequence = i == 1 || i == n - 2;
        if (n < 5 || n > 6 || sequence != (json_field(step, "Sequence") != NULL)) return false;
        const char *name = special_of(step);
        if (!sequence && (!name || strcmp(name, i ? f->sep : f->cls) != 0)) return false;
    }
    t->double_sep = n == 6;
    type = json_field(json_field(cJSON_GetArrayItem(two, n - 2), "Sequence"), "type_id");
    t->second_type = cJSON_IsNumber(type) && type->valuedouble == 1;
    return true;
}

static wn_code read_post_processor(wn_tok *t, const cJSON *json, const char *path, frame *f, wn_err *err) {
    const cJSON *post = json_field(json, "post_processor");
    const char *type = json_string(post, "type");
    bool bert = type && strcmp(type, "BertProcessing") == 0, roberta = type && strcmp(type, "RobertaProcessing") == 0;
    if (bert || roberta) {
        f->cls = cJSON_GetStringValue(cJSON_GetArrayItem(json_field(post, "cls"), 0));
        f->sep = cJSON_GetStringValue(cJSON_GetArrayItem(json_field(post, "sep"), 0));
        t->double_sep = roberta;
        t->second_type = bert;
        return WN_OK;
    }
    if (type && strcmp(type, "TemplateProcessing") == 0 && read_template(t, post, f)) return WN_OK;
    return refuse_part(path, "post-processor", type, "one that frames a text with an opening and a closing token is",
                       err);
}

/* The five roles: the piece that plays each, from the configuration or by custom. */
static wn_code find_roles(wn_tok *t, const frame *f, const char *dir, const cJSON *config, const cJSON *map,
                          wn_err *err) {
    static const struct {
        const char *key, *wordpiece, *bpe;
        bool needed;
    } roles[] = {{"cls_token", "[CLS]", "<s>", true},
                 {"sep_token", "[SEP]", "</s>", true},
                 {"pad_token", "[PAD]", "<pad>", false},
                 {"unk_token", "[UNK]", "<unk>", false},
                 {"mask_token", "[MASK]", "<mask>", false}};
    uint32_t *ids[] = {&t->ids.cls, &t->ids.sep, &t->ids.pad, &t->ids.unk, &t->ids.mask};
    const char *framing[] = {f->cls, f->sep, NULL, NULL, NULL};
    bool bpe = t->kind == WN_BYTE_BPE;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const cJSON *v =
            json_field(map, roles[i].key) ? json_field(map, roles[i].key) : json_field(config, roles[i].key);
        const char *text = cJSON_IsObject(v) ? json_string(v, "content") : cJSON_GetStringValue(v);
        if (framing[i]) text = framing[i];
        if (!text) text = bpe ? roles[i].bpe : roles[i].wordpiece;
        *ids[i] = wn_tok_vocab_find(&t->vocab, text, strlen(text));
        bool needed = roles[i].needed || (!bpe && ids[i] == &t->ids.unk);
        if (*ids[i] == WN_TOK_NONE && needed)
            return wn_err_set(err, WN_EINPUT, "%s: the vocabulary has no %s (\"%.60s\")", dir, roles[i].key, text);
        if (*ids[i] == WN_TOK_NONE || !*text) continue;
        wn_code code = add_special(t, text, *ids[i], cJSON_IsObject(v) ? v : NULL,
                                   bpe && ids[i] == &t->ids.mask && !cJSON_IsObject(v), err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* The vocabulary of word-continuing pieces: those with the prefix, without it, under the same ids. */
static wn_code split_continuing(wn_tok *t, const char *prefix, wn_err *err) {
    size_t skip = strlen(prefix);
    wn_code code;
    for (size_t id = 0; id < t->vocab.size; id++) {
        size_t n;
        const char *piece = wn_tok_vocab_piece(&t->vocab, (uint32_t)id, &n);
        if (!piece || n <= skip || memcmp(piece, prefix, skip) != 0) continue;
        code = wn_tok_vocab_add(&t->continuing, piece + skip, n - skip, (uint32_t)id, err);
        if (code != WN_OK) return code;
    }
    if ((code = wn_tok_vocab_index(&t->continuing, err)) != WN_OK) return code;
    return wn_tok_chars_init(t, err);
}

/* Ids may have gaps, but a few pieces must not claim a table of millions. */
static unsigned long long id_bound(size_t pieces) {
    unsigned long long high = 16ull * pieces + 1000000;
    return high < WN_TOK_ID_MAX ? high : WN_TOK_ID_MAX;
}

static wn_code vocab_object(wn_tok *t, const cJSON *vocab, const char *path, wn_err *err) {
    const cJSON *v;
    if (!cJSON_IsObject(vocab)) return wn_err_set(err, WN_EINPUT, "%s: no vocabulary", path);
    unsigned long long high = id_bound((size_t)cJSON_GetArraySize(vocab)), id;
    cJSON_ArrayForEach(v, vocab) {
        if (!wn_jsonfile_whole(v, high, &id))
            return wn_err_set(err, WN_EINPUT, "%s: the id of piece \"%.60s\" is not a number from 0 to %llu", path,
                              v->string, high);
        wn_code code = wn_tok_vocab_add(&t->vocab, v->string, strlen(v->string), (uint32_t)id, err);
        if (code != WN_OK) return code;
    }
    return wn_tok_vocab_index(&t->vocab, err);
}

static wn_code load_vocab_txt(wn_tok *t, const char *data, size_t size, wn_err *err) {
    uint32_t id = 0;
    if (wn_utf8_invalid(data, size) < size) return wn_err_set(err, WN_EINPUT, "vocab.txt: not valid UTF-8");
    for (const char *p = data, *end = p + size; p < end; id++) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((line ? line : end) - p);
        wn_code code = wn_tok_vocab_add(&t->vocab, p, n && p[n - 1] == '\r' ? n - 1 : n, id, err);
        if (code != WN_OK) return code;
        p = line ? line + 1 : end;
    }
    return wn_tok_vocab_index(&t->vocab, err);
}

typedef struct {
    const char *p, *end; /* merges.txt */
    const cJSON *item;   /* or the list in tokenizer.json */
    char joined[512];
} merges;

static wn_code next_line(void *ctx, const char **pair, size_t *n, wn_err *err) {
    merges *m = ctx;
    (void)err;
    const char *line = memchr(m->p, '\n', (size_t)(m->end - m->p));
    *pair = m->p;
    *n = (size_t)((line ? line : m->end) - m->p);
    m->p = line ? line + 1 : m->end;
    if (*n && (*pair)[*n - 1] == '\r') --*n;
    return WN_OK;
}

static wn_code next_item(void *ctx, const char **pair, size_t *n, wn_err *err) {
    merges *m = ctx;
    const cJSON *item = m->item;
    m->item = item->next;
    *pair = cJSON_GetStringValue(item);
    if (!*pair) {
        const char *a = cJSON_GetStringValue(cJSON_GetArrayItem(item, 0)),
                   *b = cJSON_GetStringValue(cJSON_GetArrayItem(item, 1));
        int len = a && b ? snprintf(m->joined, sizeof m->joined, "%s %s", a, b) : -1;
        if (len < 0 || (size_t)len >= sizeof m->joined) return wn_err_set(err, WN_EINPUT, "a merge is not two pieces");
        *pair = m->joined;
    }
    *n = strlen(*pair);
    return WN_OK;
}

static wn_code load_merges_txt(wn_tok *t, const char *data, size_t size, wn_err *err) {
    const char *end = data + size, *p = data;
    if (strncmp(p, "#version", 8) == 0 && memchr(p, '\n', size)) p = (const char *)memchr(p, '\n', size) + 1;
    while (end > p && (end[-1] == '\n' || end[-1] == '\r')) end--;
    size_t count = end > p;
    for (const char *q = p; q < end; q++) count += *q == '\n';
    merges m = {.p = p, .end = end};
    return wn_tok_bpe_merges(t, count, next_line, &m, err);
}

/* tokenizer.json: the whole pipeline is described; what differs from BERT's and RoBERTa's is refused by name. */
static wn_code load_wordpiece_json(wn_tok *t, const cJSON *json, const cJSON *model, const char *path, wn_err *err) {
    const cJSON *n = json_field(json, "normalizer"), *pre = json_field(json, "pre_tokenizer");
    const char *type = json_string(n, "type"), *prefix = json_string(model, "continuing_subword_prefix");
    const cJSON *longest = json_field(model, "max_input_chars_per_word");
    unsigned long long most = 100;
    if (!type || strcmp(type, "BertNormalizer") != 0)
        return refuse_part(path, "normalizer", type, "BertNormalizer is", err);
    type = json_string(pre, "type");
    if (!type || strcmp(type, "BertPreTokenizer") != 0)
        return refuse_part(path, "pre-tokenizer", type, "BertPreTokenizer is", err);
    t->kind = WN_WORDPIECE;
    t->lowercase = json_flag(n, "lowercase", true);
    t->strip_accents = json_flag(n, "strip_accents", t->lowercase);
    t->clean = json_flag(n, "clean_text", true);
    t->cjk = json_flag(n, "handle_chinese_chars", true);
    if (longest && !wn_jsonfile_whole(longest, 1000, &most))
        return wn_err_set(err, WN_EINPUT, "%s: max_input_chars_per_word is not a number up to 1000", path);
    t->longest_word = (size_t)most;
    wn_code code = vocab_object(t, json_field(model, "vocab"), path, err);
    return code != WN_OK ? code : split_continuing(t, prefix ? prefix : "##", err);
}

static wn_code load_bpe_json(wn_tok *t, const cJSON *json, const cJSON *model, const char *path, wn_err *err) {
    const cJSON *n = json_field(json, "normalizer"), *pre = json_field(json, "pre_tokenizer"),
                *list = json_field(model, "merges");
    const char *type = json_string(pre, "type");
    if (n && !cJSON_IsNull(n))
        return refuse_part(path, "normalizer", json_string(n, "type"), "byte-level BPE has none", err);
    if (!type || strcmp(type, "ByteLevel") != 0 || !json_flag(pre, "use_regex", true))
        return refuse_part(path, "pre-tokenizer", type, "ByteLevel with its pattern is", err);
    static const char *const variants[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (json_string(model, variants[i]) && *json_string(model, variants[i]))
            return refuse_part(path, variants[i], json_string(model, variants[i]), "byte-level BPE has none", err);
    if (json_flag(model, "byte_fallback", false) || json_flag(model, "ignore_merges", false))
        return refuse_part(path, "model option", "byte_fallback or ignore_merges", "neither is", err);
    t->kind = WN_BYTE_BPE;
    t->prefix_space = json_flag(pre, "add_prefix_space", true);
    wn_code code = vocab_object(t, json_field(model, "vocab"), path, err);
    if (code != WN_OK) return code;
    if (!cJSON_IsArray(list)) return wn_err_set(err, WN_EINPUT, "%s: no list of merges", path);
    merges m = {.item = list->child};
    return wn_tok_bpe_merges(t, (size_t)cJSON_GetArraySize(list), next_item, &m, err);
}

static wn_code load_added(wn_tok *t, const cJSON *json, const char *path, wn_err *err) {
    const cJSON *v, *list = json_field(json, "added_tokens");
    unsigned long long high = id_bound(t->vocab.size), id;
    wn_code code = WN_OK;
    cJSON_ArrayForEach(v, list) {
        const char *text = json_string(v, "content");
        if (!text || !wn_jsonfile_whole(json_field(v, "id"), high, &id))
            return wn_err_set(err, WN_EINPUT, "%s: an added token without content, or without an id from 0 to %llu",
                              path, high);
        const uint32_t known = wn_tok_vocab_find(&t->vocab, text, strlen(text)); /* what the vocabulary says counts */
        if (known == WN_TOK_NONE) code = wn_tok_vocab_add(&t->vocab, text, strlen(text), (uint32_t)id, err);
        if (code != WN_OK) return code;
        code = add_special(t, text, known == WN_TOK_NONE ? (uint32_t)id : known, v, false, err);
        if (code != WN_OK) return code;
    }
    return wn_tok_vocab_index(&t->vocab, err);
}

static wn_code load_tokenizer_json(wn_tok *t, const cJSON *json, const char *path, wn_err *err) {
    const cJSON *model = json_field(json, "model");
    const char *type = json_string(model, "type");
    if (!type) type = json_field(model, "merges") ? "BPE" : "WordPiece"; /* early files leave it out */
    wn_code code;
    if (strcmp(type, "WordPiece") == 0)
        code = load_wordpiece_json(t, json, model, path, err);
    else if (strcmp(type, "BPE") == 0)
        code = load_bpe_json(t, json, model, path, err);
    else
        return refuse_part(path, "model", type, "WordPiece and byte-level BPE are", err);
    return code != WN_OK ? code : load_added(t, json, path, err);
}

static wn_code load_wordpiece_txt(wn_tok *t, const char *data, size_t size, const cJSON *config, wn_err *err) {
    t->kind = WN_WORDPIECE;
    t->second_type = 1;
    t->lowercase = json_flag(config, "do_lower_case", true);
    t->strip_accents = json_flag(config, "strip_accents", t->lowercase);
    t->clean = true;
    t->cjk = json_flag(config, "tokenize_chinese_chars", true);
    t->longest_word = 100;
    wn_code code = load_vocab_txt(t, data, size, err);
    return code != WN_OK ? code : split_continuing(t, "##", err);
}

/* vocab.txt, or vocab.json with merges.txt. */
static wn_code load_plain(wn_tok *t, const char *dir, const cJSON *config, wn_err *err) {
    char *data = NULL, path[PATH_SIZE];
    size_t size = 0;
    cJSON *json = NULL;
    wn_code code = wn_file_read(&data, &size, dir, "vocab.txt", FILE_MAX, err);
    if (code != WN_OK) return code;
    if (data) {
        code = load_wordpiece_txt(t, data, size, config, err);
        goto out;
    }
    if ((code = wn_file_read(&data, &size, dir, "merges.txt", FILE_MAX, err)) != WN_OK) goto out;
    if (data && (code = wn_jsonfile_read(&json, dir, "vocab.json", JSON_MAX, false, err)) != WN_OK) goto out;
    if (!json) {
        code = wn_err_set(err, WN_EINPUT,
                          "%s: no tokenizer.json, vocab.txt, or vocab.json with merges.txt in this folder", dir);
        goto out;
    }
    t->kind = WN_BYTE_BPE;
    t->double_sep = true;
    t->prefix_space = json_flag(config, "add_prefix_space", false);
    (void)snprintf(path, sizeof path, "%.4000s/vocab.json", dir);
    if ((code = vocab_object(t, json, path, err)) != WN_OK) goto out;
    if (wn_utf8_invalid(data, size) < size) {
        code = wn_err_set(err, WN_EINPUT, "%s/merges.txt: not valid UTF-8", dir);
        goto out;
    }
    code = load_merges_txt(t, data, size, err);
out:
    cJSON_Delete(json);
    wn_free(data);
    return code;
}

wn_code wn_tok_load(wn_tok *t, const char *dir, wn_err *err) {
    cJSON *config = NULL, *map = NULL, *json = NULL;
    frame f = {0};
    char path[PATH_SIZE];
    t->ids = (wn_tok_specials){WN_TOK_NONE, WN_TOK_NONE, WN_TOK_NONE, WN_TOK_NONE, WN_TOK_NONE};
    wn_code code = wn_jsonfile_read(&config, dir, "tokenizer_config.json", JSON_MAX, false, err);
    if (code != WN_OK) goto out;
    if ((code = wn_jsonfile_read(&map, dir, "special_tokens_map.json", JSON_MAX, false, err)) != WN_OK) goto out;
    if ((code = wn_jsonfile_read(&json, dir, "tokenizer.json", JSON_MAX, false, err)) != WN_OK) goto out;
    (void)snprintf(path, sizeof path, "%.4000s/tokenizer.json", dir);
    code = json ? load_tokenizer_json(t, json, path, err) : load_plain(t, dir, config, err);
    if (code != WN_OK) goto out;
    if (json && (code = read_post_processor(t, json, path, &f, err)) != WN_OK) goto out;
    if ((code = find_roles(t, &f, dir, config, map, err)) != WN_OK) goto out;
    wn_added_tokens_sort(&t->raw);
    wn_added_tokens_sort(&t->late);
out:
    if (code == WN_EINPUT && strncmp(err->msg, dir, strlen(dir)) != 0) (void)wn_err_prefix(err, "%s: ", dir);
    cJSON_Delete(config);
    cJSON_Delete(map);
    cJSON_Delete(json);
    return code;
}
