#ifndef WN_FINETUNE_EXAMPLES_H
#define WN_FINETUNE_EXAMPLES_H
/* Labelled records as token ids: tokenised once, packed into batches without padding. */
#include <winnow/bert.h>
#include <winnow/finetune.h>
#include <winnow/progress.h>
#include <winnow/records.h>

typedef struct {
    wn_records_opts records;    /* text and label fields; pairs: two text fields */
    wn_finetune_task task;      /* not AUTO */
    const char *const *choices; /* [nchoices] fields of the continuations */
    size_t nchoices;
    size_t max_tokens; /* of a text or pair; 0: no bound */
} wn_examples_opts;

typedef struct {
    wn_corpus corpus; /* ids, labels and places of the records; the first of the texts */
    size_t n, per;    /* examples; texts or pairs of one: its choices, else 1 */
    uint32_t *ids;
    uint8_t *types;
    size_t *offsets;  /* [n * per + 1] text j of example i is the tokens from offsets[i * per + j] */
    size_t truncated; /* texts that were cut */
    uint32_t *target; /* [n] class or choice; NULL: a number is learnt, or the records have no labels */
    float *value;     /* [n] the number; NULL otherwise */
} wn_examples;

/* Reads the records (once for every text of an example) and tokenises them; targets are left to wn_classes_map and
 * wn_examples_values. *e is empty on failure. All threads. */
wn_code wn_examples_read(wn_examples *e, const wn_examples_opts *o, const wn_tok *tok, wn_progress *p, wn_err *err);
/* The same of texts that are read already, without a corpus and targets, which are the caller's. */
wn_code wn_examples_of_texts(wn_examples *e, const wn_texts *texts, size_t max_tokens, const wn_tok *tok,
                             wn_progress *p, wn_err *err);
void wn_examples_free(wn_examples *e); /* empties *e; NULL is fine */

/* The labels as numbers, into e->value. WN_EINPUT names the first record without one. */
wn_code wn_examples_values(wn_examples *e, const char *label_field, wn_err *err);
/* WN_EINPUT where a record has no label, naming the first. */
wn_code wn_examples_labelled(const wn_examples *e, const char *label_field, wn_err *err);
/* Puts "FILE:LINE: " of a record before the message that err holds; returns its code. */
wn_code wn_examples_where(const wn_examples *e, size_t row, wn_err *err);
/* A number that two sets of examples share only if they are the same: tokens, targets and values. hex [33]. */
void wn_examples_fingerprint(const wn_examples *e, char hex[33]);

/* Room for a batch; zero-initialise, wn_example_batch_free in the end. */
typedef struct {
    wn_token_batch view;
    uint32_t *ids;
    uint8_t *types;
    size_t *offsets, ids_cap, types_cap, offsets_cap;
} wn_example_batch;
/* The texts named, [m] from 0 to n * per, behind one another. */
wn_code wn_example_batch_take(wn_example_batch *b, const wn_examples *e, const size_t *texts, size_t m, wn_err *err);
void wn_example_batch_free(wn_example_batch *b);

#endif
