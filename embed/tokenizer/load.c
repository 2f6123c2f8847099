/* Tokenizer files: tokenizer.json, or vocab.txt, or vocab.json + merges.txt; with what the configuration files add. */
#include "tok_private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 20 };

typedef struct {
    char *data;
    size_t size;
    char path[4096];
} file;

/* The file's bytes; absent: data stays NULL. */
static wn_code slurp(file *f, const char *dir, const char *name, wn_err *err) {
    *f = (file){0};
    if ((size_t)snprintf(f->path, sizeof f->path, "%s/%s", dir, name) >= sizeof f->path)
        return wn_err_set(err, WN_EUSAGE, "%s: the path is too long", dir);
    FILE *in = fopen(f->path, "re");
    if (!in) return WN_OK;
    long size = fseek(in, 0, SEEK_END) == 0 ? ftell(in) : -1;
    wn_code rc = WN_OK;
    if (size < 0 || size > FILE_MAX || fseek(in, 0, SEEK_SET) != 0) rc = wn_err_set(err, WN_EINPUT, "%s: cannot be read, or is larger than 256 MiB", f->path);
    if (!rc && !(f->data = wn_alloc((size_t)size + 1, 1, err))) rc = WN_EMEMORY;
    if (!rc && fread(f->data, 1, (size_t)size, in) != (size_t)size) rc = wn_err_errno(err, "reading %s", f->path);
    f->size = rc ? 0 : (size_t)size;
    (void)fclose(in);
    return rc;
}

static wn_code read_json(cJSON **out, file *f, const char *dir, const char *name, wn_err *err) {
    *out = NULL;
    wn_code rc = slurp(f, dir, name, err);
    if (!rc && f->data) {
        *out = cJSON_ParseWithLength(f->data, f->size);
        if (!cJSON_IsObject(*out)) rc = wn_err_set(err, WN_EINPUT, "%s: not a JSON object", f->path);
    }
    wn_free(f->data);
    f->data = NULL;
    return rc;
}

static const cJSON *field(const cJSON *json, const char *name) { return cJSON_GetObjectItemCaseSensitive(json, name); }
static const char *string(const cJSON *json, const char *name) { return cJSON_GetStringValue(field(json, name)); }

static wn_code add_special(wn_tok *t, const char *text, uint32_t id, bool lstrip, bool rstrip, bool single_word, wn_err *err) {
    for (size_t i = 0; i < t->nspecials; i++)
        if (strcmp(t->specials[i].text, text) == 0) return WN_OK;
    if (!*text) return wn_err_set(err, WN_EINPUT, "an added token is empty");
    wn_code rc = wn_reserve((void **)&t->specials, &t->specials_cap, t->nspecials + 1, sizeof *t->specials, err);
    if (rc) return rc;
    tok_special *s = &t->specials[t->nspecials];
    *s = (tok_special){.len = strlen(text), .id = id, .lstrip = lstrip, .rstrip = rstrip, .single_word = single_word};
    if (!(s->text = wn_strndup(text, s->len, err))) return WN_EMEMORY;
    t->special_first[(unsigned char)text[0]] = true;
    t->nspecials++;
    return WN_OK;
}

