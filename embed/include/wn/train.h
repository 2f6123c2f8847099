#ifndef WN_TRAIN_H
#define WN_TRAIN_H
/* Training of BERT, RoBERTa, DistilBERT and ALBERT with a head on top: parameters by name, a forward pass that keeps
 * what its backward pass needs, AdamW. The same bits for any number of threads. H = hidden. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/bert.h>
#include <winnow/err.h>
#include <winnow/model.h>
#include <winnow/names.h>

/* float in the library; the tests compile the training pass once more in double. */
#ifdef WN_TRAIN_IN_DOUBLE
typedef double wn_real;
#else
typedef float wn_real;
#endif

/* CLASSIFY and PAIRS: a logit a class (PAIRS has token types 0 and 1); CHOICE: a logit a text, of which the caller
 * compares those of one example; REGRESS: a value a text. */
typedef enum { WN_HEAD_CLASSIFY, WN_HEAD_PAIRS, WN_HEAD_CHOICE, WN_HEAD_REGRESS } wn_head_kind;

/* One tensor: value[at .. at + wn_param_count). */
typedef struct {
    char *name;        /* as transformers writes it: "bert.encoder.layer.0.output.dense.weight" */
    size_t rows, cols; /* cols 0: a vector of `rows` */
    size_t at;
    bool decay;        /* weight decay acts on it: neither a bias nor of a LayerNorm */
    bool frozen;       /* set by the caller before training: its gradient is left out */
    bool fresh;        /* drawn, not in the checkpoint */
    bool lazy;         /* the table of words, of which a batch touches a few rows */
    double lr_scale;   /* its learning rate is that of the step times this; 1 */
} wn_param;
static inline size_t wn_param_count(const wn_param *p) { return p->rows * (p->cols ? p->cols : 1); }

/* Steps that rows nobody touched may lie behind. */
enum { WN_PENDING_MAX = 256 };
typedef struct {
    wn_param *list; /* [n], the caller may change frozen and lr_scale */
    size_t n, total;
    wn_real *value, *grad; /* [total] */
    /* Of the lazy table: which rows have been read (`live`), and what weight decay since the last settling multiplies
     * all others by, a factor a step. */
    bool *live; /* [rows of the lazy table] */
    wn_real pending[WN_PENDING_MAX];
    size_t npending;
} wn_params;

typedef struct {
    wn_head_kind head;
    size_t outputs;    /* classes; 1 for choice and regress */
    double dropout;    /* NaN: the model's; else for all places */
    uint64_t seed;     /* of dropout and of drawn parameters */
    wn_pooling pooling; /* what the head stands on; MODEL: the first token, as everywhere */
    bool fresh_head;   /* drawn even where the checkpoint has one */
} wn_trainee_opts;

typedef struct wn_trainee wn_trainee;
/* Opens model folder `dir` for training. What the head needs and the checkpoint lacks, or has for another number of
 * outputs, is drawn: normal(0, initializer_range), biases 0, and marked `fresh`. WN_EINPUT as wn_bert_open. */
wn_code wn_trainee_open(wn_trainee **out, const char *dir, const wn_trainee_opts *o, wn_err *err);
void wn_trainee_close(wn_trainee *t); /* NULL is fine */
wn_params *wn_trainee_params(wn_trainee *t);
const wn_model_config *wn_trainee_config(const wn_trainee *t);

/* out [b->n, outputs] of a batch. `step` says which masks of dropout: the same step, the same masks. With `train` what
 * wn_trainee_backward needs is kept, else there is no dropout and memory for a few texts at a time is enough. b must
 * stay as it is until wn_trainee_backward. All threads. */
wn_code wn_trainee_forward(wn_trainee *t, const wn_token_batch *b, uint64_t step, bool train, wn_real *out,
                           wn_err *err);
/* Adds the gradient of the sum of out * dout to that of the parameters that are not frozen, for the last forward pass,
 * which was one with `train`. dout [n, outputs]. Once a forward pass. */
void wn_trainee_backward(wn_trainee *t, const wn_real *dout);

typedef struct {
    double beta1, beta2, eps, decay; /* 0.9, 0.999, 1e-8, 0.01 */
} wn_adamw_opts;
/* AdamW (Loshchilov and Hutter, 2019, algorithm 2) with bias correction. Rows of the word table that no batch has read
 * get what weight decay does to them later, and then bit for bit what a dense update would have made of them. */
typedef struct wn_adamw wn_adamw;
wn_code wn_adamw_open(wn_adamw **out, const wn_params *p, const wn_adamw_opts *o, wn_err *err);
void wn_adamw_close(wn_adamw *s); /* NULL is fine */
/* One step with gradients times grad_scale (clipping), which are zeroed. */
void wn_adamw_step(wn_adamw *s, wn_params *p, double lr, double grad_scale);
/* Brings every row to where a dense update would have it: before values are read by other ways than a forward pass. */
void wn_params_settle(wn_params *p);
/* Its whole state, to save and to fill again: moments [p->total] of the first and second order, and steps done; beside
 * it wn_params.value, settled. */
typedef struct {
    wn_real *first, *second; /* [total] */
    uint64_t *steps;
} wn_adamw_state;
wn_adamw_state wn_adamw_of(wn_adamw *s);
/* After the state was filled: notes which rows of the table have moments. */
void wn_adamw_resume(const wn_adamw *s, wn_params *p);

/* Euclidean norm of the gradients that are not frozen, in double, in a fixed order. */
double wn_params_grad_norm(const wn_params *p);
/* All parameters, settled, as a safetensors file: whole or not at all; an existing file is replaced. */
wn_code wn_params_save(wn_params *p, const char *path, wn_err *err);

#endif
