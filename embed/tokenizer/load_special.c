/* Added and special tokens: from which file they come, and what frames a text. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

/* Matched as it stands, or (normalized) in the text as the model gets it. */
static wn_code add_special(wn_tok *t, const char *text, uint32_t id, const cJSON *flags, bool lstrip, wn_err *err) {
    wn_added_token s = {.id = id,
                        .lstrip = wn_json_flag(flags, "lstrip", lstrip),
                        .rstrip = wn_json_flag(flags, "rstrip", false),
                        .single_word = wn_json_flag(flags, "single_word", false)};
    bool late = (t->kind == WN_WORDPIECE || t->lowercase) && wn_json_flag(flags, "normalized", false);
    if (!late) return wn_added_tokens_add(&t->raw, &s, text, strlen(text), err);
    wn_buf normal = {0};
    wn_code code = t->kind == WN_WORDPIECE ? wn_tok_wordpiece_normalize(t, text, strlen(text), &normal, err)
                                           : wn_tok_lower(text, strlen(text), &normal, err);
    if (code == WN_OK && normal.len > 0) /* what normalises to nothing never matches */
        code = wn_added_tokens_add(&t->late, &s, normal.data, normal.len, err);
    wn_free(normal.data);
    return code;
}

/* Under the id that the vocabulary gives it, or else as a piece of its own under `id`. */
static wn_code add_token(wn_tok *t, const char *text, uint32_t id, const cJSON *flags, wn_err *err) {
    const uint32_t known = wn_tok_vocab_find(&t->vocab, text, strlen(text));
    wn_code code = known == WN_TOK_NONE ? wn_tok_vocab_add(&t->vocab, text, strlen(text), id, err) : WN_OK;
    return code != WN_OK ? code : add_special(t, text, known == WN_TOK_NONE ? id : known, flags, false, err);
}

