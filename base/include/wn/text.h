#ifndef WINNOW_TEXT_H
#define WINNOW_TEXT_H
/* Unicode: what formats, embed and similarity need of it (utf8proc below). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <wn/buf.h>

/* Offset of the first byte that is not valid UTF-8 (surrogates and overlong forms are not), or n. */
size_t wn_utf8_invalid(const char *s, size_t n);

/* Bytes of the byte order mark that s begins with: 3 or 0. It is passed over at the start of every text file. */
size_t wn_text_mark(const char *s, size_t n);

/* True if the text is empty or holds only white space. */
bool wn_text_blank(const char *s, size_t n);

/* Normal forms of Unicode: composed; composed after case folding; decomposed. Marks in canonical order. Linear time.
 * Replaces what `out` held. WN_EINPUT where s is not UTF-8. */
typedef enum { WN_NFC, WN_NFC_FOLDED, WN_NFD } wn_normal_form;
wn_code wn_text_normalize(const char *s, size_t n, wn_normal_form form, wn_buf *out, wn_err *err);

/* The text for comparing: NFC, case folded, runs of white space as one space, trimmed. Replaces what `out` held. */
wn_code wn_text_fold(const char *s, size_t n, wn_buf *out, wn_err *err);

/* Words for LSA and doc2vec: maximal runs of letters, marks, digits and '_', lower case, NFC. Calls `word` for each;
 * stops at the first code that is not WN_OK. `scratch` is reused between calls. */
typedef wn_code (*wn_word_sink)(void *ctx, const char *word, size_t n, wn_err *err);
wn_code wn_text_words(const char *s, size_t n, wn_buf *scratch, wn_word_sink word, void *ctx, wn_err *err);
/* The same for maximal runs of anything but white space. */
wn_code wn_text_runs(const char *s, size_t n, wn_buf *scratch, wn_word_sink run, void *ctx, wn_err *err);

/* The code point at s[0], of valid UTF-8, and its bytes. */
uint32_t wn_text_point(const char *s, size_t *length);
/* A letter of a script that is written without spaces between words (Han, kana, Thai, Lao, Khmer, Myanmar)? */
bool wn_text_unspaced(uint32_t c);
/* A combining mark, which belongs to the letter before it? */
bool wn_text_is_mark(uint32_t c);

#endif
