#ifndef WN_FINETUNE_CHECKPOINT_H
#define WN_FINETUNE_CHECKPOINT_H
/* The file from which interrupted training goes on to the same bits: parameters, moments, and how far it was. Order and
 * dropout are drawn by seed and step, so that nothing else is needed. It stands beside the output, hidden, and is
 * written whole or not at all. */
#include <wn/train.h>

enum { WN_CHECKPOINT_SETTINGS = 2048 };
/* What the result depends on; compared byte by byte. */
typedef struct {
    char model[33], examples[33], dev[33]; /* fingerprints in hex; dev empty: none */
    char settings[WN_CHECKPOINT_SETTINGS]; /* readable: wn_finetune_settings */
} wn_checkpoint_key;

/* How far training is; between two steps. */
typedef struct {
    uint64_t step;              /* done */
    uint64_t epochs;            /* ended: their loss on the held-out records is known */
    uint64_t best_epoch, worse; /* from 1, 0: none; epochs since then */
    uint64_t log_bytes;         /* of the log of steps */
    double loss, weight;        /* sums of this epoch */
    double epoch_loss;          /* of the last epoch that ended */
    double best_loss;           /* on the held-out records, of best_epoch */
} wn_train_state;

/* What a checkpoint holds, where it is read to or written from. */
typedef struct {
    wn_params *params; /* settled */
    wn_adamw *adamw;
    float *best; /* [params->total] values of the best epoch, or NULL */
    wn_train_state *state;
} wn_checkpoint;

/* Where that of `output` stands: .NAME.winnow.train in its folder; wn_free the result. */
char *wn_checkpoint_path(const char *output, wn_err *err);
wn_code wn_checkpoint_write(const char *path, const wn_checkpoint_key *key, const wn_checkpoint *c, wn_err *err);
/* *found = false where there is none. WN_EUSAGE: it is of another key, saying what differs; WN_EINPUT: damaged. After
 * an error *c holds nothing of use. */
wn_code wn_checkpoint_read(bool *found, const char *path, const wn_checkpoint_key *key, wn_checkpoint *c, wn_err *err);
/* Whether there is a checkpoint, and of how many steps. */
bool wn_checkpoint_steps(uint64_t *steps, const char *path);
void wn_checkpoint_remove(const char *path); /* if it is one; and what a kill left of writing one */

#endif