/* The five roles: the piece that plays each, from the configuration or by custom. */
static wn_code find_roles(wn_tok *t, const char *dir, const cJSON *config, const cJSON *map, wn_err *err) {
    static const struct {
        const char *key, *wordpiece, *bpe;
        bool needed;
    } roles[] = {{"cls_token", "[CLS]", "<s>", true}, {"sep_token", "[SEP]", "</s>", true}, {"pad_token", "[PAD]", "<pad>", false},
                 {"unk_token", "[UNK]", "<unk>", false}, {"mask_token", "[MASK]", "<mask>", false}};
    uint32_t *ids[] = {&t->ids.cls, &t->ids.sep, &t->ids.pad, &t->ids.unk, &t->ids.mask};
    bool bpe = t->kind == WN_BYTE_BPE;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const cJSON *v = field(map, roles[i].key) ? field(map, roles[i].key) : field(config, roles[i].key);
        const char *text = cJSON_IsObject(v) ? string(v, "content") : cJSON_GetStringValue(v);
        if (!text) text = bpe ? roles[i].bpe : roles[i].wordpiece;
        *ids[i] = tok_vocab_find(&t->vocab, text, strlen(text));
        bool needed = roles[i].needed || (!bpe && ids[i] == &t->ids.unk);
        if (*ids[i] == TOK_NONE && needed)
            return wn_err_set(err, WN_EINPUT, "%s: the vocabulary has no %s (\"%s\")", dir, roles[i].key, text);
        if (*ids[i] == TOK_NONE) continue;
        bool lstrip = cJSON_IsObject(v) ? cJSON_IsTrue(field(v, "lstrip")) : bpe && ids[i] == &t->ids.mask;
        wn_code rc = add_special(t, text, *ids[i], lstrip, cJSON_IsTrue(field(v, "rstrip")), cJSON_IsTrue(field(v, "single_word")), err);
        if (rc) return rc;
    }
    return WN_OK;
}

/* The vocabulary of word-continuing pieces: those with the prefix, without it, under the same ids. */
static wn_code split_continuing(wn_tok *t, const char *prefix, wn_err *err) {
    size_t skip = strlen(prefix);
    wn_code rc = WN_OK;
    for (size_t id = 0; !rc && id < t->vocab.size; id++) {
        size_t n;
        const char *piece = tok_vocab_piece(&t->vocab, (uint32_t)id, &n);
        if (piece && n > skip && memcmp(piece, prefix, skip) == 0) rc = tok_vocab_add(&t->continuing, piece + skip, n - skip, (uint32_t)id, err);
    }
    if (!rc) rc = tok_vocab_index(&t->continuing, err);
    return rc ? rc : tok_chars_init(t, err);
}

static wn_code vocab_object(wn_tok *t, const cJSON *vocab, const char *path, wn_err *err) {
    const cJSON *v;
    wn_code rc = cJSON_IsObject(vocab) ? WN_OK : wn_err_set(err, WN_EINPUT, "%s: no vocabulary", path);
    cJSON_ArrayForEach(v, vocab) {
        if (rc) break;
        if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > 1e8)
            rc = wn_err_set(err, WN_EINPUT, "%s: the id of piece \"%.60s\" is not a number in range", path, v->string);
        else rc = tok_vocab_add(&t->vocab, v->string, strlen(v->string), (uint32_t)v->valuedouble, err);
    }
    return rc ? rc : tok_vocab_index(&t->vocab, err);
}

static wn_code load_vocab_txt(wn_tok *t, const file *f, wn_err *err) {
    uint32_t id = 0;
    wn_code rc = WN_OK;
    for (const char *p = f->data, *end = p + f->size; !rc && p < end; id++) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((line ? line : end) - p);
        rc = tok_vocab_add(&t->vocab, p, n && p[n - 1] == '\r' ? n - 1 : n, id, err);
        p = line ? line + 1 : end;
    }
    return rc ? rc : tok_vocab_index(&t->vocab, err);
}

typedef struct {
    const char *p, *end;  /* merges.txt */
    const cJSON *item;    /* or the list in tokenizer.json */
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
        const char *a = cJSON_GetStringValue(cJSON_GetArrayItem(item, 0)), *b = cJSON_GetStringValue(cJSON_GetArrayItem(item, 1));
        int len = a && b ? snprintf(m->joined, sizeof m->joined, "%s %s", a, b) : -1;
        if (len < 0 || (size_t)len >= sizeof m->joined) return wn_err_set(err, WN_EINPUT, "a merge is not two pieces");
        *pair = m->joined;
    }
    *n = strlen(*pair);
    return WN_OK;
}

