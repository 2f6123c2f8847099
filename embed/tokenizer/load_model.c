/* The two models, from whichever files describe them: tokenizer.json, vocab.txt, or vocab.json with merges.txt. */
#include "load.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 256 << 20 };

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
unsigned long long wn_tok_id_bound(size_t pieces) {
    unsigned long long high = 16ull * pieces + 1000000;
    return high < WN_TOK_ID_MAX ? high : WN_TOK_ID_MAX;
}

static wn_code vocab_object(wn_tok *t, const cJSON *vocab, const char *path, wn_err *err) {
    const cJSON *v;
    if (!cJSON_IsObject(vocab)) return wn_err_set(err, WN_EINPUT, "%s: no vocabulary", path);
    unsigned long long high = wn_tok_id_bound((size_t)cJSON_GetArraySize(vocab)), id;
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

/* How BertTokenizer and RobertaTokenizer are made anew: from their own settings, whatever tokenizer.json says beside
 * the vocabulary. */
static void bert_settings(wn_tok *t, const cJSON *config) {
    t->lowercase = wn_json_flag(config, "do_lower_case", true);
    t->strip_accents = wn_json_flag(config, "strip_accents", t->lowercase);
    t->clean = true;
    t->cjk = wn_json_flag(config, "tokenize_chinese_chars", true);
    t->longest_word = 100;
}

/* As tokenizer.json says: what differs from BERT's is refused by name. */
static wn_code written_settings(wn_tok *t, const wn_tok_files *f, const cJSON *model, wn_err *err) {
    const cJSON *n = wn_json_field(f->json, "normalizer"), *pre = wn_json_field(f->json, "pre_tokenizer");
    const cJSON *longest = wn_json_field(model, "max_input_chars_per_word");
    const char *type = wn_json_string(n, "type");
    unsigned long long most = 100;
    if (!type || strcmp(type, "BertNormalizer") != 0)
        return wn_tok_refuse(f, "normalizer", type, "BertNormalizer is", err);
    type = wn_json_string(pre, "type");
    if (!type || strcmp(type, "BertPreTokenizer") != 0)
        return wn_tok_refuse(f, "pre-tokenizer", type, "BertPreTokenizer is", err);
    t->lowercase = wn_json_flag(n, "lowercase", true);
    t->strip_accents = wn_json_flag(n, "strip_accents", t->lowercase);
    t->clean = wn_json_flag(n, "clean_text", true);
    t->cjk = wn_json_flag(n, "handle_chinese_chars", true);
    if (longest && !wn_jsonfile_whole(longest, 1000, &most))
        return wn_err_set(err, WN_EINPUT, "%s: max_input_chars_per_word is not a number up to 1000", f->path);
    t->longest_word = (size_t)most;
    return WN_OK;
}

static wn_code load_wordpiece_json(wn_tok *t, const wn_tok_files *f, const cJSON *model, wn_err *err) {
    const char *prefix = f->maker == WN_TOK_WRITTEN ? wn_json_string(model, "continuing_subword_prefix") : NULL;
    wn_code code;
    t->kind = WN_WORDPIECE;
    if (f->maker != WN_TOK_WRITTEN)
        bert_settings(t, f->config);
    else if ((code = written_settings(t, f, model, err)) != WN_OK)
        return code;
    if (f->lowercase) t->lowercase = true; /* by itself it strips no accents */
    if ((code = vocab_object(t, wn_json_field(model, "vocab"), f->path, err)) != WN_OK) return code;
    return split_continuing(t, prefix ? prefix : "##", err);
}

static wn_code check_bpe_json(const wn_tok_files *f, const cJSON *model, wn_err *err) {
    const cJSON *n = wn_json_field(f->json, "normalizer");
    const char *type = wn_json_string(wn_json_field(f->json, "pre_tokenizer"), "type");
    if (n && !cJSON_IsNull(n))
        return wn_tok_refuse(f, "normalizer", wn_json_string(n, "type"), "byte-level BPE has none", err);
    if (!type || strcmp(type, "ByteLevel") != 0)
        return wn_tok_refuse(f, "pre-tokenizer", type, "ByteLevel with its pattern is", err);
    static const char *const variants[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        const char *got = wn_json_string(model, variants[i]);
        if (got && *got) return wn_tok_refuse(f, variants[i], got, "byte-level BPE has none", err);
    }
    return WN_OK;
}

static wn_code load_bpe_json(wn_tok *t, const wn_tok_files *f, const cJSON *model, wn_err *err) {
    const cJSON *list = wn_json_field(model, "merges");
    const bool written = f->maker == WN_TOK_WRITTEN;
    wn_code code = written ? check_bpe_json(f, model, err) : WN_OK;
    if (code != WN_OK) return code;
    t->kind = WN_BYTE_BPE;
    t->lowercase = f->lowercase;
    t->prefix_space = written ? wn_json_flag(wn_json_field(f->json, "pre_tokenizer"), "add_prefix_space", true)
                              : wn_json_flag(f->config, "add_prefix_space", false);
    if ((code = vocab_object(t, wn_json_field(model, "vocab"), f->path, err)) != WN_OK) return code;
    if (!cJSON_IsArray(list)) return wn_err_set(err, WN_EINPUT, "%s: no list of merges", f->path);
    merges m = {.item = list->child};
    return wn_tok_bpe_merges(t, (size_t)cJSON_GetArraySize(list), next_item, &m, err);
}

wn_code wn_tok_load_json(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    const cJSON *model = wn_json_field(f->json, "model");
    const char *type = wn_json_string(model, "type");
    if (!type) type = wn_json_field(model, "merges") ? "BPE" : "WordPiece"; /* early files leave it out */
    if (strcmp(type, "WordPiece") == 0) return load_wordpiece_json(t, f, model, err);
    if (strcmp(type, "BPE") == 0) return load_bpe_json(t, f, model, err);
    return wn_tok_refuse(f, "model", type, "WordPiece and byte-level BPE are", err);
}

static wn_code load_wordpiece_txt(wn_tok *t, const wn_tok_files *f, const char *data, size_t size, wn_err *err) {
    t->kind = WN_WORDPIECE;
    bert_settings(t, f->config);
    if (f->lowercase) t->lowercase = true;
    wn_code code = load_vocab_txt(t, data, size, err);
    return code != WN_OK ? code : split_continuing(t, "##", err);
}

wn_code wn_tok_load_plain(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    char *data = NULL, path[WN_TOK_PATH];
    size_t size = 0;
    cJSON *json = NULL;
    wn_code code = wn_file_read(&data, &size, f->dir, "vocab.txt", FILE_MAX, err);
    if (code != WN_OK) return code;
    if (data) {
        code = load_wordpiece_txt(t, f, data, size, err);
        goto out;
    }
    if ((code = wn_file_read(&data, &size, f->dir, "merges.txt", FILE_MAX, err)) != WN_OK) goto out;
    if (data && (code = wn_jsonfile_read(&json, f->dir, "vocab.json", WN_TOK_JSON_MAX, false, err)) != WN_OK) goto out;
    if (!json) {
        code = wn_err_set(err, WN_EINPUT,
                          "%s: no tokenizer.json, vocab.txt, or vocab.json with merges.txt in this folder", f->dir);
        goto out;
    }
    t->kind = WN_BYTE_BPE;
    t->lowercase = f->lowercase;
    t->prefix_space = wn_json_flag(f->config, "add_prefix_space", false);
    (void)snprintf(path, sizeof path, "%.4000s/vocab.json", f->dir);
    if ((code = vocab_object(t, json, path, err)) != WN_OK) goto out;
    if (wn_utf8_invalid(data, size) < size) {
        code = wn_err_set(err, WN_EINPUT, "%s/merges.txt: not valid UTF-8", f->dir);
        goto out;
    }
    code = load_merges_txt(t, data, size, err);
out:
    cJSON_Delete(json);
    wn_free(data);
    return code;
}
