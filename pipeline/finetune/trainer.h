#ifndef WN_FINETUNE_TRAINER_H
#define WN_FINETUNE_TRAINER_H
/* The loop: epochs, steps, batches. */
#include "checkpoint.h"
#include "examples.h"
#include "step_log.h"

#include <winnow/io.h>

/* Rows of examples. */
typedef struct {
    const wn_examples *of;
    const size_t *rows; /* [n] */
    size_t n;
} wn_example_set;

typedef struct {
    const wn_finetune_opts *o;
    size_t outputs;         /* of a text, as the trainee was opened */
    size_t classes;         /* of an example: outputs, or the choices; regress: 0 */
    uint64_t seed;          /* of the order; that of dropout is the trainee's */
    const char *checkpoint; /* where it stands, or NULL: none is made, and an interruption loses all */
    const wn_checkpoint_key *key;
    bool resume;     /* from the checkpoint, where there is one */
    const char *log; /* the log of steps, or NULL */
    wn_io *io;       /* NULL: silent */
} wn_trainer_opts;

typedef struct {
    size_t steps, epochs; /* done in all */
    size_t resumed;       /* steps of them that a checkpoint had */
    size_t best_epoch;    /* whose parameters are left in the trainee; without held-out records the last */
    double loss;          /* mean over the last epoch while it was trained */
    double dev_loss;      /* of best_epoch; NaN without held-out records */
    double seconds;       /* of the steps made here */
    bool stopped;         /* before all epochs, as held-out records showed no more gain */
} wn_trained;

/* Trains t on `train` and keeps the epoch that is best on `dev` (n = 0: the last). WN_EINTERRUPT: a checkpoint stands.
 * WN_EINPUT: the loss is no number, or a gradient has none; the last checkpoint stays. */
wn_code wn_trainer_run(wn_trained *out, wn_trainee *t, const wn_example_set *train, const wn_example_set *dev,
                       const wn_trainer_opts *o, wn_err *err);
/* Steps of an epoch of n examples. */
size_t wn_trainer_steps(const wn_finetune_opts *o, size_t n);
/* Mean loss of a set under the model as it is, weighted as in training; a forward pass of everything. */
wn_code wn_trainer_loss(double *loss, wn_trainee *t, const wn_example_set *s, const wn_trainer_opts *o,
                        const double *weight, wn_progress *p, wn_err *err);

#endif