static wn_code load_merges_txt(wn_tok *t, const file *f, wn_err *err) {
    const char *end = f->data + f->size, *p = f->data;
    if (f->size && p[0] == '#' && memchr(p, '\n', f->size)) p = (const char *)memchr(p, '\n', f->size) + 1;
    while (end > p && (end[-1] == '\n' || end[-1] == '\r')) end--;
    size_t count = end > p;
    for (const char *q = p; q < end; q++) count += *q == '\n';
    merges m = {.p = p, .end = end};
    return tok_bpe_merges(t, count, next_line, &m, err);
}

static bool yes(const cJSON *json, const char *name, bool fallback) {
    const cJSON *v = field(json, name);
    return v && !cJSON_IsNull(v) ? cJSON_IsTrue(v) : fallback;
}

static wn_code refuse(const char *path, const char *what, const char *got, const char *supported, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s: %s \"%s\" is not supported; %s", path, what, got ? got : "(none)", supported);
}

/* tokenizer.json: the whole pipeline is described; what differs from BERT's and RoBERTa's is refused by name. */
static wn_code load_wordpiece_json(wn_tok *t, const cJSON *json, const cJSON *model, const char *path, wn_err *err) {
    const cJSON *n = field(json, "normalizer"), *pre = field(json, "pre_tokenizer");
    const char *type = string(n, "type"), *prefix = string(model, "continuing_subword_prefix");
    const cJSON *longest = field(model, "max_input_chars_per_word");
    if (!type || strcmp(type, "BertNormalizer") != 0) return refuse(path, "normalizer", type, "BertNormalizer is", err);
    type = string(pre, "type");
    if (!type || strcmp(type, "BertPreTokenizer") != 0) return refuse(path, "pre-tokenizer", type, "BertPreTokenizer is", err);
    t->kind = WN_WORDPIECE;
    t->lowercase = yes(n, "lowercase", true);
    t->strip_accents = yes(n, "strip_accents", t->lowercase);
    t->clean = yes(n, "clean_text", true);
    t->cjk = yes(n, "handle_chinese_chars", true);
    t->longest_word = cJSON_IsNumber(longest) && longest->valuedouble >= 1 && longest->valuedouble < 1e6 ? (size_t)longest->valuedouble : 100;
    wn_code rc = vocab_object(t, field(model, "vocab"), path, err);
    return rc ? rc : split_continuing(t, prefix ? prefix : "##", err);
}

static wn_code load_bpe_json(wn_tok *t, const cJSON *json, const cJSON *model, const char *path, wn_err *err) {
    const cJSON *n = field(json, "normalizer"), *pre = field(json, "pre_tokenizer"), *list = field(model, "merges");
    const char *type = string(pre, "type");
    if (n && !cJSON_IsNull(n)) return refuse(path, "normalizer", string(n, "type"), "byte-level BPE has none", err);
    if (!type || strcmp(type, "ByteLevel") != 0 || !yes(pre, "use_regex", true)) return refuse(path, "pre-tokenizer", type, "ByteLevel with its pattern is", err);
    t->kind = WN_BYTE_BPE;
    t->prefix_space = yes(pre, "add_prefix_space", false);
    wn_code rc = vocab_object(t, field(model, "vocab"), path, err);
    if (rc) return rc;
    if (!cJSON_IsArray(list)) return wn_err_set(err, WN_EINPUT, "%s: no list of merges", path);
    merges m = {.item = list->child};
    return tok_bpe_merges(t, (size_t)cJSON_GetArraySize(list), next_item, &m, err);
}

