#ifndef WINNOW_PIPELINE_BERT_JOB_H
#define WINNOW_PIPELINE_BERT_JOB_H
/* Texts -> vectors by a BERT-family model, however many there are: windows of rows, equal texts computed once, longest
 * first, every group of finished vectors kept in a part file. The result depends neither on windows, groups and threads
 * nor on whether the job was killed and resumed. */
#include <winnow/bert.h>
#include <winnow/config.h>
#include <winnow/data.h>

typedef struct {
    size_t texts, tokens, truncated; /* tokens of all texts, special ones included */
    size_t equal;                    /* texts with the tokens of an earlier one */
    size_t resumed;                  /* vectors taken from the part file */
    size_t computed, computed_tokens;
    double seconds; /* that the computed ones took */
} wn_bert_counts;

typedef struct wn_bert_job wn_bert_job;

/* Refuses early what opening would refuse: no such model, layer, number of tokens, precision. */
wn_code wn_bert_job_check(const wn_config *c, wn_err *err);
/* Finds and opens the model that c names, and its tokenizer. */
wn_code wn_bert_job_open(wn_bert_job **out, const wn_config *c, wn_err *err);
void wn_bert_job_close(wn_bert_job *j); /* keeps the part file */
/* Closes model and tokenizer, which take memory; the rest stays. */
void wn_bert_job_release(wn_bert_job *j);
/* The output is in place: removes the part file. NULL is fine. */
void wn_bert_job_done(wn_bert_job *j);

size_t wn_bert_job_dims(const wn_bert_job *j);
/* With --all-layers: how many, the embeddings included (else 0), and their width. */
size_t wn_bert_job_layers(const wn_bert_job *j);
size_t wn_bert_job_hidden(const wn_bert_job *j);
const char *wn_bert_job_dir(const wn_bert_job *j);
const char *wn_bert_job_precision(const wn_bert_job *j);
const wn_bert_counts *wn_bert_job_counts(const wn_bert_job *j);
wn_code wn_bert_job_sha256(wn_bert_job *j, const char **hex, wn_err *err); /* of the weights; taken once */

/* Gives the vectors of all texts to `sink`, in order, some rows at a time: a row holds dims floats, normalised, then
 * those of each layer. WN_EINTERRUPT says how to go on. */
typedef wn_code (*wn_bert_sink)(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err);
wn_code wn_bert_job_run(wn_bert_job *j, const wn_texts *texts, wn_bert_sink sink, void *ctx, wn_io *io, wn_err *err);

/* Summary lines: rate, truncated texts. */
void wn_bert_job_say(const wn_bert_job *j, wn_io *io);

/* --verify: compares the vectors of a seeded sample of texts, x [n, stride], with those of the plain f32 path; says the
 * cosines. WN_EINTERNAL where they are worse than the precision promises. */
wn_code wn_bert_job_verify(const wn_bert_job *j, const wn_texts *texts, const size_t *rows, size_t n, const float *x,
                           size_t stride, wn_io *io, wn_err *err);

#endif
