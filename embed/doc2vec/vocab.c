#include "vocab.h"

#include <winnow/mem.h>

void wn_d2v_vocab_free(wn_d2v_vocab *v) {
    if (!v) return;
    wn_strset_free(&v->words);
    wn_free(v->counts);
    *v = (wn_d2v_vocab){0};
}

wn_code wn_d2v_vocab_add(wn_d2v_vocab *v, const char *word, size_t len, uint64_t count, uint32_t *id, wn_err *err) {
    wn_code code = wn_reserve((void **)&v->counts, &v->counts_cap, v->words.n + 1, sizeof *v->counts, err);
    if (code != WN_OK) return code;
    if ((code = wn_strset_add(&v->words, word, len, wn_string_hash(word, len), id, err)) != WN_OK) return code;
    v->counts[*id] += count;
    return WN_OK;
}

uint32_t wn_d2v_vocab_find(const wn_d2v_vocab *v, const char *word, size_t len) {
    return wn_strset_find(&v->words, word, len, wn_string_hash(word, len));
}
