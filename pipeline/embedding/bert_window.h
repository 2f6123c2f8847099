#ifndef WINNOW_PIPELINE_BERT_WINDOW_H
#define WINNOW_PIPELINE_BERT_WINDOW_H
/* A run of rows as token ids, and which of them equal an earlier row. Where a window ends depends on nothing but the
 * texts and the two limits. */
#include <stdint.h>
#include <winnow/bert.h>
#include <winnow/data.h>
#include <winnow/progress.h>
#include <winnow/tokenizer.h>

typedef struct wn_windows wn_windows;

typedef struct {
    size_t begin, n;
    const uint32_t *ids;   /* of row begin + i: ids[off[i] .. off[i + 1]) */
    const size_t *off;     /* [n + 1] */
    const size_t *same_as; /* [n] the first row of all with these ids: begin + i itself, or an earlier one */
    size_t truncated;      /* of the n texts */
} wn_window;

/* max_tokens: of one text, special ones included. limit_rows, limit_tokens: of a window, passed by one batch at most.
 */
wn_code wn_windows_open(wn_windows **out, const wn_tok *tok, const wn_texts *texts, size_t max_tokens,
                        size_t limit_rows, size_t limit_tokens, wn_err *err);
/* The next window; n == 0 after the last. It is valid until the next call. tick (may be NULL) is called now and then
 * with the rows done. */
typedef wn_code (*wn_window_tick)(void *ctx, size_t rows, wn_err *err);
wn_code wn_windows_next(wn_windows *w, wn_window *out, wn_window_tick tick, void *ctx, wn_err *err);
void wn_windows_close(wn_windows *w);

#endif
