#ifndef WINNOW_PIPELINE_ENCODE_H
#define WINNOW_PIPELINE_ENCODE_H
/* Texts -> normalised vectors by the encoder that a configuration names; shared by run, embed and dedup. */
#include "bert_job.h"

#include <winnow/config.h>
#include <winnow/doc2vec.h>
#include <winnow/lsa.h>

/* A fitted or loaded encoder, and the vectors of the texts it was made for. Zero-initialise; free in the end. */
typedef struct {
    wn_lsa *lsa;         /* one of the three */
    wn_doc2vec *doc2vec;
    wn_bert_job *bert;   /* keeps its part file until wn_bert_job_done */
    size_t dims;
    wn_mat x;            /* [n, dims] L2-normalised rows; empty unless asked for */
    size_t zero_rows;    /* rows of x without a known word */
    char name[160];      /* "lsa, 128 dimensions, 18344 words" */
} wn_encoded;

/* Refuses early what would fail late: a model that is not there, a --load-encoder that cannot be read, a --save-encoder
 * that exists. */
wn_code wn_encode_check(const wn_config *c, wn_err *err);

/* One line that recommends a model, where the encoder is the built-in one. */
void wn_encode_recommend(const wn_config *c, wn_io *io);

/* Fits the encoder, or loads it (load_encoder), and saves it where save_encoder says. With `keep` e->x [texts->n, dims]
 * is filled: L2-normalised rows in the order of the texts. No texts: no encoder, x is [0, dims]. Overwrites *e. */
wn_code wn_encoded_init(wn_encoded *e, const wn_config *c, const wn_texts *texts, bool keep, wn_io *io, wn_err *err);

/* Texts [begin, begin + n) by the encoder of e, normalised: the same bytes as in x. Overwrites *out.
 * Not for doc2vec that was fitted just now, whose vectors come from training: wn_encode_streams says so. */
wn_code wn_encoded_block(const wn_encoded *e, const wn_texts *texts, size_t begin, size_t n, wn_mat *out, size_t *nzero,
                         wn_progress *p, wn_err *err);
bool wn_encode_streams(const wn_config *c);

/* Bytes that wn_encoded_init will need for n texts of `bytes` bytes in all; an estimate from above. */
size_t wn_encode_memory(const wn_config *c, size_t n, size_t bytes, bool keep);
/* Floating-point operations that a model takes for texts of `bytes` bytes in all; 0 for other encoders. A rough guide. */
double wn_encode_flops(const wn_config *c, size_t bytes);
size_t wn_encode_dims(const wn_config *c); /* as asked for, or the encoder's own; a loaded one may differ */

void wn_encoded_free(wn_encoded *e);

#endif
