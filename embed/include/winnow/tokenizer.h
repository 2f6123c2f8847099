#ifndef WINNOW_TOKENIZER_H
#define WINNOW_TOKENIZER_H
/* Text -> token ids, equal to the Hugging Face reference on every text: WordPiece (BERT, DistilBERT, ALBERT with a
 * vocab.txt) and byte-level BPE (RoBERTa). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum { WN_WORDPIECE, WN_BYTE_BPE } wn_tok_kind;

typedef struct wn_tok wn_tok;
/* `dir`: a model folder with vocab.txt, vocab.json + merges.txt, or tokenizer.json, and tokenizer_config.json,
 * special_tokens_map.json where it has them; where files disagree, the reference library decides (docs/models.md). With
 * a modules.json the prompt and the lower case of sentence-transformers are part of it. The tokenizer of a static table
 * (winnow/static.h) is tokenizer.json as it is written, and puts no special tokens around a text. Read-only after
 * opening: one object serves all threads. */
wn_code wn_tok_open(wn_tok **out, const char *dir, wn_err *err);
void wn_tok_close(wn_tok *t);

/* Ids of one text or pair; reusable: zero-initialise, wn_ids_free in the end. One per thread (it holds scratch). */
typedef struct {
    uint32_t *ids;  /* [n] special tokens included */
    uint8_t *types; /* [n] 0 = first text, 1 = second */
    size_t n, cap;
    bool truncated; /* the text had more tokens than max */
    void *scratch;
} wn_ids;
void wn_ids_free(wn_ids *ids);

/* b == NULL: a single text. max: tokens at most, special ones included (0 = no bound); pairs are cut "longest first";
 * the end is cut off, or the beginning where the model's files say so.
 * Invalid UTF-8 is WN_EINPUT. */
wn_code wn_tok_encode(const wn_tok *t, const char *a, size_t na, const char *b, size_t nb, size_t max, wn_ids *out,
                      wn_err *err);

wn_tok_kind wn_tok_type(const wn_tok *t);
size_t wn_tok_size(const wn_tok *t);                                    /* highest id + 1 */
const char *wn_tok_piece(const wn_tok *t, uint32_t id, size_t *len);    /* NULL for an id without a piece */
bool wn_tok_lowercase(const wn_tok *t);
size_t wn_tok_written_max(const wn_tok *t); /* of a static table: tokens that its file leaves of a text; 0: all */
const char *wn_tok_prompt(const wn_tok *t);  /* what stands before every single text; "": nothing */
const char *wn_tok_unknown(const wn_tok *t); /* "FILE: key; FILE: key": keys that winnow does not know; "": none */
/* Ids of special tokens; UINT32_MAX where the vocabulary has none. */
typedef struct {
    uint32_t cls, sep, pad, unk, mask;
} wn_tok_specials;
wn_tok_specials wn_tok_special_ids(const wn_tok *t);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
