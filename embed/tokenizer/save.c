/* tokenizer.json of a static table, from a tokenizer as it was opened, whatever files that came from. */
#include "tok_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/tok_table.h>

/* ---- which pieces ---- */

/* [unused0], [unused1], ...: places that a vocabulary of BERT keeps free. */
static bool is_unused(const char *piece, size_t n) {
    static const char head[] = "[unused";
    const size_t skip = sizeof head - 1;
    if (n < skip + 2 || memcmp(piece, head, skip) != 0 || piece[n - 1] != ']') return false;
    for (size_t i = skip; i + 1 < n; i++)
        if (piece[i] < '0' || piece[i] > '9') return false;
    return true;
}

bool wn_tok_table_empty(const wn_tok *t, uint32_t id) {
    return id == t->ids.unk || id == t->ids.pad;
}

static void mark_added(const wn_added_tokens *list, const wn_tok *t, bool *out) {
    for (size_t i = 0; i < list->n; i++)
        if (!wn_tok_table_empty(t, list->items[i].id)) out[list->items[i].id] = true;
}

wn_code wn_tok_table_pieces(uint32_t **ids, size_t *n, const wn_tok *t, wn_err *err) {
    const size_t size = t->vocab.size;
    bool *out = wn_alloc(size + 1, sizeof *out, err);
    wn_code code = WN_EMEMORY;
    *n = 0;
    *ids = out ? wn_alloc(size + 1, sizeof **ids, err) : NULL;
    if (!*ids) goto out;
    mark_added(&t->raw, t, out);
    mark_added(&t->late, t, out);
    for (uint32_t id = 0; id < size; id++) {
        size_t len;
        const char *piece = wn_tok_vocab_piece(&t->vocab, id, &len);
        if (!piece || out[id] || is_unused(piece, len) || wn_tok_vocab_find(&t->vocab, piece, len) != id) continue;
        (*ids)[(*n)++] = id;
    }
    code = WN_OK;
out:
    wn_free(out);
    return code;
}

/* ---- the file ---- */

/* A document that is made; cJSON's Add functions take NULL, and one flag collects what memory was too little for. */
typedef struct {
    const wn_tok *t;
    char *text; /* room for a piece, or two, and a zero */
    bool failed;
} writing;

static void check(writing *w, const cJSON *made) {
    w->failed |= !made;
}

static const char *piece_text(const writing *w, uint32_t id) {
    size_t n = 0;
    const char *piece = wn_tok_vocab_piece(&w->t->vocab, id, &n);
    if (n) memcpy(w->text, piece, n);
    w->text[n] = 0;
    return w->text;
}

/* {"type": ...} */
static cJSON *add_typed(writing *w, cJSON *in, const char *name, const char *type) {
    cJSON *o = cJSON_AddObjectToObject(in, name);
    check(w, cJSON_AddStringToObject(o, "type", type));
    return o;
}

/* What stands before pieces that go on with a word. */
static void continuing_prefix(const wn_tok *t, char out[32]) {
    size_t n, m;
    (void)snprintf(out, 32, "##");
    for (uint32_t id = 0; id < t->continuing.size; id++) {
        const char *whole = wn_tok_vocab_piece(&t->vocab, id, &n);
        if (!wn_tok_vocab_piece(&t->continuing, id, &m) || !whole || n - m >= 32) continue;
        memcpy(out, whole, n - m);
        out[n - m] = 0;
        return;
    }
}

static void add_vocabulary(writing *w, cJSON *model, const uint32_t *ids, size_t n) {
    cJSON *vocab = cJSON_AddObjectToObject(model, "vocab");
    for (size_t i = 0; i < n && !w->failed; i++)
        check(w, cJSON_AddNumberToObject(vocab, piece_text(w, ids[i]), (double)i));
}

static void add_special(writing *w, cJSON *root, const uint32_t *ids, size_t n) {
    static const char *const flags[] = {"single_word", "lstrip", "rstrip", "normalized"};
    cJSON *list = cJSON_AddArrayToObject(root, "added_tokens");
    for (size_t i = 0; i < n; i++) {
        if (!wn_tok_table_empty(w->t, ids[i])) continue;
        cJSON *o = cJSON_CreateObject();
        w->failed |= !o || !cJSON_AddItemToArray(list, o);
        check(w, cJSON_AddNumberToObject(o, "id", (double)i));
        check(w, cJSON_AddStringToObject(o, "content", piece_text(w, ids[i])));
        for (size_t k = 0; k < sizeof flags / sizeof *flags; k++) check(w, cJSON_AddFalseToObject(o, flags[k]));
        check(w, cJSON_AddTrueToObject(o, "special"));
    }
}

