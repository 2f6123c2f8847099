#ifndef WN_PIPELINE_BERT_ENCODER_H
#define WN_PIPELINE_BERT_ENCODER_H
/* A BERT-family model as an encoder, for texts however many there are: windows of rows, equal texts computed once,
 * longest first, every group of finished vectors kept in a part file. The result depends neither on windows, groups and
 * threads nor on whether the job was killed and resumed.
 *
 *     bert_open.c      finds the model, reads its config.json once, opens tokenizer and weights; estimates; the family
 *     bert_run.c       windows, part file, vectors; what is told of them
 *     bert_schedule.c  which texts go through the model together
 *     bert_verify.c    a sample again in f32
 *
 * It stands here rather than beside embed/bert because it is about a job, not about a model: it owns a file beside the
 * output and speaks to people of --resume, --max-tokens and --verify, while embed/bert computes vectors of packed ids
 * and knows neither files of ours nor a command line. */
#include "part.h"

#include <winnow/encoder.h>
#include <winnow/model.h>

typedef struct {
    wn_encoder base;
    char *dir;
    wn_model_config config;
    wn_bert_opts opts; /* as resolved */
    const char *precision;
    size_t max_tokens; /* of one text, special ones included */
    size_t width;      /* floats of a row: dims, then those of each layer */
    char sha256[65];   /* of the weights; empty until it is asked for */
    wn_tok *tok;       /* these two between prepare and release */
    wn_bert *model;
    wn_part *part; /* from encode until commit or close */
} wn_bert_encoder;

wn_code wn_bert_encoder_run(wn_encoder *e, wn_rows_sink sink, void *ctx, const wn_texts *texts,
                            const wn_encoder_watch *w, wn_err *err);
wn_code wn_bert_encoder_verify(wn_encoder *e, const wn_texts *texts, const wn_encoder_sample *s,
                               const wn_encoder_watch *w, wn_err *err);

#endif