/* The list in tokenizer.json. */
static wn_code add_listed(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    const cJSON *v, *list = wn_json_field(f->json, "added_tokens");
    const unsigned long long high = wn_tok_id_bound(t->vocab.size);
    unsigned long long id;
    cJSON_ArrayForEach(v, list) {
        const char *text = wn_json_string(v, "content");
        if (!text || !wn_jsonfile_whole(wn_json_field(v, "id"), high, &id))
            return wn_err_set(err, WN_EINPUT, "%s: an added token without content, or without an id from 0 to %llu",
                              f->path, high);
        const wn_code code = add_token(t, text, (uint32_t)id, v, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* added_tokens_decoder of tokenizer_config.json: {"id": {"content": ...}}. */
static wn_code add_decoder(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    const cJSON *v, *list = wn_json_field(f->config, "added_tokens_decoder");
    const unsigned long long high = wn_tok_id_bound(t->vocab.size);
    cJSON_ArrayForEach(v, list) {
        const char *text = wn_json_string(v, "content");
        char *end = NULL;
        const unsigned long long id = v->string ? strtoull(v->string, &end, 10) : 0;
        if (!text || !end || end == v->string || *end || id > high)
            return wn_err_set(
                err, WN_EINPUT,
                "%s/tokenizer_config.json: added_tokens_decoder: a token without content, or without an id "
                "from 0 to %llu",
                f->dir, high);
        const wn_code code = add_token(t, text, (uint32_t)id, v, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* added_tokens.json: {"token": id}; matched in the normalised text, as tokens that are not special are. */
static wn_code add_old_list(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    const unsigned long long high = wn_tok_id_bound(t->vocab.size);
    unsigned long long id;
    cJSON *list, *flags = cJSON_CreateObject();
    const cJSON *v;
    wn_code code = wn_jsonfile_read(&list, f->dir, "added_tokens.json", WN_TOK_JSON_MAX, false, err);
    if (code != WN_OK) goto out;
    if (!flags || !cJSON_AddTrueToObject(flags, "normalized")) {
        code = wn_err_set(err, WN_EMEMORY, "out of memory for added tokens");
        goto out;
    }
    cJSON_ArrayForEach(v, list) {
        if (!wn_jsonfile_whole(v, high, &id)) {
            code =
                wn_err_set(err, WN_EINPUT, "%s/added_tokens.json: the id of \"%.60s\" is not a number from 0 to %llu",
                           f->dir, v->string ? v->string : "", high);
            goto out;
        }
        if ((code = add_token(t, v->string, (uint32_t)id, flags, err)) != WN_OK) goto out;
    }
out:
    cJSON_Delete(flags);
    cJSON_Delete(list);
    return code;
}

/* Further special tokens: a list, or named ones; new ones get the next ids. */
static wn_code add_further(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    static const char *const keys[] = {"extra_special_tokens", "additional_special_tokens"};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *v, *list = wn_json_field(f->map, keys[i]);
        if (!list) list = wn_json_field(f->config, keys[i]);
        cJSON_ArrayForEach(v, list) {
            const char *text = cJSON_IsObject(v) ? wn_json_string(v, "content") : cJSON_GetStringValue(v);
            if (!text || !*text) continue;
            const size_t had = t->vocab.size;
            wn_code code = add_token(t, text, (uint32_t)had, cJSON_IsObject(v) ? v : NULL, err);
            if (code != WN_OK) return code;
            if (t->vocab.size > had && (code = wn_tok_vocab_index(&t->vocab, err)) != WN_OK) return code;
        }
    }
    return WN_OK;
}

/* The five roles: the piece that plays each, from the configuration or by custom. */
static wn_code find_roles(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    static const struct {
        const char *key, *wordpiece, *bpe;
        bool needed;
    } roles[] = {{"cls_token", "[CLS]", "<s>", true},
                 {"sep_token", "[SEP]", "</s>", true},
                 {"pad_token", "[PAD]", "<pad>", false},
                 {"unk_token", "[UNK]", "<unk>", false},
                 {"mask_token", "[MASK]", "<mask>", false}};
    uint32_t *ids[] = {&t->ids.cls, &t->ids.sep, &t->ids.pad, &t->ids.unk, &t->ids.mask};
    const char *framing[] = {f->cls, f->sep, NULL, f->unk, NULL};
    bool bpe = t->kind == WN_BYTE_BPE;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const cJSON *v = wn_json_field(f->map, roles[i].key);
        if (!v) v = wn_json_field(f->config, roles[i].key);
        const char *text = cJSON_IsObject(v) ? wn_json_string(v, "content") : cJSON_GetStringValue(v);
        if (framing[i]) text = framing[i];
        if (!text) text = bpe ? roles[i].bpe : roles[i].wordpiece;
        *ids[i] = wn_tok_vocab_find(&t->vocab, text, strlen(text));
        bool needed = roles[i].needed || (!bpe && ids[i] == &t->ids.unk);
        if (*ids[i] == WN_TOK_NONE && needed)
            return wn_err_set(err, WN_EINPUT, "%s: the vocabulary has no %s (\"%.60s\")", f->dir, roles[i].key, text);
        if (!*text || (*ids[i] == WN_TOK_NONE && !v)) continue;
        wn_code code;
        if (*ids[i] == WN_TOK_NONE) { /* named, and no piece: it gets the next id */
            *ids[i] = (uint32_t)t->vocab.size;
            if ((code = wn_tok_vocab_add(&t->vocab, text, strlen(text), *ids[i], err)) != WN_OK) return code;
            if ((code = wn_tok_vocab_index(&t->vocab, err)) != WN_OK) return code;
        }
        /* the mask of RoBERTa, where no file describes it, takes the space before it */
        const bool lstrip = bpe && !v && ids[i] == &t->ids.mask;
        code = add_special(t, text, *ids[i], cJSON_IsObject(v) ? v : NULL, lstrip, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* ---- the frame ---- */

static const char *special_of(const cJSON *step) {
    return wn_json_string(wn_json_field(step, "SpecialToken"), "id");
}

/* [CLS] A [SEP] and [CLS] A [SEP] B [SEP], or with two separators between A and B. */
static bool read_template(wn_tok *t, const cJSON *post, wn_tok_files *f) {
    const cJSON *one = wn_json_field(post, "single"), *two = wn_json_field(post, "pair"), *type;
    if (cJSON_GetArraySize(one) != 3 || !wn_json_field(cJSON_GetArrayItem(one, 1), "Sequence")) return false;
    f->cls = special_of(cJSON_GetArrayItem(one, 0));
    f->sep = special_of(cJSON_GetArrayItem(one, 2));
    if (!f->cls || !f->sep) return false;
    int n = cJSON_GetArraySize(two);
    if (n == 0) return true;
    for (int i = 0; i < n; i++) {
        const cJSON *step = cJSON_GetArrayItem(two, i);
        bool sequence = i == 1 || i == n - 2;
        if (n < 5 || n > 6 || sequence != (wn_json_field(step, "Sequence") != NULL)) return false;
        const char *name = special_of(step);
        if (!sequence && (!name || strcmp(name, i ? f->sep : f->cls) != 0)) return false;
    }
    t->double_sep = n == 6;
    type = wn_json_field(wn_json_field(cJSON_GetArrayItem(two, n - 2), "Sequence"), "type_id");
    t->second_type = cJSON_IsNumber(type) && type->valuedouble == 1;
    return true;
}

static wn_code read_post_processor(wn_tok *t, wn_tok_files *f, wn_err *err) {
    const cJSON *post = wn_json_field(f->json, "post_processor");
    const char *type = wn_json_string(post, "type");
    bool bert = type && strcmp(type, "BertProcessing") == 0, roberta = type && strcmp(type, "RobertaProcessing") == 0;
    if (bert || roberta) {
        f->cls = cJSON_GetStringValue(cJSON_GetArrayItem(wn_json_field(post, "cls"), 0));
        f->sep = cJSON_GetStringValue(cJSON_GetArrayItem(wn_json_field(post, "sep"), 0));
        t->double_sep = roberta;
        t->second_type = bert;
        return WN_OK;
    }
    if (type && strcmp(type, "TemplateProcessing") == 0 && read_template(t, post, f)) return WN_OK;
    return wn_tok_refuse(f, "post-processor", type, "one that frames a text with an opening and a closing token is",
                         err);
}

/* Of a tokenizer without a frame: what its file lists, and the piece for what is unknown. */
static wn_code load_bare(wn_tok *t, const wn_tok_files *f, wn_err *err) {
    const char *unk = wn_json_string(wn_json_field(f->json, "model"), "unk_token");
    wn_code code = add_listed(t, f, err);
    if (code != WN_OK) return code;
    if ((code = wn_tok_vocab_index(&t->vocab, err)) != WN_OK) return code;
    if (unk) t->ids.unk = wn_tok_vocab_find(&t->vocab, unk, strlen(unk));
    if (t->kind == WN_WORDPIECE && t->ids.unk == WN_TOK_NONE)
        return wn_err_set(err, WN_EINPUT, "%s: the vocabulary has no unk_token (\"%.60s\")", f->path,
                          unk ? unk : "none");
    wn_added_tokens_sort(&t->raw);
    wn_added_tokens_sort(&t->late);
    return WN_OK;
}

wn_code wn_tok_load_special(wn_tok *t, wn_tok_files *f, wn_err *err) {
    if (t->bare) return load_bare(t, f, err);
    const bool written = f->json && f->maker == WN_TOK_WRITTEN;
    wn_code code;
    if (written) {
        if ((code = read_post_processor(t, f, err)) != WN_OK) return code;
        f->unk = wn_json_string(wn_json_field(f->json, "model"), "unk_token");
    } else {
        t->double_sep = t->kind == WN_BYTE_BPE;
        t->second_type = t->kind == WN_WORDPIECE;
    }
    if (!written && wn_json_field(f->config, "added_tokens_decoder"))
        code = add_decoder(t, f, err);
    else {
        code = written ? WN_OK : add_old_list(t, f, err);
        if (code == WN_OK) code = add_listed(t, f, err);
    }
    if (code != WN_OK) return code;
    if ((code = wn_tok_vocab_index(&t->vocab, err)) != WN_OK) return code;
    if ((code = find_roles(t, f, err)) != WN_OK) return code;
    if ((code = add_further(t, f, err)) != WN_OK) return code;
    wn_added_tokens_sort(&t->raw);
    wn_added_tokens_sort(&t->late);
    return WN_OK;
}