static void write_wordpiece(writing *w, cJSON *root, const uint32_t *ids, size_t n) {
    const wn_tok *t = w->t;
    char prefix[32];
    continuing_prefix(t, prefix);
    cJSON *o = add_typed(w, root, "normalizer", "BertNormalizer");
    check(w, cJSON_AddBoolToObject(o, "clean_text", t->clean));
    check(w, cJSON_AddBoolToObject(o, "handle_chinese_chars", t->cjk));
    check(w, cJSON_AddBoolToObject(o, "strip_accents", t->strip_accents));
    check(w, cJSON_AddBoolToObject(o, "lowercase", t->lowercase));
    (void)add_typed(w, root, "pre_tokenizer", "BertPreTokenizer");
    check(w, cJSON_AddNullToObject(root, "post_processor"));
    o = add_typed(w, root, "decoder", "WordPiece");
    check(w, cJSON_AddStringToObject(o, "prefix", prefix));
    check(w, cJSON_AddTrueToObject(o, "cleanup"));
    o = add_typed(w, root, "model", "WordPiece");
    check(w, cJSON_AddStringToObject(o, "unk_token", piece_text(w, t->ids.unk)));
    check(w, cJSON_AddStringToObject(o, "continuing_subword_prefix", prefix));
    check(w, cJSON_AddNumberToObject(o, "max_input_chars_per_word", (double)t->longest_word));
    add_vocabulary(w, o, ids, n);
}

typedef struct {
    uint32_t rank, left, right;
} merge;

static int by_rank(const void *a, const void *b) {
    const merge *x = a, *y = b;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* By rank. No piece of a merge is an added token, so all are there still. */
static wn_code add_merges(writing *w, cJSON *model, wn_err *err) {
    const wn_tok *t = w->t;
    size_t n = 0;
    cJSON *list = cJSON_AddArrayToObject(model, "merges");
    merge *all = wn_alloc(t->merges + 1, sizeof *all, err);
    if (!all) return WN_EMEMORY;
    for (size_t i = 0; i <= t->merge_mask; i++)
        if (t->merge_keys[i] != UINT64_MAX)
            all[n++] = (merge){(uint32_t)(t->merge_values[i] >> 32), (uint32_t)(t->merge_keys[i] >> 32),
                               (uint32_t)t->merge_keys[i]};
    qsort(all, n, sizeof *all, by_rank);
    for (size_t i = 0; i < n && !w->failed; i++) {
        size_t a, b;
        const char *left = wn_tok_vocab_piece(&t->vocab, all[i].left, &a),
                   *right = wn_tok_vocab_piece(&t->vocab, all[i].right, &b);
        memcpy(w->text, left, a);
        w->text[a] = ' ';
        memcpy(w->text + a + 1, right, b);
        w->text[a + 1 + b] = 0;
        cJSON *item = cJSON_CreateString(w->text);
        w->failed |= !item || !cJSON_AddItemToArray(list, item);
    }
    wn_free(all);
    return WN_OK;
}

static wn_code write_bpe(writing *w, cJSON *root, const uint32_t *ids, size_t n, wn_err *err) {
    static const char *const none[] = {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"};
    check(w, cJSON_AddNullToObject(root, "normalizer"));
    static const char *const levels[] = {"pre_tokenizer", "decoder"};
    for (size_t i = 0; i < 2; i++) {
        cJSON *o = add_typed(w, root, levels[i], "ByteLevel");
        check(w, cJSON_AddTrueToObject(o, "add_prefix_space"));
        check(w, cJSON_AddTrueToObject(o, "trim_offsets"));
        check(w, cJSON_AddTrueToObject(o, "use_regex"));
    }
    check(w, cJSON_AddNullToObject(root, "post_processor"));
    cJSON *model = add_typed(w, root, "model", "BPE");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) check(w, cJSON_AddNullToObject(model, none[i]));
    check(w, cJSON_AddFalseToObject(model, "fuse_unk"));
    check(w, cJSON_AddFalseToObject(model, "byte_fallback"));
    add_vocabulary(w, model, ids, n);
    return add_merges(w, model, err);
}

wn_code wn_tok_table_json(cJSON **out, const wn_tok *t, const uint32_t *ids, size_t n, wn_err *err) {
    writing w = {.t = t, .text = wn_alloc(2 * t->vocab.longest + 2, 1, err)};
    cJSON *root = cJSON_CreateObject();
    wn_code code = w.text ? WN_OK : WN_EMEMORY;
    *out = NULL;
    if (code != WN_OK) goto out;
    check(&w, cJSON_AddStringToObject(root, "version", "1.0"));
    check(&w, cJSON_AddNullToObject(root, "truncation"));
    check(&w, cJSON_AddNullToObject(root, "padding"));
    add_special(&w, root, ids, n);
    if (t->kind == WN_WORDPIECE)
        write_wordpiece(&w, root, ids, n);
    else
        code = write_bpe(&w, root, ids, n, err);
    if (code == WN_OK && w.failed) code = wn_err_set(err, WN_EMEMORY, "out of memory while tokenizer.json was made");
out:
    wn_free(w.text);
    if (code == WN_OK)
        *out = root;
    else
        cJSON_Delete(root);
    return code;
}
