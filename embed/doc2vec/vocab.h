#ifndef WINNOW_D2V_VOCAB_H
#define WINNOW_D2V_VOCAB_H
/* Words and their numbers, and a corpus as word numbers. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/data.h>
#include <winnow/progress.h>
#include <wn/strmap.h>

#define WN_D2V_NONE WN_STRSET_NONE

/* Words, numbered in the order of insertion, and how often each occurs. Zero-initialise. */
typedef struct {
    wn_strset words;
    uint64_t *counts; /* [words.n] */
    size_t counts_cap;
} wn_d2v_vocab;
void wn_d2v_vocab_free(wn_d2v_vocab *v);

/* Adds `count` to the word's count, inserting it where it is new. */
wn_code wn_d2v_vocab_add(wn_d2v_vocab *v, const char *word, size_t len, uint64_t count, uint32_t *id, wn_err *err);
/* The word's number, or WN_D2V_NONE. */
uint32_t wn_d2v_vocab_find(const wn_d2v_vocab *v, const char *word, size_t len);

/* Text i is ids[off[i] .. off[i+1]): its known words in order. */
typedef struct {
    size_t n;
    uint32_t *ids; /* [off[n]] */
    uint64_t *off; /* [n + 1] */
    size_t longest;
} wn_d2v_corpus;
void wn_d2v_corpus_free(wn_d2v_corpus *c);

/* Reads texts into word numbers: words that occur at least min_count times, by count descending, ties by first
 * appearance. All threads; the result does not depend on their number. Both outputs are the caller's to free. */
wn_code wn_d2v_corpus_read(wn_d2v_corpus *corpus, wn_d2v_vocab *vocab, const wn_texts *texts, size_t min_count,
                           wn_progress *p, wn_err *err);

#endif
