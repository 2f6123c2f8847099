#ifndef WN_FINETUNE_PREDICT_H
#define WN_FINETUNE_PREDICT_H
/* What a model says of examples. */
#include "examples.h"

#include <wn/train.h>

/* Tokens that go through the model at once, at most, unless one text is longer. Enough for the products; room for more
 * would be that of training where a model is trained in between. */
enum { WN_PREDICT_TOKENS = 1024 };

typedef struct {
    size_t outputs;    /* of a text, as the trainee was opened */
    const char *stage; /* what p is told */
    wn_progress *p;    /* NULL: nobody */
} wn_predict_opts;

/* Outputs of the texts of the examples named: out [n, e->per, outputs], logits or numbers, in the order of rows. The
 * bits do not depend on what goes through the model together. All threads. */
wn_code wn_predict(float *out, wn_trainee *t, const wn_examples *e, const size_t *rows, size_t n,
                   const wn_predict_opts *o, wn_err *err);

/* out [n, c] to probabilities, row by row, in place. */
void wn_predict_softmax(float *out, size_t n, size_t c);

#endif