static wn_code load_added(wn_tok *t, const cJSON *json, const char *path, wn_err *err) {
    const cJSON *v;
    wn_code rc = WN_OK;
    cJSON_ArrayForEach(v, field(json, "added_tokens")) {
        const char *text = string(v, "content");
        const cJSON *id = field(v, "id");
        if (!text || !cJSON_IsNumber(id) || !(id->valuedouble >= 0) || id->valuedouble > 1e8)
            return wn_err_set(err, WN_EINPUT, "%s: an added token without content and id", path);
        if (tok_vocab_find(&t->vocab, text, strlen(text)) == TOK_NONE) rc = tok_vocab_add(&t->vocab, text, strlen(text), (uint32_t)id->valuedouble, err);
        if (!rc) rc = add_special(t, text, (uint32_t)id->valuedouble, yes(v, "lstrip", false), yes(v, "rstrip", false), yes(v, "single_word", false), err);
        if (rc) return rc;
    }
    return tok_vocab_index(&t->vocab, err);
}

static wn_code load_tokenizer_json(wn_tok *t, const cJSON *json, const char *path, wn_err *err) {
    const cJSON *model = field(json, "model");
    const char *type = string(model, "type");
    if (!type) type = field(model, "merges") ? "BPE" : "WordPiece"; /* early files leave it out */
    wn_code rc;
    if (strcmp(type, "WordPiece") == 0) rc = load_wordpiece_json(t, json, model, path, err);
    else if (strcmp(type, "BPE") == 0) rc = load_bpe_json(t, json, model, path, err);
    else return refuse(path, "model", type, "WordPiece and byte-level BPE are", err);
    return rc ? rc : load_added(t, json, path, err);
}

/* vocab.txt, or vocab.json with merges.txt. */
static wn_code load_plain(wn_tok *t, const char *dir, const cJSON *config, wn_err *err) {
    file vocab, rest;
    cJSON *json = NULL;
    wn_code rc = slurp(&vocab, dir, "vocab.txt", err);
    if (rc) return rc;
    if (vocab.data) {
        t->kind = WN_WORDPIECE;
        t->lowercase = yes(config, "do_lower_case", true);
        t->strip_accents = yes(config, "strip_accents", t->lowercase);
        t->clean = true;
        t->cjk = yes(config, "tokenize_chinese_chars", true);
        t->longest_word = 100;
        rc = load_vocab_txt(t, &vocab, err);
        if (!rc) rc = split_continuing(t, "##", err);
        wn_free(vocab.data);
        return rc;
    }
    rc = slurp(&rest, dir, "merges.txt", err);
    if (!rc && rest.data) rc = read_json(&json, &vocab, dir, "vocab.json", err);
    if (!rc && !json) rc = wn_err_set(err, WN_EINPUT, "%s: no tokenizer.json, vocab.txt, or vocab.json with merges.txt in this folder", dir);
    if (!rc) {
        t->kind = WN_BYTE_BPE;
        t->prefix_space = yes(config, "add_prefix_space", false);
        rc = vocab_object(t, json, vocab.path, err);
    }
    if (!rc) rc = load_merges_txt(t, &rest, err);
    if (rc == WN_EINPUT && err && strncmp(err->msg, dir, strlen(dir)) != 0) (void)wn_err_prefix(err, "%s: ", rest.path);
    cJSON_Delete(json);
    wn_free(rest.data);
    return rc;
}

wn_code tok_load(wn_tok *t, const char *dir, wn_err *err) {
    file f;
    cJSON *config = NULL, *map = NULL, *json = NULL;
    t->ids = (wn_tok_specials){TOK_NONE, TOK_NONE, TOK_NONE, TOK_NONE, TOK_NONE};
    wn_code rc = read_json(&config, &f, dir, "tokenizer_config.json", err);
    if (!rc) rc = read_json(&map, &f, dir, "special_tokens_map.json", err);
    if (!rc) rc = read_json(&json, &f, dir, "tokenizer.json", err);
    if (!rc) rc = json ? load_tokenizer_json(t, json, f.path, err) : load_plain(t, dir, config, err);
    if (!rc) rc = find_roles(t, dir, config, map, err);
    if (rc == WN_EINPUT && err && strncmp(err->msg, dir, strlen(dir)) != 0) (void)wn_err_prefix(err, "%s: ", dir);
    cJSON_Delete(config);
    cJSON_Delete(map);
    cJSON_Delete(json);
    return rc;
}
