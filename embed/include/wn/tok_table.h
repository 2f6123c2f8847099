#ifndef WN_TOK_TABLE_H
#define WN_TOK_TABLE_H
/* The tokenizer of an encoder made into that of a static table. */
#include <cjson/cJSON.h>
#include <winnow/tokenizer.h>

/* ids[n]: the pieces that a table keeps, by rising id, the caller's to free with wn_free. Left out, as model2vec's
 * distill does, are [unusedN] and added tokens (those of frame and mask among them), padding and the unknown token
 * aside. */
wn_code wn_tok_table_pieces(uint32_t **ids, size_t *n, const wn_tok *t, wn_err *err);
/* tokenizer.json of a tokenizer with these pieces, numbered from 0, that splits a text as t does and frames none; the
 * first word of a text has a space before it where others have (byte-level BPE). cJSON_Delete the result. */
wn_code wn_tok_table_json(cJSON **out, const wn_tok *t, const uint32_t *ids, size_t n, wn_err *err);
/* Is it one of those that no row stands for: padding, or what is unknown? */
bool wn_tok_table_empty(const wn_tok *t, uint32_t id);

#endif
